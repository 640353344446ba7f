"""The HubSpot side as `ports.Crm`: each question handed to the part that knows how to ask it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime

from connector.core.readings import Reading
from connector.core.refs import Side
from connector.hubspot.batch_writing import BatchWriter
from connector.hubspot.describing import Describer
from connector.hubspot.evidence import Gleaner
from connector.hubspot.polling import Poller
from connector.hubspot.reading import Reader
from connector.hubspot.reminding import Reminder
from connector.hubspot.scanning import Scanner
from connector.hubspot.setup.applying import PropertySetup
from connector.hubspot.wire import HubSpotAccess, Traffic, Wire
from connector.hubspot.writing import Writer
from connector.ports import (
    Account,
    Changes,
    Clock,
    Cursor,
    Evidence,
    Known,
    ObjectSchema,
    Outcome,
    Owner,
    Poll,
    Sought,
    Todo,
    Usage,
    View,
    Write,
)
from connector.transport.lanes import Lane
from connector.transport.pool import Calls


class HubSpot:
    """One HubSpot account. Thread-safe; build one per account and share it.

    `executor` lets calls overlap; without one everything runs in the caller's turn. `in_lane(Lane.HOT)` gives the same
    account for people who must not wait behind a backfill.
    """

    side = Side.HUBSPOT

    def __init__(self, access: HubSpotAccess, traffic: Traffic, clock: Clock, executor: Executor | None = None) -> None:
        wire = Wire(access, traffic, clock)
        self._assemble(wire, Calls(executor), Describer(wire))

    def _assemble(self, wire: Wire, calls: Calls, describer: Describer) -> None:
        self._wire, self._calls, self._describer = wire, calls, describer
        self._reader = Reader(wire, calls, self._describer.uniques)
        inner = Reader(wire, Calls(), self._describer.uniques)  # for calls under way: they must not wait for the pool
        self._scanner = Scanner(wire, calls, inner)
        self._poller = Poller(wire, calls, inner)
        self._gleaner = Gleaner(wire, calls)
        self._reminder = Reminder(wire, self._reader)
        self._writer = Writer(BatchWriter(wire, inner), calls, self._describer.options)

    def in_lane(self, lane: Lane) -> HubSpot:
        """The same account, connections, counters and what is known of its objects, calling in another lane."""
        other = object.__new__(HubSpot)
        wire = self._wire.in_lane(lane)
        other._assemble(wire, self._calls, self._describer.in_lane(wire))
        return other

    def account(self) -> Account:
        """Who we are connected to."""
        return self._describer.account()

    def setup(self) -> PropertySetup:
        """Its properties, to be planned and made (setup/)."""
        return PropertySetup(self._wire)

    def schema(self, obj: str) -> ObjectSchema:
        """The live definition of an object."""
        return self._describer.schema(obj)

    def prime(self, schemas: Mapping[str, ObjectSchema]) -> None:
        """What objects were like when last told; see `ports.Crm.prime`."""
        self._describer.prime(schemas)

    def owners(self) -> Sequence[Owner]:
        """Everyone who can own records, archived ones as inactive."""
        return self._describer.owners()

    def usage(self) -> Usage:
        """Calls made so far."""
        traffic = self._wire.traffic
        return traffic.budget.told(traffic.meter.usage())

    def changes(self, views: Sequence[View], cursor: Cursor | None, known: Known) -> Changes:
        """What changed since the cursor (polling.py)."""
        return self._poller.changes(views, cursor, known)

    def scan(self, view: View) -> Iterator[Sequence[Reading]]:
        """Every live record (scanning.py)."""
        return self._scanner.scan(view)

    def read(self, view: View, ids: Sequence[str], history: Sequence[str] = ()) -> list[Reading]:
        """Fresh readings (reading.py)."""
        return self._reader.read(view, ids, history)

    def find(self, view: View, name: str, values: Sequence[str]) -> list[Reading]:
        """Live records by value (reading.py)."""
        return self._reader.find(view, name, values)

    def read_many(self, asked: Sequence[tuple[View, Sequence[str]]]) -> list[Reading]:
        """Fresh readings of several objects, one after the other: HubSpot reads one object a call."""
        return [reading for view, ids in asked for reading in self._reader.read(view, ids)]

    def find_many(self, asked: Sequence[tuple[View, Sought]]) -> list[Reading]:
        """Live records by several fields, one after the other (reading.py)."""
        return self._reader.find_many(asked)

    def write(self, view: View, writes: Sequence[Write]) -> list[Outcome]:
        """One outcome each (writing.py)."""
        return self._writer.write(view, writes)

    def evidence(self, objects: Sequence[str], cursor: Cursor | None, now: datetime) -> Evidence:
        """What people did with records (evidence.py)."""
        return self._gleaner.evidence(objects, cursor, now)

    def poll(self, asked: Poll) -> tuple[Changes, Evidence]:
        """What changed and what people did: HubSpot searches one object a call, so this saves none."""
        changes = self.changes(asked.views, asked.cursor, asked.known)
        if not asked.objects:
            return changes, Evidence((), asked.evidence_cursor or {}, more=False)
        return changes, self.evidence(asked.objects, asked.evidence_cursor, asked.now)

    def remind(self, todos: Sequence[Todo]) -> list[Outcome]:
        """Make tasks (reminding.py)."""
        return self._reminder.remind(todos)
