"""Fields that we have written again because something had changed what we wrote: one row a record and field.

The first write of a field makes no row; it stands in the story, where it is looked up when the field is written again.
Rows are about the last hour or so and are dropped when they are older than the window. They hold values of people, so
they are forgotten with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, Connection, Integer, bindparam, delete, func, or_, select

from connector.core.looping import Author, Hand, Rewrite, Written
from connector.core.refs import Ref, Side
from connector.storage import codec
from connector.storage.asking import many, rows, value
from connector.storage.service_tables import rewrites
from connector.storage.tables import events
from connector.storage.upsert import among, chunks, holds, replacing

Key = tuple[Ref, str]  # record and field

_WRITES = ("updated", "unanswered")  # kinds of events that tell of values we wrote into a record that was there
_TOLD = {
    side: select(column, events.c.at, events.c.payload)
    .where(
        among(column),
        events.c.at >= bindparam("_since", type_=BigInteger),
        or_(*(events.c.kind == kind for kind in _WRITES)),
    )
    .order_by(events.c.id)
    for side, column in ((Side.HUBSPOT, events.c.hubspot), (Side.SALESFORCE, events.c.salesforce))
}
_WROTE = {
    (side, written): select(column)
    .where(
        among(column),
        events.c.at >= bindparam("_since", type_=BigInteger),
        or_(*(events.c.kind == kind for kind in _WRITES)),
        holds(events.c.payload, f'"side":"{written.value}"'),
    )
    .distinct()
    for side, column in ((Side.HUBSPOT, events.c.hubspot), (Side.SALESFORCE, events.c.salesforce))
    for written in Side
}
_AMONG = select(rewrites.c.key, rewrites.c.body).where(among(rewrites.c.key))
_OLD = (
    select(rewrites.c.key, rewrites.c.body)
    .where(rewrites.c.last < bindparam("_before", type_=BigInteger))
    .order_by(rewrites.c.last)
    .limit(bindparam("_limit", type_=Integer))
)
_FIRST = select(func.min(rewrites.c.last))
_DROP = delete(rewrites).where(rewrites.c.key == bindparam("_key"))
_FORGET = delete(rewrites).where(rewrites.c.key >= bindparam("_from"), rewrites.c.key < bindparam("_to"))


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one field: our writes since the last one a person brought about; whether it is parked."""

    rounds: tuple[Rewrite, ...]
    parked: bool = False


def written_on(conn: Connection, side: Side, refs: Iterable[Ref], since: datetime) -> set[Ref]:
    """Those of the records of whose pair we have written the record on one side since then; no story is read for it."""
    keys: dict[Side, list[str]] = {each: [] for each in Side}
    for ref in refs:
        keys[ref.side].append(codec.key(ref))
    return {
        codec.ref(key)
        for each, wanted in keys.items()
        for portion in chunks(wanted)
        for (key,) in rows(conn, _WROTE[each, side], among=portion, _since=codec.micros(since))
    }


def told(conn: Connection, refs: Iterable[Ref], since: datetime) -> dict[Ref, list[Written]]:
    """By record, what was written to it and to its counterpart since then, oldest first; not what it was made of."""
    keys: dict[Side, list[str]] = {side: [] for side in Side}
    for ref in refs:
        keys[ref.side].append(codec.key(ref))
    found: dict[Ref, list[Written]] = {}
    for side, wanted in keys.items():
        for portion in chunks(wanted):
            for key, at, payload in rows(conn, _TOLD[side], among=portion, _since=codec.micros(since)):
                found.setdefault(codec.ref(key), []).extend(_written(codec.moment(at), payload))
    return found


def of(conn: Connection, keys: Iterable[Key]) -> dict[Key, Kept]:
    """What is kept of these fields; those of which nothing is are left out."""
    found: dict[Key, Kept] = {}
    for portion in chunks(sorted(map(_spelt, keys))):
        found.update((_key(key), _kept(body)) for key, body in rows(conn, _AMONG, among=portion))
    return found


def put(conn: Connection, kept: Mapping[Key, Kept], now: datetime) -> None:
    """Keep the rounds of these fields in place of earlier ones."""
    parameters = [
        {
            "key": _spelt(key),
            "since": codec.micros(one.rounds[0].at if one.rounds else now),
            "last": codec.micros(now),
            "times": len(one.rounds),
            "body": orjson.dumps({"rounds": [_row(each) for each in one.rounds], "parked": one.parked}),
        }
        for key, one in kept.items()
    ]
    parameters.sort(key=lambda row: str(row["key"]))  # one lock order for all writers: no deadlocks
    many(conn, replacing(conn, rewrites, "since", "last", "times", "body"), parameters)


def old(conn: Connection, before: datetime, limit: int) -> dict[Key, Kept]:
    """Fields that were last written (or parked) before then, the oldest first."""
    return {_key(key): _kept(body) for key, body in rows(conn, _OLD, _before=codec.micros(before), _limit=limit)}


def oldest(conn: Connection) -> datetime | None:
    """When the field was last written (or parked) of which nothing has been heard for the longest."""
    stored = value(conn, _FIRST)
    return None if stored is None else codec.moment(stored)


def drop(conn: Connection, keys: Iterable[Key]) -> None:
    """Keep nothing of these fields any more."""
    many(conn, _DROP, [{"_key": key} for key in sorted(map(_spelt, keys))])


def forget(conn: Connection, refs: Iterable[Ref]) -> None:
    """Keep nothing of these records any more."""
    starts = sorted(codec.key(ref) for ref in refs)
    many(conn, _FORGET, [{"_from": f"{start} ", "_to": f"{start}!"} for start in starts])


def _spelt(key: Key) -> str:
    """`hubspot:contacts:33451 jobtitle`; neither ids nor names of fields hold a space."""
    return f"{codec.key(key[0])} {key[1]}"


def _key(spelt: str) -> Key:
    record, _, field = spelt.rpartition(" ")
    return codec.ref(record), field


def _written(at: datetime, payload: bytes) -> list[Written]:
    changes = orjson.loads(payload).get("changes", ())
    return [Written(at, Side(one["side"]), one["field"], one["rule"], one["before"], one["after"]) for one in changes]


def _row(one: Rewrite) -> Sequence[Any]:
    by_at = None if one.by.at is None else codec.micros(one.by.at)
    return codec.micros(one.at), one.before, one.after, one.by.hand.value, one.by.words, by_at


def _kept(body: bytes) -> Kept:
    found = orjson.loads(body)
    return Kept(tuple(map(_rewrite, found["rounds"])), found["parked"])


def _rewrite(row: Sequence[Any]) -> Rewrite:
    at, before, after, hand, words, by_at = row
    by = Author(Hand(hand), words, None if by_at is None else codec.moment(by_at))
    return Rewrite(codec.moment(at), before, after, by)
