"""One side in memory, as people act on it: what `FakeCrm` stands on."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from connector import ports
from connector.core import refs
from connector.core.journey import Channel, Dealt, Entry, Touched
from connector.core.readings import Presence, Stamp
from connector.core.refs import Ref, Side
from connector.core.values import Kind, Value
from connector.errors import BridgeError, Transient

PREFIXES = {"Lead": "00Q", "Contact": "003", "Account": "001", "Opportunity": "006"}


@dataclass
class Row:
    """A record as the side keeps it."""

    ref: Ref
    values: dict[str, Value]
    modified_at: datetime
    seq: int
    stamps: dict[str, Stamp] = field(default_factory=dict)
    presence: Presence = Presence.PRESENT
    moved_to: Ref | None = None
    converted: bool = False
    aliases: tuple[str, ...] = ()


@dataclass
class Fault:
    """An error to raise for the next `times` calls of an operation; after the write took effect, if `after_commit`."""

    operation: str
    error: BridgeError
    times: int = 1
    after_commit: bool = False


class FakeSide:
    """One side in memory.

    Attributes:
        schemas: the fields of each object with their kinds.
        unique: by object, the fields whose values only one record may hold (compared with case folded).
        refusals: (object, field, value or None for any value) to the rejection that meets it on writing.
        rewrite: (object, field) to what the side makes of a value that is written by anyone.
        page: how many readings one portion of `changes` or `scan` holds.
        log: (operation, ref, values) of every write that took effect through the port.
        hot: what was asked of it in the hot lane.
        done: what people did with records, as `evidence` tells it.
        todos: the tasks that were asked for, by their refs.
    """

    def __init__(
        self,
        side: Side,
        clock: ports.Clock,
        schemas: Mapping[str, Mapping[str, Kind]],
        unique: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.side, self.clock, self.schemas = side, clock, schemas
        self.unique = {obj: tuple(names) for obj, names in (unique or {}).items()}
        self.rows: dict[Ref, Row] = {}
        self.refusals: dict[tuple[str, str, Value], ports.Rejection] = {}
        self.rewrite: dict[tuple[str, str], Callable[[Value], Value]] = {}
        self.faults: list[Fault] = []
        self.people: list[ports.Owner] = []
        self.log: list[tuple[str, Ref, Mapping[str, Value]]] = []
        self.calls: Counter[str] = Counter()
        self.hot: Counter[str] = Counter()
        self.done: list[Entry] = []
        self.todos: dict[Ref, ports.Todo] = {}
        self.page = 100
        self.identity = ports.Account("1234567", f"A {side.value} sandbox", "Europe/Berlin", "EUR")
        self._seq = 0
        self._numbers = count(1)  # two threads never get the same one
        self._unique: dict[tuple[str, str, str], Ref] = {}

    # What people do.

    def add(self, obj: str, /, **values: Value) -> Ref:
        """A person makes a record."""
        return self._insert(obj, values, "user").ref

    def edit(self, ref: Ref, /, **values: Value) -> None:
        """A person changes fields."""
        self._put(self.rows[ref], values, "user")

    def archive(self, ref: Ref) -> None:
        """A person archives a record."""
        self._leave(self.rows[ref], Presence.ARCHIVED)

    def restore(self, ref: Ref) -> None:
        """A person brings an archived record back."""
        row = self.rows[ref]
        row.presence = Presence.PRESENT
        self._index(row)
        self._touch(row)

    def erase(self, ref: Ref) -> None:
        """A record is gone for good."""
        row = self.rows[ref]
        self._leave(row, Presence.MISSING)
        row.values.clear()

    def merge(self, winner: Ref, loser: Ref, *, new_id: bool = False) -> Ref:
        """A person merges two records; `new_id` makes a third of them, as HubSpot may."""
        losers = [self.rows[loser]]
        survivor = self.rows[winner]
        if new_id:
            losers.append(survivor)
            values = dict(survivor.values)
            self._leave(survivor, Presence.MOVED)
            survivor = self._insert(winner.object, values, "user")
        for row in losers:
            self._leave(row, Presence.MOVED)
            row.moved_to = survivor.ref
        survivor.aliases += tuple(alias for row in losers for alias in (row.ref.id, *row.aliases))
        self._touch(survivor)
        return survivor.ref

    def convert(self, lead: Ref, obj: str, /, **values: Value) -> Ref:
        """A person converts a Lead into a record of another object, with the values that one shall have."""
        row = self.rows[lead]
        self._leave(row, Presence.MOVED)
        made = self._insert(obj, values, "user").ref
        row.moved_to, row.converted = made, True
        return made

    def touch(self, ref: Ref, channel: Channel = Channel.CALL, **how: Any) -> None:
        """A person is in touch with somebody: outbound and by hand, unless `how` says otherwise (see `Touched`)."""
        touched = Touched(channel, **{"outbound": True, "human": True, **how})
        self._happened(ref, touched, f"activity:{len(self.done) + 1}")

    def deal(self, ref: Ref, deal: str, stage: str, *, won: bool | None = None, amount: Value = None) -> None:
        """A deal that a person has a part in enters a stage; `won` closes it."""
        self._happened(ref, Dealt(deal, stage, won is not None, won is True, amount), f"deal:{len(self.done) + 1}")

    def values(self, ref: Ref) -> dict[str, Value]:
        """What a record holds, blank fields left out."""
        return {name: value for name, value in self.rows[ref].values.items() if value is not None}

    def live(self, obj: str) -> list[Ref]:
        """The live records of an object, oldest first."""
        return [ref for ref, row in self.rows.items() if ref.object == obj and row.presence is Presence.PRESENT]

    def refuse(self, obj: str, name: str, value: Value = None, code: str = "INVALID_OPTION") -> None:
        """From now on refuse a value (None: any value) of a field."""
        self.refusals[obj, name, value] = ports.Rejection(name, code, f"{name} is refused", "choose another value")

    def fail(
        self, operation: str, error: BridgeError | None = None, times: int = 1, *, after_commit: bool = False
    ) -> None:
        """Let the next calls of an operation fail (`write`: per record; reading operations: per call)."""
        self.faults.append(Fault(operation, error or Transient("the line broke"), times, after_commit))

    # How it is kept.

    def _happened(self, ref: Ref, what: Touched | Dealt, key: str) -> None:
        assert ref in self.rows, f"there is no {ref}"
        self.done.append(Entry(ref, self.clock.now(), self.clock.now(), what, key))

    def _insert(self, obj: str, values: Mapping[str, Value], source: str) -> Row:
        number = next(self._numbers)
        if self.side is Side.HUBSPOT:
            ref = refs.hubspot(obj, str(1000 + number))
        else:
            ref = refs.salesforce(obj, f"{PREFIXES.get(obj, 'a00')}{number:012d}")
        row = self.rows[ref] = Row(ref, {}, self.clock.now(), 0)
        self._put(row, values, source)
        return row

    def _put(self, row: Row, values: Mapping[str, Value], source: str) -> None:
        unknown = [name for name in values if name not in self.schemas[row.ref.object]]
        assert not unknown, f"{row.ref.object} has no field {unknown}"
        self._forget(row)
        for name, given in values.items():
            rewrite = self.rewrite.get((row.ref.object, name))
            value = rewrite(given) if rewrite else given
            if row.values.get(name) != (value or None):
                row.stamps[name] = Stamp(self.clock.now(), source)
            row.values[name] = value or None
        self._index(row)
        self._touch(row)

    def _touch(self, row: Row) -> None:
        self._seq += 1
        row.seq, row.modified_at = self._seq, self.clock.now()

    def _leave(self, row: Row, presence: Presence) -> None:
        self._forget(row)
        row.presence = presence
        self._touch(row)

    def _index(self, row: Row) -> None:
        for key in self._keys(row.ref.object, row.values):
            holder = self._unique.setdefault(key, row.ref)
            assert holder == row.ref, f"{key} is held by {holder} already"

    def _forget(self, row: Row) -> None:
        for key in self._keys(row.ref.object, row.values):
            if self._unique.get(key) == row.ref:
                del self._unique[key]

    def _keys(self, obj: str, values: Mapping[str, Value]) -> list[tuple[str, str, str]]:
        held = ((name, values.get(name)) for name in self.unique.get(obj, ()))
        return [(obj, name, value.casefold()) for name, value in held if value]

    def _holder(self, obj: str, name: str, value: str) -> Ref | None:
        return self._unique.get((obj, name, value.casefold()))

    def _taken(self, obj: str, values: Mapping[str, Value]) -> tuple[Ref, ...]:
        holders = (self._unique.get(key) for key in self._keys(obj, values))
        return tuple(dict.fromkeys(holder for holder in holders if holder is not None))
