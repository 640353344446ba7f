"""Links that move or end: followed to a survivor, undone because a record is gone, two become one.

A merge or a conversion hands a record's identity on under another ref, and the link follows it. Where that ref is
linked already, two links have become one, and a person is asked about the record that is left over. What is done here
is noted on the job and told in the same transaction (`record.tell_moves`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from connector.core.plan import FORMERLY_MAX, Archive, Relink, Unlink
from connector.core.readings import Presence
from connector.core.refs import Ref, Side
from connector.engine.bridge import Bridge
from connector.engine.erase import erase
from connector.engine.job import Job
from connector.engine.journal import went_on
from connector.engine.questions import carried_on, merged_once
from connector.storage import events, issues, links
from connector.storage.links import Link as StoredLink

_RECENT = 20  # events of a Lead that are looked at when it turns out to be converted
_SKEW = timedelta(minutes=1)  # how far Salesforce's clock may be ahead of ours


def move(conn: Connection, bridge: Bridge, job: Job, now: datetime) -> list[Ref]:
    """Carry out the steps of a plan that touch the link itself (relink, unlink); the refs to be looked at again."""
    moved: list[Ref] = []
    link = job.case.link
    assert link is not None
    for step in job.case.plan.steps:
        if isinstance(step, Relink) and job.link_id is not None:
            moved += _relink(conn, bridge, job, step, now)
        elif isinstance(step, Unlink) and not _archives(job):
            part(conn, bridge, job, now)
    return moved


def part(conn: Connection, bridge: Bridge, job: Job, now: datetime) -> None:
    """Undo a link that its plan undoes; after the archiving, where it asks for that, so that nothing is half done."""
    link, hubspot = job.case.link, job.case.subject.hubspot
    assert link is not None
    reason = next(step.reason for step in job.case.plan.steps if isinstance(step, Unlink))
    if not _unlink(conn, job, link):
        _was_faster(job)
    elif hubspot and hubspot.presence is Presence.MISSING:
        asked = carried_on(conn, [job])  # whose counterpart was merged into this one's is left over, and no trace of it
        erase(conn, bridge, link, now)
        issues.raise_issues(conn, asked, now, None)
    else:
        job.notes += [("archived", step.reason) for step in job.case.plan.steps if isinstance(step, Archive)]
        job.notes.append(("unlinked", reason))


def part_archived(conn: Connection, bridge: Bridge, jobs: Iterable[Job], now: datetime) -> None:
    """Undo the links of those whose counterpart is archived now, or gone already."""
    for job in jobs:
        if job.link_id is not None and any(task.archive and (task.done or task.absent) for task in job.tasks):
            part(conn, bridge, job, now)


def _was_faster(job: Job) -> None:
    """Another worker has moved or undone the link: nothing is known of it now, nor of what is asked about it."""
    job.overtaken = True
    job.again += job.case.refs


def _archives(job: Job) -> bool:
    return any(isinstance(step, Archive) for step in job.case.plan.steps)


def _unlink(conn: Connection, job: Job, link: StoredLink) -> bool:
    """Forget the link; a survivor that carries no cross id to say it once had a counterpart is kept apart instead.

    So is one whose counterpart is archived because its making is undone: it must not be made again.
    False when another worker has changed the link meanwhile.
    """
    job.link_id = None
    survivor = job.case.subject.hubspot
    if link.stopped and _archives(job):
        return links.stop(conn, link.id)
    if survivor and survivor.present and job.case.pair.hubspot_key is None and not _archives(job):
        return links.stop(conn, link.id)
    return links.delete(conn, link.id, job.version)


def _relink(conn: Connection, bridge: Bridge, job: Job, step: Relink, now: datetime) -> list[Ref]:
    """The identity went on under a new ref, which is returned; if it is linked already, two links have become one."""
    link = job.case.link
    assert link is not None
    holder = links.by_refs(conn, [step.new]).get(step.new)
    if holder is None and links.relink(conn, link.id, job.version, step.new):
        job.version += 1
        job.memory = replace(job.memory, formerly=(*job.memory.formerly, step.old.id)[-FORMERLY_MAX:])
        if step.reason == "converted":
            _doubt(conn, job, step)
        links.save(conn, [(link.id, job.version, job.memory)])
        job.version += 1
        job.notes.append(("relinked", f"{step.old} is now {step.new}: {step.reason}"))
        job.became.append((step.old, step.new))
        went_on(conn, job.became)
        return [step.new]
    if holder is None or holder.id == link.id or not links.delete(conn, link.id, job.version):
        _was_faster(job)
    else:
        _end(conn, bridge, job, (step, holder), now)
    return []


def _end(conn: Connection, bridge: Bridge, job: Job, moved: tuple[Relink, StoredLink], now: datetime) -> None:
    """Two links have become one, and this is the other: who is left over is asked about, who was erased forgotten.

    Whoever became a contact that another link holds is that one's person from now on, and is erased with it. A Lead
    that became another one's tells of two people.
    """
    step, holder = moved
    link, hubspot = job.case.link, job.case.subject.hubspot
    assert link is not None
    job.link_id = None
    if hubspot and hubspot.presence is Presence.MISSING:
        erase(conn, bridge, link, now, heir=step.new)
        return
    other, kept = _across(link, step), _across(holder, step)
    job.notes.append(("unlinked", f"{step.old} became {step.new}, which is linked to {kept}"))
    if step.new.side is Side.HUBSPOT:
        job.became.append((step.old, step.new))
        went_on(conn, job.became)
    job.raised.append(merged_once(step, other, kept))


def _doubt(conn: Connection, job: Job, step: Relink) -> None:
    """Expect the Contact to say what the Lead said before our latest write, if that may have come after the conversion.

    An org that lets converted Leads be edited takes such a write, and the Contact never sees it. What gave way then
    counts as sent: where the Contact still says it, it is our own old value and not a rep's edit.
    """
    lead = job.case.subject.salesforce
    last = lead.modified_at if lead else None
    stale = {
        row["rule"]: row["before"]
        for event in events.of_refs(conn, [step.old], _RECENT)
        if last is not None and event.at >= last - _SKEW
        for row in event.payload.get("changes", ())
        if row["side"] == step.old.side.value and row["rule"] in job.memory.base
    }
    if stale:
        sent = {**job.memory.sent.get(step.old.side, {})}
        sent |= {rule: (*sent.get(rule, ()), before) for rule, before in stale.items()}
        job.memory = replace(job.memory, sent={**job.memory.sent, step.old.side: sent})


def _across(link: StoredLink, step: Relink) -> Ref:
    return link.salesforce if step.new.side is Side.HUBSPOT else link.hubspot
