"""Statements that live on give the same answers, counts and faults on every database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Select, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from connector.storage import journeys, timers
from connector.storage.asking import change, many, rows, value
from connector.storage.database import Database, migrate, open_database
from connector.storage.tables import bindings, links
from connector.storage.upsert import CHUNK, adding, among, replacing

_KEPT = {"side": "hubspot", "account_id": "1"}
_ALL = select(bindings.c.side, bindings.c.account_id).order_by(bindings.c.side)
_ONE = select(bindings.c.account_id).where(bindings.c.side == bindparam("side"))
_AMONG = select(bindings.c.side).where(among(bindings.c.side))
_MOVE = update(bindings).where(bindings.c.side == bindparam("_side")).values(account_id="moved")


@pytest.fixture
def lite() -> Iterator[Database]:
    """A store on SQLite, whose planner takes conditions by the letter."""
    database = open_database("sqlite://")
    migrate(database)
    yield database
    database.close()


def test_a_statement_answers_rows_a_value_or_how_much_it_changed(database: Database) -> None:
    with database.begin() as conn:
        change(conn, insert(bindings), **_KEPT)
        assert many(conn, insert(bindings), [{"side": "b", "account_id": "2"}, {"side": "c", "account_id": "3"}]) == 2
        assert value(conn, _ONE, side="b") == "2"
        assert value(conn, _ONE, side="nobody") is None
        assert [tuple(row) for row in rows(conn, _ALL)] == [("b", "2"), ("c", "3"), ("hubspot", "1")]


def test_a_value_that_stands_in_the_statement_is_kept_for_one_row_and_for_many(database: Database) -> None:
    with database.begin() as conn:
        many(conn, insert(bindings), [_KEPT, {"side": "b", "account_id": "2"}, {"side": "c", "account_id": "3"}])
        assert change(conn, _MOVE, _side="b") == 1
        assert many(conn, _MOVE, [{"_side": "c"}, {"_side": "nobody"}]) == 1
        assert [tuple(row) for row in rows(conn, _ALL)] == [("b", "moved"), ("c", "moved"), ("hubspot", "1")]


def test_what_is_there_already_is_replaced_or_stays(database: Database) -> None:
    with database.begin() as conn:
        for statement, account, stands in (
            (adding(conn, bindings), "1", "1"),
            (adding(conn, bindings), "2", "1"),
            (replacing(conn, bindings, "account_id"), "3", "3"),
        ):
            change(conn, statement, side="hubspot", account_id=account)
            assert value(conn, _ONE, side="hubspot") == stands


def test_a_long_list_with_quotes_and_other_scripts_finds_what_is_there(database: Database) -> None:
    strange = """it's "quoted" \\ and Ω"""
    with database.begin() as conn:
        change(conn, insert(bindings), side=strange, account_id="1")
        asked = [*(f"nobody {number}" for number in range(CHUNK)), strange]
        assert [row[0] for row in rows(conn, _AMONG, among=asked)] == [strange]
        assert rows(conn, _AMONG, among=[]) == []


def test_a_fault_is_the_same_on_every_database(database: Database) -> None:
    with pytest.raises(IntegrityError), database.begin() as conn:
        _bind_twice(conn)
    with database.read() as conn:
        assert rows(conn, _ALL) == []


def _bind_twice(conn: Connection) -> None:
    change(conn, insert(bindings), **_KEPT)
    change(conn, insert(bindings), **_KEPT)


@pytest.mark.parametrize(
    ("statement", "values", "found"),
    [
        (select(links.c.id).where(among(links.c.hubspot)), ("[]",), "SEARCH links USING COVERING INDEX"),
        (journeys._OF_REFS, ("[]",), "SEARCH journeys USING INDEX journeys_ref_key (ref=?)"),
        (journeys._LATEST_OF, ("[]",), "SEARCH journeys USING COVERING INDEX journeys_ref_key (ref=?)"),
        (journeys._GIVEN, ("005A", 0), "SEARCH journeys USING COVERING INDEX journeys_owner_at (owner=? AND at>?)"),
        (timers._DUE, (0, 10, 0), "SEARCH timers USING COVERING INDEX timers_due_at (due_at<?)"),
    ],
)
def test_what_is_asked_all_the_time_is_found_by_index(
    lite: Database, statement: Select[Any], values: tuple[Any, ...], found: str
) -> None:
    with lite.begin() as conn:
        sql = str(statement.compile(dialect=conn.dialect))
        plan = [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()]
    assert plan[0].startswith(found)
    assert not any("TEMP B-TREE" in step for step in plan)
