"""What a decision says about itself: when, on what evidence, with which reason, date and comment, under which key."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from connector.core import handoff
from connector.core.definition import OnUnlawful, OwnerRule, Pool
from connector.core.feedback import Attempt, attempt, fields
from connector.core.journey import Answered, Asked, Channel, Dealt, Entry, Handed, Ruled, Touched, Verdict, What
from connector.core.lifecycle import Kind, Move
from connector.core.walking import Course
from tests.core.courses import (
    ANNE,
    ANSWERS,
    BEGAN,
    BOB,
    CONTACT,
    DEFINITION,
    FEEDBACK,
    HANDOFF,
    HS,
    LEAD,
    LIFECYCLE,
    MOVES,
    SF,
    SF_CONTACT,
    A,
    M,
    Person,
    S,
    agreement,
    handed_over,
    question,
    score,
)

CALL = Touched(Channel.CALL, outbound=True, human=True)


def last_ruled(person: Person) -> Ruled:
    return person.of(Ruled)[-1]


def test_a_move_by_an_answer_tells_the_answer_and_where_it_was_given():
    person = handed_over()
    person.edit(LEAD, Answer="Recycled", Reason="Timing", Revisit="2026-12-01", Comment="in winter").go()
    told = last_ruled(person)
    assert (told.stage, told.evidence) == ("recycled", "answered recycle (timing) in Salesforce")
    assert (told.reason, told.revisit, told.comment) == ("timing", date(2026, 12, 1), "in winter")
    other = handed_over().edit(CONTACT, answer="accepted").go()
    assert last_ruled(other).evidence == "answered accept in HubSpot"


def test_an_answer_that_leads_nowhere_is_kept_and_moves_nobody():
    leads = {verdict: stage for verdict, stage in FEEDBACK.leads_to.items() if verdict is not Verdict.REJECT}
    person = handed_over(feedback=replace(FEEDBACK, leads_to=leads))
    person.edit(LEAD, Answer="Rejected", Reason="Junk", Comment="spam").go()
    assert person.of(Answered) == [Answered(Verdict.REJECT, "junk", "spam")]
    assert [one[0] for one in person.ruled()] == ["lead", "mql"]


def test_a_move_by_hand_tells_what_was_shown_and_what_the_answer_said():
    moves = MOVES | {("mql", "recycled"): Move(Kind.RECYCLE, frozenset({S}), frozenset())}
    person = handed_over().edit(LEAD, Stage="RECYCLED", Reason="Timing", Revisit="2026-12-01", Comment="later").go()
    told = last_ruled(person)
    assert told.evidence == "Salesforce shows Stage = RECYCLED"
    assert (told.reason, told.revisit, told.comment) == ("timing", date(2026, 12, 1), "later")
    plain = handed_over(lifecycle=replace(LIFECYCLE, moves=moves)).edit(LEAD, Stage="SAL", Comment="nice").go()
    assert last_ruled(plain).comment == ""


def test_what_hubspot_shows_is_told_field_by_field_and_blanks_as_blank():
    person = Person().edit(CONTACT, life="sql", status="OPEN").go()
    assert last_ruled(person).evidence == "HubSpot shows life = sql, status = OPEN"
    assert last_ruled(Person().edit(CONTACT, life="lead").go()).evidence == "HubSpot shows life = lead, status = blank"


def test_a_move_that_is_refused_says_why_though_an_answer_came_with_it():
    moves = {way: move for way, move in MOVES.items() if way != ("mql", "sal")}
    person = handed_over(lifecycle=replace(LIFECYCLE, moves=moves), on_unlawful=OnUnlawful.FLAG)
    person.edit(LEAD, Stage="SAL").go()
    assert (last_ruled(person).refused, person.of(Answered)) == ("there is no way from MQL to SAL", [])


def test_a_conversion_tells_that_it_was_one_and_when():
    person = handed_over().edit(LEAD, Stage="SAL").go().later(1).go()
    person.later(30).edit(SF_CONTACT, Stage="SAL").go()
    told = last_ruled(person)
    assert (told.stage, told.by, told.evidence) == ("sql", A, "the Lead was converted in Salesforce")
    at = next(entry.at for entry in reversed(person.journey) if entry.what is told)
    assert at == person.modified[SF_CONTACT]


def test_who_comes_back_on_the_day_does_so_because_of_it():
    person = handed_over().edit(LEAD, Answer="Recycled", Reason="Timing", Revisit="2026-12-01").go()
    person.later(days=30).go()
    back = next(one for one in person.of(Ruled) if one.kind is Kind.RE_ENTER)
    assert (back.stage, back.evidence) == ("mql", "2026-12-01 has come, the day to come back")
    assert back.revisit == date(2026, 12, 1)


def test_a_deal_moves_somebody_as_of_its_own_day():
    person = handed_over().edit(LEAD, Stage="SAL").go().edit(LEAD, Stage="SQL").go()
    closed_at = person.later(10).now
    person.later(10)
    person.append(Entry(LEAD, closed_at, person.now, Dealt("006A", "Closed Won", closed=True, won=True), "deal:006A"))
    person.go()
    told = next(entry for entry in person.journey if isinstance(entry.what, Ruled) and entry.what.stage == "customer")
    assert (told.at, told.what.evidence) == (closed_at, "deal 006A: deal.won")


def test_a_refusal_of_before_somebody_was_moved_is_no_longer_told():
    person = Person(agreement(criteria={})).edit(CONTACT, life="lead").edit(LEAD, Stage=None).go()
    person.edit(LEAD, Answer="Accepted").go()
    assert person.last.issues != ()
    person.edit(CONTACT, life="mql").go()
    person.later(1).go()
    assert person.last.issues == ()


def test_every_answer_question_and_choice_has_a_key_of_its_own():
    person = handed_over().edit(LEAD, Answer="Rejected").go().edit(LEAD, Reason="Junk").go()
    person.edit(LEAD, Comment="spam").go()
    keys = [entry.key for entry in person.journey if isinstance(entry.what, Asked | Answered)]
    assert keys == ["asked:0", "asked:1", "answered:0"]


def test_what_is_missing_is_told_part_by_part():
    needs = {Verdict.RECYCLE: frozenset(FEEDBACK.needs[Verdict.REJECT])}
    person = handed_over(feedback=replace(FEEDBACK, needs=needs)).edit(LEAD, Stage="RECYCLED").go()
    assert last_ruled(person).refused == "it takes a reason and a comment"


@pytest.mark.parametrize("others", [{"spelling": {}}, {"reasons": {}}, {"spelling": {}, "reasons": {}}])
def test_a_side_without_words_of_its_own_holds_ours(others):
    answers = replace(ANSWERS, **others)
    given = Answered(Verdict.RECYCLE, "no_need", "not now", date(2026, 12, 1))
    held = dict(fields(answers, SF, given))
    assert held["Answer"] == ("recycle" if "spelling" in others else "Recycled")
    assert held["Reason"] == ("no_need" if "reasons" in others else "No Need")
    assert (held["Comment"], held["Revisit"]) == ("not now", "2026-12-01")
    assert dict(fields(answers, SF, Answered(Verdict.ACCEPT)))["Reason"] is None


def test_what_a_side_without_words_of_its_own_says_is_strange_but_no_fault():
    made = attempt(replace(ANSWERS, spelling={}, reasons={}), SF, {"Answer": "Recycled", "Reason": "Timing"})
    assert made == Attempt(None, "Timing", strange="Recycled")
    assert attempt(replace(ANSWERS, verdict={HS: "answer"}), SF, {"Answer": "Recycled"}) == Attempt(None)


def test_why_a_lead_was_handed_over_is_told_without_what_no_side_knows_of():
    shown = (("Form", SF, "LastForm"), ("Nothing", HS, None), ("Form", HS, "form"))
    person = handed_over(handoff=replace(HANDOFF, shown=shown))
    person.edit(CONTACT, form="price list").go()
    assert "Form: price list" in person.says(SF, "Why")[0]
    assert "Nothing" not in person.says(SF, "Why")[0]


def walked(*whats: What) -> Course:
    course = Course(DEFINITION)
    for hour, what in enumerate(whats):
        course.take(Entry(CONTACT, BEGAN + timedelta(hours=hour), BEGAN, what))
        course.rest()
    return course


def test_why_nobody_was_handed_over_is_nothing_to_tell():
    assert list(handoff.why(HANDOFF, Course(DEFINITION))) == []


def test_a_stage_that_is_no_more_is_told_by_its_id():
    gone = replace(HANDOFF, stages=frozenset({"prospect"}))
    assert list(handoff.why(gone, walked(Ruled("prospect", M, None)))) == ["prospect, says marketing"]


def test_marketing_tells_on_what_is_shown_and_what_the_reasons_ask_for():
    reasons = (("Called", question(lambda _: False)), ("Score of 50 or more", score(50)))
    assert handoff.context_fields(replace(HANDOFF, reasons=reasons)) == {"form", "score"}


def test_the_first_rule_that_holds_chooses_though_others_before_it_do_not():
    rules = (OwnerRule("large", question(lambda _: False), Pool("large", (BOB,))), *HANDOFF.rules)
    assert handed_over(handoff=replace(HANDOFF, rules=rules)).of(Handed)[-1].owner == ANNE


def test_only_a_rep_is_passed_over_for_who_comes_back_and_not_nobody():
    came_back = Ruled("mql", A, Kind.RE_ENTER, revisit=date(2026, 12, 1))
    course = walked(Ruled("mql", M, None), Handed(ANNE, "reps"), Ruled("recycled", S, Kind.RECYCLE), came_back)
    course.situation.owner = ""
    assert handoff.before(course) == {ANNE}


def test_nobody_comes_back_by_a_reason_where_no_reasons_were_agreed_on():
    plain = {way: replace(move, needs=frozenset()) for way, move in MOVES.items()}
    person = handed_over(feedback=None, lifecycle=replace(LIFECYCLE, moves=plain)).edit(LEAD, Stage="RECYCLED").go()
    person.later(days=90).go()
    assert (person.ruled()[-1], person.last.look_at) == (("recycled", "sales", "recycle"), None)


def test_a_moment_that_moves_somebody_dates_from_then():
    asked = question(lambda one: one.touch is not None and one.touch.outbound, momentary=True, text="a call")
    person = Person(agreement(criteria={"mql": asked})).edit(CONTACT, life="lead").go()
    called = person.later(5).now
    person.later(5).append(Entry(CONTACT, called, person.now, CALL, "touch:1"))
    person.go()
    told = next(entry for entry in person.journey if isinstance(entry.what, Ruled) and entry.what.stage == "mql")
    assert (told.at, told.what.evidence) == (called, "criteria hold: a call")


def test_history_that_is_touched_on_the_other_side_moves_nobody_by_what_hubspot_says():
    person = Person().edit(CONTACT, life="lead", score="60", createdate="2020-01-01T00:00:00.000Z")
    person.modified[CONTACT] = BEGAN - timedelta(days=1)
    person.go()
    before = len(person.ruled())
    person.edit(LEAD, Stage="LEAD", Comment="hello").go()
    assert len(person.ruled()) == before


def answered_at(person: Person) -> datetime:
    return next(entry.at for entry in reversed(person.journey) if isinstance(entry.what, Answered))


def test_a_call_after_the_answer_does_not_make_the_answer_later():
    person = handed_over().edit(LEAD, Answer="Accepted")
    given = person.now
    person.later(5).learn(LEAD, CALL, "touch:1").go()
    assert answered_at(person) == given


def test_who_was_unreachable_was_so_with_the_last_of_all_attempts():
    person = handed_over().edit(LEAD, Answer="Recycled", Reason="Unreachable").go()
    for number in range(3):
        person.later(10).learn(LEAD, CALL, f"touch:{number}")
    last = person.now
    person.later(10).go()
    assert answered_at(person) == last


def test_an_answer_that_leads_nowhere_about_somebody_sales_was_not_given_is_refused_without_a_stage():
    leads = {verdict: stage for verdict, stage in FEEDBACK.leads_to.items() if verdict is not Verdict.REJECT}
    person = Person(agreement(criteria={}, feedback=replace(FEEDBACK, leads_to=leads))).edit(CONTACT, life="lead")
    person.edit(LEAD, Stage=None).go().edit(LEAD, Answer="Rejected", Reason="Junk", Comment="spam").go()
    assert (last_ruled(person).stage, bool(last_ruled(person).refused)) == ("", True)


def test_an_answer_that_was_refused_is_shown_until_they_are_moved():
    moves = {way: move for way, move in MOVES.items() if way != ("mql", "out")}
    person = handed_over(lifecycle=replace(LIFECYCLE, moves=moves), on_unlawful=OnUnlawful.FLAG)
    person.edit(LEAD, Answer="Disqualified", Reason="Junk").go()
    assert [issue.reason for issue in person.later(1).go().last.issues] == ["there is no way from MQL to OUT"]
    person.edit(CONTACT, life="lead", score="1").go()
    assert person.ruled()[-1] == ("lead", "marketing", "backward")
    assert [issue.reason for issue in person.later(1).go().last.issues] == []


def test_of_two_answers_of_one_moment_salesforces_is_asked_about():
    person = handed_over().edit(CONTACT, answer="rejected").edit(LEAD, minutes=0, Answer="Recycled").go()
    assert [asked.verdict for asked in person.of(Asked)] == [Verdict.RECYCLE]


def test_who_answers_one_thing_and_does_another_has_not_answered_by_moving():
    person = handed_over().edit(LEAD, Stage="SAL", Answer="Rejected").go()
    assert (person.of(Answered), {asked.verdict for asked in person.of(Asked)}) == ([], {Verdict.REJECT})
    assert (person.ruled()[-1], person.says(HS, "fb_status")) == (("sal", "sales", "forward"), ("asked",))
