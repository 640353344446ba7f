"""Signs of life of the service's processes: each says now and then that it is still there, and where it runs.

Nothing is locked by a pulse. It tells people and metrics who is at work, and keeps a second embedded worker from a
store that has one: whoever was not heard of for a while counts as gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import BigInteger, Connection, bindparam, select
from sqlalchemy import delete as delete_rows

from connector.storage import codec
from connector.storage.asking import change, rows
from connector.storage.service_tables import pulses
from connector.storage.upsert import replacing

_HEARD = (
    select(pulses.c.name, pulses.c.kind, pulses.c.started_at, pulses.c.seen_at, pulses.c.body)
    .where(pulses.c.seen_at > bindparam("_since", type_=BigInteger))
    .order_by(pulses.c.kind, pulses.c.name)
)
_GONE = delete_rows(pulses).where(pulses.c.name == bindparam("_name"))
_SILENT = delete_rows(pulses).where(pulses.c.seen_at < bindparam("_before", type_=BigInteger))


@dataclass(frozen=True, slots=True)
class Pulse:
    """A process: its name (one a process: "run@host:4711"), what it does (run, web, worker, pubsub, journal).

    Attributes:
        seen_at: when it was last heard of; of one that is about to beat it means nothing.
        body: JSON: host, pid, version, and whatever it wants to tell.
    """

    name: str
    kind: str
    started_at: datetime
    seen_at: datetime
    body: Mapping[str, Any] = field(default_factory=dict)


def beat(conn: Connection, pulse: Pulse, now: datetime) -> None:
    """Say that a process is alive."""
    values = {
        "name": pulse.name,
        "kind": pulse.kind,
        "started_at": codec.micros(pulse.started_at),
        "seen_at": codec.micros(now),
        "body": orjson.dumps(dict(pulse.body)),
    }
    change(conn, replacing(conn, pulses, "kind", "started_at", "seen_at", "body"), **values)


def alive(conn: Connection, now: datetime, within: timedelta) -> list[Pulse]:
    """Processes heard of within that time, by kind and name."""
    return [_stored(row) for row in rows(conn, _HEARD, _since=codec.micros(now - within))]


def gone(conn: Connection, name: str) -> None:
    """A process says goodbye."""
    change(conn, _GONE, _name=name)


def forget(conn: Connection, before: datetime) -> int:
    """Forget processes that were not heard of since then; how many."""
    return change(conn, _SILENT, _before=codec.micros(before))


def _stored(row: Any) -> Pulse:
    name, kind, started_at, seen_at, body = row
    return Pulse(name, kind, codec.moment(started_at), codec.moment(seen_at), orjson.loads(bytes(body)))
