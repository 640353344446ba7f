"""One glance at an installation: is it well, and if not, what is wrong and what to do. Read from the store alone.

A look is a dozen counts and single rows, each found by an index or in a small table, so it costs the same whatever the
number of people. What it means is said by `troubles`, a pure function: an empty list means that all is well, and what
waits for a person to decide is no trouble of the bridge's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from connector.config.settings import Settings
from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.reports.metrics import ALIVE_FOR, STOPPED, UNOPENED
from connector.reports.names import NAMES
from connector.storage import budgets, cursors, gauges, issues, pulses, runs, state
from connector.storage.gauges import Audit
from connector.storage.pulses import Pulse
from connector.storage.runs import RunRow

WORKERS: Final = ("run", "worker")  # kinds of processes that bring records in step
LATE: Final = timedelta(minutes=15)  # waiting or unread for so long is worth a word
VERY_LATE: Final = timedelta(hours=2)
_ALL: Final = 100  # per cent
_UNOPENED: Final = "Run `smarketing check`: it says what in the files has to be mended."
_NO_WORKER: Final = "Start the service: `smarketing run`, or a `smarketing worker`."
_REFUSED: Final = "Mend its credentials, scopes or permissions; it is tried again by itself."
_HELD: Final = "Look at what it would do, then let it go on, or raise the guards."
_BACKLOG: Final = "If it does not shrink: is a worker running, is a side slow, are the day's calls spent?"
_UNREAD: Final = "The first run reads it; `smarketing plan` shows before what it would do."
_UNHEARD: Final = "What has changed there since is not known yet. Is a worker running, does that side answer?"
_SPENT: Final = "Everything goes on when the account's next day begins; calls_per_day sets the limit."
_SCARCE: Final = "Only people with an open clock go on, the rest when the account's next day begins."
_DRIFT: Final = "Look at the differences; `smarketing audit` compares again."

Tone = Literal["bad", "warn"]


@dataclass(frozen=True, slots=True)
class SideSeen:
    """One side.

    Attributes:
        read_until: up to when its changes have been read; None before the first reading.
        calls: of ours on its own day; most: allowed of them, None for as many as the account has.
        ordinary: so many may be spent on what is not urgent.
        refuses: what it said when it refused us; "" while it does not.
    """

    side: Side
    read_until: datetime | None
    calls: int
    most: int | None
    ordinary: int | None
    refuses: str = ""

    @property
    def name(self) -> str:
        """As people call it."""
        return NAMES[self.side.value]

    @property
    def spent(self) -> float | None:
        """The share of the day's calls that is used up."""
        return min(1.0, self.calls / self.most) if self.most else None


