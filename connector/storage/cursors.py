"""Where the poll of a side stands. Saved only after what was read up to there is safe, so that a crash re-reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select

from connector.core.refs import Side
from connector.storage import codec
from connector.storage.asking import change, value
from connector.storage.tables import cursors
from connector.storage.upsert import replacing

_ITS = cursors.c.side == bindparam("side")
_CURSOR = select(cursors.c.cursor).where(_ITS)
_SAVED_AT = select(cursors.c.saved_at).where(_ITS)


def get(conn: Connection, side: Side) -> dict[str, Any] | None:
    """The side's cursor, or None before the first poll."""
    stored = value(conn, _CURSOR, side=side.value)
    return None if stored is None else dict(orjson.loads(stored))


def stored_at(conn: Connection, side: Side) -> datetime | None:
    """When the side's cursor was last saved: up to then everything read is safe."""
    stored = value(conn, _SAVED_AT, side=side.value)
    return None if stored is None else codec.moment(stored)


def put(conn: Connection, side: Side, cursor: Mapping[str, Any], now: datetime) -> None:
    """Remember how far the side was read."""
    saving = replacing(conn, cursors, "cursor", "saved_at")
    change(conn, saving, side=side.value, cursor=orjson.dumps(dict(cursor)), saved_at=codec.micros(now))
