"""Policies along a journey: what starts, pauses, keeps and voids a promise, from entries to verdicts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.core.definition import Feedback, Reason, ReasonClass
from connector.core.journey import Verdict
from connector.core.lifecycle import Kind, Mover
from connector.core.policies import Scope, judge_all, turns
from connector.core.policy import PolicyKind, Unit
from connector.core.sla import OnReassign, ReEntry, Sort, State
from connector.core.steered import Agreement
from connector.core.walking import walk
from tests.core.promises import (
    CONTACT,
    DEFINITION,
    HOUR,
    IN_MQL,
    IN_SAL,
    LEAD,
    MQL,
    RECYCLED,
    SAL,
    TOUCHED,
    answer,
    asks,
    at,
    book,
    call,
    handed,
    hours,
    judged,
    office,
    only,
    policy,
    seen,
    to,
)

CANCELS, PAUSES, RESUMES, RESETS = (asks(f"value('{word}') == 'yes'") for word in ("void", "wait", "go", "anew"))


def test_who_enters_the_stage_is_promised_a_touch_and_a_call_keeps_it():
    journey = [to(MQL, at(2, 15)), call(at(3, 10, 30))]
    running, met = only(policy(), journey, at(3, 10)), only(policy(), journey, at(9, 9))
    assert (running.state, running.due_at, running.started_at) == (State.RUNNING, at(3, 11), at(2, 15))
    assert (met.state, met.ended_at, met.evidence) == (
        State.MET,
        at(3, 10, 30),
        "call out by ada at 2026-11-03 10:30 UTC",
    )


@pytest.mark.parametrize("unheard", [{"human": False}, {"outbound": False}])
def test_a_machine_and_a_call_that_comes_in_keep_no_promise(unheard):
    assert only(policy(), [to(MQL, at(2, 15)), call(at(3, 9), **unheard)], at(3, 10)).state is State.RUNNING


def test_a_stop_that_counts_every_touch_needs_a_human_who_calls_out_as_its_evidence():
    any_touch = policy(stop=asks("s.touch is not None"))
    cycle = only(any_touch, [to(MQL, at(2, 9)), call(at(2, 10), human=False), call(at(2, 11))], at(2, 12))
    assert (cycle.state, cycle.ended_at, cycle.unproven) == (State.MET, at(2, 11), 1)


@pytest.mark.parametrize(
    ("office_hours", "start", "amount", "due"),
    [
        ((9, 17), at(6, 16, 30), 1, at(9, 9, 30)),
        ((8, 18), at(9, 17), 4, at(10, 11)),
        ((10, 18), at(11, 15), 10, at(12, 17)),
        ((10, 18), at(11, 20), 10, at(13, 12)),
        ((9, 17), at(6, 16), 8, at(9, 16)),
        ((9, 17), at(6, 16), 2, at(9, 10)),
    ],
)
def test_the_vectors_of_the_field_from_journey_to_deadline(office_hours, start, amount, due):
    time = office(*office_hours)
    promise = policy(targets=(hours(amount),), time=lambda _: time)
    assert only(promise, [to(MQL, start)], start).due_at == due


def test_there_is_no_clock_without_a_start_and_no_policy_without_a_book():
    assert judged(policy(), [to("lead", at(2, 9)), call(at(2, 10))], at(3, 9)) == {}
    assert judge_all((), walk(DEFINITION, [to(MQL, at(2, 9))]), at(3, 9)) == {}


def test_a_start_counts_when_it_becomes_true_and_not_while_it_stays_so():
    journey = [to(MQL, at(2, 9)), seen(at(2, 11), phone="1"), call(at(2, 12)), seen(at(3, 9), phone="2")]
    again = policy(re_entry=ReEntry.NEW_CYCLE)
    assert only(again, journey, at(4, 9)).ended_at == at(2, 12)
    back = [*journey, to(RECYCLED, at(4, 9)), to(MQL, at(5, 9))]
    assert [cycle.started_at for cycle in judged(again, back, at(5, 9))["touch"]] == [at(2, 9), at(5, 9)]


def test_a_start_that_asks_about_a_moment_counts_each_time():
    rejected, said = asks("s.answer.verdict == 'reject'"), asks("value('x')")
    promise = policy(start=rejected, stop=said, re_entry=ReEntry.NEW_CYCLE, evidence=False)
    journey = [answer(at(2, 9)), seen(at(2, 10), x="1"), seen(at(2, 11), x=None), answer(at(3, 9))]
    cycles = judged(promise, journey, at(3, 10))["touch"]
    assert [(cycle.started_at, cycle.state) for cycle in cycles] == [(at(2, 9), State.MET), (at(3, 9), State.RUNNING)]


def conditions(**changes):
    return policy(cancel=CANCELS, pause=PAUSES, reset=RESETS, **changes)


def test_a_promise_is_cancelled():
    cycle = only(conditions(), [to(MQL, at(2, 9)), seen(at(2, 10), void="yes"), call(at(2, 11))], at(3, 9))
    assert (cycle.state, cycle.ended_at, cycle.attempts) == (State.CANCELLED, at(2, 10), 0)


def test_a_promise_rests_while_its_pause_holds():
    journey = [to(MQL, at(2, 9)), seen(at(2, 10), wait="yes"), seen(at(2, 12), wait="no")]
    assert only(conditions(), journey, at(2, 11)).state is State.PAUSED
    cycle = only(conditions(), journey, at(2, 13))
    assert (cycle.state, cycle.due_at, cycle.paused) == (State.RUNNING, at(2, 15), 2 * HOUR)


def test_a_promise_with_a_condition_to_resume_rests_until_that_comes_true():
    promise = conditions(resume=RESUMES)
    journey = [to(MQL, at(2, 9)), seen(at(2, 10), wait="yes"), seen(at(2, 11), wait="no"), seen(at(2, 12), go="yes")]
    assert only(promise, journey, at(2, 11, 30)).state is State.PAUSED
    assert only(promise, journey, at(2, 13)).due_at == at(2, 15)


def test_a_moment_may_pause_and_resume():
    inbound = asks("s.touch is not None and not s.touch.outbound")
    promise = policy(pause=asks("s.answer is not None"), resume=inbound)
    journey = [to(MQL, at(2, 9)), answer(at(2, 10)), seen(at(2, 11), x="1"), call(at(2, 12), outbound=False)]
    assert only(promise, journey, at(2, 11, 30)).state is State.PAUSED
    assert only(promise, journey, at(2, 13)).paused == 2 * HOUR


def test_a_promise_begins_from_nothing_where_it_is_reset():
    cycle = only(conditions(), [to(MQL, at(2, 9)), seen(at(2, 11), anew="yes")], at(2, 12))
    assert (cycle.elapsed, cycle.due_at, cycle.rounds) == (HOUR, at(2, 15), 1)


def test_what_begins_anew_while_it_rests_goes_on_resting():
    journey = [to(MQL, at(2, 9)), seen(at(2, 10), wait="yes"), seen(at(2, 11), anew="yes"), seen(at(2, 12), wait="no")]
    assert only(conditions(), journey, at(2, 11, 30)).state is State.PAUSED
    assert only(conditions(), journey, at(2, 13)).due_at == at(2, 16)


@pytest.mark.parametrize(
    ("fields", "cycles"),
    [
        ({"void": "yes", "done": "yes", "wait": "yes"}, [(State.CANCELLED, 0)]),
        ({"done": "yes", "wait": "yes"}, [(State.MET, 1)]),
        ({"wait": "yes"}, [(State.PAUSED, 0)]),
    ],
)
def test_cancel_beats_stop_beats_pause_at_one_instant(fields, cycles):
    promise = conditions(stop=asks("value('done') == 'yes'"), evidence=False)
    journey = [to(MQL, at(2, 9)), seen(at(2, 10), **fields)]
    assert [(one.state, one.attempts) for one in judged(promise, journey, at(2, 11))["touch"]] == cycles


def test_so_many_attempts_within_the_target():
    promise = policy(kind=PolicyKind.ATTEMPTS, attempts=3)
    journey = [to(MQL, at(2, 9)), call(at(2, 10)), call(at(2, 11)), call(at(2, 14))]
    assert (only(promise, journey, at(2, 12)).attempts, only(promise, journey, at(2, 12)).state) == (2, State.RUNNING)
    assert (only(promise, journey, at(2, 15)).state, only(promise, journey, at(2, 15)).lateness) == (
        State.BREACHED,
        HOUR,
    )


CONTACTED = asks("value('Status') == 'Contacted'")


def test_a_status_without_an_activity_is_flagged_and_keeps_no_promise():
    journey = [to(MQL, at(2, 9)), seen(at(2, 10), LEAD, Status="Contacted")]
    cycle = only(policy(stop=CONTACTED), journey, at(2, 11))
    assert (cycle.state, cycle.unproven, cycle.attempts) == (State.RUNNING, 1, 0)
    assert only(policy(stop=CONTACTED, evidence=False), journey, at(2, 11)).state is State.MET


def test_a_status_counts_with_the_call_that_was_made_before_it():
    journey = [call(at(1, 9), "cy"), to(MQL, at(2, 9)), call(at(2, 10)), seen(at(2, 11), LEAD, Status="Contacted")]
    cycle = only(policy(stop=CONTACTED), journey, at(2, 12))
    assert (cycle.state, cycle.ended_at, cycle.unproven) == (State.MET, at(2, 11), 0)
    assert cycle.evidence == "call out by ada at 2026-11-02 10:00 UTC"
    of_last_week = [call(at(1, 9), "cy"), to(MQL, at(2, 9)), seen(at(2, 11), LEAD, Status="Contacted")]
    assert only(policy(stop=CONTACTED), of_last_week, at(2, 12)).unproven == 1


def test_a_status_counts_once_the_call_is_made_that_it_claims():
    journey = [to(MQL, at(2, 9)), seen(at(2, 10), LEAD, Status="Contacted"), call(at(2, 10, 30))]
    cycle = only(policy(stop=CONTACTED), journey, at(2, 12))
    assert (cycle.state, cycle.ended_at, cycle.unproven) == (State.MET, at(2, 10, 30), 1)


def test_a_status_that_was_claimed_before_the_start_counts_once_somebody_calls():
    journey = [seen(at(1, 9), LEAD, Status="Contacted"), to(MQL, at(2, 9)), call(at(2, 10))]
    cycle = only(policy(stop=CONTACTED), journey, at(2, 12))
    assert (cycle.state, cycle.ended_at) == (State.MET, at(2, 10))


def disposition(**changes):
    return policy(id="answer", kind=PolicyKind.DISPOSITION, stop=asks("s.answer is not None"), **changes)


def test_an_answer_is_its_own_evidence():
    cycle = only(disposition(), [to(MQL, at(2, 9)), answer(at(2, 10), Verdict.ACCEPT)], at(2, 11))
    assert (cycle.state, cycle.evidence) == (State.MET, "accept by ada at 2026-11-02 10:00 UTC")


def test_a_move_is_evidence_of_what_takes_a_move_but_not_of_a_touch():
    journey = [to(MQL, at(2, 9)), to(SAL, at(2, 10), Mover.SALES)]
    cycle = only(policy(kind=PolicyKind.NEXT_STEP, stop=IN_SAL), journey, at(2, 11))
    assert (cycle.state, cycle.evidence) == (State.MET, "moved to sal by sales at 2026-11-02 10:00 UTC")
    assert only(policy(stop=IN_SAL), journey, at(2, 11)).unproven == 1


def test_a_reason_that_keeps_no_promise_stops_no_disposition():
    scope = Scope(unmet=frozenset({"junk"}))
    journey = [to(MQL, at(2, 9)), answer(at(2, 10), reason="junk")]
    assert only(disposition(), journey, at(2, 11), scope).state is State.RUNNING
    assert only(disposition(), journey, at(2, 11)).state is State.MET
    by_stage = policy(kind=PolicyKind.DISPOSITION, stop=asks("s.stage == 'recycled'"))
    moved = [to(MQL, at(2, 9)), to(RECYCLED, at(2, 10), Mover.SALES, Kind.RECYCLE, reason="junk")]
    assert only(by_stage, moved, at(2, 11), scope).state is State.RUNNING
    assert only(by_stage, moved, at(2, 11)).state is State.MET


def test_what_counts_is_read_off_the_agreement():
    reasons = {
        id_: Reason(id_, id_, frozenset(Verdict), ReasonClass.REJECT, meets_sla=id_ != "junk")
        for id_ in ("junk", "timing")
    }
    feedback = Feedback(None, None, reasons, {})  # type: ignore[arg-type]  # only its reasons are asked for
    with_feedback = type(DEFINITION)("1", "contacts", DEFINITION.lifecycle, {}, feedback=feedback)
    assert Scope.of(Agreement(with_feedback, at(2, 9))) == Scope(at(2, 9), frozenset({"junk"}))
    assert Scope.of(Agreement(DEFINITION, at(2, 9))) == Scope(at(2, 9))


def test_marketing_answers_with_any_word_in_hubspot_and_no_owner_of_salesforce_holds_its_promise():
    promise = policy(
        kind=PolicyKind.FEEDBACK_REPLY,
        team="marketing",
        start=asks("s.answer is not None"),
        stop=asks("value('reply')"),
    )
    journey = [seen(at(1, 9), LEAD, OwnerId="ada"), answer(at(2, 9)), seen(at(2, 10), LEAD, OwnerId="bob")]
    journey.append(seen(at(2, 11), reply="yes"))
    cycle = only(promise, journey, at(2, 12))
    assert (cycle.state, cycle.held, cycle.evidence) == (
        State.MET,
        (("", 2 * HOUR),),
        "told in hubspot at 2026-11-02 11:00 UTC",
    )


def test_history_starts_no_clock_and_is_remembered():
    journey = [seen(at(2, 9), first=True, x="1"), to(MQL, at(2, 9), kind=None, first=True)]
    assert judged(policy(), journey, at(3, 9)) == {}
    later = [*journey, to(RECYCLED, at(4, 9)), to(MQL, at(5, 9))]
    assert only(policy(), later, at(5, 10)).started_at == at(5, 9)
    on_value = policy(start=asks("value('x') == '1'"))
    assert judged(on_value, [seen(at(2, 9), first=True, x="1"), seen(at(2, 10), y="1")], at(3, 9)) == {}
    assert only(on_value, [seen(at(2, 9), x="1")], at(2, 10)).started_at == at(2, 9)


def test_what_was_before_the_lifecycle_began_starts_no_clock():
    scope = Scope(since=at(2, 10))
    assert judged(policy(), [to(MQL, at(2, 9, 59))], at(3, 9), scope) == {}
    assert only(policy(), [to(MQL, at(2, 10))], at(3, 9), scope).started_at == at(2, 10)


RE_ENTRY = {
    ReEntry.IGNORE: [(State.MET, 2 * HOUR)],
    ReEntry.RESTART: [(State.RUNNING, HOUR)],
    ReEntry.RESUME: [(State.RUNNING, 3 * HOUR)],
    ReEntry.NEW_CYCLE: [(State.MET, 2 * HOUR), (State.RUNNING, HOUR)],
}


@pytest.mark.parametrize(("re_entry", "cycles"), RE_ENTRY.items())
def test_who_comes_back_is_promised_what_the_policy_says(re_entry, cycles):
    journey = [to(MQL, at(2, 9)), call(at(2, 11)), to(RECYCLED, at(2, 12)), to(MQL, at(3, 9))]
    found = judged(policy(re_entry=re_entry), journey, at(3, 10))["touch"]
    assert [(cycle.state, cycle.elapsed) for cycle in found] == cycles


@pytest.mark.parametrize(
    ("mode", "elapsed", "rounds"),
    [({}, 5 * HOUR, 0), ({"on_reassign": OnReassign.RESTART, "restarts": 1}, 3 * HOUR, 1)],
)
def test_another_owner_keeps_the_clock_or_restarts_it_as_often_as_is_agreed(mode, elapsed, rounds):
    journey = [seen(at(1, 9), LEAD, OwnerId="ada"), to(MQL, at(2, 9)), seen(at(2, 11), LEAD, OwnerId="bob")]
    journey.append(seen(at(2, 13), LEAD, OwnerId="cy"))
    cycle = only(policy(**mode), journey, at(2, 14))
    assert (cycle.elapsed, cycle.rounds) == (elapsed, rounds)
    assert cycle.held == (("ada", 2 * HOUR), ("bob", 2 * HOUR), ("cy", HOUR))


def test_the_first_owner_is_no_other_owner():
    restarting = policy(on_reassign=OnReassign.RESTART)
    cycle = only(restarting, [to(MQL, at(2, 9)), seen(at(2, 10), LEAD, OwnerId="ada")], at(2, 11))
    assert (cycle.rounds, cycle.elapsed, cycle.held) == (0, 2 * HOUR, (("", HOUR), ("ada", HOUR)))


@pytest.mark.parametrize(("policy_says", "rounds"), [("", 0), ("touch", 1)])
def test_the_handoff_gives_nobody_a_clock_of_their_own_but_an_escalation_does(policy_says, rounds):
    restarting = policy(on_reassign=OnReassign.RESTART)
    journey = [seen(at(1, 9), LEAD, OwnerId="bridge"), to(MQL, at(2, 9)), handed(at(2, 10), "ada", policy_says)]
    cycle = only(restarting, journey, at(2, 11))
    assert (cycle.rounds, cycle.held) == (rounds, (("bridge", HOUR), ("ada", HOUR)))
    assert cycle.elapsed == (HOUR if rounds else 2 * HOUR)


def test_a_target_is_the_first_that_fits_and_is_pinned_with_the_hours_at_the_start():
    early = office(7, 15)
    promise = policy(
        targets=(hours(1, when=asks("value('size') == 'large'")), hours(4)),
        time=lambda situation: early if situation.owner == "ada" else office(),
    )
    large = [seen(at(1, 9), LEAD, size="large", OwnerId="ada"), to(MQL, at(2, 7))]
    assert only(promise, large, at(2, 7)).due_at == at(2, 8)
    changed = [*large, seen(at(2, 7, 30), LEAD, size="small", OwnerId="bob")]
    assert only(promise, changed, at(2, 7, 45)).due_at == at(2, 8)
    assert only(promise, [to(MQL, at(2, 7))], at(2, 7)).due_at == at(2, 13)


def test_two_who_become_one_keep_the_clock_that_runs_the_longest():
    mine, yours = to(MQL, at(2, 12)), replace(to(MQL, at(2, 9)), ref=CONTACT._replace(id="2"))
    cycle = only(policy(), [mine, yours], at(2, 13))
    assert (cycle.started_at, cycle.elapsed) == (at(2, 9), 4 * HOUR)


def test_the_clock_of_a_converted_lead_goes_on_on_the_contact():
    contact = LEAD._replace(object="Contact", id="0035g00000AbcdeEAB")
    journey = [seen(at(1, 9), LEAD, OwnerId="ada"), to(MQL, at(2, 9)), seen(at(2, 11), contact, OwnerId="ada")]
    running = only(policy(), journey, at(2, 12))
    assert (running.started_at, running.elapsed, running.held) == (at(2, 9), 3 * HOUR, (("ada", 3 * HOUR),))


def test_a_call_that_becomes_known_late_counts_when_it_was_made():
    journey = [to(MQL, at(2, 9))]
    assert only(policy(), journey, at(2, 14)).state is State.BREACHED
    assert only(policy(), [*journey, call(at(2, 12))], at(2, 14)).state is State.MET


def test_policies_run_side_by_side_and_turns_are_told_by_policy():
    both = book(policy(), disposition(targets=(hours(2, Unit.HOURS),)))
    journey = [to(MQL, at(2, 9)), call(at(2, 10)), answer(at(2, 10, 30), Verdict.ACCEPT)]
    cycles = judged(both, journey, at(2, 12))
    assert {policy: one.ended_at for policy, (one,) in cycles.items()} == {"touch": at(2, 10), "answer": at(2, 10, 30)}
    told = turns(both, walk(DEFINITION, journey))
    assert [turn.sort for turn in told["touch"]] == [Sort.START, Sort.STOP]
    assert told["touch"][0].terms.target == timedelta(hours=4)


def test_the_stop_and_the_start_of_one_touch_end_one_promise_and_begin_the_next():
    follow_up = policy(start=TOUCHED, stop=TOUCHED, re_entry=ReEntry.NEW_CYCLE)
    cycles = judged(follow_up, [call(at(2, 9)), call(at(2, 11))], at(2, 12))["touch"]
    assert [(one.started_at, one.state) for one in cycles] == [(at(2, 9), State.MET), (at(2, 11), State.RUNNING)]


def test_a_question_that_does_not_tell_what_it_asks_about_is_asked_whatever_changes():
    quiet = policy(start=replace(IN_MQL, words=None), stop=replace(TOUCHED, words=None))
    cycle = only(
        quiet, [to("lead", at(1, 9)), to(MQL, at(2, 9)), seen(at(2, 9, 30), x="1"), call(at(2, 10))], at(2, 11)
    )
    assert (cycle.started_at, cycle.ended_at) == (at(2, 9), at(2, 10))


@pytest.mark.parametrize("words", [frozenset({"stage"}), None])
def test_a_question_is_asked_only_where_what_it_asks_about_has_changed(words):
    asked = []
    counting = replace(
        IN_MQL, holds=lambda situation: asked.append(situation.stage) or situation.stage == MQL, words=words
    )
    promise = policy(start=counting, evidence=False)
    journey = [to("lead", at(1, 9)), to(MQL, at(2, 9)), seen(at(2, 10), x="1"), seen(at(2, 11), x="2"), call(at(2, 12))]
    assert only(promise, journey, at(2, 13)).state is State.MET
    # the first record of a side may bring anything along
    assert asked == (["lead", MQL, MQL] if words else ["lead", MQL, MQL, MQL])


def test_another_record_of_a_person_brings_values_of_its_own():
    other = CONTACT._replace(id="2")
    promise = policy(start=asks("value('x') == '1'"))
    journey = [seen(at(2, 9), CONTACT, x="0"), seen(at(2, 10), other, x="1", y="0"), seen(at(2, 11), CONTACT, y="1")]
    journey.append(seen(at(2, 12), other, y="1"))
    again = replace(promise, re_entry=ReEntry.RESTART)
    assert only(again, journey, at(2, 13)).rounds == 1


def test_a_touch_that_no_stop_asks_about_is_no_evidence_by_itself():
    by_value = policy(kind=PolicyKind.NEXT_STEP, stop=asks("value('done') == 'yes'"))
    cycle = only(by_value, [to(MQL, at(2, 9)), seen(at(2, 10), done="yes")], at(2, 11))
    assert (cycle.state, cycle.unproven, cycle.evidence) == (State.RUNNING, 1, "")


@pytest.mark.parametrize("re_entry", [ReEntry.RESUME, ReEntry.RESTART, ReEntry.NEW_CYCLE])
def test_who_comes_back_rests_as_the_fields_say_then_and_is_theirs_who_owns_them_then(re_entry):
    promise = conditions(re_entry=re_entry)
    journey = [seen(at(1, 9), LEAD, OwnerId="ada"), to(MQL, at(2, 9)), call(at(2, 10)), to(RECYCLED, at(2, 11))]
    journey += [seen(at(2, 12), LEAD, OwnerId="bob"), seen(at(2, 13), wait="yes"), to(MQL, at(3, 9))]
    journey += [seen(at(3, 10), wait="no")]
    *_, cycle = judged(promise, journey, at(3, 9, 30))["touch"]
    assert cycle.state is State.PAUSED
    *_, cycle = judged(promise, journey, at(3, 11))["touch"]
    assert (cycle.state, cycle.held[-1]) == (State.RUNNING, ("bob", HOUR))
    assert cycle.paused == HOUR
