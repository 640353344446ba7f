"""The witness of who knew what: what a worker had read of a record when it wrote to it, and whether it ever heard back.

The write log of the sandbox is the one order of everything that took effect. A worker that writes over a value it
could not have seen is in the open window between reading and writing that neither API can close; one that writes over
a value it had seen has lost an edit. A write whose worker died, or got no answer, before it wrote into the story is one
that the story cannot tell of. So each opening of the bridge (a life) keeps its latest readings and the places in the
log at which it told the story, and each write keeps its life and the reading it came after.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection

from connector.core.readings import Reading
from connector.core.refs import Side
from connector.ports import Changes, Crm, Done, Evidence, Lane, Outcome, Poll, Rejected, Rejection, View, Write
from connector.sandbox.services import SandboxClock, WriteLog
from connector.storage.database import Database
from tests.simulation.agreements import AGREEMENTS
from tests.simulation.turns import SharedStore, Turns

LATEST = timedelta(seconds=60)  # no side shows later what was done: a transaction that is long in committing
BRIDGE = frozenset({"api:7906213", "api:smarketing-bridge"})  # who the bridge is on either side


class Seen(NamedTuple):
    """A reading, and the place in the log before it was asked for; whether it came from a listing of everybody."""

    place: int
    reading: Reading
    listed: bool = False


@dataclass
class Written:
    """One line of the bridge in the log.

    Attributes:
        life: whose it is.
        seen: what the life had read of this record by then, oldest first: listings, all since it last told the story,
            and one more. A batch reads some records twice, and plans from the earlier reading.
        answered: whether the worker heard that it is done.
    """

    life: Life
    seen: tuple[Seen, ...]
    answered: bool = False


@dataclass
class Life:
    """One opening of the bridge by a worker, from its beginning to its end.

    Attributes:
        variant: the mapping it was opened with.
        ended: how: "" while it lasts, "closed", or the name of what ended it (`Killed`).
        told: places in the log at which it wrote into the story.
        asked_at: how many touches of people there were for all to see when it last asked a side what was done.
        calls: by (side, status).
        refused: how often a side refused what, by (side, record or key, field and value).
    """

    name: str
    variant: str
    witness: Witness
    ended: str = ""
    read: dict[tuple[str, str], tuple[Seen, ...]] = field(default_factory=dict)
    told: list[int] = field(default_factory=list)
    asked_at: dict[Side, int] = field(default_factory=dict)
    calls: Counter[tuple[str, int]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def called(self, side: str, status: int, log: WriteLog) -> None:
        """A call took effect; what the bridge has written since the last call is this one's doing."""
        self.calls[side, status] += 1
        self.witness.callers.append(self)
        if len(log) == self.witness.heard:
            return
        for entry in log.entries(self.witness.heard):
            if entry["actor"] in BRIDGE:
                self.witness.writes[entry["seq"]] = Written(self, self.read.get((entry["side"], entry["id"]), ()))
        self.witness.heard = len(log)

    def saw(self, readings: Sequence[Reading], place: int, *, listed: bool = False) -> None:
        """It was told what was so at a place in the log, or later."""
        concluded = self.told[-1] if self.told else 0
        for reading in readings:
            key = reading.ref.side.value, reading.ref.id
            earlier = self.read.get(key, ())
            recent = [seen for seen in earlier if seen.place >= concluded or seen.listed] or earlier[-1:]
            self.read[key] = (*recent, Seen(place, reading, listed))

    def recorded(self, place: int) -> bool:
        """Whether it wrote into the story after that place in the log."""
        return bool(self.told) and self.told[-1] >= place


class Touch(NamedTuple):
    """Something done with a person: when in truth, when by the side's clock, with whom, whether it keeps a promise."""

    at: datetime
    said: datetime
    side: Side
    id: str
    keeps: bool


class Appended(NamedTuple):
    """Entries appended to journeys in one transaction: their numbers, by whom, and where the log stood then.

    asked_at: as `Life.asked_at`, of that moment.
    """

    numbers: range
    life: Life
    place: int
    asked_at: Mapping[Side, int]


@dataclass
class Witness:
    """What each worker had read when it wrote.

    Attributes:
        lives: every opening of the bridge, in order.
        writes: place in the log of a line of the bridge -> who wrote it after which reading.
        story: how far the story went when last looked at (the id of its last event).
        appended: who appended what to journeys, in order.
        entries: how far journeys went when last looked at.
        touches: what was done with people, in order.
    callers: who made each call, in the order of the calls.
    compared: where the log stood before and after the comparison of everything that ends the calm.
    """

    lives: list[Life] = field(default_factory=list)
    writes: dict[int, Written] = field(default_factory=dict)
    callers: list[Life] = field(default_factory=list)
    heard: int = 0
    story: int = 0
    compared: tuple[int, int] = (0, 0)
    appended: list[Appended] = field(default_factory=list)
    entries: int = 0
    touches: list[Touch] = field(default_factory=list)

    @contextmanager
    def life(self, name: str, variant: str) -> Iterator[Life]:
        """One opening of the bridge."""
        life = Life(name, variant, self)
        self.lives.append(life)
        try:
            yield life
        except BaseException as end:
            life.ended = type(end).__name__
            raise
        life.ended = "closed"


