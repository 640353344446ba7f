"""What the reading copy says of one person: where they stand, every stay in a stage, every promise, every handoff.

All of it follows from their journey and from the cycles as they were judged; nobody decides by it. Rows are plain
tuples, for a first sync makes one for everybody it meets. What changes by the mere passing of time stays out (an open
clock's lateness), so that rows differ only where something has happened or a clock has turned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from connector.core.definition import Definition
from connector.core.facts import outcomes
from connector.core.handed import handoffs, source_of
from connector.core.journey import Entry, Ruled, Seen, Told
from connector.core.policy import Book
from connector.core.refs import Side
from connector.core.sla import Cycle, State
from connector.core.steered import Agreement
from connector.core.values import Value
from connector.core.verdicts import Cycles, followed, owes_answer, pressing
from connector.core.walking import MOMENTARY, Course, walk

HISTORY, START = "history", "start"  # kinds of a stay that no move began: so before the lifecycle, or seen there first
NAME_CHARS, WORD_CHARS = 120, 200  # the longest that is copied; the records keep the whole
_TOLD = frozenset({Seen, Told})
_NAMES: Mapping[Side, tuple[str, str, str, str]] = {  # first name, last name, e-mail, company: standard fields
    Side.HUBSPOT: ("firstname", "lastname", "email", "company"),
    Side.SALESFORCE: ("FirstName", "LastName", "Email", "Company"),
}
_WHOLE_NAME = "Name"  # of Salesforce


class Card(NamedTuple):
    """Who somebody is, as their records say."""

    name: str = ""
    email: str = ""
    company: str = ""


class Stand(NamedTuple):
    """Where somebody stands; "" and None for nowhere, nobody, nothing.

    answer: sales' last word, as `handed.STATUSES` has it; clock, due_at: of the open clock that presses most.
    """

    stage: str = ""
    band: str = ""
    since: datetime | None = None
    persona: str = ""
    source: str = ""
    owner: str = ""
    answer: str = ""
    clock: str = ""
    due_at: datetime | None = None


class PassRow(NamedTuple):
    """A stay in a stage.

    Attributes:
        persona, source: of the person as they came.
        kind: of the move that brought them (`lifecycle.Kind`), HISTORY or START.
        onward: whether they have come to the next stage of the path or further since; of who stood beside it: back.
    """

    stage: str
    entered_at: datetime
    left_at: datetime | None
    left_to: str
    persona: str
    source: str
    evidence: str
    kind: str
    onward: bool


class CycleRow(NamedTuple):
    """A cycle of a clock.

    Attributes:
        number: among the cycles of its policy.
        team: whose commitment it is; "" where the book has forgotten the policy.
        persona, source, stage: of the person as it began.
        due_at: the deadline; of one that ended in time the deadline it had then; None while paused.
        late_s: business seconds after the deadline, once it has ended; None before, 0 in time.
    """

    policy: str
    number: int
    state: str
    owner: str
    team: str
    persona: str
    source: str
    stage: str
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    late_s: int | None


class HandoffRow(NamedTuple):
    """A handoff, and what came of it.

    outcome: what it counts as: accepted, rejected (counts against marketing), expired; "" for nothing (yet).
    """

    at: datetime
    owner: str
    persona: str
    source: str
    campaign: str
    answer: str
    reason: str
    reason_class: str
    answered_at: datetime | None
    outcome: str


class Rows(NamedTuple):
    """All that the reading copy says of one person but who they are, each sort in the order of its time."""

    stand: Stand = Stand()
    passes: tuple[PassRow, ...] = ()
    cycles: tuple[CycleRow, ...] = ()
    handoffs: tuple[HandoffRow, ...] = ()


class _Who(NamedTuple):
    """Who somebody was from a moment on."""

    at: datetime
    stage: str
    persona: str
    source: str


def card(hubspot: Mapping[str, Value] | None, salesforce: Mapping[str, Value] | None) -> Card:
    """Who somebody is, by the values of their records; what HubSpot leaves open Salesforce says."""
    name, email, company = _said(Side.HUBSPOT, hubspot) if hubspot else ("", "", "")
    if salesforce and not (name and email and company):
        other = _said(Side.SALESFORCE, salesforce)
        name, email, company = name or other[0], email or other[1], company or other[2]
    return Card(name[:NAME_CHARS], email[:WORD_CHARS], company[:WORD_CHARS])


def _said(side: Side, values: Mapping[str, Value]) -> tuple[str, str, str]:
    given, family, email, company = _NAMES[side]
    first, last = values.get(given), values.get(family)
    name = f"{first} {last}" if first and last else first or last or values.get(_WHOLE_NAME) or ""
    return name, values.get(email) or "", values.get(company) or ""


def shelved(agreement: Agreement, journey: Sequence[Entry], cycles: Cycles) -> Rows:
    """What the reading copy says of a person.

    Args:
        agreement: in force now.
        journey: the entries of all records the person has and had, in order (`course.in_order`).
        cycles: by policy, as they stand now, oldest first.
    """
    definition = agreement.definition
    course, came, who = _walked(definition, journey)
    given = _handoffs(agreement, journey, cycles) if course.handoffs else ()
    return Rows(
        _stand(course, who, given, cycles),
        _passes(definition, course, came),
        tuple(_cycles(agreement.book, cycles, who)) if cycles else (),
        given,
    )


def _walked(definition: Definition, journey: Iterable[Entry]) -> tuple[Course, list[_Who], list[_Who]]:
    """The course; who the person was as each stay began, and at each change."""
    course, source = Course(definition), ""
    situation, made, take = course.situation, course.made, course.take
    came: list[_Who] = []
    who: list[_Who] = []
    stage = persona = told = ""
    for entry in journey:
        take(entry)
        sort = type(entry.what)
        if sort in MOMENTARY:
            course.rest()
        elif sort in _TOLD:
            source = source_of(definition, situation)
        came_now = len(made) > len(came)
        if came_now or situation.stage != stage or situation.persona != persona or source != told or not who:
            stage, persona, told = situation.stage, situation.persona, source
            who.append(_Who(entry.at, stage, persona, told))
        if came_now:
            came.append(who[-1])
    return course, came, who


def _stand(course: Course, who: Sequence[_Who], given: Sequence[HandoffRow], cycles: Cycles) -> Stand:
    situation, stay = course.situation, course.stay
    clock = pressing(cycles) if cycles else None
    runs = clock is not None and clock.ended_at is None
    return Stand(
        situation.stage,
        situation.band,
        stay[0].at if stay else None,
        situation.persona,
        who[-1].source if who else "",
        situation.owner,
        given[-1].answer if given else "",
        clock.state.value if clock and runs else "",
        clock.due_at if clock and runs else None,
    )


def _passes(definition: Definition, course: Course, came: Sequence[_Who]) -> tuple[PassRow, ...]:
    ranks, found = definition.ranks, list[PassRow]()
    furthest, left_at, left_to = 0, None, ""  # from the last stay backward: what came after
    for (entry, ruled, _), one in zip(reversed(course.made), reversed(came), strict=True):
        rank = ranks.get(ruled.stage, 0)
        onward = furthest > rank
        told = (ruled.stage, entry.at, left_at, left_to, one.persona, one.source, ruled.evidence)
        found.append(PassRow(*told, _kind(ruled), onward))
        furthest, left_at, left_to = max(furthest, rank), entry.at, ruled.stage
    return tuple(reversed(found))


def _kind(ruled: Ruled) -> str:
    if ruled.first:
        return HISTORY
    return ruled.kind.value if ruled.kind else START


def _cycles(book: Book, cycles: Cycles, who: Sequence[_Who]) -> Iterable[CycleRow]:
    for policy, those in cycles.items():
        for number, cycle in enumerate(those):
            one = _at(who, cycle.started_at)
            agreed = followed(book, cycle)
            yield CycleRow(
                policy,
                number,
                cycle.state.value,
                cycle.owner,
                agreed.team if agreed else "",
                one.persona,
                one.source,
                one.stage,
                cycle.started_at,
                _due(cycle),
                cycle.ended_at,
                int(cycle.lateness.total_seconds()) if cycle.ended_at else None,
            )


def _at(who: Sequence[_Who], moment: datetime) -> _Who:
    """Who somebody was at a moment; a clock starts with an entry, so there is one."""
    return next((one for one in reversed(who) if one.at <= moment), who[0])


def _due(cycle: Cycle) -> datetime | None:
    """The deadline; of a cycle that ended before it, the one that it had then."""
    if cycle.due_at is None and cycle.ended_at is not None and cycle.state is not State.BREACHED:
        return cycle.terms.time.add(cycle.ended_at, cycle.remaining)
    return cycle.due_at


def _handoffs(agreement: Agreement, journey: Sequence[Entry], cycles: Cycles) -> tuple[HandoffRow, ...]:
    definition = agreement.definition
    owed = [one for those in cycles.values() for one in those if owes_answer(agreement.book, one)]
    counted = outcomes(definition, walk(definition, journey), owed)
    return tuple(
        HandoffRow(
            one.at,
            one.owner,
            one.persona,
            one.source,
            one.campaign,
            one.status,
            one.reason,
            one.group,
            one.answered_at,
            counted[one.at].value if one.at in counted else "",
        )
        for one in handoffs(definition, (), journey)
    )
