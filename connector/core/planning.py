"""From two readings and what is remembered of them to a plan: the presence table of architecture section 5.

Unlinked and alone: create, or say why not. Unlinked and matched: link, then a first meeting. Linked: by presence; both
there is a merge, one gone is an unlink (or an archive, where the mapping says so and nobody edited the survivor), moved
is a relink. Nothing is ever made twice: a record that carries a cross id had a counterpart, so it gets no second one;
one that carries something else in its place is shown to a person.
Steps come in the order of doing, and each record is written at most once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.core.changes import edited
from connector.core.creation import ANY, Parked, creation, cross_change
from connector.core.cross_ids import fits, misfit
from connector.core.mapping import OnArchive, OnLeaving, Pair
from connector.core.matching import cross_id, formerly
from connector.core.merge import NOBODY, merge
from connector.core.plan import (
    Archive,
    Change,
    Issue,
    IssueKind,
    Link,
    Memory,
    Plan,
    Raise,
    Relink,
    Step,
    Unlink,
    Update,
)
from connector.core.readings import Presence, Reading
from connector.core.refs import Side

A_PERSON = "a person"
_NEVER_MET = Memory()


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything known of one person, company or deal at the moment of planning.

    Attributes:
        hubspot, salesforce: fresh readings; None where there is no counterpart.
        memory: what is remembered of the link; None means not linked.
        made: not linked yet, but one was made of the other by a batch that is not concluded: what they agreed on then.
        by: how the two were matched, when not linked ("cross id", "email", "a person").
        parked: field values a side refused before: (side, field, value); ANY: of a field in a loop.
        settled: a person's choice of side, by rule name.
        issue: why a person must look first (an ambiguous match).
        wanted: a Salesforce record must be there, whatever the mapping's own condition for making one says.
        barred: why no counterpart may be made although there is none (it was erased, unlinked, ...); "" means it may.
    """

    hubspot: Reading | None = None
    salesforce: Reading | None = None
    memory: Memory | None = None
    made: Memory | None = None
    by: str = ""
    parked: Parked = frozenset()
    settled: Mapping[str, Side] = field(default_factory=dict)
    issue: Issue | None = None
    barred: str = ""
    wanted: bool = False


def plan(pair: Pair, subject: Subject) -> Plan:
    """What must be done so that both sides agree. Pure: the same subject always gives the same plan."""
    left, right = subject.hubspot, subject.salesforce
    if subject.issue is not None:
        return Plan(pair.name, left, right, (Raise(subject.issue),))
    if subject.memory is not None:
        return _linked(pair, subject, subject.memory)
    if left is not None and right is not None and left.present and right.present:
        return _met(pair, subject, left, right)
    for reading in (left, right):
        if reading is not None and reading.present:
            return _alone(pair, subject, reading)
    return Plan(pair.name, left, right, note="there is no such record on either side")


def _met(pair: Pair, subject: Subject, left: Reading, right: Reading) -> Plan:
    if not pair.in_scope(left, right):
        return Plan(pair.name, left, right, note="out of scope")
    return _agree(pair, subject, left, right)


def _alone(pair: Pair, subject: Subject, reading: Reading) -> Plan:
    """A record without counterpart: make one, or say why not."""
    on_hubspot = reading.ref.side is Side.HUBSPOT
    left, right = (reading, None) if on_hubspot else (None, reading)
    wanted = pair.create_in_salesforce if on_hubspot else pair.create_in_hubspot
    carried = cross_id(pair, reading)
    if not pair.in_scope(left, right):
        note = "out of scope"
    elif subject.barred:
        note = subject.barred
    elif not fits(pair, reading):
        return Plan(pair.name, left, right, (Raise(misfit(pair, reading)),))
    elif carried is not None:
        note = f"it carries the id {carried}, whose record is not there; clear that field to have a new one made"
    elif not subject.wanted and not wanted(left, right):
        note = f"the mapping does not create a {pair.object_on(reading.ref.side.other)} for it"
    else:
        return _create(pair, subject, reading)
    return Plan(pair.name, subject.hubspot, subject.salesforce, note=note)


def _create(pair: Pair, subject: Subject, source: Reading) -> Plan:
    made = creation(pair, source, subject.parked)
    step = made.step(pair, source)
    raises = tuple(Raise(issue) for issue in made.refusals)
    return Plan(
        pair.name,
        subject.hubspot,
        subject.salesforce,
        raises if step is None else (step, *raises),
        note="there is nothing to make it of: every mapped field is blank or refused" if step is None else "",
        parked=tuple(made.parked),
    )


