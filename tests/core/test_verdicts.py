"""What cycles ask for: which is told, what is set off and once only, when to look again, what differs."""

from dataclasses import replace

import pytest

from connector.core.definition import Pool
from connector.core.policies import corrected, differences, due_actions, next_look, pressing
from connector.core.policy import Action, ActionKind, Span, Unit
from connector.core.policy import Warning as Warned
from connector.core.sla import OnReassign, State
from connector.core.verdicts import followed, verdict
from tests.core.promises import (
    HOUR,
    LEAD,
    MQL,
    RECYCLED,
    SAL,
    asks,
    at,
    book,
    call,
    hours,
    judged,
    office,
    policy,
    seen,
    to,
)

TELL, TASK = Action(ActionKind.NOTIFY, "sales"), Action(ActionKind.TASK, "owner")
GIVE = Action(ActionKind.REASSIGN, pool=Pool("reserve", ("bob", "cy")))
PROMISE = policy(
    warnings=(Warned(percent=50), Warned(before=Span(1, Unit.BUSINESS_HOURS))),
    on_warning=(TELL,),
    on_breach=(TELL, TASK),
)
START = to(MQL, at(2, 9))


def due(promise, journey, now, fired=()):
    return due_actions(book(promise), judged(promise, journey, now), fired, now)


def keys(promise, journey, now, fired=()):
    return [one.key for one in due(promise, journey, now, fired)]


def test_who_is_warned_and_who_is_late_is_told_of_once():
    assert keys(PROMISE, [START], at(2, 10)) == []
    first = keys(PROMISE, [START], at(2, 11))
    assert first == ["touch|2026-11-02T09:00:00+00:00|warn0|notify:sales"]
    assert keys(PROMISE, [START], at(2, 11, 30), first) == []
    second = keys(PROMISE, [START], at(2, 12), first)
    assert second == ["touch|2026-11-02T09:00:00+00:00|warn1|notify:sales"]
    late = keys(PROMISE, [START], at(2, 14), [*first, *second])
    assert [key.rsplit("|", 2)[1:] for key in late] == [["breach", "notify:sales"], ["breach", "task:owner"]]
    assert keys(PROMISE, [START], at(9, 14), late) == []


def test_after_a_night_without_the_bridge_only_the_newest_is_told():
    assert [key.split("|")[2] for key in keys(PROMISE, [START], at(2, 12, 30))] == ["warn1"]
    assert {key.split("|")[2] for key in keys(PROMISE, [START], at(3, 9))} == {"breach"}
    assert keys(PROMISE, [START, call(at(2, 15))], at(3, 9)) == []
    assert keys(PROMISE, [START, call(at(2, 12))], at(3, 9)) == []


def test_one_action_that_was_set_off_does_not_hold_back_the_other():
    (told, task) = keys(PROMISE, [START], at(3, 9))
    assert keys(PROMISE, [START], at(3, 9), [told]) == [task]


def test_what_is_told_is_said_in_words_on_the_clock_of_those_who_promised():
    berlin = office(9, 17, "Europe/Berlin")
    promise = replace(PROMISE, time=lambda _: berlin)
    (warned,) = due(promise, [to(MQL, at(2, 8))], at(2, 11, 30))
    assert warned.words == "First touch: due 2026-11-02 13:00 (Europe/Berlin), 30 min left"
    (late, _) = due(promise, [to(MQL, at(2, 8))], at(3, 9))
    assert late.words == (
        "First touch: was due 2026-11-02 13:00 (Europe/Berlin), 5 h 0 min late, 21 h 0 min by the clock on the wall"
    )
    assert (late.action, late.policy, late.cycle.state) == (TELL, promise, State.BREACHED)


