"""Ask both sides what changed, and mark it dirty.

Polling is the source of truth. A reading that says nothing new is not marked: it was seen with this stamp and content,
or the link remembers all its values as agreed or sent, and the journey those that are watched. That is how the echo of
our own writes costs nothing. The cursor is stored with the last marks and seen rows of its portion and never before
them, so that a crash repeats a portion instead of losing it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from connector.core.digest import digest
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.engine.bridge import Bridge
from connector.engine.cases import is_mapped, pair_of
from connector.engine.hot import hasten
from connector.engine.news import says_news, watched_news
from connector.ports import Changes, Cursor, Known
from connector.storage import cursors, dirty, issues, links, seen
from connector.storage.links import Link

KEEP_SEEN = timedelta(minutes=30)  # longer than any adapter's overlap
SLICE = 250  # readings a transaction; a webhook waits for one of them


def observe(bridge: Bridge) -> int:
    """Poll both sides until each says that is all; returns how many refs were marked dirty."""
    return sum(bridge.together(lambda side: observe_side(bridge, side)).values())


def observe_side(bridge: Bridge, side: Side) -> int:
    """Poll one side."""
    with bridge.database.read() as conn:
        cursor: Cursor | None = cursors.get(conn, side)
    return catch_up(bridge, side, cursor)


def catch_up(bridge: Bridge, side: Side, cursor: Cursor | None) -> int:
    """Poll one side from a cursor on until it says that is all."""
    marked, more = 0, True
    while more:
        changes = bridge.crms[side].changes(bridge.views_of(side), cursor, known_of(bridge, side))
        marked += take_portion(bridge, side, changes)
        cursor, more = changes.cursor, changes.more
    return marked


def known_of(bridge: Bridge, side: Side) -> Known:
    """What tells an adapter how many records it has told of before."""

    def known(obj: str, start: datetime, before: datetime) -> int:
        with bridge.database.read() as conn:
            return seen.count(conn, side, obj, start, before)

    return known


def take_portion(bridge: Bridge, side: Side, changes: Changes) -> int:
    """One portion: mark what is news, remember what was seen, advance the cursor; how many refs were marked.

    A long one is taken in slices, so that nobody else waits long to write; a crash between two repeats all of it.
    """
    readings = changes.readings
    ahead = (len(readings) - 1) // SLICE * SLICE if readings else 0
    marked = sum(_take(bridge, side, readings[start : start + SLICE]) for start in range(0, ahead, SLICE))
    return marked + _take(bridge, side, readings[ahead:], ended=changes)


def _take(bridge: Bridge, side: Side, readings: Sequence[Reading], ended: Changes | None = None) -> int:
    """Some readings of a portion in one transaction; with the last of them the portion has `ended`."""
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        news = news_of(conn, bridge, readings)
        why = f"changed in {side.value}"
        dirty.mark(conn, news, now, reason=why)
        seen.record(conn, [row for reading in readings if (row := _seen_row(reading))])
        if ended:
            cursors.put(conn, side, dict(ended.cursor), now)
            _purge(conn, side, ended)
    hasten(bridge, dict.fromkeys(news, why))
    return len(news)


def _purge(conn: Connection, side: Side, changes: Changes) -> None:
    newest = max((reading.modified_at for reading in changes.readings if reading.modified_at), default=None)
    if newest and not changes.more:
        seen.purge(conn, side, newest - KEEP_SEEN)  # by the side's own clock, which may not be ours


def _seen_row(reading: Reading) -> tuple[Ref, datetime, str] | None:
    return (reading.ref, reading.modified_at, digest(reading)) if reading.modified_at else None


def news_of(conn: Connection, bridge: Bridge, readings: Sequence[Reading]) -> list[Ref]:
    """The refs whose reading may ask for something to be done."""
    if not readings:
        return []
    refs = [reading.ref for reading in readings]
    known, linked = seen.lookup(conn, refs), links.by_refs(conn, refs)
    fresh = [reading for reading in readings if not _was_seen(reading, known)]
    news = [reading.ref for reading in fresh if _is_news(bridge, reading, linked.get(reading.ref))]
    if bridge.agreement is not None:
        quiet = {one.ref: one for one in fresh if one.present and one.ref in linked and not linked[one.ref].stopped}
        news += watched_news(conn, bridge, [quiet[ref] for ref in quiet.keys() - set(news)])
    gone = [reading.ref for reading in readings if not reading.present and reading.ref not in linked]
    return news + _asked_about(conn, gone) if gone else news


def _asked_about(conn: Connection, gone: Sequence[Ref]) -> list[Ref]:
    """Those of some vanished strangers that a person is being asked about: the question may be settled now."""
    if not issues.counts(conn):
        return []
    asked = {ref for stored in issues.open_issues(conn, refs=gone, limit=10_000) for ref in stored.issue.refs}
    return [ref for ref in gone if ref in asked]


def _was_seen(reading: Reading, known: Mapping[Ref, tuple[datetime, str]]) -> bool:
    before = known.get(reading.ref)
    return bool(before and reading.modified_at) and before == (reading.modified_at, digest(reading))


def _is_news(bridge: Bridge, reading: Reading, link: Link | None) -> bool:
    if link is None:
        return reading.present or bool(reading.moved_to)
    if not is_mapped(bridge, link):
        return False
    if not reading.present or reading.aliases:
        return True
    pair = pair_of(bridge, link.hubspot, link.salesforce)
    return says_news(pair, link, reading)
