"""Reps answer: what is kept, what is asked for, what is refused, where it leads and what marketing reads of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from connector.core.definition import OnUnlawful
from connector.core.feedback import Attempt, asked_for, attempt, returns_on
from connector.core.journey import Answered, Asked, Channel, Handed, Ruled, Touched, Verdict
from connector.core.lifecycle import Kind, Move
from connector.core.plan import IssueKind
from connector.core.readings import Reading, Stamp
from tests.core.courses import (
    ANNE,
    BEGAN,
    BOB,
    CONTACT,
    FEEDBACK,
    HS,
    LEAD,
    LIFECYCLE,
    MOVES,
    SF,
    Person,
    S,
    agreement,
    handed_over,
)

CALL = Touched(Channel.CALL, outbound=True, human=True, by=ANNE)


def told(person: Person) -> tuple:
    return person.says(HS, "fb_status", "fb_class", "asked_for", "loops", "recycle_on")


def test_a_lead_that_is_handed_over_waits_for_an_answer():
    assert told(handed_over()) == ("waiting", None, None, "0", None)


def test_an_accepted_lead_is_sales_and_both_sides_say_so():
    person = handed_over().edit(LEAD, Answer="Accepted", Comment="Nice").go()
    assert person.ruled()[-1] == ("sal", "sales", "forward")
    assert person.says(HS, "life", "answer", "comment", "fb_status") == ("sql", "accepted", "Nice", "accepted")
    assert person.says(HS, "fb_at") == ("2026-11-02T09:05:00.000Z",)
    assert person.later(1).go().last.issues == ()


def test_an_answer_in_hubspot_counts_just_the_same():
    person = handed_over().edit(CONTACT, answer="rejected", reason="junk", comment="a student").go()
    assert person.ruled()[-1] == ("out", "sales", "disqualify")
    assert person.says(SF, "Stage", "Answer", "Reason", "Comment") == ("OUT", "Rejected", "Junk", "a student")
    assert told(person) == ("rejected", "disqualify", None, "0", None)


def test_what_an_answer_lacks_is_asked_for_once_with_a_task_until_it_is_there():
    person = handed_over().edit(LEAD, Answer="Rejected").go()
    assert person.of(Asked) == [Asked(Verdict.REJECT, ("reason", "comment"))]
    assert told(person)[0::2] == ("asked", "a reason; a comment", None)
    assert [effect.subject for effect in person.last.effects] == ["Please complete your answer about Ada L"]
    assert person.says(SF, "Answer", "AskedFor") == ("Rejected", "a reason; a comment")
    person.later(1).go()
    assert (person.last.entries, person.last.effects) == ((), ())
    assert person.last.issues[0].kind is IssueKind.ASKED
    person.edit(LEAD, Reason="Junk").go()
    assert person.of(Asked)[-1] == Asked(Verdict.REJECT, ("comment",))
    person.edit(LEAD, Comment="spam").go()
    assert (person.ruled()[-1][0], person.last.issues, person.says(SF, "AskedFor")) == ("out", (), (None,))


def test_a_reason_that_contradicts_the_verdict_is_asked_for_anew():
    person = handed_over().edit(LEAD, Answer="Recycled", Reason="Junk").go()
    assert person.says(HS, "asked_for") == ("a reason, Junk does not go with recycle",)
    assert len(person.ruled()) == 2


def test_a_reason_nobody_knows_is_none():
    person = handed_over().edit(LEAD, Answer="Recycled", Reason="Because").go()
    assert person.says(HS, "asked_for") == ("a reason, Because does not go with recycle",)


def test_an_answer_nobody_knows_is_shown():
    person = handed_over().edit(LEAD, Answer="Perhaps").go()
    assert (person.last.issues[0].reason, person.last.issues[0].value) == ("that is no answer", "Perhaps")
    assert (person.says(SF, "Answer"), told(person)[0]) == (("Perhaps",), "waiting")


def test_a_revisit_date_lies_ahead():
    person = handed_over().edit(LEAD, Answer="Recycled", Reason="Timing", Revisit="2026-11-02").go()
    assert person.says(HS, "asked_for") == ("a date in the future on which to come back",)
    person.edit(LEAD, Revisit="next week").go()
    assert person.of(Asked)[-1].missing == ("revisit",)
    person.edit(LEAD, Revisit="2026-12-01").go()
    assert told(person) == ("recycled", "recycle", None, "1", "2026-12-01")
    assert person.last.look_at == datetime(2026, 12, 1, tzinfo=UTC)


def test_nobody_is_unreachable_whom_nobody_tried_to_reach():
    person = handed_over().learn(LEAD, CALL, "call 1")
    person.edit(LEAD, Answer="Recycled", Reason="Unreachable").go()
    assert person.says(SF, "AskedFor") == ("2 attempts to reach them before Unreachable",)
    person.later(30).learn(LEAD, replace(CALL, human=False), "mail").go()
    assert person.ruled()[-1][0] == "mql"
    person.later(30).learn(LEAD, CALL, "call 2").go()
    assert person.ruled()[-1][0] == "recycled"


def test_accepting_twice_says_nothing_new_and_a_correction_is_kept():
    person = handed_over().edit(LEAD, Answer="Accepted").go().later(1).go()
    person.edit(CONTACT, answer=None).go().later(1).edit(CONTACT, answer="accepted").go()
    assert len(person.of(Answered)) == 1
    person.edit(LEAD, Comment="Called twice").go()
    assert person.of(Answered)[-1] == Answered(Verdict.ACCEPT, comment="Called twice")
    assert [one[0] for one in person.ruled()] == ["lead", "mql", "sal"]


def test_a_reason_may_be_corrected_and_the_day_to_come_back_follows():
    person = handed_over().edit(LEAD, Answer="Recycled", Reason="Timing", Revisit="2026-12-01").go()
    person.later(1).go().edit(LEAD, Reason="No Need", Revisit=None).go()
    assert (len(person.ruled()), person.says(HS, "reason", "recycle_on")) == (3, ("no_need", "2026-12-02"))


def test_an_answer_that_is_cleared_stands_and_is_written_back():
    person = handed_over().edit(LEAD, Answer="Accepted").go().later(1).go()
    assert person.edit(LEAD, Answer=None).go().says(SF, "Answer") == ("Accepted",)
    assert len(person.of(Answered)) == 1


def test_what_a_rep_is_just_writing_is_left_alone():
    person = handed_over().edit(LEAD, Comment="to be called").go()
    assert (person.says(SF, "Comment"), person.of(Answered), person.of(Asked)) == (("to be called",), [], [])


def test_a_left_over_reason_and_date_are_no_part_of_an_acceptance():
    person = handed_over().edit(LEAD, Answer="Recycled", Reason="Timing").go()
    person.edit(LEAD, Answer="Accepted", Revisit="2026-12-01").go()
    assert person.of(Answered) == [Answered(Verdict.ACCEPT)]
    assert person.later(1).go().says(SF, "Reason", "Revisit") == (None, None)


def test_an_answer_about_somebody_sales_was_not_given_is_refused_and_shown():
    person = Person(agreement(criteria={})).edit(CONTACT, life="lead").edit(LEAD, Stage=None).go()
    person.edit(LEAD, Answer="Accepted").go()
    assert person.ruled()[-1] == ("sal", "sales", "sales was not given them, so there is nothing to answer")
    for _ in range(2):
        assert person.last.issues[0].kind is IssueKind.UNLAWFUL
        person.later(1).go()
    assert (len(person.ruled()), person.says(SF, "Answer"), person.of(Answered)) == (2, ("Accepted",), [])
    person.edit(CONTACT, life="mql").go()
    assert person.says(SF, "Answer") == (None,)
    assert (person.last.issues, told(person)[0]) == ((), "waiting")


def test_an_answer_that_leads_where_nobody_may_go_is_refused():
    moves = {way: move for way, move in MOVES.items() if way != ("mql", "out")}
    person = handed_over(lifecycle=replace(LIFECYCLE, moves=moves), on_unlawful=OnUnlawful.FLAG)
    person.edit(LEAD, Answer="Disqualified", Reason="Junk").go()
    assert person.ruled()[-1] == ("out", "sales", "there is no way from MQL to OUT")
    assert person.last.issues[0].reason == "there is no way from MQL to OUT"
    assert (person.says(SF, "Stage"), person.of(Answered)) == (("MQL",), [])


def test_who_moves_a_lead_has_answered():
    person = handed_over().edit(LEAD, Stage="SAL").go()
    assert person.of(Answered) == [Answered(Verdict.ACCEPT)]
    assert (person.says(SF, "Answer"), told(person)[0]) == (("Accepted",), "accepted")
    other = handed_over().edit(LEAD, Stage="RECYCLED", Reason="No Need").go()
    assert other.of(Answered) == [Answered(Verdict.RECYCLE, "no_need")]
    assert (other.ruled()[-1][2], other.says(HS, "answer", "reason")) == ("recycle", ("recycled", "no_need"))


def test_who_moves_a_lead_without_the_reason_it_takes_is_asked_for_it_and_need_not_answer_twice():
    person = handed_over().edit(LEAD, Stage="RECYCLED").go()
    assert person.ruled()[-1] == ("recycled", "sales", "it takes a reason")
    assert (person.says(SF, "Stage", "AskedFor"), told(person)[0]) == (("MQL", "a reason"), "asked")
    person.later(1).go().edit(LEAD, Reason="No Need").go()
    assert (person.ruled()[-1][2], person.says(SF, "Stage")) == ("recycle", ("RECYCLED",))


def test_moving_on_is_no_second_answer_and_neither_is_moving_where_no_answer_leads():
    person = handed_over().edit(LEAD, Stage="SAL").go().edit(LEAD, Stage="SQL").go().edit(LEAD, Stage="SAL").go()
    assert (len(person.of(Answered)), person.ruled()[-1]) == (1, ("sal", "sales", "backward"))
    other = handed_over(feedback=replace(FEEDBACK, leads_to={})).edit(LEAD, Stage="SAL").go()
    assert (other.of(Answered), other.ruled()[-1][2]) == ([], "forward")
    assert other.edit(LEAD, Answer="Accepted").go().of(Answered) == [Answered(Verdict.ACCEPT)]


def test_accepting_a_lead_that_was_taken_further_does_not_take_it_back():
    person = handed_over().edit(LEAD, Stage="SAL").go().edit(LEAD, Stage="SQL", Answer="Accepted", Comment="x").go()
    assert [one[0] for one in person.ruled()] == ["lead", "mql", "sal", "sql"]


def test_an_answer_and_its_stage_in_one_edit_are_one_move():
    person = handed_over().edit(LEAD, Stage="SAL", Answer="Accepted").go()
    assert (len(person.of(Answered)), len(person.ruled())) == (1, 3)


def test_history_can_be_answered_and_is_not_written_about_before():
    person = Person(agreement(criteria={})).edit(CONTACT, life="mql", createdate="2020-01-01T00:00:00.000Z")
    person.edit(LEAD, Stage=None).go()
    assert "fb_status" not in person.last.wishes[HS]
    person.later(1).go().edit(LEAD, Answer="Accepted").go()
    assert (person.ruled()[-1], told(person)[0]) == (("sal", "sales", "forward"), "accepted")


def test_a_rep_may_take_somebody_up_and_answer_for_them():
    person = Person(agreement(criteria={})).edit(CONTACT, life="lead").edit(LEAD, Stage=None).go()
    person.later(1).go().edit(LEAD, Stage="SAL").go()
    person.edit(LEAD, Answer="Recycled", Reason="No Need").go()
    assert person.ruled()[-1] == ("recycled", "sales", "recycle")


def test_an_answer_that_its_clock_dates_before_the_handoff_but_was_learnt_of_later_counts():
    person = handed_over().edit(LEAD, Answer="Accepted")
    person.modified[LEAD] = person.now - timedelta(minutes=4)
    person.go()
    assert person.ruled()[-1] == ("sal", "sales", "forward")
    assert person.of(Answered) == [Answered(Verdict.ACCEPT)]


def test_after_a_new_handoff_everything_is_to_be_answered_anew():
    person = handed_over().edit(LEAD, Answer="Recycled", Reason="Timing", Revisit="2026-12-01").go()
    person.later(days=40).go()
    assert [handed.owner for handed in person.of(Handed)] == [ANNE, BOB]
    assert (person.says(SF, "Answer", "Reason", "Revisit"), told(person)) == (
        (None, None, None),
        ("waiting", None, None, "1", None),
    )
    person.later(1).go().edit(LEAD, Answer="Accepted").go()
    assert person.ruled()[-1] == ("sal", "sales", "forward")


def test_who_came_back_to_nurture_waits_for_nobodys_answer():
    person = handed_over(criteria={}).edit(CONTACT, life="mql").go()
    person.edit(LEAD, Answer="Recycled", Reason="No Need").go().later(days=31).go()
    assert person.ruled()[-1] == ("lead", "automatic", "re_enter")
    assert (told(person)[0], person.says(SF, "Answer")) == (None, (None,))


def test_a_rep_who_takes_up_a_recycled_lead_accepts_it():
    way = {("recycled", "sal"): Move(Kind.RE_ENTER, frozenset({S}))}
    person = handed_over(lifecycle=replace(LIFECYCLE, moves={**MOVES, **way}))
    person.edit(LEAD, Answer="Recycled", Reason="No Need").go().later(1).go()
    person.edit(LEAD, Answer="Accepted", Reason=None).go()
    assert (person.ruled()[-1], told(person)[0]) == (("sal", "sales", "re_enter"), "accepted")


def test_who_answered_is_told_as_far_as_the_side_tells():
    person = handed_over().edit(LEAD, Answer="Accepted", LastModifiedById=BOB).go()
    assert (person.of(Answered)[0].by, person.says(HS, "fb_by")) == (BOB, (BOB,))
    other = handed_over().edit(LEAD, Answer="Accepted")
    values = dict(other.values[LEAD])
    other.reading = lambda side: (  # type: ignore[method-assign]
        Reading(LEAD, values=values, modified_at=other.now, stamps={"Answer": Stamp(other.now, "Carla")})
        if side is SF
        else None
    )
    assert [entry.what.by for entry in other.look().entries if isinstance(entry.what, Answered)] == ["Carla"]


def test_an_answer_is_read_in_any_case_and_told_without_a_reason_as_none():
    assert attempt(FEEDBACK.answers, SF, {"Answer": "accepted", "Revisit": "2026-11-02"}) == Attempt(
        Verdict.ACCEPT, revisit=date(2026, 11, 2)
    )
    assert asked_for(FEEDBACK, Asked(Verdict.RECYCLE, ("attempts",)), Attempt(None)) == (
        "0 attempts to reach them before "
    )


@pytest.mark.parametrize(
    ("reason", "revisit", "due"),
    [
        ("timing", date(2026, 12, 1), datetime(2026, 12, 1, tzinfo=UTC)),
        ("no_need", None, BEGAN + timedelta(days=30)),
        ("junk", date(2026, 12, 1), None),
        ("unheard of", None, None),
    ],
)
def test_each_reason_says_when_somebody_may_come_back(reason, revisit, due):
    assert returns_on(FEEDBACK, reason, revisit, BEGAN) == due


def test_a_pass_that_a_policy_ended_is_told_as_such():
    person = handed_over(feedback=replace(FEEDBACK, reasons={}))
    for stage, kind, status in (("recycled", Kind.RECYCLE, "recycled"), ("out", Kind.DISQUALIFY, "disqualified")):
        other = handed_over()
        other.later(1).learn(CONTACT, Ruled(stage, S, kind, start="mql"), "ruled:2").go()
        assert told(other)[0] == status
    assert person.edit(LEAD, Answer="Recycled", Reason="Timing").go().of(Asked) == [Asked(Verdict.RECYCLE, ("reason",))]


def test_of_two_unfinished_answers_the_later_one_is_asked_about():
    person = handed_over().edit(CONTACT, answer="rejected").go().edit(LEAD, Answer="Recycled").go()
    assert person.of(Asked) == [Asked(Verdict.REJECT, ("reason", "comment")), Asked(Verdict.RECYCLE, ("reason",))]
    assert person.later(1).go().last.entries == ()
    assert person.says(HS, "asked_for") == ("a reason",)


def test_who_moves_and_answers_in_one_edit_is_held_to_what_the_answer_takes():
    person = handed_over().edit(LEAD, Stage="RECYCLED", Answer="Recycled", Reason="Unreachable").go()
    assert person.ruled()[-1] == ("recycled", "sales", "it takes more attempts to reach them")
    assert (person.of(Asked), person.says(SF, "Stage")) == ([Asked(Verdict.RECYCLE, ("attempts",))], ("MQL",))
    other = handed_over().edit(LEAD, Stage="RECYCLED", Answer="Accepted", Reason="No Need").go()
    assert [one[0] for one in other.ruled()] == ["lead", "mql", "sal", "recycled"]


def test_who_accepted_and_moves_them_back_later_answers_by_that():
    person = handed_over().edit(LEAD, Answer="Accepted").go().later(1).go()
    person.edit(LEAD, Stage="RECYCLED").go()
    assert (person.ruled()[-1][2], told(person)[0]) == ("it takes a reason", "asked")
    person.later(1).go().edit(LEAD, Reason="No Need").go()
    assert person.of(Answered)[-1] == Answered(Verdict.RECYCLE, "no_need")
    assert (person.says(SF, "Stage", "Answer"), told(person)[:2]) == (("RECYCLED", "Recycled"), ("recycled", "recycle"))


def test_who_takes_an_unfinished_answer_back_is_no_longer_asked():
    person = handed_over().edit(LEAD, Answer="Accepted").go().later(1).go()
    person.edit(LEAD, Answer="Recycled").go()
    assert told(person)[0] == "asked"
    person.edit(LEAD, Answer="Accepted").go()
    assert (told(person)[0], person.says(SF, "AskedFor"), person.last.issues) == ("accepted", (None,), ())
    assert person.of(Asked)[-1] == Asked(Verdict.RECYCLE, ())
    assert person.later(1).go().last.entries == ()
    other = handed_over().edit(LEAD, Answer="Recycled").go().edit(LEAD, Answer=None).go()
    assert (told(other)[0], other.says(SF, "AskedFor"), other.last.issues) == ("waiting", (None,), ())


def test_what_was_asked_for_later_stands():
    person = handed_over().edit(CONTACT, answer="rejected").go().edit(LEAD, Stage="RECYCLED").go().later(1).go()
    assert [asked.verdict for asked in person.of(Asked)] == [Verdict.REJECT, Verdict.RECYCLE]
    assert person.later(1).go().last.entries == ()


def test_who_turned_out_to_be_unreachable_was_so_with_the_last_attempt():
    person = handed_over().edit(LEAD, Answer="Recycled", Reason="Unreachable").go()
    person.later(30).learn(LEAD, CALL, "1").later(30).learn(LEAD, CALL, "2").later(30).go()
    assert [entry.at - person.now for entry in person.journey if isinstance(entry.what, Answered)] == [
        -timedelta(minutes=30)
    ]
    assert person.ruled()[-1][0] == "recycled"


def test_two_who_gave_the_same_answer_are_one():
    person = handed_over().edit(LEAD, Answer="Recycled", Reason="Unreachable").go()
    person.edit(CONTACT, answer="recycled", reason="unreachable", comment="no luck").go()
    person.later(30).learn(LEAD, CALL, "1").learn(LEAD, CALL, "2").go()
    assert [answered.verdict for answered in person.of(Answered)] == [Verdict.RECYCLE]
    assert person.later(1).go().last.issues == ()
