"""Shared windows in the store, on every kind of it: what is granted is remembered, a pause holds everybody."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.ports import Lane
from connector.storage import windows
from connector.transport.windows import Ask

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
ROOM = {Lane.HOT: 2, Lane.BULK: 40}
ASK = Ask(Lane.BULK, 30, ROOM, 10_000)


def granted(database, ask=ASK, key="calls:10", now=NOW):
    with database.begin() as conn:
        return windows.grant(conn, key, ask, now)


def test_what_is_granted_is_counted_for_whoever_asks_next(database):
    wait_s, first = granted(database)
    assert (wait_s, first.calls, first.used) == (pytest.approx(0, abs=0.002), 30, 0)
    wait_s, second = granted(database)
    assert second.used == 30
    assert wait_s == pytest.approx(10, abs=0.5)


def test_windows_of_other_names_are_others(database):
    granted(database)
    assert granted(database, key="search:1")[1].used == 0


def test_a_hot_caller_has_slots_of_his_own(database):
    granted(database, Ask(Lane.BULK, 40, ROOM, 10_000))
    wait_s, found = granted(database, Ask(Lane.HOT, 2, ROOM, 10_000))
    assert (found.lane, wait_s) == (Lane.HOT, pytest.approx(0, abs=0.002))


def test_a_pause_holds_everybody_and_a_shorter_one_does_not_end_it(database):
    granted(database)
    for seconds in (30.0, 2.0):
        with database.begin() as conn:
            windows.hold(conn, "calls:10", seconds, NOW)
    assert granted(database, Ask(Lane.HOT, 1, ROOM, 10_000))[0] == pytest.approx(30, abs=0.5)


def test_a_pause_may_come_before_anything_was_granted(database):
    with database.begin() as conn:
        windows.hold(conn, "calls:10", 5.0, NOW)
    assert granted(database)[0] == pytest.approx(5, abs=0.5)


def test_postgresql_goes_by_its_own_clock_and_sqlite_by_the_one_handed_in(database):
    granted(database)
    later = granted(database, now=NOW + timedelta(hours=1))[0]
    assert later == pytest.approx(10 if database.dialect == "postgresql" else 0, abs=0.5)
