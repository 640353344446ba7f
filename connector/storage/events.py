"""The story: what happened, appended and never changed, told again by record or by time.

Lifecycle, SLA and explanations are functions of it. The order is the order of appending (the id). Only erasing a
person removes anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, delete, func, or_, select

from connector.core.refs import Ref, Side
from connector.storage import codec
from connector.storage.asking import many
from connector.storage.tables import events

_APPEND = events.insert()

COLUMNS = (
    events.c.id,
    events.c.at,
    events.c.kind,
    events.c.hubspot,
    events.c.salesforce,
    events.c.run_id,
    events.c.payload,
)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a record of either side or to a pair; `payload` is JSON. `id` is the store's."""

    at: datetime
    kind: str
    hubspot: Ref | None = None
    salesforce: Ref | None = None
    run_id: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are asked for; what is None does not narrow. `until` is the first moment that does not count."""

    run_id: int | None = None
    refs: Collection[Ref] | None = None
    since: datetime | None = None
    until: datetime | None = None


def append(conn: Connection, rows: Sequence[Event]) -> None:
    """Tell what happened, in this order."""
    many(conn, _APPEND, [_parameters(event) for event in rows])


def of_refs(conn: Connection, refs: Collection[Ref], limit: int) -> list[Event]:
    """The latest events of any of these records, oldest first."""
    statement = select(*COLUMNS).where(_about(refs)).order_by(events.c.id.desc()).limit(limit)
    return events_of(conn, statement)[::-1]


def since(conn: Connection, at: datetime, limit: int, after: int = 0) -> list[Event]:
    """Events from a moment on, oldest first; `after` is the id of the last one already seen."""
    return events_of(
        conn,
        select(*COLUMNS).where(events.c.at >= codec.micros(at), events.c.id > after).order_by(events.c.id).limit(limit),
    )


def wanted(conn: Connection, which: Wanted, after: int, limit: int) -> list[Event]:
    """The next events that are asked for, oldest first; `after` is the id of the last one already seen."""
    asked = [events.c.id > after]
    if which.run_id is not None:
        asked.append(events.c.run_id == which.run_id)
    if which.refs is not None:
        asked.append(_about(which.refs))
    if which.since is not None:
        asked.append(events.c.at >= codec.micros(which.since))
    if which.until is not None:
        asked.append(events.c.at < codec.micros(which.until))
    return events_of(conn, select(*COLUMNS).where(*asked).order_by(events.c.id).limit(limit))


def newest(conn: Connection) -> int:
    """The id of the last event; 0 where there is none."""
    return int(conn.execute(select(func.max(events.c.id))).scalar() or 0)


def forget(conn: Connection, refs: Collection[Ref]) -> int:
    """Remove the story of these records, for it holds values of people; how many events that were."""
    return conn.execute(delete(events).where(_about(refs))).rowcount


def _about(refs: Iterable[Ref]) -> ColumnElement[bool]:
    keys: dict[Side, list[str]] = {side: [] for side in Side}
    for ref in refs:
        keys[ref.side].append(codec.key(ref))
    return or_(events.c.hubspot.in_(keys[Side.HUBSPOT]), events.c.salesforce.in_(keys[Side.SALESFORCE]))


def _parameters(event: Event) -> dict[str, Any]:
    return {
        "at": codec.micros(event.at),
        "kind": event.kind,
        "hubspot": None if event.hubspot is None else codec.key(event.hubspot),
        "salesforce": None if event.salesforce is None else codec.key(event.salesforce),
        "run_id": event.run_id,
        "payload": codec.dumps(event.payload),
    }


def events_of(conn: Connection, statement: Select[Any]) -> list[Event]:
    """What a question for `COLUMNS` answers."""
    return [
        Event(
            codec.moment(at),
            kind,
            None if hubspot is None else codec.ref(hubspot),
            None if salesforce is None else codec.ref(salesforce),
            run_id,
            orjson.loads(payload),
            event_id,
        )
        for event_id, at, kind, hubspot, salesforce, run_id, payload in conn.execute(statement)
    ]