def test_nothing_is_set_off_while_a_promise_rests_or_where_its_policy_is_forgotten():
    resting = replace(PROMISE, pause=asks("value('wait') == 'yes'"))
    assert keys(resting, [START, seen(at(2, 10), wait="yes")], at(3, 9)) == []
    cycles = judged(PROMISE, [START], at(3, 9))
    assert due_actions(book(), cycles, (), at(3, 9)) == []
    assert due_actions(book(PROMISE), {"touch": ()}, (), at(3, 9)) == []
    assert followed((), cycles["touch"][0]) is None


def test_a_reassignment_is_made_as_often_as_is_agreed_though_the_clock_restarts():
    promise = policy(on_reassign=OnReassign.RESTART, restarts=2, on_breach=(TELL, GIVE))
    journey = [seen(at(1, 9), LEAD, OwnerId="ada"), START]
    told, given = keys(promise, journey, at(2, 14))
    assert given == "touch|2026-11-02T09:00:00+00:00|breach|reassign:reserve"
    journey.append(seen(at(2, 14, 30), LEAD, OwnerId="bob"))
    again = "touch|2026-11-02T09:00:00+00:00|again1|breach|"
    assert keys(promise, journey, at(3, 12), [told, given]) == [f"{again}notify:sales"]
    twice = replace(promise, on_breach=(replace(GIVE, cap=2),))
    assert keys(twice, journey, at(3, 12), [told, given]) == [f"{again}reassign:reserve"]


def several(now, **promises):
    """By policy, each promise with its own target in hours, from nine o'clock on."""
    made = [policy(id=name, **said) for name, said in promises.items()]
    return made, lambda journey: judged(book(*made), journey, now)


def test_the_most_pressing_is_told():
    journey = [START, seen(at(2, 9, 30), wait="yes")]
    wait = asks("value('wait') == 'yes'")
    warned = {"targets": (hours(5),), "warnings": (Warned(percent=10),)}
    _, told = several(
        at(2, 13),
        late={"targets": (hours(3),)},
        latest={"targets": (hours(2),)},
        warned=warned,
        runs={"targets": (hours(6),)},
        rests={"pause": wait},
        met={"stop": asks("value('wait')"), "evidence": False},
    )
    cycles = dict(told(journey))
    order = []
    while cycles:
        order.append(pressing(cycles).terms.policy)
        del cycles[order[-1]]
    assert order == ["latest", "late", "warned", "runs", "rests", "met"]
    assert pressing({}) is None


def test_of_what_is_over_the_latest_is_told():
    _, told = several(at(3, 9), early={"stop": asks("value('x')"), "evidence": False}, late={})
    cycles = told([START, seen(at(2, 10), x="1"), call(at(2, 11))])
    assert pressing(cycles).terms.policy == "late"
    assert pressing(dict(reversed(cycles.items()))).terms.policy == "late"


def test_the_next_look_is_at_the_next_warning_or_just_after_the_deadline():
    cycles = judged(PROMISE, [START], at(2, 10))
    assert next_look(cycles, at(2, 10)) == at(2, 11)
    assert next_look(judged(PROMISE, [START], at(2, 13)), at(2, 13)) == at(2, 13).replace(microsecond=1)
    assert next_look(judged(PROMISE, [START], at(2, 14)), at(2, 14)) is None
    assert next_look({}, at(2, 14)) is None


def test_a_breach_that_was_none_is_said_to_be_none_and_nothing_is_taken_back():
    fired = keys(PROMISE, [START], at(3, 9))
    assert corrected(judged(PROMISE, [START], at(3, 10)), fired) == []
    cycles = judged(PROMISE, [START, call(at(2, 12))], at(3, 10))
    (one,) = corrected(cycles, fired)
    assert (one.policy, one.after.state) == ("touch", State.MET)
    assert one.why == "told as breached, met, call out by ada at 2026-11-02 12:00 UTC, as came to light later"
    assert corrected(cycles, []) == []


