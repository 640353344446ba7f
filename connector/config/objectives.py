"""objectives.yaml becomes the objectives that progress is told of, each with the working days it is measured in.

Stages, personas, calendars and channels are looked up in the files that name them; whatever is not found there is told
at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from connector.config.business_time import Times, business_times, sole_calendar, years_around
from connector.config.goals import CountWritten, GoalWritten, ObjectivesWritten
from connector.config.load import Loaded
from connector.config.problems import did_you_mean
from connector.config.yaml import Document, KeyPath
from connector.core.calendars import BusinessTime
from connector.core.goals import Counted, Floor, Measured, Objective, accept_rate
from connector.errors import Misconfigured, Problem


def objectives_of(loaded: Loaded, now: datetime) -> tuple[Measured, ...]:
    """What is promised for every period, in the order of the file; nothing where no lifecycle is in force.

    Raises:
        Misconfigured: with every problem of objectives.yaml.
    """
    if loaded.objectives is None or not loaded.lifecycle_on:
        return ()
    named = loaded.calendars.document.data["calendars"]["named"] if loaded.calendars else {}
    goals = _Goals(
        loaded, loaded.objectives.written, loaded.objectives.document, business_times(named, years_around(now))
    )
    made = [goals.measured(name, one) for name, one in loaded.objectives.written.goals.items()]
    if goals.problems:
        raise Misconfigured(sorted(set(goals.problems)))
    return tuple(one for one in made if one is not None)


@dataclass
class _Goals:
    """The goals of one file on their way."""

    loaded: Loaded
    written: ObjectivesWritten
    document: Document
    times: Times
    problems: list[Problem] = field(default_factory=list)

    def measured(self, name: str, goal: GoalWritten) -> Measured | None:
        """None where it is off, or something is wrong with it."""
        path = ("objectives", "goals", name)
        time = self.time(path, goal)
        self.known((*path, "notify"), "channel", goal.notify, self.loaded.settings.notifications)
        counted = tuple(self.counted((*path, "counts", at), line) for at, line in enumerate(goal.counts))
        floors = self.floors(path, goal)
        if time is None or not goal.enabled:
            return None
        objective = Objective(
            id=name,
            name=goal.name or name.replace("_", " ").capitalize(),
            team=goal.team,
            period=goal.period,
            counted=counted,
            target=goal.target,
            floors=floors,
            unit=goal.unit,
            alert_below=goal.alert_below,
            quiet_days=goal.quiet_days,
            to=goal.notify or "",
        )
        return Measured(objective, time)

    def counted(self, path: KeyPath, line: CountWritten) -> Counted:
        personas = self.loaded.personas.written.rules if self.loaded.personas else ()
        self.stage((*path, "stage"), line.stage)
        self.known((*path, "persona"), "persona", line.persona, personas)
        return Counted(line.what, line.stage or "", line.persona or "", line.source or "", line.value, line.at_least)

    def floors(self, path: KeyPath, goal: GoalWritten) -> tuple[Floor, ...]:
        rate = goal.accept_rate
        if rate is None:
            return ()
        self.stage((*path, "accept_rate", "stage"), rate.stage)
        return (accept_rate(rate.at_least, rate.stage or "", rate.enough),)

    def time(self, path: KeyPath, goal: GoalWritten) -> BusinessTime | None:
        """That of the goal's calendar, the file's, or the only one there is."""
        name = goal.calendar or self.written.calendar or sole_calendar(self.times)
        if name is None:
            self.report((*path, "calendar"), f"is missing; there are {', '.join(self.times)}")
            return None
        place = (*path, "calendar") if goal.calendar else ("objectives", "calendar")
        self.known(place, "calendar", name, self.times)
        return self.times.get(name)

    def stage(self, path: KeyPath, name: str | None) -> None:
        assert self.loaded.lifecycle is not None  # there is one in force
        self.known(path, "stage", name, self.loaded.lifecycle.written.stages)

    def known(self, path: KeyPath, what: str, name: str | None, names: Iterable[str]) -> None:
        there = list(names)
        if name is not None and name not in there:
            near = did_you_mean(name, there) or (f"; there are {', '.join(there)}" if there else "; there is none yet")
            self.report(path, f"there is no {what} {name!r}{near}")

    def report(self, path: KeyPath, message: str) -> None:
        self.problems.append(self.document.problem(path, message))
