"""What operators set off that takes longer than a page: looking before an undo, undoing, planning, letting a run go on.

Each is the same that the command line does, in the background, with what it found kept for the page that shows it: at
most so many records as one looks through, and counts of all. An undo takes back what its survey saw: what was told
later does not belong to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from connector.admin import background
from connector.admin.desk import Desk
from connector.core.plan import Raise
from connector.core.refs import Ref
from connector.engine import facts, planfile, standing, sync, undo
from connector.engine.bridge import Bridge, Progress
from connector.engine.case import Case
from connector.engine.deeds import Asked
from connector.engine.erase import without_erased
from connector.engine.run import Run
from connector.engine.sweep import batches, swept
from connector.engine.undo import Undone
from connector.errors import Refused
from connector.reports.names import called
from connector.reports.waiting import Groups
from connector.storage.errands import Errand, Order

SURVEY: Final = "survey"
UNDO: Final = undo.KIND
PLAN: Final = "plan"
APPROVAL: Final = "approval"
SHOWN: Final = 50


def survey(desk: Desk, asked: Asked, by: str) -> int:
    """See what an undo would do, writing nothing; the id of the errand.

    Raises:
        Refused: when another survey is under way.
    """

    def work(report: Progress) -> Mapping[str, Any]:
        bridge = _watched(desk, report)
        settled = undo.asked_for(bridge, asked)
        found = undo.survey(bridge, settled)
        seen = {"asked": asked_row(settled), "records": len(found.people), "held": undo.held(bridge, found)}
        return {**seen, "shown": _shown([person.case for person in found.people]), **_left(found)}

    return background.begin(desk, Order(SURVEY, by, asked_row(asked)), work)


def take_back(desk: Desk, seen: Errand, by: str) -> int:
    """Undo what a survey has seen; the id of the errand.

    Raises:
        Refused: when another undo is under way.
    """
    asked = asked_of((seen.end.found or {})["asked"])

    def work(report: Progress) -> Mapping[str, Any]:
        bridge = _watched(desk, report)
        with sync.recorded(bridge, undo.KIND, by, approved=True) as run:
            done = undo.undo(bridge, run, asked)
        return {"run": run.id, "counts": run.summary(), **_left(done)}

    return background.begin(desk, Order(UNDO, by, asked_row(asked)), work)


def plan(desk: Desk, by: str) -> int:
    """See all that a full run would write, writing nothing; the id of the errand.

    Raises:
        Refused: when another plan is under way.
    """

    def work(report: Progress) -> Mapping[str, Any]:
        bridge = _watched(desk, report)
        seen = _Planned()
        with sync.recorded(bridge, "plan", by) as run, swept(bridge, run.id):
            for cases in batches(bridge, run.id):
                seen.take(run, without_erased(bridge, cases))
                report("planning", run.counts["considered"], None)
        waiting = [group.row() for group in seen.groups.all()[:SHOWN]]
        found = {"run": run.id, "counts": run.summary(), "records": seen.records, "groups": waiting}
        return {**found, "shown": _shown(seen.first), "held": standing.stands(bridge)}

    return background.begin(desk, Order(PLAN, by, {}), work)


def let_go_on(desk: Desk, held: str, by: str) -> int:
    """Let the run that stands held for this reason go on: what is to be done is done; the id of the errand.

    Raises:
        Refused: when another one is under way.
    """

    def work(report: Progress) -> Mapping[str, Any]:
        bridge = _watched(desk, report)
        if standing.stands(bridge) != held:
            raise Refused("what was held is not held any more, or for another reason; look at the queue again")
        facts.refuse_blind(bridge.database, bridge.mapping)
        with sync.recorded(bridge, "once", by, approved=True) as run:
            sync.sync(bridge, run, "once")
        return {"run": run.id, "counts": run.summary()}

    return background.begin(desk, Order(APPROVAL, by, {"held": held}), work)


def asked_row(asked: Asked) -> dict[str, Any]:
    """What shall be undone, as JSON."""
    return {
        "run": asked.run,
        "refs": sorted(map(str, asked.refs)) if asked.refs is not None else None,
        "field": asked.field,
        "since": asked.since.isoformat() if asked.since else None,
        "until": asked.until.isoformat() if asked.until else None,
        "through": asked.through,
    }


def asked_of(row: Mapping[str, Any]) -> Asked:
    """The same from JSON."""
    refs = None if row["refs"] is None else frozenset(map(Ref.parse, row["refs"]))
    since, until = (datetime.fromisoformat(row[name]) if row[name] else None for name in ("since", "until"))
    return Asked(row["run"], refs, row["field"], since, until, row["through"])


class _Planned:
    """What a plan came upon: how many records have steps, the first of them, and what would wait for a person."""

    def __init__(self) -> None:
        self.records = 0
        self.first: list[Case] = []
        self.groups = Groups()

    def take(self, run: Run, cases: Iterable[Case]) -> None:
        """Count some cases."""
        for case in cases:
            run.count_plan(case.plan)
            for step in case.plan.steps:
                if isinstance(step, Raise):
                    self.groups.add(step.issue)
            if case.plan.writes:
                self.records += 1
                if len(self.first) < SHOWN:
                    self.first.append(case)


def _watched(desk: Desk, report: Progress) -> Bridge:
    report("reaching both CRMs", 0, None)
    return replace(desk.office.live(), progress=report)


def _shown(cases: Sequence[Case]) -> list[dict[str, Any]]:
    return [
        {"who": called(case.pair, case.subject.hubspot, case.subject.salesforce), **planfile.line(case)}
        for case in cases[:SHOWN]
    ]


def _left(found: Undone) -> dict[str, Any]:
    """What is changed and archived, and what is not taken back."""
    return {
        "changes": found.tally.changes,
        "archives": found.tally.archives,
        "refused": [one.row() for one in found.refused[:SHOWN]],
        "refused_number": len(found.refused),
        "follows": found.follows,
        "links": found.links,
    }
