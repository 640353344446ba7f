"""A store of any age becomes today's, and one from the future is refused."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from connector.errors import Misconfigured
from connector.storage import migration
from connector.storage.admin_tables import metadata
from connector.storage.database import Database, migrate, open_database


def test_migrations_lead_to_the_very_schema_the_code_expects(database: Database) -> None:
    with database.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_an_empty_store_says_so_and_a_migrated_one_has_no_problem(empty_database: Database) -> None:
    assert "empty" in (empty_database.problem() or "")
    migrate(empty_database)
    assert empty_database.problem() is None


def test_migrating_twice_changes_nothing(database: Database) -> None:
    migrate(database)
    assert database.problem() is None


@pytest.mark.parametrize("kind", ["file", "postgres"])
def test_processes_that_start_at_once_take_turns(kind: str, new_database_url: Callable[[str], str]) -> None:
    url = new_database_url(kind)
    databases = [open_database(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, databases))
    assert [database.problem() for database in databases] == [None] * 4
    for database in databases:
        database.close()


def test_a_store_older_than_the_code_is_told_to_migrate(database: Database) -> None:
    with database.begin() as conn, pytest.MonkeyPatch.context() as patch:
        patch.setattr(migration, "_known", lambda: ("0004", "0003", "0002", "0001"))
        assert "older than this version's 0004; run `smarketing check`" in (migration.problem(conn) or "")


def test_a_store_newer_than_the_code_is_refused_and_left_as_it_is(database: Database) -> None:
    with database.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "9999" in (database.problem() or "")
    with pytest.raises(Misconfigured, match="install the version that wrote it"):
        migrate(database)
    with database.read() as conn:
        assert conn.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


def test_a_migration_that_fails_leaves_the_store_as_it_was(empty_database: Database) -> None:
    with empty_database.begin() as conn:
        conn.execute(text("CREATE TABLE state (something_else INTEGER)"))  # the last table of the first revision
    with pytest.raises(Exception, match="state"):
        migrate(empty_database)
    with empty_database.read() as conn:
        inspected = set(MigrationContext.configure(conn).dialect.get_table_names(conn))
    assert inspected == {"state"}
