"""Which objects there are, where their rows live, and who asks.

An id's first three characters name its object, so any reference can be followed without being told where it leads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from connector.sandbox.salesforce import business, people, setup_objects
from connector.sandbox.salesforce.access import Access
from connector.sandbox.salesforce.fields import Field, ObjectType, Row
from connector.sandbox.salesforce.table import Table


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


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks, and when: what a query is read against."""

    catalogue: Catalogue
    access: Access
    user_id: str
    now: datetime

    def table(self, name: str) -> Table | None:
        """The table of an object named in any case, if this user may read its records."""
        found = self.catalogue.find(name)
        return found if found is not None and self.access.may(self.user_id, found.kind.name, "Read") else None

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
