"""Carry out plans so that a crash at any point costs nothing but another pass.

The order is the safety: (1) in one transaction links are made, relinked or dropped and everything about to be sent is
remembered as `sent`; (2) creates, which are repeat-safe by their key; (3) updates, with the cross ids of what was just
made; (4) in one transaction `base` advances by exactly what succeeded, and what happened is appended. Between (1) and
(4) a crash leaves `sent` behind, and the next pass recognises our own values. A link changed meanwhile by another
worker fails its compare-and-set and is left to the next pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from connector.core.agreement import sending, settle
from connector.core.backoff import delay
from connector.core.plan import (
    Archive,
    Because,
    Change,
    Create,
    Issue,
    Link,
    Memory,
    Raise,
    Relink,
    Unlink,
    Update,
)
from connector.core.refs import Ref, Side
from connector.core.values import Value
from connector.engine import record
from connector.engine.bridge import Bridge
from connector.engine.cases import Case
from connector.engine.run import Run
from connector.engine.unseen import note
from connector.engine.writing import Task, carry_out
from connector.errors import BridgeError, RateLimited, Unauthorised
from connector.storage import dirty, links
from connector.storage.links import NewLink


@dataclass(slots=True)
class Job:
    """One case being carried out."""

    case: Case
    link_id: int | None = None
    version: int = 0
    memory: Memory = field(default_factory=Memory)
    tasks: list[Task] = field(default_factory=list)
    made: Task | None = None
    again: list[Ref] = field(default_factory=list)  # refs to look at anew
    notes: list[tuple[str, str]] = field(default_factory=list)  # (kind of event, words)
    raised: list[Issue] = field(default_factory=list)
    barred: bool = False  # a side has refused this very record as it is; nothing is sent again

    @property
    def troubled(self) -> bool:
        """Whether somebody does not know what happened: the case must be looked at again."""
        return any(task.unsure or task.absent for task in self.tasks)

    @property
    def written(self) -> list[Change]:
        """Every change that arrived."""
        return [change for task in self.tasks for change in task.written]

    @property
    def refused(self) -> list[Change]:
        """Every change that surely did not arrive."""
        return [change for task in self.tasks for change, _ in task.refused if change]

    @property
    def told(self) -> dict[tuple[Side, str], Value]:
        """What the sides' answers say they hold now."""
        return {(task.side, name): value for task in self.tasks if task.done for name, value in task.told.items()}


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch left behind: refs to retry after a pause, refs the guards hold, and the fault in the way.

    The fault is the gravest: a refusal of our credentials before a limit, a limit before whatever passes.
    """

    later: tuple[Ref, ...]
    held: tuple[Ref, ...]
    fault: BridgeError | None


def apply(bridge: Bridge, cases: Iterable[Case], run: Run, claimed: Collection[Ref] = ()) -> Applied:
    """Carry out the plans of some cases under the run's guards.

    Refs whose outcome nobody knows are marked dirty in the transaction that concludes the batch; those in `claimed` are
    dirty already, and their claimant puts them back.
    """
    allowed: list[Case] = []
    held: list[Ref] = []
    for case in cases:
        note(bridge, run, case.subject.hubspot)
        note(bridge, run, case.subject.salesforce)
        if run.allows(case.plan):
            run.count_plan(case.plan)
            allowed.append(case)
        else:
            held += case.refs
    jobs = _prepare(bridge, allowed, run)
    making = [job for job in jobs if job.made]
    if making:
        carry_out(bridge, [job.made for job in making if job.made])
        _follow_creates(making)
    updates = [task for job in jobs for task in job.tasks if task is not job.made]
    if updates:
        carry_out(bridge, updates)
    faults = [task.unsure for job in jobs for task in job.tasks if task.unsure]
    fault = min(faults, key=_gravity, default=None)
    later = tuple(dict.fromkeys(ref for job in jobs if job.troubled for ref in job.case.refs))
    mine = frozenset(claimed)
    unclaimed = [job.case.refs[0] for job in jobs if job.troubled and not mine.intersection(job.case.refs)]
    _conclude(bridge, jobs, run, _Later(unclaimed, fault))
    return Applied(later, tuple(held), fault)


@dataclass(frozen=True, slots=True)
class _Later:
    """Refs to mark for a later look, and why."""

    refs: Sequence[Ref]
    fault: BridgeError | None

    def mark(self, conn: Connection, bridge: Bridge, now: datetime) -> None:
        if self.refs:
            pause = now + delay(0, bridge.backoff, bridge.dice.roll())
            due = self.fault.until if isinstance(self.fault, RateLimited) else pause
            dirty.mark(conn, self.refs, now, due_at=due, reason=str(self.fault or "outcome unknown"))


def _gravity(fault: BridgeError) -> int:
    return 0 if isinstance(fault, Unauthorised) else 1 if isinstance(fault, RateLimited) else 2


def _prepare(bridge: Bridge, cases: Sequence[Case], run: Run) -> list[Job]:
    """Write ahead: links, relinks, unlinks, and everything about to be sent."""
    jobs = [_job(case) for case in cases]
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        _insert_links(conn, [job for job in jobs if job.case.link is None and _has(job.case, Link)], now)
        ahead = [job for job in jobs if job.link_id is not None and job.case.link and job.tasks]
        saved = links.save(conn, [(_id(job), job.version, job.memory) for job in ahead]) if ahead else set()
        for job in ahead:
            job.version += 1
        raced = {id(job) for job in ahead if _id(job) not in saved}
        raced |= {id(job) for job in jobs if job.case.link is None and _has(job.case, Link) and job.link_id is None}
        for job in jobs:
            if job.case.link and id(job) not in raced:
                record.move(conn, bridge, job, now)
    run.counts["raced"] += len(raced)
    for job in jobs:
        if id(job) in raced:
            job.again += job.case.refs
            job.tasks, job.made = [], None
    return [job for job in jobs if id(job) not in raced] if not raced else _without(jobs, raced, bridge)


def _without(jobs: Sequence[Job], raced: set[int], bridge: Bridge) -> list[Job]:
    """Leave raced jobs to the next pass."""
    with bridge.database.begin() as conn:
        refs = [ref for job in jobs if id(job) in raced for ref in job.case.refs]
        dirty.mark(conn, refs, bridge.clock.now(), reason="another worker was faster")
    return [job for job in jobs if id(job) not in raced]


def _insert_links(conn: Connection, jobs: Sequence[Job], now: datetime) -> None:
    rows = []
    for job in jobs:
        step = next(step for step in job.case.plan.steps if isinstance(step, Link))
        rows.append(NewLink(job.case.pair.name, step.hubspot, step.salesforce, job.memory))
    for job, link_id in zip(jobs, links.insert(conn, rows, now), strict=True):
        job.link_id, job.version = link_id, links.FIRST_VERSION


def _id(job: Job) -> int:
    assert job.link_id is not None
    return job.link_id


def _has(case: Case, sort: type) -> bool:
    return any(isinstance(step, sort) for step in case.plan.steps)


def _job(case: Case) -> Job:
    """The tasks of a case, and its memory with what is about to be sent."""
    link = case.link
    job = Job(case, link.id if link else None, link.version if link else 0, link.memory if link else Memory())
    for step in case.plan.steps:
        match step:
            case Create(object=obj, changes=changes, key=key):
                job.made = Task(obj, None, list(changes), key)
                job.tasks.append(job.made)
            case Update(ref=ref, changes=changes):
                job.tasks.append(Task(ref.object, ref, list(changes)))
            case Archive(ref=ref):
                job.tasks.append(Task(ref.object, ref, [], archive=True))
            case Link() | Unlink() | Relink() | Raise():
                pass
    barred = {
        side for side, name, value in case.subject.parked if not name and value == record.origin_digest(case, side)
    }
    if any(task.side in barred for task in job.tasks):
        job.tasks, job.made, job.barred = [task for task in job.tasks if task.side not in barred], None, True
    if not link:
        job.memory = settle(job.memory, case.plan, ())
    if job.tasks and not job.made:
        job.memory = sending(job.memory, case.plan)
    return job


def _follow_creates(jobs: Sequence[Job]) -> None:
    """Tell the creating record's side the id of what was made, where that side keeps cross ids."""
    for job in jobs:
        made = job.made
        if made is None or not made.done or made.ref is None:
            continue
        origin = job.case.subject.salesforce if made.ref.side is Side.HUBSPOT else job.case.subject.hubspot
        assert origin is not None
        name = job.case.pair.key_on(origin.ref.side)
        if name and name in origin.values and origin.values[name] != made.ref.id:
            change = Change(origin.ref.side, name, "", origin.values[name], made.ref.id, Because.CROSS_ID)
            job.tasks.append(Task(origin.ref.object, origin.ref, [change]))


