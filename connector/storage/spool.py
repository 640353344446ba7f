"""The spool: every reading of a full pass, so that matching and merging stream through the database, not memory.

A run fills it, seals it, walks the links with both readings at hand, then walks what is linked to nothing yet. A mark
is anything another record may recognise a record by: its id, the other side's id it carries, and its match keys
(e-mail, domain). The marks table is only an index: a reading that was replaced may leave old marks behind, so every
hit is checked against the marks stored with the reading itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, func, select, text, update

from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.storage import codec
from connector.storage.links import COLUMNS, Link, link_of
from connector.storage.tables import links, spool, spool_marks
from connector.storage.upsert import chunks, insert

_PORTION = 5_000  # readings encoded at a time: bounds memory


class Wanted(NamedTuple):
    """What to look for on the other side: a record, the other side's id it carries, its match keys (name, value)."""

    ref: Ref
    cross_id: str | None
    keys: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SpoolRow:
    """A reading to be spooled, with what it may be recognised by."""

    reading: Reading
    cross_id: str | None
    keys: Sequence[tuple[str, str]] = ()


def clear(conn: Connection, run_id: int) -> None:
    """Throw a run's readings away."""
    conn.execute(delete(spool_marks).where(spool_marks.c.run_id == run_id))
    conn.execute(delete(spool).where(spool.c.run_id == run_id))


def add(conn: Connection, run_id: int, rows: Sequence[SpoolRow]) -> None:
    """Spool readings; a later reading of a record replaces the earlier one."""
    statement = insert(conn, spool)
    replacing = statement.on_conflict_do_update(
        index_elements=["run_id", "key"],
        set_={
            "reading": statement.excluded.reading,
            "marks": statement.excluded.marks,
            "claimed": statement.excluded.claimed,
        },
    )
    for portion in chunks(rows, _PORTION):
        readings, marks = _parameters(run_id, portion)
        conn.execute(replacing, readings)
        conn.execute(insert(conn, spool_marks).on_conflict_do_nothing(), marks)


def seal(conn: Connection, run_id: int) -> None:  # noqa: ARG001  # statistics are per table; a run is what the caller ends
    """Say that the spool is filled: the database counts what is there, without which it plans the joins badly."""
    conn.execute(text("ANALYZE spool"))
    conn.execute(text("ANALYZE spool_marks"))


def linked(
    conn: Connection, run_id: int, pairs: Sequence[str], after_link_id: int, limit: int
) -> list[tuple[Link, Reading | None, Reading | None]]:
    """The next links of these pairs by id, each with what was spooled of its HubSpot and its Salesforce record."""
    hubspot, salesforce = spool.alias("spooled_hubspot"), spool.alias("spooled_salesforce")
    joined = links.outerjoin(hubspot, and_(hubspot.c.run_id == run_id, hubspot.c.key == links.c.hubspot)).outerjoin(
        salesforce, and_(salesforce.c.run_id == run_id, salesforce.c.key == links.c.salesforce)
    )
    rows = conn.execute(
        select(*COLUMNS, hubspot.c.reading, salesforce.c.reading)
        .select_from(joined)
        .where(links.c.id > after_link_id, links.c.pair.in_(pairs))
        .order_by(links.c.id)
        .limit(limit)
    )
    return [(link_of(row[:-2]), _reading(row.hubspot, row[-2]), _reading(row.salesforce, row[-1])) for row in rows]


def unlinked(  # noqa: PLR0913, PLR0917  # a page of one object of one run: none of the six can be left out
    conn: Connection, run_id: int, side: Side, obj: str, after_id: str, limit: int
) -> list[Reading]:
    """The next spooled readings of an object that are neither linked nor claimed, by record id; "" starts."""
    rows = conn.execute(
        select(spool.c.key, spool.c.reading)
        .where(
            spool.c.run_id == run_id,
            spool.c.key > f"{side}:{obj}:{after_id}",
            spool.c.key < f"{side}:{obj};",  # ";" follows ":" in byte order: the end of this object's keys
            spool.c.claimed.is_(False),
            ~_is_linked(side),
        )
        .order_by(spool.c.key)
        .limit(limit)
    )
    return [codec.reading(key, stored) for key, stored in rows]


