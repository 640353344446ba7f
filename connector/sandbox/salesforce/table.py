"""Rows of one object, found by id, by key and by time.

Rows are lists by slot and are never changed in place: a write puts a new list, so a reader may keep an old one as its
snapshot. Indexes hold ids: the bare id while one row has the key, a set once several do, which keeps 100,000 rows
lean. The stamp index groups ids by the second of their SystemModstamp, so a recent window costs what is in it.

A shadow is the version others still see while a change waits to become visible (commit skew, fact sheet 3.2).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connector.sandbox.salesforce.fields import ID_SLOT, Field, ObjectType, Row

Bucket = dict[object, "str | set[str]"]


@dataclass(frozen=True, slots=True)
class Shadow:
    """What others see of a row until `until` (epoch seconds): an older version, or nothing."""

    until: float
    row: Row | None


class Table:
    """All rows of one object, deleted ones included."""

    def __init__(self, kind: ObjectType) -> None:
        self.kind = kind
        self._shared = True  # the kind is every org's
        self.rows: dict[str, Row] = {}
        self.ids: list[str] = []
        self.shadows: dict[str, Shadow] = {}
        self._keyed: dict[int, tuple[Field, Bucket]] = {field.slot: (field, {}) for field in kind.keyed}
        self._stamp_slot = kind.slot("SystemModstamp")
        self._deleted_slot = kind.slot("IsDeleted")
        self._stamps: Bucket = {}
        self._seconds: list[str] = []

    def own(self) -> ObjectType:
        """The kind to alter: a copy that is this org's alone, made when first asked for."""
        if self._shared:
            self.kind, self._shared = self.kind.copy(), False
        return self.kind

    def watch(self, field: Field) -> None:
        """Index a field, if it is one that rows are found by."""
        if field.stored and field.keyed and field.slot != ID_SLOT:
            bucket: Bucket = {}
            self._keyed[field.slot] = (field, bucket)
            for record_id, row in self.rows.items():
                if row[field.slot] is not None:
                    _enter(bucket, field.key(row[field.slot]), record_id)

    def unwatch(self, field: Field) -> None:
        """Forget the index of a field."""
        self._keyed.pop(field.slot, None)

    def widen(self) -> None:
        """Give every row, those that others still see too, room for slots added since it was written."""
        width = self.kind.width
        for row in (*self.rows.values(), *(shadow.row for shadow in self.shadows.values() if shadow.row)):
            row.extend([None] * (width - len(row)))

    def put(self, row: Row) -> Row | None:
        """Keep a new version of a row; the version before is returned."""
        record_id = row[ID_SLOT]
        before = self.rows.get(record_id)
        self.rows[record_id] = row
        if before is None:
            if self.ids and record_id < self.ids[-1]:
                insort(self.ids, record_id)
            else:
                self.ids.append(record_id)
        for slot, (field, bucket) in self._keyed.items():
            old = None if before is None else before[slot]
            new = row[slot]
            if old is not new:
                if old is not None:
                    _leave(bucket, field.key(old), record_id)
                if new is not None:
                    _enter(bucket, field.key(new), record_id)
        self._restamp(record_id, None if before is None else before[self._stamp_slot], row[self._stamp_slot])
        return before

    def drop(self, record_id: str) -> Row:
        """Remove a row for good. KeyError when it is not there."""
        row = self.rows.pop(record_id)
        del self.ids[bisect_left(self.ids, record_id)]
        for slot, (field, bucket) in self._keyed.items():
            if row[slot] is not None:
                _leave(bucket, field.key(row[slot]), record_id)
        self._restamp(record_id, row[self._stamp_slot], None)
        self.shadows.pop(record_id, None)
        return row

    def _restamp(self, record_id: str, old: str | None, new: str | None) -> None:
        if old == new:
            return
        if old is not None:
            _leave(self._stamps, old, record_id)
        if new is not None:
            if new not in self._stamps and (not self._seconds or new > self._seconds[-1]):
                self._seconds.append(new)
            elif new not in self._stamps:
                at = bisect_left(self._seconds, new)
                if at == len(self._seconds) or self._seconds[at] != new:
                    self._seconds.insert(at, new)
            _enter(self._stamps, new, record_id)

    def live(self, record_id: str) -> Row | None:
        """The row, unless it is missing or deleted."""
        row = self.rows.get(record_id)
        return None if row is None or row[self._deleted_slot] else row

    def is_keyed(self, field: Field) -> bool:
        """Whether `find` knows this field."""
        return field.slot == ID_SLOT or field.slot in self._keyed

    def find(self, field: Field, values: Iterable[object]) -> set[str]:
        """Ids of all rows, deleted ones too, whose field has one of these values (already cleaned)."""
        if field.slot == ID_SLOT:
            return {value for value in values if isinstance(value, str) and value in self.rows}
        bucket = self._keyed[field.slot][1]
        found: set[str] = set()
        for value in values:
            hit = bucket.get(field.key(value))
            if isinstance(hit, str):
                found.add(hit)
            elif hit is not None:
                found |= hit
        return found

    def holder(self, field: Field, value: object, besides: str | None = None) -> str | None:
        """The lowest id of a live row that has this value, other than `besides`."""
        hit = self._keyed[field.slot][1].get(field.key(value))
        if hit is None or hit == besides:
            return None
        holders = (hit,) if isinstance(hit, str) else sorted(hit)
        return next((found for found in holders if found != besides and self.live(found)), None)

    def in_window(self, low: str | None, high: str | None, *, newest_first: bool = False) -> Iterator[str]:
        """Ids by SystemModstamp then id, from `low` to `high` inclusive (None: open)."""
        start = 0 if low is None else bisect_left(self._seconds, low)
        end = len(self._seconds) if high is None else bisect_right(self._seconds, high)
        seconds = self._seconds[start:end]
        for second in reversed(seconds) if newest_first else seconds:
            hit = self._stamps.get(second)
            if isinstance(hit, str):
                yield hit
            elif hit is not None:
                yield from sorted(hit, reverse=newest_first)

    def ids_from(self, low: str | None) -> Iterator[str]:
        """Ids in order, from `low` inclusive on."""
        start = 0 if low is None else bisect_left(self.ids, low)
        return iter(self.ids[start:])

    def prune_shadows(self, now: float) -> None:
        """Let changes whose time has come be seen."""
        if self.shadows:
            self.shadows = {key: shadow for key, shadow in self.shadows.items() if shadow.until > now}

    def seen(self, record_id: str) -> Row | None:
        """The version of a row that others see now, deleted ones included."""
        shadow = self.shadows.get(record_id)
        return shadow.row if shadow is not None else self.rows.get(record_id)


def _enter(bucket: Bucket, key: object, record_id: str) -> None:
    held = bucket.get(key)
    if held is None:
        bucket[key] = record_id
    elif isinstance(held, str):
        if held != record_id:
            bucket[key] = {held, record_id}
    else:
        held.add(record_id)


def _leave(bucket: Bucket, key: object, record_id: str) -> None:
    held = bucket.get(key)
    if held == record_id:
        del bucket[key]
    elif isinstance(held, set):
        held.discard(record_id)
        if len(held) == 1:
            bucket[key] = held.pop()
