"""The dirty set: keys of records at which somebody must look again. Never a job, never what to do.

`mark` raises a key's generation, however many events say the same; `claim` leases due keys to one worker; `done`
deletes a key only if nobody marked it since it was claimed. A lease that runs out lets another worker take over; what
the first one then reports is recognised by its lease and changes nothing, so no mark is ever lost to a late worker.
Keys are locked in their order, and a transaction marks once, after its other writes: workers take turns, never block.
Every key waits in a shard (`sharding`), so that workers with different shards never meet at one link. What a side tells
of waits until the record has been quiet for a moment, for a person at work on it saves more than once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Delete,
    Integer,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    select,
    update,
)

from connector.core.refs import Ref
from connector.storage import codec
from connector.storage.asking import change, many, rows, value
from connector.storage.marking import Marks, put
from connector.storage.marking import Quiet as Quiet  # noqa: PLC0414  # whoever marks says it
from connector.storage.sharding import shards_of
from connector.storage.tables import dirty
from connector.storage.upsert import among, chunks

_S = TypeVar("_S", Delete, Update)


def _held(statement: _S) -> _S:
    return statement.where(dirty.c.key == bindparam("_key"), dirty.c.leased_until == bindparam("_lease"))


_UNMARKED = dirty.c.generation == bindparam("_generation")
_NOW = bindparam("_now", type_=BigInteger)
_IS_DUE = and_(dirty.c.due_at <= _NOW, dirty.c.leased_until <= _NOW)
_OF_SHARDS = among(dirty.c.shard)


def _claiming(condition: ColumnElement[bool]) -> Update:
    due = (
        select(dirty.c.key)
        .where(condition)
        .order_by(dirty.c.lane, dirty.c.due_at)
        .limit(bindparam("_limit", type_=Integer))
        .with_for_update(skip_locked=True)
    )
    leased = update(dirty).where(dirty.c.key.in_(due)).values(leased_until=bindparam("_until"))
    return leased.returning(dirty.c.lane, dirty.c.due_at, dirty.c.key, dirty.c.generation, dirty.c.attempts)


_CLAIM = _claiming(_IS_DUE)
_CLAIM_OF_SHARDS = _claiming(and_(_IS_DUE, _OF_SHARDS))
_ANY_DUE = select(exists().where(_IS_DUE, _OF_SHARDS))
_FREE = update(dirty).where(dirty.c.leased_until > 0, _OF_SHARDS).values(leased_until=0)
_LOCK = select(dirty.c.key).where(among(dirty.c.key)).order_by(dirty.c.key).with_for_update()
_DONE = _held(delete(dirty)).where(_UNMARKED)
_RELEASE = _held(update(dirty)).values(leased_until=0)
_RETRY = _held(update(dirty)).values(
    due_at=case((_UNMARKED, bindparam("_due", type_=BigInteger)), else_=dirty.c.due_at),
    attempts=dirty.c.attempts + 1,
    leased_until=0,
    reason=bindparam("_reason"),
)
_FREE_AT = case((dirty.c.leased_until > dirty.c.due_at, dirty.c.leased_until), else_=dirty.c.due_at)
_NEXT_DUE = select(func.min(_FREE_AT))
_FORGET = delete(dirty).where(among(dirty.c.key))
_COUNT = select(func.count()).select_from(dirty)
_SHOWN = (dirty.c.key, dirty.c.lane, dirty.c.marked_at, dirty.c.due_at, dirty.c.attempts, dirty.c.reason)
_WAITING = select(*_SHOWN).where(among(dirty.c.key)).order_by(dirty.c.key)


@dataclass(frozen=True, slots=True)
class Claim:
    """A key leased to this worker. `generation` and `leased_until` are what `done` and `retry` recognise it by."""

    ref: Ref
    generation: int
    attempts: int
    lane: int
    leased_until: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A key as people see it: since when and why it waits, when it is due, how often it was tried."""

    ref: Ref
    lane: int
    marked_at: datetime
    due_at: datetime
    attempts: int
    reason: str


class Mark(NamedTuple):
    """A record to be looked at again: when, and for people why."""

    ref: Ref
    due_at: datetime
    reason: str


class Place(NamedTuple):
    """A ref and the shard in which it is to wait, whatever its own would be."""

    ref: Ref
    shard: int


def mark(  # noqa: PLR0913  # who, when, how soon, how urgent and why
    conn: Connection,
    refs: Iterable[Ref],
    now: datetime,
    *,
    due_at: datetime | None = None,
    lane: int = 1,
    reason: str = "",
    quiet: Quiet | None = None,
) -> None:
    """Ask for another look at these records, now or once they are due.

    The sooner due and the faster (lower) lane win; `reason` is for people. With `quiet` a record is due when no such
    mark has come for that long, or at the latest that long after the first; one that pauses after a fault is due
    sooner. Nothing hot (lane 0) is made to wait.
    """
    mark_all(conn, [Mark(ref, due_at or now, reason) for ref in refs], now, lane, quiet)


def mark_all(conn: Connection, marks: Iterable[Mark], now: datetime, lane: int = 1, quiet: Quiet | None = None) -> None:
    """As `mark`, for records that are due at different times: of those marked twice the sooner holds."""
    quiet = quiet if lane else None
    latest_first = sorted(marks, key=lambda one: one.due_at, reverse=True)
    soonest = sorted({codec.key(one.ref): one for one in latest_first}.items())
    earliest = now + min(quiet.quiet, quiet.longest) if quiet else now
    keys = [key for key, _ in soonest]
    due_at = [codec.micros(max(one.due_at, earliest)) for _, one in soonest]
    reasons = [one.reason for _, one in soonest]
    marked = Marks(keys, due_at, reasons, shards_of(conn, keys), lane, codec.micros(now))
    put(conn, marked, quiet and quiet.longest)


