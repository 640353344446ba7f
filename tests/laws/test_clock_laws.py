"""Law 10, clocks: the deadline is the target's business time away; a pause moves it by its own; judging is monotone."""

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as some

from connector.core.calendars import BusinessTime, Calendar, Week, Window
from connector.core.clocks import judge
from connector.core.sla import OnReassign, ReEntry, Sort, State, Terms, Turn

OFFICES = [
    BusinessTime(Calendar("office", zone, (Week(((Window(540, 720), Window(780, 1020)),) * 5 + ((), ())),)))
    for zone in ("Europe/Berlin", "America/New_York", "Asia/Kolkata")
]
MONDAY = datetime(2026, 10, 19, tzinfo=UTC)  # a week before Berlin changes its clocks
MINUTES = some.integers(1, 14 * 24 * 60)
ORDER = [State.RUNNING, State.WARNED, State.BREACHED]


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


TERMS = some.builds(
    Terms,
    policy=some.just("p"),
    version=some.just("1"),
    target=some.integers(1, 40 * 60).map(minutes),
    time=some.sampled_from(OFFICES),
    warnings=some.lists(some.integers(1, 600).map(minutes), max_size=2).map(tuple),
    attempts=some.integers(1, 2),
    evidence=some.booleans(),
    re_entry=some.sampled_from(ReEntry),
    on_reassign=some.sampled_from(OnReassign),
)
LATER = some.builds(
    Turn,
    sort=some.sampled_from([sort for sort in Sort if sort not in (Sort.START, Sort.AMEND)]),
    at=MINUTES.map(lambda number: MONDAY + minutes(number)),
    owner=some.sampled_from(["ada", "bob"]),
    evidence=some.sampled_from(["", "call"]),
)
STARTS = some.builds(Turn, some.just(Sort.START), MINUTES.map(lambda number: MONDAY + minutes(number)), TERMS)


@given(TERMS, MINUTES)
def test_the_business_time_until_the_deadline_is_the_target(terms, after):
    (cycle,) = judge([Turn(Sort.START, MONDAY + minutes(after), terms)], MONDAY + minutes(after))
    assert cycle.due_at is not None
    assert terms.time.measure(MONDAY + minutes(after), cycle.due_at) == terms.target


@given(TERMS, MINUTES, MINUTES, MINUTES)
def test_a_pause_moves_the_deadline_by_exactly_its_business_time(terms, after, until_pause, pause):
    begin = MONDAY + minutes(after)
    stop, resume = begin + minutes(until_pause), begin + minutes(until_pause + pause)
    assume(terms.time.measure(begin, stop) < terms.target)
    turns = [Turn(Sort.START, begin, terms), Turn(Sort.PAUSE, stop), Turn(Sort.RESUME, resume)]
    (cycle,) = judge(turns, resume)
    assert cycle.due_at is not None
    assert terms.time.measure(begin, cycle.due_at) == terms.target + terms.time.measure(stop, resume)
    assert cycle.paused == terms.time.measure(stop, resume)


@given(STARTS, some.lists(LATER | STARTS, max_size=6), MINUTES, MINUTES)
def test_judging_later_takes_nothing_back(first, more, after, later):
    turns, last = [first, *more], max(turn.at for turn in (first, *more))
    sooner, then = judge(turns, last + minutes(after)), judge(turns, last + minutes(after + later))
    assert len(sooner) == len(then)
    for one, other in zip(sooner, then, strict=True):
        if one.state in ORDER and one.ended_at is None:
            assert ORDER.index(one.state) <= ORDER.index(other.state)
        else:
            assert one.state is other.state
        assert one.elapsed <= other.elapsed
        assert one.ended_at == other.ended_at


@given(STARTS, some.lists(LATER | STARTS, max_size=6), MINUTES)
def test_nothing_changes_before_the_next_look(first, more, after):
    turns = [first, *more]
    now = max(turn.at for turn in turns) + minutes(after)
    for place, cycle in enumerate(judge(turns, now)):
        if cycle.next_look_at is not None:
            just_before = judge(turns, cycle.next_look_at - timedelta(microseconds=1))[place]
            assert (just_before.state, just_before.warned) == (cycle.state, cycle.warned)


@given(STARTS, some.lists(LATER | STARTS, max_size=6), MINUTES)
def test_the_order_in_which_turns_become_known_does_not_count(first, more, after):
    turns = sorted([first, *more], key=lambda turn: (turn.at, turn.sort))
    distinct = list({(turn.at, turn.sort): turn for turn in turns}.values())
    now = MONDAY + minutes(after)
    assert judge(distinct, now) == judge(reversed(distinct), now)
