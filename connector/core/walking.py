"""A course: one journey being walked, entry by entry, and all that has come of it so far.

It decides nothing. What was ruled counts as it was ruled, whatever the definition says today; only where two journeys
became one (a merge) a move that was decided without knowing of the other counts if it leads further. The situation it
moves on is one object for the whole walk: millions are walked for the clocks.

What somebody did is told again under the record that a person goes on as (a Task moves from the Lead to the Contact),
under the same key: it was done once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from connector.core.definition import Definition
from connector.core.journey import Answered, Asked, Dealt, Entry, Fired, Handed, Named, Ruled, Seen, Told, Touched
from connector.core.lifecycle import ENDS, Kind, Pass, Refusal, Sighting, Standing, Stay
from connector.core.personas import persona_of
from connector.core.refs import Ref, Side
from connector.core.situation import Situation
from connector.core.values import Value

OWNER = "OwnerId"  # whose record it is (Salesforce fact sheet 3.2)


class Course:
    """What has come of a journey so far.

    Attributes:
        situation: as it stands; its momentary parts are of the entry taken last.
        made: the rulings that moved the person, in order, each with the stage they left ("" for none).
        began_at: when the pass that lasts began; None before there is one.
        refused: the rulings that did not, each with the stage that stood ("" for none).
        rulings: how many there were in all, moved or not.
        handoffs: every `Handed`, in order.
        answer: the latest complete answer since the last handoff.
        asked, asked_at: what is asked for since then; when anything last was.
        answers: how many there were in all.
        to_hand: they have entered their stage since anybody was last handed them.
        owner_seen: Salesforce has told an owner since the last handoff, one that may be one.
        fired: keys of all effects.
        done: side and key of what was done (touches, deals): told again, of another record, it is no news.
    """

    __slots__ = (
        "answer",
        "answers",
        "asked",
        "asked_at",
        "asks",
        "began_at",
        "definition",
        "done",
        "fired",
        "handoffs",
        "known",
        "made",
        "named",
        "names",
        "owner_seen",
        "refs",
        "refused",
        "rulings",
        "situation",
        "to_hand",
        "touches",
    )

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.situation = Situation()
        self.known: dict[Ref, dict[str, Value]] = {}
        self.refs: dict[Side, Ref] = {}
        self.made: list[tuple[Entry, Ruled, str]] = []
        self.refused: list[tuple[Entry, Ruled, str]] = []
        self.began_at: datetime | None = None
        self.rulings = self.names = self.answers = self.asks = 0
        self.handoffs: list[Entry] = []
        self.answer: Entry | None = None
        self.asked: Asked | None = None
        self.asked_at: datetime | None = None
        self.named: str | None = None
        self.to_hand = self.owner_seen = False
        self.fired: set[str] = set()
        self.touches: list[tuple[datetime, Touched]] = []
        self.done: set[tuple[Side, str]] = set()

    def take(self, entry: Entry) -> None:
        """Move on by one entry; it must not be older than the last one."""
        _TAKING[type(entry.what)](self, entry, entry.what)

    def rest(self) -> None:
        """The moment of the last entry is over."""
        situation = self.situation
        situation.touch = situation.answer = situation.deal = None

    @property
    def stay(self) -> tuple[Entry, Ruled, str] | None:
        """The ruling by which they came to where they stand."""
        return self.made[-1] if self.made else None

    def standing(self) -> Standing:
        """Where they stand, and how they came there."""
        passes: list[Pass] = []
        for entry, ruled, start in self.made:
            stay = Stay(ruled.stage, sighting(entry, ruled))
            if not start or ruled.kind is Kind.RE_ENTER or passes[-1].ended:
                passes[-1:] = [*_left(passes[-1:], entry.at), Pass((stay,))]
            else:
                (last,) = _left(passes[-1:], entry.at)
                passes[-1] = Pass((*last.stays, stay), ruled.kind if ruled.kind in ENDS else None)
        refused = (
            Refusal(sighting(entry, ruled), start or None, ruled.refused) for entry, ruled, start in self.refused
        )
        return Standing(tuple(passes), tuple(refused))


def _fields_of(course: Course, ref: Ref) -> dict[str, Value]:
    """The fields of a record, which from now on is the person's on its side."""
    fields = course.known.get(ref)
    if fields is None:
        fields = course.known[ref] = {}
    side = ref.side
    if course.situation.fields.get(side) is not fields:
        course.situation.fields[side] = fields
        course.situation.object[side] = ref.object
        course.refs[side] = ref
    return fields