@dataclass(frozen=True, slots=True)
class Glance:
    """What was seen.

    Attributes:
        links: pairs that are kept in step.
        waiting, due_since: records that wait to be looked at; since when the first of them could have been.
        processes: those that were heard of within the last minute.
        run: the latest one, under way or not.
        issues: what waits for a person, by kind.
        audit: the last comparison of a sample; alarm_percent: of differences in it that is too much.
        unopened: since when no process can open the installation.
    """

    at: datetime
    links: int
    waiting: int
    due_since: datetime | None
    processes: tuple[Pulse, ...]
    sides: tuple[SideSeen, ...]
    run: RunRow | None
    issues: Mapping[IssueKind, int] = field(default_factory=dict)
    audit: Audit | None = None
    alarm_percent: float = 1
    unopened: datetime | None = None

    @property
    def differing(self) -> float | None:
        """The share of compared pairs that differed; None before the first comparison."""
        return self.audit.differing / self.audit.compared if self.audit and self.audit.compared else None

    @property
    def behind(self) -> timedelta:
        """For how long the first record has waited that could have been looked at."""
        return max(timedelta(), self.at - self.due_since) if self.due_since else timedelta()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong. place: the page that tells more ("runs"); "" where none does."""

    tone: Tone
    words: str
    hint: str
    place: str = ""


def glance(conn: Connection, settings: Settings, zones: Mapping[Side, str], now: datetime) -> Glance:
    """Look at the store; no CRM is called. zones: of the accounts, by whose days calls are counted; UTC if unknown."""
    lanes = gauges.lanes(conn).values()
    refusals = {Side(place.split(" ")[0]): row["why"] for place, row in (state.get(conn, STOPPED) or {}).items()}
    unopened = state.get(conn, UNOPENED)
    return Glance(
        at=now,
        links=gauges.linked(conn),
        waiting=sum(lane.waiting for lane in lanes),
        due_since=min((lane.due_since for lane in lanes), default=None),
        processes=tuple(pulses.alive(conn, now, ALIVE_FOR)),
        sides=tuple(
            _side(conn, settings, (side, zones.get(side, "UTC"), refusals.get(side, "")), now) for side in Side
        ),
        run=next(iter(runs.recent(conn, 1)), None),
        issues=issues.counts(conn),
        audit=gauges.last_audit(conn),
        alarm_percent=float(settings.worker.audit.alarm_percent),
        unopened=datetime.fromisoformat(unopened["since"]) if unopened else None,
    )


def _side(conn: Connection, settings: Settings, about: tuple[Side, str, str], now: datetime) -> SideSeen:
    side, zone, refuses = about
    limits = settings.hubspot if side is Side.HUBSPOT else settings.salesforce
    most = limits.calls_per_day
    ordinary = None if most is None else int(most * (1 - limits.reserve_percent / _ALL))
    calls = budgets.spent(conn, side, now.astimezone(ZoneInfo(zone)).date())
    return SideSeen(side, cursors.stored_at(conn, side), calls, most, ordinary, refuses)


def troubles(seen: Glance) -> list[Trouble]:
    """Everything that is wrong, the worst first; nothing when all is well."""
    found = [*_stands_still(seen), *_is_behind(seen), *_runs_out(seen), *_differs(seen)]
    return sorted(found, key=lambda one: one.tone != "bad")


def _stands_still(seen: Glance) -> Iterator[Trouble]:
    if seen.unopened:
        yield Trouble("bad", "The installation cannot be opened, so nothing is synced.", _UNOPENED, "settings")
    if not any(one.kind in WORKERS for one in seen.processes):
        yield Trouble("bad", "No worker is running, so nothing is synced.", _NO_WORKER)
    for one in seen.sides:
        if one.refuses:
            yield Trouble("bad", f"{one.name} refuses us: {one.refuses}", _REFUSED, "queue")
    if seen.issues.get(IssueKind.HELD):
        yield Trouble("bad", "A run is held: it would change more than the guards allow.", _HELD, "queue")


def _is_behind(seen: Glance) -> Iterator[Trouble]:
    if seen.behind > LATE:
        words = f"{seen.waiting:,} records wait to be looked at, the first for {_spelt(seen.behind)}."
        yield Trouble(_tone(seen.behind), words, _BACKLOG, "runs")
    for one in seen.sides:
        if one.read_until is None:
            yield Trouble("warn", f"{one.name} was never read yet.", _UNREAD, "runs")
        elif (late := seen.at - one.read_until) > LATE:
            yield Trouble(_tone(late), f"{one.name} was last read {_spelt(late)} ago.", _UNHEARD, "runs")


def _runs_out(seen: Glance) -> Iterator[Trouble]:
    for one in seen.sides:
        if one.most is not None and one.calls >= one.most:
            yield Trouble("bad", f"The day's API calls to {one.name} are used up.", _SPENT, "settings")
        elif one.ordinary is not None and one.calls >= one.ordinary:
            yield Trouble("warn", f"The day's ordinary API calls to {one.name} are used up.", _SCARCE, "settings")


def _differs(seen: Glance) -> Iterator[Trouble]:
    if seen.audit and seen.differing is not None and seen.differing * _ALL > seen.alarm_percent:
        words = f"{seen.audit.differing:,} of {seen.audit.compared:,} compared pairs differ, and nobody can say why."
        yield Trouble("warn", words, _DRIFT, "queue")


def _tone(late: timedelta) -> Tone:
    return "bad" if late > VERY_LATE else "warn"


def _spelt(time: timedelta) -> str:
    hours, minutes = divmod(int(time.total_seconds()) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} minutes"
