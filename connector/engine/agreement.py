"""The agreement comes into force: since when the lifecycle is followed, and each edition of the SLA from its first run.

What a file says is only proposed until a run carries it out. An edition that differs from the one in force is kept from
then on, and everybody with a clock is looked at again, since an open one may be amended.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from connector.core.policy import Edition
from connector.engine.bridge import Bridge
from connector.storage import editions, timers


def begin(conn: Connection, bridge: Bridge) -> None:
    """Let what is proposed come into force, unless it is already."""
    agreement = bridge.agreement
    if agreement is None:
        return
    editions.follow(conn, agreement.since)
    kept = editions.all(conn)
    proposed = agreement.book[-1] if agreement.book else None
    if proposed is not None and proposed.version != (kept[-1].version if kept else ""):
        _adopt(conn, bridge, proposed, proposed.since, open_too=proposed.open_too)


def adopt(conn: Connection, bridge: Bridge, now: datetime, *, open_too: bool) -> bool:
    """Let the promises of today be in force from now on, for open clocks too where asked; False when there are none."""
    agreement = bridge.agreement
    if agreement is None or not agreement.book:
        return False
    editions.follow(conn, agreement.since)
    _adopt(conn, bridge, agreement.book[-1], now, open_too=open_too)
    return True


def _adopt(conn: Connection, bridge: Bridge, edition: Edition, since: datetime, *, open_too: bool) -> None:
    editions.put(conn, edition.version, bridge.promises, since, open_too)
    timers.hurry(conn, since)