def test_verdicts_that_differ_are_told_with_what_they_were():
    now = at(3, 9)
    late, met = judged(PROMISE, [START], now), judged(PROMISE, [START, call(at(2, 12))], now)
    (one,) = differences(late, met)
    assert one.why == "breached, 4 h 0 min late -> met, call out by ada at 2026-11-02 12:00 UTC"
    assert differences(late, late) == ()
    assert [one.why for one in differences({}, met)] == ["began: met, call out by ada at 2026-11-02 12:00 UTC"]
    assert [one.why for one in differences(met, {})] == ["is no longer begun"]
    edited = {"touch": (replace(late["touch"][0], terms=replace(late["touch"][0].terms, version="2")),)}
    assert differences(late, edited) == ()


@pytest.mark.parametrize(
    ("journey", "words"),
    [
        ([START], "breached, 4 h 0 min late"),
        ([START, call(at(2, 14))], "breached, 1 h 0 min late, call out by ada at 2026-11-02 14:00 UTC"),
        ([START, to(SAL, at(2, 10))], "cancelled"),
        ([START, to(RECYCLED, at(2, 10))], "met"),
        ([to(MQL, at(3, 8, 30))], "running, due 2026-11-03 13:00 (UTC)"),
    ],
)
def test_a_verdict_in_words(journey, words):
    stop = asks("s.stage == 'recycled' or (s.touch.human and s.touch.outbound)")
    promise = policy(cancel=asks("s.stage == 'sal'"), stop=stop, evidence=False)
    assert [verdict(one) for one in judged(promise, journey, at(3, 9))["touch"]] == [words]


def test_a_verdict_in_words_tells_an_hour_that_is_not_over_in_minutes():
    (cycle,) = judged(PROMISE, [START], at(2, 13, 45))["touch"]
    assert verdict(cycle) == "breached, 45 min late"
    assert cycle.lateness == HOUR * 0.75


def test_of_two_that_run_the_one_that_is_due_first_is_told():
    slow = policy(id="slow", targets=(hours(6),))
    soon = policy(id="soon", start=asks("s.stage == 'sal'"), targets=(hours(1),))
    cycles = judged(book(slow, soon), [START, to(SAL, at(2, 10))], at(2, 10, 30))
    assert pressing(cycles).terms.policy == "soon"


def test_every_policy_has_its_news():
    twice = book(policy(id="one", on_breach=(TELL,)), policy(id="two", on_breach=(TELL,)))
    told = due_actions(twice, judged(twice, [START], at(3, 9)), (), at(3, 9))
    assert [one.policy.id for one in told] == ["one", "two"]


def test_a_look_that_is_due_now_is_none_ahead():
    cycles = judged(PROMISE, [START], at(2, 10))
    (look,) = {next_look(cycles, at(2, 10))}
    assert (look, next_look(cycles, look)) == (at(2, 11), None)


def test_what_was_told_as_breached_says_since_when_the_promise_ran():
    late = keys(PROMISE, [START], at(3, 9))
    in_time = judged(PROMISE, [START, call(at(2, 10))], at(3, 9))
    assert [one.started_at for one in corrected(in_time, late)] == [at(2, 9)]


def test_evidence_of_an_attempt_is_no_end():
    promise = policy(attempts=2)
    cycle = judged(promise, [START, call(at(2, 10))], at(3, 9))["touch"][0]
    assert verdict(cycle) == "breached, 4 h 0 min late"


def test_another_who_is_given_somebody_counts_and_another_notice_does_not():
    promise = policy(on_breach=(TELL, GIVE), on_reassign=OnReassign.RESTART, restarts=3)
    late = keys(promise, [START], at(3, 9))
    assert len(late) == 2
    again = seen(at(3, 9), LEAD, OwnerId="bob")
    journey = [seen(at(1, 9), LEAD, OwnerId="ada"), START, again]
    told = keys(promise, journey, at(5, 9), [key for key in late if "notify" in key])
    assert [key.rsplit("|", 1)[1] for key in told] == ["notify:sales", "reassign:reserve"]
    assert [key.rsplit("|", 1)[1] for key in keys(promise, journey, at(5, 9), late)] == ["notify:sales"]
