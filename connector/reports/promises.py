"""How the promises stand: clocks that run by the time they are due, and every cycle of one person with what bore on it.

All is judged anew from journeys; nothing is read that was stored about a clock. Whoever asks for the most pressing
ones of a million gets them in flat memory: only as many as are shown are kept while everybody streams by.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector.core.course import walk
from connector.core.journey import Entry
from connector.core.policies import Scope, judge_all, turns
from connector.core.policy import Book, Policy
from connector.core.refs import Ref
from connector.core.sla import Cycle, Sort, State, Turn
from connector.core.steered import Agreement
from connector.core.verdicts import Cycles, followed

OPEN = (State.RUNNING, State.WARNED, State.PAUSED, State.BREACHED)
_TURNS: Mapping[Sort, str] = {
    Sort.CANCEL: "cancelled",
    Sort.STOP: "stop",
    Sort.PAUSE: "paused",
    Sort.RESUME: "resumed",
    Sort.AMEND: "terms amended",
    Sort.REASSIGN: "given to",
    Sort.RESET: "begun again",
    Sort.START: "started",
}


def cycles_of(agreement: Agreement, entries: Sequence[Entry], now: datetime, book: Book | None = None) -> Cycles:
    """Every cycle of a journey as it stands; under another book when one is given."""
    steps = walk(agreement.definition, entries)
    return judge_all(agreement.book if book is None else book, steps, now, Scope.of(agreement))


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that has not ended.

    Attributes:
        refs: the person's records.
    """

    refs: tuple[Ref, ...]
    policy: Policy | None
    cycle: Cycle

    @property
    def owner(self) -> str:
        """Who has to act today (Salesforce id); "" for no rep: nobody has them, or marketing promised it."""
        return self.cycle.owner

    @property
    def name(self) -> str:
        """The promise, as people call it."""
        return self.policy.name if self.policy else self.cycle.terms.policy

    @property
    def urgency(self) -> tuple[int, float]:
        """Late ones first, then by deadline; what is paused has none and comes last."""
        due = self.cycle.due_at
        return (due is None, due.timestamp() if due else self.cycle.started_at.timestamp())

    def row(self) -> dict[str, Any]:
        """As JSON."""
        team = {"team": self.policy.team} if self.policy else {}
        who = {"person": list(map(str, self.refs)), "owner": self.owner}
        return {**who, "name": self.name, **team, **cycle_row(self.cycle)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which open clocks are asked for; nothing named means all. owner: a Salesforce id; person: any of these refs."""

    policy: str = ""
    state: str = ""
    owner: str = ""
    due_before: datetime | None = None

    def takes(self, clock: Clock) -> bool:
        """Whether a clock is among them."""
        cycle = clock.cycle
        return (
            self.policy in ("", cycle.terms.policy)
            and self.state in ("", cycle.state.value)
            and self.owner in ("", clock.owner)
            and (self.due_before is None or (cycle.due_at is not None and cycle.due_at < self.due_before))
        )


@dataclass
class OpenClocks:
    """Open clocks as people stream by: all are counted, the most pressing kept."""

    agreement: Agreement
    now: datetime
    wanted: Wanted
    limit: int
    total: int = 0
    states: Counter[str] = field(default_factory=Counter)
    _kept: list[tuple[tuple[float, ...], Clock]] = field(default_factory=list)

    def take(self, refs: tuple[Ref, ...], entries: Sequence[Entry]) -> None:
        """One more person."""
        judged = cycles_of(self.agreement, entries, self.now).values()
        still = [cycle for those in judged for cycle in those if cycle.ended_at is None]
        for cycle in still:
            clock = Clock(refs, followed(self.agreement.book, cycle), cycle)
            if self.wanted.takes(clock):
                self._keep(clock)

    def _keep(self, clock: Clock) -> None:
        self.total += 1
        self.states[clock.cycle.state.value] += 1
        rank = tuple(-float(part) for part in (*clock.urgency, self.total))  # the least pressing on top of the heap
        heapq.heappush(self._kept, (rank, clock))
        if len(self._kept) > self.limit:
            heapq.heappop(self._kept)

    @property
    def clocks(self) -> list[Clock]:
        """The most pressing ones, in the order in which they are due."""
        return [clock for _, clock in sorted(self._kept, key=lambda item: item[0], reverse=True)]


@dataclass(frozen=True, slots=True)
class Told:
    """One cycle, with the turns that bore on it, and the policy as its edition has it."""

    cycle: Cycle
    policy: Policy | None
    turns: tuple[Turn, ...]

    def row(self) -> dict[str, Any]:
        """As JSON."""
        name = self.policy.name if self.policy else self.cycle.terms.policy
        return {"name": name, **cycle_row(self.cycle), "turns": list(map(turn_row, self.turns))}


def told(agreement: Agreement, entries: Sequence[Entry], now: datetime) -> list[Told]:
    """Every cycle of one person, by start and in the order of sla.yaml, with what bore on it."""
    cycles = cycles_of(agreement, entries, now)
    borne = turns(agreement.book, walk(agreement.definition, entries), Scope.of(agreement))
    found = [
        Told(cycle, followed(agreement.book, cycle), tuple(_within(cycle, after, borne.get(policy, ()), now)))
        for policy, those in cycles.items()
        for cycle, after in zip(those, (*those[1:], None), strict=True)
    ]
    order = [policy for edition in reversed(agreement.book) for policy in edition.policies]
    return sorted(found, key=lambda one: (one.cycle.started_at, order.index(one.cycle.terms.policy)))


def _within(cycle: Cycle, after: Cycle | None, every: Iterable[Turn], now: datetime) -> Iterator[Turn]:
    """The turns from the start of a cycle to that of the next one; what comes after its end bears on it no more."""
    for turn in sorted(every, key=lambda one: (one.at, one.sort)):
        ended = cycle.ended_at is not None and turn.at > cycle.ended_at
        begins = turn.at == cycle.started_at and turn.sort is Sort.START  # all else of that instant came before it
        belongs = (begins or cycle.started_at < turn.at <= now) and not ended
        if belongs and (after is None or turn.at < after.started_at):
            yield turn


def turn_words(turn: Turn) -> str:
    """What a turn did, in words."""
    said = _TURNS[turn.sort]
    if turn.sort is Sort.REASSIGN:
        return f"{said} {turn.owner or 'nobody'}"
    if turn.sort is Sort.STOP:
        return f"{said}: {turn.evidence or 'a status only, without any activity'}"
    if turn.terms is not None:
        at_once = f"; done at once: {turn.evidence or 'as a status says'}" if turn.stops else ""
        return f"{said}, {span_words(turn.terms.target)} allowed{at_once}"
    return said


def turn_row(turn: Turn) -> dict[str, Any]:
    """A turn as JSON."""
    return {
        "at": turn.at.isoformat(),
        "what": turn.sort.name.lower(),
        "owner": turn.owner,
        "evidence": turn.evidence,
        "version": turn.terms.version if turn.terms else None,
    }


def cycle_row(cycle: Cycle) -> dict[str, Any]:
    """A cycle as JSON; amounts of time are business minutes, except the time on the wall."""
    until = cycle.ended_at
    return {
        "policy": cycle.terms.policy,
        "state": cycle.state.value,
        "started_at": cycle.started_at.isoformat(),
        "due_at": cycle.due_at.isoformat() if cycle.due_at else None,
        "ended_at": until.isoformat() if until else None,
        "target_minutes": minutes(cycle.terms.target),
        "elapsed_minutes": minutes(cycle.elapsed),
        "remaining_minutes": minutes(cycle.remaining),
        "paused_minutes": minutes(cycle.paused),
        "lateness_minutes": minutes(cycle.lateness),
        "wall_minutes": minutes(until - cycle.started_at) if until else None,
        "attempts": cycle.attempts,
        "attempts_needed": cycle.terms.attempts,
        "without_activity": cycle.unproven,
        "evidence": cycle.evidence,
        "held": [{"owner": owner, "minutes": minutes(spent)} for owner, spent in cycle.held],
        "calendar": cycle.terms.time.name,
        "version": cycle.terms.version,
    }


def minutes(span: timedelta) -> int:
    """Whole minutes, rounded down."""
    return int(span.total_seconds() // 60)


def span_words(span: timedelta) -> str:
    """An amount of time for people: 4 h, 1 h 30 min, 12 min."""
    hours, rest = divmod(minutes(span), 60)
    return " ".join(
        part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "") if part
    )
