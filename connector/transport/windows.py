"""A rolling window that many processes share: who may leave when, as a pure function of what was granted before.

The log of a window holds what was granted: so many calls, to have left by then. A call may leave at the first moment at
which the calls granted for the span before it leave room; whatever is granted is counted until its last moment has left
the window, so no rolling window ever holds more than its room, however the processes that were granted it are spread.
While more than half of a window is free, a handful is granted ahead to be used within a while, because asking costs a
transaction; once it fills up, exactly what callers wait for is granted. So asking is cheap where there is plenty, and
nothing is wasted where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from connector.ports import Lane

FUTURE_MAX_MS: Final = 120_000  # what was granted for later than this was granted by a clock that has been set back
AHEAD_SHARE: Final = 0.05  # of a window's room that is granted ahead, and of its span in which it is to be used
PLENTY_SHARE: Final = 0.5  # of a window's room up to which anything is granted ahead
Log = Sequence[tuple[int, int]]  # (milliseconds by which they have left, calls), oldest first


@dataclass(frozen=True, slots=True)
class Ask:
    """What a process asks of a window.

    Attributes:
        wanted: callers that wait.
        room: calls that any span may hold, by lane; a hot caller takes the lane in which he may leave sooner.
        span_ms: the window, a little longer than the side counts it.
        hold_ms: how long after its moment a call may leave at the latest, over and above what the span allows for.
    """

    lane: Lane
    wanted: int
    room: Mapping[Lane, int]
    span_ms: int
    hold_ms: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """So many calls of a lane may leave from `at_ms` on, within `hold_ms`. `used`: those of the span, by anybody."""

    lane: Lane
    at_ms: int
    calls: int
    hold_ms: int
    used: int


@dataclass(frozen=True, slots=True)
class Granted:
    """What was granted so far, by lane, and until when nobody calls."""

    logs: Mapping[Lane, Log] = field(default_factory=dict)
    held_until_ms: int = 0

    def grant(self, ask: Ask, now_ms: int) -> tuple[Granted, Grant]:
        """What a process may do that asks now, and what is granted then."""
        logs = {lane: _alive(log, ask.span_ms, now_ms) for lane, log in self.logs.items()}
        start = max(now_ms, min(self.held_until_ms, now_ms + FUTURE_MAX_MS))
        used = sum(calls for log in logs.values() for _, calls in log)
        bulk = sum(calls for _, calls in logs.get(Lane.BULK, ()))
        ahead = min(ask.room[Lane.BULK] * AHEAD_SHARE, ask.room[Lane.BULK] * PLENTY_SHARE - bulk)
        if ask.lane is Lane.BULK and ahead >= ask.wanted:
            hold = max(ask.hold_ms, int(ask.span_ms * AHEAD_SHARE))
            grant = Grant(Lane.BULK, start, int(ahead), hold, used)
        else:
            grant = _exactly(logs, ask, start, used)
        kept = sorted((*logs.get(grant.lane, ()), (grant.at_ms + grant.hold_ms, grant.calls)))
        return Granted({**logs, grant.lane: kept}, self.held_until_ms), grant


def _exactly(logs: Mapping[Lane, Log], ask: Ask, start: int, used: int) -> Grant:
    """What is wanted, or as much of it as a window can hold at all, as soon as there is room."""
    lanes = [lane for lane in (Lane.HOT, Lane.BULK) if ask.room[lane] > 0 and lane in {ask.lane, Lane.BULK}]
    offers = []
    for lane in lanes:
        calls = min(ask.wanted, ask.room[lane])
        at = _earliest(logs.get(lane, ()), ask.room[lane] - calls, ask.span_ms, start)
        offers.append((at, lane is Lane.BULK, lane, calls))
    at, _, lane, calls = min(offers)
    return Grant(lane, at, calls, ask.hold_ms, used)


def _earliest(log: Log, others_max: int, span_ms: int, start: int) -> int:
    """The first moment at which the span before it holds so many calls at most."""
    beside = 0
    for at, calls in reversed(log):
        beside += calls
        if beside > others_max:
            return max(start, at + span_ms)
    return start


def _alive(log: Log, span_ms: int, now_ms: int) -> Log:
    return [(at, calls) for at, calls in log if now_ms - span_ms < at <= now_ms + FUTURE_MAX_MS]
