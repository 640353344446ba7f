"""SLA clocks: what starts, pauses, stops, cancels and resets a promise, and what a cycle says then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connector.core.calendars import BusinessTime, Calendar, Week, Window
from connector.core.clocks import INSTANT, judge
from connector.core.sla import OnReassign, ReEntry, Sort, State, Terms, Turn

OFFICE = BusinessTime(Calendar("office", "UTC", (Week((((Window(9 * 60, 17 * 60)),),) * 5 + ((), ())),)))
HOUR = timedelta(hours=1)
TERMS = Terms("first touch", "1", 4 * HOUR, OFFICE, warnings=(HOUR,))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """November 2026: the 2nd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def start(moment: datetime, terms: Terms = TERMS, owner: str = "ada") -> Turn:
    return Turn(Sort.START, moment, terms, owner)


def turn(sort: Sort, moment: datetime, **more) -> Turn:
    return Turn(sort, moment, **more)


def only(turns, now):
    (cycle,) = judge(turns, now)
    return cycle


def test_without_a_start_there_is_no_clock():
    assert judge([], at(2, 9)) == ()
    assert judge([turn(Sort.STOP, at(2, 9)), start(at(3, 9))], at(2, 10)) == ()


@pytest.mark.parametrize(
    ("now", "state", "next_look"),
    [
        (at(2, 15), State.RUNNING, at(3, 10)),
        (at(3, 9, 59), State.RUNNING, at(3, 10)),
        (at(3, 10), State.WARNED, at(3, 11) + INSTANT),
        (at(3, 11), State.WARNED, at(3, 11) + INSTANT),
        (at(3, 11) + INSTANT, State.BREACHED, None),
        (at(3, 11, 1), State.BREACHED, None),
        (at(9, 11), State.BREACHED, None),
    ],
)
def test_an_open_promise_runs_is_warned_of_and_is_breached(now, state, next_look):
    cycle = only([start(at(2, 15))], now)
    assert (cycle.state, cycle.due_at, cycle.next_look_at) == (state, at(3, 11), next_look)
    assert cycle.ended_at is None


def test_what_has_passed_counts_and_what_is_left_remains():
    cycle = only([start(at(2, 15))], at(3, 10))
    assert (cycle.elapsed, cycle.remaining, cycle.lateness) == (3 * HOUR, HOUR, timedelta())
    late = only([start(at(2, 15))], at(3, 13))
    assert (late.elapsed, late.remaining, late.lateness) == (6 * HOUR, timedelta(), 2 * HOUR)


@pytest.mark.parametrize(("when", "state"), [(at(3, 11), State.MET), (at(3, 11, 1), State.BREACHED)])
def test_who_acts_by_the_deadline_has_kept_the_promise(when, state):
    cycle = only([start(at(2, 15)), turn(Sort.STOP, when, evidence="call by ada")], at(9, 9))
    assert (cycle.state, cycle.ended_at, cycle.evidence, cycle.attempts) == (state, when, "call by ada", 1)
    assert (cycle.due_at, cycle.next_look_at) == (None if state is State.MET else at(3, 11), None)


def test_lateness_is_frozen_when_it_stops():
    turns = [start(at(2, 15)), turn(Sort.STOP, at(3, 12))]
    assert only(turns, at(3, 13)).lateness == only(turns, at(30, 13)).lateness == HOUR


def test_a_pause_moves_the_deadline_by_its_business_time():
    turns = [start(at(2, 9)), turn(Sort.PAUSE, at(2, 10)), turn(Sort.RESUME, at(3, 11))]
    paused = only(turns, at(2, 16))
    assert (paused.state, paused.due_at, paused.elapsed, paused.paused) == (State.PAUSED, None, HOUR, 6 * HOUR)
    resumed = only(turns, at(3, 12))
    assert (resumed.state, resumed.due_at, resumed.paused) == (State.RUNNING, at(3, 14), 9 * HOUR)
    assert OFFICE.measure(at(2, 13), at(3, 14)) == resumed.paused


def test_a_pause_after_the_deadline_does_not_make_it_later():
    turns = [start(at(2, 9)), turn(Sort.PAUSE, at(2, 14)), turn(Sort.RESUME, at(2, 16)), turn(Sort.STOP, at(2, 17))]
    cycle = only(turns, at(3, 9))
    assert (cycle.state, cycle.lateness, cycle.due_at) == (State.BREACHED, 2 * HOUR, at(2, 13))
    assert only(turns[:2], at(2, 15)).state is State.BREACHED


def test_a_promise_that_was_broken_before_it_became_void_stays_broken():
    (cycle,) = judge([start(at(2, 9)), turn(Sort.CANCEL, at(2, 14))], at(4, 9))
    assert (cycle.state, cycle.ended_at, cycle.lateness) == (State.BREACHED, at(2, 14), HOUR)


