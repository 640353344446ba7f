"""What becomes of a key when it is marked again: the one statement that every mark is.

A plain mark only ever makes a key due sooner. A mark that waits for quiet puts the key off while nothing else makes it
wait: no hot lane (which never waits), no pause after a fault (which it shortens), no moment that has come already. One
that falls on a key somebody is working on begins a wait of its own, for that work is about what was marked before, and
leaves the key in its shard, for whoever takes over from a dead worker frees what is leased in the dead one's shards.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    collate,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from connector.storage.asking import change, many
from connector.storage.tables import dirty
from connector.storage.upsert import Insert

_MICROSECOND = timedelta(microseconds=1)
_COLUMNS = ("key", "due_at", "reason", "shard")
_FRESH: dict[str, ColumnElement[Any]] = {
    "generation": literal_column("1"),
    "attempts": literal_column("0"),
    "leased_until": literal_column("0"),
}


class Quiet(NamedTuple):
    """How long a record must be quiet before it is looked at, and how long it waits at most since its first mark."""

    quiet: timedelta
    longest: timedelta


class Marks(NamedTuple):
    """Marks of one lane made at one time; keys in their order, and to each when it is due, why, and its shard."""

    keys: Sequence[str]
    due_at: Sequence[int]
    reasons: Sequence[str]
    shards: Sequence[int]
    lane: int
    marked_at: int


def put(conn: Connection, marks: Marks, longest: timedelta | None = None, *, moving: bool = False) -> None:
    """Mark keys.

    longest: they wait until their records are quiet, but no longer than that; None: they do not.
    moving: to their shards, whoever is working on them: what changes its shard is leased to nobody any more.
    """
    *columns, lane, at = marks
    if conn.dialect.name == "sqlite":
        rows = [
            {"key": key, "due_at": due_at, "reason": reason, "shard": shard, "lane": lane, "marked_at": at}
            for key, due_at, reason, shard in zip(*columns, strict=True)
        ]
        many(conn, _row_by_row(longest, moving), rows)
    elif marks.keys:
        told = dict(zip(_COLUMNS, columns, strict=True))
        change(conn, _all_at_once(longest, moving), **told, lane=lane, marked_at=at)


@cache
def _row_by_row(longest: timedelta | None, moving: bool) -> Insert:  # noqa: FBT001  # private, one caller
    return _again(sqlite.insert(dirty).values(_FRESH), longest, moving=moving)


@cache
def _all_at_once(longest: timedelta | None, moving: bool) -> Insert:  # noqa: FBT001  # likewise
    """Columns as arrays: what thousands of statements in a row would tell PostgreSQL takes it half as long again."""
    kinds = {name: postgresql.ARRAY(dirty.c[name].type) for name in _COLUMNS}
    told = (
        func.unnest(*(bindparam(name, type_=kind) for name, kind in kinds.items()))
        .table_valued(*_COLUMNS)
        .render_derived()
    )
    common = {name: bindparam(name, type_=BigInteger) for name in ("lane", "marked_at")}
    rows = select(*told.c, *common.values(), *_FRESH.values()).order_by(collate(told.c.key, "C"))
    names = [*_COLUMNS, *common, *_FRESH]
    return _again(postgresql.insert(dirty).from_select(names, rows), longest, moving=moving)


def _again(statement: Insert, longest: timedelta | None, *, moving: bool) -> Insert:
    """What it becomes where the key waits already."""
    new = statement.excluded
    latest: dict[str, ColumnElement[Any]] = {
        "generation": dirty.c.generation + 1,
        "lane": _least(new.lane, dirty.c.lane),
        "reason": new.reason,
    }
    if moving:
        latest["leased_until"] = case((new.shard == dirty.c.shard, dirty.c.leased_until), else_=0)
        latest["shard"] = new.shard
    else:
        latest["shard"] = case((dirty.c.leased_until > new.marked_at, dirty.c.shard), else_=new.shard)
    if longest is None:
        latest["due_at"] = _least(new.due_at, dirty.c.due_at)
        return statement.on_conflict_do_update(index_elements=["key"], set_=latest)
    ordinary, now = dirty.c.lane > 0, new.marked_at
    anew = and_(ordinary, dirty.c.leased_until > now, dirty.c.due_at <= now)  # somebody is at what was marked before
    last = dirty.c.marked_at + longest // _MICROSECOND
    asked = _least(new.due_at, last)
    quietly = and_(ordinary, dirty.c.attempts == 0, dirty.c.due_at > now, dirty.c.due_at <= last)
    latest["due_at"] = case((anew, new.due_at), (quietly, asked), else_=_least(asked, dirty.c.due_at))
    latest["marked_at"] = case((anew, now), else_=dirty.c.marked_at)
    return statement.on_conflict_do_update(index_elements=["key"], set_=latest)


def _least(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((one < other, one), else_=other)
