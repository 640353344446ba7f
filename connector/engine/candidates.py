"""Who might be the counterpart of a loose record, asked of the live CRMs.

Three questions, cheapest certainty first: does it carry the other side's id; does the other side carry its id; does a
match key (e-mail) agree. The answers are indexed, so that a batch costs a few calls and every record sees only its own
candidates. Records of the asking side that share a key with it are rivals: two people with one e-mail are never guessed
apart. A side that refuses a whole question for one record's sake is asked in halves, until that one stands alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from connector.core.mapping import Pair
from connector.core.matching import cross_id, keys
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.engine.bridge import Bridge
from connector.errors import Refused
from connector.storage import links
from connector.storage.links import Link

UNASKED_MAX = 3  # records for whose sake a side may refuse a batch; with more, it is not the records
T = TypeVar("T")
Place = tuple[Side, str]  # side and object
_ID = {side: f"id:{side.value}" for side in Side}
_ID_NAMES = frozenset(_ID.values())
_NOBODY: dict[Ref, Reading] = {}
Index = dict[tuple[str, str], dict[Ref, Reading]]  # (key name, comparison value) -> readings


@dataclass(slots=True)
class Around:
    """Who shares an id or a key with one record: on the other side, free or taken; and beside it on its own."""

    free: dict[Ref, Reading] = field(default_factory=dict)
    taken: dict[Ref, Reading] = field(default_factory=dict)
    beside: dict[Ref, Reading] = field(default_factory=dict)


@dataclass
class Candidates:
    """Possible counterparts and rivals of a batch of loose readings, indexed by what they are recognised by."""

    by_key: Index = field(default_factory=lambda: defaultdict(dict))
    taken: dict[Ref, str] = field(default_factory=dict)  # candidate -> why it cannot be had
    partners: dict[Ref, Ref] = field(default_factory=dict)  # linked record -> whom it is linked to
    marks: dict[tuple[str, Ref], list[tuple[str, str]]] = field(default_factory=dict)  # by mapping and record
    unasked: dict[Ref, str] = field(default_factory=dict)  # whose counterpart a side refused to look for, and why

    def add(self, pair: Pair, reading: Reading) -> None:
        """Index one reading under its id, its cross id and its match keys, which all pairs of a mapping share."""
        mark = (pair.mapping, reading.ref)
        if mark not in self.marks:
            self.marks[mark] = recognised_by(pair, reading)
            for key in self.marks[mark]:
                self.by_key[key][reading.ref] = reading

    def around(self, pairs: Sequence[Pair], reading: Reading) -> Around:
        """Who stands near a record: counterparts that are free or taken, and rivals of its own side."""
        near = Around()
        mapping, ref = pairs[0].mapping, reading.ref
        objects = {pair.object_on(ref.side.other) for pair in pairs}
        for key in self.marks.get((mapping, ref)) or recognised_by(pairs[0], reading):
            for other, candidate in self.by_key.get(key, _NOBODY).items():
                if other.side is ref.side:
                    if other != ref and key[0] not in _ID_NAMES:
                        near.beside[other] = candidate
                elif other.object in objects:
                    (near.taken if other in self.taken else near.free)[other] = candidate
        return near

    def linked_meanwhile(self, near: Around, reading: Reading) -> bool:
        """Whether another worker has linked this very record since it was found loose."""
        return any(self.partners.get(ref) == reading.ref for ref in near.taken)

    def claimed_elsewhere(self, near: Around) -> tuple[list[Ref], str]:
        """Records that share a key with this one but are linked to another, or stand beside it; and the reason."""
        if near.taken:
            first = next(iter(near.taken))
            return list(near.taken), f"shares its key with {first}, which {self.taken[first]}"
        return list(near.beside), "several records of one side share this key" if near.beside else ""


def recognised_by(pair: Pair, reading: Reading) -> list[tuple[str, str]]:
    """Under what a record is found, and finds its counterpart: its ids, the cross id it carries, its match keys.

    Its ids are also those of the records that were merged into it, by which others may know it still.
    """
    side = reading.ref.side
    found = [(_ID[side], known) for known in (reading.ref.id, *reading.aliases)] + keys(pair, reading)
    cross = cross_id(pair, reading)
    if cross:
        found.append((_ID[side.other], cross))
    return found


def find_candidates(bridge: Bridge, readings: Sequence[Reading]) -> Candidates:
    """Ask the CRMs for counterparts and rivals of loose readings, both at the same time and each once.

    Raises:
        Refused: when a side answers for no record of an object, so that it is not the record's fault; Transient,
            Unauthorised: what finding raises.
    """
    candidates = Candidates()
    for reading in readings:
        for pair in bridge.mapping.pairs_of(reading.ref.side, reading.ref.object):
            candidates.add(pair, reading)
    _ask(bridge, readings, candidates)
    answered = {(one.ref.side, one.ref.object) for one in readings if one.ref not in candidates.unasked}
    for ref, refusal in candidates.unasked.items():
        if (ref.side, ref.object) not in answered:
            raise Refused(f"{refusal} (the counterpart of {ref} was looked for)")
    refs = {ref for found in candidates.by_key.values() for ref in found}
    with bridge.database.read() as conn:
        linked = links.by_refs(conn, list(refs)) if refs else {}
    candidates.taken = linked_elsewhere(linked)
    candidates.partners = partners(linked)
    return candidates


def _ask(bridge: Bridge, readings: Sequence[Reading], candidates: Candidates) -> None:
    """Index what both sides answer."""
    wanted = Wanted()
    for reading in readings:
        for pair in bridge.mapping.pairs_of(reading.ref.side, reading.ref.object):
            wanted.add(pair, reading)
    try:
        answers = bridge.together(lambda side: wanted.found(bridge, side))
    except Refused as refusal:
        if len(candidates.unasked) >= UNASKED_MAX:
            raise
        if len(readings) == 1:
            candidates.unasked[readings[0].ref] = str(refusal)
            return
        _ask(bridge, readings[: len(readings) // 2], candidates)
        _ask(bridge, readings[len(readings) // 2 :], candidates)
        return
    for found in answers.values():
        for reading in found:
            for pair in bridge.mapping.pairs_of(reading.ref.side, reading.ref.object):
                candidates.add(pair, reading)


@dataclass
class Wanted:
    """What is asked of both CRMs for a batch of loose readings: ids and field values, by side and object."""

    ids: dict[Place, set[str]] = field(default_factory=lambda: defaultdict(set))
    values: dict[Place, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))

    def add(self, pair: Pair, reading: Reading) -> None:
        """Whoever on the other side, or beside it on its own, shares an id or a key with this reading."""
        other = reading.ref.side.other
        place = other, pair.object_on(other)
        carried, back = cross_id(pair, reading), pair.key_on(other)
        if carried:
            self.ids[place].add(carried)
        if back:
            self.values[place][back].add(reading.ref.id)
        told = keys(pair, reading)
        for key in pair.match:
            shared = {value for name, value in told if name == key.name}
            for name in key.hubspot if other is Side.HUBSPOT else key.salesforce:
                self.values[place][name] |= shared
            if other is Side.HUBSPOT:  # HubSpot keeps e-mails unique itself; Salesforce does not
                for name in key.salesforce:
                    self.values[Side.SALESFORCE, pair.salesforce][name] |= shared

    def found(self, bridge: Bridge, side: Side) -> list[Reading]:
        """The live records of one side that answer; ids of another object are no error, they just find nothing."""
        crm = bridge.crms[side]
        sought = {obj: {name: sorted(told) for name, told in names.items()} for obj, names in _of(side, self.values)}
        ids = [(obj, sorted(told)) for obj, told in _of(side, self.ids)]
        read: list[Reading] = []
        if side is Side.SALESFORCE:
            for obj, told in ids:
                sought.setdefault(obj, {})["Id"] = told
        else:
            read = _with_survivors(bridge, crm.read_many([(bridge.views[side, obj], told) for obj, told in ids]))
        found = crm.find_many([(bridge.views[side, obj], names) for obj, names in sought.items()])
        return [*(reading for reading in read if reading.present), *found]


def _with_survivors(bridge: Bridge, readings: list[Reading]) -> list[Reading]:
    """These, and those into whom some of them were merged."""
    known = {reading.ref for reading in readings}
    told = {reading.moved_to for reading in readings if reading.moved_to} - known
    asked: dict[Place, list[str]] = {}
    for ref in sorted(ref for ref in told if (ref.side, ref.object) in bridge.views):
        asked.setdefault((ref.side, ref.object), []).append(ref.id)
    for place, ids in asked.items():
        readings = readings + list(bridge.crms[place[0]].read(bridge.views[place], ids))
    return readings


def _of(side: Side, told: Mapping[Place, T]) -> list[tuple[str, T]]:
    return [(obj, one) for (owner, obj), one in told.items() if owner is side]


def partners(linked: Mapping[Ref, Link]) -> dict[Ref, Ref]:
    """Whom each of these records is linked to."""
    return {ref: link.salesforce if ref.side is Side.HUBSPOT else link.hubspot for ref, link in linked.items()}


def linked_elsewhere(linked: Mapping[Ref, Link]) -> dict[Ref, str]:
    """In words, whom each of these records is linked to."""
    return {
        ref: f"is linked to {link.salesforce if ref.side is Side.HUBSPOT else link.hubspot}"
        for ref, link in linked.items()
    }