def test_a_promise_is_cancelled_and_nothing_counts_afterwards():
    turns = [start(at(2, 9)), turn(Sort.CANCEL, at(2, 10)), turn(Sort.STOP, at(2, 11)), turn(Sort.PAUSE, at(2, 12))]
    cycle = only(turns, at(9, 9))
    assert (cycle.state, cycle.ended_at, cycle.elapsed, cycle.attempts) == (State.CANCELLED, at(2, 10), HOUR, 0)


@pytest.mark.parametrize(
    ("sorts", "state"),
    [
        ((Sort.STOP, Sort.CANCEL), State.CANCELLED),
        ((Sort.PAUSE, Sort.STOP), State.MET),
        ((Sort.RESUME, Sort.PAUSE), State.RUNNING),
    ],
)
def test_turns_of_one_instant_have_an_order_of_precedence(sorts, state):
    assert only([start(at(2, 9)), *(turn(sort, at(2, 10)) for sort in sorts)], at(2, 11)).state is state


def test_a_stop_and_the_start_of_one_instant_are_a_stop_before_there_was_anything_to_stop():
    assert only([start(at(2, 9)), turn(Sort.STOP, at(2, 9))], at(2, 10)).state is State.RUNNING


def test_it_takes_as_many_attempts_as_are_promised():
    terms = replace(TERMS, attempts=2)
    turns = [start(at(2, 9), terms), turn(Sort.STOP, at(2, 10)), turn(Sort.STOP, at(2, 12))]
    assert (only(turns, at(2, 11)).state, only(turns, at(2, 11)).attempts) == (State.RUNNING, 1)
    assert (only(turns, at(2, 12)).state, only(turns, at(2, 12)).attempts) == (State.MET, 2)


def test_a_status_alone_is_no_evidence_where_evidence_is_asked_for():
    terms = replace(TERMS, evidence=True)
    turns = [start(at(2, 9), terms), turn(Sort.STOP, at(2, 10)), turn(Sort.STOP, at(2, 11), evidence="e-mail by ada")]
    assert (only(turns, at(2, 10)).state, only(turns, at(2, 10)).unproven) == (State.RUNNING, 1)
    assert (only(turns, at(2, 11)).state, only(turns, at(2, 11)).evidence) == (State.MET, "e-mail by ada")


def test_a_reset_begins_from_nothing():
    turns = [start(at(2, 9)), turn(Sort.PAUSE, at(2, 10)), turn(Sort.RESET, at(2, 12))]
    cycle = only(turns, at(2, 13))
    assert (cycle.state, cycle.elapsed, cycle.paused, cycle.due_at) == (State.RUNNING, HOUR, timedelta(), at(2, 16))


RE_ENTRY = {
    ReEntry.IGNORE: [(State.MET, 2 * HOUR)],
    ReEntry.RESTART: [(State.RUNNING, HOUR)],
    ReEntry.RESUME: [(State.WARNED, 3 * HOUR)],
    ReEntry.NEW_CYCLE: [(State.MET, 2 * HOUR), (State.RUNNING, HOUR)],
}


@pytest.mark.parametrize(("re_entry", "cycles"), RE_ENTRY.items())
def test_a_start_after_the_end_means_what_the_policy_says(re_entry, cycles):
    terms = replace(TERMS, re_entry=re_entry)
    turns = [start(at(2, 9), terms), turn(Sort.STOP, at(2, 11)), start(at(3, 9), terms)]
    assert [(cycle.state, cycle.elapsed) for cycle in judge(turns, at(3, 10))] == cycles


@pytest.mark.parametrize("re_entry", ReEntry)
def test_a_start_of_an_open_cycle_begins_again_only_where_it_restarts(re_entry):
    terms = replace(TERMS, re_entry=re_entry)
    cycle = only([start(at(2, 9), terms), start(at(2, 11), terms)], at(2, 12))
    assert cycle.elapsed == (HOUR if re_entry is ReEntry.RESTART else 3 * HOUR)
    assert cycle.started_at == at(2, 9)


def test_a_resumed_breach_stays_a_breach():
    terms = replace(TERMS, re_entry=ReEntry.RESUME)
    turns = [start(at(2, 9), terms), turn(Sort.STOP, at(2, 14)), start(at(3, 9), terms), turn(Sort.STOP, at(3, 10))]
    cycle = only(turns, at(4, 9))
    assert (cycle.state, cycle.lateness, cycle.due_at) == (State.BREACHED, 2 * HOUR, at(2, 13))


def test_a_restart_forgives_a_breach():
    terms = replace(TERMS, re_entry=ReEntry.RESTART)
    cycle = only([start(at(2, 9), terms), start(at(2, 15), terms), turn(Sort.STOP, at(2, 16))], at(4, 9))
    assert (cycle.state, cycle.lateness) == (State.MET, timedelta())


