"""Runs: each recorded plan or pass, who asked for it, under which configuration, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Select, bindparam, func, insert, select, update

from connector.storage import codec
from connector.storage.asking import change, value
from connector.storage.tables import runs

_COLUMNS = (
    runs.c.id,
    runs.c.kind,
    runs.c.started_by,
    runs.c.config_digest,
    runs.c.started_at,
    runs.c.finished_at,
    runs.c.outcome,
    runs.c.counts,
)
WORKER = "smarketing "  # what the names of workers begin with ("smarketing run")
_START = insert(runs).returning(runs.c.id)
_FINISH = update(runs).where(runs.c.id == bindparam("_id"))


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run; `finished_at` and `outcome` are None while it goes on, or when it was cut off."""

    id: int
    kind: str
    by: str
    config_digest: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    counts: Mapping[str, Any]


def start(conn: Connection, kind: str, now: datetime, by: str, config_digest: str) -> int:
    """Record that a run begins; its id."""
    values = {"kind": kind, "started_by": by, "config_digest": config_digest, "started_at": codec.micros(now)}
    return int(value(conn, _START, **values))


def finish(conn: Connection, run_id: int, now: datetime, outcome: str, counts: Mapping[str, Any]) -> None:
    """Record how a run ended and what it counted."""
    ended = {"finished_at": codec.micros(now), "outcome": outcome, "counts": codec.dumps(counts)}
    change(conn, _FINISH, _id=run_id, **ended)


def recent(conn: Connection, limit: int) -> list[RunRow]:
    """The latest runs, newest first."""
    return _rows(conn, select(*_COLUMNS).order_by(runs.c.id.desc()).limit(limit))


@dataclass(frozen=True, slots=True)
class RunsAsked:
    """Which runs are asked for; what is empty does not narrow.

    Attributes:
        by: the beginning of who began it.
        people: only what people began; workers go by names of their own.
        since, until: begun in [since, until).
        before: only with smaller numbers: the last of the page before.
    """

    kind: str = ""
    by: str = ""
    people: bool = False
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


def page(conn: Connection, asked: RunsAsked, limit: int) -> list[RunRow]:
    """The next runs that are asked for, newest first."""
    statement = select(*_COLUMNS).order_by(runs.c.id.desc()).limit(limit)
    if asked.kind:
        statement = statement.where(runs.c.kind == asked.kind)
    if asked.by:
        statement = statement.where(func.substr(runs.c.started_by, 1, len(asked.by)) == asked.by)
    if asked.people:
        statement = statement.where(func.substr(runs.c.started_by, 1, len(WORKER)) != WORKER)
    if asked.since is not None:
        statement = statement.where(runs.c.started_at >= codec.micros(asked.since))
    if asked.until is not None:
        statement = statement.where(runs.c.started_at < codec.micros(asked.until))
    if asked.before is not None:
        statement = statement.where(runs.c.id < asked.before)
    return _rows(conn, statement)


def kinds(conn: Connection) -> list[str]:
    """Every kind of run that there is."""
    return [kind for (kind,) in conn.execute(select(runs.c.kind).distinct().order_by(runs.c.kind))]


def by_id(conn: Connection, run_id: int) -> RunRow | None:
    """One run; None when there never was one of that number."""
    return next(iter(_rows(conn, select(*_COLUMNS).where(runs.c.id == run_id))), None)


def _rows(conn: Connection, statement: Select[Any]) -> list[RunRow]:
    return [
        RunRow(
            run_id,
            kind,
            by,
            digest,
            codec.moment(started_at),
            None if finished_at is None else codec.moment(finished_at),
            outcome,
            {} if counts is None else orjson.loads(counts),
        )
        for run_id, kind, by, digest, started_at, finished_at, outcome, counts in conn.execute(statement)
    ]
