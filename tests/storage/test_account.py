"""Budgets, tombstones, bindings and small state."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

from connector.core.refs import Side
from connector.storage import bindings, budgets, state, tombstones
from connector.storage.database import Database

TODAY, TOMORROW = date(2026, 11, 2), date(2026, 11, 3)


def test_calls_add_up_by_side_and_day(database: Database) -> None:
    with database.begin() as conn:
        assert budgets.spent(conn, Side.HUBSPOT, TODAY) == 0
        assert budgets.spend(conn, Side.HUBSPOT, TODAY, 5) == 5
        assert budgets.spend(conn, Side.HUBSPOT, TODAY, 7) == 12
        assert budgets.spend(conn, Side.HUBSPOT, TOMORROW, 1) == 1
        assert budgets.spend(conn, Side.SALESFORCE, TODAY, 2) == 2
        assert budgets.spent(conn, Side.HUBSPOT, TODAY) == 12


def test_processes_that_spend_at_the_same_time_lose_no_call(shared_database: Database) -> None:
    def spend(_: int) -> int:
        with shared_database.begin() as conn:
            return budgets.spend(conn, Side.HUBSPOT, TODAY, 1)

    with ThreadPoolExecutor(6) as pool:
        totals = sorted(pool.map(spend, range(30)))
    assert totals == list(range(1, 31))


def test_erased_identities_are_recognised_and_nobody_else_is(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        assert not tombstones.any(conn)
        tombstones.add(conn, [], now)
        tombstones.add(conn, ["aa", "bb"], now)
        tombstones.add(conn, ["bb", "bb"], now)
        assert tombstones.any(conn)
        assert tombstones.known(conn, ["bb", "cc", "aa"]) == {"aa", "bb"}
        assert tombstones.known(conn, []) == set()


def test_a_side_is_bound_once_and_another_account_is_not_let_in(database: Database) -> None:
    with database.begin() as conn:
        assert bindings.bound(conn, Side.HUBSPOT) is None
        assert bindings.bind(conn, Side.HUBSPOT, "4711")
        assert bindings.bind(conn, Side.HUBSPOT, "4711")
        assert not bindings.bind(conn, Side.HUBSPOT, "4712")
        assert bindings.bound(conn, Side.HUBSPOT) == "4711"
        assert bindings.bound(conn, Side.SALESFORCE) is None


def test_small_things_are_kept_by_name_and_replaced(database: Database) -> None:
    with database.begin() as conn:
        assert state.get(conn, "digest") is None
        state.put(conn, "digest", "abc")
        state.put(conn, "digest", {"rules": [1, None, "é"]})
        assert state.get(conn, "digest") == {"rules": [1, None, "é"]}
