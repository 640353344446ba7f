"""Running statements that live as long as the process, past SQLAlchemy's preparation of each run on SQLite.

A statement is compiled once for each dialect and set of parameters. SQLite is then asked directly, because preparing a
run costs ten times as much as the run; PostgreSQL is asked through SQLAlchemy, for there the way there and back is what
takes time. Values must be what the drivers take: text, whole numbers, truth values, bytes, None; a list is bound to
`among` alone. Many rows are run past SQLAlchemy on both. Faults are SQLAlchemy's on both.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Dialect, UpdateBase
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler

AMONG = "among"


class _Compiled(NamedTuple):
    sql: str
    order: Sequence[str] | None  # names by place, where the database knows parameters by their place only
    fixed: Mapping[str, Any]  # values that stand in the statement itself


def rows(conn: Connection, statement: Executable, **values: Any) -> list[Any]:
    """What a statement answers."""
    return list(_run(conn, statement, values).fetchall())


def value(conn: Connection, statement: Executable, **values: Any) -> Any:
    """The one value a statement answers; None when it answers no row."""
    answered = _run(conn, statement, values).fetchall()
    return answered[0][0] if answered else None


def change(conn: Connection, statement: Executable, **values: Any) -> int:
    """How many rows a statement has updated or deleted."""
    return int(_run(conn, statement, values).rowcount)


def many(conn: Connection, statement: UpdateBase, parameters: Sequence[Mapping[str, Any]]) -> int:
    """Run a statement for many rows, which all name the same parameters; how many it has touched."""
    if not parameters:
        return 0
    sql, order, fixed = _compiled(statement, conn.dialect, tuple(parameters[0]))
    whole = [{**fixed, **row} for row in parameters] if fixed else parameters
    given: Any = whole if order is None else [*map(_in_order(tuple(order)), whole)]
    return int(conn.exec_driver_sql(sql, given).rowcount)


@lru_cache(maxsize=200)
def _in_order(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """What takes a row's values out of it by these names; a single one comes as a row, too."""
    if len(names) == 1:
        return lambda row: (row[names[0]],)
    return itemgetter(*names)


def _run(conn: Connection, statement: Executable, values: dict[str, Any]) -> Any:
    if conn.dialect.name != "sqlite":
        return conn.execute(statement, values)
    sql, order, fixed = _compiled(statement, conn.dialect, tuple(values))
    if AMONG in values:
        values[AMONG] = orjson.dumps(values[AMONG]).decode()
    raw: Any = conn.connection.driver_connection
    try:
        return raw.execute(sql, [values[name] if name in values else fixed[name] for name in order or ()])
    except sqlite3.Error as error:
        raise DBAPIError.instance(sql, None, error, sqlite3.Error, dialect=conn.dialect) from error


@lru_cache(maxsize=200)
def _compiled(statement: Executable, dialect: Dialect, names: tuple[str, ...]) -> _Compiled:
    compiled = statement.compile(dialect=dialect, column_keys=list(names))  # type: ignore[attr-defined]  # theirs to say
    assert isinstance(compiled, SQLCompiler)
    fixed = {name: fixed for name, fixed in compiled.params.items() if name not in names}
    return _Compiled(compiled.string, compiled.positiontup, fixed)
