"""Open issues, alike ones together: counted, paged and found again by what makes them one thing to mend.

`issues.alike` (`core.alike`) is written with every issue, so a hundred thousand of them are one walk over an index.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, bindparam, func, select

from connector.core.plan import IssueKind
from connector.storage.asking import rows
from connector.storage.issues import COLUMNS, StoredIssue, stored_of
from connector.storage.tables import issues
from connector.storage.upsert import among, chunks

_OPEN = issues.c.closed_at.is_(None)
_LIMIT = bindparam("_limit", type_=Integer)
_COUNTED = (
    select(issues.c.alike, func.count().label("number"), func.min(issues.c.id).label("first"))
    .where(_OPEN)
    .group_by(issues.c.alike)
    .subquery()
)
_HEAPS = (
    select(_COUNTED.c.alike, _COUNTED.c.number, *COLUMNS)
    .join_from(_COUNTED, issues, issues.c.id == _COUNTED.c.first)
    .order_by((issues.c.kind != IssueKind.HELD.value), _COUNTED.c.number.desc(), _COUNTED.c.first)
    .limit(_LIMIT)
)
_PAGE = (
    select(*COLUMNS)
    .where(issues.c.alike == bindparam("_alike"), _OPEN, issues.c.id > bindparam("_after", type_=BigInteger))
    .order_by(issues.c.id)
    .limit(_LIMIT)
)
_NUMBER = select(func.count(), func.max(issues.c.id)).where(issues.c.alike == bindparam("_alike"), _OPEN)
_BY_IDS = select(*COLUMNS).where(among(issues.c.id), _OPEN).order_by(issues.c.id)
_OF_RUN = (
    select(*COLUMNS).where(issues.c.run_id == bindparam("_run", type_=BigInteger)).order_by(issues.c.id).limit(_LIMIT)
)


@dataclass(frozen=True, slots=True)
class Heap:
    """Alike issues: what they are called in addresses, how many there are, and the first of them."""

    alike: str
    number: int
    first: StoredIssue

    @property
    def since(self) -> datetime:
        """When the first of them was raised."""
        return self.first.opened_at


def heaps(conn: Connection, limit: int) -> list[Heap]:
    """What holds everything up first, then the most frequent."""
    return [Heap(alike, number, stored_of(row)) for alike, number, *row in rows(conn, _HEAPS, _limit=limit)]


def page(conn: Connection, alike: str, after: int, limit: int) -> list[StoredIssue]:
    """The next of one heap by id."""
    return [stored_of(row) for row in rows(conn, _PAGE, _alike=alike, _after=after, _limit=limit)]


def extent(conn: Connection, alike: str) -> tuple[int, int]:
    """How many there are in a heap, and the id of the last."""
    number, last = rows(conn, _NUMBER, _alike=alike)[0]
    return int(number), int(last or 0)


def by_ids(conn: Connection, ids: Collection[int]) -> list[StoredIssue]:
    """Those of these issues that are open still, by id."""
    wanted = chunks(sorted(set(ids)))
    return [stored_of(row) for portion in wanted for row in rows(conn, _BY_IDS, among=list(portion))]


def of_run(conn: Connection, run_id: int, limit: int) -> list[StoredIssue]:
    """What a run was the last to raise, open or closed by now."""
    found: list[Any] = rows(conn, _OF_RUN, _run=run_id, _limit=limit)
    return [stored_of(row) for row in found]
