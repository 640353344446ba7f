"""Issues: opened once, counted when they recur, decided for the values shown, closed with how."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from connector.core.plan import Issue, IssueKind
from connector.core.refs import Ref, Side, hubspot, salesforce
from connector.storage import issues
from connector.storage.database import Database

ANN, LEAD, BOB = hubspot("contacts", "1"), salesforce("Lead", "00Q000000000001"), hubspot("contacts", "2")
CONFLICT = Issue(
    IssueKind.CONFLICT, (ANN, LEAD), rule="phone", field="phone", value="+441", other_value="+442", reason="both edited"
)
PARKED = Issue(
    IssueKind.PARKED,
    (ANN, LEAD),
    rule="country",
    side=Side.SALESFORCE,
    field="Country",
    code="INVALID_OPTION",
    value="Narnia",
    reason="not one of the options",
    hint="add it in Salesforce",
)
LATER = timedelta(hours=1)


def only(conn: Connection) -> issues.StoredIssue:
    (stored,) = issues.open_issues(conn)
    return stored


def test_an_issue_comes_back_as_it_was_raised(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        issues.raise_issues(conn, [PARKED], now, 7)
        stored = only(conn)
        assert (stored.issue, stored.opened_at, stored.seen_at, stored.times) == (PARKED, now, now, 1)
        assert issues.by_id(conn, stored.id) == stored
        assert issues.by_id(conn, stored.id + 1) is None


def test_a_value_that_no_text_column_takes_is_shown_all_the_same(database: Database, now: datetime) -> None:
    odd = replace(PARKED, value="Nar\0nia", other_value="", reason="holds a \0")
    with database.begin() as conn:
        issues.raise_issues(conn, [odd], now, None)
        assert only(conn).issue == odd


def test_an_issue_raised_again_is_counted_and_refreshed_not_opened_twice(database: Database, now: datetime) -> None:
    again = replace(CONFLICT, refs=(ANN, BOB), reason="both edited again")
    with database.begin() as conn:
        issues.raise_issues(conn, [CONFLICT], now, 1)
        issues.raise_issues(conn, [again], now + LATER, 2)
        stored = only(conn)
        assert (stored.issue, stored.opened_at, stored.seen_at, stored.times) == (again, now, now + LATER, 2)
        assert issues.open_issues(conn, refs=[LEAD]) == []
        assert [one.issue for one in issues.open_issues(conn, refs=[BOB])] == [again]


def test_one_batch_may_raise_the_same_issue_twice_and_the_last_stands(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        issues.raise_issues(conn, [CONFLICT, PARKED, replace(CONFLICT, value="+449")], now, None)
        issues.raise_issues(conn, [], now, None)
        values = {stored.issue.kind: stored.issue.value for stored in issues.open_issues(conn)}
    assert values == {IssueKind.CONFLICT: "+449", IssueKind.PARKED: "Narnia"}


def test_a_closed_issue_that_recurs_is_a_new_one(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        issues.raise_issues(conn, [CONFLICT], now, 1)
        first = only(conn)
        assert issues.close(conn, [first.id], now, "agreed") == 1
        assert issues.close(conn, [first.id], now, "agreed") == 0
        assert issues.open_issues(conn) == []
        issues.raise_issues(conn, [CONFLICT], now + LATER, 2)
        second = only(conn)
    assert second.id != first.id
    assert (second.opened_at, second.times) == (now + LATER, 1)


def test_a_decision_settles_its_values_on_every_record_concerned(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        issues.raise_issues(conn, [CONFLICT], now, 1)
        assert issues.settled(conn, [ANN, LEAD]) == {}
        assert issues.decide(conn, only(conn).id, "salesforce")
        decision = issues.Decision(Side.SALESFORCE, CONFLICT.value, CONFLICT.other_value)
        assert issues.settled(conn, [ANN, LEAD, BOB]) == {
            ANN: {"phone": decision},
            LEAD: {"phone": decision},
        }
        assert not issues.decide(conn, 999, "salesforce")


def test_a_decision_outlives_a_repeat_but_not_other_values(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        issues.raise_issues(conn, [CONFLICT], now, 1)
        issues.decide(conn, only(conn).id, "hubspot")
        issues.raise_issues(conn, [CONFLICT], now, 1)
        assert only(conn).decision == "hubspot"
        issues.raise_issues(conn, [replace(CONFLICT, other_value=None)], now, 1)
        assert only(conn).decision is None
        assert issues.settled(conn, [ANN]) == {}


def test_a_parked_value_is_known_by_side_field_and_value(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        issues.raise_issues(conn, [PARKED, replace(PARKED, rule="state", field="State", value=None)], now, 1)
        expected = {(Side.SALESFORCE, "Country", "Narnia"), (Side.SALESFORCE, "State", None)}
        assert issues.parked(conn, [ANN, BOB]) == {ANN: expected}
        issues.close(conn, [stored.id for stored in issues.open_issues(conn)], now, "unparked")
        assert issues.parked(conn, [ANN]) == {}


def test_what_a_pass_no_longer_finds_is_closed_and_what_it_found_is_kept(database: Database, now: datetime) -> None:
    others = [replace(CONFLICT, refs=(BOB, ANN)), replace(CONFLICT, rule="fax")]
    with database.begin() as conn:
        issues.raise_issues(conn, [CONFLICT, PARKED, *others], now, 1)
        kept = {issues.key(CONFLICT)}
        assert issues.close_for(conn, [ANN, LEAD], [IssueKind.CONFLICT], now, "the reason is gone", kept) == 1
        left = {issues.key(stored.issue) for stored in issues.open_issues(conn)}
    assert left == {issues.key(CONFLICT), issues.key(PARKED), issues.key(others[0])}


def test_open_issues_are_filtered_paged_and_counted(database: Database, now: datetime) -> None:
    people: list[Ref] = [hubspot("contacts", str(number)) for number in range(5)]
    with database.begin() as conn:
        issues.raise_issues(conn, [replace(CONFLICT, refs=(ref,)) for ref in people], now, 1)
        issues.raise_issues(conn, [PARKED], now, 1)
        assert issues.counts(conn) == {IssueKind.CONFLICT: 5, IssueKind.PARKED: 1}
        first = issues.open_issues(conn, kinds=[IssueKind.CONFLICT], limit=3)
        rest = issues.open_issues(conn, kinds=[IssueKind.CONFLICT], limit=3, after=first[-1].id)
        assert {stored.issue.refs[0] for stored in (*first, *rest)} == set(people)
        assert (len(first), len(rest)) == (3, 2)
        both = issues.open_issues(conn, kinds=[IssueKind.PARKED, IssueKind.CONFLICT], refs=[ANN])
        assert {stored.issue.kind for stored in both} == {IssueKind.PARKED, IssueKind.CONFLICT}


def test_forgetting_a_record_removes_open_and_closed_issues_that_concern_it(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        issues.raise_issues(conn, [CONFLICT], now, 1)
        issues.close(conn, [only(conn).id], now, "agreed")
        issues.raise_issues(conn, [CONFLICT, replace(CONFLICT, refs=(BOB,))], now, 1)
        assert issues.concern(conn, LEAD)
        issues.forget(conn, [LEAD])
        assert [issues.concern(conn, ref) for ref in (LEAD, BOB)] == [False, True]
        assert only(conn).issue.refs == (BOB,)
        assert conn.exec_driver_sql("SELECT count(*) FROM issues").scalar() == 1
        assert conn.exec_driver_sql("SELECT count(*) FROM issue_refs").scalar() == 1
