"""What the cycles of one person ask for: which is told, what is set off, when to look again, what differs.

All of it follows from cycles as `clocks` judged them and from the keys of what was set off before. A key names policy,
cycle and what happened, so it is the same however often everything is told again, and nothing is set off twice. Only
the newest news of an open cycle is told: who comes back after a day hears of the breach, not of two warnings before it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connector.core.calendars import BusinessTime
from connector.core.policy import Action, ActionKind, Book, Policy, PolicyKind
from connector.core.sla import Cycle, State

Cycles = Mapping[str, tuple[Cycle, ...]]  # by policy, oldest first

_PRESSING = {State.BREACHED: 0, State.WARNED: 1, State.RUNNING: 2, State.PAUSED: 3}
_DAY_MINUTES, _HOUR_MINUTES = 24 * 60, 60


@dataclass(frozen=True, slots=True)
class DueAction:
    """An action that is to be set off now.

    Attributes:
        key: what it is the only one of: policy, cycle, round, what happened, kind, addressee.
        words: what has happened, as people read it.
    """

    action: Action
    key: str
    policy: Policy
    cycle: Cycle
    words: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A verdict that is another than it was. None: there is (was) no such cycle. why: in words."""

    policy: str
    started_at: datetime
    before: Cycle | None
    after: Cycle | None
    why: str


def pressing(cycles: Cycles) -> Cycle | None:
    """The cycle whose verdict is told: late and open, then warned of, running, paused; else the one that ended last.

    Of several that ended with one act, one that was kept or missed: that another became void with it is no news. Of
    equals the first in the order of the policies.
    """
    every = [cycle for those in cycles.values() for cycle in those]
    still = [cycle for cycle in every if cycle.ended_at is None]
    if still:
        return min(still, key=lambda cycle: (_PRESSING[cycle.state], cycle.due_at or cycle.started_at))
    return max(every, key=lambda one: (one.ended_at or one.started_at, one.state is not State.CANCELLED), default=None)


def next_look(cycles: Cycles, now: datetime) -> datetime | None:
    """When one of them will say something else though nothing happens; None: never."""
    looks = (cycle.next_look_at for those in cycles.values() for cycle in those)
    return min((look for look in looks if look is not None and look > now), default=None)


def due_actions(book: Book, cycles: Cycles, fired: Collection[str], now: datetime) -> list[DueAction]:
    """What has to be set off at `now` and was not yet, in the order of the policies' actions."""
    due = []
    for those in cycles.values():
        policy = followed(book, those[-1]) if those else None
        if policy is not None:
            due += [one for one in _news(policy, those[-1], now) if one.key not in fired and not _spent(one, fired)]
    return due


def followed(book: Book, cycle: Cycle) -> Policy | None:
    """The policy a cycle is judged by, as its edition has it; None when the book has forgotten it."""
    editions = (edition for edition in reversed(book) if edition.version == cycle.terms.version)
    return next((edition.policies.get(cycle.terms.policy) for edition in editions), None)


def owes_answer(book: Book, cycle: Cycle) -> bool:
    """Whether it is a promise to answer in time."""
    policy = followed(book, cycle)
    return policy is not None and policy.kind is PolicyKind.DISPOSITION


def corrected(cycles: Cycles, fired: Collection[str]) -> list[Difference]:
    """Cycles of which a breach was told, and which were in time after all: evidence came late."""
    return [
        Difference(policy, cycle.started_at, None, cycle, f"told as breached, {verdict(cycle)}, as came to light later")
        for policy, those in cycles.items()
        for cycle in those
        if cycle.state is not State.BREACHED and any(key.startswith(f"{_key(cycle)}|breach|") for key in fired)
    ]


def differences(before: Cycles, after: Cycles) -> tuple[Difference, ...]:
    """Every verdict that is not the same on both accounts (of one time), by policy and start."""
    was, now = _by_start(before), _by_start(after)
    keys = sorted(was.keys() | now.keys())
    told = ((key, was.get(key), now.get(key)) for key in keys)
    return tuple(Difference(*key, one, other, why) for key, one, other in told if (why := _why(one, other)))


