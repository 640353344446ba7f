"""Merging people and converting leads: one record becomes another.

Losers of a merge are deleted with `MasterRecordId` set and their children move to the survivor. A converted lead stays
as a read-only row that points at what it became. Whether custom fields flow to the contact depends on the lead field
mapping of the org. (Salesforce fact sheet 3.3, 3.4.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connector.sandbox.salesforce.acts import Act
from connector.sandbox.salesforce.cleaning import clean
from connector.sandbox.salesforce.derived import CONVERTED_STATUSES
from connector.sandbox.salesforce.fields import ID_SLOT, Row
from connector.sandbox.salesforce.refusals import Refusal
from connector.sandbox.salesforce.table import Table
from connector.sandbox.salesforce.writing import CHILDREN, Writer

MERGE_MAX = 3
_SHARED = (
    "FirstName",
    "LastName",
    "Salutation",
    "Title",
    "Phone",
    "MobilePhone",
    "Fax",
    "Email",
    "LeadSource",
    "Description",
    "HasOptedOutOfEmail",
    "HasOptedOutOfFax",
    "DoNotCall",
)  # fmt: skip - a list of names
_ADDRESS = ("Street", "City", "State", "PostalCode", "Country")


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a lead is to be converted. Ids given are attached to, others are made."""

    account_id: str | None = None
    contact_id: str | None = None
    opportunity_name: str | None = None
    field_mapping: bool = True
    clear_lead_fields: bool = False
    status: str = "Closed - Converted"
    mapping: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)  # by object: lead's field, its own


def merge(writer: Writer, act: Act, table: Table, ids: Sequence[str], values: Mapping[str, Any]) -> str:
    """Merge `ids` into the first of them, with `values` chosen on the screen; the survivor's id is returned.

    The survivor keeps its own unique values unless `values` says otherwise; a chosen one may come from a loser.
    """
    if not table.kind.mergeable or not 1 < len(ids) <= MERGE_MAX:
        raise Refusal("INVALID_OPERATION", f"merge takes 2 or {MERGE_MAX} rows of Lead, Contact or Account")
    master, *losers = ids
    with writer.journal.transaction():
        survivor = writer.existing(table, master)
        for loser in losers:
            _lose(writer, act, table, writer.existing(table, loser), master)
        if values:
            writer.update(act, table, master, values)
        else:
            writer.keep_system(act, table, survivor.copy(), "updated")
    return master


def _lose(writer: Writer, act: Act, table: Table, row: Row, master: str) -> None:
    gone = row.copy()
    gone[table.kind.slot("IsDeleted")] = True
    gone[table.kind.slot("MasterRecordId")] = master
    writer.keep_system(act, table, gone, "merged")
    _move_children(writer, act, table, row[ID_SLOT], master)


def _move_children(writer: Writer, act: Act, table: Table, source: str, target: str) -> None:
    for name, link in CHILDREN.get(table.kind.name, ()):
        children = writer.catalogue[name]
        field = children.kind.fields[link]
        for child in sorted(children.find(field, [source])):
            held = children.live(child)
            if held is not None:
                moved = held.copy()
                moved[field.slot] = target
                writer.keep_system(act, children, moved, "updated")


def convert(writer: Writer, act: Act, lead_id: str, how: Conversion) -> dict[str, str | None]:
    """Convert a lead; ids of account, contact and opportunity (None when not asked for) are returned."""
    leads = writer.catalogue["Lead"]
    if how.status not in CONVERTED_STATUSES:
        raise Refusal("INVALID_STATUS", f"invalid convertedStatus: {how.status}")
    with writer.journal.transaction():
        lead = writer.existing(leads, lead_id)
        if lead[leads.kind.slot("IsConverted")]:
            raise Refusal("CANNOT_UPDATE_CONVERTED_LEAD", "lead already converted")
        act = replace(act, unbound=True)
        account_id = how.account_id or _make_account(writer, act, lead, how)
        contact_id = _place_contact(writer, act, lead, account_id, how)
        opportunity_id = _make_opportunity(writer, act, lead, account_id, how)
        if opportunity_id is not None:
            role = {"OpportunityId": opportunity_id, "ContactId": contact_id, "IsPrimary": True}
            writer.create(act, writer.catalogue["OpportunityContactRole"], role)
        _close_lead(writer, act, lead, how, (account_id, contact_id, opportunity_id))
        _move_to_contact(writer, act, lead[ID_SLOT], contact_id)
    return {"accountId": account_id, "contactId": contact_id, "opportunityId": opportunity_id}


def _value(writer: Writer, lead: Row, name: str) -> Any:
    return lead[writer.catalogue["Lead"].kind.slot(name)]