def _linked(pair: Pair, subject: Subject, memory: Memory) -> Plan:
    left, right = subject.hubspot, subject.salesforce
    if left is None or right is None:
        return Plan(pair.name, left, right, note="linked, but one side was not read")
    moved = tuple(
        Relink(reading.ref, reading.moved_to, "converted" if reading.converted else "merged")
        for reading in (left, right)
        if reading.presence is Presence.MOVED and reading.moved_to is not None
    )
    if moved:
        return Plan(pair.name, left, right, moved, note="read again under the new id")
    match left.present, right.present:
        case True, True:
            return _both(pair, subject, left, right)
        case True, False:
            return _survivor(pair, memory, left, right)
        case False, True:
            return _survivor(pair, memory, right, left)
    return Plan(pair.name, left, right, (Unlink(left.ref, right.ref, "both records are gone"),))


def _both(pair: Pair, subject: Subject, left: Reading, right: Reading) -> Plan:
    if pair.on_leaving is OnLeaving.KEEP_UPDATING or pair.in_scope(left, right):
        return _agree(pair, subject, left, right)
    if pair.on_leaving is OnLeaving.STOP:
        return Plan(pair.name, left, right, note="out of scope")
    leaver = left if not pair.in_scope(left, None) else right
    follower = right if leaver is left else left
    reason = f"{leaver.ref} left the scope"
    steps = (Archive(follower.ref, reason), Unlink(left.ref, right.ref, reason))
    return Plan(pair.name, left, right, steps)


def _survivor(pair: Pair, memory: Memory, there: Reading, gone: Reading) -> Plan:
    """One side is gone. An edit beats a deletion: an edited survivor is kept and shown, whatever the mapping says."""
    left, right = (there, gone) if there.ref.side is Side.HUBSPOT else (gone, there)
    reason = f"{gone.ref} is {gone.presence.value}"
    unlink = Unlink(left.ref, right.ref, reason)
    if edited(pair.rules, memory, there):
        issue = Issue(
            IssueKind.EDIT_BEATS_DELETION,
            (there.ref, gone.ref),
            reason=f"{reason}, but {there.ref} was edited since the sides agreed",
            hint=f"delete {there.ref} too, or restore the other record; the link is undone until then",
        )
        return Plan(pair.name, left, right, (unlink, Raise(issue)))
    if pair.on_archive is OnArchive.ARCHIVE:
        return Plan(pair.name, left, right, (Archive(there.ref, reason), unlink))
    return Plan(pair.name, left, right, (unlink,))


def _agree(pair: Pair, subject: Subject, left: Reading, right: Reading) -> Plan:
    """Both are there: link if need be, merge, and let each side know the other's id."""
    merged = merge(pair.rules, subject.memory or subject.made or _NEVER_MET, left, right, subject.settled or NOBODY)
    issues = merged.refusals + merged.conflicts
    parked: list[str] = []
    to_hubspot = _unparked(merged.to_hubspot, subject.parked, parked)
    to_salesforce = _unparked(merged.to_salesforce, subject.parked, parked)
    for reading, other, changes in ((left, right, to_hubspot), (right, left, to_salesforce)):
        _repair(pair, subject, (reading, other), changes, issues)
    steps: list[Step] = [] if subject.memory is not None else [Link(left.ref, right.ref, subject.by)]
    if to_hubspot:
        steps.append(Update(left.ref, tuple(to_hubspot)))
    if to_salesforce:
        steps.append(Update(right.ref, tuple(to_salesforce)))
    steps.extend(Raise(issue) for issue in issues)
    return Plan(
        pair.name,
        left,
        right,
        tuple(steps),
        merged.agreed,
        tuple(merged.left_alone),
        note="" if steps or not parked else "the other side refused these values before",
        parked=tuple(parked),
        wants_history=tuple(merged.wants_history),
    )


def _unparked(changes: list[Change], parked: Parked, out: list[str]) -> list[Change]:
    """The changes that were not refused before; the rules of the others go to `out`."""
    if not parked:
        return changes
    kept = [
        change
        for change in changes
        if (change.side, change.field, change.after) not in parked and (change.side, change.field, ANY) not in parked
    ]
    out.extend(change.rule for change in changes if change not in kept)
    return kept


def _repair(
    pair: Pair, subject: Subject, readings: tuple[Reading, Reading], changes: list[Change], issues: list[Issue]
) -> None:
    """See that the first reading carries the second's id. Another record's id is shown, not overwritten."""
    reading, other = readings
    name = pair.key_on(reading.ref.side)
    if not name or name not in reading.values:
        return
    carried = reading.values[name]
    if carried == other.ref.id:
        return
    known = subject.memory.formerly if subject.memory else ()
    if carried is None or subject.by == A_PERSON or formerly(carried, other) or carried in known:
        change = cross_change(reading.ref.side, name, carried, other.ref.id)
        if (change.side, name, change.after) not in subject.parked:
            changes.append(change)
        return
    issue = Issue(
        IssueKind.AMBIGUOUS,
        (reading.ref, other.ref),
        side=reading.ref.side,
        field=name,
        code="CROSS_ID",
        value=carried,
        reason=f"{reading.ref} is linked to {other.ref} but carries the id {carried}",
        hint=f"clear {name} on {reading.ref} if the link is right, or unlink the two",
    )
    issues.append(issue)
