"""Law 10, clocks: the judge against one that steps through the minutes, over random calendars, zones and pauses."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from connector.core.calendars import DAY_MINUTES, BusinessTime
from connector.core.clocks import judge
from connector.core.sla import OnReassign, Sort, State, Terms, Turn
from tests.laws.minutes import MINUTE, calendars, moments, open_minutes

DAYS, HALF = 4, 30
Event = tuple[int, Sort, str, bool]
SORTS = [sort for sort in Sort if sort not in {Sort.START, Sort.AMEND}]
EVENTS = some.lists(
    some.tuples(
        some.integers(0, DAYS * DAY_MINUTES),
        some.sampled_from(SORTS),
        some.sampled_from(["ada", "bob"]),
        some.booleans(),
    ),
    max_size=7,
    unique_by=lambda event: (event[0], event[1]),
)


@dataclass
class Stepped:
    """A clock that is told every minute whether it was one of business."""

    target: int
    attempts: int
    restarts: int
    evidence: bool
    owner: str = "ada"
    elapsed: int = 0
    paused: int = 0
    rests: bool = False
    due: int | None = None
    missed: int | None = None
    ended: tuple[State, int] | None = None
    made: int = 0
    held: dict[str, int] = field(default_factory=dict)

    def hears(self, minute: int, sort: Sort, owner: str, *, shown: bool) -> None:
        """Something happens at the beginning of a minute."""
        if sort is Sort.CANCEL:
            self.ended = (State.CANCELLED if self.missed is None else State.BREACHED), minute
        elif sort is Sort.STOP and (shown or not self.evidence):
            self.made += 1
            if self.made == self.attempts:
                self.ended = (State.MET if self.missed is None else State.BREACHED), minute
        elif sort in {Sort.PAUSE, Sort.RESUME}:
            self.rests = sort is Sort.PAUSE
            self.due = None
        elif sort is Sort.RESET:
            self.begins_again()
        elif sort is Sort.REASSIGN:
            if owner != self.owner and self.restarts:
                self.restarts -= 1
                self.begins_again()
            self.owner = owner

    def begins_again(self) -> None:
        """From nothing."""
        self.elapsed = self.paused = self.made = 0
        self.rests, self.due, self.missed = False, None, None

    def looks(self, minute: int) -> None:
        """At the end of all that happened at an instant: has the time allowed passed by now?"""
        if self.due is None and not self.rests and self.elapsed >= self.target:
            self.due = minute

    def passes(self, *, is_open: bool) -> None:
        """A minute passes."""
        if self.due is not None and self.missed is None and not self.rests:
            self.missed = self.due
        if is_open and self.rests:
            self.paused += 1
        if not self.rests:
            self.elapsed += is_open
            self.held[self.owner] = self.held.get(self.owner, 0) + is_open


def stepped(clock: Stepped, marks: list[bool], events: list[Event], now: int) -> Stepped:
    """The clock as it stands after so many minutes."""
    due = {
        when: [event for event in sorted(events, key=lambda one: one[:2]) if event[0] == when] for when, *_ in events
    }
    for minute in range(now + 1):
        clock.looks(minute)
        for _, sort, owner, shown in due.get(minute, ()):
            if clock.ended is None:
                clock.hears(minute, sort, owner, shown=shown)
        if clock.ended is not None:
            break
        clock.looks(minute)
        if minute < now:
            clock.passes(is_open=marks[minute])
    return clock


def on_the_half_hour(moment: datetime) -> datetime:
    """So that deadlines may fall on the end of a window: after it nothing counts, and they are missed all the same."""
    return moment.replace(minute=moment.minute // HALF * HALF)


@some.composite
def promises(draw: some.DrawFn) -> Terms:
    """Terms of a calendar that opens."""
    return Terms(
        "p",
        "1",
        MINUTE * draw(some.integers(1, 1_200) | some.integers(1, 16).map(lambda half: half * HALF)),
        BusinessTime(draw(calendars().filter(lambda one: any(one.weeks[0].days)))),
        attempts=draw(some.integers(1, 2)),
        evidence=draw(some.booleans()),
        on_reassign=OnReassign.RESTART,
        restarts=draw(some.integers(0, 2)),
    )


@given(promises(), moments() | moments().map(on_the_half_hour), EVENTS, some.integers(0, DAYS * DAY_MINUTES))
def test_a_clock_is_judged_as_if_somebody_had_watched_it_every_minute(terms, start, events, now):
    later = [event for event in events if event[0] > 0]
    turns = [Turn(sort, start + MINUTE * when, None, owner, "call" * shown) for when, sort, owner, shown in later]
    (cycle,) = judge([Turn(Sort.START, start, terms, "ada"), *turns], start + MINUTE * now)
    target = terms.target // MINUTE
    marks = open_minutes(terms.time.calendars[0], start, DAYS)
    oracle = stepped(Stepped(target, terms.attempts, terms.restarts, terms.evidence), marks, later, now)
    assert (cycle.elapsed, cycle.paused) == (MINUTE * oracle.elapsed, MINUTE * oracle.paused)
    assert {owner: span for owner, span in cycle.held if span} == _spans(oracle.held)
    assert cycle.lateness == MINUTE * max(0, oracle.elapsed - target)
    assert cycle.attempts == oracle.made
    assert (cycle.state, cycle.ended_at) == _verdict(oracle, start)
    if oracle.missed is not None:
        assert cycle.due_at == start + MINUTE * oracle.missed


def _spans(held: dict[str, int]) -> dict[str, timedelta]:
    return {owner: MINUTE * minutes for owner, minutes in held.items() if minutes}


def _verdict(oracle: Stepped, start: datetime) -> tuple[State, datetime | None]:
    if oracle.ended is not None:
        return oracle.ended[0], start + MINUTE * oracle.ended[1]
    if oracle.missed is not None:
        return State.BREACHED, None
    return (State.PAUSED if oracle.rests else State.RUNNING), None
