"""What the next days will cost in API calls, and whether the limits hold it: settings, mapping and own counts together.

People and their share of each object are counted from the links, changes a day from what workers looked at of late,
unless somebody says otherwise; a day of one per cent of the people is assumed where nothing has been counted yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from connector.config.settings import Settings
from connector.core.mapping import MappingSet
from connector.core.refs import Side
from connector.reports.day import Day, Habits, Setup, day
from connector.reports.forecast import Forecast, forecast, scanning
from connector.storage import budgets, links, runs
from connector.storage.database import Database

USUAL_SHARE = 0.01  # of the people that change in a day, where nothing is known
LOOKED_BACK = timedelta(days=7)
RUNS_MAX = 2_000
ENOUGH = 200  # records looked at, from which on a share says anything
DAY_MINUTES = 1_440
_POLL_STEP_S, _POLL_LONGEST_S = 60, 3600


@dataclass(frozen=True, slots=True)
class Limit:
    """What a side allows in a day. None: nobody has set or told a limit.

    Attributes:
        calls: the lower one of config.yaml's and the account's own.
        ordinary: of them, what is not kept for hot leads.
        spent: ours of today.
    """

    calls: int | None
    ordinary: int | None
    spent: int = 0

    @property
    def left(self) -> int | None:
        """What ordinary work may still use today."""
        return None if self.ordinary is None else max(0, self.ordinary - self.spent)


@dataclass(frozen=True, slots=True)
class Outlook:
    """A day, and whether it fits. `advice`: by side, what to change where it does not."""

    people: int
    habits: Habits
    day: Day
    limits: Mapping[Side, Limit]
    first: Forecast  # a full run over everybody: the calls it takes at the least
    advice: Mapping[Side, str]

    def fits(self, side: Side) -> bool:
        """Whether a side's day is within what ordinary work may use."""
        ordinary = self.limits[side].ordinary
        return ordinary is None or self.day.total(side) <= ordinary

    def row(self) -> dict[str, Any]:
        """As JSON."""
        sides = {
            side.value: {
                "calls": self.day.total(side),
                "parts": {name: round(number) for name, number in self.day.parts[side].items()},
                "limit": self.limits[side].calls,
                "ordinary": self.limits[side].ordinary,
                "spent_today": self.limits[side].spent,
                "fits": self.fits(side),
                "advice": self.advice.get(side, ""),
            }
            for side in Side
        }
        changes = {side.value: round(number, 1) for side, number in self.habits.changes.items()}
        first = {"hubspot": self.first.hubspot, "salesforce": self.first.salesforce}
        return {"people": self.people, "changes_a_day": changes, "sides": sides, "full_run": first}


