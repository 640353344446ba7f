"""Inserting where a row may already be, and asking for many keys at once, alike on both databases.

Statements are built once and live as long as the process: to build one anew costs more than to run it. A statement that
differs between the databases is built once for each of them, by a cached function of the dialect's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    LargeBinary,
    Table,
    Text,
    bindparam,
    literal,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from connector.storage.asking import AMONG

T = TypeVar("T")
Insert = sqlite.Insert | postgresql.Insert

CHUNK = 10_000  # values a statement is asked for at a time: bounds memory


def insert(dialect: str, table: Table) -> Insert:
    """The dialect's INSERT, which knows ON CONFLICT."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def replacing(conn: Connection, table: Table, *columns: str) -> Insert:
    """INSERT of rows; of one whose key is there already these columns are replaced."""
    return _replacing(conn.dialect.name, table, columns)


def adding(conn: Connection, table: Table) -> Insert:
    """INSERT of rows; what is there already stays as it is."""
    return _adding(conn.dialect.name, table)


@cache
def _replacing(dialect: str, table: Table, columns: tuple[str, ...]) -> Insert:
    statement = insert(dialect, table)
    latest = {name: statement.excluded[name] for name in columns}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=latest)


@cache
def _adding(dialect: str, table: Table) -> Insert:
    return insert(dialect, table).on_conflict_do_nothing()


class _Wanted(TypeDecorator[Sequence[Any]]):
    """Many values bound as one: a JSON list for SQLite, an array for PostgreSQL."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[Text | BigInteger]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else ARRAY(self.kind())

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        return orjson.dumps(value).decode() if dialect.name == "sqlite" else value


class among(FunctionElement[bool]):  # noqa: N801  # reads as the function it is in SQL
    """Whether a text or number column is one of the list bound to `among`, however many they are."""

    type = Boolean()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        kind = Text if isinstance(column.type, Text) else BigInteger
        super().__init__(column, bindparam(AMONG, type_=_Wanted(kind)))

    def self_group(self, against: Any = None) -> Any:
        """It is a condition as it stands: `IN (...) = 1`, as SQLAlchemy would say on SQLite, uses no index."""
        del against
        return self


@compiles(among, "sqlite")
def _among_json(element: among, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, wanted = (compiler.process(one, **kwargs) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({wanted}))"  # noqa: S608  # a column and a bound value, as SQLAlchemy writes them


@compiles(among, "postgresql")
def _among_array(element: among, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, wanted = (compiler.process(one, **kwargs) for one in element.clauses)
    return f"{column} = ANY ({wanted})"


class holds(FunctionElement[bool]):  # noqa: N801  # likewise
    """Whether a column of bytes holds a text, which stands in the statement itself."""

    type = Boolean()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], text: str) -> None:
        super().__init__(column, literal(text.encode(), LargeBinary))

    def self_group(self, against: Any = None) -> Any:
        """It is a condition as it stands, as above."""
        del against
        return self


@compiles(holds, "sqlite")
def _holds_instr(element: holds, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, text = (compiler.process(one, **kwargs) for one in element.clauses)
    return f"instr({column}, {text}) > 0"


@compiles(holds, "postgresql")
def _holds_position(element: holds, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, text = (compiler.process(one, **kwargs) for one in element.clauses)
    return f"position({text} in {column}) > 0"


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The items in portions that fit one statement."""
    return (items[start : start + size] for start in range(0, len(items), size))
