"""From dirty refs to cases: read both sides afresh, find the counterpart, plan.

A case is one person (company, deal): the link if there is one, both readings, and the plan that follows. Linked refs
need no search. A loose ref looks for its counterpart by cross id, then by match key; a candidate that is linked already
belongs to somebody else and is never taken, but it forbids making a second one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from connector.core.cross_ids import fits
from connector.core.mapping import Pair
from connector.core.matching import Ambiguous, Matched, match
from connector.core.plan import Issue, IssueKind, Plan, Unlink
from connector.core.planning import Subject, plan
from connector.core.readings import Presence, Reading
from connector.core.refs import Ref, Side
from connector.engine.bridge import Bridge
from connector.engine.candidates import Candidates, find_candidates
from connector.engine.case import Case
from connector.engine.decisions import NONE, Decisions, Suppose, decisions_for
from connector.engine.heirs import heirs_first, survivors, unsaid
from connector.engine.looping import heard
from connector.engine.making import agreed_on
from connector.engine.steering import steered
from connector.storage import journeys, links
from connector.storage.links import Link


def cases_of(bridge: Bridge, refs: Sequence[Ref], suppose: Suppose | None = None) -> list[Case]:
    """Read and plan everything these refs concern; what no mapping speaks of is left alone.

    Args:
        bridge: the installation.
        refs: of any side and object.
        suppose: what to put in the place of what was decided, to see what would follow.

    Raises:
        Transient, Unauthorised: what reading raises.
    """
    with bridge.database.read() as conn:
        linked = links.by_refs(conn, refs)
        mark = journeys.newest(conn) if bridge.agreement else None
    refs = [ref for ref in refs if (ref.side, ref.object) in bridge.views and is_mapped(bridge, linked.get(ref))]
    linked = {ref: linked[ref] for ref in refs if ref in linked}
    readings = read_refs(bridge, {*refs, *(ref for link in linked.values() for ref in (link.hubspot, link.salesforce))})
    readings.update(read_refs(bridge, survivors(bridge, readings)))
    linked.update(_linked_aliases(bridge, readings, linked))
    found = heirs_first(bridge, {link.id: link for link in linked.values()}, readings)
    heirs = {reading.moved_to for link in found for reading in _ends(link, readings) if reading.moved_to}
    spoken_for = {*linked, *heirs}  # who takes a linked record's place is looked at again once it has
    loose = [readings[ref] for ref in dict.fromkeys(refs) if ref not in spoken_for and readings[ref].present]
    decisions = decisions_for(bridge, {*readings})
    decisions = suppose(decisions) if suppose else decisions
    cases = [linked_case(bridge, link, readings, decisions) for link in found]
    candidates = find_candidates(bridge, loose)
    late = [one.ref for one in loose if one.ref in candidates.taken]  # linked by somebody else while we asked
    cases += loose_cases(bridge, [one for one in loose if one.ref not in candidates.taken], candidates, decisions)
    cases += cases_of(bridge, late, suppose) if late else []
    cases += [_gone(bridge, readings[ref]) for ref in dict.fromkeys(refs) if _vanished(ref, linked, readings)]
    return steered(bridge, with_history(bridge, cases), mark)


def _ends(link: Link, readings: Mapping[Ref, Reading]) -> list[Reading]:
    return [readings[ref] for ref in (link.hubspot, link.salesforce) if ref in readings]


def _vanished(ref: Ref, linked: Mapping[Ref, Link], readings: Mapping[Ref, Reading]) -> bool:
    return ref not in linked and not readings[ref].present


def _gone(bridge: Bridge, reading: Reading) -> Case:
    """The case of a record that is not there and has no link: nothing to do, but what was asked about it is settled."""
    return _planned(bridge.mapping.pairs_of(reading.ref.side, reading.ref.object)[0], _subject(reading, None, "", NONE))


def read_refs(bridge: Bridge, refs: Iterable[Ref]) -> dict[Ref, Reading]:
    """Fresh readings of any mix of refs; both sides at the same time."""
    wanted: dict[tuple[Side, str], list[str]] = {}
    for ref in sorted(set(refs)):
        wanted.setdefault((ref.side, ref.object), []).append(ref.id)

    def read(side: Side) -> list[Reading]:
        asked = [(bridge.views[side, obj], ids) for (owner, obj), ids in wanted.items() if owner is side]
        return bridge.crms[side].read_many(asked)

    return {reading.ref: reading for readings in bridge.together(read).values() for reading in readings}


def linked_case(bridge: Bridge, link: Link, readings: Mapping[Ref, Reading], decisions: Decisions) -> Case:
    """The case of an existing link."""
    case = plan_link(
        bridge,
        link,
        readings.get(link.hubspot) or Reading(link.hubspot, Presence.MISSING),
        readings.get(link.salesforce) or Reading(link.salesforce, Presence.MISSING),
        decisions,
    )
    case.unsaid = unsaid(bridge, link, readings)
    return case


def plan_link(bridge: Bridge, link: Link, hubspot: Reading, salesforce: Reading, decisions: Decisions) -> Case:
    """Plan one link from its two readings."""
    pair = pair_of(bridge, link.hubspot, link.salesforce)
    refs = (link.hubspot, link.salesforce)
    subject = Subject(
        hubspot=hubspot,
        salesforce=salesforce,
        memory=link.memory,
        parked=decisions.parked_for(refs),
        settled=decisions.settled_for(pair, hubspot, salesforce),
    )
    # erased: a person kept apart is forgotten, too; not where an undo archived one, whom HubSpot purges some day
    if link.stopped and hubspot.presence is Presence.MISSING and link.memory.base:
        erased = Unlink(link.hubspot, link.salesforce, f"{link.hubspot} is gone for good")
        return Case(pair, subject, Plan(pair.name, hubspot, salesforce, (erased,)), link)
    if link.stopped:
        return Case(pair, subject, Plan(pair.name, hubspot, salesforce, note="stopped by a person"), link)
    return Case(pair, subject, plan(pair, subject), link)


def pair_of(bridge: Bridge, hubspot: Ref, salesforce: Ref) -> Pair:
    """The pair two refs belong to.

    Raises:
        KeyError: when the mapping holds no such pair.
    """
    for pair in bridge.mapping.pairs:
        if pair.hubspot == hubspot.object and pair.salesforce == salesforce.object:
            return pair
    raise KeyError(f"no mapping for {hubspot.object} with {salesforce.object}")


def is_mapped(bridge: Bridge, link: Link | None) -> bool:
    """Whether a link may be worked on; a pair may have left the mapping, or a Lead become what is not mapped."""
    if link is None:
        return True
    objects = link.hubspot.object, link.salesforce.object
    return any((pair.hubspot, pair.salesforce) == objects for pair in bridge.mapping.pairs)


def loose_cases(
    bridge: Bridge, readings: Sequence[Reading], candidates: Candidates, decisions: Decisions
) -> list[Case]:
    """The cases of records without a link; two loose records that find each other make one case."""
    cases: list[Case] = []
    met: set[Ref] = set()
    for reading in readings:
        if reading.ref in met:
            continue
        case = loose_case(bridge, reading, candidates, decisions)
        if any(ref in met for ref in case.refs):
            case = _rivalry(case, "another record of the same pass matched the same counterpart")
        met.update(case.refs)
        cases.append(case)
    return _with_made(bridge, cases)


def _with_made(bridge: Bridge, cases: list[Case]) -> list[Case]:
    """Plan by what was sent where another worker is just making one of two that meet: it is nobody's edit."""
    meeting = [
        (case, (case.pair, case.subject.hubspot, case.subject.salesforce))
        for case in cases
        if case.subject.hubspot and case.subject.salesforce
    ]
    if not meeting:
        return cases
    with bridge.database.read() as conn:
        made = agreed_on(conn, [two for _, two in meeting])
    again = {
        id(case): _planned(case.pair, replace(case.subject, made=memory))
        for (case, _), memory in zip(meeting, made, strict=True)
        if memory is not None
    }
    return [again.get(id(case), case) for case in cases]


