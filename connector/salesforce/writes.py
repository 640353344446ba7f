"""Writing: a batch of any size and mixture, one outcome for each row, in order, and never an exception.

Rows are sorted by how they must be sent, checked against what the org lets us write, cut to Salesforce's limits and
sent side by side; thousands of one sort go as Bulk jobs. A create is an upsert by external id, because Salesforce has
no other create that may be repeated (Salesforce fact sheet 1.1, trap 5); without a key it is refused here. Rows that
met a lock are sent again in smaller portions; rows that a duplicate rule refused are asked which record it found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final, TypeVar

from connector.errors import BridgeError
from connector.ports import Done, Outcome, Rejected, Rejection, Unsure, View, Write
from connector.salesforce import bulk, sending
from connector.salesforce.api import Api
from connector.salesforce.bulk import Ingest
from connector.salesforce.faults import Fault, Verdict
from connector.salesforce.outcomes import Judge
from connector.salesforce.reads import VANISHED, Reader
from connector.salesforce.rows import CLEAR, json_row
from connector.salesforce.sending import Action, Job, Row, Sort, Told
from connector.salesforce.shapes import Shape, Shapes
from connector.transport.pool import Calls

BULK_FROM_ROWS: Final = 2_000
LOCKED_TRIES: Final = 3
LOCKED_ROWS_MAX: Final = 50
LOCKED_PAUSE_S: Final = 0.5
APART_S: Final = 3_600.0  # how long rows go without bulk jobs after one was refused
NO_SAFE_KEY: Final = "NO_SAFE_KEY"
Unit = Callable[[], list[Told]]
T = TypeVar("T")


@dataclass(slots=True)
class _Batch:
    """One call of `write` under way: what is to be sent, what was told, what is decided without sending."""

    view: View
    shape: Shape
    sorts: dict[Sort, list[Row]] = field(default_factory=lambda: defaultdict(list))
    told: dict[int, tuple[Row, Told]] = field(default_factory=dict)
    decided: dict[int, Outcome] = field(default_factory=dict)
    not_taken: dict[int, tuple[Rejection, ...]] = field(default_factory=dict)

    def admit(self, row: Row, faults: Iterable[Fault] = ()) -> Row | None:
        """The row as it may be sent: itself, or without the fields we may not write; None when it is decided here.

        `faults`: what Salesforce said to it when it was sent as it is; fields named there are left out, too.
        """
        decided = _decided(self.shape, row.write)
        if decided is not None:
            self.decided[row.place] = decided
            return None
        refused = _unwritable(self.shape, row.write) | _named(faults, row.write)
        if not refused:
            return row
        left = {name: value for name, value in row.write.values.items() if name not in refused}
        if not left:
            self.decided[row.place] = Rejected(tuple(refused.values()))
            return None
        self.not_taken[row.place] = (*self.not_taken.get(row.place, ()), *refused.values())
        return Row(row.place, replace(row.write, values=left))

    def with_not_taken(self, place: int, outcome: Outcome) -> Outcome:
        """A row that was written without some of its fields says so."""
        missing = self.not_taken.get(place)
        return replace(outcome, not_taken=missing) if missing and isinstance(outcome, Done) else outcome

    def job(self, sort: Sort, rows: Sequence[Row]) -> Job:
        """Rows with what of each goes into the body."""
        renders = self.shape.renders
        if sort.action is Action.DELETE:
            return sort, rows, [{}] * len(rows)
        return sort, rows, [_without(sort.key, json_row(row.write.values, renders)) for row in rows]

    def keep(self, rows: Sequence[Row], told: Sequence[Told]) -> None:
        """Remember what was told of rows."""
        self.told.update((row.place, (row, each)) for row, each in zip(rows, told, strict=True))

    def those(self, rows: Iterable[Row], verdict: Verdict) -> list[Row]:
        """The rows whose first fault has that verdict."""
        return [row for row in rows if row.place in self.told and self.told[row.place][1].verdict is verdict]


class Writer:
    """The writing half of the port."""

    def __init__(self, api: Api, shapes: Shapes, reader: Reader, calls: Calls) -> None:
        self.bulk_from_rows: int | None = BULK_FROM_ROWS
        self._traffic = api.traffic
        self._api = api
        self._shapes = shapes
        self._calls = calls
        self._ingest = Ingest(api)
        self._not_in_bulk: dict[Sort, float] = {}  # what the org opens no jobs for, and when it is asked again
        self._judge = Judge(reader, api.traffic.clock)

    def write(self, view: View, writes: Sequence[Write]) -> list[Outcome]:
        """One outcome for each write, in order."""
        if not writes:
            return []
        try:
            batch = _Batch(view, self._shapes.shape(view.object))
        except BridgeError as error:
            return [Unsure(error)] * len(writes)
        self._sort_out(batch, [Row(place, write) for place, write in enumerate(writes)])
        for sort, rows in batch.sorts.items():
            for turn in _turns(sort, rows):
                self._send(batch, sort, turn)
            self._resend_locked(batch, sort, rows)
            self._name_duplicates(batch, sort, rows)
        outcomes = batch.decided | self._judge.outcomes(view, batch.told.values())
        return [batch.with_not_taken(place, outcomes[place]) for place in range(len(writes))]

    def _sort_out(self, batch: _Batch, rows: Iterable[Row]) -> None:
        for row in rows:
            admitted = batch.admit(row)
            if admitted is not None:
                batch.sorts[_sort(batch.view.object, admitted.write)].append(admitted)

    def _send(self, batch: _Batch, sort: Sort, rows: Sequence[Row]) -> None:
        """Send rows, by bulk jobs where they are many of one set of columns, side by side."""
        few: list[Row] = []
        for group in _columns(sort, rows):
            few.extend(group if self._is_few(sort, group) else self._in_bulk(batch, sort, group))
        self._collect(batch, sort, few)
        self._without_vanished(batch, sort, few)

    def _is_few(self, sort: Sort, rows: Sequence[Row]) -> bool:
        if self.bulk_from_rows is None or len(rows) < self.bulk_from_rows:
            return True
        return self._traffic.clock.monotonic() < self._not_in_bulk.get(sort, 0.0)

    def _in_bulk(self, batch: _Batch, sort: Sort, rows: Sequence[Row]) -> list[Row]:
        """Send rows by bulk jobs; returns those that must go another way."""
        rest = [row for row in rows if CLEAR in row.write.values.values()]
        plain = [row for row in rows if CLEAR not in row.write.values.values()]
        for part in _cut(plain, bulk.ROWS_MAX):
            try:
                told = self._ingest.sent(sort, part, batch.shape.types)
            except bulk.Unavailable:
                self._not_in_bulk[sort] = self._traffic.clock.monotonic() + APART_S
                rest.extend(part)
                continue
            batch.keep(part, told)
            if any(each.error for each in told):
                self._shapes.forget(sort.object)  # a job fails as a whole when one of its fields has gone
        return rest

    def _collect(self, batch: _Batch, sort: Sort, rows: Sequence[Row], rows_max: int = sending.ROWS_MAX) -> None:
        parts = list(_cut(rows, rows_max))
        answers = self._calls.map(lambda part: sending.sent(self._api, batch.job(sort, part)), parts)
        for part, told in zip(parts, answers, strict=True):
            batch.keep(part, told)

    def _without_vanished(self, batch: _Batch, sort: Sort, rows: Sequence[Row]) -> None:
        """A field has gone, or turned read-only, since the org was described: send the rows again without it."""
        struck = [row for row in rows if _vanished(batch.told[row.place][1])]
        if not struck:
            return
        try:
            batch.shape = self._shapes.described(batch.view.object)
        except BridgeError:
            self._shapes.forget(batch.view.object)
            return
        admitted = [batch.admit(row, batch.told[row.place][1].faults) for row in struck]
        if all(after is row for after, row in zip(admitted, struck, strict=True)):
            return  # the description knows no better: Salesforce's word stands
        for row in struck:
            del batch.told[row.place]
        self._collect(batch, sort, [row for row in admitted if row is not None])

    def _resend_locked(self, batch: _Batch, sort: Sort, rows: Sequence[Row]) -> None:
        """Send rows that met a lock again, after a pause, in portions less likely to meet one another."""
        for attempt in range(LOCKED_TRIES):
            locked = batch.those(rows, Verdict.RETRY)
            if not locked:
                return
            self._traffic.clock.sleep(LOCKED_PAUSE_S * 2**attempt * (0.5 + self._traffic.dice.roll()))
            self._collect(batch, sort, locked, LOCKED_ROWS_MAX)

    def _name_duplicates(self, batch: _Batch, sort: Sort, rows: Sequence[Row]) -> None:
        """Ask which records a duplicate rule has found; batches are not told."""
        if sort.action is not Action.UPSERT:
            return
        nameless = [row for row in batch.those(rows, Verdict.EXISTS) if not batch.told[row.place][1].faults[0].matches]
        parts = list(_cut(nameless, sending.PROBES_MAX))
        answers = self._calls.map(lambda part: sending.probed(self._api, batch.job(sort, part)), parts)
        for row, told in zip(nameless, chain.from_iterable(answers), strict=True):
            if told.error is None:
                batch.keep([row], [told])


def _sort(obj: str, write: Write) -> Sort:
    if write.ref is None and write.key is not None:
        return Sort(Action.UPSERT, obj, write.key[0])
    return Sort(Action.DELETE if write.archive else Action.UPDATE, obj)


def _decided(shape: Shape, write: Write) -> Outcome | None:
    """The outcome of a row that must not be sent; None for one that may."""
    if write.archive and write.ref is not None:
        return None
    if write.ref is None and (write.key is None or write.archive):
        return _refused("", NO_SAFE_KEY, "a create needs an external id", "map an external-id field as the cross id")
    if write.ref is not None and not write.values:
        return Done(write.ref)
    key = shape.schema.fields.get(write.key[0]) if write.ref is None and write.key else None
    if write.ref is None and write.key and (key is None or not key.external_id):
        reason = "no external-id field of that name is visible"
        return _refused(write.key[0], "INVALID_FIELD", reason, "deploy the bridge's fields and permission set")
    return None


def _unwritable(shape: Shape, write: Write) -> dict[str, Rejection]:
    """The fields of a row that must not be sent: read-only, compound, or hidden from us."""
    if write.archive:
        return {}
    names = write.values.keys() - (shape.updatable if write.ref is not None else shape.creatable)
    return {name: _unwritable_field(shape, name) for name in sorted(names)}


def _named(faults: Iterable[Fault], write: Write) -> dict[str, Rejection]:
    """The fields of a row that Salesforce has named in a refusal."""
    reasons = (reason for fault in faults for reason in fault.rejections())
    return {reason.field: reason for reason in reasons if reason.field in write.values}


def _unwritable_field(shape: Shape, name: str) -> Rejection:
    if name not in shape.types:
        hint = "grant field-level security on it, or correct the mapping"
        return Rejection(name, "INVALID_FIELD", "the field does not exist or is hidden from us", hint)
    hint = "make the rule one-way, towards HubSpot; map the parts of a compound field instead of the whole"
    return Rejection(name, "INVALID_FIELD_FOR_INSERT_UPDATE", "the field is read-only for us", hint)


def _refused(name: str, code: str, reason: str, hint: str) -> Rejected:
    return Rejected((Rejection(name, code, reason, hint),))


def _vanished(told: Told) -> bool:
    return bool(told.faults) and told.faults[0].code in VANISHED


def _turns(sort: Sort, rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Rows of which no two have the same external id, turn after turn; two such rows must not share a call."""
    if sort.action is not Action.UPSERT:
        yield list(rows)
        return
    waiting = list(rows)
    while waiting:
        first: dict[str, Row] = {}
        later = [row for row in waiting if first.setdefault(row.key_value.casefold(), row) is not row]
        yield list(first.values())
        waiting = later


def _columns(sort: Sort, rows: Sequence[Row]) -> Iterable[list[Row]]:
    """Rows by their set of columns; a deletion has none."""
    groups: dict[frozenset[str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[frozenset() if sort.action is Action.DELETE else frozenset(row.write.values)].append(row)
    return groups.values()


def _cut(items: Sequence[T], items_max: int) -> Iterator[Sequence[T]]:
    for begin in range(0, len(items), items_max):
        yield items[begin : begin + items_max]


def _without(name: str, record: dict[str, object]) -> dict[str, object]:
    record.pop(name, None)
    return record
