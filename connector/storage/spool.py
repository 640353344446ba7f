"""The spool: every reading of a full pass, so that matching and merging stream through the database, not memory.

A run fills it, seals it, walks the links with both readings at hand, then walks what is linked to nothing yet. A mark
is anything by which two records may be recognised as one: the id of either side, and match keys (e-mail, domain). The
marks table is only an index: a reading that was replaced may leave old marks behind, so every hit is checked against
the marks stored with the reading itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, func, select, text, update

from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.storage import codec
from connector.storage.links import COLUMNS, Link, link_of
from connector.storage.tables import links, spool, spool_marks
from connector.storage.upsert import among, chunks, insert

_PORTION = 5_000  # readings encoded at a time: bounds memory


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
    conn: Connection, run_id: int, after_link_id: int, limit: int
) -> list[tuple[Link, Reading | None, Reading | None]]:
    """The next links by id, each with what was spooled of its HubSpot and of its Salesforce record."""
    hubspot, salesforce = spool.alias("spooled_hubspot"), spool.alias("spooled_salesforce")
    joined = links.outerjoin(hubspot, and_(hubspot.c.run_id == run_id, hubspot.c.key == links.c.hubspot)).outerjoin(
        salesforce, and_(salesforce.c.run_id == run_id, salesforce.c.key == links.c.salesforce)
    )
    rows = conn.execute(
        select(*COLUMNS, hubspot.c.reading, salesforce.c.reading)
        .select_from(joined)
        .where(links.c.id > after_link_id)
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


def related(conn: Connection, run_id: int, rows: Sequence[SpoolRow]) -> list[tuple[Reading, bool]]:
    """Spooled readings of either side that share a mark with any of these: counterparts, and rivals beside them.

    Each with whether it was claimed in this run. Linked ones are among them, the rows themselves are not; the order is
    that of their keys.
    """
    asking = {codec.key(row.reading.ref) for row in rows}
    marks = {mark for row in rows for mark in _marks(row)}
    near: dict[str, tuple[Reading, bool]] = {}
    for key, claimed, own, stored in _marked(conn, run_id, sorted(marks)):
        if key not in asking and key not in near and not marks.isdisjoint(orjson.loads(own)):
            near[key] = codec.reading(key, stored), claimed
    return [near[key] for key in sorted(near)]


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


def _marks(row: SpoolRow) -> list[str]:
    """What a record is recognised by: ids by side (its own, and the one it carries of the other's), and match keys."""
    ref = row.reading.ref
    marks = [f"{name}={value}" for name, value in row.keys]
    marks.append(f"{ref.side}:{ref.id}")
    if row.cross_id:
        marks.append(f"{ref.side.other}:{row.cross_id}")
    return marks


def _parameters(run_id: int, rows: Sequence[SpoolRow]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    readings: list[dict[str, Any]] = []
    marked: list[dict[str, Any]] = []
    for row in rows:
        ref = row.reading.ref
        key, marks = codec.key(ref), _marks(row)
        readings.append(
            {
                "run_id": run_id,
                "key": key,
                "side": ref.side.value,
                "object": ref.object,
                "claimed": False,
                "marks": orjson.dumps(marks),
                "reading": codec.reading_bytes(row.reading),
            }
        )
        marked += [{"run_id": run_id, "mark": mark, "key": key} for mark in marks]
    readings.sort(key=lambda parameters: parameters["key"])
    marked.sort(key=lambda parameters: (parameters["mark"], parameters["key"]))
    return readings, marked


def _marked(conn: Connection, run_id: int, marks: Sequence[str]) -> Iterable[Sequence[Any]]:
    """Key, claim, marks and reading of spooled records that have, or once had, any of the marks."""
    for portion in chunks(marks):
        hits = select(spool_marks.c.key).where(spool_marks.c.run_id == run_id, among(conn, spool_marks.c.mark, portion))
        yield from conn.execute(
            select(spool.c.key, spool.c.claimed, spool.c.marks, spool.c.reading).where(
                spool.c.run_id == run_id, spool.c.key.in_(hits)
            )
        )


def _is_linked(side: Side) -> ColumnElement[bool]:
    column = links.c.hubspot if side is Side.HUBSPOT else links.c.salesforce
    return exists().where(column == spool.c.key)


def _reading(key: str, stored: bytes | None) -> Reading | None:
    return None if stored is None else codec.reading(key, stored)