def loose_case(bridge: Bridge, reading: Reading, candidates: Candidates, decisions: Decisions) -> Case:
    """The case of one record without a link: meet its counterpart, ask a person, create, or leave it."""
    pairs = bridge.mapping.pairs_of(reading.ref.side, reading.ref.object)
    if reading.ref in candidates.unasked:
        return _ambiguous(pairs[0], reading, (), f"nobody knows its counterpart: {candidates.unasked[reading.ref]}")
    near = candidates.around(pairs, reading)
    matches = [(pair, match(pair, reading, list(near.free.values()))) for pair in pairs] if near.free else []
    found = [(pair, result) for pair, result in matches if isinstance(result, Matched)]
    certain = [(pair, result) for pair, result in found if result.by == "cross id"]
    found = certain or found
    doubts = [result for _, result in matches if isinstance(result, Ambiguous)] if not certain else []
    if len(found) == 1 and not doubts:
        pair, result = found[0]
        return _planned(pair, _subject(reading, result.reading, result.by, decisions))
    rivals = [ref for doubt in doubts for ref in doubt.refs] + [result.reading.ref for _, result in found]
    rivals = [ref for ref in rivals if ref != reading.ref]
    reason = "; ".join(dict.fromkeys(doubt.reason for doubt in doubts)) or "several records match"
    if not rivals and candidates.linked_meanwhile(near, reading):
        subject = replace(_subject(reading, None, "", decisions), barred="another worker has linked it meanwhile")
        return _planned(pairs[0], subject)
    if not rivals:
        rivals, reason = candidates.claimed_elsewhere(near)
    if rivals:
        return _ambiguous(pairs[0], reading, tuple(dict.fromkeys(rivals)), reason)
    return _alone(pairs, _subject(reading, None, "", decisions))


