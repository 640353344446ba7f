"""Bringing a store to the schema of this code, and telling when that cannot be done.

The whole way from any revision to the newest is one transaction on both databases: a migration that fails leaves the
store as it was. Several processes that start at once take turns. A store newer than the code is refused, never touched.
"""

from __future__ import annotations

from functools import lru_cache

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from connector.errors import Misconfigured, Problem

_LOCK = 7_031_992  # any number, the same for every process of the bridge


def upgrade(conn: Connection) -> None:
    """Bring a new or old store to the newest revision; one that is there already is left alone.

    Raises:
        Misconfigured: when the store was written by a newer version of the bridge.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    found = _revision(conn)
    if found == _newest():
        return
    if _is_newer(found):
        raise Misconfigured([Problem("config.yaml", 0, "database.url", _too_new(found))])
    config = _config()
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def problem(conn: Connection) -> str | None:
    """Why this code cannot work with the store as it is, and what to do; None when it can."""
    found = _revision(conn)
    if found == _newest():
        return None
    if found is None:
        return "the store is empty; run `smarketing check`, which sets it up"
    if _is_newer(found):
        return _too_new(found)
    return f"the store is at revision {found}, older than this version's {_newest()}; run `smarketing check`"


def _too_new(found: str | None) -> str:
    return (
        f"the store is at revision {found}, which this version of the bridge (newest: {_newest()}) does not know; "
        "install the version that wrote it, or a later one"
    )


def _is_newer(found: str | None) -> bool:
    return found is not None and found not in _known()


def _revision(conn: Connection) -> str | None:
    return MigrationContext.configure(conn).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "connector.storage:migrations")
    config.set_main_option("path_separator", "os")
    return config


@lru_cache(maxsize=1)
def _known() -> tuple[str, ...]:
    """Every revision of this code, newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _newest() -> str:
    return _known()[0]
