"""One policy along one journey: conditions that hold already, evidence from before, what counts once."""

from datetime import timedelta

import pytest

from connector.core.journey import Verdict
from connector.core.policy import PolicyKind, Unit
from connector.core.sla import OnReassign, ReEntry, State
from tests.core.promises import (
    HOUR,
    LEAD,
    MQL,
    RECYCLED,
    answer,
    asks,
    at,
    call,
    edition,
    handed,
    hours,
    judged,
    only,
    policy,
    seen,
    to,
)

CANCELS, PAUSES, RESUMES, RESETS = (asks(f"value('{word}') == 'yes'") for word in ("void", "wait", "go", "anew"))
CONTACTED = asks("value('Status') == 'Contacted'")


def status(moment, value="Contacted"):
    return seen(moment, LEAD, Status=value)


def test_what_goes_on_already_as_it_begins_does_not_rest():
    promise = policy(pause=PAUSES, resume=RESUMES)
    assert only(promise, [seen(at(1, 9), wait="yes", go="yes"), to(MQL, at(2, 9))], at(2, 10)).state is State.RUNNING
    assert only(promise, [seen(at(1, 9), wait="yes"), to(MQL, at(2, 9))], at(2, 10)).state is State.PAUSED


def test_what_was_begun_anew_before_the_start_is_no_new_beginning():
    journey = [seen(at(1, 9), anew="yes"), to(MQL, at(2, 9)), seen(at(2, 11), anew="yes")]
    cycle = only(policy(reset=RESETS), journey, at(2, 12))
    assert (cycle.rounds, cycle.elapsed) == (0, 3 * HOUR)


def test_what_is_done_after_a_new_beginning_keeps_the_promise():
    journey = [to(MQL, at(2, 9)), seen(at(2, 10), anew="yes"), call(at(2, 11))]
    cycle = only(policy(reset=RESETS), journey, at(2, 12))
    assert (cycle.state, cycle.rounds, cycle.elapsed) == (State.MET, 1, HOUR)


def test_a_clock_that_a_new_owner_begins_anew_rests_while_it_rested():
    promise = policy(on_reassign=OnReassign.RESTART, pause=PAUSES)
    journey = [
        seen(at(1, 9), LEAD, OwnerId="ada"),
        to(MQL, at(2, 9)),
        seen(at(2, 10), wait="yes"),
        seen(at(2, 11), LEAD, OwnerId="bob"),
    ]
    cycle = only(promise, journey, at(2, 12))
    assert (cycle.state, cycle.rounds, cycle.elapsed, cycle.paused) == (State.PAUSED, 1, timedelta(), HOUR)


def test_a_clock_that_a_moment_paused_rests_when_it_is_started_again():
    inbound = asks("s.touch is not None and not s.touch.outbound")
    promise = policy(pause=asks("s.answer is not None"), resume=inbound, re_entry=ReEntry.RESTART)
    journey = [to(MQL, at(2, 9)), answer(at(2, 10)), to(RECYCLED, at(2, 11)), to(MQL, at(2, 12))]
    assert only(promise, journey, at(2, 13)).state is State.PAUSED


def test_a_call_at_the_instant_of_a_new_beginning_is_an_attempt_of_the_new_one():
    promise = policy(attempts=2, re_entry=ReEntry.RESTART)
    journey = [to(MQL, at(2, 9)), to(RECYCLED, at(2, 10)), to(MQL, at(2, 10)), call(at(2, 10))]
    cycle = only(promise, journey, at(2, 11))
    assert (cycle.state, cycle.rounds, cycle.attempts) == (State.RUNNING, 1, 1)
    going_on = only(policy(attempts=2), journey, at(2, 11))
    assert (going_on.state, going_on.rounds, going_on.attempts) == (State.RUNNING, 0, 1)


