"""Small things by name that fit no table of their own: the last mapping digest, when the schema was last looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Text, bindparam, func, select
from sqlalchemy import delete as delete_rows

from connector.storage import asking
from connector.storage.tables import state
from connector.storage.upsert import adding, replacing

_VALUE = select(state.c.value).where(state.c.key == bindparam("key"))
_BEGINNING = bindparam("beginning", type_=Text)
_NAMED = select(state.c.key, state.c.value).where(func.substr(state.c.key, 1, func.length(_BEGINNING)) == _BEGINNING)
_FORGET = delete_rows(state).where(state.c.key == bindparam("_key"))


def get(conn: Connection, name: str) -> Any:
    """The JSON value of that name; None when there is none."""
    stored = asking.value(conn, _VALUE, key=name)
    return None if stored is None else orjson.loads(stored)


def put(conn: Connection, name: str, value: Any) -> None:
    """Remember a JSON value by name, in place of an earlier one."""
    asking.change(conn, replacing(conn, state, "value"), key=name, value=orjson.dumps(value))


def keep(conn: Connection, name: str, value: Any) -> Any:
    """Remember a JSON value unless there is one already; the one that stands, whoever was first."""
    asking.change(conn, adding(conn, state), key=name, value=orjson.dumps(value))
    return get(conn, name)


def delete(conn: Connection, names: Sequence[str]) -> None:
    """Forget what is remembered under these names, in their order: two workers that forget the same ones take turns."""
    asking.many(conn, _FORGET, [{"_key": name} for name in sorted(names)])


def named(conn: Connection, prefix: str) -> dict[str, Any]:
    """Everything remembered under names that start so."""
    found = asking.rows(conn, _NAMED, beginning=prefix)
    return {name: orjson.loads(stored) for name, stored in found}
