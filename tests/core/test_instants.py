"""What happens at the very instant at which a promise begins: what holds then, what is done then, who gets them."""

from datetime import timedelta

import pytest

from connector.core.sla import OnReassign, ReEntry, State
from tests.core.promises import (
    HOUR,
    LEAD,
    MQL,
    RECYCLED,
    SAL,
    asks,
    at,
    call,
    handed,
    judged,
    only,
    policy,
    seen,
    to,
)

CANCELS, PAUSES, RESETS = (asks(f"value('{word}') == 'yes'") for word in ("void", "wait", "anew"))


def conditions(**changes):
    return policy(cancel=CANCELS, pause=PAUSES, reset=RESETS, **changes)


@pytest.mark.parametrize(
    ("fields", "states"),
    [({"void": "yes"}, []), ({"done": "yes"}, []), ({"wait": "yes"}, [State.PAUSED]), ({}, [State.RUNNING])],
)
def test_cancel_stop_and_pause_that_hold_already_beat_the_start(fields, states):
    promise = conditions(stop=asks("value('done') == 'yes'"), evidence=False)
    before = [seen(at(1, 9), **fields), to(MQL, at(2, 9))]
    assert [one.state for those in judged(promise, before, at(2, 10)).values() for one in those] == states
    same_instant = [to(MQL, at(2, 9)), seen(at(2, 9), **fields)]
    assert [one.state for those in judged(promise, same_instant, at(2, 10)).values() for one in those] == states


def test_what_rests_and_goes_on_at_the_instant_it_starts_runs():
    journey = [to(MQL, at(2, 9)), seen(at(2, 9), wait="yes"), seen(at(2, 9), wait="no")]
    assert only(conditions(), journey, at(2, 10)).elapsed == HOUR


def test_who_calls_at_the_very_instant_of_the_start_has_kept_the_promise_at_once():
    journey = [to(MQL, at(2, 9)), call(at(2, 9)), call(at(2, 10))]
    cycle = only(policy(), journey, at(2, 11))
    assert (cycle.state, cycle.started_at, cycle.ended_at) == (State.MET, at(2, 9), at(2, 9))
    assert (cycle.elapsed, cycle.attempts, cycle.evidence) == (
        timedelta(),
        1,
        "call out by ada at 2026-11-02 09:00 UTC",
    )


def test_one_of_several_attempts_at_the_instant_of_the_start_counts_and_ends_nothing():
    journey = [to(MQL, at(2, 9)), call(at(2, 9)), call(at(2, 10)), call(at(2, 11))]
    running, met = only(policy(attempts=3), journey[:3], at(2, 11)), only(policy(attempts=3), journey, at(2, 12))
    assert (running.state, running.attempts) == (State.RUNNING, 2)
    assert (met.state, met.ended_at, met.attempts) == (State.MET, at(2, 11), 3)
    both_at_once = only(policy(attempts=2), [to(MQL, at(2, 9)), call(at(2, 9)), call(at(2, 9))], at(2, 11))
    assert (both_at_once.state, both_at_once.ended_at, both_at_once.attempts) == (State.MET, at(2, 9), 2)


@pytest.mark.parametrize("call_again", [{"human": False}, {"outbound": False}])
def test_what_is_no_touch_keeps_nothing_at_the_instant_of_the_start_either(call_again):
    any_touch = policy(stop=asks("s.touch is not None"))
    cycle = only(any_touch, [to(MQL, at(2, 9)), call(at(2, 9), **call_again)], at(2, 10))
    assert (cycle.state, cycle.attempts) == (State.RUNNING, 0)