def _conclude(bridge: Bridge, jobs: Sequence[Job], run: Run, later: _Later) -> None:
    """Advance base by what succeeded; append what happened; raise and close issues."""
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        fresh = [job for job in jobs if job.made and job.made.done]
        rows = [NewLink(job.case.pair.name, *_ends(job), _created_memory(job)) for job in fresh]
        for job, link_id in zip(fresh, links.insert(conn, rows, now) if rows else (), strict=True):
            job.link_id = link_id
            if link_id is None:  # somebody else linked one of the two meanwhile: look again
                job.again += job.case.refs
        _tell_taken(jobs)
        record.part_archived(conn, bridge, jobs, now)
        changed = []
        for job in jobs:
            if job.link_id is None or job.made:
                continue
            after = settle(job.memory, job.case.plan, job.written, job.refused, job.told)
            if after != job.memory:
                changed.append((job.link_id, job.version, after))
        saved = links.save(conn, changed) if changed else set()
        lost = {link_id for link_id, _, _ in changed} - saved
        for job in jobs:
            if job.link_id in lost:
                job.again += job.case.refs
        record.record(conn, jobs, run, now)
        again = [ref for job in jobs for ref in job.again]
        if again:
            dirty.mark(conn, again, now, reason="look again")
        later.mark(conn, bridge, now)


def _tell_taken(jobs: Sequence[Job]) -> None:
    """Have those looked at who hold the place of what should have been made; a search may not show them yet."""
    for job in jobs:
        if job.made and job.made.taken:
            job.again += job.made.exists
            job.raised.append(record.taken(job))


def _ends(job: Job) -> tuple[Ref, Ref]:
    made, subject = job.made, job.case.subject
    assert made is not None
    assert made.ref is not None
    origin = subject.salesforce if made.ref.side is Side.HUBSPOT else subject.hubspot
    assert origin is not None
    return (made.ref, origin.ref) if made.ref.side is Side.HUBSPOT else (origin.ref, made.ref)


def _created_memory(job: Job) -> Memory:
    """What both sides agree on after a create: all that was sent, less what was refused."""
    step = next(step for step in job.case.plan.steps if isinstance(step, Create))
    refused = {change.rule for task in job.tasks for change, _ in task.refused if change}
    return Memory({rule: agreed for rule, agreed in step.agreed.items() if rule not in refused})
