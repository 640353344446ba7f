"""Audits: one row each, with counts and the refs of what differed. No value of anybody is kept here.

Refs are forgotten with their people; the counts stay. What an audit asks of other tables, and nobody else does, stands
here as well: where links begin and end, and which records are marked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Integer, bindparam, delete, func, select, update

from connector.core.refs import Ref
from connector.storage import codec
from connector.storage.asking import change, many, rows, value
from connector.storage.service_tables import drift
from connector.storage.tables import dirty, links
from connector.storage.upsert import among, chunks

KEPT = 500  # audits: at one every four hours, the last twelve weeks

_LATEST = (
    select(drift.c.id, drift.c.at, drift.c.compared, drift.c.differing, drift.c.body)
    .order_by(drift.c.id.desc())
    .limit(bindparam("_limit", type_=Integer))
)
_ADD = drift.insert()
_PURGE = delete(drift).where(drift.c.id <= select(func.max(drift.c.id)).scalar_subquery() - KEPT)
_REPLACE = update(drift).where(drift.c.id == bindparam("_id")).values(body=bindparam("_body"))
_LAST_LINK = select(func.max(links.c.id))
_MARKED = select(dirty.c.key).where(among(dirty.c.key))


@dataclass(frozen=True, slots=True)
class Row:
    """One audit: how many pairs were compared, how many differed, and the rest as JSON."""

    at: datetime
    compared: int
    differing: int
    body: Mapping[str, Any]


def add(conn: Connection, row: Row) -> None:
    """Keep an audit; the oldest ones go."""
    counts = {"at": codec.micros(row.at), "compared": row.compared, "differing": row.differing}
    many(conn, _ADD, [{**counts, "body": orjson.dumps(row.body)}])
    change(conn, _PURGE)


def latest(conn: Connection, limit: int) -> list[Row]:
    """The last audits, the newest first."""
    return [
        Row(codec.moment(at), compared, differing, orjson.loads(body))
        for _, at, compared, differing, body in rows(conn, _LATEST, _limit=limit)
    ]


def forget(conn: Connection, refs: Collection[Ref]) -> None:
    """Leave these records out of every audit; the counts stay."""
    names = {codec.key(ref) for ref in refs}
    changed = []
    for row_id, _, _, _, stored in rows(conn, _LATEST, _limit=KEPT):
        body = orjson.loads(stored)
        drifted = [row for row in body.get("drifted", ()) if not names.intersection(row[:2])]
        if len(drifted) < len(body.get("drifted", ())):
            changed.append({"_id": row_id, "_body": orjson.dumps({**body, "drifted": drifted})})
    many(conn, _REPLACE, changed)


def last_link(conn: Connection) -> int:
    """The highest id of a link; 0 without any."""
    return int(value(conn, _LAST_LINK) or 0)


def marked(conn: Connection, refs: Iterable[Ref]) -> set[Ref]:
    """Those of the records that somebody must look at, or is looking at."""
    keys: Sequence[str] = sorted({codec.key(ref) for ref in refs})
    return {codec.ref(key) for portion in chunks(keys) for (key,) in rows(conn, _MARKED, among=portion)}
