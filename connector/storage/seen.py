"""Records observed in the poll's overlap window, with the stamp and a digest of what was read.

Windows overlap so that late and equal stamps lose nothing; this table is why an overlap without news costs a count and
no re-read. Rows older than the overlap are purged.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, select

from connector.core.refs import Ref, Side
from connector.storage import codec
from connector.storage.asking import change, many, rows, value
from connector.storage.tables import seen
from connector.storage.upsert import among, chunks, replacing

_LOOKUP = select(seen.c.key, seen.c.stamp, seen.c.digest).where(among(seen.c.key))
_COUNT = select(func.count()).where(
    seen.c.side == bindparam("side"),
    seen.c.object == bindparam("object"),
    seen.c.stamp >= bindparam("start"),
    seen.c.stamp < bindparam("before"),
)
_PURGE = delete(seen).where(seen.c.side == bindparam("_side"), seen.c.stamp < bindparam("_before"))
_FORGET = delete(seen).where(among(seen.c.key))


def record(conn: Connection, observed: Iterable[tuple[Ref, datetime, str]]) -> None:
    """Remember that these records were observed with that stamp and digest; the latest observation stands."""
    parameters = [
        {
            "key": codec.key(ref),
            "side": ref.side.value,
            "object": ref.object,
            "stamp": codec.micros(stamp),
            "digest": digest,
        }
        for ref, stamp, digest in observed
    ]
    parameters.sort(key=lambda row: str(row["key"]))  # one lock order for all writers: no deadlocks
    many(conn, replacing(conn, seen, "stamp", "digest"), parameters)


def lookup(conn: Connection, refs: Iterable[Ref]) -> dict[Ref, tuple[datetime, str]]:
    """Stamp and digest of those of the records that were observed."""
    wanted = {codec.key(ref): ref for ref in refs}
    return {
        wanted[key]: (codec.moment(stamp), digest)
        for portion in chunks(list(wanted))
        for key, stamp, digest in rows(conn, _LOOKUP, among=portion)
    }


def count(conn: Connection, side: Side, obj: str, start: datetime, before: datetime) -> int:
    """How many records of an object were observed with a stamp from `start` on and before `before`."""
    window = {"start": codec.micros(start), "before": codec.micros(before)}
    return int(value(conn, _COUNT, side=side.value, object=obj, **window))


def purge(conn: Connection, side: Side, before: datetime) -> int:
    """Forget observations whose stamp lies before a moment; how many they were."""
    return change(conn, _PURGE, _side=side.value, _before=codec.micros(before))


def forget(conn: Connection, refs: Iterable[Ref]) -> None:
    """Remove what was observed of these records."""
    for portion in chunks(sorted({codec.key(ref) for ref in refs})):
        change(conn, _FORGET, among=portion)
