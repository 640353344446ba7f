"""What people did, newest first: the few events among many that tell of an act, found by an index of their own.

Who and what stand in the payload, which is JSON as this bridge writes it: they are looked for as they stand there, and
only among acts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Select, select, text

from connector.storage import codec
from connector.storage.events import COLUMNS, Event, events_of
from connector.storage.tables import events
from connector.storage.upsert import holds

_IS_ACT = text("kind = 'act'")  # in the very words of the index


@dataclass(frozen=True, slots=True)
class ActsAsked:
    """Which acts are asked for; what is empty does not narrow.

    Attributes:
        by: the beginning of who did it; act: which one.
        since, until: in [since, until).
        before: only with smaller ids: the last of the page before.
    """

    by: str = ""
    act: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


def page(conn: Connection, asked: ActsAsked, limit: int) -> list[Event]:
    """The next acts that are asked for, newest first."""
    statement = select(*COLUMNS).where(_IS_ACT).order_by(events.c.id.desc()).limit(limit)
    return events_of(conn, _narrowed(statement, asked))


def _narrowed(statement: Select[Any], asked: ActsAsked) -> Select[Any]:
    if asked.by:
        statement = statement.where(holds(events.c.payload, f'"by":{_spelt(asked.by)[:-1]}'))
    if asked.act:
        statement = statement.where(holds(events.c.payload, f'"act":{_spelt(asked.act)}'))
    if asked.since is not None:
        statement = statement.where(events.c.at >= codec.micros(asked.since))
    if asked.until is not None:
        statement = statement.where(events.c.at < codec.micros(asked.until))
    return statement if asked.before is None else statement.where(events.c.id < asked.before)


def _spelt(words: str) -> str:
    return orjson.dumps(words).decode()
