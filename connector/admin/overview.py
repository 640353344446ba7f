"""The overview: is all well, what needs a person now, and how both teams are doing. Read from the store alone.

What is wrong stands first, with what to do about it; where nothing is, one sentence says so. Every number leads to the
page on which it can be looked at one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, render_template
from sqlalchemy import Connection

from connector.admin.asked import DAYS, Window, window
from connector.admin.charts import Bar
from connector.admin.desk import Desk
from connector.admin.frame import admin_path
from connector.admin.named import Configured
from connector.admin.roles import Role, needs
from connector.core.definition import Definition
from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.engine import facts
from connector.reports import goals, shelf
from connector.reports.glance import Glance, glance, troubles
from connector.reports.queue import MEANINGS
from connector.reports.shelf import Answers, Attained, StageCounts
from connector.storage import state

_REASONS: Final = 5
_BANDS: Final = {
    "tofu": "Top of the funnel",
    "mofu": "Middle of the funnel",
    "bofu": "Bottom of the funnel",
    "after": "After the sale",
    "beside": "Beside the path",
}


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for people: how much of it, and where."""

    words: str
    number: int
    href: str
    tone: str = "warn"


@dataclass(frozen=True, slots=True)
class Stage:
    """A row of the funnel: a stage with its counts; `heads` is the name of the band that begins with it."""

    name: str
    heads: str
    counts: StageCounts


@dataclass(frozen=True, slots=True)
class Feedback:
    """All answers of a window. rate: the accept rate; None where nothing is decided."""

    handed: int
    waiting: int
    accepted: int
    given_back: int
    rate: float | None
    reasons: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Teams:
    """How both teams are doing; a team's promises by its name."""

    stages: Sequence[Stage]
    promises: Mapping[str, Attained]
    feedback: Feedback
    goals: Mapping[str, Any]


def pages(desk: Desk) -> Blueprint:
    """The page at /admin/."""
    found = Blueprint("overview", __name__)
    found.add_url_rule("/", "index", needs(Role.VIEWER)(Overview(desk).index))
    return found


class Overview:
    """The view, and what it need not find out twice."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._zones: Mapping[Side, str] = {}
        self._configured = Configured(desk)

    def index(self) -> str:
        """The page."""
        now, bridge = self._desk.clock.now(), self._desk.office.bridge()
        settings, zones, asked = self._configured.settings(bridge), self._zoned(), window(now)
        with self._desk.database.read() as conn:
            seen = glance(conn, settings, zones, now)
            definition = bridge.agreement.definition if bridge.agreement else None
            teams = _teams(conn, definition, asked) if definition else None
            waits = [*_needs(seen), *(_of_people(conn, now) if definition else ())]
        shown = {"seen": seen, "troubles": troubles(seen), "waits": waits, "teams": teams}
        return render_template("overview/index.html", **shown, days=asked.days, windows=DAYS)

    def _zoned(self) -> Mapping[Side, str]:
        """Time zones of the accounts, asked of the store until they are known."""
        if not self._zones:
            known = facts.recall(self._desk.database)
            self._zones = {side: facts.zone(known, side) for side in Side} if known else {}
        return self._zones


def _needs(seen: Glance) -> Iterator[Need]:
    for kind, meaning in MEANINGS.items():
        if number := seen.issues.get(kind, 0):
            tone = "bad" if kind in (IssueKind.HELD, IssueKind.STOPPED) else "warn"
            yield Need(meaning.title, number, admin_path(f"queue?kind={kind.value.replace(' ', '+')}"), tone)


def _of_people(conn: Connection, now: datetime) -> Iterator[Need]:
    """What reps owe: answers, and promises whose time is over."""
    reps = shelf.by_rep(conn, now)
    if late := sum(rep.breached for rep in reps):
        yield Need("Promises past their time", late, admin_path("sla?state=breached"), "bad")
    if waiting := sum(rep.waiting for rep in reps):
        yield Need("Handoffs without an answer", waiting, admin_path("feedback#unanswered"))


def _teams(conn: Connection, definition: Definition, asked: Window) -> Teams:
    since, now = asked.since, asked.until
    return Teams(
        list(_stages(definition, shelf.funnel(conn, since, now).stages)),
        {one.name: one for one in shelf.attainment(conn, since, now, now, by="team")},
        summed(shelf.answers(conn, since, now), definition),
        state.get(conn, goals.COUNTED) or {},
    )


def _stages(definition: Definition, counted: Iterable[StageCounts]) -> Iterator[Stage]:
    """In the order of the definition, each band with its name over it."""
    by_id, band = {one.stage: one for one in counted}, ""
    for stage in definition.lifecycle.stages.values():
        found = by_id.get(stage.id) or StageCounts(stage.id, stage.band.value, 0, 0, 0, None, None)
        yield Stage(stage.name, _BANDS[stage.band.value] if stage.band.value != band else "", found)
        band = stage.band.value


def summed(parts: Sequence[Answers], definition: Definition) -> Feedback:
    """One summary of answers by source (or whatever they are told apart by), reasons by the names people chose from."""
    accepted = sum(one.ever_accepted for one in parts)
    among = accepted + sum(one.against_marketing + one.expired for one in parts)
    reasons: Counter[str] = Counter()
    for one in parts:
        for _, reason, number in one.reasons:
            reasons[_reason(definition, reason)] += number
    return Feedback(
        sum(one.handed for one in parts),
        sum(one.waiting for one in parts),
        sum(one.accepted for one in parts),
        sum(one.rejected + one.recycled + one.disqualified for one in parts),
        accepted / among if among else None,
        tuple(Bar(reason, number) for reason, number in reasons.most_common(_REASONS)),
    )


def _reason(definition: Definition, reason: str) -> str:
    known = definition.feedback.reasons.get(reason) if definition.feedback else None
    return known.label if known else reason or "no reason given"
