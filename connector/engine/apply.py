"""Carry out plans so that a crash at any point costs nothing but another pass.

The order is the safety: (1) in one transaction links are made, relinked or dropped and everything about to be sent is
remembered as `sent`; (2) creates, which are repeat-safe by their key; (3) updates, with the cross ids of what was just
made; (4) in one transaction `base` advances by exactly what succeeded, and what happened is appended. Between (1) and
(4) a crash leaves `sent` behind, and the next pass recognises our own values. A link changed meanwhile by another
worker fails its compare-and-set and is left to the next pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from connector.core.agreement import settle
from connector.core.backoff import delay
from connector.core.plan import (
    Because,
    Change,
    Link,
    Memory,
    Raise,
)
from connector.core.refs import Ref, Side
from connector.engine import journal, looping, making, moves, questions, record, underway
from connector.engine.again import following_marks
from connector.engine.bridge import Bridge
from connector.engine.case import Case
from connector.engine.erase import forget_gone, without_buried
from connector.engine.job import Job, created_memory, job_of
from connector.engine.overtaken import made_over, written_over
from connector.engine.run import Run
from connector.engine.shelving import shelve, shelve_ahead
from connector.engine.unseen import note
from connector.engine.writing import Task, carry_out
from connector.errors import BridgeError, RateLimited, Unauthorised
from connector.storage import dirty, links
from connector.storage.dirty import Mark
from connector.storage.links import NewLink


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
    cases = looping.heed(bridge, cases)
    with run.lock:
        for case in cases:
            note(bridge, run, case.subject.hubspot)
            note(bridge, run, case.subject.salesforce)
            if run.allows(case.plan):
                run.count_plan(case.plan)
                allowed.append(case)
            else:
                held += case.refs
    batch = f"{run.id}:{run.next_batch()}"
    jobs = _prepare(bridge, allowed, run, batch)
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
    _conclude(bridge, jobs, run, _Later(unclaimed, fault, batch))
    return Applied(later, tuple(held), fault)


@dataclass(frozen=True, slots=True)
class _Later:
    """Refs to mark for a later look, and why; and the name under which was written ahead what the batch does."""

    refs: Sequence[Ref]
    fault: BridgeError | None
    batch: str

    def marks(self, bridge: Bridge, now: datetime) -> list[Mark]:
        if not self.refs:
            return []
        pause = now + delay(0, bridge.backoff, bridge.dice.roll())
        due = self.fault.until if isinstance(self.fault, RateLimited) else pause
        return [Mark(ref, due, str(self.fault or "outcome unknown")) for ref in self.refs]


def _gravity(fault: BridgeError) -> int:
    return 0 if isinstance(fault, Unauthorised) else 1 if isinstance(fault, RateLimited) else 2


def _prepare(bridge: Bridge, cases: Sequence[Case], run: Run, batch: str) -> list[Job]:
    """Write ahead: links, relinks, unlinks, all that will be sent or made. Raced jobs are left to the next pass."""
    jobs = [job_of(case) for case in cases]
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        jobs = without_buried(conn, jobs, run, now)
        raced = journal.decided(conn, jobs, now)
        jobs = _without(jobs, raced)
        meeting = [job for job in jobs if job.case.link is None and _has(job.case, Link)]
        _insert_links(conn, meeting, now)
        raced += [job for job in meeting if job.link_id is None]
        raced += _made_meanwhile(conn, jobs)
        raced += _save_ahead(conn, [job for job in jobs if job.case.link and job.tasks])
        jobs = _without(jobs, raced)
        marks = [Mark(ref, now, "another worker was faster") for job in raced for ref in job.case.refs]
        for job in jobs:
            if job.case.link:
                marks += [Mark(ref, now, "relinked") for ref in moves.move(conn, bridge, job, now)]
        journal.write_ahead(conn, bridge, jobs, now)
        record.tell_moves(conn, jobs, run, now)
        making.write_ahead(conn, batch, jobs, now)
        underway.write_ahead(conn, batch, jobs, now)
        dirty.mark_all(conn, marks, now)
        shelve_ahead(conn, bridge, jobs, now)
    run.count("raced", len(raced))
    return jobs


def _without(jobs: Sequence[Job], lost: Sequence[Job]) -> list[Job]:
    gone = {id(job) for job in lost}
    return [job for job in jobs if id(job) not in gone]


def _made_meanwhile(conn: Connection, jobs: Sequence[Job]) -> list[Job]:
    """The jobs that would make somebody whom another worker has made and linked since: a create would write over it."""
    origins = {job.case.origin(job.made.side): job for job in jobs if job.made}
    return [origins[ref] for ref in links.by_refs(conn, list(origins))] if origins else []


def _save_ahead(conn: Connection, jobs: Sequence[Job]) -> list[Job]:
    """Remember what is about to be sent over existing links; the jobs whose link another worker has changed."""
    saved = links.save(conn, [(_id(job), job.version, job.memory) for job in jobs]) if jobs else set()
    for job in jobs:
        job.version += 1
    return [job for job in jobs if _id(job) not in saved]


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
        jobs = without_buried(conn, list(jobs), run, now)
        _link_made(conn, [job for job in jobs if job.made and (job.made.done or job.converted)], now)
        making.concluded(conn, later.batch, jobs, now)
        underway.concluded(conn, later.batch)
        _tell_taken(jobs)
        moves.part_archived(conn, bridge, jobs, now)
        _note_overtaken(conn, jobs)
        _advance(conn, jobs)
        journal.has_told(conn, bridge, jobs, now)
        rivals = record.record(conn, jobs, run, now)
        looping.count(conn, jobs, now)
        marks = [Mark(ref, now, "a rival is gone") for ref in rivals]
        marks += [Mark(ref, now, "look again") for job in jobs for ref in job.again]
        marks += following_marks(bridge, jobs, now)
        dirty.mark_all(conn, marks + later.marks(bridge, now), now)
        shelve(conn, bridge, jobs, now)
        forget_gone(conn, bridge, jobs, now)


def _note_overtaken(conn: Connection, jobs: Sequence[Job]) -> None:
    """Who woke too late asks no questions about a link that others have changed since: they may be answered by now."""
    asking = {job.link_id: job for job in jobs if job.link_id is not None and not job.made and _has(job.case, Raise)}
    if asking:
        versions = {link_id: link.version for link_id, link in links.by_ids(conn, list(asking)).items()}
        for link_id, job in asking.items():
            if versions.get(link_id) != job.version:
                job.overtaken = True
                job.again += job.case.refs


def _advance(conn: Connection, jobs: Sequence[Job]) -> None:
    """Advance base by what succeeded; a link that another worker has changed meanwhile is looked at again."""
    changed = {}
    for job in jobs:
        if job.link_id is not None and not job.made:
            after = settle(job.memory, job.case.plan, job.written, job.refused, job.told)
            if after != job.memory:
                changed[job.link_id] = (job, after)
    rows = [(link_id, job.version, after) for link_id, (job, after) in changed.items()]
    lost = changed.keys() - links.save(conn, rows) if rows else set()
    late = []
    for link in links.by_ids(conn, lost).values() if lost else ():
        job, after = changed[link.id]
        job.again += job.case.refs
        if {link.hubspot, link.salesforce} == set(job.case.refs):
            late.append((link.id, link.version, written_over(link.memory, job.memory, after.base, job.written)))
    links.save(conn, late)


def _link_made(conn: Connection, jobs: Sequence[Job], now: datetime) -> None:
    """Link what was made, and those whose counterpart turned out to be converted into what it is now."""
    rows = [_new_link(job) for job in jobs]
    ids = links.insert(conn, rows, now) if rows else []
    made_over(conn, [job for job, link_id in zip(jobs, ids, strict=True) if link_id is None])
    _note_taken(conn, [job for job, link_id in zip(jobs, ids, strict=True) if link_id is None])
    for job, link_id in zip(jobs, ids, strict=True):
        job.link_id = link_id
        if job.made and job.made.taken:
            continue
        if link_id is None:  # somebody else linked one of the two meanwhile: look again
            job.again += job.case.refs
        elif job.case.following and job.case.following.steered.wanted:
            job.again += job.case.refs  # what a handoff hangs on the record can follow now that it is there
        elif job.converted:
            job.again += job.case.refs
            job.notes.append(("linked", f"its counterpart was converted into {job.converted}"))


def _note_taken(conn: Connection, jobs: Sequence[Job]) -> None:
    """Have people asked where a counterpart was converted into somebody else's: a second look would find the same."""
    found = [(job.made, job.converted, job.case.origin(job.made.side)) for job in jobs if job.made and job.converted]
    held = links.by_refs(conn, [ref for _, there, origin in found for ref in (there, origin)]) if found else {}
    for made, there, origin in found:
        if there and there in held and origin not in held:
            made.exists, made.taken = (there,), "who carries its id was converted into that one, which is another's"


def _new_link(job: Job) -> NewLink:
    assert job.made is not None
    there, origin = job.converted or job.made.ref, job.case.origin(job.made.side)
    assert there is not None
    hubspot, salesforce = (there, origin) if there.side is Side.HUBSPOT else (origin, there)
    memory = Memory() if job.converted else created_memory(job)
    return NewLink(f"{hubspot.object}/{salesforce.object}", hubspot, salesforce, memory)


def _tell_taken(jobs: Sequence[Job]) -> None:
    """Have those looked at who hold the place of what should have been made; a search may not show them yet.

    Not who is linked to somebody else: once such a one is gone, the two would have each other looked at for ever.
    """
    for job in jobs:
        if job.made and job.made.taken:
            job.again += () if job.converted else job.made.exists
            job.raised.append(questions.taken(job))
