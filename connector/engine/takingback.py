"""What can be taken back of some people: their story against what both sides say now, as a plan for each.

Refused, and told with who, what and when as far as a side says, is whatever somebody else has changed since, whatever
another run of the bridge stands on, and whatever neither API can bring back. A record that the bridge made is archived
again when nobody has touched it; whom it was made for then loses its id and is kept apart from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connector.core.comparison import comparison
from connector.core.mapping import Pair, Rule
from connector.core.plan import Archive, Because, Change, Plan, Step, Unlink, Update
from connector.core.planning import Subject
from connector.core.readings import Presence, Reading
from connector.core.refs import Ref, Side
from connector.core.undoing import Same, TakenBack, as_it_will_stand, called, take_back
from connector.core.values import Value
from connector.engine.authors import Doubt, authors
from connector.engine.bridge import Bridge
from connector.engine.case import Case
from connector.engine.cases import is_mapped, pair_of, read_refs
from connector.engine.deeds import Asked, Deeds, Made, deeds
from connector.engine.untouched import touched
from connector.storage import events, links
from connector.storage.links import Link

_STORY_MAX = 200_000  # events of the people in memory at a time
_BY_HAND = {
    Side.HUBSPOT: "restore it in HubSpot (Actions, Restore records; within 90 days): its API cannot",
    Side.SALESFORCE: "take it out of Salesforce's Recycle Bin (usually within 15 days): its REST API cannot",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What stays as it is, and why.

    Attributes:
        ref: the record.
        field: "" where it is about the whole record.
        why, hint: in words; what a person can do.
        now, wrote: what the field says, and what the bridge wrote there last.
        who: who has changed it, as far as the side tells; at: when.
    """

    ref: Ref
    field: str
    why: str
    hint: str = ""
    now: Value = None
    wrote: Value = None
    who: str = ""
    at: datetime | None = None

    def row(self) -> dict[str, Any]:
        """As JSON; empty parts are left out."""
        row: dict[str, Any] = {
            "ref": str(self.ref),
            "field": self.field,
            "why": self.why,
            "hint": self.hint,
            "who": self.who,
        }
        row |= {"now": self.now, "wrote": self.wrote, "at": self.at.isoformat() if self.at else None}
        return {name: value for name, value in row.items() if value}


@dataclass
class Person:
    """One pair of records (or one record) with what is taken back of it.

    Attributes:
        case: with the plan; its link remembers already what will stand.
        refused: what stays.
        doubts: whom to ask about refusals, by their place in `refused`.
        follows: fields that follow from the shared definition.
        linked: whether the pair stays linked, though that it is was among what is chosen.
        apart: whether the pair is to be kept apart from now on.
    """

    case: Case
    refused: list[Refusal] = field(default_factory=list)
    doubts: dict[int, Doubt] = field(default_factory=dict)
    follows: int = 0
    linked: bool = False
    apart: bool = False


def look(bridge: Bridge, asked: Asked, refs: Sequence[Ref]) -> list[Person]:
    """Read some people afresh and plan them; what one record's counterpart has to say is told with it.

    Raises:
        Transient, Unauthorised: what reading raises.
    """
    with bridge.database.read() as conn:
        story = events.of_refs(conn, refs, _STORY_MAX)
        linked = links.by_refs(conn, refs)
    known = deeds(story, asked)
    asking = {*refs, *(ref for link in linked.values() for ref in (link.hubspot, link.salesforce))}
    readings = read_refs(bridge, [ref for ref in asking if (ref.side, ref.object) in bridge.views])
    stirred = touched(bridge, known, readings)
    people = [
        _Look(bridge, known, readings, linked, stirred).person(ends) for ends in _pairs(refs, linked, known) if ends
    ]
    _name_authors(bridge, people)
    return people


def _pairs(refs: Sequence[Ref], linked: Mapping[Ref, Link], known: Deeds) -> Iterator[tuple[Ref, ...]]:
    """Who belongs together, HubSpot's first: who is linked, and who was made for whom where neither is."""
    made_for = {made.origin: made.ref for made in known.made.values()}
    made_for |= {made.ref: made.origin for made in known.made.values()}
    asked, met = set(refs), set[Ref]()
    for ref in refs:
        if ref in met:
            continue
        link, other = linked.get(ref), made_for.get(ref)
        ends: tuple[Ref, ...] = (link.hubspot, link.salesforce) if link else (ref,)
        if link is None and other is not None and other in asked and other not in linked:
            ends = tuple(sorted((ref, other), key=lambda each: each.side is Side.SALESFORCE))
        met.update(ends)
        yield ends