def move(conn: Connection, places: Iterable[Place], now: datetime, lane: int, reason: str) -> None:
    """Mark records in shards that somebody who knows more than the store has found out; due at once, and free."""
    found = sorted({codec.key(place.ref): place.shard for place in places}.items())
    keys, shards, at = [key for key, _ in found], [shard for _, shard in found], codec.micros(now)
    put(conn, Marks(keys, [at] * len(keys), [reason] * len(keys), shards, lane, at), moving=True)


def claim(
    conn: Connection, now: datetime, limit: int, lease_until: datetime, shards: Sequence[int] | None = None
) -> list[Claim]:
    """Lease up to `limit` keys that are due and leased to nobody; lower lanes first, then the longest due.

    shards: only keys of these; None: of all.
    """
    asked = {"_now": codec.micros(now), "_until": codec.micros(lease_until), "_limit": limit}
    if shards is None:
        leased = rows(conn, _CLAIM, **asked)
    else:
        leased = rows(conn, _CLAIM_OF_SHARDS, **asked, among=list(shards))
    return [
        Claim(codec.ref(key), generation, attempts, lane, lease_until)
        for lane, _, key, generation, attempts in sorted(map(tuple, leased))
    ]


def any_due(conn: Connection, now: datetime, shards: Sequence[int]) -> bool:
    """Whether somebody with these shards would find anything to claim."""
    return bool(value(conn, _ANY_DUE, _now=codec.micros(now), among=list(shards)))


def free(conn: Connection, shards: Sequence[int]) -> int:
    """Take every lease in these shards from whoever holds it; for who knows that the holder works no more.

    A holder who works after all loses nothing but his effort: what he reports is about a lease that is no more.
    """
    return change(conn, _FREE, among=list(shards))


def done(conn: Connection, claims: Sequence[Claim]) -> int:
    """Take keys off the set, unless marked again since: those are released and stay due. How many were taken off."""
    parameters = _parameters(claims)
    if not parameters:
        return 0
    _lock(conn, parameters)
    gone = many(conn, _DONE, parameters)
    if gone < len(parameters):
        release(conn, claims)
    return gone


def release(conn: Connection, claims: Sequence[Claim]) -> None:
    """Give keys back as they were: nothing was done about them."""
    many(conn, _RELEASE, _parameters(claims))


def retry(conn: Connection, claims: Sequence[Claim], due_at: datetime, reason: str) -> None:
    """Put keys back until `due_at`; one marked again meanwhile stays due, for what was marked may be the mending."""
    later = {"_due": codec.micros(due_at), "_reason": reason}
    many(conn, _RETRY, [{**row, **later} for row in _parameters(claims)])


def hurry(conn: Connection, now: datetime) -> int:
    """Make everything that waits for a later moment due now, leases aside; how many keys that were."""
    at = codec.micros(now)
    return conn.execute(update(dirty).where(dirty.c.due_at > at).values(due_at=at)).rowcount


def next_due(conn: Connection) -> datetime | None:
    """When the next key can be claimed: it must be due, and no lease may stand. None when nothing waits."""
    stored = value(conn, _NEXT_DUE)
    return None if stored is None else codec.moment(stored)


def forget(conn: Connection, refs: Iterable[Ref]) -> None:
    """Take records off the set, whoever works on them."""
    for portion in chunks(sorted({codec.key(ref) for ref in refs})):
        change(conn, _FORGET, among=portion)


def count(conn: Connection) -> int:
    """How many keys wait, leased ones included."""
    return int(value(conn, _COUNT))


def oldest(conn: Connection) -> datetime | None:
    """Since when the longest waiting key waits."""
    stored = conn.scalar(select(func.min(dirty.c.marked_at)))
    return None if stored is None else codec.moment(stored)


def sample(conn: Connection, limit: int) -> list[Waiting]:
    """The first keys in the order of claiming, for people to look at."""
    first = select(*_SHOWN).order_by(dirty.c.lane, dirty.c.due_at, dirty.c.key).limit(limit)
    return [_waiting(row) for row in conn.execute(first)]


def waiting(conn: Connection, refs: Iterable[Ref]) -> list[Waiting]:
    """Those of some records that wait to be looked at, for people to look at."""
    keys = sorted({codec.key(ref) for ref in refs})
    return [_waiting(row) for portion in chunks(keys) for row in rows(conn, _WAITING, among=portion)]


def _waiting(row: Sequence[Any]) -> Waiting:
    key, lane, marked_at, due_at, attempts, reason = row
    return Waiting(codec.ref(key), lane, codec.moment(marked_at), codec.moment(due_at), attempts, reason)


def _parameters(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """What recognises the claims, in the order in which all writers lock."""
    rows = [(codec.key(one.ref), one.generation, codec.micros(one.leased_until)) for one in claims]
    return [{"_key": key, "_generation": generation, "_lease": lease} for key, generation, lease in sorted(rows)]


def _lock(conn: Connection, parameters: Sequence[dict[str, Any]]) -> None:
    """Lock keys in their order before two statements each touch some of them; SQLite has one writer anyway."""
    if conn.dialect.name == "postgresql":
        for portion in chunks([row["_key"] for row in parameters]):
            rows(conn, _LOCK, among=portion)
