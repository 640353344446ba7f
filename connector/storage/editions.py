"""The editions of the SLA that were ever in force, as they were written, and since when the lifecycle is followed.

A promise is judged by the edition in force when it began, so that none may be forgotten: files are edited, editions
only follow each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from connector.storage import codec, state
from connector.storage.asking import rows
from connector.storage.tables import editions

_SINCE = "lifecycle since"  # in storage.state
_ALL = select(editions.c.id, editions.c.version, editions.c.since, editions.c.open_too, editions.c.body).order_by(
    editions.c.id
)


@dataclass(frozen=True, slots=True)
class StoredEdition:
    """An edition: a digest of it, since when it is in force, whether open cycles follow it, and what was written."""

    version: str
    since: datetime
    open_too: bool
    body: str
    id: int


def all(conn: Connection) -> list[StoredEdition]:  # noqa: A001  # reads `editions.all(...)` where it is called
    """Every edition, the oldest first."""
    return [
        StoredEdition(version, codec.moment(since), bool(open_too), bytes(body).decode(), edition_id)
        for edition_id, version, since, open_too, body in rows(conn, _ALL)
    ]


def put(conn: Connection, version: str, body: str, since: datetime, open_too: bool = False) -> None:  # noqa: FBT001, FBT002  # as the column is called
    """Let an edition be in force from a moment on."""
    row = {"version": version, "since": codec.micros(since), "open_too": open_too, "body": body.encode()}
    conn.execute(editions.insert(), row)


def followed_since(conn: Connection) -> datetime | None:
    """Since when the lifecycle is followed; None before its first run."""
    stored = state.get(conn, _SINCE)
    return None if stored is None else datetime.fromisoformat(stored)


def follow(conn: Connection, now: datetime) -> datetime:
    """Begin to follow the lifecycle, unless that has begun; since when."""
    begun = followed_since(conn)
    if begun is None:
        state.put(conn, _SINCE, now.isoformat())
    return begun or now
