"""SLA clocks: promises judged as a pure function of what happened and of a time that is handed in.

A cycle runs from its start until it is met, stopped late, or cancelled; what it says then is frozen. Amending the terms
is a turn like any other. Judging later never takes anything back: with the same turns a cycle only goes from running to
warned to breached. Between two turns business time either counts or is paused, so everything is a sum of measures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter

from connector.core.sla import Cycle, OnReassign, ReEntry, Sort, State, Terms, Turn

ZERO = timedelta()
_IN_ORDER = attrgetter("at", "sort")
INSTANT = timedelta(microseconds=1)  # who acts at the very deadline is in time


def judge(turns: Iterable[Turn], now: datetime) -> tuple[Cycle, ...]:
    """Every cycle these turns make, as it stands at `now`, oldest first; turns after `now` have not happened yet."""
    cycles: list[_Running] = []
    for turn in sorted([turn for turn in turns if turn.at <= now], key=_IN_ORDER):
        current = cycles[-1] if cycles else None
        if turn.sort is Sort.START and (current is None or current.is_followed_by(turn)):
            cycles.append(_Running(_terms(turn), turn.at, turn.owner, is_paused=turn.paused))
            cycles[-1].heed(turn)
        elif current is not None:
            current.take(turn)
    return tuple(cycle.at(now) for cycle in cycles)


def _terms(turn: Turn) -> Terms:
    assert turn.terms is not None, "a start and an amendment name their terms"
    return turn.terms


@dataclass(slots=True)
class _Running:
    """A cycle being judged: what it has come to by `since`."""

    terms: Terms
    started_at: datetime
    owner: str
    since: datetime = field(init=False)
    elapsed: timedelta = ZERO
    paused: timedelta = ZERO
    is_paused: bool = False
    ended: State | None = None
    ended_at: datetime | None = None
    missed: datetime | None = None  # the deadline that passed
    attempts: int = 0
    restarts: int = 0
    rounds: int = 0
    unproven: int = 0
    evidence: str = ""
    held: dict[str, timedelta] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.since = self.started_at

    def is_followed_by(self, start: Turn) -> bool:
        """Whether a start makes a cycle of its own."""
        return self.ended is not None and _terms(start).re_entry is ReEntry.NEW_CYCLE

    def take(self, turn: Turn) -> None:
        """Let a turn count."""
        if turn.sort is Sort.START:
            self._start_again(turn)
        elif self.ended is None:
            self._pass_until(turn.at)
            _EFFECTS[turn.sort](self, turn)

    def at(self, now: datetime) -> Cycle:
        """The cycle as it stands at a time that no turn follows."""
        self._pass_until(now)
        due = self.due()
        warned, look = self._warned(due, now)
        return Cycle(
            terms=self.terms,
            started_at=self.started_at,
            state=self._state(warned),
            due_at=self.missed or due,
            ended_at=self.ended_at,
            elapsed=self.elapsed,
            paused=self.paused,
            lateness=max(ZERO, self.elapsed - self.terms.target),
            warned=warned,
            attempts=self.attempts,
            unproven=self.unproven,
            evidence=self.evidence,
            held=tuple(self.held.items()),
            next_look_at=look,
            rounds=self.rounds,
            owner=self.owner,
        )

    def due(self) -> datetime | None:
        """The deadline ahead; None where nothing runs towards one."""
        if self.ended or self.is_paused or self.missed:
            return None
        return self.terms.time.add(self.since, self.terms.target - self.elapsed)

    def heed(self, start: Turn) -> None:
        """What was done at the very instant of a start counts."""
        if start.stops:
            self.stopped(start, start.stops)

    def stopped(self, turn: Turn, times: int = 1) -> None:
        """What was promised was done."""
        self.attempts, self.evidence = self.attempts + times, turn.evidence
        if self.attempts >= self.terms.attempts:
            self.ended, self.ended_at = State.BREACHED if self.missed else State.MET, turn.at

    def begin_again(self, turn: Turn) -> None:
        """From nothing."""
        self.since, self.elapsed, self.paused, self.is_paused = turn.at, ZERO, ZERO, turn.paused
        self.ended, self.ended_at, self.missed, self.attempts = None, None, None, 0
        self.rounds += 1

    def _start_again(self, start: Turn) -> None:
        re_entry = _terms(start).re_entry
        if re_entry is ReEntry.RESTART:
            self.terms, self.owner = _terms(start), start.owner or self.owner
            self.begin_again(start)
            self.heed(start)
        elif re_entry is ReEntry.RESUME and self.ended:
            self.since, self.ended, self.ended_at, self.attempts = start.at, None, None, 0
            self.owner = start.owner or self.owner
            self.is_paused = start.paused
            self.heed(start)

    def _state(self, warned: int) -> State:
        if self.ended:
            return self.ended
        if self.missed:
            return State.BREACHED
        if self.is_paused:
            return State.PAUSED
        return State.WARNED if warned else State.RUNNING

    def _pass_until(self, at: datetime) -> None:
        """Let time pass; who acts at the very deadline is in time."""
        if self.ended or at <= self.since:
            return
        passed = self.terms.time.measure(self.since, at)
        if self.is_paused:
            self.paused += passed
        else:
            if self.elapsed + passed >= self.terms.target:
                due = self.due()
                self.missed = due if due is not None and due < at else self.missed
            self.elapsed += passed
            self.held[self.owner] = self.held.get(self.owner, ZERO) + passed
        self.since = at

    def _warned(self, due: datetime | None, now: datetime) -> tuple[int, datetime | None]:
        """How many warnings are past, walking business time backward from the deadline; and what comes next."""
        warnings = self.terms.warnings
        if due is None:
            return (len(warnings) if self.missed else 0), None
        left = self.terms.target - self.elapsed
        look, warned = due + INSTANT, 0
        for ahead in warnings:
            moment = now if ahead > left else self.terms.time.subtract(due, ahead)
            if moment <= now:
                warned += 1
            elif moment < look:
                look = moment
        return warned, look


def _cancel(cycle: _Running, turn: Turn) -> None:
    """What is void from now on was owed until now: a deadline that was missed by then stays missed."""
    cycle.ended, cycle.ended_at = State.BREACHED if cycle.missed else State.CANCELLED, turn.at


def _stop(cycle: _Running, turn: Turn) -> None:
    if cycle.terms.evidence and not turn.evidence:
        cycle.unproven += 1
    else:
        cycle.stopped(turn)


def _pause(cycle: _Running, _: Turn) -> None:
    cycle.is_paused = True


def _resume(cycle: _Running, _: Turn) -> None:
    cycle.is_paused = False


def _amend(cycle: _Running, turn: Turn) -> None:
    """The accumulated time stays: what the new terms still allow is no longer late, what they do not is, from now."""
    cycle.terms = _terms(turn)
    late = cycle.elapsed > cycle.terms.target
    cycle.missed = (cycle.missed or turn.at) if late else None


def _reassign(cycle: _Running, turn: Turn) -> None:
    is_another = not turn.handoff and cycle.owner not in {"", turn.owner}
    again = is_another and cycle.terms.on_reassign is OnReassign.RESTART
    cycle.owner = turn.owner
    if again and cycle.restarts < cycle.terms.restarts:
        cycle.begin_again(turn)
        cycle.restarts += 1


def _reset(cycle: _Running, turn: Turn) -> None:
    cycle.begin_again(turn)


_EFFECTS = {
    Sort.CANCEL: _cancel,
    Sort.STOP: _stop,
    Sort.PAUSE: _pause,
    Sort.RESUME: _resume,
    Sort.AMEND: _amend,
    Sort.REASSIGN: _reassign,
    Sort.RESET: _reset,
}