@pytest.mark.parametrize(
    ("re_entry", "elapsed"),
    [
        (ReEntry.IGNORE, HOUR),
        (ReEntry.RESTART, timedelta()),
        (ReEntry.RESUME, HOUR),
        (ReEntry.NEW_CYCLE, HOUR),
    ],
)
def test_a_call_at_the_instant_at_which_an_open_promise_would_begin_again_ends_that_promise(re_entry, elapsed):
    journey = [to(MQL, at(2, 9)), to(SAL, at(2, 10)), to(MQL, at(2, 10)), call(at(2, 10))]
    cycle = only(policy(re_entry=re_entry), journey, at(2, 12))
    assert (cycle.state, cycle.started_at, cycle.ended_at, cycle.elapsed) == (State.MET, at(2, 9), at(2, 10), elapsed)


@pytest.mark.parametrize(
    ("re_entry", "met", "elapsed", "attempts"),
    [
        (ReEntry.IGNORE, [at(2, 10)], HOUR, 1),
        (ReEntry.RESTART, [at(3, 9)], timedelta(), 1),
        (ReEntry.RESUME, [at(3, 9)], HOUR, 1),
        (ReEntry.NEW_CYCLE, [at(2, 10), at(3, 9)], timedelta(), 1),
    ],
)
def test_a_call_at_the_instant_of_a_later_start_keeps_what_that_begins(re_entry, met, elapsed, attempts):
    journey = [to(MQL, at(2, 9)), call(at(2, 10)), to(SAL, at(2, 11)), to(MQL, at(3, 9)), call(at(3, 9))]
    cycles = judged(policy(re_entry=re_entry), journey, at(4, 9))["touch"]
    assert [(cycle.state, cycle.ended_at) for cycle in cycles] == [(State.MET, when) for when in met]
    assert (cycles[-1].elapsed, cycles[-1].attempts) == (elapsed, attempts)


def test_who_is_given_somebody_at_the_instant_of_the_start_has_to_act_from_then_on():
    owned = seen(at(1, 9), LEAD, OwnerId="robot")
    journey = [owned, to(MQL, at(2, 9)), handed(at(2, 9), "ada"), call(at(2, 11))]
    cycle = only(policy(), journey, at(2, 12))
    assert (cycle.held, cycle.owner) == ((("ada", 2 * HOUR),), "ada")
    again = policy(on_reassign=OnReassign.RESTART, attempts=2)
    later = [*journey[:3], seen(at(2, 10), LEAD, OwnerId="bob"), call(at(2, 11))]
    cycle = only(again, later, at(2, 11))
    assert (cycle.rounds, cycle.elapsed, cycle.owner) == (1, HOUR, "bob")
    assert cycle.held == (("ada", HOUR), ("bob", HOUR))


def test_whose_promise_begins_anew_as_they_are_handed_over_is_the_new_owners():
    promise = policy(re_entry=ReEntry.NEW_CYCLE)
    journey = [
        to(MQL, at(2, 9)),
        handed(at(2, 9), "ada"),
        call(at(2, 10)),
        to(RECYCLED, at(2, 11)),
        to(MQL, at(3, 9)),
        handed(at(3, 9), "bob"),
    ]
    first, second = judged(promise, journey, at(3, 10))["touch"]
    assert (first.held, second.held) == ((("ada", HOUR),), (("bob", HOUR),))


def test_who_gets_somebody_as_their_open_promise_begins_again_has_to_act():
    journey = [
        to(MQL, at(2, 9)),
        handed(at(2, 9), "ada"),
        to(RECYCLED, at(2, 10)),
        to(MQL, at(2, 11)),
        handed(at(2, 11), "bob"),
    ]
    for re_entry, held in (
        (ReEntry.RESTART, (("ada", 2 * HOUR), ("bob", HOUR))),
        (ReEntry.IGNORE, (("ada", 2 * HOUR), ("bob", HOUR))),
    ):
        cycle = only(policy(re_entry=re_entry), journey, at(2, 12))
        assert (cycle.held, cycle.owner) == (held, "bob")


def test_marketings_own_promise_is_no_reps():
    cycle = only(policy(team="marketing"), [to(MQL, at(2, 9)), handed(at(2, 9), "ada")], at(2, 10))
    assert (cycle.held, cycle.owner) == ((("", HOUR),), "")
