"""Who is signed in: one row a browser, found by the SHA-256 of what its cookie holds; any web process may answer it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, or_, select, update
from sqlalchemy import delete as delete_rows

from connector.storage import codec
from connector.storage.admin_tables import sessions
from connector.storage.asking import change, rows

_KEYED = sessions.c.key == bindparam("_key")
_OF_USER = sessions.c.user == bindparam("_user")
_BEGIN = sessions.insert()
_ALL = select(sessions.c.key, sessions.c.user, sessions.c.began_at, sessions.c.seen_at)
_ONE = _ALL.where(_KEYED)
_THEIRS = _ALL.where(_OF_USER).order_by(sessions.c.seen_at.desc(), sessions.c.key)
_SEEN = update(sessions).where(_KEYED).values(seen_at=bindparam("_at", type_=BigInteger))
_END = delete_rows(sessions).where(_KEYED)
_END_OTHERS = delete_rows(sessions).where(_OF_USER, sessions.c.key != bindparam("_but"))
_EVERY = delete_rows(sessions)
_OLD = delete_rows(sessions).where(
    or_(
        sessions.c.seen_at < bindparam("_seen", type_=BigInteger),
        sessions.c.began_at < bindparam("_began", type_=BigInteger),
    )
)


@dataclass(frozen=True, slots=True)
class Session:
    """One browser in which somebody is signed in; `key` is the SHA-256 of what its cookie holds, in hexadecimal."""

    key: str
    user: str
    began_at: datetime
    seen_at: datetime


def begin(conn: Connection, session: Session) -> None:
    """Somebody signs in."""
    at = {"began_at": codec.micros(session.began_at), "seen_at": codec.micros(session.seen_at)}
    change(conn, _BEGIN, key=session.key, user=session.user, **at)


def get(conn: Connection, key: str) -> Session | None:
    """The session of that key."""
    found = rows(conn, _ONE, _key=key)
    return _stored(found[0]) if found else None


def of_user(conn: Connection, user: str) -> list[Session]:
    """Where somebody is signed in, the one used last first."""
    return [_stored(row) for row in rows(conn, _THEIRS, _user=user)]


def seen(conn: Connection, key: str, at: datetime) -> None:
    """Remember that it was used."""
    change(conn, _SEEN, _key=key, _at=codec.micros(at))


def end(conn: Connection, key: str) -> bool:
    """Sign one browser out; False when it was not signed in."""
    return change(conn, _END, _key=key) == 1


def end_all(conn: Connection, user: str, but: str = "") -> int:
    """Sign somebody out everywhere, but in the session of that key; in how many places that was."""
    return change(conn, _END_OTHERS, _user=user, _but=but)


def end_everybody(conn: Connection) -> int:
    """Sign everybody out; how many sessions that were."""
    return change(conn, _EVERY)


def forget(conn: Connection, seen_before: datetime, began_before: datetime) -> int:
    """Forget sessions not used since a moment, or begun before another; how many."""
    return change(conn, _OLD, _seen=codec.micros(seen_before), _began=codec.micros(began_before))


def _stored(row: Any) -> Session:
    key, user, began_at, seen_at = row
    return Session(key, user, codec.moment(began_at), codec.moment(seen_at))