class WatchedStore(SharedStore):
    """The store as one life sees it: when it writes into the story is witnessed."""

    def __init__(self, inner: Database, turns: Turns, life: Life, log: WriteLog) -> None:
        super().__init__(inner, turns)
        self._life, self._log = life, log
        self._agreed = life.variant in AGREEMENTS

    def _look(self, conn: Connection) -> None:
        """See what was appended to journeys."""
        witness, life = self._life.witness, self._life
        last = conn.connection.driver_connection.execute(_LAST_ENTRY).fetchone()[0] or 0
        if last > witness.entries:
            numbers = range(witness.entries + 1, last + 1)
            witness.appended.append(Appended(numbers, life, len(self._log), dict(life.asked_at)))
            witness.entries = last

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with super().begin() as conn:
            yield conn
            last = conn.connection.driver_connection.execute(_LAST).fetchone()[0] or 0
            grown, self._life.witness.story = last > self._life.witness.story, last
            if self._agreed:
                self._look(conn)
        if grown:
            self._life.told.append(len(self._log))


_LAST = "SELECT max(id) FROM events"
_LAST_ENTRY = "SELECT seq FROM sqlite_sequence WHERE name = 'journeys' UNION ALL SELECT 0"


class Watched:
    """A CRM whose readings and answers are witnessed."""

    def __init__(self, inner: Crm, life: Life, log: WriteLog, clock: SandboxClock) -> None:
        self._inner, self._life, self._log, self._clock = inner, life, log, clock
        self.side: Side = inner.side

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _asking(self, name: str, *asked: Any, **more: Any) -> Any:
        place = len(self._log)
        readings = getattr(self._inner, name)(*asked, **more)
        self._life.saw(readings, place)
        return readings

    def read(self, *asked: Any, **more: Any) -> list[Reading]:
        return self._asking("read", *asked, **more)

    def read_many(self, *asked: Any) -> list[Reading]:
        return self._asking("read_many", *asked)

    def find(self, *asked: Any) -> list[Reading]:
        return self._asking("find", *asked)

    def find_many(self, *asked: Any) -> list[Reading]:
        return self._asking("find_many", *asked)

    def scan(self, view: View) -> Iterator[Sequence[Reading]]:
        place = len(self._log)
        for portion in self._inner.scan(view):
            self._life.saw(portion, place, listed=True)
            yield portion

    def in_lane(self, lane: Lane) -> Watched:
        return Watched(self._inner.in_lane(lane), self._life, self._log, self._clock)

    def poll(self, asked: Poll) -> tuple[Changes, Evidence]:
        seen_by_all = self._clock.now() - LATEST
        before = sum(touch.at <= seen_by_all for touch in self._life.witness.touches)
        told = self._inner.poll(asked)
        if asked.objects:
            self._life.asked_at[self.side] = before
        return told

    def evidence(self, *asked: Any) -> Evidence:
        seen_by_all = self._clock.now() - LATEST
        before = sum(touch.at <= seen_by_all for touch in self._life.witness.touches)
        told = self._inner.evidence(*asked)
        self._life.asked_at[self.side] = before
        return told

    def write(self, view: View, writes: Sequence[Write]) -> Sequence[Outcome]:
        place = len(self._log)
        outcomes = self._inner.write(view, writes)
        for one, outcome in zip(writes, outcomes, strict=True):
            for refusal in _refusals(outcome):
                value = one.values.get(refusal.field, one.values)
                about = str(one.ref or one.key or one.values)
                self._life.refused[self.side.value, about, f"{refusal.field}={value!r}"] += 1
        done = {outcome.ref.id for outcome in outcomes if isinstance(outcome, Done)}
        for entry in self._log.entries(place, side=self.side.value):
            written = self._life.witness.writes.get(entry["seq"])
            if written and written.life is self._life and entry["id"] in done:
                written.answered = True
        return outcomes


def _refusals(outcome: Outcome) -> Sequence[Rejection]:
    """What a side would not take."""
    if isinstance(outcome, Rejected):
        return outcome.rejections
    return outcome.not_taken if isinstance(outcome, Done) else ()