def verdict(cycle: Cycle) -> str:
    """How a cycle stands, in words."""
    if cycle.state is State.BREACHED:
        late = f"breached, {lasting(cycle.lateness)} late"
        return f"{late}, {cycle.evidence}" if cycle.ended_at and cycle.evidence else late
    if cycle.state is State.MET:
        return f"met, {cycle.evidence}" if cycle.evidence else "met"
    if cycle.due_at is None:
        return cycle.state.value
    return f"{cycle.state.value}, due {when(cycle, cycle.due_at)}"


def when(cycle: Cycle, moment: datetime) -> str:
    """A moment on the clock of those who promised."""
    return on_the_clock(cycle.terms.time, moment)


def on_the_clock(time: BusinessTime, moment: datetime) -> str:
    """A moment in the zone of the first calendar."""
    zone = time.calendars[0].zone
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"


def lasting(span: timedelta) -> str:
    """An amount of time in hours and minutes, rounded down."""
    hours, minutes = divmod(int(span.total_seconds()) // 60, _HOUR_MINUTES)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _key(cycle: Cycle) -> str:
    again = f"|again{cycle.rounds}" if cycle.rounds else ""
    return f"{_whole(cycle)}{again}"


def _whole(cycle: Cycle) -> str:
    return f"{cycle.terms.policy}|{cycle.started_at.isoformat()}"


def _news(policy: Policy, cycle: Cycle, now: datetime) -> Iterator[DueAction]:
    """The newest news of an open cycle: that it is late, or the last of its warnings."""
    if cycle.ended_at is not None:
        return
    if cycle.state is State.BREACHED:
        assert cycle.due_at is not None, "a breach has a deadline that was missed"
        what, actions = "breach", policy.on_breach
        late, wall = f"{lasting(cycle.lateness)} late", lasting(now - cycle.due_at)
        late += f", {wall} by the clock on the wall" if wall != lasting(cycle.lateness) else ""
        words = f"{policy.name}: was due {when(cycle, cycle.due_at)}, {late}"
    elif cycle.state is State.WARNED:
        assert cycle.due_at is not None, "who is warned has a deadline"
        what, actions = f"warn{cycle.warned - 1}", policy.on_warning
        words = f"{policy.name}: due {when(cycle, cycle.due_at)}, {lasting(cycle.remaining)} left"
    else:
        return
    for action in actions:
        key = f"{_key(cycle)}|{what}|{action.kind.value}:{action.to or (action.pool.name if action.pool else '')}"
        yield DueAction(action, key, policy, cycle, words)


def _spent(due: DueAction, fired: Collection[str]) -> bool:
    """Whether a reassignment has been made as often as it may be in one cycle."""
    if due.action.kind is not ActionKind.REASSIGN:
        return False
    whole = f"{_whole(due.cycle)}|"
    made = sum(key.startswith(whole) and f"|{ActionKind.REASSIGN.value}:" in key for key in fired)
    return made >= due.action.cap


def _by_start(cycles: Cycles) -> dict[tuple[str, datetime], Cycle]:
    return {(policy, cycle.started_at): cycle for policy, those in cycles.items() for cycle in those}


def _why(before: Cycle | None, after: Cycle | None) -> str:
    """Why a verdict is another, in words; "" where it is not."""
    if before is None or after is None:
        return f"began: {verdict(after)}" if after else "is no longer begun"
    if _said(before) == _said(after):
        return ""
    told = f"{verdict(before)} -> {verdict(after)}"
    if before.terms.version != after.terms.version:
        return f"{told} (policy {before.terms.version} -> {after.terms.version})"
    return told


def _said(cycle: Cycle) -> tuple[object, ...]:
    terms = cycle.terms
    return (cycle.state, cycle.due_at, cycle.ended_at, cycle.lateness, cycle.paused, cycle.evidence, terms.target)