def _seen(course: Course, entry: Entry, what: Seen | Told) -> None:
    ref, told = entry.ref, what.fields
    _fields_of(course, ref).update(told)
    if OWNER in told and ref.side is Side.SALESFORCE:
        owner = course.situation.owner = told[OWNER] or ""
        handoff = course.definition.handoff
        chosen = type(what) is Seen and (handoff is None or owner not in handoff.never)
        course.owner_seen = course.owner_seen or chosen
    if course.named is None and not course.definition.persona_fields[ref.side].isdisjoint(told):
        course.situation.persona = persona_of(course.definition.personas, course.situation)


def _is_news(course: Course, entry: Entry) -> bool:
    """Whether what was done was not told before, of a record the person had then."""
    act = (entry.ref.side, entry.key)
    if act in course.done:
        return False
    if entry.key:
        course.done.add(act)
    return True


def _touched(course: Course, entry: Entry, what: Touched) -> None:
    if not _is_news(course, entry):
        return
    course.situation.touch = what
    course.touches.append((entry.at, what))


def _dealt(course: Course, entry: Entry, what: Dealt) -> None:
    if _is_news(course, entry):
        course.situation.deal = what


def _ruled(course: Course, entry: Entry, what: Ruled) -> None:
    course.rulings += 1
    situation = course.situation
    if what.refused:
        course.refused.append((entry, what, situation.stage))
    elif what.stage != situation.stage and _leads_on(course, what):
        if not situation.stage or what.kind is Kind.RE_ENTER or course.made[-1][1].kind in ENDS:
            course.began_at = entry.at
            course.answer = course.asked = None
        course.made.append((entry, what, situation.stage))
        course.to_hand = not what.first
        situation.loops += what.kind is Kind.RECYCLE
        situation.stage = what.stage
        situation.band = course.definition.bands.get(what.stage, "")


def _leads_on(course: Course, what: Ruled) -> bool:
    """Whether it counts: decided from where they stand or, of two journeys that became one, leading further."""
    if what.start is None or what.start == course.situation.stage:
        return True
    ranks = course.definition.ranks
    return ranks.get(what.stage, 0) > ranks.get(course.situation.stage, 0)


def _answered(course: Course, entry: Entry, what: Answered) -> None:
    course.situation.answer = what
    course.answer, course.asked = entry, None
    course.answers += 1


def _asked(course: Course, entry: Entry, what: Asked) -> None:
    course.asked, course.asked_at = what if what.missing else None, entry.at
    course.asks += 1


def _handed(course: Course, entry: Entry, what: Handed) -> None:
    course.handoffs.append(entry)
    course.situation.owner, course.situation.handed_at = what.owner, entry.at
    course.to_hand = course.owner_seen = False
    if not what.policy:
        course.answer = course.asked = None


def _named(course: Course, _: Entry, what: Named) -> None:
    course.names += 1
    course.named = what.persona or None
    course.situation.persona = what.persona or persona_of(course.definition.personas, course.situation)


def _fired(course: Course, _: Entry, what: Fired) -> None:
    course.fired.add(what.effect)


_TAKING: dict[type, Callable[[Course, Entry, Any], None]] = {
    Seen: _seen,
    Told: _seen,
    Touched: _touched,
    Dealt: _dealt,
    Ruled: _ruled,
    Answered: _answered,
    Asked: _asked,
    Handed: _handed,
    Named: _named,
    Fired: _fired,
}
MOMENTARY = frozenset({Touched, Dealt, Answered})  # what is so at its moment only
_LAST = 1 << 62
_TIMES = attrgetter("at", "seen_at")


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """A journey in its order: by the sources' time, then by when it was learnt, then as it was appended."""
    return sorted(entries, key=lambda entry: (*_TIMES(entry), entry.id or _LAST))


def walk(definition: Definition, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Situation]]:
    """A journey, sorted, step by step: each entry with the situation after it (one object, moved on).

    What was done and is told again, of another record, is no step.
    """
    course = Course(definition)
    take, situation = course.take, course.situation
    for entry in entries:
        take(entry)
        if type(entry.what) not in MOMENTARY:
            yield entry, situation
        elif situation.touch or situation.deal or situation.answer:
            yield entry, situation
            course.rest()


def sighting(entry: Entry, ruled: Ruled) -> Sighting:
    """What was ruled about."""
    return Sighting(entry.at, ruled.stage, ruled.by, ruled.evidence, ruled.reason, ruled.revisit, ruled.comment)


def _left(passes: list[Pass], at: datetime) -> list[Pass]:
    """The pass, if there is one, with its last stay over."""
    return [replace(one, stays=(*one.stays[:-1], replace(one.stays[-1], left_at=at))) for one in passes]
