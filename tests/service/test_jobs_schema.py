"""Procrastinate's tables: made and upgraded by whoever comes first, and never somebody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import make_url, text

from connector.errors import Misconfigured
from connector.service import procrastination
from connector.service.procrastination import APPLIED, prepare
from connector.storage import queue, state
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
        queue.run_script(conn, (procrastination.files("procrastinate.sql") / "migrations" / first).read_text())
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


def test_the_queue_is_reached_at_the_very_address_of_the_store(new_database_url: Callable[[str], str]) -> None:
    """Text with spaces in it, like the options of a schema, is read otherwise by libpq than by everybody else."""
    url = make_url(new_database_url("postgres"))
    schema = url.query["options"].removeprefix("-csearch_path=")  # type: ignore[union-attr]  # it is said once
    spaced = url.update_query_dict({"options": f"-c search_path={schema}", "application_name": "a name of words"})
    asked = "SELECT current_setting('search_path') AS path, current_setting('application_name') AS name"

    async def told() -> dict[str, object]:
        async with procrastination.app_for(spaced.render_as_string(hide_password=False)).open_async() as app:
            return dict(await app.connector.execute_query_one_async(asked))

    assert asyncio.run(told()) == {"path": schema, "name": "a name of words"}
