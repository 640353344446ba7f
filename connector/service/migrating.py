"""`smarketing migrate`: our tables and, on PostgreSQL, those of the job queue, brought to what this version needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from connector.config.load import load
from connector.storage.database import migrate as bring_up
from connector.storage.database import open_database


def migrated(path: Path, env: Mapping[str, str]) -> Iterator[str]:
    """Bring the store up to date, saying what is done as it is done.

    Raises:
        Misconfigured: when the configuration is wrong, or a newer version wrote the store.
        Transient: when the database does not answer.
    """
    database = open_database(load(path, env).settings.database.url.reveal())
    try:
        before = database.revision()
        bring_up(database)
        after = database.revision()
        yield _told(before, after)
        if database.dialect == "postgresql":
            from connector.service.procrastination import prepare  # noqa: PLC0415  # comes with [postgres] only

            prepare(database)
            yield "The job queue's tables are as the installed Procrastinate needs them."
    finally:
        database.close()


def _told(before: str | None, after: str | None) -> str:
    if before == after:
        return f"The store is at revision {after}, which is this version's; nothing was to be done."
    if before is None:
        return f"The store was empty; its tables are made, at revision {after}."
    return f"The store was brought from revision {before} to {after}."
