"""All records of one object type: the read-your-own-writes store.

Invariants: an id is in exactly one of live, archived or aliases, or was erased; `unique` maps every unique value of a
live record to its id (for contacts `email` also holds the additional addresses, HubSpot fact sheet 2.6); an alias
points at a record, never at another alias.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from connector.sandbox.hubspot.index import SearchIndex
from connector.sandbox.hubspot.ordered import Ordered
from connector.sandbox.hubspot.properties import Schema
from connector.sandbox.hubspot.records import Record

ADDITIONAL = "hs_additional_emails"


class Table:
    """Records, archived records, aliases and unique values of one object type."""

    def __init__(self, schema: Schema, random: Random, first_id: int) -> None:
        self.schema = schema
        self.kind = schema.kind
        self.records: dict[int, Record] = {}
        self.live = Ordered()
        self.archived = Ordered()
        self.aliases: dict[int, int] = {}
        self._pointing: dict[int, list[int]] = {}  # the aliases of each record, the other way round
        self.unique: dict[str, dict[str, int]] = {name: {} for name in schema.uniques()}
        self.index = SearchIndex(random)
        self._next_id = first_id

    def take_id(self) -> int:
        """A fresh id."""
        self._next_id += 1
        return self._next_id - 1

    def current(self, record_id: int) -> Record | None:
        """The record of an id, following merges; archived ones included."""
        record = self.records.get(record_id)
        if record is None and record_id in self.aliases:
            return self.records.get(self.aliases[record_id])
        return record

    def identified(self, name: str, value: str) -> Record | None:
        """The live record that holds a unique value."""
        held = self.unique[name].get(unique_key(name, value))
        return None if held is None else self.records[held]

    def holder(self, name: str, value: str) -> int | None:
        """The id of the live record that holds a unique value."""
        return self.unique[name].get(unique_key(name, value))

    def insert(self, record: Record) -> None:
        """Add a new live record."""
        self.records[record.id] = record
        self.live.add(record.id)
        self._claim(record)

    def load(self, records: Iterable[Record]) -> None:
        """Add many new live records at once."""
        fresh = list(records)
        self.records.update((record.id, record) for record in fresh)
        self.live.extend(record.id for record in fresh)
        for record in fresh:
            self._claim(record)

    def replace(self, before: Record, after: Record) -> None:
        """Put a new version in the place of the last one; it may be archived or back from the archive."""
        if before.archived_ms is None:
            self._release(before, after)
        self.records[after.id] = after
        if (before.archived_ms is None) != (after.archived_ms is None):
            left, entered = (self.live, self.archived) if after.archived_ms is not None else (self.archived, self.live)
            left.discard(after.id)
            entered.add(after.id)
        if after.archived_ms is None:
            self._claim(after)

    def remove(self, record: Record) -> None:
        """Take a record out for good."""
        self._release(record, None)
        del self.records[record.id]
        self.live.discard(record.id)
        self.archived.discard(record.id)

    def redirect(self, old_id: int, new_id: int) -> None:
        """Let an id, and everything that pointed at it, resolve to another."""
        moved = [*self._pointing.pop(old_id, ()), old_id]
        self._pointing.setdefault(new_id, []).extend(moved)
        self.aliases.update(dict.fromkeys(moved, new_id))

    def _claim(self, record: Record) -> None:
        values = record.values
        for name, held in self.unique.items():
            value = values.get(name)
            if value is not None:
                held[unique_key(name, value)] = record.id
        if ADDITIONAL in values and "email" in self.unique:
            self.unique["email"].update((address, record.id) for address in values[ADDITIONAL].split(";"))

    def _release(self, before: Record, after: Record | None) -> None:
        for name, held in self.unique.items():
            value = before.values.get(name)
            if value is not None and (after is None or after.archived_ms or after.values.get(name) != value):
                self._let_go(held, unique_key(name, value), before.id)
        if ADDITIONAL in before.values and "email" in self.unique:
            for address in before.values[ADDITIONAL].split(";"):
                self._let_go(self.unique["email"], address, before.id)

    def _let_go(self, held: dict[str, int], key: str, record_id: int) -> None:
        if held.get(key) == record_id:
            del held[key]


def unique_key(name: str, value: str) -> str:
    """What two values must share to be the same: addresses and domains ignore case (fact sheet 2.6)."""
    return value.strip().lower() if name == "email" else value.strip()
