"""People who may sign in to the pages. A hash of "" means that they come in by OpenID Connect only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Connection, Text, bindparam, func, select, update
from sqlalchemy import delete as delete_rows

from connector.storage import codec
from connector.storage.admin_tables import users
from connector.storage.asking import change, many, rows, value
from connector.storage.upsert import adding

_NAMED = users.c.name == bindparam("_name")
_ALL = select(
    users.c.name,
    users.c.shown,
    users.c.role,
    users.c.hash,
    users.c.active,
    users.c.added_at,
    users.c.seen_at,
).order_by(users.c.name)
_ONE = _ALL.where(_NAMED)
_NUMBER = select(func.count()).select_from(users)
_SHOWN = update(users).where(_NAMED).values(shown=bindparam("_shown", type_=Text))
_ROLE = update(users).where(_NAMED).values(role=bindparam("_role", type_=Text))
_HASH = update(users).where(_NAMED).values(hash=bindparam("_hash", type_=Text))
_ACTIVE = update(users).where(_NAMED).values(active=bindparam("_active", type_=Boolean))
_SEEN = update(users).where(_NAMED).values(seen_at=bindparam("_at", type_=BigInteger))
_REMOVE = delete_rows(users).where(_NAMED)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in.

    Attributes:
        name: how they sign in; of OpenID Connect: issuer and subject.
        shown: how they are called on pages.
        role: viewer, operator or admin.
        hash: of the password; "": none.
        active: False: known, but kept out.
        seen_at: when they last signed in.
    """

    name: str
    shown: str
    role: str
    hash: str = field(repr=False)
    active: bool
    added_at: datetime
    seen_at: datetime | None = None


def get(conn: Connection, name: str) -> User | None:
    """The user of that name."""
    found = rows(conn, _ONE, _name=name)
    return _stored(found[0]) if found else None


def everyone(conn: Connection) -> list[User]:
    """All users, by name."""
    return [_stored(row) for row in rows(conn, _ALL)]


def number(conn: Connection) -> int:
    """How many there are, active or not."""
    return int(value(conn, _NUMBER))


def add(conn: Connection, user: User) -> bool:
    """Let somebody be known; False when the name is taken, and nothing is changed."""
    values = {
        "name": user.name,
        "shown": user.shown,
        "role": user.role,
        "hash": user.hash,
        "active": user.active,
        "added_at": codec.micros(user.added_at),
        "seen_at": None if user.seen_at is None else codec.micros(user.seen_at),
    }
    return many(conn, adding(conn, users), [values]) == 1


def set_shown(conn: Connection, name: str, shown: str) -> None:
    """Call somebody otherwise on pages."""
    change(conn, _SHOWN, _name=name, _shown=shown)


def set_role(conn: Connection, name: str, role: str) -> None:
    """Give somebody another role."""
    change(conn, _ROLE, _name=name, _role=role)


def set_hash(conn: Connection, name: str, new: str) -> None:
    """Keep the hash of another password."""
    change(conn, _HASH, _name=name, _hash=new)


def set_active(conn: Connection, name: str, *, active: bool) -> None:
    """Keep somebody out, or let them in again."""
    change(conn, _ACTIVE, _name=name, _active=active)


def seen(conn: Connection, name: str, at: datetime) -> None:
    """Remember that somebody has signed in."""
    change(conn, _SEEN, _name=name, _at=codec.micros(at))


def remove(conn: Connection, name: str) -> bool:
    """Forget somebody; False when nobody is called so."""
    return change(conn, _REMOVE, _name=name) == 1


def _stored(row: Any) -> User:
    name, shown, role, hash_, active, added_at, seen_at = row
    since, last = codec.moment(added_at), None if seen_at is None else codec.moment(seen_at)
    return User(name, shown, role, hash_, bool(active), since, last)
