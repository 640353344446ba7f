"""Counts that outlive a process, by name: requests refused, events folded, calls by lane. They only ever grow.

Names are dotted, from the general to the special (`refused.hubspot.signature`), and hold nothing of a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sqlalchemy import Connection, select

from connector.storage.asking import many, rows
from connector.storage.service_tables import tallies
from connector.storage.upsert import Insert, insert

_ALL = select(tallies.c.name, tallies.c.number).order_by(tallies.c.name)


def add(conn: Connection, name: str, number: int = 1) -> None:
    """Count so many more of these."""
    add_all(conn, {name: number})


def add_all(conn: Connection, numbers: Mapping[str, int]) -> None:
    """Count so many more of each; rows are locked in the order of their names."""
    new = [{"name": name, "number": number} for name, number in sorted(numbers.items()) if number]
    many(conn, _adding(conn.dialect.name), new)


def all(conn: Connection) -> dict[str, int]:  # noqa: A001  # `tallies.all(conn)` reads as what it is
    """Every count by its name."""
    return dict(map(tuple, rows(conn, _ALL)))


@cache
def _adding(dialect: str) -> Insert:
    statement = insert(dialect, tallies)
    total = tallies.c.number + statement.excluded.number
    return statement.on_conflict_do_update(index_elements=["name"], set_={"number": total})
