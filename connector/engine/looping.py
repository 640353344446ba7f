"""The loop breaker: before a plan is carried out, changes that go round without end are taken out of it and shown.

Comes in: cases about to be applied. Whoever writes a field again that was written before costs one look into the story;
only where a write answers somebody's change of it (`core.looping.answered`) are the sides asked who that was, one call
each. What is counted is stored with the story of the write it counts. A parked field works again after `unpark`, once
another value comes from a person, or when the window has passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from connector.core.comparison import differ
from connector.core.creation import ANY
from connector.core.looping import (
    LOOP,
    OVERRULED,
    Answer,
    Author,
    Hand,
    Rewrite,
    Written,
    answered,
    judge,
    parked,
    provoked_on,
    since_a_person,
)
from connector.core.plan import Change, IssueKind, Link, Plan, Raise, Step, Update
from connector.core.planning import plan
from connector.core.refs import Ref, Side
from connector.core.values import Kind
from connector.engine.authors import Doubt, authors
from connector.engine.bridge import Bridge
from connector.engine.case import Case
from connector.engine.job import Job
from connector.storage import dirty, issues, rewrites
from connector.storage.issues import StoredIssue
from connector.storage.rewrites import Kept, Key

_PORTION = 1_000
_CODES = (LOOP, OVERRULED)


@dataclass(frozen=True, slots=True)
class _Found:
    """A planned change that answers an earlier write, and when we last wrote to either record before."""

    case: Case
    change: Change
    earlier: Written
    last: Written

    @property
    def key(self) -> Key:
        """Record and field."""
        return _ref(self.case, self.change.side), self.change.field

    @property
    def asks(self) -> Doubt | None:
        """Whose change it answers: the field to ask about; None where a person told the bridge."""
        side = provoked_on(self.change)
        if side is None:
            return None
        if side is self.change.side:
            return Doubt(*self.key, self.last.at)
        rule = next((rule for rule in self.case.pair.rules if rule.name == self.change.rule), None)
        name = rule.field_on(side) if rule else self.change.field
        return Doubt(_ref(self.case, side), name, self.last.at)


def heed(bridge: Bridge, cases: Iterable[Case]) -> list[Case]:
    """The same cases, their plans without what would go round once too often; what is to be counted is in `answers`."""
    cases = list(cases)
    found = _found(bridge, [case for case in cases if _writes_again(case)])
    if not found:
        return cases
    with bridge.database.read() as conn:
        keys = {key for one in found for key in (one.key, _counterpart(one.case, one.change)) if key}
        kept = rewrites.of(conn, keys)
    asked = authors(bridge, {one.asks for one in found if one.asks})
    now = bridge.clock.now()
    for one in found:
        by = asked[one.asks] if one.asks else Author(Hand.PERSON, "a person, by a decision")
        _judge(bridge, one, kept, Rewrite(now, one.change.before, one.change.after, by))
    return cases


def count(conn: Connection, jobs: Iterable[Job], now: datetime) -> None:
    """Store what was written again, and what is parked for it; in the transaction that tells of the writes."""
    rows: dict[Key, Kept] = {}
    for job in jobs:
        for answer in job.case.answers:
            if answer.parked or answer.change in job.written:
                rows[answer.key] = Kept(answer.rounds, answer.parked)
                if answer.counterpart:
                    rows[answer.counterpart] = Kept(())
    if rows:
        rewrites.put(conn, rows, now)


def begin_anew(conn: Connection, stored: Iterable[StoredIssue], now: datetime) -> None:
    """Count from nothing again: a person has let these parked fields be tried."""
    loops = [one.issue for one in stored if one.issue.code in _CODES]
    rewrites.put(conn, {(issue.refs[0], issue.field): Kept(()) for issue in loops}, now)


def let_go(bridge: Bridge) -> int:
    """Forget what is older than the window; fields parked since then are tried again. How many those are.

    Costs one look at the beginning of an index while there is nothing to do.
    """
    freed = 0
    while True:
        now = bridge.clock.now()
        with bridge.database.read() as conn:
            old = rewrites.old(conn, now - bridge.loops.within, _PORTION)
        if not old:
            return freed
        with bridge.database.begin() as conn:
            parked_ones = [key for key, kept in old.items() if kept.parked]
            freed += _free(conn, parked_ones, now)
            rewrites.drop(conn, old)
            dirty.mark(conn, {ref for ref, _ in parked_ones}, now, reason="a parked field may be tried again")


def next_free(bridge: Bridge) -> datetime | None:
    """When `let_go` has something to do next; None when nothing is kept."""
    with bridge.database.read() as conn:
        oldest = rewrites.oldest(conn)
    return None if oldest is None else oldest + bridge.loops.within + timedelta(seconds=1)


def heard(bridge: Bridge, cases: list[Case]) -> list[Case]:
    """Let those parked fields be written for which a person has given another value since they were parked."""
    waiting = [ref for case in cases if _goes_round(case) for ref in case.refs]
    if not waiting:
        return cases
    with bridge.database.read() as conn:
        shown = issues.open_issues(conn, kinds=[IssueKind.PARKED], refs=waiting, limit=10_000)
    loops = {(one.issue.refs[0], one.issue.field): one for one in shown if one.issue.code == LOOP}
    return [_freed(bridge, case, loops) if _goes_round(case) else case for case in cases]


def _goes_round(case: Case) -> bool:
    """Whether a field of a case is parked whatever it should say."""
    stopped = case.link is not None and case.link.stopped
    return not stopped and any(value == ANY for _, _, value in case.subject.parked)


def _writes_again(case: Case) -> bool:
    """Whether a plan writes into a record that was there, and does not only meet it."""
    steps = case.plan.steps
    return any(isinstance(step, Update) for step in steps) and not any(isinstance(step, Link) for step in steps)


def _found(bridge: Bridge, cases: Sequence[Case]) -> list[_Found]:
    if not cases:
        return []
    needs = {case.refs[0]: {_needs(change) for change in _changes(case.plan)} for case in cases}
    with bridge.database.read() as conn:
        since = bridge.clock.now() - bridge.loops.within
        for side in Side:  # what was not written there answers nothing: the other side need not be looked up
            asked = [ref for ref, each in needs.items() if any(side in sides for sides in each)]
            without = set(asked) - rewrites.written_on(conn, side, asked, since) if asked else set()
            for ref in without:
                needs[ref] = {sides for sides in needs[ref] if side not in sides}
        told = rewrites.told(conn, [ref for ref, each in needs.items() if each], since)
    found: list[_Found] = []
    for case in cases if told else ():
        story = told.get(case.refs[0])
        for change in _changes(case.plan) if story else ():
            kinds = bridge.views[change.side, _ref(case, change.side).object].fields
            differs = partial(differ, kinds.get(change.field, Kind.TEXT))
            earlier = answered(change, story or (), differs)
            if earlier:
                side = provoked_on(change) or change.side
                last = max((one for one in story or () if one.side is side), key=_at, default=earlier)
                found.append(_Found(case, change, earlier, last))
    return found


def _needs(change: Change) -> frozenset[Side]:
    """The sides that we must have written before, for a change to be an answer."""
    return frozenset((change.side, provoked_on(change) or change.side.other))


def _at(one: Written) -> datetime:
    return one.at


def _judge(bridge: Bridge, one: _Found, kept: Mapping[Key, Kept], planned: Rewrite) -> None:
    """Count one answer, or take it out of the plan."""
    first = Rewrite(one.earlier.at, one.earlier.before, one.earlier.after)
    before = kept[one.key].rounds if one.key in kept else (first,)
    history = [each for each in (*before, planned) if planned.at - each.at < bridge.loops.within]
    case, change = one.case, one.change
    loop, elsewhere = judge(history, planned.at, bridge.loops), _counterpart(case, change)
    if loop:
        loop = replace(loop, elsewhere=kept[elsewhere].rounds if elsewhere and elsewhere in kept else ())
        refs = tuple(sorted(case.refs, key=lambda ref: ref.side is not change.side))
        case.plan = without(case.plan, change, Raise(parked(loop, change, refs)))
    anew = elsewhere if planned.by.hand is Hand.PERSON else None
    case.answers = (*case.answers, Answer(change, one.key, since_a_person(history), anew, parked=bool(loop)))


def without(plan: Plan, change: Change, shown: Raise) -> Plan:
    """A plan that leaves one change out and shows why."""
    steps: list[Step] = []
    for step in plan.steps:
        if isinstance(step, Update) and change in step.changes:
            left = tuple(one for one in step.changes if one != change)
            steps += [Update(step.ref, left)] if left else []
        else:
            steps.append(step)
    return replace(plan, steps=(*steps, shown), parked=(*plan.parked, change.rule))


def _counterpart(case: Case, change: Change) -> Key | None:
    """The same rule's field on the other side, where there is such a record."""
    rule = next((rule for rule in case.pair.rules if rule.name == change.rule), None)
    other = next((ref for ref in case.refs if ref.side is not change.side), None)
    return (other, rule.field_on(other.side)) if rule and other else None


