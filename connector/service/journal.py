"""The duty that reads HubSpot's webhooks journal, for installations that nobody can reach (HubSpot fact sheet 11.5).

A page goes into the inbox together with the offset behind it, in one transaction, so a kill at any moment reads a page
twice at worst. The first beginning starts with the newest page, for polling covers the past; whoever has asked for
nothing for longer than the journal keeps starts with the oldest one and has everything polled. An offset behind which
there is nothing is doubted once it is older than what is kept: HubSpot says nothing new and not known alike. The
journal is read by an app of its own, so what it refuses stops nothing but this duty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import structlog

from connector.bootstrap import Installation
from connector.core.refs import Side
from connector.engine.duties import JOURNAL, Act, Turned, Work
from connector.errors import Refused, Unauthorised
from connector.hubspot.journal import KEPT_DAYS, App, Journal, Page
from connector.service import attention
from connector.storage import inbox, state, tallies
from connector.storage.database import Database
from connector.storage.inbox import Post
from connector.transport.pool import Timeout

LEAST, MOST = timedelta(seconds=10), timedelta(seconds=60)
PERSON: Final = timedelta(minutes=5)  # how long nothing is tried that only a person can mend
PAGES: Final = 20  # of the journal in one turn
KEPT: Final = timedelta(days=KEPT_DAYS)
_PLACE: Final = "journal.place"
_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading stands: the offset, since when it is known, and when HubSpot was last asked for what is behind."""

    offset: str
    since: datetime
    asked_at: datetime


def journal_of(installation: Installation) -> Act | None:
    """What the duty does, if config.yaml asks for it."""
    settings = installation.settings.hubspot
    if settings.journal is None:
        return None
    portal = installation.accounts[Side.HUBSPOT].id
    app = App(settings.journal.client_id, settings.journal.client_secret.reveal(), portal)
    bridge, timeouts = installation.bridge, settings.timeouts
    timeout = Timeout(timeouts.connect_s, timeouts.read_s)
    return reading(Journal(settings.base_url, app, (bridge.clock, bridge.dice), timeout), portal)


def reading(journal: Journal, portal: str) -> Act:
    """What the duty does with one account's journal."""

    def read(work: Work, now: datetime, body: Mapping[str, Any]) -> Turned:
        """Read what is new; the more seldom the longer there was nothing."""
        try:
            events, pages = _read(work, journal, portal)
        except (Unauthorised, Refused) as error:
            return _refused(work, str(error), now)
        if body.get("refused", True):  # or nobody knows what was before
            with work.bridge.database.begin() as conn:
                attention.unshow(conn, JOURNAL, now)
        last = timedelta(seconds=float(body.get("rest_s", 0)))
        rest = LEAST if pages else min(MOST, max(LEAST, last * 2))
        due_at = now if pages == PAGES else now + rest * (1 + work.bridge.dice.roll() / 10)
        return Turned(due_at, events, {"rest_s": rest.total_seconds(), "refused": ""})

    return read


def _refused(work: Work, why: str, now: datetime) -> Turned:
    """HubSpot does not let our app read the journal: people are told, and polling goes on without it."""
    _LOG.warning("the journal is refused", reason=why)
    with work.bridge.database.begin() as conn:
        attention.show(conn, JOURNAL, why, now)
    return Turned(now + PERSON, 0, {"refused": why})


def _read(work: Work, journal: Journal, portal: str) -> tuple[int, int]:
    """Events and pages of one turn."""
    bridge, events = work.bridge, 0
    for number in range(PAGES):
        bridge.progress("reading the journal", number, None)
        now = bridge.clock.now()
        place = _place(bridge.database, portal)
        page, sweep = _next(journal, place, now)
        _keep(bridge.database, portal, (place, page, sweep), now)
        if page is None:
            return events, number
        events += len(page.events)
        _LOG.info("journal read", events=len(page.events), foreign=page.foreign, reason=page.unreadable)
    return events, PAGES


def _next(journal: Journal, place: Place | None, now: datetime) -> tuple[Page | None, str]:
    """The next page, and why everything should be polled besides; "" if nothing asks for that."""
    if place is None:
        return journal.latest(), ""
    if now - place.asked_at > KEPT:
        return journal.earliest(), f"nothing was read for more than the {KEPT_DAYS} days that the journal keeps"
    if not place.offset:
        return journal.earliest(), ""
    page = journal.after(place.offset)
    if page is None and now - place.since > KEPT:
        page = journal.earliest()
    return page, ""


def _place(database: Database, portal: str) -> Place | None:
    with database.read() as conn:
        kept = state.get(conn, _PLACE) or {}
    if kept.get("portal") != portal:
        return None
    since, asked_at = (datetime.fromisoformat(kept[name]) for name in ("since", "asked_at"))
    return Place(kept["offset"], since, asked_at)


def _keep(database: Database, portal: str, found: tuple[Place | None, Page | None, str], now: datetime) -> None:
    """The page and the place behind it, all or nothing."""
    place, page, sweep = found
    offset = page.offset if page else place.offset if place else ""
    since = place.since if place and not page else now
    at = {"portal": portal, "offset": offset, "since": since.isoformat(), "asked_at": now.isoformat()}
    told = {"journalEvents": page.events if page else [], "sweep": sweep, "unreadable": page.unreadable if page else ""}
    with database.begin() as conn:
        if any(told.values()):
            inbox.put(conn, Post(JOURNAL, now, f"{JOURNAL}-{offset or 'none'}", orjson.dumps(told)))
        if page:
            tallies.add_all(conn, {"journal.events": len(page.events), "journal.foreign": page.foreign})
        state.put(conn, _PLACE, at)