def candidates(
    conn: Connection, run_id: int, side: Side, wanted: Iterable[Wanted], *, unclaimed: bool = False
) -> dict[Ref, list[Reading]]:
    """Who on the other side may be the same as each of these records of `side`: spooled there and not linked.

    A candidate has the id a record carries, carries the record's id, or shares a match key. Records without any are
    left out of the answer. `unclaimed` leaves out candidates that were claimed in this run.
    """
    seekers: dict[str, list[Ref]] = {}
    for ref, cross_id, keys in wanted:
        for mark in _sought(ref, cross_id, keys):
            seekers.setdefault(mark, []).append(ref)
    found: dict[Ref, dict[Ref, Reading]] = {}
    for key, marks, stored in _marked(conn, run_id, side.other, list(seekers), unclaimed=unclaimed):
        reading = codec.reading(key, stored)
        for mark in orjson.loads(marks):
            for ref in seekers.get(mark, ()):
                found.setdefault(ref, {})[reading.ref] = reading
    return {ref: [readings[one] for one in sorted(readings)] for ref, readings in found.items()}


def claim(conn: Connection, run_id: int, refs: Iterable[Ref]) -> None:
    """Say that these records are dealt with in this run."""
    parameters = [{"_key": key} for key in sorted({codec.key(ref) for ref in refs})]
    if parameters:
        statement = update(spool).where(spool.c.run_id == run_id, spool.c.key == bindparam("_key"))
        conn.execute(statement.values(claimed=True), parameters)


def count(conn: Connection, run_id: int) -> dict[tuple[Side, str], int]:
    """How many readings of each side and object a run has spooled."""
    rows = conn.execute(
        select(spool.c.side, spool.c.object, func.count())
        .where(spool.c.run_id == run_id)
        .group_by(spool.c.side, spool.c.object)
    )
    return {(Side(side), obj): number for side, obj, number in rows}


def _marks(ref: Ref, cross_id: str | None, keys: Sequence[tuple[str, str]]) -> list[str]:
    """What a record may be found by. A name holds no "=", so the three sorts of mark never meet."""
    marks = [f"{name}={value}" for name, value in keys]
    marks.append("=id=" + ref.id)
    if cross_id:
        marks.append("=cross=" + cross_id)
    return marks


def _sought(ref: Ref, cross_id: str | None, keys: Sequence[tuple[str, str]]) -> list[str]:
    """The marks by which the other side's record of the same thing would be found."""
    marks = [f"{name}={value}" for name, value in keys]
    marks.append("=cross=" + ref.id)
    if cross_id:
        marks.append("=id=" + cross_id)
    return marks


def _parameters(run_id: int, rows: Sequence[SpoolRow]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    readings: list[dict[str, Any]] = []
    marked: list[dict[str, Any]] = []
    for row in rows:
        ref = row.reading.ref
        key, side, marks = codec.key(ref), ref.side.value, _marks(ref, row.cross_id, row.keys)
        readings.append(
            {
                "run_id": run_id,
                "key": key,
                "side": side,
                "object": ref.object,
                "claimed": False,
                "marks": orjson.dumps(marks),
                "reading": codec.reading_bytes(row.reading),
            }
        )
        marked += [{"run_id": run_id, "side": side, "mark": mark, "key": key} for mark in marks]
    readings.sort(key=lambda parameters: parameters["key"])
    marked.sort(key=lambda parameters: (parameters["mark"], parameters["key"]))
    return readings, marked


def _marked(
    conn: Connection, run_id: int, side: Side, marks: Sequence[str], *, unclaimed: bool
) -> Iterable[tuple[str, bytes, bytes]]:
    """Spooled, unlinked records of a side that have, or once had, any of the marks."""
    for portion in chunks(marks):
        hits = select(spool_marks.c.key).where(
            spool_marks.c.run_id == run_id, spool_marks.c.side == side.value, spool_marks.c.mark.in_(portion)
        )
        statement = select(spool.c.key, spool.c.marks, spool.c.reading).where(
            spool.c.run_id == run_id, spool.c.key.in_(hits), ~_is_linked(side)
        )
        if unclaimed:
            statement = statement.where(spool.c.claimed.is_(False))
        yield from conn.execute(statement)


def _is_linked(side: Side) -> ColumnElement[bool]:
    column = links.c.hubspot if side is Side.HUBSPOT else links.c.salesforce
    return exists().where(column == spool.c.key)


def _reading(key: str, stored: bytes | None) -> Reading | None:
    return None if stored is None else codec.reading(key, stored)