@pytest.mark.parametrize("again", [status(at(2, 11)), call(at(2, 11), human=False), call(at(2, 11), outbound=False)])
def test_a_status_without_an_activity_is_counted_once(again):
    assert only(policy(stop=CONTACTED), [to(MQL, at(2, 9)), status(at(2, 10)), again], at(2, 12)).unproven == 1


def test_a_status_that_is_told_again_is_one_stop():
    promise = policy(stop=CONTACTED, evidence=False, attempts=2)
    journey = [to(MQL, at(2, 9)), status(at(2, 10)), status(at(2, 11))]
    assert only(promise, journey, at(2, 12)).attempts == 1
    journey += [status(at(2, 12), "Open"), status(at(2, 12, 30))]
    assert only(promise, journey, at(2, 13)).ended_at == at(2, 12, 30)


def test_a_call_at_the_instant_of_the_start_is_evidence_for_the_status_that_follows():
    cycle = only(policy(stop=CONTACTED), [to(MQL, at(2, 9)), call(at(2, 9)), status(at(2, 10))], at(2, 11))
    assert (cycle.state, cycle.evidence) == (State.MET, "call out by ada at 2026-11-02 09:00 UTC")


@pytest.mark.parametrize(
    "ending",
    [
        [call(at(2, 10)), status(at(2, 11)), status(at(2, 12), "Open")],
        [seen(at(2, 10), void="yes"), call(at(2, 11)), seen(at(2, 12), void=None)],
    ],
)
def test_what_was_done_for_an_earlier_promise_is_no_evidence_for_the_next(ending):
    promise = policy(stop=CONTACTED, cancel=CANCELS, re_entry=ReEntry.NEW_CYCLE)
    journey = [to(MQL, at(2, 9)), *ending, to(RECYCLED, at(2, 13)), to(MQL, at(3, 9)), status(at(3, 10))]
    last = judged(promise, journey, at(3, 11))["touch"][-1]
    assert (last.started_at, last.state, last.unproven) == (at(3, 9), State.RUNNING, 1)


def test_who_did_it_is_left_out_where_nobody_tells():
    assert (
        only(policy(), [to(MQL, at(2, 9)), call(at(2, 10), "")], at(2, 11)).evidence
        == "call out at 2026-11-02 10:00 UTC"
    )
    told = policy(kind=PolicyKind.DISPOSITION, stop=asks("s.answer is not None"))
    nobody = only(told, [to(MQL, at(2, 9)), answer(at(2, 10), Verdict.ACCEPT, by="")], at(2, 11))
    assert nobody.evidence == "accept at 2026-11-02 10:00 UTC"


def test_an_edit_that_calls_an_answer_given_counts_without_an_entry_to_show_it():
    first = policy(kind=PolicyKind.DISPOSITION, stop=asks("False"), evidence=False)
    other = policy(kind=PolicyKind.DISPOSITION, stop=CONTACTED, evidence=False)
    book = (edition("1", at(1, 0), first), edition("2", at(2, 11), other, open_too=True))
    cycle = only(book, [to(MQL, at(2, 9)), status(at(2, 10))], at(2, 12))
    assert (cycle.state, cycle.ended_at, cycle.evidence) == (State.MET, at(2, 11), "")


def test_an_edit_in_working_days_is_counted_from_when_it_came_into_force():
    other = policy(targets=(hours(1, Unit.BUSINESS_DAYS),))
    book = (edition("1", at(1, 0), policy()), edition("2", at(2, 11), other, open_too=True))
    cycle = only(book, [to(MQL, at(2, 9))], at(2, 12))
    assert (cycle.terms.target, cycle.due_at) == (8 * HOUR, at(2, 17))


def test_an_escalation_at_another_instant_is_no_handoff_of_its_own():
    promise = policy(on_reassign=OnReassign.RESTART)
    journey = [to(MQL, at(2, 9)), handed(at(2, 9), "ada"), handed(at(2, 11), "bob", "touch")]
    cycle = only(promise, journey, at(2, 12))
    assert (cycle.rounds, cycle.elapsed, cycle.owner) == (1, HOUR, "bob")
