"""Cursors and sightings: where a poll stands, and what its overlap already showed."""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.core.refs import Side, hubspot, salesforce
from connector.storage import cursors, seen
from connector.storage.database import Database

ANN, BOB, LEAD = hubspot("contacts", "1"), hubspot("contacts", "2"), salesforce("Lead", "00Q000000000001")
SECOND = timedelta(seconds=1)


def test_each_side_has_its_own_cursor_and_the_latest_stands(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        assert cursors.get(conn, Side.HUBSPOT) is None
        assert cursors.stored_at(conn, Side.HUBSPOT) is None
        cursors.put(conn, Side.HUBSPOT, {"contacts": "2026-11-02"}, now)
        cursors.put(conn, Side.SALESFORCE, {"Lead": [1, None]}, now)
        cursors.put(conn, Side.HUBSPOT, {"contacts": "2026-11-03"}, now + SECOND)
        assert cursors.get(conn, Side.HUBSPOT) == {"contacts": "2026-11-03"}
        assert cursors.get(conn, Side.SALESFORCE) == {"Lead": [1, None]}
        assert cursors.stored_at(conn, Side.HUBSPOT) == now + SECOND


def test_the_latest_sighting_of_a_record_stands(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        seen.record(conn, [(ANN, now, "a"), (BOB, now, "b")])
        seen.record(conn, [(ANN, now + SECOND, "c")])
        assert seen.lookup(conn, [ANN, BOB, LEAD]) == {ANN: (now + SECOND, "c"), BOB: (now, "b")}


def test_sightings_are_counted_from_a_stamp_on_and_before_another(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        seen.record(conn, [(ANN, now, ""), (BOB, now + SECOND, ""), (LEAD, now, "")])
        assert seen.count(conn, Side.HUBSPOT, "contacts", now, now + SECOND) == 1
        assert seen.count(conn, Side.HUBSPOT, "contacts", now, now + 2 * SECOND) == 2
        assert seen.count(conn, Side.HUBSPOT, "companies", now, now + 2 * SECOND) == 0
        assert seen.count(conn, Side.SALESFORCE, "Lead", now, now + SECOND) == 1


def test_old_sightings_of_one_side_are_purged(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        seen.record(conn, [(ANN, now, ""), (BOB, now + SECOND, ""), (LEAD, now, "")])
        assert seen.purge(conn, Side.HUBSPOT, now + SECOND) == 1
        assert set(seen.lookup(conn, [ANN, BOB, LEAD])) == {BOB, LEAD}


def test_forgotten_records_were_never_seen(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        seen.record(conn, [(ANN, now, ""), (BOB, now, "")])
        seen.forget(conn, [ANN])
        assert set(seen.lookup(conn, [ANN, BOB])) == {BOB}
