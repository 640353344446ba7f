"""The spool: every reading of a full pass, so that matching and merging stream through the database, not memory.

A run fills it, seals it, walks the links with both readings at hand, then walks what is linked to nothing yet. A mark
is anything by which two records may be recognised as one: the id of either side, and match keys (e-mail, domain). Each
reading carries its marks; the index over them is built by `seal` in one sorted sweep, because e-mails come in no order
and an index kept while filling would cost more than the readings themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    Insert,
    Integer,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    select,
    text,
)

from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.storage import codec
from connector.storage.asking import change, many, rows, value
from connector.storage.links import COLUMNS, Link, link_of
from connector.storage.tables import links, runs, spool, spool_claims, spool_marks
from connector.storage.upsert import adding, among, chunks, replacing

_NUL = "\0"  # PostgreSQL keeps none in texts; nobody is recognised by a value that has one
_RUN_MAX = timedelta(days=1)  # no full pass takes longer
_TABLES = (spool_marks, spool_claims, spool)
_PORTION = 5_000  # readings encoded at a time: bounds memory

_RUN = bindparam("run", type_=BigInteger)
_SHARING = select(spool_marks.c.key).where(spool_marks.c.run_id == _RUN, among(spool_marks.c.mark))
_CLAIMED = and_(spool_claims.c.run_id == _RUN, spool_claims.c.key == spool.c.key)
_RELATED = (
    select(spool.c.key, spool.c.reading, spool_claims.c.key.is_not(None))
    .select_from(spool.outerjoin(spool_claims, _CLAIMED))
    .where(spool.c.run_id == _RUN, spool.c.key.in_(_SHARING))
)


_HUBSPOT, _SALESFORCE = spool.alias("spooled_hubspot"), spool.alias("spooled_salesforce")
_LIMIT = bindparam("limit", type_=Integer)
_LINKED = (
    select(*COLUMNS, _HUBSPOT.c.reading, _SALESFORCE.c.reading)
    .select_from(
        links.outerjoin(_HUBSPOT, and_(_HUBSPOT.c.run_id == _RUN, _HUBSPOT.c.key == links.c.hubspot)).outerjoin(
            _SALESFORCE, and_(_SALESFORCE.c.run_id == _RUN, _SALESFORCE.c.key == links.c.salesforce)
        )
    )
    .where(links.c.id > bindparam("after"))
    .order_by(links.c.id)
    .limit(_LIMIT)
)
_UNLINKED = {
    side: select(spool.c.key, spool.c.reading)
    .where(
        spool.c.run_id == _RUN,
        spool.c.key > bindparam("after"),
        spool.c.key < bindparam("end"),
        ~exists().where(_CLAIMED),
        ~exists().where((links.c.hubspot if side is Side.HUBSPOT else links.c.salesforce) == spool.c.key),
    )
    .order_by(spool.c.key)
    .limit(_LIMIT)
    for side in Side
}
_OTHERS = {table: select(exists().where(table.c.run_id != _RUN)) for table in _TABLES}
_OURS = {table: delete(table).where(table.c.run_id == _RUN) for table in _TABLES}
_ALL = {table: delete(table) for table in _TABLES}
_GOING = select(runs.c.id).where(runs.c.finished_at.is_(None), runs.c.started_at > bindparam("before"))
_ENDED = {table: delete(table).where(table.c.run_id.not_in(_GOING)) for table in _TABLES}
_ABOUT = {table: delete(table).where(among(table.c.key)) for table in _TABLES}
_SPOOLED = select(spool.c.key).where(among(spool.c.key)).limit(1)
_COUNT = select(spool.c.side, spool.c.object, func.count()).where(spool.c.run_id == _RUN)
_COUNT = _COUNT.group_by(spool.c.side, spool.c.object)


@dataclass(frozen=True, slots=True)
class SpoolRow:
    """A reading to be spooled, with what it may be recognised by."""

    reading: Reading
    cross_id: str | None
    keys: Sequence[tuple[str, str]] = ()


def clear(conn: Connection, run_id: int) -> None:
    """Throw a run's readings away; all at once when no other run has any, which costs next to nothing."""
    for table in _TABLES:
        if value(conn, _OTHERS[table], run=run_id):
            change(conn, _OURS[table], run=run_id)
        else:
            change(conn, _ALL[table])


def add(conn: Connection, run_id: int, spooled: Sequence[SpoolRow]) -> None:
    """Spool readings; a later reading of a record replaces the earlier one. `seal` before asking who is related."""
    for portion in chunks(spooled, _PORTION):
        many(conn, replacing(conn, spool, "reading", "marks"), _parameters(run_id, portion))


def seal(conn: Connection, run_id: int) -> None:
    """Index the marks of all that was spooled, and let the database count its rows, or it plans the joins badly.

    Readings spooled later are not found by their marks until the run is sealed again.
    """
    change(conn, _OURS[spool_marks], run=run_id)
    change(conn, _marking(conn.dialect.name), run=run_id)
    conn.execute(text("ANALYZE spool"))
    conn.execute(text("ANALYZE spool_marks"))


