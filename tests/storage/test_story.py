"""Events and runs: what happened, told again by record and by time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from connector.core.refs import hubspot, salesforce
from connector.storage import events, runs
from connector.storage.database import Database
from connector.storage.events import Event, Wanted

ANN, LEAD, BOB = hubspot("contacts", "1"), salesforce("Lead", "00Q000000000001"), hubspot("contacts", "2")
SECOND = timedelta(seconds=1)


def story(now: datetime) -> list[Event]:
    return [
        Event(now, "linked", ANN, LEAD, 3, {"by": "email"}),
        Event(now + SECOND, "updated", ANN, LEAD, 3, {"changes": [{"after": None}]}),
        Event(now + 2 * SECOND, "archived", BOB),
        Event(now + 3 * SECOND, "updated", None, LEAD),
    ]


def test_a_story_is_told_from_either_side_in_the_order_it_happened(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        events.append(conn, story(now))
        events.append(conn, [])
        of_lead = [replace(event, id=None) for event in events.of_refs(conn, [LEAD], 10)]
        assert of_lead == [story(now)[0], story(now)[1], story(now)[3]]
        assert [event.kind for event in events.of_refs(conn, [ANN], 10)] == ["linked", "updated"]
        assert len(events.of_refs(conn, [ANN, LEAD, BOB], 10)) == 4
        assert events.of_refs(conn, [], 10) == []


def test_the_latest_part_of_a_long_story_is_told(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        events.append(conn, story(now))
        assert [event.at for event in events.of_refs(conn, [LEAD], 2)] == [now + SECOND, now + 3 * SECOND]


def test_everything_since_a_moment_is_paged_without_gap_or_repeat(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        events.append(conn, story(now))
        first = events.since(conn, now + SECOND, 2)
        rest = events.since(conn, now + SECOND, 2, first[-1].id or 0)
    assert [event.at - now for event in (*first, *rest)] == [SECOND, 2 * SECOND, 3 * SECOND]


def test_a_forgotten_record_has_no_story(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        events.append(conn, story(now))
        assert events.forget(conn, [ANN, LEAD]) == 3
        assert [event.hubspot for event in events.since(conn, now, 10)] == [BOB]


def test_runs_are_told_newest_first_with_how_they_ended(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        first = runs.start(conn, "sync", now, "cli", "abc")
        second = runs.start(conn, "plan", now + SECOND, "ann", "abd")
        runs.finish(conn, first, now + SECOND, "done", {"updated": 3})
        cut_off, done = runs.recent(conn, 5)
        assert [run.id for run in runs.recent(conn, 1)] == [second]
    assert done == runs.RunRow(first, "sync", "cli", "abc", now, now + SECOND, "done", {"updated": 3})
    assert cut_off == runs.RunRow(second, "plan", "ann", "abd", now + SECOND, None, None, {})


def test_what_is_asked_for_is_narrowed_by_run_record_and_window_and_paged(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        assert events.newest(conn) == 0
        events.append(conn, story(now))
        whole = events.wanted(conn, Wanted(), 0, 10)
        assert [event.kind for event in whole] == ["linked", "updated", "archived", "updated"]
        assert events.newest(conn) == whole[-1].id
        assert events.wanted(conn, Wanted(run_id=3), 0, 10) == whole[:2]
        assert events.wanted(conn, Wanted(run_id=3), whole[0].id or 0, 10) == whole[1:2]
        assert events.wanted(conn, Wanted(refs=[BOB, ANN]), 0, 2) == whole[:2]
        assert events.wanted(conn, Wanted(refs=[LEAD], since=now + SECOND), 0, 10) == [whole[1], whole[3]]
        assert events.wanted(conn, Wanted(until=now + SECOND), 0, 10) == whole[:1]


def test_a_run_is_found_by_its_number(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        run = runs.start(conn, "undo", now, "grace", "digest")
        found = runs.by_id(conn, run)
        assert found is not None
        assert (found.kind, found.by, found.outcome) == ("undo", "grace", None)
        assert runs.by_id(conn, run + 1) is None
