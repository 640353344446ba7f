"""Who might be the counterpart of a loose record, asked of the live CRMs.

Three questions, cheapest certainty first: does it carry the other side's id; does the other side carry its id; does a
match key (e-mail) agree. The answers are indexed, so that a batch costs a few calls and every record sees only its own
candidates. Records of the asking side that share a key with it are rivals: two people with one e-mail are never guessed
apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connector.core.mapping import Pair
from connector.core.matching import cross_id, keys
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.engine.bridge import Bridge
from connector.storage import links
from connector.storage.links import Link

Index = dict[tuple[str, str], dict[Ref, Reading]]  # (key name, comparison value) -> readings


@dataclass
class Candidates:
    """Possible counterparts and rivals of a batch of loose readings, indexed by what they are recognised by."""

    by_key: Index = field(default_factory=lambda: defaultdict(dict))
    taken: dict[Ref, str] = field(default_factory=dict)  # candidate -> why it cannot be had

    def add(self, pair: Pair, reading: Reading) -> None:
        """Index one reading under its id, its cross id and its match keys."""
        for key in recognised_by(pair, reading):
            self.by_key[key][reading.ref] = reading

    def free(self, pair: Pair, reading: Reading) -> list[Reading]:
        """Unlinked records of the other side that may be this one's counterpart."""
        return [other for other in self._near(pair, reading).values() if other.ref not in self.taken]

    def claimed_elsewhere(self, pairs: Iterable[Pair], reading: Reading) -> tuple[list[Ref], str]:
        """Records that share a key with this one but are linked to another, or stand beside it; and the reason."""
        taken = [ref for pair in pairs for ref in self._near(pair, reading) if ref in self.taken]
        if taken:
            return taken, f"shares its key with {taken[0]}, which {self.taken[taken[0]]}"
        rivals = [ref for pair in pairs for ref in self._beside(pair, reading)]
        return rivals, "several records of one side share this key" if rivals else ""

    def _near(self, pair: Pair, reading: Reading) -> dict[Ref, Reading]:
        other = reading.ref.side.other
        return {
            ref: candidate
            for key in looks_for(pair, reading)
            for ref, candidate in self.by_key.get(key, {}).items()
            if ref.side is other and ref.object == pair.object_on(other)
        }

    def _beside(self, pair: Pair, reading: Reading) -> list[Ref]:
        return [
            ref
            for name, value in keys(pair, reading)
            for ref in self.by_key.get((name, value), {})
            if ref.side is reading.ref.side and ref != reading.ref
        ]


def recognised_by(pair: Pair, reading: Reading) -> list[tuple[str, str]]:
    """Under what a record can be found: its own id, the cross id it carries, its match keys."""
    side = reading.ref.side
    found = [(f"id:{side.value}", reading.ref.id), *keys(pair, reading)]
    cross = cross_id(pair, reading)
    if cross:
        found.append((f"id:{side.other.value}", cross))
    return found


def looks_for(pair: Pair, reading: Reading) -> list[tuple[str, str]]:
    """Under what its counterpart can be found; the same keys serve both directions."""
    return recognised_by(pair, reading)


def find_candidates(bridge: Bridge, readings: Sequence[Reading]) -> Candidates:
    """Ask the CRMs for counterparts and rivals of loose readings."""
    candidates = Candidates()
    for pair in bridge.mapping.pairs:
        for side in Side:
            own = [reading for reading in readings if reading.ref.side is side and _takes_part(pair, reading)]
            for reading in own:
                candidates.add(pair, reading)
            for reading in _counterparts(bridge, pair, own, side) if own else ():
                candidates.add(pair, reading)
    refs = {ref for found in candidates.by_key.values() for ref in found}
    with bridge.database.read() as conn:
        linked = links.by_refs(conn, list(refs)) if refs else {}
    candidates.taken = linked_elsewhere(linked)
    return candidates


def linked_elsewhere(linked: Mapping[Ref, Link]) -> dict[Ref, str]:
    """In words, whom each of these records is linked to."""
    return {
        ref: f"is linked to {link.salesforce if ref.side is Side.HUBSPOT else link.hubspot}"
        for ref, link in linked.items()
    }


def _takes_part(pair: Pair, reading: Reading) -> bool:
    return pair.object_on(reading.ref.side) == reading.ref.object


def _counterparts(bridge: Bridge, pair: Pair, own: Sequence[Reading], side: Side) -> Iterable[Reading]:
    """Everyone on the other side, and beside them on this, who shares an id or a key with these."""
    other = side.other
    crm, view = bridge.crms[other], bridge.views[other, pair.object_on(other)]
    carried = sorted({cross for cross in (cross_id(pair, reading) for reading in own) if cross})
    if carried:
        yield from by_ids(bridge, other, view.object, carried)
    back = pair.key_on(other)
    if back:
        yield from crm.find(view, back, [reading.ref.id for reading in own])
    values: dict[str, set[str]] = defaultdict(set)
    for reading in own:
        for name, value in keys(pair, reading):
            values[name].add(value)
    for key in pair.match:
        wanted = sorted(values[key.name])
        for name in (key.hubspot if other is Side.HUBSPOT else key.salesforce) if wanted else ():
            yield from crm.find(view, name, wanted)
        if side is Side.SALESFORCE and wanted:  # HubSpot keeps e-mails unique itself; Salesforce does not
            for name in key.salesforce:
                yield from bridge.crms[side].find(bridge.views[side, pair.salesforce], name, wanted)


def by_ids(bridge: Bridge, side: Side, obj: str, ids: Sequence[str]) -> list[Reading]:
    """Live records by id; ids of another object are no error, they just find nothing."""
    view, crm = bridge.views[side, obj], bridge.crms[side]
    if side is Side.SALESFORCE:
        return crm.find(view, "Id", ids)
    return [reading for reading in crm.read(view, ids) if reading.present]
