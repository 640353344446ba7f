"""What is one thing to mend is stored with every issue, and found again by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import text

from connector.core.alike import likeness
from connector.core.plan import Issue, IssueKind
from connector.core.refs import Side, hubspot
from connector.reports.waiting import Groups
from connector.storage import alike, issues
from connector.storage.database import Database, migrate, open_database
from tests.storage.older_stores import at_revision

ANN, BOB, EVE = (hubspot("contacts", number) for number in "123")
PARKED = Issue(IssueKind.PARKED, (ANN,), "owner", Side.HUBSPOT, "hubspot_owner_id", "INACTIVE_OWNER", "7")
CONFLICT = Issue(IssueKind.CONFLICT, (ANN,), "job_title", value="Analyst", other_value="Countess", reason="at 10:00")
HELD = Issue(IssueKind.HELD, (hubspot("run", "held"),), reason="would change 3 records")


def raised() -> list[Issue]:
    return [
        CONFLICT,
        PARKED,
        replace(PARKED, refs=(BOB,), reason="other words"),
        replace(PARKED, refs=(EVE,), code="TOO_LONG"),
        replace(CONFLICT, refs=(BOB,), reason="at 11:00"),
        replace(PARKED, refs=(EVE,), field="jobtitle"),
        replace(PARKED, refs=(hubspot("contacts", "4"),), value="8"),
        HELD,
    ]


@pytest.fixture
def waiting(database: Database, now: datetime) -> Database:
    return filled(database, now)


def filled(database: Database, now: datetime) -> Database:
    with database.begin() as conn:
        for issue in raised():
            issues.raise_issues(conn, [issue], now, 3)
    return database


def test_the_store_puts_together_what_a_reader_of_all_issues_would(waiting: Database) -> None:
    groups = Groups()
    for issue in raised():
        groups.add(issue)
    expected = sorted((group.number, likeness(group.example)) for group in groups.all())
    with waiting.read() as conn:
        heaps = alike.heaps(conn, 100)
        assert sorted((heap.number, heap.alike) for heap in heaps) == expected
        assert [heap.number for heap in heaps] == [1, 3, 2, 1, 1]
        assert heaps[0].first.issue == HELD
        assert [heap.alike for heap in alike.heaps(conn, 2)] == [heaps[0].alike, heaps[1].alike]


def test_a_heap_is_paged_without_what_was_closed(waiting: Database, now: datetime) -> None:
    heap = likeness(PARKED)
    with waiting.begin() as conn:
        first, second = alike.page(conn, heap, 0, 2)
        assert [one.issue.refs for one in alike.page(conn, heap, second.id, 2)] == [(hubspot("contacts", "4"),)]
        issues.close(conn, [second.id], now, "mended")
        number, last = alike.extent(conn, heap)
        assert number == 2
        assert [one.id for one in alike.page(conn, heap, 0, 10)] == [first.id, last]
        assert [one.id for one in alike.by_ids(conn, [last, second.id, first.id, 999])] == [first.id, last]
        assert alike.extent(conn, "nothing") == (0, 0)
        assert len(alike.of_run(conn, 3, 10)) == 8


def test_an_issue_that_is_raised_for_another_reason_moves_to_another_heap(waiting: Database, now: datetime) -> None:
    with waiting.begin() as conn:
        issues.raise_issues(conn, [replace(PARKED, code="TOO_LONG")], now, 4)
        assert alike.extent(conn, likeness(PARKED))[0] == 2
        assert alike.extent(conn, likeness(replace(PARKED, code="TOO_LONG")))[0] == 2


@pytest.mark.parametrize("kind", ["file", "postgres"])
def test_issues_of_an_older_store_are_put_together_when_it_is_brought_up_to_date(
    kind: str, new_database_url: Callable[[str], str], now: datetime
) -> None:
    url, waiting = new_database_url(kind), open_database("sqlite://")
    migrate(waiting)
    filled(waiting, now)
    at_revision(url, "0002", waiting)
    database = open_database(url)
    migrate(database)
    with database.read() as conn, waiting.read() as other:
        assert alike.heaps(conn, 100) == alike.heaps(other, 100)
        assert conn.scalar(text("SELECT count(*) FROM issues WHERE alike = ''")) == 0
    database.close()
