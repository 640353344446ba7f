"""What a job adds to the story: one event for each thing that happened to its two records.

An event names both refs and carries the changes with what they replaced, so that a lost value can always be found
again. Changes whose answer was lost are told as `unanswered`: they may have arrived, and this is what they were. What
was to be made and was there already is told as `updated`: the side has updated it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connector.core.plan import Change, Link
from connector.core.refs import Ref, Side
from connector.engine.job import Job
from connector.storage.events import Event

UNANSWERED = "unanswered"
ACT = "act"  # of a person who operates the bridge
BECAME, WAS = "became", "was"  # a kind of event, and the name under which it holds the ref that is no more
LOST = "the answer was lost: it may have arrived"
THERE = "it was there already, made by a call whose answer was lost or by somebody else; what it held is not known"


def noted(job: Job, run_id: int, now: datetime) -> list[Event]:
    """The notes of a job, each told once, and under their new refs who they were before."""
    rows = [Event(now, kind, *_refs(job), run_id, {"reason": words}) for kind, words in job.notes]
    rows += [became(old, new, run_id, now) for old, new in job.became]
    job.notes.clear()
    job.became.clear()
    return rows


def became(old: Ref, new: Ref, run_id: int, now: datetime) -> Event:
    """That one went on as another; under the new ref alone, so that whoever forgets that finds the old one's story."""
    hubspot, salesforce = (new, None) if new.side is Side.HUBSPOT else (None, new)
    return Event(now, BECAME, hubspot, salesforce, run_id, {"reason": f"{old} is now {new}", WAS: str(old)})


def told(job: Job, run_id: int, now: datetime) -> Iterator[Event]:
    """What happened to the two records of a job."""
    hubspot, salesforce = _refs(job)
    yield from noted(job, run_id, now)
    for step in job.case.plan.steps:
        if isinstance(step, Link):
            yield Event(now, "linked", hubspot, salesforce, run_id, {"by": step.by})
    written = job.written
    if written or (job.made and job.made.done):
        payload: dict[str, Any] = {"changes": [change_row(change) for change in written]}
        found = job.made is not None and not job.made.created
        kind = "created" if job.made and not found else "updated"
        yield Event(now, kind, hubspot, salesforce, run_id, {"reason": THERE, **payload} if found else payload)
    lost = [change_row(change) for task in job.tasks if task.unsure for change in task.changes if change.rule]
    if lost:
        yield Event(now, UNANSWERED, hubspot, salesforce, run_id, {"reason": LOST, "changes": lost})


def _refs(job: Job) -> tuple[Ref | None, Ref | None]:
    """HubSpot's record and Salesforce's, with the one that was just made."""
    refs = {ref.side: ref for ref in job.case.refs}
    if job.made and job.made.done and job.made.ref:
        refs[job.made.side] = job.made.ref
    return refs.get(Side.HUBSPOT), refs.get(Side.SALESFORCE)


def change_row(change: Change) -> dict[str, Any]:
    """A change as it is kept: side, field, rule, before, after, because, and what decided."""
    row: dict[str, Any] = {
        "side": change.side.value,
        "field": change.field,
        "rule": change.rule,
        "before": change.before,
        "after": change.after,
        "because": change.because.value,
    }
    if change.origin != change.after:
        row["origin"] = change.origin
    if change.evidence:
        row["evidence"] = change.evidence
    return row