@dataclass(frozen=True, slots=True)
class Counted:
    """What the store tells of the days so far. `changes`: a day; None: nothing was counted yet."""

    people: int
    pairs: Mapping[str, int]
    changes: float | None = None
    answered: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody says of the days to come; None: as counted."""

    people: int | None = None
    changes: float | None = None


def outlook(settings: Settings, setup: Setup, counted: Counted, limits: Mapping[Side, Limit], asked: Asked) -> Outlook:
    """What a day will cost, and what to change where a side does not allow it."""
    people = asked.people if asked.people is not None else counted.people
    usual = counted.changes if counted.changes is not None and asked.people is None else people * USUAL_SHARE
    changes = asked.changes if asked.changes is not None else usual
    habits = Habits(dict.fromkeys(Side, changes / 2), counted.answered)
    lived = day(setup, habits)
    everybody = dict.fromkeys((f"updated_{side.value}" for side in Side), people)
    first = scanning(people) + forecast(everybody, settings.salesforce.bulk_from_rows)
    found = Outlook(people, habits, lived, limits, first, {})
    return replace(found, advice={side: _advice(setup, found, side) for side in Side if not found.fits(side)})


def setup_of(settings: Settings, mapping: MappingSet, counted: Counted, *, evidence: bool) -> Setup:
    """What is set up, as far as it decides what a day costs."""
    work, webhooks = settings.worker, settings.webhooks
    telling = set()
    if webhooks.hubspot or settings.hubspot.journal:
        telling.add(Side.HUBSPOT)
    if (webhooks.salesforce and (webhooks.salesforce.outbound_secrets or webhooks.salesforce.events_secrets)) or (
        settings.salesforce.pubsub
    ):
        telling.add(Side.SALESFORCE)
    audits = DAY_MINUTES / work.audit.every_minutes
    return Setup(
        {side: _shares(mapping, counted.pairs, side) for side in Side},
        evidence,
        work.polling.least_s,
        work.polling.most_s,
        (min(work.audit.sample, counted.people or work.audit.sample), audits if work.audit.sample else 0.0),
        frozenset(telling),
    )


def _shares(mapping: MappingSet, pairs: Mapping[str, int], side: Side) -> dict[str, float]:
    """By object, its share of all links; of a store without links each object counts alike."""
    numbers: Counter[str] = Counter()
    for pair in mapping.pairs:
        numbers[pair.object_on(side)] += pairs.get(pair.name, 0)
    total = numbers.total()
    return {obj: number / total if total else 1 / len(numbers) for obj, number in numbers.items()}


def counted(conn: Connection, now: datetime) -> Counted:
    """Count what is there, and what workers have done of late."""
    pairs = links.by_pair(conn)
    since = now - LOOKED_BACK
    done = [run for run in runs.recent(conn, RUNS_MAX) if run.kind == "worker" and run.started_at >= since]
    looked_at = sum(run.counts.get("considered", 0) for run in done)
    if looked_at < ENOUGH:
        return Counted(sum(pairs.values()), pairs)
    wrote = sum(run.counts.get(f"updated_{side.value}", 0) for run in done for side in Side)
    days = max(1.0, (now - min(run.started_at for run in done)) / timedelta(days=1))
    answered = min(1.0, max(0.0, wrote / looked_at - 1))
    return Counted(sum(pairs.values()), pairs, looked_at / (1 + answered) / days, answered)


def limit(conn: Connection, settings: Settings, side: Side, told: int | None, at: tuple[datetime, str]) -> Limit:
    """A side's limit. `told`: by the account, by whom all apps share it; `at`: the moment, and the account's zone."""
    mine = settings.hubspot if side is Side.HUBSPOT else settings.salesforce
    known = [calls for calls in (mine.calls_per_day, told) if calls]
    calls = min(known) if known else None
    now, zone = at
    spent = budgets.spent(conn, side, now.astimezone(ZoneInfo(zone)).date())
    return Limit(calls, None if calls is None else int(calls * (1 - mine.reserve_percent / 100)), spent)


def people(database: Database) -> int:
    """How many people are linked."""
    with database.read() as conn:
        return links.count(conn)


def left_today(
    database: Database, settings: Settings, now: datetime, zones: Mapping[Side, str]
) -> dict[Side, int | None]:
    """What config.yaml leaves to ordinary work of the day's calls, by side; None where it sets no limit."""
    with database.read() as conn:
        return {side: limit(conn, settings, side, None, (now, zones[side])).left for side in Side}


def _advice(setup: Setup, found: Outlook, side: Side) -> str:
    """What to change so that a day fits."""
    ordinary = found.limits[side].ordinary or 0
    slower = setup
    while slower.most_s + _POLL_STEP_S <= _POLL_LONGEST_S:
        most = slower.most_s + _POLL_STEP_S
        slower = replace(setup, least_s=round(setup.least_s * most / setup.most_s), most_s=most)
        if day(slower, found.habits).total(side) <= ordinary:
            return (
                f"poll more seldom (worker.polling least_s: {slower.least_s:g}, most_s: {slower.most_s:g}), have "
                "changes told by the side (docs/webhooks.md), or raise calls_per_day"
            )
    need = found.day.total(side)
    return f"raise calls_per_day or buy more calls: about {need:,} a day and the reserve for hot leads are needed"
