"""The two permission sets: what the bridge may do, and what reps see.

A new field is invisible to everybody, the bridge too, until it is granted (Salesforce fact sheet 5.2). The bridge's
user has a profile that allows next to nothing, so its set also grants the standard fields the mappings speak of.
Salesforce refuses a whole deployment for a grant on a field that is always visible, or on a part of an address instead
of the address; so only fields that are known to be granted are named, and the rest is left to a person (`by_hand`).
Reps see standard fields by their profile; a grant of ours could open what was closed to them on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from connector.salesforce.source.asked import MAIN, Asked, Component
from connector.salesforce.source.xml import Element, document

INTEGRATION: Final = "Smarketing_Integration"
REP_VIEW: Final = "Smarketing_Rep_View"
_COMMON: Final = frozenset({"Description", "Phone"})
_PERSON: Final = _COMMON | {"Email", "Fax", "MobilePhone", "Title", "LeadSource", "HasOptedOutOfEmail", "DoNotCall"}
_FIRM: Final = frozenset({"Website", "Industry", "AnnualRevenue", "NumberOfEmployees", "Rating"})
GRANTED: Final[Mapping[str, frozenset[str]]] = {
    "Lead": _PERSON | _FIRM,
    "Contact": _PERSON | {"AccountId", "Department", "HomePhone", "OtherPhone", "Birthdate", "ReportsToId"},
    "Account": _COMMON | _FIRM | {"Fax", "Type", "AccountNumber", "Ownership", "ParentId", "Site", "TickerSymbol"},
    "Opportunity": frozenset({"AccountId", "Amount", "Description", "LeadSource", "NextStep", "Probability", "Type"}),
    "Task": frozenset({"ActivityDate", "Description", "Type", "WhoId", "WhatId"}),
    "Event": frozenset({"Description", "Location", "Type", "WhoId", "WhatId"}),
}
"""Standard fields that a grant is given on, by object."""
ALWAYS: Final[Mapping[str, frozenset[str]]] = {
    "Lead": frozenset({"Name", "FirstName", "LastName", "Salutation", "Company", "Status", "OwnerId"}),
    "Contact": frozenset({"Name", "FirstName", "LastName", "Salutation", "OwnerId"}),
    "Account": frozenset({"Name", "OwnerId"}),
    "Opportunity": frozenset({"Name", "StageName", "CloseDate", "OwnerId"}),
    "Task": frozenset({"Subject", "Status", "Priority", "OwnerId"}),
    "Event": frozenset({"Subject", "StartDateTime", "EndDateTime", "OwnerId"}),
}
"""Standard fields that are there for whoever may see the record, and that no grant may name."""
_PARTS: Final = ("Street", "City", "State", "PostalCode", "Country", "StateCode", "CountryCode")
_ADDRESSES: Final[Mapping[str, tuple[str, ...]]] = {
    "Lead": ("",),
    "Contact": ("Mailing", "Other"),
    "Account": ("Billing", "Shipping"),
}
_FOR_TASKS: Final = ("Task.ActivityDate", "Task.Description", "Task.WhoId")
_FOR_EVIDENCE: Final = ("Event.WhoId", "Opportunity.Amount", "Task.CallType", "Task.Type")


def permission_sets(asked: Asked) -> tuple[Component, ...]:
    """Both, sorted."""
    return _integration(asked), _rep_view(asked)


def by_hand(asked: Asked) -> tuple[str, ...]:
    """Fields the bridge needs and no set grants, since only the org knows whether they can be; `Lead.Budget__c`."""
    return tuple(f"{obj}.{name}" for obj, name in asked.others if not (_grant(obj, name) or _always(obj, name)))


def _integration(asked: Asked) -> Component:
    edited = {f"{one.object}.{one.name}" for one in asked.wanted}
    edited |= {grant for obj, name in asked.others if (grant := _grant(obj, name))}
    edited |= set(_FOR_TASKS)
    fields = {**dict.fromkeys(_FOR_EVIDENCE, False), **dict.fromkeys(edited, True)}
    elements: tuple[Element, ...] = (
        ("description", "What the Smarketing Bridge may see and write. For its integration user, and nobody else."),
        *_fields(fields),
        ("label", "Smarketing Integration"),
        *(_object(asked, obj) for obj in sorted({*asked.records, "Account", "Opportunity"})),
        *(("userPermissions", (("enabled", True), ("name", name))) for name in ("ApiEnabled", "EditTask")),
    )
    return _component(INTEGRATION, elements)


def _rep_view(asked: Asked) -> Component:
    fields = {f"{one.object}.{one.name}": one.written_by_people for one in asked.wanted}
    about = "What the Smarketing Bridge tells reps, to read; to edit only where their answer counts."
    elements: tuple[Element, ...] = (("description", about), *_fields(fields), ("label", "Smarketing Rep View"))
    return _component(REP_VIEW, elements)


def _component(name: str, elements: tuple[Element, ...]) -> Component:
    path = f"{MAIN}/permissionsets/{name}.permissionset-meta.xml"
    return Component("PermissionSet", name, path, document("PermissionSet", elements))


def _fields(editable: Mapping[str, bool]) -> Iterator[Element]:
    for name in sorted(editable):
        yield "fieldPermissions", (("editable", editable[name]), ("field", name), ("readable", True))


def _object(asked: Asked, obj: str) -> Element:
    """Rights on an object; one that takes no part is only read: people's accounts, and the deals they are in."""
    ours = obj in asked.records
    return "objectPermissions", (
        ("allowCreate", ours),
        ("allowDelete", obj in asked.deletes),
        ("allowEdit", ours),
        ("allowRead", True),
        ("modifyAllRecords", False),
        ("object", obj),
        ("viewAllRecords", True),
    )


def _grant(obj: str, name: str) -> str | None:
    """The field that a grant names, for a standard field; a part of an address is granted by the address."""
    for kind in _ADDRESSES.get(obj, ()):
        if name in {f"{kind}{part}" for part in _PARTS}:
            return f"{obj}.{kind}Address"
    return f"{obj}.{name}" if name in GRANTED.get(obj, ()) else None


def _always(obj: str, name: str) -> bool:
    return name in ALWAYS.get(obj, ())
