"""Transactions behave alike on every database: whole or not at all, looks cannot write, one at a time per thread."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError

from connector.errors import Misconfigured
from connector.storage import migration, state
from connector.storage.database import Database, migrate, open_database


def test_a_write_that_raises_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(DBAPIError, match="nowhere"), database.begin() as conn:
        _put_half_and_fail(conn)
    with database.read() as conn:
        assert state.get(conn, "half") is None


def test_a_look_cannot_write_and_the_next_write_can(database: Database) -> None:
    with pytest.raises(DBAPIError, match=r"read.?only"), database.read() as conn:
        state.put(conn, "sneaky", 1)
    with database.begin() as conn:
        state.put(conn, "honest", 1)
        assert state.get(conn, "sneaky") is None


def test_a_second_transaction_in_the_same_thread_is_refused_rather_than_waiting_for_itself(database: Database) -> None:
    with database.begin(), pytest.raises(RuntimeError, match="hand its connection on"), database.read():
        raise AssertionError("the inner block must not be reached")
    with database.read() as conn:
        assert state.get(conn, "anything") is None


def test_many_threads_add_up_without_losing_a_write(database: Database) -> None:
    with database.begin() as conn:
        conn.execute(text("CREATE TABLE tally (number INTEGER)"))
        conn.execute(text("INSERT INTO tally VALUES (0)"))

    def add(_: int) -> None:
        with database.begin() as conn:
            conn.execute(text("UPDATE tally SET number = number + 1"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(80)))
    with database.read() as conn:
        assert conn.scalar(text("SELECT number FROM tally")) == 80


def test_a_look_sees_one_moment_while_others_write(shared_database: Database) -> None:

    def write() -> None:
        with shared_database.begin() as conn:
            state.put(conn, "news", 1)

    with shared_database.read() as conn:
        assert state.get(conn, "news") is None
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(timeout=10)
        assert not writer.is_alive(), "a look must not block a write"
        assert state.get(conn, "news") is None
    with shared_database.read() as conn:
        assert state.get(conn, "news") == 1


def test_a_file_survives_being_closed_and_is_written_ahead_and_synchronously(
    new_database_url: Callable[[str], str],
) -> None:
    url = new_database_url("file")
    database = open_database(url)
    migrate(database)
    with database.begin() as conn:
        state.put(conn, "kept", {"a": [1, None]})
        full_synchronous = 2
        assert conn.scalar(text("PRAGMA journal_mode")) == "wal"
        assert conn.scalar(text("PRAGMA synchronous")) == full_synchronous
        assert conn.scalar(text("PRAGMA foreign_keys")) == 1
    database.close()
    again = open_database(url)
    with again.read() as conn:
        assert state.get(conn, "kept") == {"a": [1, None]}
    again.close()


@pytest.mark.parametrize("url", ["", "mysql://host/name", "not a url"])
def test_an_unusable_url_is_refused_with_what_to_write_and_without_repeating_it(url: str) -> None:
    with pytest.raises(Misconfigured, match=r"write sqlite:///bridge\.db or postgresql://"):
        open_database(url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgres_urls_are_understood_as_people_write_them(scheme: str) -> None:
    database = open_database(f"{scheme}://bridge:secret@nowhere.invalid/name")
    assert database.dialect == "postgresql"
    database.close()


def _put_half_and_fail(conn: Connection) -> None:
    state.put(conn, "half", 1)
    conn.execute(text("SELECT * FROM nowhere"))


def test_a_new_store_is_for_its_owners_eyes_and_an_old_one_stays_as_its_admin_made_it(tmp_path: Path) -> None:
    for name, mode in (("new.db", 0o600), ("old.db", 0o640)):
        file = tmp_path / name
        if name == "old.db":
            file.touch()
            file.chmod(0o640)
        database = open_database(f"sqlite:///{file}")
        migrate(database)
        assert [stat.S_IMODE(one.stat().st_mode) for one in tmp_path.glob(f"{name}*")] == [mode] * 3, "its logs as well"
        database.close()


def test_a_server_that_has_vanished_is_not_waited_for_long(postgres_url: str):
    """Else a process would believe in a dead connection for a quarter of an hour. The URL may say otherwise."""

    def told(url: str) -> dict[str, str]:
        database = open_database(url)
        with closing(database._engine.raw_connection()) as lent:
            raw: Any = lent.driver_connection
            found = dict(raw.info.get_parameters())
        database.close()
        return found

    usual = told(postgres_url)
    assert (usual["tcp_user_timeout"], usual["connect_timeout"], usual["keepalives_idle"]) == ("15000", "10", "5")
    named = make_url(postgres_url).update_query_dict({"tcp_user_timeout": "5000"})
    assert told(named.render_as_string(hide_password=False))["tcp_user_timeout"] == "5000"


def test_what_anybody_commits_gives_a_file_another_edition_and_looking_does_not(tmp_path: Path) -> None:
    one, other = (open_database(f"sqlite:///{tmp_path}/bridge.db") for _ in range(2))
    migrate(one)
    before = one.edition()
    with one.read() as conn:
        state.get(conn, "anything")
    assert one.edition() == before is not None
    for number, writer in enumerate((one, other, one)):
        with writer.begin() as conn:
            state.put(conn, "anything", number)
        assert one.edition() != before
        before = one.edition()
    one.close()
    other.close()


def test_where_a_store_has_no_editions_it_says_so() -> None:
    memory = open_database("sqlite://")
    assert memory.edition() is None
    memory.close()


def test_a_store_tells_its_revision_and_an_empty_one_none(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/bridge.db")
    assert database.revision() is None
    migrate(database)
    assert database.revision() == migration._newest()
    database.close()
