"""Who must be looked at again though nothing they say is news: what a batch wrote bears on what both teams agreed.

The echo of our own write is nobody's edit, so polling passes over it. Where a written value is one that the shared
definition asks about, or an owner whom the mapping's own rule has yet to tell the other side, more may follow from it,
and it shall follow in the same run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from connector.core.plan import Because, Change
from connector.core.walking import OWNER
from connector.engine.bridge import Bridge
from connector.engine.job import Job
from connector.storage.dirty import Mark


def following_marks(bridge: Bridge, jobs: Sequence[Job], now: datetime) -> Iterator[Mark]:
    """Marks for everybody from whose writes more may follow."""
    for job in jobs:
        if _given(job):
            yield from (Mark(ref, now, "another rep has them") for ref in job.case.refs)
        elif _bears_on(bridge, job):
            yield Mark(job.case.refs[0], now, "something may follow from it")


def _given(job: Job) -> bool:
    """Whether a record was given to another rep, whom the mapping's own rule has yet to tell the other side."""
    given = any(change.field == OWNER and change.because is Because.FOLLOWS for change in _written(job))
    return given and any(rule.salesforce == OWNER for rule in job.case.pair.rules)


def _bears_on(bridge: Bridge, job: Job) -> bool:
    """Whether a rule of the mapping wrote what both teams agreed to look at, into a record that was there."""
    return job.case.following is not None and any(
        change.rule and change.because is not Because.FOLLOWS and change.field in bridge.watched(task.side, task.object)
        for task in job.tasks
        if task.done and task is not job.made
        for change in task.written
    )


def _written(job: Job) -> Iterator[Change]:
    return (change for task in job.tasks if task.done for change in task.written)