def _free(conn: Connection, keys: Sequence[Key], now: datetime) -> int:
    """Close the issues of parked fields; how many there were."""
    refs = [ref for ref, _ in keys]
    shown = issues.open_issues(conn, kinds=[IssueKind.PARKED], refs=refs, limit=10_000) if refs else []
    over = [one.id for one in shown if one.issue.code in _CODES and (one.issue.refs[0], one.issue.field) in set(keys)]
    return issues.close(conn, over, now, "the window of the loop breaker has passed")


def _freed(bridge: Bridge, case: Case, loops: Mapping[Key, StoredIssue]) -> Case:
    """The case planned with those fields that a person has given another value since they were parked."""
    for side, name, value in case.subject.parked:
        ref = next((ref for ref in case.refs if ref.side is side), None)
        stored = loops.get((ref, name)) if ref and value == ANY else None
        if stored:
            subject = replace(case.subject, parked=case.subject.parked - {(side, name, ANY)})
            anew = plan(case.pair, subject)
            change = next((one for one in _changes(anew) if (one.side, one.field) == (side, name)), None)
            if change and _spoken_since(bridge, case, change, stored):
                case = replace(case, subject=subject, plan=anew)
    return case


def _spoken_since(bridge: Bridge, case: Case, change: Change, stored: StoredIssue) -> bool:
    """Whether a person has given a field another value, on either side, since it was parked."""
    doubts = []
    if change.before != stored.issue.other_value:
        doubts.append(Doubt(_ref(case, change.side), change.field))
    elsewhere = _counterpart(case, change)
    if change.after != stored.issue.value and elsewhere:
        doubts.append(Doubt(*elsewhere))
    found = authors(bridge, doubts).values() if doubts else ()
    return any(by.hand is Hand.PERSON and by.at is not None and by.at > stored.opened_at for by in found)


def _changes(plan: Plan) -> Iterator[Change]:
    for step in plan.steps:
        if isinstance(step, Update):
            yield from step.changes


def _ref(case: Case, side: Side) -> Ref:
    return next(ref for ref in case.refs if ref.side is side)
