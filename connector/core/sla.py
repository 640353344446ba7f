"""SLA: what is promised, what bears on a promise, and how it stands. `clocks` judges.

A promise is business time allowed from a start until a stop. Its terms come with the start and are pinned by it, so
that history is never judged by today's rules. What happens is told as turns, each with the time at its source.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from connector.core.calendars import BusinessTime

ZERO = timedelta()


class Sort(IntEnum):
    """What a turn does to a clock; of turns at one instant the lower number counts first."""

    AMEND = 0  # other terms for what is still open, in force from this instant on
    CANCEL = 1  # the promise is void: out of scope, merged away
    STOP = 2  # what was promised is done (one of `attempts`)
    PAUSE = 3
    RESUME = 4
    REASSIGN = 5  # another owner
    RESET = 6  # from the beginning
    START = 7


class ReEntry(StrEnum):
    """What a start means where there is a cycle already; an open one heeds `restart` only."""

    IGNORE = "ignore"
    RESTART = "restart"  # the same cycle, from nothing
    RESUME = "resume"  # the same cycle, going on where it ended
    NEW_CYCLE = "new_cycle"


class OnReassign(StrEnum):
    """What another owner means for an open cycle."""

    KEEP = "keep"
    RESTART = "restart"  # from nothing, `Terms.restarts` times at most


class State(StrEnum):
    """Where a cycle stands."""

    RUNNING = "running"
    WARNED = "warned"
    PAUSED = "paused"
    BREACHED = "breached"  # late, and stays so when it is stopped at last
    MET = "met"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Terms:
    """What is promised.

    Attributes:
        policy, version: which rule made the promise, and its version.
        name: how people call the promise; the policy's id where there is none.
        target: business time allowed; positive.
        time: when business time passes.
        warnings: business time before the deadline at which somebody is warned.
        attempts: how many stops it takes to meet it.
        evidence: whether a stop counts only with evidence of what was done.
        restarts: how often another owner may begin from nothing.
    """

    policy: str
    version: str
    target: timedelta
    time: BusinessTime
    warnings: tuple[timedelta, ...] = ()
    attempts: int = 1
    evidence: bool = False
    re_entry: ReEntry = ReEntry.IGNORE
    on_reassign: OnReassign = OnReassign.KEEP
    restarts: int = 1
    name: str = ""

    def __post_init__(self) -> None:
        if self.target <= ZERO or self.attempts < 1:
            raise ValueError(f"{self.policy}: a target of {self.target} and {self.attempts} attempts promise nothing")

    @property
    def called(self) -> str:
        """What people read."""
        return self.name or self.policy


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that bears on a clock.

    Attributes:
        at: when it happened at its source (aware UTC).
        terms: of a start or an amendment.
        owner: of a start or a reassignment: who has to act.
        evidence: of a stop: what was done; "" when only a status says so. Of a start: what the stops it came with show.
        stops: of a start: how many acts at its very instant, told after it, do what is promised.
        handoff: of a reassignment: it is the handoff itself, which gives nobody a clock of their own.
        paused: of what begins from nothing (start, reset, reassignment): what pauses it holds already.
    """

    sort: Sort
    at: datetime
    terms: Terms | None = None
    owner: str = ""
    evidence: str = ""
    paused: bool = False
    handoff: bool = False
    stops: int = 0


@dataclass(frozen=True, slots=True)
class Cycle:
    """One promise as it stands at a time.

    Attributes:
        due_at: the deadline, the missed one once it is breached; None while paused, and once ended in time.
        ended_at: when it was met, stopped late or cancelled.
        elapsed, paused: business time that counted, and that did not.
        lateness: business time beyond the target; frozen at the end.
        warned: how many of the warnings are past.
        attempts: stops that counted; unproven: those that lacked the evidence the terms ask for.
        held: (owner, business time that counted while it was theirs), in the order of owning.
        next_look_at: when it will say something else unless something happens; None: never.
        rounds: how often it began from nothing once more.
        owner: who has to act, or had to when it ended; "" for nobody.
    """

    terms: Terms
    started_at: datetime
    state: State
    due_at: datetime | None
    ended_at: datetime | None
    elapsed: timedelta
    paused: timedelta
    lateness: timedelta
    warned: int
    attempts: int
    unproven: int
    evidence: str
    held: tuple[tuple[str, timedelta], ...]
    next_look_at: datetime | None
    rounds: int = 0
    owner: str = ""

    @property
    def remaining(self) -> timedelta:
        """Business time left; zero once late."""
        return max(ZERO, self.terms.target - self.elapsed)