def _name_authors(bridge: Bridge, people: Sequence[Person]) -> None:
    """Say of each refusal who has changed the field, and when, as far as the sides tell."""
    doubts = {doubt for person in people for doubt in person.doubts.values()}
    found = authors(bridge, doubts) if doubts else {}
    for person in people:
        for place, doubt in person.doubts.items():
            author = found[doubt]
            person.refused[place] = replace(person.refused[place], who=author.words, at=author.at)


@dataclass(frozen=True, slots=True)
class _Look:
    """What is known of the people of a batch."""

    bridge: Bridge
    known: Deeds
    readings: Mapping[Ref, Reading]
    linked: Mapping[Ref, Link]
    stirred: Mapping[Ref, Sequence[tuple[str, str, datetime | None]]]

    def person(self, ends: tuple[Ref, ...]) -> Person:
        link = self.linked.get(ends[0])
        sides = {ref.side: self.readings.get(ref) or Reading(ref, Presence.MISSING) for ref in ends}
        memory = link.memory if link else None
        subject = Subject(sides.get(Side.HUBSPOT), sides.get(Side.SALESFORCE), memory)
        pair = self._pair(ends, link)
        person = Person(Case(pair or self.bridge.mapping.pairs[0], subject, Plan("", None, None), link))
        person.follows = sum(len(self.known.follows.get(ref, ())) for ref in ends)
        person.linked = ends in self.known.linked and link is not None and not link.stopped
        made = next((self.known.made[ref] for ref in ends if ref in self.known.made), None)
        going = self._archiving(person, made, ends) if made else None
        steps = self._fields(
            person, pair, [ref for ref in ends if ref not in self.known.made]
        )  # which go or stay whole
        if going:
            steps = _unmade(person, going, steps, sides)
            person.apart = bool(steps) and (link is None or not link.stopped)
        self._gone(person, ends)
        person.case.plan = Plan(person.case.pair.name, subject.hubspot, subject.salesforce, tuple(steps))
        return person

    def _pair(self, ends: tuple[Ref, ...], link: Link | None) -> Pair | None:
        """What the mapping of today says of them; None where it says nothing."""
        if len(ends) > 1:
            try:
                return pair_of(self.bridge, *ends)
            except KeyError:
                return None
        pairs = self.bridge.mapping.pairs_of(ends[0].side, ends[0].object)
        return pairs[0] if pairs and is_mapped(self.bridge, link) else None

    def _archiving(self, person: Person, made: Made, ends: tuple[Ref, ...]) -> Made | None:
        """The record that is to be archived, or is gone already; None where it must stay."""
        reading = self.readings.get(made.ref)
        if reading is not None and reading.moved_to is not None:
            person.refused.append(_made_refused(made, f"it went on as {reading.moved_to} (merged or converted)"))
        elif reading is None or set(ends) != {made.ref, made.origin}:
            person.refused.append(_made_refused(made, "it belongs to another record by now, or to no mapping"))
        elif reading.present and made.ref in self.stirred:
            for name, who, at in self.stirred[made.ref]:
                why = "it was made by the bridge, and changed since by others"
                now, last = reading.values.get(name), self.known.last.get(made.ref, {}).get(name)
                wrote = last.after if last else None
                person.refused.append(Refusal(made.ref, name, why, _BY_YOURSELF, now, wrote, who, at))
        else:
            return made
        return None

    def _fields(self, person: Person, pair: Pair | None, refs: Sequence[Ref]) -> list[Step]:
        """The updates that take chosen values back; what cannot be is told."""
        changes: dict[Ref, list[Change]] = {}
        for place in ((ref, name) for ref in refs for name in self.known.writes.get(ref, ())):
            change = self._field(person, pair, place)
            if change:
                changes.setdefault(place[0], []).append(change)
        flat = [change for each in changes.values() for change in each]
        if flat and person.case.link:
            link, rules = person.case.link, {rule.name: rule for rule in pair.rules} if pair else {}
            memory, flat = as_it_will_stand(rules, link.memory, _by_side(person), flat)
            person.case.link = replace(link, memory=memory)
        by_side = {side: tuple(change for change in flat if change.side is side) for side in Side}
        return [Update(ref, by_side[ref.side]) for ref in changes]

    def _field(self, person: Person, pair: Pair | None, place: tuple[Ref, str]) -> Change | None:
        ref, name = place
        reading, writes = self.readings.get(ref), self.known.writes[ref][name]
        why = _unreadable(reading, name) if pair else "no mapping speaks of its record any more"
        if why or reading is None:
            person.refused.append(Refusal(ref, name, why, wrote=writes[-1].after))
            return None
        rule = next((rule for rule in pair.rules if rule.field_on(ref.side) == name), None) if pair else None
        now, same = reading.values[name], self._same(ref, name, rule)
        taken = take_back(writes, now, same)
        if taken.why:
            self._refuse(person, place, taken, now)
        if taken.value == now or same(taken.value, now):
            return None
        runs = ", ".join(dict.fromkeys(called(write.run) for write in writes if write.chosen))
        named, because = rule.name if rule else self.known.rules[place], Because.UNDONE
        return Change(ref.side, name, named, now, taken.value, because, evidence=f"{runs} undone")

    def _refuse(self, person: Person, place: tuple[Ref, str], taken: TakenBack, now: Value) -> None:
        ref, name = place
        wrote = self.known.writes[ref][name][-1].after
        if taken.last is not None:
            person.doubts[len(person.refused)] = Doubt(ref, name, taken.last.at)
        person.refused.append(Refusal(ref, name, taken.why, _BY_YOURSELF, now, wrote))

    def _same(self, ref: Ref, name: str, rule: Rule | None) -> Same:
        kind = self.bridge.views[ref.side, ref.object].fields[name]
        form: Callable[[Value], Value] = rule.comparison if rule else comparison(kind)
        return lambda one, other: one == other or form(one) == form(other)

    def _gone(self, person: Person, ends: tuple[Ref, ...]) -> None:
        """Tell of records that the bridge archived and nobody has brought back since."""
        for pair in sorted({pair for ref in ends for pair in self.known.archived.get(ref, ())}):
            for ref in pair if not any(ref in self.known.made for ref in pair) else ():
                reading = self.readings.get(ref)
                if reading is not None and not reading.present and reading.moved_to is None:
                    hint = f"{_BY_HAND[ref.side]}; then: smarketing link {pair[0]} {pair[1]}"
                    person.refused.append(Refusal(ref, "", "the bridge archived it", hint))