def test_amended_terms_keep_the_time_that_has_passed():
    longer, shorter = replace(TERMS, version="2", target=6 * HOUR), replace(TERMS, version="2", target=HOUR)
    amended = [start(at(2, 9)), turn(Sort.AMEND, at(2, 14), terms=longer)]
    cycle = only(amended, at(2, 14))
    assert (cycle.terms.version, cycle.state, cycle.elapsed, cycle.due_at) == ("2", State.WARNED, 5 * HOUR, at(2, 15))
    cut = only([start(at(2, 9)), turn(Sort.AMEND, at(2, 11), terms=shorter)], at(2, 12))
    assert (cut.state, cut.due_at, cut.lateness) == (State.BREACHED, at(2, 11), 2 * HOUR)
    still = only([*amended, turn(Sort.AMEND, at(2, 14, 30), terms=shorter)], at(2, 16))
    assert (still.state, still.due_at) == (State.BREACHED, at(2, 14, 30))


def test_a_breach_that_amended_terms_do_not_forgive_keeps_its_time():
    terms = replace(TERMS, target=5 * HOUR)
    cycle = only([start(at(2, 9)), turn(Sort.AMEND, at(2, 15), terms=terms)], at(2, 16))
    assert (cycle.state, cycle.due_at, cycle.lateness) == (State.BREACHED, at(2, 13), 2 * HOUR)


def test_another_owner_goes_on_with_the_clock_unless_the_policy_restarts_it():
    kept = only([start(at(2, 9)), turn(Sort.REASSIGN, at(2, 11), owner="bob")], at(2, 12))
    assert (kept.elapsed, kept.held) == (3 * HOUR, (("ada", 2 * HOUR), ("bob", HOUR)))
    terms = replace(TERMS, on_reassign=OnReassign.RESTART, restarts=1)
    turns = [start(at(2, 9), terms)]
    turns += [turn(Sort.REASSIGN, at(2, hour), owner=owner) for hour, owner in ((10, "ada"), (11, "bob"), (13, "cy"))]
    again = only(turns, at(2, 14))
    assert (again.elapsed, again.held) == (3 * HOUR, (("ada", 2 * HOUR), ("bob", 2 * HOUR), ("cy", HOUR)))


def test_a_warning_never_lies_before_the_start():
    terms = replace(TERMS, warnings=(10 * HOUR, HOUR))
    assert (only([start(at(2, 9), terms)], at(2, 9)).warned, only([start(at(2, 9), terms)], at(2, 12)).warned) == (1, 2)


@pytest.mark.parametrize("changes", [{"target": timedelta()}, {"attempts": 0}])
def test_terms_that_promise_nothing_are_refused(changes):
    with pytest.raises(ValueError, match=r"first touch: a target of .* promise nothing"):
        replace(TERMS, **changes)


def test_a_deadline_at_the_end_of_the_day_is_missed_at_night_though_no_business_time_has_passed():
    turns = [start(at(2, 13)), turn(Sort.STOP, at(2, 20), evidence="call")]
    assert only(turns, at(2, 17)).state is State.WARNED
    night = only(turns, at(2, 18))
    assert (night.state, night.due_at, night.lateness, night.warned) == (State.BREACHED, at(2, 17), timedelta(), 1)
    assert only(turns, at(3, 9)).state is State.BREACHED


def test_every_new_beginning_is_counted():
    resets = [turn(Sort.RESET, at(2, hour)) for hour in (10, 11, 12)]
    assert only([start(at(2, 9)), *resets], at(2, 13)).rounds == 3


def test_every_stop_without_an_activity_is_counted():
    asked = replace(TERMS, evidence=True)
    cycle = only([start(at(2, 9), asked), turn(Sort.STOP, at(2, 10)), turn(Sort.STOP, at(2, 11))], at(2, 12))
    assert (cycle.unproven, cycle.attempts, cycle.state) == (2, 0, State.WARNED)


def test_all_warnings_are_past_once_it_is_late_and_none_while_it_rests():
    twice = replace(TERMS, warnings=(2 * HOUR, HOUR))
    assert only([start(at(2, 9), twice)], at(2, 14)).warned == 2
    assert only([start(at(2, 9), twice), turn(Sort.PAUSE, at(2, 10))], at(2, 14)).warned == 0


def test_who_has_used_all_that_other_terms_allow_is_not_yet_late():
    less = turn(Sort.AMEND, at(2, 11), terms=replace(TERMS, target=2 * HOUR))
    cycle = only([start(at(2, 9)), less], at(2, 11))
    assert (cycle.state, cycle.due_at) == (State.WARNED, at(2, 11))


def test_other_owners_begin_from_nothing_as_often_as_was_agreed():
    terms = replace(TERMS, on_reassign=OnReassign.RESTART, restarts=2)
    owners = [turn(Sort.REASSIGN, at(2, hour), owner=owner) for hour, owner in ((10, "bob"), (11, "cy"), (12, "dee"))]
    cycle = only([start(at(2, 9), terms), *owners], at(2, 13))
    assert (cycle.rounds, cycle.elapsed, cycle.owner) == (2, 2 * HOUR, "dee")
