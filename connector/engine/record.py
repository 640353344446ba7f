"""Write down what happened: events for the story of every value, issues for people, moves of links.

An event names both refs and carries the changes that arrived with what they replaced, so that a lost value can always
be found again. Issues are opened when something waits for a person and closed by the pass in which the reason is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from connector.core.plan import FORMERLY_MAX, Archive, Change, Issue, IssueKind, Raise, Relink, Unlink
from connector.core.readings import Presence
from connector.core.refs import Ref, Side
from connector.engine.bridge import Bridge
from connector.engine.cases import Case
from connector.engine.erase import erase
from connector.engine.job import Job, origin_digest
from connector.engine.run import Run
from connector.engine.story import noted, told
from connector.ports import Rejection
from connector.storage import events, issues, links
from connector.storage.events import Event
from connector.storage.links import Link as StoredLink

MERGED = "MERGED_ON_ONE_SIDE"
_RECENT = 20  # events of a Lead that are looked at when it turns out to be converted
_SKEW = timedelta(minutes=1)  # how far Salesforce's clock may be ahead of ours
_CLOSABLE = (IssueKind.CONFLICT, IssueKind.PARKED, IssueKind.AMBIGUOUS)


def move(conn: Connection, bridge: Bridge, job: Job, now: datetime) -> list[Ref]:
    """Carry out the steps of a plan that touch the link itself (relink, unlink); the refs to be looked at again."""
    moved: list[Ref] = []
    link = job.case.link
    assert link is not None
    for step in job.case.plan.steps:
        if isinstance(step, Relink) and job.link_id is not None:
            moved += _relink(conn, job, step)
        elif isinstance(step, Unlink) and not _archives(job):
            part(conn, bridge, job, now)
    return moved


def part(conn: Connection, bridge: Bridge, job: Job, now: datetime) -> None:
    """Undo a link that its plan undoes; after the archiving, where it asks for that, so that nothing is half done."""
    link, hubspot = job.case.link, job.case.subject.hubspot
    assert link is not None
    reason = next(step.reason for step in job.case.plan.steps if isinstance(step, Unlink))
    if not _unlink(conn, job, link):
        job.again += job.case.refs
    elif hubspot and hubspot.presence is Presence.MISSING:
        erase(conn, bridge, link, now)
    else:
        job.notes += [("archived", step.reason) for step in job.case.plan.steps if isinstance(step, Archive)]
        job.notes.append(("unlinked", reason))


def part_archived(conn: Connection, bridge: Bridge, jobs: Iterable[Job], now: datetime) -> None:
    """Undo the links of those whose counterpart is archived now, or gone already."""
    for job in jobs:
        if job.link_id is not None and any(task.archive and (task.done or task.absent) for task in job.tasks):
            part(conn, bridge, job, now)


def _archives(job: Job) -> bool:
    return any(isinstance(step, Archive) for step in job.case.plan.steps)


def _unlink(conn: Connection, job: Job, link: StoredLink) -> bool:
    """Forget the link; a survivor that carries no cross id to say it once had a counterpart is kept apart instead.

    False when another worker has changed the link meanwhile.
    """
    job.link_id = None
    survivor = job.case.subject.hubspot
    if survivor and survivor.present and job.case.pair.hubspot_key is None and not _archives(job):
        return links.stop(conn, link.id)
    return links.delete(conn, link.id, job.version)


def _relink(conn: Connection, job: Job, step: Relink) -> list[Ref]:
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
        return [step.new]
    if holder is not None and holder.id != link.id:
        links.delete(conn, link.id, job.version)
        job.link_id = None
        other, kept = _across(link, step), _across(holder, step)
        job.notes.append(("unlinked", f"{step.old} became {step.new}, which is linked to {kept}"))
        job.raised.append(_merged_once(step, other, kept))
    return []


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


def taken(job: Job) -> Issue:
    """The issue of a record that could not be made because the other side says it is there already."""
    made = job.made
    assert made is not None
    origin, others = job.case.origin(made.side), tuple(made.exists)
    named = " and ".join(map(str, others)) or "another record"
    return Issue(
        IssueKind.AMBIGUOUS,
        (origin, *others),
        side=made.side,
        code="EXISTS",
        reason=f"{made.side.value} refused a counterpart for {origin}, because {named} holds its place: {made.taken}",
        hint=f"if they are the same, `smarketing link {origin} {others[0]}`; else mend what they share"
        if others
        else f"find the record that shares a unique value with {origin}, and link or mend it",
    )


def _merged(issue: Issue, moves: Mapping[Ref, Ref]) -> bool:
    """Whether the two records that were still apart on one side have become one there too."""
    one, other, *_ = (moves.get(ref, ref) for ref in issue.refs)
    return issue.code == MERGED and one == other


def _close_merged(conn: Connection, moves: Mapping[Ref, Ref], now: datetime) -> None:
    if moves and issues.counts(conn):
        stood = issues.open_issues(conn, kinds=[IssueKind.AMBIGUOUS], refs=list(moves))
        issues.close(conn, [one.id for one in stood if _merged(one.issue, moves)], now, "merged on both sides")


def _merged_once(step: Relink, other: Ref, kept: Ref) -> Issue:
    return Issue(
        IssueKind.AMBIGUOUS,
        (other, kept, step.new),
        code=MERGED,
        reason=f"{step.old} was merged into {step.new} in {step.new.side.value}; "
        f"in {other.side.value} there still are two records",
        hint=f"merge {other} and {kept} in {other.side.value}",
    )


def tell_moves(conn: Connection, jobs: Sequence[Job], run: Run, now: datetime) -> None:
    """Tell at once of links that were moved or undone: a worker that dies before it concludes leaves none untold."""
    moved = [job for job in jobs if job.notes]
    if moved:
        _without_merged(conn, jobs, now)
        events.append(conn, [event for job in moved for event in noted(job, run.id, now)])
        issues.raise_issues(conn, [issue for job in moved for issue in _raised(job)], now, run.id)
        for job in moved:
            job.shown = True


def _raised(job: Job) -> list[Issue]:
    if job.overtaken:
        return []
    return [step.issue for step in job.case.plan.steps if isinstance(step, Raise)] + job.raised


def _without_merged(conn: Connection, jobs: Sequence[Job], now: datetime) -> None:
    """Ask nobody to merge on one side what a batch finds merged on both."""
    moves = {step.old: step.new for job in jobs for step in job.case.plan.steps if isinstance(step, Relink)}
    _close_merged(conn, moves, now)
    for job in jobs:
        job.raised = [issue for issue in job.raised if not _merged(issue, moves)]


def record(conn: Connection, jobs: Sequence[Job], run: Run, now: datetime) -> set[Ref]:
    """Append the events of a batch, open its issues and close those that no longer hold.

    Returns the records that a vanished one had made ambiguous, to be looked at again.
    """
    rows: list[Event] = []
    opened: list[Issue] = []
    shown: list[Issue] = []
    _without_merged(conn, jobs, now)
    for job in jobs:
        rows += told(job, run.id, now)
        raised = [*_raised(job), *_parked(job)]
        if job.shown:
            shown += _raised(job)
        opened += raised
        run.count("parked", len(raised) - sum(isinstance(step, Raise) for step in job.case.plan.steps))
        run.count("unsure", sum(task.unsure is not None for task in job.tasks))
    if rows:
        events.append(conn, rows)
    rivals = _close(conn, jobs, opened, now)
    news = [issue for issue in opened if issue not in shown]
    if news:
        issues.raise_issues(conn, news, now, run.id)
    return rivals


def _parked(job: Job) -> list[Issue]:
    """What a side refused, one issue a field."""
    return [parked(job, change, rejection, task.side) for task in job.tasks for change, rejection in task.refused]


def parked(job: Job, change: Change | None, rejection: Rejection, side: Side) -> Issue:
    """The issue of one refused value, or of a whole record when no field is to blame.

    A record's `value` is then the digest of the reading that was refused: it is tried again once that changes.
    """
    leading = tuple(sorted(job.case.refs, key=lambda ref: ref.side is not side))
    return Issue(
        IssueKind.PARKED,
        leading,
        rule=change.rule if change else "",
        side=side,
        field=change.field if change else "",
        code=rejection.code,
        value=change.after if change else origin_digest(job.case, side),
        reason=rejection.reason,
        hint=rejection.hint,
    )


def _close(conn: Connection, jobs: Sequence[Job], opened: Sequence[Issue], now: datetime) -> set[Ref]:
    """Close the issues of these records that their plan no longer raises; refusals that still stand stay.

    Returns the rivals of those that are gone.
    """
    if not issues.counts(conn):
        return set()
    refs = [ref for job in jobs if not (job.troubled or job.overtaken) for ref in job.case.refs]
    rivals = _rivals_of_gone(conn, [job.case for job in jobs])
    keep = {(issue.kind, issue.refs[0], issue.rule, issue.field) for issue in opened}
    keep |= {(IssueKind.PARKED, ref, rule, name) for job in jobs for ref, rule, name in _still_parked(job)}
    keep |= _still_apart(conn, jobs)
    issues.close_for(conn, refs, _CLOSABLE, now, "the reason is gone", keep)
    return rivals


def _still_apart(conn: Connection, jobs: Sequence[Job]) -> set[issues.Key]:
    """Questions about two records of which the other side has made one: they stand while the loose one is there."""
    loose = [
        reading.ref
        for job in jobs
        if job.case.link is None and job.link_id is None
        for reading in (job.case.subject.hubspot, job.case.subject.salesforce)
        if reading and reading.present
    ]
    asked = issues.open_issues(conn, kinds=[IssueKind.AMBIGUOUS], refs=loose, limit=10_000) if loose else []
    return {(one.issue.kind, one.issue.refs[0], "", "") for one in asked if one.issue.code == MERGED}


def _rivals_of_gone(conn: Connection, cases: Sequence[Case]) -> set[Ref]:
    """The others that a record made ambiguous which is gone now."""
    readings = [
        reading for case in cases if not case.link for reading in (case.subject.hubspot, case.subject.salesforce)
    ]
    gone = [reading.ref for reading in readings if reading and not reading.present]
    if not gone:
        return set()
    doubts = issues.open_issues(conn, kinds=[IssueKind.AMBIGUOUS], refs=gone)
    return {ref for doubt in doubts for ref in doubt.issue.refs} - set(gone)


def _still_parked(job: Job) -> Iterable[tuple[Ref, str, str]]:
    """(ref, rule, field) of the refusals that this plan left out again: values, cross ids, whole records."""
    pair, subject = job.case.pair, job.case.subject
    for side, name, _ in subject.parked:
        rules = [rule.name for rule in pair.rules if rule.field_on(side) == name and rule.name in job.case.plan.parked]
        if name in ("", pair.key_on(side)) and (name or job.barred):
            rules.append("")
        yield from ((ref, rule, name) for ref in job.case.refs for rule in rules)
