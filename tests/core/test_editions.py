"""Editions of a policy: what an edit changes for who starts later, and for whom the clock runs already."""

import pytest

from connector.core.policies import differences
from connector.core.policy import PolicyKind
from connector.core.sla import ReEntry, State
from tests.core.promises import (
    HOUR,
    LEAD,
    MQL,
    RECYCLED,
    SAL,
    asks,
    at,
    call,
    edition,
    hours,
    judged,
    only,
    policy,
    seen,
    to,
)

LONG, SHORT = policy(targets=(hours(8),)), policy(targets=(hours(2),))
SINCE = at(2, 11)


def edited(*after, open_too=False, before=(LONG,)):
    return edition("1", at(1, 0), *before), edition("2", SINCE, *after, open_too=open_too)


def test_an_edit_is_for_those_who_start_from_then_on():
    book = edited(SHORT)
    running = only(book, [to(MQL, at(2, 9))], at(2, 12))
    assert (running.terms.version, running.due_at) == ("1", at(2, 17))
    assert only(book, [to(MQL, SINCE)], at(2, 12)).due_at == at(2, 13)


def test_an_edit_may_be_for_open_clocks_too_and_keeps_their_time():
    book = edited(SHORT, open_too=True)
    cycle = only(book, [to(MQL, at(2, 10))], at(2, 11, 30))
    assert (cycle.terms.version, cycle.due_at, cycle.elapsed, cycle.started_at) == (
        "2",
        at(2, 12),
        1.5 * HOUR,
        at(2, 10),
    )
    assert only(book, [to(MQL, at(2, 10))], at(2, 10, 30)).terms.version == "1"


def test_the_first_edition_is_for_all_who_started_before_it():
    book = (edition("1", SINCE, LONG),)
    assert only(book, [to(MQL, at(1, 9))], at(2, 12)).terms.version == "1"


def test_what_is_over_keeps_the_edition_it_was_judged_by():
    journey = [to(MQL, at(2, 9)), call(at(2, 10))]
    cycle = only(edited(SHORT, open_too=True), journey, at(3, 9))
    assert (cycle.terms.version, cycle.state) == ("1", State.MET)


def test_an_open_clock_heeds_the_conditions_of_its_own_edition():
    answered = policy(stop=asks("value('done') == 'yes'"), evidence=False)
    journey = [to(MQL, at(2, 9)), seen(at(2, 12), done="yes"), call(at(2, 13))]
    assert only(edited(answered), journey, at(2, 14)).ended_at == at(2, 13)
    assert only(edited(answered, open_too=True), journey, at(2, 14)).ended_at == at(2, 12)


def test_a_policy_that_is_no_longer_there_runs_on_where_it_is_open_unless_it_is_dropped_for_all():
    journey = [to(MQL, at(2, 9)), call(at(2, 12))]
    assert only(edited(), journey, at(2, 13)).state is State.MET
    dropped = only(edited(open_too=True), journey, at(2, 13))
    assert (dropped.state, dropped.ended_at) == (State.CANCELLED, SINCE)
    assert judged(edited(), [to(MQL, at(2, 12))], at(2, 13)) == {}


def test_a_new_policy_starts_for_nobody_who_meets_its_condition_already():
    assert judged(edited(SHORT, before=()), [to(MQL, at(2, 9)), seen(at(2, 12), x="1")], at(2, 13)) == {}
    assert judged(edited(SHORT, before=(), open_too=True), [to(MQL, at(2, 9))], at(2, 13)) == {}
    assert only(edited(SHORT, before=()), [to("lead", at(2, 9)), to(MQL, at(2, 12))], at(2, 13)).due_at == at(2, 14)


def test_the_target_of_an_amended_clock_is_that_of_the_situation_then():
    sized = policy(targets=(hours(1, when=asks("value('size') == 'large'")), hours(6)))
    journey = [to(MQL, at(2, 10)), seen(at(2, 10, 30), size="large"), seen(at(2, 11, 30), size="small")]
    assert only(edited(sized, open_too=True), journey, at(2, 11, 45)).terms.target == HOUR


WAIT = asks("value('wait') == 'yes'")


@pytest.mark.parametrize(("open_too", "due"), [(False, at(2, 15)), (True, at(2, 14))])
def test_a_pause_survives_an_edit(open_too, due):
    before, after = policy(pause=WAIT, targets=(hours(5),)), policy(pause=WAIT)
    journey = [to(MQL, at(2, 9)), seen(at(2, 10), wait="yes"), seen(at(2, 11, 30), wait="no")]
    book = edited(after, before=(before,), open_too=open_too)
    assert only(book, journey, at(2, 11, 15)).state is State.PAUSED
    cycle = only(book, journey, at(2, 12))
    assert (cycle.paused, cycle.due_at) == (1.5 * HOUR, due + HOUR / 2)


