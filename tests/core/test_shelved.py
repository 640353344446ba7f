"""What the reading copy says of a person: where they stand, their stays, their promises, their handoffs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.core.definition import Feedback, Reason, ReasonClass
from connector.core.facts import outcomes
from connector.core.goals import Happened
from connector.core.handed import STATUSES, handoffs
from connector.core.journey import Asked, Named, Verdict
from connector.core.lifecycle import Kind, Mover
from connector.core.policy import PolicyKind
from connector.core.refs import Side
from connector.core.shelved import HISTORY, NAME_CHARS, START, Card, Rows, card, shelved
from connector.core.sla import ReEntry
from connector.core.steered import Agreement
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
    book,
    call,
    edition,
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
    {"timing": Reason("timing", "Timing", frozenset(Verdict), ReasonClass.RECYCLE)},
    {},
)
SOURCED = replace(DEFINITION, feedback=FEEDBACK, source={Side.HUBSPOT: "source", Side.SALESFORCE: "LeadSource"})
TOUCH = policy()
ANSWER = policy(
    id="answer",
    team="sales",
    kind=PolicyKind.DISPOSITION,
    stop=asks("s.answer is not None"),
    re_entry=ReEntry.NEW_CYCLE,
)


END = at(30, 9)


def told(*journey, now=END, agreed=()) -> Rows:
    agreement = Agreement(SOURCED, at(1, 0), agreed)
    entries = in_order(journey)
    return shelved(agreement, entries, judged(agreed, entries, now) if agreed else {})


def test_nobody_who_has_no_journey_stands_anywhere():
    assert told() == Rows()


def test_who_somebody_is_hubspot_says_first_and_salesforce_where_it_is_silent():
    hubspot = {"firstname": "Ada", "lastname": None, "email": "ada@x.com", "company": None}
    salesforce = {"FirstName": "Augusta", "LastName": "Byron", "Email": "byron@x.com", "Company": "Engines"}
    assert card(hubspot, salesforce) == Card("Ada", "ada@x.com", "Engines")
    assert card(None, salesforce) == Card("Augusta Byron", "byron@x.com", "Engines")
    assert card(None, {"Name": "Ada Byron"}) == Card("Ada Byron")
    assert card({"lastname": "Byron"}, None) == Card("Byron")
    assert card(None, None) == Card()


def test_a_name_without_end_is_cut():
    assert card({"lastname": "x" * 1000}, None).name == "x" * NAME_CHARS


def test_where_somebody_stands_is_told_with_since_when_who_has_them_and_where_they_came_from():
    rows = told(
        seen(at(2, 9), source="ORGANIC"),
        to("lead", at(2, 9), kind=None, evidence="HubSpot shows life = lead"),
        seen(at(2, 10), LEAD, OwnerId="005ANNE", LeadSource="Web"),
        to(MQL, at(3, 9)),
        entry(at(3, 10), Named("buyer")),
    )
    assert rows.stand[:6] == (MQL, "mofu", at(3, 9), "buyer", "ORGANIC", "005ANNE")
    assert rows.stand[6:] == ("", "", None)


def test_every_stay_says_how_it_began_when_it_ended_and_whether_it_led_on():
    rows = told(
        seen(at(2, 8), source="ADS"),
        to("lead", at(2, 9), kind=None),
        to(MQL, at(3, 9)),
        to("lead", at(4, 9), kind=Kind.BACKWARD),
        to(SAL, at(5, 9), by=Mover.SALES),
        to(RECYCLED, at(6, 9), by=Mover.SALES, kind=Kind.RECYCLE),
        to(MQL, at(9, 9), kind=Kind.RE_ENTER),
    )
    assert [(one.stage, one.kind, one.onward) for one in rows.passes] == [
        ("lead", START, True),
        (MQL, "forward", True),
        ("lead", "backward", True),
        (SAL, "forward", False),
        (RECYCLED, "recycle", True),  # they came back
        (MQL, "re_enter", False),  # they were further once, but not since
    ]
    assert [one.left_at for one in rows.passes] == [at(3, 9), at(4, 9), at(5, 9), at(6, 9), at(9, 9), None]
    assert [one.left_to for one in rows.passes] == [MQL, "lead", SAL, RECYCLED, MQL, ""]
    assert {one.source for one in rows.passes} == {"ADS"}


def test_a_stay_from_before_the_lifecycle_is_history_and_one_in_a_stage_that_is_gone_is_told():
    rows = told(to("lead", at(2, 9), kind=None, first=True), to("dropped", at(3, 9)))
    assert [(one.stage, one.kind, one.onward) for one in rows.passes] == [
        ("lead", HISTORY, False),
        ("dropped", "forward", False),
    ]
    assert rows.stand.band == ""


def test_a_stay_keeps_the_persona_they_came_with():
    rows = told(
        entry(at(2, 8), Named("buyer")),
        to("lead", at(2, 9), kind=None),
        entry(at(2, 10), Named("user")),
        to(MQL, at(3, 9)),
    )
    assert [one.persona for one in rows.passes] == ["buyer", "user"]
    assert rows.stand.persona == "user"


def test_an_open_clock_is_told_with_whose_it_is_and_does_not_change_by_the_hour():
    journey = [seen(at(2, 8), source="ADS"), to(MQL, at(2, 9))]
    soon, later = (told(*journey, now=at(2, hour), agreed=book(TOUCH)) for hour in (10, 11))
    assert soon == later
    assert (soon.stand.clock, soon.stand.due_at) == ("running", at(2, 13))
    (cycle,) = soon.cycles
    assert (cycle.policy, cycle.number, cycle.state, cycle.team) == ("touch", 0, "running", "sales")
    assert (cycle.stage, cycle.source, cycle.persona, cycle.owner) == (MQL, "ADS", "", "")
    assert (cycle.started_at, cycle.due_at, cycle.ended_at, cycle.late_s) == (at(2, 9), at(2, 13), None, None)


def test_an_open_clock_that_is_late_is_the_same_however_late_it_gets():
    journey = [to(MQL, at(2, 9))]
    late, later = (told(*journey, now=at(day, 10), agreed=book(TOUCH)) for day in (4, 5))
    assert late == later
    assert (late.stand.clock, late.stand.due_at, late.cycles[0].late_s) == ("breached", at(2, 13), None)


def test_what_was_kept_in_time_has_the_deadline_it_had_and_no_lateness():
    rows = told(to(MQL, at(2, 9)), call(at(2, 10)), agreed=book(TOUCH))
    (cycle,) = rows.cycles
    assert (cycle.state, cycle.due_at, cycle.ended_at, cycle.late_s) == ("met", at(2, 13), at(2, 10), 0)
    assert (rows.stand.clock, rows.stand.due_at) == ("", None)


def test_what_was_kept_late_has_the_deadline_that_was_missed():
    (cycle,) = told(to(MQL, at(2, 9)), call(at(2, 14)), agreed=book(TOUCH)).cycles
    assert (cycle.state, cycle.due_at, cycle.late_s) == ("breached", at(2, 13), 3600)


def test_what_is_paused_has_no_deadline():
    paused = policy(pause=asks("value('hold') == 'yes'"))
    rows = told(to(MQL, at(2, 9)), seen(at(2, 10), hold="yes"), now=at(2, 12), agreed=book(paused))
    assert (rows.cycles[0].state, rows.cycles[0].due_at, rows.stand.clock) == ("paused", None, "paused")


def test_a_promise_that_the_book_has_forgotten_is_nobodys():
    journey = in_order([to(MQL, at(2, 9))])
    cycles = judged(book(TOUCH), journey, at(2, 10))
    agreement = Agreement(SOURCED, at(1, 0), (edition("another", at(1, 0), ANSWER),))
    (cycle,) = shelved(agreement, journey, cycles).cycles
    assert (cycle.policy, cycle.team) == ("touch", "")


def test_a_cycle_keeps_who_they_were_when_it_began():
    again = policy(re_entry=ReEntry.NEW_CYCLE)
    rows = told(
        seen(at(2, 8), source="ADS"),
        to(MQL, at(2, 9)),
        call(at(2, 10)),
        to("lead", at(3, 9), kind=Kind.BACKWARD),
        seen(at(3, 10), source="EVENT"),
        to(MQL, at(4, 9)),
        agreed=book(again),
        now=at(4, 10),
    )
    assert [(one.number, one.source, one.state) for one in rows.cycles] == [(0, "ADS", "met"), (1, "EVENT", "running")]


def test_a_handoff_is_told_with_who_they_were_and_what_sales_said():
    rows = told(
        seen(at(2, 8), source="ADS", utm_campaign="spring", hs_analytics_source_data_1="other"),
        to(MQL, at(2, 9)),
        handed(at(2, 9), "005ANNE"),
        answer(at(3, 9)),
    )
    (given,) = rows.handoffs
    assert (given.at, given.owner, given.source, given.campaign) == (at(2, 9), "005ANNE", "ADS", "spring")
    assert (given.answer, given.reason, given.reason_class, given.answered_at) == (
        "rejected",
        "timing",
        "recycle",
        at(3, 9),
    )
    assert given.outcome == "rejected"
    assert rows.stand.answer == "rejected"


def test_a_handoff_waits_and_expires_where_an_answer_was_promised_in_time():
    journey = [to(MQL, at(2, 9)), handed(at(2, 9), "005ANNE")]
    waits, expired = (told(*journey, now=moment, agreed=book(ANSWER)).handoffs[0] for moment in (at(2, 10), at(4, 9)))
    assert (waits.answer, waits.outcome, waits.campaign) == ("waiting", "", "")
    assert (expired.answer, expired.outcome) == ("waiting", "expired")
    other = told(*journey, now=at(4, 9), agreed=book(TOUCH)).handoffs[0]
    assert other.outcome == ""  # a call was promised, not an answer


@pytest.mark.parametrize(
    ("after", "status"),
    [
        ([], "waiting"),
        ([entry(at(3, 9), Asked(Verdict.REJECT, ("reason",)), LEAD)], "asked"),
        ([entry(at(3, 9), Asked(Verdict.REJECT, ()), LEAD)], "waiting"),
        ([answer(at(3, 9), Verdict.ACCEPT, ""), entry(at(4, 9), Asked(Verdict.REJECT, ("reason",)), LEAD)], "accepted"),
        ([to(SAL, at(3, 9), by=Mover.SALES)], "accepted"),
        ([to(RECYCLED, at(3, 9), by=Mover.SALES, kind=Kind.RECYCLE)], "recycled"),
        ([to("out", at(3, 9), by=Mover.SALES, kind=Kind.DISQUALIFY)], "disqualified"),
        ([to("lead", at(3, 9), kind=Kind.BACKWARD)], "taken back"),
        ([to("lead", at(3, 9), by=Mover.SALES, kind=Kind.BACKWARD)], "waiting"),
        ([to(SAL, at(3, 9), by=Mover.SALES, refused="nobody may")], "waiting"),
        ([to(SAL, at(3, 9), by=Mover.SALES, kind=None)], "waiting"),
        ([answer(at(3, 9), Verdict.RECYCLE, "unheard of")], "recycled"),
        ([answer(at(3, 9)), to(SAL, at(4, 9), by=Mover.SALES)], "rejected"),
    ],
)
def test_what_became_of_a_handoff(after, status):
    journey = in_order([to(MQL, at(2, 9)), handed(at(2, 9), "005ANNE"), *after])
    (one,) = handoffs(SOURCED, (CONTACT, LEAD), journey)
    assert one.status == status
    assert one.status in STATUSES
    assert one.is_open == (status in ("waiting", "asked"))


def test_an_escalation_goes_on_with_the_same_handoff_and_without_one_is_one():
    journey = [to(MQL, at(2, 9)), handed(at(2, 9), "005ANNE"), handed(at(3, 9), "005BOB", policy="touch")]
    (one,) = handoffs(SOURCED, (), in_order(journey))
    assert (one.at, one.owner) == (at(2, 9), "005BOB")
    (alone,) = handoffs(SOURCED, (), in_order([journey[0], journey[2]]))
    assert (alone.at, alone.owner, alone.source) == (at(3, 9), "005BOB", "")


def test_a_reason_means_nothing_where_no_answers_are_agreed_on():
    journey = in_order([to(MQL, at(2, 9)), handed(at(2, 9), "005ANNE"), answer(at(3, 9))])
    (one,) = handoffs(replace(SOURCED, feedback=None), (), journey)
    assert (one.reason, one.group) == ("timing", "")


def test_a_handoff_as_json_says_everything_of_it():
    journey = [to(MQL, at(2, 9)), handed(at(2, 9), "005ANNE")]
    (one,) = handoffs(SOURCED, (CONTACT,), in_order(journey))
    assert one.row() == {
        "person": [str(CONTACT)],
        "handed_at": at(2, 9).isoformat(),
        "owner": "005ANNE",
        "rule": "round robin",
        "why": [],
        "stage": MQL,
        "persona": "",
        "source": "",
        "status": "waiting",
        "missing": [],
        "reason": "",
        "class": "",
        "comment": "",
        "revisit": None,
        "by": "",
        "answered_at": None,
    }
    (said,) = handoffs(SOURCED, (CONTACT,), in_order([*journey, answer(at(3, 9))]))
    assert said.row()["answered_at"] == at(3, 9).isoformat()


def test_outcomes_are_told_by_when_people_were_handed_over():
    journey = in_order(
        [
            to(MQL, at(2, 9)),
            handed(at(2, 9), "005ANNE"),
            handed(at(2, 10), "005BOB", policy="touch"),
            answer(at(3, 9), Verdict.ACCEPT, ""),
            handed(at(4, 9), "005ANNE"),
            handed(at(9, 9), "005ANNE"),
        ]
    )
    assert outcomes(SOURCED, walk(SOURCED, journey)) == {at(2, 9): Happened.ACCEPTED}
    (late,) = judged(book(ANSWER), in_order([to(MQL, at(4, 9))]), at(20, 9))["answer"]
    assert late.lateness > timedelta()
    assert outcomes(SOURCED, walk(SOURCED, journey), [late]) == {
        at(2, 9): Happened.ACCEPTED,
        at(4, 9): Happened.EXPIRED,
    }
