"""What permission sets, their grants and assignments must be, when they are written as rows.

Only those who manage permissions write them; a grant names a field that exists and can be granted; nothing stands
twice. (Salesforce fact sheet 5.2.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.salesforce.acts import Act
from connector.sandbox.salesforce.fields import ID_SLOT, Row
from connector.sandbox.salesforce.metadata import rights
from connector.sandbox.salesforce.metadata.deploys import check_customizer
from connector.sandbox.salesforce.refusals import Refusal
from connector.sandbox.salesforce.table import Table

if TYPE_CHECKING:
    from connector.sandbox.salesforce.org import Org

KEYS = {
    "FieldPermissions": ("ParentId", "Field"),
    "ObjectPermissions": ("ParentId", "SobjectType"),
    "PermissionSetAssignment": ("PermissionSetId", "AssigneeId"),
}


def check(org: Org, act: Act, table: Table, row: Row) -> None:
    """Judge a row of rights about to be kept. Raises Refusal."""
    name = table.kind.name
    check_writer(org, act)
    if name in KEYS:
        _check_once(table, row)
    if name == "FieldPermissions":
        _check_grant(org, table, row)
    elif name == "ObjectPermissions":
        _check_object(org, table, row)
    elif name == "PermissionSetAssignment":
        users = org.catalogue["User"]
        assignee = users.rows[row[table.kind.slot("AssigneeId")]]
        if not assignee[users.kind.slot("IsActive")]:
            raise Refusal("INACTIVE_OWNER_OR_USER", "operation performed with inactive user", ["AssigneeId"])


def check_writer(org: Org, act: Act) -> None:
    """Raises Refusal for a caller who may not manage permissions."""
    if not act.by_api:
        return
    try:
        check_customizer(org, act.user_id)
    except Refusal as refusal:
        text = "insufficient access rights on object id"
        raise Refusal("INSUFFICIENT_ACCESS_OR_READONLY", text, []) from refusal


def _check_once(table: Table, row: Row) -> None:
    slots = [table.kind.slot(name) for name in KEYS[table.kind.name]]
    for other in table.find(table.kind.fields[KEYS[table.kind.name][0]], [row[slots[0]]]):
        held = table.live(other)
        if held is not None and other != row[ID_SLOT] and all(held[slot] == row[slot] for slot in slots):
            names = ", ".join(KEYS[table.kind.name])
            text = f"duplicate value found: {names} duplicates value on record with id: {other[:15]}"
            raise Refusal("DUPLICATE_VALUE", text, [])


def _check_grant(org: Org, table: Table, row: Row) -> None:
    slot = table.kind.slot
    full = str(row[slot("Field")])
    sobject, _, name = full.partition(".")
    granted = org.catalogue.tables.get(sobject)
    if row[slot("SobjectType")] != sobject or granted is None or not granted.kind.has(name):
        text = f"Field Name: bad value for restricted picklist field: {full}"
        raise Refusal("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, ["Field"])
    if not rights.grantable(granted.kind, granted.kind.fields[name]):
        raise Refusal("FIELD_INTEGRITY_EXCEPTION", f"Field Name: bad value, {full} is not permissionable", ["Field"])
    if row[slot("PermissionsEdit")] and not row[slot("PermissionsRead")]:
        text = "Edit Field: a field cannot be editable without being readable"
        raise Refusal("FIELD_INTEGRITY_EXCEPTION", text, ["PermissionsEdit"])


def _check_object(org: Org, table: Table, row: Row) -> None:
    """One object's rights; those of its parent are in a row of their own, written before."""
    slot = table.kind.slot
    sobject = str(row[slot("SobjectType")])
    if sobject not in rights.OBJECTS or sobject not in org.catalogue.tables:
        text = f"Sobject Type Name: bad value for restricted picklist field: {sobject}"
        raise Refusal("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, ["SobjectType"])
    held = frozenset(right for right in rights.RIGHTS if row[slot(f"Permissions{right}")])
    lacking = rights.missing({"Account": held, sobject: held})
    if lacking is not None:
        raise Refusal(
            "FIELD_INTEGRITY_EXCEPTION", f"Permission {lacking[0]} depends on permission(s): {lacking[1]}", []
        )
