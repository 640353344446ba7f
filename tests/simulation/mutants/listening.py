"""Bugs in how the bridge learns what changed, and in how it keeps in mind what there is to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from sqlalchemy import bindparam, select, update

from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.engine import observe, reconcile
from connector.engine.bridge import Bridge
from connector.engine.standing import begin_polling
from connector.engine.sweep import swept
from connector.engine.writing import carry_out
from connector.errors import BridgeError
from connector.hubspot import polling
from connector.ports import Changes
from connector.salesforce import changes
from connector.storage import cursors, dirty, seen
from connector.storage.dirty import Claim
from connector.storage.links import Link
from connector.storage.tables import dirty as table
from tests.simulation.mutants.planting import caught_by, method, replaced

BUSY = {
    "acts": {"edits": 10.0},
    "alone": True,
    "trouble": {"act": 4.0, "turn": 12.0, "time": 0.5},
    "burst": 8,
    "listening": True,
}
SOON = timedelta(seconds=30)


@caught_by("listening", ground={"hubspot": {"search_lag_s": 35.0}}, **BUSY, first=4)
def hubspot_is_polled_without_overlap() -> Iterator[None]:
    """Each poll of HubSpot begins exactly where the last one ended: what the search index shows late is never told."""
    with patch.multiple(polling, OVERLAP_MS=0, MARGIN_MS=0):
        yield


@caught_by("listening", ground={"salesforce": {"commit_delay_s": 240.0}}, **BUSY, first=5, within=100)
def salesforce_is_polled_without_overlap() -> Iterator[None]:
    """Each poll of Salesforce begins exactly where the last one ended: what commits after its stamp is never told."""
    with patch.multiple(changes, AGAIN=timedelta(), LATE=timedelta()):
        yield


@caught_by(
    "listening",
    acts={"edits": 10.0},
    alone=True,
    trouble={"act": 4.0, "turn": 12.0, "time": 0.5, "kill": 0.7},
    burst=8,
    listening=True,
    within=100,
    first=6,
)
def the_cursor_is_stored_before_the_marks() -> Iterator[None]:
    """How far a side was read is remembered at once, what is to be looked at only when both sides were polled: a fault
    or a crash in between loses it."""
    heard: dict[int, list[Ref]] = {}  # by the bridge's identity

    def stored(bridge: Bridge, side: Side, told: Changes) -> int:
        with bridge.database.begin() as conn:
            news = observe.news_of(conn, bridge, told.readings)
            seen.record(conn, [row for reading in told.readings if (row := observe._seen_row(reading))])
            cursors.put(conn, side, dict(told.cursor), bridge.clock.now())
        heard[id(bridge)] += news
        return len(news)

    def listened(bridge: Bridge) -> int:
        heard[id(bridge)] = []
        number = listen(bridge)
        with bridge.database.begin() as conn:
            dirty.mark(conn, heard[id(bridge)], bridge.clock.now())
        return number

    listen = observe.observe
    with replaced(observe.take_portion, stored), replaced(listen, listened):
        yield


@caught_by("drains", "Endless", trouble={"kill": 1.0})
def claims_never_expire() -> Iterator[None]:
    """What a worker had claimed when it died stays claimed, however long ago that was."""
    free = table.c.due_at <= bindparam("_now"), table.c.leased_until == 0
    due = select(table.c.key).where(*free).order_by(table.c.lane, table.c.due_at).limit(bindparam("_limit"))
    columns = table.c.lane, table.c.due_at, table.c.key, table.c.generation, table.c.attempts
    claim = update(table).where(table.c.key.in_(due)).values(leased_until=bindparam("_until")).returning(*columns)
    with patch.object(dirty, "_CLAIM", claim):
        yield


@caught_by("listening", **BUSY)
def a_change_soon_after_our_own_is_taken_for_its_echo() -> Iterator[None]:
    """What changed shortly after the bridge wrote, or was last modified by its user, is not looked at."""
    wrote: dict[Ref, datetime] = {}
    is_news = observe._is_news

    def carried_out(bridge: Bridge, tasks: Any) -> None:
        carry_out(bridge, tasks)
        wrote.update({task.ref: bridge.clock.now() for task in tasks if task.ref and task.done})

    def judged(bridge: Bridge, reading: Reading, link: Link | None) -> bool:
        at, modified = wrote.get(reading.ref), reading.modified_at
        echo = at is not None and modified is not None and abs(modified - at) < SOON
        return not echo and is_news(bridge, reading, link)

    with replaced(carry_out, carried_out), replaced(is_news, judged):
        yield


@caught_by("listening", ground={"salesforce": {"commit_delay_s": 240.0}}, **BUSY, crowded=True, within=100)
def late_commits_are_not_counted() -> Iterator[None]:
    """What lies behind the last poll is taken for known, however many rows there are: a late commit is never told."""
    with method(changes.Span, "observed", lambda *_: True):
        yield


@caught_by(
    "listening",
    acts={"edits": 20.0},
    alone=True,
    trouble={"bad line": 1.0, "good line": 0.5},
    lost="requests",
    burst=8,
    listening=True,
)
def a_fault_loses_the_keys_under_way() -> Iterator[None]:
    """When a side does not answer, the keys that were being worked on are taken for done."""

    def dropped(bridge: Bridge, claims: Sequence[Claim], _: BridgeError | None) -> None:
        with bridge.database.begin() as conn:
            dirty.done(conn, claims)

    with replaced(reconcile._put_back, dropped):
        yield


@caught_by(
    "listening",
    first=20,
    ground={"hubspot": {"search_lag_s": 0.0}},
    acts={"edits": 20.0},
    alone=True,
    trouble={"act": 6.0, "turn": 9.0, "time": 9.0},
    burst=4,
    meddling=0.5,
    listening=True,
)
def listening_begins_after_the_first_comparison() -> Iterator[None]:
    """Where polling begins is asked after everything was compared: what changed during the comparison is missed."""
    fresh: dict[int, list[Side]] = {}  # by the bridge's identity: sides that nobody has polled before

    def begun(bridge: Bridge) -> None:
        with bridge.database.read() as conn:
            fresh[id(bridge)] = [side for side in Side if cursors.get(conn, side) is None]

    @contextmanager
    def compared(bridge: Bridge, run_id: int) -> Iterator[None]:
        with swept(bridge, run_id):
            yield
        for side in fresh.pop(id(bridge), []):
            now = bridge.crms[side].changes(bridge.views_of(side), None, lambda *_: 0).cursor
            with bridge.database.begin() as conn:
                cursors.put(conn, side, dict(now), bridge.clock.now())

    with replaced(begin_polling, begun), replaced(swept, compared):
        yield