def test_what_an_edit_pauses_or_no_longer_pauses_rests_or_goes_on_from_then_on():
    journey = [seen(at(1, 9), wait="yes"), to(MQL, at(2, 9))]
    paused = only(edited(policy(pause=WAIT), open_too=True), journey, at(2, 13))
    assert (paused.state, paused.elapsed) == (State.PAUSED, 2 * HOUR)
    resumed = only(edited(LONG, before=(policy(pause=WAIT),), open_too=True), journey, at(2, 13))
    assert (resumed.state, resumed.elapsed, resumed.paused) == (State.RUNNING, 2 * HOUR, 2 * HOUR)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"cancel": WAIT}, State.CANCELLED),
        ({"stop": WAIT, "evidence": False}, State.MET),
        ({"stop": WAIT, "kind": PolicyKind.FIRST_TOUCH}, State.RUNNING),
    ],
)
def test_what_an_edit_voids_or_calls_done_is_so_from_then_on(changes, state):
    journey = [seen(at(1, 9), wait="yes"), to(MQL, at(2, 9))]
    cycle = only(edited(policy(**changes), open_too=True), journey, at(2, 12))
    assert (cycle.state, cycle.ended_at) == (state, None if state is State.RUNNING else SINCE)


@pytest.mark.parametrize(
    ("re_entry", "versions"),
    [
        (ReEntry.IGNORE, ["1"]),
        (ReEntry.RESTART, ["2"]),
        (ReEntry.RESUME, ["1"]),
        (ReEntry.NEW_CYCLE, ["1", "2"]),
    ],
)
def test_who_comes_back_after_an_edit_is_judged_by_it_where_a_promise_begins(re_entry, versions):
    before, after = policy(re_entry=re_entry), policy(re_entry=re_entry, stop=asks("s.stage == 'sal'"), evidence=False)
    journey = [to(MQL, at(2, 9)), call(at(2, 10)), to(RECYCLED, at(2, 12)), to(MQL, at(3, 9)), to(SAL, at(3, 10))]
    cycles = judged(edited(after, before=(before,)), journey, at(3, 11))["touch"]
    assert [cycle.terms.version for cycle in cycles] == versions
    assert (cycles[-1].ended_at == at(3, 10)) == (versions[-1] == "2")


def test_an_open_clock_that_would_start_again_stays_with_its_edition_unless_it_restarts():
    journey = [to(MQL, at(2, 9)), to("lead", at(2, 10)), to(MQL, at(2, 12))]
    assert only(edited(SHORT), journey, at(2, 13)).terms.version == "1"
    again = policy(targets=(hours(2),), re_entry=ReEntry.RESTART)
    cycle = only(edited(again), journey, at(2, 13))
    assert (cycle.terms.version, cycle.elapsed, cycle.started_at, cycle.rounds) == ("2", HOUR, at(2, 9), 1)


def test_editions_that_nothing_has_happened_since_count_too():
    third = edition("3", at(2, 12), policy(targets=(hours(3),)), open_too=True)
    book = (*edited(SHORT, open_too=True), third)
    assert [only(book, [to(MQL, at(2, 10))], at(2, hour)).terms.version for hour in (10, 11, 12)] == ["1", "2", "3"]
    assert only(book, [to(MQL, at(2, 10))], at(2, 12)).due_at == at(2, 13)


def test_what_an_edit_would_change_is_told_person_by_person():
    journey = [seen(at(1, 9), LEAD, OwnerId="ada"), to(MQL, at(2, 9))]
    now = at(2, 13)
    (one,) = differences(judged(edited(SHORT), journey, now), judged(edited(SHORT, open_too=True), journey, now))
    assert (one.policy, one.started_at, one.before.state, one.after.state) == (
        "touch",
        at(2, 9),
        State.RUNNING,
        State.BREACHED,
    )
    assert one.why == "running, due 2026-11-02 17:00 (UTC) -> breached, 2 h 0 min late (policy 1 -> 2)"


def test_an_older_edition_that_goes_on_with_a_cycle_pauses_it_by_its_own_conditions():
    before = policy(re_entry=ReEntry.RESUME, pause=WAIT)
    after = policy(re_entry=ReEntry.RESUME)
    journey = [
        to(MQL, at(2, 9)),
        call(at(2, 10)),
        to(RECYCLED, at(2, 12)),
        seen(at(2, 13), wait="yes"),
        to(MQL, at(3, 9)),
    ]
    paused = only(edited(after, before=(before,)), journey, at(3, 10))
    assert (paused.state, paused.elapsed, paused.terms.version) == (State.PAUSED, HOUR, "1")
    swapped = only(edited(before, before=(after,)), journey, at(3, 10))
    assert (swapped.state, swapped.elapsed, swapped.terms.version) == (State.RUNNING, 2 * HOUR, "1")