_BY_YOURSELF = "change it there by hand if it shall not stay"


def _unmade(person: Person, made: Made, steps: list[Step], sides: Mapping[Side, Reading]) -> list[Step]:
    """Archive what was made, where it still is, and take its id from whom it was made for."""
    origin, there = sides[made.origin.side], sides[made.ref.side]
    key = person.case.pair.key_on(made.origin.side)
    if origin.present and key and origin.values.get(key) == made.ref.id:
        evidence = f"{called(made.run)} undone"
        own = Change(made.origin.side, key, "", made.ref.id, None, Because.UNDONE, None, evidence)
        others = [change for step in steps if isinstance(step, Update) for change in step.changes]
        steps = [Update(made.origin, (*others, own))]
    if not there.present:
        return steps
    why = f"{made.ref} was made by {called(made.run)}, which is undone"
    apart = "they are kept apart from now on; `smarketing link` would join them again"
    hubspot, salesforce = sorted((made.ref, made.origin), key=lambda ref: ref.side is Side.SALESFORCE)
    return [*steps, Archive(made.ref, why), Unlink(hubspot, salesforce, apart)]


def _made_refused(made: Made, why: str) -> Refusal:
    return Refusal(made.ref, "", f"{called(made.run)} made it, but {why}", _BY_YOURSELF)


def _unreadable(reading: Reading | None, name: str) -> str:
    """Why a field cannot be compared; "" where it can."""
    if reading is None:
        return "no mapping speaks of its record any more"
    if reading.moved_to is not None:
        return f"the record went on as {reading.moved_to} (merged or converted)"
    if not reading.present:
        return f"the record is {reading.presence.value}"
    if name in reading.unreadable:
        return "what stands there now is not of the field's kind"
    return "" if name in reading.values else "no rule of today's mapping reads it; undo first, then change the mapping"


def _by_side(person: Person) -> dict[Side, Reading]:
    subject: Iterable[Reading | None] = (person.case.subject.hubspot, person.case.subject.salesforce)
    return {one.ref.side: one for one in subject if one}
