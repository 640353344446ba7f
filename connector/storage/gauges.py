"""The numbers of a scrape: counts and oldest moments, each found by an index or in a small table.

A monitor asks every few seconds, so nothing here reads a row per person but the count of links, which walks the
narrowest index there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Connection, bindparam, func, or_, select

from connector.storage import codec
from connector.storage.asking import rows, value
from connector.storage.effects import State
from connector.storage.service_tables import drift
from connector.storage.tables import dirty, effects, links, timers

_LANES = select(dirty.c.lane, func.count(), func.min(dirty.c.due_at)).group_by(dirty.c.lane)
_OPEN_STATES = tuple(state for state in State if state is not State.DONE)
_EFFECTS = (
    select(effects.c.state, func.count())
    .where(or_(*(effects.c.state == state.value for state in _OPEN_STATES)))
    .group_by(effects.c.state)
)
_LINKS = select(func.count(links.c.hubspot))
_DUE = select(func.count()).where(timers.c.due_at <= bindparam("now", type_=BigInteger))
_AUDIT = select(drift.c.at, drift.c.compared, drift.c.differing).order_by(drift.c.id.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class Lane:
    """What waits in a lane of the dirty set, and since when the first of it may be looked at."""

    waiting: int
    due_since: datetime


@dataclass(frozen=True, slots=True)
class Audit:
    """The last comparison of a sample of pairs."""

    at: datetime
    compared: int
    differing: int


def lanes(conn: Connection) -> dict[int, Lane]:
    """The dirty set by lane; lanes without anything are absent."""
    return {lane: Lane(number, codec.moment(due)) for lane, number, due in rows(conn, _LANES)}


def effects_open(conn: Connection) -> dict[State, int]:
    """Notices, tasks and webhooks that are not done, by state; states without any count 0."""
    found = dict(map(tuple, rows(conn, _EFFECTS)))
    return {state: found.get(state.value, 0) for state in _OPEN_STATES}


def linked(conn: Connection) -> int:
    """How many pairs are linked."""
    return int(value(conn, _LINKS))


def clocks_due(conn: Connection, now: datetime) -> int:
    """How many people wait to be looked at because their moment has come."""
    return int(value(conn, _DUE, now=codec.micros(now)))


def last_audit(conn: Connection) -> Audit | None:
    """The last comparison; None before the first."""
    found = rows(conn, _AUDIT)
    return Audit(codec.moment(found[0][0]), found[0][1], found[0][2]) if found else None