def linked(
    conn: Connection, run_id: int, after_link_id: int, limit: int
) -> list[tuple[Link, Reading | None, Reading | None]]:
    """The next links by id, each with what was spooled of its HubSpot and of its Salesforce record."""
    found = rows(conn, _LINKED, run=run_id, after=after_link_id, limit=limit)
    return [(link_of(row[:-2]), _reading(row[2], row[-2]), _reading(row[3], row[-1])) for row in found]


def unlinked(  # noqa: PLR0913, PLR0917  # a page of one object of one run: none of the six can be left out
    conn: Connection, run_id: int, side: Side, obj: str, after_id: str, limit: int
) -> list[Reading]:
    """The next spooled readings of an object that are neither linked nor claimed, by record id; "" starts."""
    after, end = f"{side}:{obj}:{after_id}", f"{side}:{obj};"  # ";" follows ":" in byte order: the end of the object
    found = rows(conn, _UNLINKED[side], run=run_id, after=after, end=end, limit=limit)
    return [codec.reading(key, stored) for key, stored in found]


def related(conn: Connection, run_id: int, asked: Sequence[SpoolRow]) -> list[tuple[Reading, bool]]:
    """Spooled readings of either side that share a mark with any of these: counterparts, and rivals beside them.

    Each with whether it was claimed in this run. Linked ones are among them, the rows themselves are not; the order is
    that of their keys.
    """
    asking = {codec.key(row.reading.ref) for row in asked}
    marks = sorted({mark for row in asked for mark in _marks(row)})
    near: dict[str, tuple[Reading, bool]] = {}
    for portion in chunks(marks):
        for key, stored, claimed in rows(conn, _RELATED, run=run_id, among=portion):
            if key not in asking and key not in near:
                near[key] = codec.reading(key, stored), bool(claimed)
    return [near[key] for key in sorted(near)]


def claim(conn: Connection, run_id: int, refs: Iterable[Ref]) -> None:
    """Say that these records are dealt with in this run."""
    parameters = [{"run_id": run_id, "key": key} for key in sorted({codec.key(ref) for ref in refs})]
    many(conn, adding(conn, spool_claims), parameters)


def holds(conn: Connection, ref: Ref) -> bool:
    """Whether any run, a crashed one too, has spooled this record."""
    return bool(rows(conn, _SPOOLED, among=[codec.key(ref)]))


def forget(conn: Connection, refs: Iterable[Ref]) -> None:
    """Remove what any run, a crashed one too, has spooled of these records."""
    for portion in chunks(sorted({codec.key(ref) for ref in refs})):
        for table in _TABLES:
            change(conn, _ABOUT[table], among=portion)


def clear_ended(conn: Connection, now: datetime) -> None:
    """Throw away what runs left behind that have ended, or began so long ago that they must have crashed."""
    for table in _TABLES:
        change(conn, _ENDED[table], before=codec.micros(now - _RUN_MAX))


def count(conn: Connection, run_id: int) -> dict[tuple[Side, str], int]:
    """How many readings of each side and object a run has spooled."""
    return {(Side(side), obj): number for side, obj, number in rows(conn, _COUNT, run=run_id)}


def _marks(row: SpoolRow) -> list[str]:
    """What a record is recognised by: ids by side (its own, and the one it carries of the other's), and match keys."""
    ref = row.reading.ref
    marks = [f"{name}={value}" for name, value in row.keys if _NUL not in value]
    marks += [f"{ref.side}:{known}" for known in (ref.id, *row.reading.aliases)]
    if row.cross_id:
        marks.append(f"{ref.side.other}:{row.cross_id}")
    return marks


def _parameters(run_id: int, spooled: Sequence[SpoolRow]) -> list[dict[str, Any]]:
    parameters = [
        {
            "run_id": run_id,
            "key": codec.key(row.reading.ref),
            "side": row.reading.ref.side.value,
            "object": row.reading.ref.object,
            "marks": orjson.dumps(_marks(row)).decode(),
            "reading": codec.reading_bytes(row.reading),
        }
        for row in spooled
    ]
    return sorted(parameters, key=lambda row: str(row["key"]))


@cache
def _marking(dialect: str) -> Insert:
    """The statement that indexes a run's marks: one row for each mark in a reading's list of them."""
    if dialect == "sqlite":
        mark = func.json_each(spool.c.marks).table_valued("value", joins_implicitly=True).c.value
    else:
        mark = func.json_array_elements_text(cast(spool.c.marks, JSON)).column_valued("mark", joins_implicitly=True)
    marks = select(spool.c.run_id, mark, spool.c.key).where(spool.c.run_id == _RUN).distinct()
    return spool_marks.insert().from_select(["run_id", "mark", "key"], marks.order_by(mark, spool.c.key))


def _reading(key: str, stored: bytes | None) -> Reading | None:
    return None if stored is None else codec.reading(key, stored)
