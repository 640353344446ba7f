"""When to look at somebody again though nothing happens: one moment a record, found by an index of moments.

Nothing is known here of why: who looks again derives everything anew. A timer that is due is taken off in the
transaction that marks its record dirty, so that none is lost and none rings twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import BigInteger, Connection, Integer, bindparam, func, select, update
from sqlalchemy import delete as delete_rows

from connector.core.refs import Ref
from connector.storage import codec
from connector.storage.asking import change, many, rows, value
from connector.storage.tables import timers
from connector.storage.upsert import among, chunks, replacing

_DUE = (
    select(timers.c.key)
    .where(timers.c.due_at <= bindparam("now", type_=BigInteger))
    .order_by(timers.c.due_at, timers.c.key)
    .limit(bindparam("limit", type_=Integer))
)
_NEXT = select(func.min(timers.c.due_at))
_COUNT = select(func.count()).select_from(timers)
_SOON = select(timers.c.key).where(among(timers.c.key), timers.c.due_at <= bindparam("before", type_=BigInteger))
_HURRY = update(timers).where(timers.c.due_at > bindparam("_now")).values(due_at=bindparam("_now"))
_FORGET = delete_rows(timers).where(among(timers.c.key))


def put(conn: Connection, rows_: Mapping[Ref, datetime | None]) -> None:
    """Set each record's timer, in place of an earlier one; None takes it off."""
    forget(conn, [ref for ref, due_at in rows_.items() if due_at is None])
    parameters = [
        {"key": codec.key(ref), "due_at": codec.micros(due_at)} for ref, due_at in rows_.items() if due_at is not None
    ]
    parameters.sort(key=lambda row: str(row["key"]))  # one lock order for all writers: no deadlocks
    many(conn, replacing(conn, timers, "due_at"), parameters)


def due(conn: Connection, now: datetime, limit: int) -> list[Ref]:
    """Records whose moment has come, the longest due first."""
    return [codec.ref(row[0]) for row in rows(conn, _DUE, now=codec.micros(now), limit=limit)]


def soon(conn: Connection, refs: Iterable[Ref], before: datetime) -> set[Ref]:
    """Those of the records that have a timer which is due before a moment."""
    keys, at = sorted({codec.key(ref) for ref in refs}), codec.micros(before)
    return {codec.ref(row[0]) for portion in chunks(keys) for row in rows(conn, _SOON, among=portion, before=at)}


def hurry(conn: Connection, now: datetime) -> None:
    """Let every timer be due now."""
    change(conn, _HURRY, _now=codec.micros(now))


def next_due(conn: Connection) -> datetime | None:
    """When the next timer is due; None when none is set."""
    stored = value(conn, _NEXT)
    return None if stored is None else codec.moment(stored)


def count(conn: Connection) -> int:
    """How many are set."""
    return int(value(conn, _COUNT))


def forget(conn: Connection, refs: Iterable[Ref]) -> None:
    """Take the timers of these records off."""
    for portion in chunks(sorted({codec.key(ref) for ref in refs})):
        change(conn, _FORGET, among=portion)
