"""Questions to people: asked when something waits for a person, closed by the pass in which the reason is gone.

A question about two records of which the other side has made one stands while the record left over is there, and goes
on with it under another id. It is moot once that one or the survivor is gone; when the other of the two is gone, people
are asked whether the one that is left takes its place. The rivals of somebody who is gone, was linked, or has other
matching values by now are looked at anew: they may be certain now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from connector.core.plan import Change, Issue, IssueKind, Raise, Relink, Unlink
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.engine.case import Case
from connector.engine.job import Job, origin_digest
from connector.ports import Rejection
from connector.storage import issues, links
from connector.storage.links import Link as StoredLink

MERGED, TAKEN = "MERGED_ON_ONE_SIDE", "EXISTS"
_CLOSABLE = (
    IssueKind.CONFLICT,
    IssueKind.PARKED,
    IssueKind.AMBIGUOUS,
    IssueKind.UNLAWFUL,
    IssueKind.ASKED,
    IssueKind.UNOWNED,
)


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
        code=TAKEN,
        reason=f"{made.side.value} refused a counterpart for {origin}, because {named} holds its place: {made.taken}",
        hint=f"if they are the same, `smarketing link {origin} {others[0]}`; else mend what they share"
        if others
        else f"find the record that shares a unique value with {origin}, and link or mend it",
    )


def is_merged(issue: Issue, moves: Mapping[Ref, Ref]) -> bool:
    """Whether the two records that were still apart on one side have become one there too."""
    one, other, *_ = (moves.get(ref, ref) for ref in issue.refs)
    return issue.code == MERGED and one == other


def close_merged(conn: Connection, moves: Mapping[Ref, Ref], now: datetime) -> None:
    """Close the questions about two records that have become one on both sides."""
    if moves and issues.counts(conn):
        stood = issues.open_issues(conn, kinds=[IssueKind.AMBIGUOUS], refs=list(moves))
        issues.close(conn, [one.id for one in stood if is_merged(one.issue, moves)], now, "merged on both sides")


def merged_once(step: Relink, other: Ref, kept: Ref) -> Issue:
    """The question about two records of which the other side has made one."""
    return Issue(
        IssueKind.AMBIGUOUS,
        (other, kept, step.new),
        code=MERGED,
        reason=f"{step.old} was merged into {step.new} in {step.new.side.value}; "
        f"in {other.side.value} there still are two records",
        hint=f"merge {other} and {kept} in {other.side.value}",
    )


def carried_on(conn: Connection, jobs: Sequence[Job]) -> list[Issue]:
    """Questions about a merge as they are to be put now that one of their records is gone, or on under another id.

    Who is linked by now need not be asked about.
    """
    gone = _gone([job.case for job in jobs])
    if not gone or not issues.counts(conn):
        return []
    doubts = issues.open_issues(conn, kinds=[IssueKind.AMBIGUOUS], refs=list(gone), limit=10_000)
    asked = [anew for doubt in doubts if doubt.issue.code == MERGED and (anew := _anew(doubt.issue, gone))]
    linked = links.by_refs(conn, [issue.refs[0] for issue in asked]) if asked else {}
    return [issue for issue in asked if issue.refs[0] not in linked]


def outliving(conn: Connection, link: StoredLink) -> list[Issue]:
    """Questions about a merge that name only the counterpart of somebody erased: who is left over is still there."""
    if not issues.counts(conn):
        return []
    doubts = issues.open_issues(conn, kinds=[IssueKind.AMBIGUOUS], refs=[link.salesforce], limit=10_000)
    asked = [one.issue for one in doubts if one.issue.code == MERGED and one.issue.refs[0] != link.salesforce]
    return [issue for issue in asked if link.hubspot not in issue.refs]


def _anew(issue: Issue, gone: Mapping[Ref, Reading]) -> Issue | None:
    """A question about a merge under today's ids; None when it need not be put anew."""
    loose, *others = [gone[ref].moved_to if ref in gone else ref for ref in issue.refs]
    kept, survivor = others[0], others[-1]
    if loose is None or survivor is None or loose in others:
        return None
    if loose == issue.refs[0] and kept is not None:
        return None
    alone = kept in {None, survivor}
    return Issue(
        IssueKind.AMBIGUOUS,
        (loose, survivor) if kept is None or alone else (loose, kept, survivor),
        code=MERGED,
        reason=f"{survivor} took in the counterpart of {loose}, and "
        + (f"{issue.refs[1]}, its own, is gone" if alone else f"{kept} is its own"),
        hint=f"if they are the same, `smarketing link {loose} {survivor}`"
        if alone
        else f"merge {loose} and {kept} in {loose.side.value}",
    )


