"""Which objects there are, where their rows live, and who may see which field.

An id's first three characters name its object, so any reference can be followed without being told where it leads.
Field-level security is asked by name; a field created through an API is hidden from everyone until a permission set
that somebody holds grants it (Salesforce fact sheet 5.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from connector.sandbox.salesforce import business, people, setup_objects
from connector.sandbox.salesforce.fields import Field, ObjectType, Row
from connector.sandbox.salesforce.table import Table

SYSTEM = "*"  # stands for automation, which no field-level security binds
LEVELS = frozenset({"edit", "read", "none"})


@cache
def standard_objects() -> tuple[ObjectType, ...]:
    """Every object of a new org, shared by all orgs of the process: alter none, but `Table.own` it."""
    return tuple(_standard_objects())


def _standard_objects() -> Iterator[ObjectType]:
    yield people.lead()
    yield people.contact()
    yield business.account()
    yield business.opportunity()
    yield business.contact_role()
    yield business.task()
    yield business.event()
    yield business.campaign()
    yield business.campaign_member()
    yield setup_objects.user()
    yield setup_objects.group()
    yield setup_objects.queue_sobject()
    yield setup_objects.organization()
    yield setup_objects.status_meta("LeadStatus", "01J", "IsConverted", "IsDefault")
    yield setup_objects.status_meta("TaskStatus", "01J", "IsClosed", "IsDefault")
    yield setup_objects.opportunity_stage()
    yield setup_objects.assignment_rule()
    yield setup_objects.record_type()
    yield from setup_objects.permission_objects()
    yield setup_objects.list_view()


class Catalogue:
    """Tables by object name, by name in any case, and by key prefix."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {kind.name: Table(kind) for kind in standard_objects()}
        self._by_lower = {name.lower(): table for name, table in self.tables.items()}
        self._by_prefix = {table.kind.prefix: table for table in self.tables.values()}

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def find(self, name: str) -> Table | None:
        """The table of an object named in any case."""
        return self._by_lower.get(name.lower())

    def home(self, record_id: str) -> Table | None:
        """The table an id belongs to, by its prefix."""
        return self._by_prefix.get(record_id[:3])

    def row(self, record_id: str | None) -> Row | None:
        """The row behind an id as others see it now, deleted or not."""
        table = self.home(record_id) if record_id else None
        return None if table is None or record_id is None else table.seen(record_id)


class Access:
    """Field-level security: what a user may read and edit."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._set: dict[tuple[str, str], dict[str, str]] = {}
        self._cache: dict[tuple[str, str], tuple[frozenset[str], frozenset[str]]] = {}

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

    def _rights(self, user_id: str, sobject: str) -> tuple[frozenset[str], frozenset[str]]:
        found = self._cache.get((user_id, sobject))
        if found is None:
            found = self._cache[user_id, sobject] = self._work_out(user_id, sobject)
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
        """What permission sets say of the fields that are not simply open to all."""
        restricted = [field.name for field in self._catalogue[sobject].kind.fields.values() if not field.granted]
        if not restricted:
            return
        grants = self._grants(user_id)
        for name in restricted:
            yield name, grants.get(f"{sobject}.{name}", "none")

    def _grants(self, user_id: str) -> dict[str, str]:
        assigned = self._catalogue["PermissionSetAssignment"]
        held = {
            row[assigned.kind.slot("PermissionSetId")]
            for row in assigned.rows.values()
            if row[assigned.kind.slot("AssigneeId")] == user_id and not row[assigned.kind.slot("IsDeleted")]
        }
        permissions = self._catalogue["FieldPermissions"]
        slot = permissions.kind.slot
        grants: dict[str, str] = {}
        for row in permissions.rows.values():
            if row[slot("ParentId")] in held and not row[slot("IsDeleted")] and row[slot("PermissionsRead")]:
                level = "edit" if row[slot("PermissionsEdit")] else "read"
                if grants.get(row[slot("Field")]) != "edit":
                    grants[row[slot("Field")]] = level
        return grants


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks, and when: what a query is read against."""

    catalogue: Catalogue
    access: Access
    user_id: str
    now: datetime

    def field(self, kind: ObjectType, name: str) -> Field | None:
        """The field of that name (any case), if this user sees it."""
        found = kind.field(name)
        if found is None or found.name in self.access.hidden(self.user_id, kind.name):
            return None
        return found

    def fields(self, kind: ObjectType) -> list[Field]:
        """Every field this user sees."""
        hidden = self.access.hidden(self.user_id, kind.name)
        return [field for field in kind.fields.values() if field.name not in hidden]
