"""Erased people, as keyed hashes that tell nothing of them, so that they are recognised and never created again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, func, select

from connector.storage import codec
from connector.storage.asking import many, rows, value
from connector.storage.tables import tombstones
from connector.storage.upsert import adding, among, chunks

_ANY = select(tombstones.c.hash).limit(1)
_COUNT = select(func.count()).select_from(tombstones)
_KNOWN = select(tombstones.c.hash).where(among(tombstones.c.hash))


def add(conn: Connection, hashes: Iterable[str], now: datetime) -> None:
    """Remember erased identities; the first erasure's time stays."""
    erased_at = codec.micros(now)
    many(conn, adding(conn, tombstones), [{"hash": one, "erased_at": erased_at} for one in sorted(set(hashes))])


def any(conn: Connection) -> bool:  # noqa: A001  # reads `tombstones.any(...)` where it is called
    """Whether anybody was ever erased; most installations never hash a thing thanks to this."""
    return value(conn, _ANY) is not None


def count(conn: Connection) -> int:
    """How many there are; they only ever become more."""
    return int(value(conn, _COUNT))


def known(conn: Connection, hashes: Iterable[str]) -> set[str]:
    """Those of the hashes that are of erased identities."""
    return {one for portion in chunks(sorted(set(hashes))) for (one,) in rows(conn, _KNOWN, among=portion)}
