"""Who goes first: records with an open clock, for a rep or a promise waits for them.

A clock that runs has a timer for its next warning or deadline; that one is due soon is asked of an index, so that
nobody's journey is read for it. A timer far away is a rest (somebody recycled for months) and hurries nobody. Whoever
is marked anyway is marked once more in the hot lane, in a transaction of its own: should that one be lost they are
merely not first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from connector.core.refs import Ref
from connector.engine.bridge import Bridge
from connector.storage import dirty, links, timers
from connector.storage.dirty import Mark

HOT, ORDINARY = 0, 1  # lanes of the dirty set
SOON = timedelta(days=2)  # business time of the usual promises, a weekend left out


def hasten(bridge: Bridge, marked: Mapping[Ref, str]) -> int:
    """Let those of the marked records (by ref, why) go first whose clock is open; how many they are."""
    if bridge.agreement is None or not marked:
        return 0
    now = bridge.clock.now()
    with bridge.database.read() as conn:
        first = timers.next_due(conn)
        if first is None or first > now + SOON:
            return 0
        hot = _with_open_clocks(conn, marked, now)
    if hot:
        with bridge.database.begin() as conn:
            dirty.mark_all(conn, [Mark(ref, now, marked[ref]) for ref in hot], now, HOT)
    return len(hot)


def _with_open_clocks(conn: Connection, refs: Collection[Ref], now: datetime) -> list[Ref]:
    """A person has one timer, at the record that leads: theirs or their counterpart's."""
    contacts = links.contacts_of(conn, refs)
    open_ = timers.soon(conn, [*refs, *contacts.values()], now + SOON)
    return [ref for ref in refs if ref in open_ or contacts.get(ref) in open_]
