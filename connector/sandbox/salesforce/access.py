"""Who may see and edit which field, and do what with the records of an object (Salesforce fact sheet 5.2, 7.2).

A field created through an API is hidden from everyone until a permission set that somebody holds grants it. A profile
opens everything else, but for a bare one, as integration users have: its holder sees what permission sets grant, and
beside it only what nobody can be refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from connector.sandbox.salesforce.fields import Field, ObjectType
from connector.sandbox.salesforce.metadata import rights

if TYPE_CHECKING:
    from connector.sandbox.salesforce.catalogue import Catalogue

SYSTEM = "*"  # stands for automation, which no field-level security binds
LEVELS = frozenset({"edit", "read", "none"})


class Access:
    """What users may read and edit. `bare` says whose profile opens nothing."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._set: dict[tuple[str, str], dict[str, str]] = {}
        self._cache: dict[tuple[str, str, bool], tuple[frozenset[str], frozenset[str]]] = {}
        self.bare: Callable[[str], bool] = lambda _: False

    def assign(self, user_id: str, sobject: str, field: str, level: str) -> None:
        """Say outright what a user may do with a field: edit, read or none. Beats every grant."""
        if level not in LEVELS:
            raise ValueError(f"field permission {level!r} is none of {', '.join(sorted(LEVELS))}")
        self._set.setdefault((user_id, sobject), {})[field] = level
        self.forget()

    def forget(self) -> None:
        """Work everything out afresh: a field or a grant has changed."""
        self._cache.clear()

    def hidden(self, user_id: str, sobject: str) -> frozenset[str]:
        """Names of fields this user does not see."""
        return self._rights(user_id, sobject)[0]

    def locked(self, user_id: str, sobject: str) -> frozenset[str]:
        """Names of fields this user sees but may not edit."""
        return self._rights(user_id, sobject)[1]

    def may(self, user_id: str, sobject: str, right: str) -> bool:
        """Whether a user has a right on the records of an object: Read, Create, Edit or Delete."""
        if sobject not in rights.OBJECTS or not self.bare(user_id):
            return True
        table = self._catalogue["ObjectPermissions"]
        slot, column, held = table.kind.slot, table.kind.slot(f"Permissions{right}"), self._held(user_id)
        return any(
            row[column] and row[slot("SobjectType")] == sobject and row[slot("ParentId")] in held
            for record_id, row in table.rows.items()
            if table.live(record_id) is not None
        )

    def _rights(self, user_id: str, sobject: str) -> tuple[frozenset[str], frozenset[str]]:
        key = (user_id, sobject, self.bare(user_id))
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._work_out(user_id, sobject)
        return found

    def _work_out(self, user_id: str, sobject: str) -> tuple[frozenset[str], frozenset[str]]:
        if user_id == SYSTEM:
            return frozenset(), frozenset()
        levels = dict(self._granted(user_id, sobject))
        levels.update(self._set.get((user_id, sobject), {}))
        return (
            frozenset(name for name, level in levels.items() if level == "none"),
            frozenset(name for name, level in levels.items() if level == "read"),
        )

    def _granted(self, user_id: str, sobject: str) -> Iterator[tuple[str, str]]:
        """What permission sets say of the fields that are not simply open to this user."""
        kind, bare = self._catalogue[sobject].kind, self.bare(user_id)
        restricted = [field for field in kind.fields.values() if not field.granted or (bare and _closed(kind, field))]
        if not restricted:
            return
        grants = self._grants(user_id)
        for field in restricted:
            yield field.name, grants.get(f"{sobject}.{field.compound or field.name}", "none")

    def _held(self, user_id: str) -> set[str]:
        """Ids of the permission sets that a user holds."""
        assigned = self._catalogue["PermissionSetAssignment"]
        slot = assigned.kind.slot
        return {
            row[slot("PermissionSetId")]
            for row in assigned.rows.values()
            if row[slot("AssigneeId")] == user_id and not row[slot("IsDeleted")]
        }

    def _grants(self, user_id: str) -> dict[str, str]:
        held = self._held(user_id)
        permissions = self._catalogue["FieldPermissions"]
        slot = permissions.kind.slot
        grants: dict[str, str] = {}
        for row in permissions.rows.values():
            if row[slot("ParentId")] in held and not row[slot("IsDeleted")] and row[slot("PermissionsRead")]:
                level = "edit" if row[slot("PermissionsEdit")] else "read"
                if grants.get(row[slot("Field")]) != "edit":
                    grants[row[slot("Field")]] = level
        return grants


def _closed(kind: ObjectType, field: Field) -> bool:
    """Whether a bare profile hides a field: one that can be granted, or a part of an address that can."""
    return rights.grantable(kind, field) or bool(field.compound)
