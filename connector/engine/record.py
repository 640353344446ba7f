"""Write down what happened: events for the story of every value, questions for people.

An event names both refs and carries the changes that arrived with what they replaced, so that a lost value can always
be found again. Moves of links are told in the transaction that does them, everything else in the one that concludes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from connector.core.plan import Issue, Raise, Relink
from connector.core.refs import Ref
from connector.engine.job import Job
from connector.engine.questions import carried_on, close, close_merged, is_merged, joined, parked_by, still_apart
from connector.engine.run import Run
from connector.engine.story import BECAME, WAS, became, noted, told
from connector.storage import events, issues
from connector.storage.events import Event

_STORY_MAX = 100_000  # events of those whom some records took in


def tell_moves(conn: Connection, jobs: Sequence[Job], run: Run, now: datetime) -> None:
    """Tell at once of links that were moved or undone: a worker that dies before it concludes leaves none untold."""
    moved = [job for job in jobs if job.notes]
    if moved:
        _without_merged(conn, jobs, now)
        events.append(conn, [event for job in moved for event in noted(job, run.id, now)])
        issues.raise_issues(conn, [issue for job in moved for issue in _raised(job)], now, run.id)
        for job in moved:
            job.shown = True


def _went_on_unlinked(conn: Connection, jobs: Sequence[Job], run: Run, now: datetime) -> list[Event]:
    """Contacts merged into another while linked to nobody: no link tells of it, and one is erased with both stories."""
    merged = {
        Ref(reading.ref.side, reading.ref.object, alias): reading.ref
        for job in jobs
        if (reading := job.case.subject.hubspot) and reading.present
        for alias in reading.aliases
    }
    if not merged:
        return []
    stories = events.of_refs(conn, [*merged, *merged.values()], _STORY_MAX)
    known = {ref for event in stories for ref in (event.hubspot, event.salesforce)}
    told = {event.payload[WAS] for event in stories if event.kind == BECAME}
    return [became(old, new, run.id, now) for old, new in merged.items() if old in known and str(old) not in told]


def _raised(job: Job) -> list[Issue]:
    if job.overtaken:
        return []
    return [step.issue for step in job.case.plan.steps if isinstance(step, Raise)] + job.raised


def _without_merged(conn: Connection, jobs: Sequence[Job], now: datetime) -> None:
    """Ask nobody to merge on one side what a batch finds merged on both."""
    moves = {step.old: step.new for job in jobs for step in job.case.plan.steps if isinstance(step, Relink)}
    close_merged(conn, moves, now)
    for job in jobs:
        job.raised = [issue for issue in job.raised if not is_merged(issue, moves)]


def record(conn: Connection, jobs: Sequence[Job], run: Run, now: datetime) -> set[Ref]:
    """Append the events of a batch, open its issues and close those that no longer hold.

    Returns the records to be looked at again: those that a vanished one had made ambiguous, and those asked about anew.
    """
    rows: list[Event] = []
    opened: list[Issue] = []
    shown: list[Issue] = []
    _without_merged(conn, jobs, now)
    for job in jobs:
        rows += told(job, run.id, now)
        raised = [*_raised(job), *parked_by(job)]
        if job.shown:
            shown += _raised(job)
        opened += raised
        run.count("parked", len(raised) - sum(isinstance(step, Raise) for step in job.case.plan.steps))
        run.count("unsure", sum(task.unsure is not None for task in job.tasks))
    rows += _went_on_unlinked(conn, jobs, run, now)
    if rows:
        events.append(conn, rows)
    asked, standing = carried_on(conn, jobs), still_apart(conn, jobs)
    opened = joined(asked + [issue for issue in opened if issues.key(issue) not in standing])
    rivals = close(conn, jobs, opened, standing, now) | {issue.refs[0] for issue in asked}
    news = [issue for issue in opened if issue not in shown]
    if news:
        issues.raise_issues(conn, news, now, run.id)
    return rivals
