"""Bugs in how the bridge learns what changed, and in how it keeps in mind what there is to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.engine import observe, reconcile
from connector.engine.bridge import Bridge
from connector.engine.writing import carry_out
from connector.errors import BridgeError
from connector.hubspot import polling
from connector.ports import Changes
from connector.salesforce import changes
from connector.storage import cursors, dirty, seen
from connector.storage.dirty import Claim
from connector.storage.links import Link
from tests.simulation.mutants.planting import caught_by, replaced

BUSY = {"acts": {"edits": 20.0}, "trouble": {"turn": 15.0, "time": 1.0}, "burst": 8}  # polls, many of them
SOON = timedelta(seconds=30)


@caught_by("listening", ground={"hubspot": {"search_lag_s": 15.0}}, **BUSY)
def hubspot_is_polled_without_overlap() -> Iterator[None]:
    """Each poll of HubSpot begins exactly where the last one ended: what the search index shows late is never told."""
    with patch.multiple(polling, OVERLAP_MS=0, MARGIN_MS=0):
        yield


@caught_by("listening", ground={"salesforce": {"commit_delay_s": 40.0}}, **BUSY)
def salesforce_is_polled_without_overlap() -> Iterator[None]:
    """Each poll of Salesforce begins exactly where the last one ended: what commits after its stamp is never told."""
    with patch.multiple(changes, AGAIN=timedelta(), LATE=timedelta()):
        yield


@caught_by("listening", acts={"edits": 20.0}, trouble={"kill": 2.0, "bad line": 2.0, "good line": 0.3}, burst=8)
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
    with replaced(observe._store, stored), replaced(listen, listened):
        yield


@caught_by("listening", trouble={"bad line": 2.0, "good line": 0.3}, burst=8)
def a_fault_loses_the_keys_under_way() -> Iterator[None]:
    """When a side does not answer, the keys that were being worked on are taken for done."""

    def dropped(bridge: Bridge, claims: Sequence[Claim], _: BridgeError | None) -> None:
        with bridge.database.begin() as conn:
            dirty.done(conn, claims)

    with replaced(reconcile._put_back, dropped):
        yield


@caught_by("drains", trouble={"kill": 1.0})
def claims_never_expire() -> Iterator[None]:
    """What a worker had claimed when it died stays claimed."""
    with patch.object(reconcile, "_LEASE", timedelta(days=3650)):
        yield


@caught_by("listening", **BUSY)
def a_change_soon_after_our_own_is_taken_for_its_echo() -> Iterator[None]:
    """What changed shortly after the bridge wrote, or was last modified by its user, is not looked at."""
    wrote: dict[Ref, datetime] = {}
    is_news = observe._is_news

    def carried_out(bridge: Bridge, tasks: Any) -> None:
        carry_out(bridge, tasks)
        wrote.update({task.ref: bridge.clock.now() for task in tasks if task.ref and task.done})

    def judged(bridge: Bridge, reading: Reading, known: Any, linked: Mapping[Ref, Link]) -> bool:
        at, modified = wrote.get(reading.ref), reading.modified_at
        echo = at is not None and modified is not None and abs(modified - at) < SOON
        return not echo and is_news(bridge, reading, known, linked)

    with replaced(carry_out, carried_out), replaced(is_news, judged):
        yield
