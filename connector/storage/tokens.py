"""Tokens of scripts that use the API, found by their SHA-256; the token itself is nowhere kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, select, update
from sqlalchemy import delete as delete_rows

from connector.storage import codec
from connector.storage.admin_tables import tokens
from connector.storage.asking import change, many, rows
from connector.storage.upsert import adding

_NAMED = tokens.c.name == bindparam("_name")
_KEYED = tokens.c.key == bindparam("_key")
_ALL = select(
    tokens.c.key,
    tokens.c.name,
    tokens.c.role,
    tokens.c.added_by,
    tokens.c.added_at,
    tokens.c.seen_at,
    tokens.c.ends_at,
).order_by(tokens.c.name)
_ONE = _ALL.where(_KEYED)
_SEEN = update(tokens).where(_KEYED).values(seen_at=bindparam("_at", type_=BigInteger))
_REMOVE = delete_rows(tokens).where(_NAMED)


@dataclass(frozen=True, slots=True)
class Token:
    """What a script presents instead of signing in.

    Attributes:
        key: SHA-256 of the token, in hexadecimal.
        seen_at: when it was last used, to the minute; None: never.
        ends_at: from when on it is refused; None: never.
    """

    key: str
    name: str
    role: str
    added_by: str
    added_at: datetime
    seen_at: datetime | None = None
    ends_at: datetime | None = None


def add(conn: Connection, token: Token) -> bool:
    """Keep a token; False when its name is taken, and nothing is changed."""
    values = {
        "key": token.key,
        "name": token.name,
        "role": token.role,
        "added_by": token.added_by,
        "added_at": codec.micros(token.added_at),
        "seen_at": None if token.seen_at is None else codec.micros(token.seen_at),
        "ends_at": None if token.ends_at is None else codec.micros(token.ends_at),
    }
    return many(conn, adding(conn, tokens), [values]) == 1


def get(conn: Connection, key: str) -> Token | None:
    """The token of that key."""
    found = rows(conn, _ONE, _key=key)
    return _stored(found[0]) if found else None


def every(conn: Connection) -> list[Token]:
    """All tokens, by name."""
    return [_stored(row) for row in rows(conn, _ALL)]


def seen(conn: Connection, key: str, at: datetime) -> None:
    """Remember that it was used."""
    change(conn, _SEEN, _key=key, _at=codec.micros(at))


def remove(conn: Connection, name: str) -> bool:
    """Refuse a token from now on; False when none is called so."""
    return change(conn, _REMOVE, _name=name) == 1


def _stored(row: Any) -> Token:
    key, name, role, added_by, added_at, seen_at, ends_at = row
    used, until = (None if at is None else codec.moment(at) for at in (seen_at, ends_at))
    return Token(key, name, role, added_by, codec.moment(added_at), used, until)
