"""Procrastinate's tables: made and upgraded by whoever comes first, and never somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from connector.errors import Misconfigured
from connector.service import procrastination
from connector.service.procrastination import APPLIED, prepare
from connector.storage import state
from connector.storage.database import Database, migrate, open_database


@pytest.fixture
def database(new_database_url: Callable[[str], str]) -> Iterator[Database]:
    database = open_database(new_database_url("postgres"))
    migrate(database)
    yield database
    database.close()


def applied(database: Database) -> object:
    with database.read() as conn:
        return state.get(conn, APPLIED)


def test_the_tables_are_made_once_by_however_many_come_at_once(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: prepare(database), range(4)))
    with database.read() as conn:
        assert conn.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0
    assert applied(database) == procrastination._migrations()[-1]
    assert database.problem() is None


def test_an_older_schema_goes_through_every_later_migration(database: Database) -> None:
    """The first migration of all makes the tables of the first version; from there each later one is applied."""
    with database.begin() as conn:
        first = procrastination._migrations()[0]
        procrastination._run(conn, (procrastination.files("procrastinate.sql") / "migrations" / first).read_text())
        state.put(conn, APPLIED, first)
    prepare(database)
    assert applied(database) == procrastination._migrations()[-1]
    with database.begin() as conn:
        assert conn.scalar(text("SELECT worker_id FROM procrastinate_register_worker_v1()")) == 1


def test_tables_that_somebody_else_made_are_left_alone(database: Database) -> None:
    with database.begin() as conn:
        conn.execute(text("CREATE TABLE procrastinate_jobs (id integer)"))
    with pytest.raises(Misconfigured, match="were not made by the bridge"):
        prepare(database)


def test_a_store_of_a_newer_procrastinate_is_refused(database: Database) -> None:
    prepare(database)
    with database.begin() as conn:
        state.put(conn, APPLIED, "99.00.00_01_future.sql")
    with pytest.raises(Misconfigured, match="install the version of the bridge"):
        prepare(database)
    assert applied(database) == "99.00.00_01_future.sql"


def test_a_store_restored_without_the_tables_gets_new_ones(database: Database) -> None:
    with database.begin() as conn:
        state.put(conn, APPLIED, "00.00.00_01_initial.sql")
    prepare(database)
    assert applied(database) == procrastination._migrations()[-1]
