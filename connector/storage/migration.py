"""Bringing a store to the schema of this code, and telling when that cannot be done.

The whole way from any revision to the newest is one transaction on both databases: a migration that fails leaves the
store as it was. Several processes that start at once take turns. A store newer than the code is refused, never touched.
Alembic takes longer to load than most commands to run, so it is asked only when there is something to migrate.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from sqlalchemy import Connection, inspect, text

from connector.errors import Misconfigured, Problem

_LOCK = 7_031_992  # any number, the same for every process of the bridge


def upgrade(conn: Connection) -> None:
    """Bring a new or old store to the newest revision; one that is there already is left alone.

    Raises:
        Misconfigured: when the store was written by a newer version of the bridge.
    """
    take_turns(conn)
    found = revision(conn)
    if found == _newest():
        return
    if _is_newer(found):
        raise Misconfigured([Problem("config.yaml", 0, "database.url", _too_new(found))])
    _migrate(conn)


def take_turns(conn: Connection) -> None:
    """Wait until nobody else changes the schema; until this transaction ends nobody else will."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def problem(conn: Connection) -> str | None:
    """Why this code cannot work with the store as it is, and what to do; None when it can."""
    found = revision(conn)
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


def revision(conn: Connection) -> str | None:
    """The revision a store is at; None of an empty one."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    found = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _migrate(conn: Connection) -> None:
    from alembic import command  # noqa: PLC0415  # see the top of this file
    from alembic.config import Config  # noqa: PLC0415  # likewise

    config = Config()
    config.set_main_option("script_location", "connector.storage:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


@lru_cache(maxsize=1)
def _known() -> tuple[str, ...]:
    """Every revision of this code, newest first: what the files of migrations/versions are called by."""
    scripts = files("connector.storage").joinpath("migrations", "versions").iterdir()
    return tuple(sorted((one.name[:4] for one in scripts if one.name[:4].isdigit()), reverse=True))


def _newest() -> str:
    return _known()[0]
