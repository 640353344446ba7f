"""Objectives as they stand: sums, pace line, minimum counts and rates, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from connector.core.calendars import BusinessTime
from connector.core.goals import Fact, Objective
from connector.core.journey import Entry
from connector.core.objectives import Counted, Progress, bounds, progress
from connector.core.steered import Agreement
from connector.reports.handoffs import facts_of

COUNTED = "objectives counted"  # in storage.state: at, and a row (`progress_row`) for each


@dataclass(frozen=True, slots=True)
class Goal:
    """An objective, the time of its pace line, and the moment it is looked at: now, or in an earlier period."""

    objective: Objective
    time: BusinessTime
    at: datetime


@dataclass
class Goals:
    """Facts as people stream by; kept are only those that count towards one of the goals in its period."""

    agreement: Agreement
    goals: Sequence[Goal]
    now: datetime
    _facts: list[list[Fact]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._facts = [[] for _ in self.goals]
        self._bounds = [bounds(goal.objective.period, goal.time, goal.at) for goal in self.goals]
        self._ways = [_ways(goal.objective) for goal in self.goals]

    def take(self, entries: Sequence[Entry]) -> None:
        """One more person."""
        for fact in facts_of(self.agreement, entries, self.now):
            for kept, (start, end), ways in zip(self._facts, self._bounds, self._ways, strict=True):
                if start <= fact.at < end and any(way.fits(fact) for way in ways):
                    kept.append(fact)

    def progress(self) -> list[Progress]:
        """How far each goal is."""
        pairs = zip(self.goals, self._facts, strict=True)
        return [progress(goal.objective, facts, goal.time, goal.at) for goal, facts in pairs]


def _ways(objective: Objective) -> list[Counted]:
    floors = (way for floor in objective.floors for way in (*floor.part, *floor.among))
    return [*objective.counted, *floors]


def progress_row(found: Progress) -> dict[str, Any]:
    """One objective as JSON."""
    objective = found.objective
    return {
        "id": objective.id,
        "name": objective.name,
        "team": objective.team,
        "period": objective.period.value,
        "start": found.start.isoformat(),
        "end": found.end.isoformat(),
        "working_days": found.days,
        "working_days_elapsed": _number(found.elapsed),
        "unit": objective.unit,
        "target": _number(objective.target),
        "actual": _number(found.actual),
        "expected": _number(found.expected),
        "ahead": _number(found.ahead),
        "pace": _number(found.pace),
        "projected": _number(found.projected),
        "reached": found.is_reached,
        "counts": [
            {"what": way_words(tally.counted), "count": tally.count, "worth": _number(tally.worth),
             "at_least": tally.counted.at_least}
            for tally in found.tallies
        ],
        "rates": [
            {"name": rate.floor.name, "part": rate.part, "among": rate.among, "share": _number(rate.share),
             "at_least": _number(rate.floor.at_least), "holds": rate.holds}
            for rate in found.rates
        ],
    }  # fmt: skip


def way_words(counted: Counted) -> str:
    """What is counted, in words: entered mql, persona buyer."""
    parts = (
        counted.what.value,
        counted.stage,
        f"persona {counted.persona}" if counted.persona else "",
        f"source {counted.source}" if counted.source else "",
    )
    return " ".join(filter(None, parts))


def _number(value: Decimal | None) -> float | None:
    return None if value is None else round(float(value), 4)


def behind(found: Iterable[Progress]) -> list[Progress]:
    """Those that are behind: below the pace that was agreed, or a rate below its floor."""
    return [
        one
        for one in found
        if (one.pace is not None and one.pace < one.objective.alert_below) or not all(rate.holds for rate in one.rates)
    ]