def _alone(pairs: Sequence[Pair], subject: Subject) -> Case:
    """Nobody on the other side: the first pair that wants to create does; else the first says why not.

    Where a record carries an id of one pair's object, the others have no say: to them it would be a wrong one.
    """
    reading = subject.hubspot or subject.salesforce
    assert reading is not None
    pairs = [pair for pair in pairs if fits(pair, reading)] or pairs
    first = _planned(pairs[0], subject)
    if first.plan.steps:
        return first
    rest = (_planned(pair, subject) for pair in pairs[1:])
    return next((case for case in rest if case.plan.steps), first)


def _planned(pair: Pair, subject: Subject) -> Case:
    return Case(pair, subject, plan(pair, subject), None)


def _subject(reading: Reading, other: Reading | None, by: str, decisions: Decisions) -> Subject:
    refs = (reading.ref, other.ref) if other else (reading.ref,)
    here = reading.ref.side is Side.HUBSPOT
    return Subject(
        hubspot=reading if here else other,
        salesforce=other if here else reading,
        memory=None,
        by=by,
        parked=decisions.parked_for(refs),
    )


def _ambiguous(pair: Pair, reading: Reading, rivals: tuple[Ref, ...], reason: str) -> Case:
    issue = Issue(
        IssueKind.AMBIGUOUS,
        (reading.ref, *rivals),
        reason=reason,
        hint=f"decide with: smarketing link {reading.ref} REF, or merge the duplicates in the CRM that holds them",
    )
    subject = replace(_subject(reading, None, "", NONE), issue=issue)
    return Case(pair, subject, plan(pair, subject), None)


def _rivalry(case: Case, reason: str) -> Case:
    reading = case.subject.hubspot or case.subject.salesforce
    assert reading is not None
    return _ambiguous(case.pair, reading, tuple(ref for ref in case.refs if ref != reading.ref), reason)


def _linked_aliases(bridge: Bridge, readings: dict[Ref, Reading], linked: Mapping[Ref, Link]) -> dict[Ref, Link]:
    """Links of records that were merged into one of these; their readings are added as moved."""
    aliases = {
        Ref(reading.ref.side, reading.ref.object, alias): reading.ref
        for reading in readings.values()
        for alias in reading.aliases
    }
    if not aliases:
        return {}
    with bridge.database.read() as conn:
        found = links.by_refs(conn, list(aliases))
    extra = {alias: link for alias, link in found.items() if alias not in linked}
    for alias in extra:
        readings[alias] = Reading(alias, Presence.MOVED, moved_to=aliases[alias])
    missing = [ref for link in extra.values() for ref in (link.hubspot, link.salesforce) if ref not in readings]
    readings.update(read_refs(bridge, missing))
    return {**extra, **{aliases[alias]: link for alias, link in extra.items() if aliases[alias] not in linked}}


def with_history(bridge: Bridge, cases: list[Case]) -> list[Case]:
    """Plan again, with exact times, the cases whose conflict hangs on when HubSpot's field was edited.

    Where the contact that was about to meet somebody is gone by now, the other is looked at anew, on its own.
    """
    cases = heard(bridge, cases)
    asking = {case.subject.hubspot.ref: case for case in cases if case.plan.wants_history and case.subject.hubspot}
    if not asking:
        return cases
    again: dict[int, Case] = {}
    left: list[Ref] = []
    for obj in sorted({ref.object for ref in asking}):
        ids = [ref.id for ref in asking if ref.object == obj]
        names = sorted({name for ref in asking if ref.object == obj for name in asking[ref].plan.wants_history})
        for reading in bridge.crms[Side.HUBSPOT].read(bridge.views[Side.HUBSPOT, obj], ids, history=names):
            case = asking[reading.ref]
            if case.link is None and not reading.present:
                again[id(case)] = _gone(bridge, reading)
                left.append(case.origin(Side.HUBSPOT))
            else:
                subject = replace(case.subject, hubspot=reading)
                again[id(case)] = Case(case.pair, subject, plan(case.pair, subject), case.link)
    return [again.get(id(case), case) for case in cases] + (cases_of(bridge, left) if left else [])
