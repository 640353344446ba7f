"""What a monitor reads: how far behind the bridge is, what waits, what it spends, who is alive, in Prometheus' words.

Everything is read from the store when it is asked for, in one look of a few counts, so every process of an installation
answers alike; only how long webhooks took is known to the process that answered them (`webhooks.measures`). Labels are
taken from small closed sets and hold no id, no name, no address. What is not known yet is absent, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.metadata import version
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from connector.config.settings import Settings
from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.reports.families import FAMILIES, Sample
from connector.storage import budgets, cursors, duties, gauges, inbox, issues, pulses, state, tallies, timers
from connector.storage.database import Database

CONTENT_TYPE = CONTENT_TYPE_LATEST
ALIVE_FOR = timedelta(seconds=60)  # a process that was not heard of for so long is counted no more
LANES = {0: "hot", 1: "ordinary"}
FED = ("fold", "drain", "clocks", "effects")  # due by what waits for them, which other numbers tell
KINDS = ("run", "web", "worker")
STOPPED, PROMISES = "stopped", "promises counted"  # in storage.state: by side and duty; by state
UNOPENED = "unopened"  # likewise: since when the service cannot open the installation
WARNED, BREACHED = "promises.warned", "promises.breached"  # in storage.tallies
_WORDS = {kind: kind.value.replace(" ", "_") for kind in IssueKind}


def metrics_text(
    database: Database,
    settings: Settings,
    now: datetime,
    zones: Mapping[Side, str] | None = None,
) -> bytes:
    """The page a monitor reads, in Prometheus' text format (`CONTENT_TYPE`).

    Args:
        database: read in one look.
        settings: for the limits of the day.
        now: what ages are counted to.
        zones: of the accounts, by whose days calls are counted; UTC where not told.
    """
    with database.read() as conn:
        asked = _Asked(conn, settings, now, zones or {}, database.dialect)
        found = {**_behind(asked), **_waiting(asked), **_spent(asked), **_promised(asked), **_alive(asked)}
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Read(tuple(FAMILIES[name].filled(samples) for name, samples in found.items())))
    return generate_latest(registry)


@dataclass(frozen=True, slots=True)
class _Asked:
    conn: Connection
    settings: Settings
    now: datetime
    zones: Mapping[Side, str]
    dialect: str

    def age(self, at: datetime) -> float:
        """Seconds since a moment; 0 where it is ahead."""
        return max(0.0, (self.now - at).total_seconds())


@dataclass(frozen=True, eq=False)
class _Read(Collector):
    """What was read already, as a registry wants it."""

    families: tuple[Metric, ...]

    def collect(self) -> Iterable[Metric]:
        """Each metric."""
        return self.families


Found = dict[str, list[Sample]]


@cache
def _version() -> str:
    return version("smarketing-connector")


def _behind(asked: _Asked) -> Found:
    """How far behind: polls, inbox, dirty set."""
    conn, oldest = asked.conn, inbox.oldest(asked.conn)
    polled = {side: cursors.stored_at(conn, side) for side in Side}
    stopped = {place.split(" ")[0] for place in state.get(conn, STOPPED) or ()}
    lanes = gauges.lanes(conn)
    unopened = state.get(conn, UNOPENED)
    overdue = {lane: asked.age(lanes[lane].due_since) if lane in lanes else 0.0 for lane in LANES}
    return {
        "smarketing_build_info": [((_version(), asked.dialect), 1)],
        "smarketing_links": [((), gauges.linked(conn))],
        "smarketing_poll_age_seconds": [((side.value,), asked.age(at)) for side, at in polled.items() if at],
        "smarketing_side_stopped": [((side.value,), float(side.value in stopped)) for side in Side],
        "smarketing_unopened_seconds": [
            ((), asked.age(datetime.fromisoformat(unopened["since"])) if unopened else 0.0)
        ],
        "smarketing_inbox_requests": [
            (("unread",), inbox.count(conn)),
            (("not_understood",), inbox.not_understood(conn)),
        ],
        "smarketing_inbox_oldest_seconds": [((), asked.age(oldest) if oldest else 0.0)],
        "smarketing_dirty_records": [
            ((word,), lanes[lane].waiting if lane in lanes else 0) for lane, word in LANES.items()
        ],
        "smarketing_dirty_overdue_seconds": [((LANES[lane],), seconds) for lane, seconds in overdue.items()],
    }


def _waiting(asked: _Asked) -> Found:
    """What waits for a person."""
    open_issues = issues.counts(asked.conn)
    return {
        "smarketing_open_issues": [((word,), open_issues.get(kind, 0)) for kind, word in _WORDS.items()],
        "smarketing_run_held": [((), float(open_issues.get(IssueKind.HELD, 0) > 0))],
        "smarketing_effects": [((one.value,), number) for one, number in gauges.effects_open(asked.conn).items()],
    }


def _spent(asked: _Asked) -> Found:
    """Calls of the day and their limits; webhook requests."""
    hubspot, salesforce = asked.settings.hubspot, asked.settings.salesforce
    limits = {Side.HUBSPOT: hubspot.calls_per_day, Side.SALESFORCE: salesforce.calls_per_day}
    kept = {Side.HUBSPOT: hubspot.reserve_percent, Side.SALESFORCE: salesforce.reserve_percent}
    limited = {side: limit for side, limit in limits.items() if limit is not None}
    days = {side: asked.now.astimezone(ZoneInfo(asked.zones.get(side, "UTC"))).date() for side in Side}
    return {
        "smarketing_calls_today": [((side.value,), budgets.spent(asked.conn, side, days[side])) for side in Side],
        "smarketing_calls_limit": [((side.value,), limit) for side, limit in limited.items()],
        "smarketing_calls_reserve": [((side.value,), limit * kept[side] / 100) for side, limit in limited.items()],
        **_tallied(tallies.all(asked.conn)),
    }


def _tallied(counted: Mapping[str, int]) -> Found:
    """Counts that outlive a process, by the beginnings of their names."""
    found: Found = {name: [] for name in _TALLIED}
    for name, number in counted.items():
        if told := _named(name.split(".")):
            found[told[0]].append((told[1], number))
    return found


_TALLIED = ("smarketing_webhook_requests", "smarketing_folded", "smarketing_listened", "smarketing_duty_failures")


def _named(parts: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """The metric and labels of a tally: taken.SOURCE, refused.SOURCE.WHY, folded.WHAT, failed.DUTY.ERROR, ..."""
    match parts:
        case ["taken", source]:
            return "smarketing_webhook_requests", (source, "taken")
        case ["refused", source, why]:
            return "smarketing_webhook_requests", (source, f"refused_{why}")
        case ["folded", what]:
            return "smarketing_folded", (what,)
        case [("pubsub" | "journal") as listener, what]:
            return "smarketing_listened", (listener, what)
        case ["failed", *duty, error]:
            return "smarketing_duty_failures", (".".join(duty), error)
    return None


def _promised(asked: _Asked) -> Found:
    """Clocks and promises."""
    conn, counted = asked.conn, state.get(asked.conn, PROMISES)
    tallied = tallies.all(conn)
    found: Found = {
        "smarketing_clocks_ahead": [((), timers.count(conn))],
        "smarketing_clocks_due": [((), gauges.clocks_due(conn, asked.now))],
        "smarketing_promises_warned": [((), tallied.get(WARNED, 0))],
        "smarketing_promises_breached": [((), tallied.get(BREACHED, 0))],
    }
    if counted:
        age = asked.age(datetime.fromisoformat(counted["at"]))
        found["smarketing_promises"] = [((word,), number) for word, number in counted["open"].items()]
        found["smarketing_promises_counted_seconds"] = [((), age)]
    return found


def _alive(asked: _Asked) -> Found:
    """Processes, duties, and what the last audit found."""
    fresh = [one.kind for one in pulses.alive(asked.conn, asked.now, ALIVE_FOR)]
    due = {one.name: max(one.due_at, one.leased_until or one.due_at) for one in duties.all(asked.conn)}
    audit = gauges.last_audit(asked.conn)
    found: Found = {
        "smarketing_processes": [((kind,), fresh.count(kind)) for kind in sorted({*KINDS, *fresh})],
        "smarketing_duty_overdue_seconds": [((name,), asked.age(at)) for name, at in due.items() if name not in FED],
    }
    if audit:
        found["smarketing_drift_pairs"] = [(("compared",), audit.compared), (("differing",), audit.differing)]
        found["smarketing_drift_age_seconds"] = [((), asked.age(audit.at))]
    return found
