"""Clocks that are due: their people are marked dirty, and the next pass derives what has become of their promises.

A timer is only a time to look. It is taken off in the transaction that marks, so a crash rings it again and never twice
for nothing; while nothing is due this costs one look at the beginning of an index. Fields that were parked because they
went round and round are tried again when their time has come.
"""

from __future__ import annotations

from datetime import datetime

from connector.engine.bridge import Bridge
from connector.engine.looping import let_go
from connector.storage import dirty, timers

_PORTION = 2_000  # people woken in one transaction


def ring(bridge: Bridge, until: datetime | None = None) -> int:
    """Have everybody looked at whose time has come, now or before `until`; how many they are."""
    woken = let_go(bridge)
    if bridge.agreement is None:
        return woken
    while True:
        with bridge.database.read() as conn:
            due = timers.due(conn, until or bridge.clock.now(), _PORTION)
        if not due:
            return woken
        with bridge.database.begin() as conn:
            timers.forget(conn, due)
            dirty.mark(conn, due, bridge.clock.now(), reason="a clock is due")
        woken += len(due)
