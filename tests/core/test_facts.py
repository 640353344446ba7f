"""Facts drawn from journeys: stages entered, the one outcome of each handoff, deals won."""

from dataclasses import replace
from decimal import Decimal

from connector.core.definition import Feedback, Reason, ReasonClass
from connector.core.facts import drawn
from connector.core.goals import Happened
from connector.core.journey import Named, Verdict
from connector.core.lifecycle import Kind, Mover
from connector.core.policy import PolicyKind
from connector.core.refs import Side
from connector.core.sla import ReEntry
from connector.core.walking import in_order, walk
from tests.core.promises import (
    CONTACT,
    DEFINITION,
    LEAD,
    MQL,
    RECYCLED,
    SAL,
    answer,
    asks,
    at,
    deal,
    entry,
    handed,
    judged,
    policy,
    seen,
    to,
)

FEEDBACK = Feedback(
    None,  # type: ignore[arg-type]  # only its reasons are asked for
    None,  # type: ignore[arg-type]
    {
        "duplicate": Reason(
            "duplicate", "Duplicate", frozenset(Verdict), ReasonClass.REJECT, counts_against_marketing=False
        ),
        "timing": Reason("timing", "Timing", frozenset(Verdict), ReasonClass.RECYCLE),
    },
    {},
)
SOURCED = replace(DEFINITION, feedback=FEEDBACK, source={Side.HUBSPOT: "source", Side.SALESFORCE: "LeadSource"})
ANSWER = policy(kind=PolicyKind.DISPOSITION, stop=asks("s.answer is not None"), re_entry=ReEntry.NEW_CYCLE)


def facts(*journey, late=(), definition=SOURCED):
    return list(drawn(definition, walk(definition, in_order(journey)), late))


def outcomes(*journey, late=()):
    found = facts(*journey, late=late)
    return [(fact.what, fact.at) for fact in found if fact.what is not Happened.ENTERED]


def test_a_stage_is_entered_forward_or_again_and_not_by_being_put_back():
    journey = [
        to("lead", at(1, 9), kind=None, first=True),
        to(MQL, at(2, 9)),
        to(SAL, at(2, 9, 30), refused="no way", kind=None),
        to(SAL, at(2, 10), Mover.SALES),
        to(MQL, at(2, 11), Mover.SALES, Kind.BACKWARD),
        to(RECYCLED, at(2, 12), Mover.SALES, Kind.RECYCLE),
        to(MQL, at(3, 9), Mover.AUTOMATIC, Kind.RE_ENTER),
        to(MQL, at(3, 10)),
    ]
    entered = [(fact.stage, fact.at) for fact in facts(*journey)]
    assert entered == [(MQL, at(2, 9)), (SAL, at(2, 10)), (MQL, at(3, 9))]
    assert [(fact.stage, fact.what) for fact in facts(to("lead", at(1, 9), kind=None))] == [("lead", Happened.ENTERED)]


def test_a_fact_tells_the_source_of_the_side_that_knows_it():
    here, there = seen(at(1, 9), source="webinar"), seen(at(1, 10), LEAD, LeadSource="Web")
    assert [fact.source for fact in facts(here, there, to(MQL, at(2, 9)))] == ["webinar"]
    assert [fact.source for fact in facts(there, to(MQL, at(2, 9)))] == ["Web"]
    assert [fact.source for fact in facts(seen(at(1, 9), source=None), to(MQL, at(2, 9)))] == [""]
    assert [fact.source for fact in facts(here, to(MQL, at(2, 9)), definition=DEFINITION)] == [""]


GIVEN = (to(MQL, at(2, 9)), handed(at(2, 9), "ada"))


def test_a_handoff_is_accepted_by_an_answer_or_a_move_of_sales():
    assert outcomes(*GIVEN, answer(at(2, 10), Verdict.ACCEPT)) == [(Happened.ACCEPTED, at(2, 10))]
    assert outcomes(*GIVEN, to(SAL, at(2, 11), Mover.SALES)) == [(Happened.ACCEPTED, at(2, 11))]
    assert outcomes(*GIVEN, to(SAL, at(2, 11), Mover.AUTOMATIC)) == []
    assert outcomes(answer(at(2, 10), Verdict.ACCEPT)) == []
    (fact,) = (one for one in facts(*GIVEN, answer(at(2, 10), Verdict.ACCEPT)) if one.what is Happened.ACCEPTED)
    assert fact.stage == MQL


def test_who_accepts_after_all_has_accepted_and_what_was_accepted_is_not_rejected_later():
    assert outcomes(*GIVEN, answer(at(2, 10)), answer(at(2, 11), Verdict.ACCEPT)) == [(Happened.ACCEPTED, at(2, 11))]
    again = [answer(at(2, 10), Verdict.ACCEPT), answer(at(2, 11)), answer(at(2, 12), Verdict.ACCEPT)]
    assert outcomes(*GIVEN, *again) == [(Happened.ACCEPTED, at(2, 10))]