def parked_by(job: Job) -> list[Issue]:
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


def close(
    conn: Connection, jobs: Sequence[Job], opened: Sequence[Issue], standing: set[issues.Key], now: datetime
) -> set[Ref]:
    """Close the issues of these records that their plan no longer raises, but for those, and refusals, that stand.

    Returns the rivals of those that are gone, and who need not wait for one of these records any more.
    """
    looked = {ref: job for job in jobs if not (job.troubled or job.overtaken) for ref in job.case.refs}
    freed = _freed_at_once(looked, opened)
    if not issues.counts(conn):
        return freed
    rivals = freed | _rivals_of_gone(conn, [job.case for job in jobs], now) | _released(conn, looked, opened)
    keep = {(issue.kind, issue.refs[0], issue.rule, issue.field) for issue in opened}
    keep |= {(IssueKind.PARKED, ref, rule, name) for job in jobs for ref, rule, name in _still_parked(job)}
    keep |= standing
    issues.close_for(conn, looked, _CLOSABLE, now, "the reason is gone", keep)
    return rivals


def still_apart(conn: Connection, jobs: Sequence[Job]) -> set[issues.Key]:
    """Questions about two records of which the other side has made one: they stand while the loose one is there.

    Whatever else is ambiguous about that one would ask the same with fewer words.
    """
    loose = [
        reading.ref
        for job in jobs
        if job.case.link is None and job.link_id is None
        for reading in (job.case.subject.hubspot, job.case.subject.salesforce)
        if reading and reading.present
    ]
    asking = loose and issues.counts(conn)
    asked = issues.open_issues(conn, kinds=[IssueKind.AMBIGUOUS], refs=loose, limit=10_000) if asking else []
    return {(one.issue.kind, one.issue.refs[0], "", "") for one in asked if one.issue.code == MERGED}


def _rivals_of_gone(conn: Connection, cases: Sequence[Case], now: datetime) -> set[Ref]:
    """The others that a record made ambiguous which is gone now; a question about a merge is moot without it."""
    gone = _gone(cases)
    if not gone:
        return set()
    doubts = issues.open_issues(conn, kinds=[IssueKind.AMBIGUOUS], refs=list(gone), limit=10_000)
    standing = [doubt for doubt in doubts if doubt.issue.code == MERGED and not _names_lost(doubt.issue, gone)]
    over = [doubt for doubt in doubts if doubt not in standing]
    issues.close(conn, [doubt.id for doubt in over if doubt.issue.code == MERGED], now, "one of them is gone")
    return {ref for doubt in over for ref in doubt.issue.refs} - set(gone)


def _freed_at_once(looked: Mapping[Ref, Job], opened: Sequence[Issue]) -> set[Ref]:
    """Who has just been told to wait for a record with which the same batch has done what may end the waiting."""
    return {
        issue.refs[0]
        for issue in opened
        if _is_doubt(issue) and any(_moved(looked[ref]) for ref in issue.refs[1:] if ref in looked)
    }