def _owner(writer: Writer, act: Act, lead: Row) -> str:
    """The lead's owner, or whoever converts when a queue owns it."""
    owner = str(_value(writer, lead, "OwnerId"))
    return owner if owner.startswith("005") else act.user_id


def _make_account(writer: Writer, act: Act, lead: Row, how: Conversion) -> str:
    values = {
        name: _value(writer, lead, name)
        for name in ("Phone", "Website", "Industry", "AnnualRevenue", "NumberOfEmployees")
    }
    values |= {f"Billing{part}": _value(writer, lead, part) for part in _ADDRESS}
    values |= {"Name": _value(writer, lead, "Company"), "OwnerId": _owner(writer, act, lead)}
    values |= _told(writer, "Account", lead, how)
    return writer.create(act, writer.catalogue["Account"], values)


def _place_contact(writer: Writer, act: Act, lead: Row, account_id: str, how: Conversion) -> str:
    """A new contact, or an existing one whose blank fields the lead fills."""
    contacts = writer.catalogue["Contact"]
    values = {name: _value(writer, lead, name) for name in _SHARED}
    values |= {f"Mailing{part}": _value(writer, lead, part) for part in _ADDRESS}
    if how.field_mapping:
        values |= _mapped(writer, contacts, lead) | _told(writer, "Contact", lead, how)
    if how.contact_id is None:
        return writer.create(act, contacts, {**values, "AccountId": account_id, "OwnerId": _owner(writer, act, lead)})
    held = writer.existing(contacts, how.contact_id)
    blanks = {
        name: value for name, value in values.items() if value is not None and held[contacts.kind.slot(name)] is None
    }
    writer.update(act, contacts, how.contact_id, blanks)
    return how.contact_id


def _mapped(writer: Writer, contacts: Table, lead: Row) -> dict[str, Any]:
    """The mapping an org has of old: custom fields that everybody sees and that Lead and Contact share by name.

    Fields that came through an API flow only where the lead mapping says so (`_told`).
    """
    kind = writer.catalogue["Lead"].kind
    return {
        name: clean(contacts.kind.fields[name], lead[each.slot])
        for name, each in kind.fields.items()
        if each.custom and each.granted and contacts.kind.has(name)
    }


def _told(writer: Writer, sobject: str, lead: Row, how: Conversion) -> dict[str, Any]:
    """What the lead mapping of the org carries into a new record of an object."""
    given, taken = writer.catalogue["Lead"].kind, writer.catalogue[sobject].kind
    pairs = how.mapping.get(sobject, ()) if how.field_mapping else ()
    return {into: _value(writer, lead, each) for each, into in pairs if given.has(each) and taken.has(into)}


def _make_opportunity(writer: Writer, act: Act, lead: Row, account_id: str, how: Conversion) -> str | None:
    if how.opportunity_name is None:
        return None
    values = {
        "Name": how.opportunity_name or f"{_value(writer, lead, 'Company')}-",
        "AccountId": account_id,
        "StageName": "Prospecting",
        "CloseDate": act.second[:10],
        "LeadSource": _value(writer, lead, "LeadSource"),
        "OwnerId": _owner(writer, act, lead),
        **_told(writer, "Opportunity", lead, how),
    }
    return writer.create(act, writer.catalogue["Opportunity"], values)


def _close_lead(writer: Writer, act: Act, lead: Row, how: Conversion, became: Sequence[str | None]) -> None:
    leads = writer.catalogue["Lead"]
    kind = leads.kind
    row = lead.copy()
    changes = dict(zip(("ConvertedAccountId", "ConvertedContactId", "ConvertedOpportunityId"), became, strict=True))
    for name, value in {**changes, "Status": how.status, "IsConverted": True, "ConvertedDate": act.second[:10]}.items():
        row[kind.slot(name)] = value
    if how.clear_lead_fields:
        for field in kind.fields.values():
            if field.custom and field.unique:
                row[field.slot] = None
    writer.keep_system(act, leads, row, "updated")


def _move_to_contact(writer: Writer, act: Act, lead_id: str, contact_id: str) -> None:
    """Tasks, events and campaign memberships follow the person."""
    for name in ("Task", "Event", "CampaignMember"):
        children = writer.catalogue[name]
        link = children.kind.fields["LeadId" if name == "CampaignMember" else "WhoId"]
        for child in sorted(children.find(link, [lead_id])):
            held = children.live(child)
            if held is None:
                continue
            moved = held.copy()
            moved[children.kind.slot("ContactId" if name == "CampaignMember" else "WhoId")] = contact_id
            writer.keep_system(act, children, moved, "updated")
