"""Handing over: to whom, why, with what words; what moves people by itself; and the way back in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connector.core.definition import Handoff, OwnerRule, Pool
from connector.core.journey import Answered, Channel, Dealt, Fired, Handed, Named, Ruled, Seen, Touched, Verdict
from connector.core.lifecycle import Kind, Move, Mover
from connector.core.plan import IssueKind
from connector.core.policy import ActionKind
from tests.core.courses import (
    ANNE,
    BOB,
    CONTACT,
    HANDOFF,
    HS,
    LEAD,
    LIFECYCLE,
    MOVES,
    PERSONAS,
    POOL,
    QUEUE,
    ROBOT,
    SF,
    A,
    M,
    Person,
    agreement,
    handed_over,
    question,
    score,
)

OLD = {"createdate": "2020-01-01T00:00:00.000Z"}
CALL = Touched(Channel.CALL, outbound=True, human=True, by=ANNE)


def started(**changes) -> Person:
    return Person(agreement(**changes)).edit(CONTACT, life="lead").go()


def handoff(**changes) -> Handoff:
    return replace(HANDOFF, **changes)


def test_who_enters_the_handoff_stage_is_given_to_a_rep_who_is_told_why():
    person = started().edit(LEAD, Stage=None, OwnerId=ROBOT).go()
    person.edit(CONTACT, life="mql", title="CFO", source="Paid", score="70", form="Demo").go()
    assert person.of(Handed) == [
        Handed(
            ANNE,
            "reps",
            ("MQL, says marketing", "Persona: Buyer", "Source: Paid", "Score of 50 or more", "Last form: Demo"),
        )
    ]
    assert person.says(SF, "OwnerId", "Why") == (
        ANNE,
        "MQL, says marketing\nPersona: Buyer\nSource: Paid\nScore of 50 or more\nLast form: Demo",
    )
    (task,) = person.last.effects
    assert (task.key, task.kind, task.to, task.about, task.subject) == (
        "handoff:0",
        ActionKind.TASK,
        ANNE,
        LEAD,
        "Call this lead",
    )


def test_a_record_in_salesforce_is_wanted_until_there_was_one():
    person = started(criteria={}).edit(CONTACT, life="mql").go()
    assert (person.last.wanted, person.last.effects) == (True, ())
    assert person.last.wishes[SF]["OwnerId"].value == ANNE
    assert person.last.wishes[SF]["Stage"].value == "MQL"
    person.edit(LEAD, OwnerId=ANNE, Stage="MQL").go()
    assert (person.last.wanted, len(person.last.effects)) == (False, 1)
    person.values.pop(LEAD)
    assert not person.later(1).look().wanted


def test_the_owner_is_written_until_it_arrives_and_then_people_may_choose_another():
    person = started().edit(LEAD, Stage=None, OwnerId=ROBOT).go()
    person.deaf.add(SF)
    person.edit(CONTACT, life="mql").go().later(1).go()
    assert person.last.wishes[SF]["OwnerId"].value == ANNE
    person.deaf.clear()
    person.later(1).go().later(1).go()
    assert "OwnerId" not in person.last.wishes[SF]
    person.edit(LEAD, OwnerId=BOB).go()
    assert "OwnerId" not in person.last.wishes[SF]


def test_an_owner_that_the_bridge_itself_got_by_making_the_record_is_nobodys_choice():
    person = started().edit(CONTACT, life="mql").go()
    person.edit(LEAD, OwnerId=ROBOT, Stage="MQL").go()
    assert person.says(SF, "OwnerId") == (ANNE,)


RULES = (
    OwnerRule("keep", question(lambda one: one.owner != ""), None, keep=True),
    OwnerRule("small", question(lambda _: False), Pool("small", (BOB,))),
    OwnerRule("none", question(lambda _: True), Pool("none", ())),
)


@pytest.mark.parametrize(
    ("owner", "got"), [(BOB, (BOB, "keep")), (QUEUE, (QUEUE, "fallback")), (ROBOT, (QUEUE, "fallback"))]
)
def test_the_rep_they_have_is_kept_and_the_fallback_gets_whom_no_rule_gives_away(owner, got):
    person = started(handoff=handoff(rules=RULES)).edit(LEAD, Stage=None, OwnerId=owner).go()
    person.edit(CONTACT, life="mql").go()
    assert [(handed.owner, handed.rule) for handed in person.of(Handed)] == [got]


def test_who_can_be_given_to_nobody_waits_is_shown_and_looked_at_again():
    person = started(handoff=handoff(rules=(), fallback=None)).edit(CONTACT, life="mql").go()
    assert (person.of(Handed), person.last.issues[0].kind) == ([], IssueKind.UNOWNED)
    assert person.last.look_at == person.now + timedelta(hours=1)
    person.agreed = agreement(handoff=handoff(rules=(), why_field=None, touches_field=None))
    person.later(60).go()
    assert (person.of(Handed)[0].owner, person.last.issues) == (QUEUE, ())
    assert "Why" not in person.last.wishes[SF]


def test_sending_back_into_the_handoff_stage_hands_nobody_over():
    ways = {**MOVES, ("sal", "mql"): Move(Kind.BACKWARD, frozenset({Mover.SALES}))}
    person = handed_over(lifecycle=replace(LIFECYCLE, moves=ways)).edit(LEAD, Stage="SAL").go().later(1).go()
    person.edit(LEAD, Stage="MQL").go()
    assert (person.ruled()[-1][2], len(person.of(Handed))) == ("backward", 1)


def test_marketing_goes_on_telling_and_a_task_a_day_says_so():
    person = handed_over().edit(CONTACT, form="Webinar").go()
    assert person.says(SF, "Why") == ("MQL: criteria hold: score >= 50\nScore of 50 or more\nLast form: Webinar",)
    assert [effect.key for effect in person.last.effects] == ["context:0:2026-11-02"]
    assert person.edit(CONTACT, form="Demo").go().last.effects == ()
    person.later(days=1).edit(CONTACT, form="Pricing").go()
    assert [effect.key for effect in person.last.effects] == ["context:0:2026-11-03"]
    assert person.edit(CONTACT, title="CFO").go().last.effects == ()
    assert person.later(days=3).go().last.effects == ()


def test_nothing_is_told_on_when_the_pass_is_over_and_no_task_where_none_is_agreed():
    person = handed_over().edit(LEAD, Answer="Recycled", Reason="No Need").go()
    person.edit(CONTACT, form="Webinar").go()
    assert (person.last.effects, "Why" in person.last.wishes[SF]) == ((), False)
    silent = handed_over(handoff=handoff(task="", touches=0)).learn(LEAD, CALL).go()
    assert (silent.of(Fired), silent.last.wishes[SF]["Touches"].value) == ([], None)
    terse = handed_over(handoff=handoff(reasons=(), shown=()), personas=None, source={})
    assert terse.last.wishes[SF]["Why"].value == "MQL: criteria hold: score >= 50"


def test_the_last_touches_are_told_the_latest_first():
    person = handed_over(handoff=handoff(touches=2)).learn(LEAD, CALL).later(5).learn(CONTACT, CALL, "a").later(5)
    mail = Touched(Channel.EMAIL, outbound=False, human=False)
    assert person.learn(CONTACT, mail).go().says(SF, "Touches") == (
        "2026-11-02 09:14 UTC: email from them (automatic)\n2026-11-02 09:09 UTC: call to them, 005ANNE",
    )


def test_criteria_move_in_the_order_of_the_stages_as_far_as_they_may():
    criteria = {"lead": question(lambda one: "title" in one.fields[HS], "title"), "mql": score(50)}
    person = Person(agreement(criteria=criteria)).edit(CONTACT, title="x", score="80").go()
    assert person.ruled() == [("lead", "automatic", "first"), ("mql", "automatic", "forward")]
    assert person.edit(CONTACT, score="1").go().ruled()[-1][0] == "mql"


def test_history_moves_by_criteria_only_when_something_they_ask_for_changes():
    person = Person().edit(CONTACT, life="lead", score="80", **OLD).go()
    assert person.edit(CONTACT, title="CFO").go().ruled() == [("lead", "marketing", "first")]
    assert person.edit(CONTACT, score="90").go().ruled()[-1] == ("mql", "automatic", "forward")
    nobody = Person().edit(CONTACT, score="80", **OLD).go()
    assert [(ruled.stage, ruled.first) for ruled in nobody.of(Ruled)] == [("mql", True)]
    assert nobody.of(Handed) == []
    plain = Person(agreement(criteria={"mql": question(lambda _: True)})).edit(CONTACT, life="lead", **OLD).go()
    assert plain.edit(CONTACT, score="90").go().ruled() == [("lead", "marketing", "first")]


def test_criteria_do_not_undo_what_a_person_has_just_done():
    person = handed_over().edit(CONTACT, life="lead").go()
    assert person.ruled()[-1] == ("lead", "marketing", "backward")
    assert person.later(1).go().edit(CONTACT, score="70").go().ruled()[-1][0] == "lead"
    person.edit(CONTACT, score="10").go().edit(CONTACT, score="70").go()
    assert person.ruled()[-1] == ("mql", "automatic", "forward")


def test_a_way_back_is_taken_only_where_what_brought_them_there_holds_no_longer():
    ways = {**MOVES, ("mql", "lead"): Move(Kind.BACKWARD, frozenset({A}))}
    criteria = {"lead": question(lambda _: True), "mql": score(50)}
    person = handed_over(lifecycle=replace(LIFECYCLE, moves=ways), criteria=criteria)
    assert person.go().ruled()[-1][0] == "mql"
    assert person.edit(CONTACT, score="10").go().ruled()[-1] == ("lead", "automatic", "backward")


def test_a_criterion_of_a_moment_counts_every_one_of_the_stay():
    ways = {
        **MOVES,
        ("mql", "sal"): Move(Kind.FORWARD, frozenset({A})),
        ("lead", "mql"): Move(Kind.FORWARD, frozenset({M})),
    }
    called = question(lambda one: one.touch is not None and one.touch.human, momentary=True, text="touch.human")
    person = Person(agreement(lifecycle=replace(LIFECYCLE, moves=ways), criteria={"sal": called}))
    person.edit(CONTACT, life="lead").go().learn(CONTACT, CALL, "before").go()
    person.edit(CONTACT, life="mql").go()
    assert person.ruled()[-1][0] == "mql"
    person.later(5).learn(CONTACT, replace(CALL, human=False), "machine").go()
    assert person.ruled()[-1][0] == "mql"
    person.later(5).learn(CONTACT, CALL, "after").go()
    assert person.ruled()[-1] == ("sal", "automatic", "forward")
    assert person.journey[-2].at == person.now or person.journey[-1].at == person.now


def test_a_criterion_of_a_moment_may_bring_somebody_in():
    answered = question(lambda one: one.touch is not None, momentary=True)
    person = Person(agreement(criteria={"mql": answered})).learn(CONTACT, CALL, "1").edit(CONTACT, title="x").go()
    assert person.ruled() == [("mql", "automatic", "first")]


def sold(*, won: bool = True, name: str = "1", **changes) -> Dealt:
    return replace(Dealt(name, "closedwon", closed=True, won=won), **changes)


def to_sql(**changes) -> Person:
    return handed_over(**changes).edit(LEAD, Stage="SAL").go().edit(LEAD, Stage="SQL").go()


def test_a_deal_moves_people_once_it_is_so():
    person = to_sql().learn(CONTACT, sold(won=False, closed=False)).go()
    assert person.ruled()[-1][0] == "sql"
    assert person.later(1).learn(CONTACT, sold()).go().ruled()[-1] == ("customer", "automatic", "forward")


def test_a_deal_that_came_to_nothing_takes_back_whom_it_had_moved():
    ways = {**MOVES, ("customer", "sql"): Move(Kind.BACKWARD, frozenset({A}))}
    deals = {
        "sql": question(lambda one: one.deal.closed and not one.deal.won),
        "customer": question(lambda one: not one.deal.closed),
    }
    person = to_sql(lifecycle=replace(LIFECYCLE, moves=ways), deals=deals)
    person.learn(CONTACT, sold(won=False, closed=False)).go()
    assert person.ruled()[-1][0] == "customer"
    person.later(1).learn(CONTACT, sold(won=False, name="2")).go()
    assert person.ruled()[-1][0] == "customer"
    person.later(1).learn(CONTACT, sold(won=False)).go()
    assert person.ruled()[-1] == ("sql", "automatic", "backward")


def test_deals_of_before_move_nobody():
    ways = {**MOVES, ("lead", "customer"): MOVES["sql", "customer"], ("recycled", "sql"): MOVES["mql", "sal"]}
    person = Person(agreement(lifecycle=replace(LIFECYCLE, moves=ways))).edit(CONTACT, life="lead", **OLD)
    person.now -= timedelta(days=1)
    person.learn(CONTACT, sold()).later(days=1).go()
    assert person.ruled()[-1][0] == "lead"
    assert person.later(1).learn(CONTACT, sold(name="2")).go().ruled()[-1][0] == "customer"


def test_a_deal_that_was_closed_before_they_were_sent_back_does_not_move_them_again():
    ways = {**MOVES, ("customer", "sql"): Move(Kind.BACKWARD, frozenset({Mover.SALES}))}
    person = to_sql(lifecycle=replace(LIFECYCLE, moves=ways)).learn(CONTACT, sold()).go().later(1).go()
    person.edit(LEAD, Stage="SQL").go()
    assert person.later(1).go().ruled()[-1] == ("sql", "sales", "backward")
    assert person.learn(CONTACT, sold(name="2")).go().ruled()[-1][0] == "customer"


def test_a_deal_of_an_earlier_pass_is_over():
    ways = {**MOVES, ("mql", "customer"): MOVES["sql", "customer"]}
    person = handed_over().learn(CONTACT, sold()).go()
    person.edit(LEAD, Answer="Recycled", Reason="Timing", Revisit="2026-11-05").go().later(days=4).go()
    person.agreed = agreement(lifecycle=replace(LIFECYCLE, moves=ways))
    assert person.later(1).go().ruled()[-1] == ("mql", "automatic", "re_enter")


def recycled(reason: str = "Timing", **changes) -> Person:
    person = handed_over(**changes).edit(LEAD, Answer="Recycled", Reason=reason, Revisit="2026-11-05").go()
    return person.later(1).go()


def test_who_may_come_back_does_on_the_day_and_to_somebody_else():
    person = recycled()
    assert person.last.look_at == datetime(2026, 11, 5, tzinfo=UTC)
    assert person.later(days=1).go().ruled()[-1][0] == "recycled"
    person.later(days=2).go()
    assert (person.ruled()[-1], [one.owner for one in person.of(Handed)]) == (
        ("mql", "automatic", "re_enter"),
        [ANNE, BOB],
    )
    assert person.last.look_at is None


def test_who_comes_back_by_something_new_may_get_the_same_rep():
    person = recycled("No Need").edit(CONTACT, score="1").go().edit(CONTACT, score="99").go()
    assert (person.ruled()[-1], person.of(Handed)[-1].owner) == (("mql", "automatic", "re_enter"), ANNE)


def test_who_has_been_round_too_often_stays_and_who_may_not_come_back_does_not():
    person = recycled()
    for day in (12, 19):
        person.later(days=7).go().later(1).go()
        assert person.ruled()[-1][0] == "mql"
        person.edit(LEAD, Answer="Recycled", Reason="Timing", Revisit=f"2026-11-{day}").go()
    assert (person.says(HS, "loops", "recycle_on"), person.last.look_at) == (("3", None), None)
    closed = {way: move for way, move in MOVES.items() if way != ("recycled", "mql")}
    other = recycled(lifecycle=replace(LIFECYCLE, moves=closed))
    assert (other.last.look_at, other.says(HS, "recycle_on")) == (None, (None,))
    assert recycled("No Need", feedback=None).last.look_at is None


def test_a_lead_in_nurture_that_qualifies_later_may_get_the_same_rep():
    person = recycled("No Need").edit(LEAD, Revisit=None).edit(CONTACT, score="1").go().later(days=40).go()
    assert person.ruled()[-1][0] == "lead"
    person.later(days=1).edit(CONTACT, life="mql").go()
    assert person.of(Handed)[-1].owner == ANNE


def test_who_was_told_by_policy_to_come_back_comes_back_by_its_reason():
    person = handed_over()
    person.later(1).learn(CONTACT, Ruled("recycled", A, Kind.RECYCLE, reason="no_need", start="mql"), "ruled:2").go()
    assert person.says(HS, "recycle_on") == ("2026-12-02",)


def test_a_decision_about_what_is_long_known_dates_from_now():
    person = Person(agreement(criteria={})).edit(CONTACT, life="lead", score="80").go()
    person.agreed = agreement()
    person.later(days=30).go()
    assert [entry.at for entry in person.journey if isinstance(entry.what, Ruled)][-1] == person.now


def test_two_criteria_that_chase_each_other_come_to_an_end():
    ways = {
        ("lead", "mql"): Move(Kind.FORWARD, frozenset({A})),
        ("mql", "lead"): Move(Kind.FORWARD, frozenset({A})),
    }
    always = question(lambda _: True)
    person = Person(agreement(lifecycle=replace(LIFECYCLE, moves=ways), criteria={"lead": always, "mql": always}))
    person.edit(CONTACT, title="x").go()
    assert 2 < len(person.of(Ruled)) < 100


def test_the_first_answer_counts_where_two_people_give_one():
    person = handed_over().edit(LEAD, Answer="Accepted").edit(CONTACT, answer="recycled", reason="no_need").go()
    assert person.of(Answered) == [Answered(Verdict.ACCEPT), Answered(Verdict.RECYCLE, "no_need")]
    assert person.ruled()[-1][0] == "recycled"


def test_personas_are_told_in_plain_words_and_a_choice_survives_its_rule():
    person = started().edit(LEAD, Stage=None).go()
    person.later(1).edit(CONTACT, persona="buyer").go()
    person.agreed = agreement(personas=replace(PERSONAS, names={"user": "User"}))
    person.edit(CONTACT, life="mql").go()
    assert (person.of(Named), person.of(Handed)[0].why) == ([Named("buyer")], ("MQL, says marketing", "Persona: buyer"))
    assert isinstance(person.journey[0].what, Seen)
    assert POOL.owners == (ANNE, BOB)


def test_a_lead_that_was_answered_before_it_had_a_record_needs_no_task_to_be_called():
    person = started(criteria={}).edit(CONTACT, life="mql").go()
    person.edit(CONTACT, answer="accepted").go()
    person.edit(LEAD, OwnerId=ANNE, Stage="SAL", Answer="Accepted").go()
    assert person.last.effects == ()


def test_two_who_were_both_handed_over_and_then_merged_go_on_as_the_one_who_is_further():
    twin, other = CONTACT._replace(id="7"), LEAD._replace(id="00Q5g00000ZZZZZEAB")
    worked = handed_over().edit(LEAD, Answer="Accepted").go()
    person = handed_over()
    person.append(*(replace(one, ref=twin if one.ref == CONTACT else other) for one in worked.journey))
    person.later(30).go()
    assert (person.last.effects, person.last.issues) == ((), ())
    assert (person.says(SF, "Stage", "Answer"), person.says(HS, "fb_status")) == (("SAL", "Accepted"), ("accepted",))
    assert person.later(1).go().later(1).go().last.entries == ()
