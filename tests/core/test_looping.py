"""What is a loop, and what only looks like one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.core.creation import ANY
from connector.core.looping import (
    LOOP,
    OVERRULED,
    Author,
    Hand,
    Limit,
    Loop,
    Rewrite,
    Written,
    answered,
    by_history,
    by_ourselves,
    by_user,
    judge,
    parked,
    provoked_on,
    since_a_person,
)
from connector.core.plan import Because, Change, IssueKind
from connector.core.planning import plan
from connector.core.refs import Side, hubspot, salesforce
from tests.core.builders import contact, linked, pair, rule

NINE = datetime(2026, 11, 2, 9, tzinfo=UTC)
LIMIT = Limit(3, timedelta(minutes=60))
HUBSPOT, SALESFORCE = Side.HUBSPOT, Side.SALESFORCE
REFS = (hubspot("contacts", "33451"), salesforce("Lead", "00Q5f000000005PEAQ"))


def at(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def rounds(*hands: Hand, every: float = 1) -> list[Rewrite]:
    """One write a minute, each brought about by such a hand."""
    return [Rewrite(at(place * every), "B", "A", Author(hand, hand.value)) for place, hand in enumerate(hands)]


P, W, U = Hand.PERSON, Hand.PROGRAM, Hand.UNKNOWN


@pytest.mark.parametrize(
    ("hands", "times"),
    [
        pytest.param((), None, id="nothing was written"),
        pytest.param((U, W, W), None, id="as many as are borne, the third only planned"),
        pytest.param((U, W, W, W), 3, id="one too many is planned"),
        pytest.param((U, U, U, U), 3, id="nobody knows who: no person was seen"),
        pytest.param((U, W, W, P), None, id="a person has brought the planned one about"),
        pytest.param((U, W, P, W, W), None, id="a person came between"),
        pytest.param((U, W, P, W, W, W), 3, id="a person came between, long before"),
    ],
)
def test_so_many_writes_in_a_row_are_a_loop(hands: tuple[Hand, ...], times: int | None) -> None:
    found = judge(rounds(*hands), at(len(hands)), LIMIT)
    assert (found.times if found else None) == times


def test_writes_from_before_the_window_do_not_count() -> None:
    slow = rounds(U, W, W, W, every=19)
    assert judge(slow, slow[-1].at, LIMIT) is not None
    slow = rounds(U, W, W, W, every=20)
    assert judge(slow, slow[-1].at, LIMIT) is None


def test_judging_is_monotone_in_the_limit() -> None:
    history = rounds(U, W, W, W, W, W)
    found = [judge(history, at(6), Limit(times)) is not None for times in range(1, 8)]
    assert found == sorted(found, reverse=True)


def test_what_is_kept_begins_with_the_last_write_a_person_brought_about() -> None:
    history = rounds(U, P, W, P, W)
    assert since_a_person(history) == tuple(history[3:])
    assert since_a_person(rounds(U, W)) == tuple(rounds(U, W))


def change(because: Because = Because.EDITED, after: str = "A", before: str | None = "B") -> Change:
    return Change(HUBSPOT, "jobtitle", "title", before, after, because)


def wrote(side: Side, after: str = "A", rule: str = "title") -> Written:
    return Written(NINE, side, "jobtitle" if side is HUBSPOT else "Title", rule, None, after)


MINE, THEIRS = wrote(HUBSPOT), wrote(SALESFORCE)
STORY = [
    pytest.param(Because.EDITED, [], None, id="the first write answers nothing"),
    pytest.param(Because.EDITED, [MINE, MINE], None, id="a stream in one direction"),
    pytest.param(Because.EDITED, [THEIRS, MINE], None, id="the other side was written before, not since"),
    pytest.param(Because.EDITED, [MINE, THEIRS], MINE, id="the other side was written in between"),
    pytest.param(Because.NEWEST, [MINE, THEIRS], MINE, id="so it is when a conflict decides"),
    pytest.param(Because.EDITED, [MINE, wrote(SALESFORCE, rule="city")], None, id="another rule was written there"),
    pytest.param(Because.MIRRORS, [MINE], MINE, id="a mirror that is undone"),
    pytest.param(Because.MIRRORS, [wrote(HUBSPOT, "Z")], wrote(HUBSPOT, "Z"), id="a mirror whose source moved on"),
    pytest.param(Because.MIRRORS, [wrote(HUBSPOT, "B")], None, id="a mirror that stood until the source moved on"),
    pytest.param(Because.FOLLOWS, [MINE], MINE, id="what was agreed on is overruled"),
    pytest.param(Because.FOLLOWS, [wrote(HUBSPOT, "Z")], None, id="what was agreed on is another thing by now"),
    pytest.param(Because.FOLLOWS, [MINE, wrote(HUBSPOT, "B")], None, id="ours stands there"),
    pytest.param(Because.CROSS_ID, [MINE], MINE, id="an id that is cleared"),
]


@pytest.mark.parametrize(("because", "story", "earlier"), STORY)
def test_a_write_answers_where_something_has_changed_our_earlier_one(
    because: Because, story: list[Written], earlier: Written | None
) -> None:
    assert answered(change(because), story, lambda one, other: one != other) == earlier


def test_the_side_that_has_brought_a_change_about() -> None:
    assert provoked_on(change()) is SALESFORCE
    assert provoked_on(change(Because.MIRRORS)) is HUBSPOT
    assert provoked_on(change(Because.SETTLED)) is None


@pytest.mark.parametrize(
    ("source", "hand", "words"),
    [
        ("CRM_UI userId:864", P, "a person in HubSpot (CRM_UI userId:864)"),
        ("MOBILE_IOS", P, "a person in HubSpot (MOBILE_IOS)"),
        ("SOMETHING_NEW userId:864", P, "a person in HubSpot (SOMETHING_NEW userId:864)"),
        ("INTEGRATION userId:864", W, "another program in HubSpot (INTEGRATION userId:864)"),
        ("AUTOMATION_PLATFORM enrollmentId:7", W, "a HubSpot workflow (AUTOMATION_PLATFORM enrollmentId:7)"),
        ("WORKFLOWS 12", W, "a HubSpot workflow (WORKFLOWS 12)"),
        ("SALESFORCE Salesforce Connector", W, "another program in HubSpot (SALESFORCE Salesforce Connector)"),
        ("SOMETHING_NEW", U, "HubSpot (SOMETHING_NEW)"),
        ("", U, ""),
    ],
)
def test_whose_hand_hubspots_history_tells(source: str, hand: Hand, words: str) -> None:
    assert by_history(source, NINE) == Author(hand, words, NINE)


@pytest.mark.parametrize(
    ("name", "saved", "ours", "hand", "words"),
    [
        ("Ada Rep", at(1), NINE, P, "Salesforce user Ada Rep"),
        ("Ada Rep", at(1), None, P, "Salesforce user Ada Rep"),
        ("Ada Rep", None, NINE, P, "Salesforce user Ada Rep"),
        ("Ada Rep", at(0.01), NINE, W, "Salesforce user Ada Rep, within seconds of us"),
        ("HubSpot Integration", at(1), NINE, W, "Salesforce user HubSpot Integration"),
        ("Automated Process", at(1), NINE, W, "Salesforce user Automated Process"),
        ("", at(1), NINE, W, "Salesforce user unknown"),
    ],
)
def test_whose_hand_salesforces_user_tells(
    name: str, saved: datetime | None, ours: datetime | None, hand: Hand, words: str
) -> None:
    assert by_user(name, saved, ours) == Author(hand, words, saved)


def test_what_the_org_does_when_we_write_is_no_person() -> None:
    assert by_ourselves(NINE).hand is W


def test_a_parked_field_names_who_else_writes_and_what_went_back_and_forth() -> None:
    workflow = Author(W, "a HubSpot workflow (7)")
    history = (
        Rewrite(at(0), None, "CTO"),
        Rewrite(at(1), "B", "CTO", workflow),
        Rewrite(at(2), "x" * 100, "CTO", Author(W, "another program")),
        Rewrite(at(3), "B", "CTO", workflow),
    )
    elsewhere = (Rewrite(at(1), "x", "y", by_ourselves(NINE)),)
    issue = parked(Loop(history, elsewhere), change(Because.MIRRORS, "CTO"), REFS)
    assert (issue.kind, issue.refs, issue.rule, issue.side, issue.field) == (
        IssueKind.PARKED,
        REFS,
        "title",
        HUBSPOT,
        "jobtitle",
    )
    assert (issue.code, issue.value, issue.other_value) == (OVERRULED, "CTO", "B")
    assert issue.reason == (
        "written 3 times in 3 min with no person between, and changed again each time by: "
        "a HubSpot workflow (7) (2 times), another program, "
        "a flow, trigger or rule in Salesforce that runs when the bridge writes. Back and forth (UTC): "
        f"09:00:00 blank -> 'CTO'; 09:01:00 'B' -> 'CTO'; 09:02:00 '{'x' * 60}...' -> 'CTO'; 09:03:00 'B' -> 'CTO'"
    )
    assert issue.hint == (
        "let only one of them have the say over HubSpot jobtitle: stop the others, or map it one way; then: "
        "smarketing unpark --field jobtitle. "
        "It is tried again by itself once the window has passed"
    )


def test_only_the_latest_rounds_are_shown_and_nobody_may_be_known() -> None:
    history = tuple(Rewrite(at(place), "B", f"A{place}") for place in range(9))
    issue = parked(Loop(history), change(), REFS)
    assert issue.code == LOOP
    assert "by: nobody knows who. Back and forth (UTC): 09:03:00 'B' -> 'A3'; " in issue.reason
    assert issue.reason.endswith("09:08:00 'B' -> 'A8'")


def test_a_field_in_a_loop_is_left_out_of_plans_whatever_it_should_say() -> None:
    subject = linked(hubspot=contact(phone="b"), parked=frozenset({(SALESFORCE, "Phone__c", ANY)}))
    made = plan(pair(rule()), subject)
    assert (made.steps, made.parked) == ((), ("phone",))
    elsewhere = linked(hubspot=contact(phone="b"), parked=frozenset({(HUBSPOT, "phone", ANY)}))
    assert plan(pair(rule()), elsewhere).writes
