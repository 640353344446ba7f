"""The listener: a subscription kept alive for as long as the service runs.

What comes out are `Heard`s, each to be kept in one transaction: the headers of some events, whether everything should
be polled once, and the place behind them. After a fault it begins anew from the place kept last, at once for a session
that is over, after a growing and jittered wait else. Where the bus cannot say what was missed (an expired place, a
first beginning) a poll of everything is asked for; where it may not deliver (its day is full, our user lacks a right)
polling does the work alone and the state says so. No event is dropped for having been caused by ourselves: flows that
ran inside of our own write changed more than we did (Salesforce fact sheet 6.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from connector.core.backoff import Backoff, delay
from connector.errors import BridgeError, RateLimited, Refused, Unauthorised
from connector.ports import Clock, Dice
from connector.salesforce.pubsub.faults import ReplayLost, SessionOver
from connector.salesforce.pubsub.headers import Headers, Unreadable
from connector.salesforce.pubsub.line import Access, Line
from connector.salesforce.pubsub.stream import Stopping, Stream

FAULTS: Final = Backoff(first=timedelta(seconds=1), longest=timedelta(minutes=2))
PERSON_S: Final = 300.0  # how long nothing is tried that only a person can mend
LEAST_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Heard:
    """What to keep in one transaction.

    Attributes:
        changes: headers of events (headers.TOLD), or {"unknown": why} for one that cannot be read.
        sweep: why everything should be polled once; "" if nothing asks for that.
        replay_id: the place behind all this; None: there is none any more, forget it.
    """

    changes: Sequence[Mapping[str, Any]]
    sweep: str
    replay_id: bytes | None


@dataclass(frozen=True, slots=True)
class State:
    """How the listener stands, for people: `listening`, or `waiting` until a moment, and why.

    `lasting`: it does not pass by itself soon; a person, or a new day, must mend it.
    """

    name: str
    reason: str = ""
    until: datetime | None = None
    lasting: bool = False


class Keeper(Protocol):
    """Who keeps what was heard."""

    def place(self) -> bytes | None:
        """The place kept last."""

    def keep(self, heard: Heard) -> None:
        """Keep it, all or nothing."""

    def show(self, state: State) -> None:
        """Let people see how the listener stands."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to listen to (config.yaml, salesforce.pubsub)."""

    channel: str
    fetch: int
    silence_s: float


class Listener:
    """Listens until it is time to stop. `stopping` waits so many seconds and says whether it is."""

    def __init__(self, access: Access, wanted: Wanted, keeper: Keeper, chance: tuple[Clock, Dice]) -> None:
        self._access, self._wanted, self._keeper = access, wanted, keeper
        self._clock, self._dice = chance
        self._failures = 0
        self._renewals = 0

    def run(self, stopping: Stopping) -> None:
        """Listen, and begin anew after every fault. Raises only what the keeper raises."""
        while not stopping(0):
            try:
                with Line(self._access, self._clock) as line:
                    self._listen(line, stopping)
            except BridgeError as error:
                wait_s = self._after(error)
                if wait_s:
                    self._keeper.show(self._waiting(error, wait_s))
                if stopping(wait_s):
                    return

    def _listen(self, line: Line, stopping: Stopping) -> None:
        try:
            if not line.topic(self._wanted.channel).can_subscribe:
                raise Unauthorised(
                    f"our Salesforce user may not subscribe to {self._wanted.channel}: give it View All of the objects "
                    "chosen for Change Data Capture"
                )
            place = self._keeper.place()
            stream = Stream(line, self._wanted.channel, self._wanted.fetch, place)
            try:
                self._heed(line, stream, stopping, first=place is None)
            finally:
                stream.close()
        except SessionOver as error:
            self._renew(line, error)

    def _heed(self, line: Line, stream: Stream, stopping: Stopping, *, first: bool) -> None:
        headers, sweep = Headers(line.schema), "listening begins: what was before is polled once" if first else ""
        shown = False
        for answer in stream.answers(self._clock, self._wanted.silence_s, stopping):
            changes = [_change(headers, each.event) for each in answer.events]
            if changes or sweep or answer.latest_replay_id:
                self._keeper.keep(Heard(changes, sweep, answer.latest_replay_id or self._keeper.place()))
            if not shown:
                self._keeper.show(State("listening"))
            sweep, shown = "", True
            self._failures = self._renewals = 0

    def _renew(self, line: Line, error: SessionOver) -> None:
        """Sign in anew; a session that is refused although it is new is for a person to look at."""
        self._renewals += 1
        if self._renewals > 1:
            raise Unauthorised(f"{error}, although it is new: is salesforce.login_url that of the org?")
        self._access.tokens.renewed(line.token)

    def _after(self, error: BridgeError) -> float:
        """Seconds to wait; a place that was lost is forgotten here, with a poll of everything asked for."""
        self._failures += 1
        if isinstance(error, ReplayLost) and self._keeper.place() is not None:
            self._keeper.keep(Heard((), str(error), None))
            return 0.0
        if isinstance(error, RateLimited):
            return max(LEAST_S, (error.until - self._clock.now()).total_seconds()) * self._jitter()
        if isinstance(error, Unauthorised | Refused):
            self._renewals = 0
            return PERSON_S * self._jitter()
        return max(LEAST_S, delay(self._failures - 1, FAULTS, self._dice.roll()).total_seconds())

    def _waiting(self, error: BridgeError, wait_s: float) -> State:
        lasting = isinstance(error, RateLimited | Unauthorised | Refused)
        return State("waiting", str(error), self._clock.now() + timedelta(seconds=wait_s), lasting=lasting)

    def _jitter(self) -> float:
        return 1 + self._dice.roll() / 10


def _change(headers: Headers, event: Any) -> Mapping[str, Any]:
    try:
        return headers.read(event.schema_id, event.payload)
    except (Unreadable, Refused) as error:
        return {"unknown": str(error)}
