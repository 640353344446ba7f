"""Inserting where a row may already be, and asking for many keys at once, alike on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Connection, Table, Text, UpdateBase, any_, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

T = TypeVar("T")

CHUNK = 10_000  # bound values a statement: SQLite allows 32,766, PostgreSQL 65,535


def insert(conn: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The dialect's INSERT, which knows ON CONFLICT."""
    return sqlite.insert(table) if conn.dialect.name == "sqlite" else postgresql.insert(table)


def many(conn: Connection, statement: UpdateBase, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run a statement for many rows, without SQLAlchemy's preparation of each row, which costs more than storing it.

    Every row names the same parameters. Values must be what the drivers take: text, whole numbers, bytes, None.
    """
    if not rows:
        return
    compiled = statement.compile(dialect=conn.dialect, column_keys=list(rows[0]))
    assert isinstance(compiled, SQLCompiler)
    order = compiled.positiontup
    parameters = rows if order is None else [tuple(map(row.__getitem__, order)) for row in rows]
    conn.exec_driver_sql(compiled.string, parameters)


def among(conn: Connection, column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Whether a text or number column is one of these; PostgreSQL takes them as one array, which costs it far less."""
    if conn.dialect.name == "sqlite":
        return column.in_(values)
    kind = Text() if values and isinstance(values[0], str) else BigInteger()
    return column == any_(literal(list(values), ARRAY(kind)))


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The items in portions that fit one statement."""
    return (items[start : start + size] for start in range(0, len(items), size))