def _released(conn: Connection, looked: Mapping[Ref, Job], opened: Sequence[Issue]) -> set[Ref]:
    """Who waited for a record that no longer is what the question says of it, and whom a question names no longer.

    No two records mark each other for ever: who was looked at has a question that names only whom it stands in doubt
    with, so that a second look at either finds nothing new.
    """
    doubts = issues.open_issues(conn, kinds=[IssueKind.AMBIGUOUS], refs=list(looked), limit=10_000)
    anew = {issue.refs[0]: issue.refs for issue in opened if _is_doubt(issue)}
    found: set[Ref] = set()
    for issue in (doubt.issue for doubt in doubts if _is_doubt(doubt.issue)):
        leader, *others = issue.refs
        if leader in looked:
            found |= set(others).difference(anew.get(leader, ()), looked)
        elif any(_out_of_doubt(looked[ref], issue) for ref in others if ref in looked):
            found.add(leader)
    return found


def joined(opened: Sequence[Issue]) -> list[Issue]:
    """All issues, but of several doubts about one record that a batch has found one that names everybody.

    Only one is kept for a record: were it the last one found, whom the others name would be waited for, unseen.
    """
    doubts: dict[tuple[Ref, str], Issue] = {}
    for issue in filter(_is_doubt, opened):
        first = doubts.setdefault((issue.refs[0], issue.code), issue)
        doubts[issue.refs[0], issue.code] = replace(first, refs=tuple(dict.fromkeys((*first.refs, *issue.refs))))
    return [issue for issue in opened if not _is_doubt(issue)] + list(doubts.values())


def _is_doubt(issue: Issue) -> bool:
    """Whether a question is about who is whose counterpart, and not about a merge."""
    return issue.kind is IssueKind.AMBIGUOUS and issue.code != MERGED


def _out_of_doubt(job: Job, issue: Issue) -> bool:
    """Whether a look at one of the others that a question names gives reason to look at who leads it.

    Who is told to be in somebody's place is looked at after every try to make that one, so only what was done counts.
    """
    if issue.code == TAKEN:
        return _moved(job)
    if job.case.link or job.link_id is not None:
        return True
    named = [ref for step in job.case.plan.steps if isinstance(step, Raise) for ref in step.issue.refs]
    return issue.refs[0] not in named


def _moved(job: Job) -> bool:
    """Whether somebody was linked, parted or moved, or a value was written by which records are recognised."""
    linked = job.link_id is not None and job.case.link is None
    if linked or any(isinstance(step, Unlink | Relink) for step in job.case.plan.steps):
        return True
    match = job.case.pair.match
    known_by = {Side.HUBSPOT: {name for key in match for name in key.hubspot}}
    known_by[Side.SALESFORCE] = {name for key in match for name in key.salesforce}
    return any(change.field in known_by[change.side] for change in job.written)


def _gone(cases: Sequence[Case]) -> dict[Ref, Reading]:
    """The readings of those who are not there under the id that was asked for."""
    readings = [reading for case in cases for reading in (case.subject.hubspot, case.subject.salesforce)]
    return {reading.ref: reading for reading in readings if reading and not reading.present}


def _names_lost(issue: Issue, gone: Mapping[Ref, Reading]) -> bool:
    """Whether one of an issue's records is gone for good, and not only on under another id."""
    return any(ref in gone and gone[ref].moved_to is None for ref in issue.refs)


def _still_parked(job: Job) -> Iterable[tuple[Ref, str, str]]:
    """(ref, rule, field) of the refusals that this plan left out again: values, cross ids, whole records."""
    pair, subject = job.case.pair, job.case.subject
    for side, name, _ in subject.parked:
        rules = [rule.name for rule in pair.rules if rule.field_on(side) == name and rule.name in job.case.plan.parked]
        if job.case.following and (wish := job.case.following.steered.wishes.get(side, {}).get(name)):
            rules += [wish.rule] if wish.rule in job.case.plan.parked else []
        if name in ("", pair.key_on(side)) and (name or job.barred):
            rules.append("")
        yield from ((ref, rule, name) for ref in job.case.refs for rule in rules)
