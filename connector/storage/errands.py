"""What people asked for that takes longer than a page may: who is at it, how far it is, what came of it.

One of a kind is under way at a time, whichever process works on it: an index says so. Whoever works gives signs of
life; one that was not heard of for a while counts as lost, is shown so, and makes room for the next. What was found
may hold values of people, so it is kept for a week at most, and goes whenever somebody is erased.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final

import orjson
from sqlalchemy import BigInteger, Connection, Executable, Text, bindparam, delete, select, text, update

from connector.storage import codec
from connector.storage.admin_tables import errands
from connector.storage.asking import change, rows
from connector.storage.tables import RowId
from connector.storage.upsert import insert

LOST_AFTER: Final = timedelta(seconds=60)
KEPT_FOR: Final = timedelta(days=7)

_UNDER_WAY = errands.c.ended_at.is_(None)
_ID = bindparam("_id", type_=RowId)
_NOW = bindparam("_now", type_=BigInteger)
_BEFORE = bindparam("_before", type_=BigInteger)
_MINE = update(errands).where(errands.c.id == _ID, _UNDER_WAY)
_BEAT = _MINE.values(
    beat_at=_NOW,
    doing=bindparam("_doing", type_=Text),
    number=bindparam("_number", type_=BigInteger),
    total=bindparam("_total", type_=BigInteger),
)
_FINISH = _MINE.values(
    ended_at=_NOW,
    state=bindparam("_state", type_=Text),
    found=bindparam("_found", type_=errands.c.found.type),
    problem=bindparam("_problem", type_=Text),
)
_GIVE_UP = (
    update(errands)
    .where(errands.c.kind == bindparam("_kind", type_=Text), _UNDER_WAY, errands.c.beat_at < _BEFORE)
    .values(ended_at=_NOW, state="lost")
)
_EXPIRE = delete(errands).where(errands.c.ended_at < _BEFORE)
_FORGET = delete(errands).where(errands.c.ended_at.is_not(None))
_CLEAR = update(errands).where(errands.c.id == _ID).values(asked=b"{}")
_COLUMNS = tuple(errands.c)
_ONE = select(*_COLUMNS).where(errands.c.id == _ID)
_LATEST = (
    select(*_COLUMNS).where(errands.c.kind == bindparam("_kind", type_=Text)).order_by(errands.c.id.desc()).limit(1)
)


class State(StrEnum):
    """How it stands with an errand."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"  # whoever was at it was not heard of any more


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: of which kind, by whom, and with what words (JSON, without secrets)."""

    kind: str
    by: str
    asked: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """How far it is: what is being done, how many so far, of how many if that is known."""

    doing: str = ""
    number: int = 0
    total: int | None = None


@dataclass(frozen=True, slots=True)
class End:
    """What came of it: `found` as JSON, or the `problem` in words."""

    state: State
    found: Mapping[str, Any] | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Errand:
    """One errand as it is remembered."""

    id: int
    order: Order
    began_at: datetime
    beat_at: datetime
    step: Step
    ended_at: datetime | None
    end: End

    @property
    def state(self) -> State:
        """How it stands."""
        return self.end.state


def start(conn: Connection, order: Order, now: datetime) -> int | None:
    """Remember that it begins; its id, or None where one of that kind is under way already."""
    at = codec.micros(now)
    change(conn, _GIVE_UP, _kind=order.kind, _before=codec.micros(now - LOST_AFTER), _now=at)
    change(conn, _EXPIRE, _before=codec.micros(now - KEPT_FOR))
    values = {"kind": order.kind, "by": order.by, "asked": codec.dumps(order.asked), "began_at": at, "beat_at": at}
    fixed = {"doing": "", "number": 0, "state": State.RUNNING.value, "problem": ""}
    row = conn.execute(_starting(conn.dialect.name), {**values, **fixed}).first()
    return None if row is None else int(row[0])


@cache
def _starting(dialect: str) -> Executable:
    statement = insert(dialect, errands)
    return statement.on_conflict_do_nothing(index_elements=["kind"], index_where=text("ended_at IS NULL")).returning(
        errands.c.id
    )


def beat(conn: Connection, errand_id: int, now: datetime, step: Step) -> bool:
    """Give a sign of life and say how far it is; False when it was given up for lost meanwhile."""
    said = {"_doing": step.doing, "_number": step.number, "_total": step.total}
    return change(conn, _BEAT, _id=errand_id, _now=codec.micros(now), **said) == 1


def finish(conn: Connection, errand_id: int, now: datetime, end: End) -> bool:
    """Remember what came of it; False when it was given up for lost meanwhile."""
    found = None if end.found is None else codec.dumps(end.found)
    said = {"_state": end.state.value, "_found": found, "_problem": end.problem}
    return change(conn, _FINISH, _id=errand_id, _now=codec.micros(now), **said) == 1


def by_id(conn: Connection, errand_id: int, now: datetime) -> Errand | None:
    """One errand; None when there is none of that id, or it is forgotten."""
    return next((_stored(row, now) for row in rows(conn, _ONE, _id=errand_id)), None)


def latest(conn: Connection, kind: str, now: datetime) -> Errand | None:
    """The latest of a kind."""
    return next((_stored(row, now) for row in rows(conn, _LATEST, _kind=kind)), None)


def forget(conn: Connection) -> None:
    """Forget all that ended: somebody is erased, and what was found may speak of them."""
    change(conn, _FORGET)


def clear(conn: Connection, errand_id: int) -> None:
    """Forget what one was asked for with: somebody was erased while it was under way."""
    change(conn, _CLEAR, _id=errand_id)


def _stored(row: Any, now: datetime) -> Errand:
    (errand_id, kind, by, asked, began_at, beat_at, doing, number, total, ended_at, state, found, problem) = row
    told, heard = State(state), codec.moment(beat_at)
    if told is State.RUNNING and now - heard > LOST_AFTER:
        told = State.LOST
    return Errand(
        errand_id,
        Order(kind, by, orjson.loads(asked)),
        codec.moment(began_at),
        heard,
        Step(doing, number, total),
        None if ended_at is None else codec.moment(ended_at),
        End(told, None if found is None else orjson.loads(found), problem),
    )
