"""Which fields a grant may name, and which rights rest on which (Salesforce fact sheet 5.2).

A field that everybody sees with the record cannot be granted; of an address it is the address that is granted.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.sandbox.salesforce.fields import AUDIT, Field, ObjectType

_ALWAYS: Mapping[str, frozenset[str]] = {
    "Lead": frozenset({"Name", "FirstName", "LastName", "Salutation", "Status", "OwnerId", "IsUnreadByOwner"}),
    "Contact": frozenset({"Name", "FirstName", "LastName", "Salutation", "OwnerId"}),
    "Account": frozenset({"Name", "OwnerId"}),
    "Opportunity": frozenset({"Name", "StageName", "CloseDate", "OwnerId", "ForecastCategory", "ForecastCategoryName"}),
    "Task": frozenset({"Subject", "Status", "Priority", "OwnerId", "TaskSubtype"}),
    "Event": frozenset({"Subject", "StartDateTime", "EndDateTime", "OwnerId", "DurationInMinutes", "ActivityDateTime"}),
}
GRANTED_OBJECTS = frozenset(
    {"Lead", "Contact", "Account", "Opportunity", "Task", "Event", "Campaign", "OpportunityContactRole"}
)
"""Objects whose fields have field-level security."""
OBJECTS = frozenset({"Lead", "Contact", "Account", "Opportunity", "Campaign"})
"""Objects that rights are given on; tasks and events come with user permissions."""
RIGHTS = ("Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
_RESTS: Mapping[str, tuple[str, ...]] = {
    "Create": ("Read",),
    "Edit": ("Read",),
    "Delete": ("Read", "Edit"),
    "ViewAllRecords": ("Read",),
    "ModifyAllRecords": ("Read", "Edit", "Delete", "ViewAllRecords"),
}
_PARENTS: Mapping[str, str] = {"Contact": "Account", "Opportunity": "Account"}
USER_PERMISSIONS = frozenset(
    {
        "ApiEnabled",
        "ApiUserOnly",
        "ChatterInternalUser",
        "ConvertLeads",
        "EditEvent",
        "EditTask",
        "LightningConsoleAllowedForUser",
        "ManageUsers",
        "ModifyAllData",
        "ModifyMetadata",
        "PasswordNeverExpires",
        "RunReports",
        "TransferAnyLead",
        "UpdateWithInactiveOwner",
        "ViewAllData",
        "ViewRoles",
        "ViewSetup",
    }
)


def grantable(kind: ObjectType, field: Field) -> bool:
    """Whether field-level security speaks of a field."""
    if kind.name not in GRANTED_OBJECTS or field.type == "id" or field.name in AUDIT | {"IsDeleted"}:
        return False
    if field.parts:
        return True
    if field.compound or field.name_field or field.name in _ALWAYS.get(kind.name, frozenset()):
        return False
    if not (field.custom or field.createable or field.updateable):
        return False  # Salesforce's own account of the record: conversion, merge, last activity
    return not field.required


def missing(held: Mapping[str, frozenset[str]]) -> tuple[str, str] | None:
    """The first right that lacks what it rests on, and what that is; `held`: rights by object."""
    for sobject, rights in held.items():
        for right in rights:
            for needed in _RESTS.get(right, ()):
                if needed not in rights:
                    return f"{right} {sobject}", f"{needed} {sobject}"
        parent = _PARENTS.get(sobject)
        if parent is not None and "Read" in rights and "Read" not in held.get(parent, ()):
            return f"Read {sobject}", f"Read {parent}"
    return None