def test_a_rejection_counts_unless_its_reason_does_not():
    assert outcomes(*GIVEN, answer(at(2, 10), reason="timing")) == [(Happened.REJECTED, at(2, 10))]
    assert outcomes(*GIVEN, answer(at(2, 10), reason="unheard of")) == [(Happened.REJECTED, at(2, 10))]
    assert outcomes(*GIVEN, answer(at(2, 10), reason="duplicate")) == []
    moved = to(RECYCLED, at(2, 10), Mover.SALES, Kind.RECYCLE, reason="timing")
    assert outcomes(*GIVEN, moved) == [(Happened.REJECTED, at(2, 10))]
    without = facts(*GIVEN, answer(at(2, 10)), definition=DEFINITION)
    assert [fact.what for fact in without] == [Happened.ENTERED, Happened.REJECTED]


def test_what_nobody_answers_in_time_expires_once_for_each_handoff():
    journey = [
        *GIVEN,
        to(RECYCLED, at(4, 9)),
        to(MQL, at(5, 9)),
        handed(at(5, 9), "bob"),
        handed(at(5, 14), "cy", "touch"),
    ]
    late = judged(ANSWER, journey, at(6, 9))["touch"]
    assert outcomes(*journey, late=late) == [(Happened.EXPIRED, at(2, 13))]
    late = judged(ANSWER, GIVEN, at(6, 9))["touch"]
    assert outcomes(*GIVEN, answer(at(4, 9), Verdict.ACCEPT), late=late) == [(Happened.ACCEPTED, at(4, 9))]
    assert outcomes(*GIVEN, late=judged(ANSWER, GIVEN, at(2, 10))["touch"]) == []


def test_a_late_cycle_of_another_handoff_is_not_this_ones():
    journey = [*GIVEN, answer(at(2, 10), Verdict.REJECT, "duplicate"), to(RECYCLED, at(2, 11)), to(MQL, at(5, 9))]
    journey.append(handed(at(5, 9), "bob"))
    late = judged(ANSWER, journey, at(6, 9))["touch"]
    assert outcomes(*journey, late=late) == [(Happened.EXPIRED, at(5, 13))]


def test_a_deal_is_won_when_it_was_won_first_for_the_amount_it_has_now():
    journey = [deal(at(2, 9), won=True, amount="100"), deal(at(3, 9), won=True, amount="120.50")]
    (fact,) = facts(*journey)
    assert (fact.what, fact.at, fact.amount, fact.id) == (Happened.WON, at(2, 9), Decimal("120.50"), "hubspot:d1")
    assert facts(*journey, deal(at(4, 9), won=False)) == []
    assert facts(deal(at(2, 9), won=False)) == []
    assert [fact.amount for fact in facts(deal(at(2, 9), won=True), deal(at(2, 9), won=True, name="d2"))] == [0, 0]
    assert CONTACT.side.value in fact.id


def test_a_deal_that_both_sides_tell_of_is_won_once_where_deals_are_kept_in_step():
    there = deal(at(2, 9), won=True, amount="100")
    both = [there, replace(there, ref=LEAD, at=at(2, 10))]
    assert [fact.id for fact in facts(*both)] == ["hubspot:d1", "salesforce:d1"]
    one_side = replace(SOURCED, deals_of=Side.SALESFORCE)
    assert [(fact.id, fact.at) for fact in facts(*both, definition=one_side)] == [("salesforce:d1", at(2, 10))]
    assert facts(there, definition=one_side) == []


def test_a_stage_that_was_refused_at_the_very_beginning_was_not_entered():
    assert facts(to(MQL, at(2, 9), kind=None, refused="there is no way")) == []


def test_each_fact_tells_stage_persona_and_source():
    known = [seen(at(1, 9), source="paid"), entry(at(1, 9), Named("buyer"))]
    late = judged(ANSWER, GIVEN, at(6, 9))["touch"]
    found = facts(*known, *GIVEN, deal(at(3, 9), won=True), late=late)
    assert [fact.what for fact in found] == [Happened.ENTERED, Happened.WON, Happened.EXPIRED]
    assert {(fact.stage, fact.persona, fact.source) for fact in found} == {(MQL, "buyer", "paid")}


def test_who_is_handed_over_again_as_the_answer_falls_due_expired_once():
    journey = [*GIVEN, handed(at(2, 13), "bob")]
    late = judged(ANSWER, GIVEN, at(6, 9))["touch"]
    assert outcomes(*journey, late=late) == [(Happened.EXPIRED, at(2, 13))]
