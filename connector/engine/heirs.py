"""When two linked records of one side become one: which of their links goes on.

A merge makes two people one, and often under a third id, so that both links have moved to the same survivor and only
one can have it. That must be the link of the record whose values the survivor kept: given to the other one, the
survivor's name and address would be written over somebody else on the other side. The survivor tells by the cross id it
carries; where it carries none, by how much of what each link remembers it still says.

A Contact that says nothing where its Lead did has not been cleared: the org's field mapping left it out, or the Contact
was there before. Such rules are met anew.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.core.changes import ABSENT, said
from connector.core.matching import cross_id
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.engine.bridge import Bridge
from connector.storage.links import Link

Readings = Mapping[Ref, Reading]


def survivors(bridge: Bridge, readings: Readings) -> list[Ref]:
    """Where moved records have gone, as far as that was not read yet and takes part in a mapping."""
    told = {reading.moved_to for reading in readings.values() if reading.moved_to}
    return sorted(ref for ref in told if ref not in readings and (ref.side, ref.object) in bridge.views)


def heirs_first(bridge: Bridge, found: Mapping[int, Link], readings: Readings) -> list[Link]:
    """The links in the order of carrying out: of those that moved to one survivor, the heir before the others."""
    return sorted(found.values(), key=lambda link: claim(bridge, link, readings), reverse=True)


def claim(bridge: Bridge, link: Link, readings: Readings) -> tuple[bool, int]:
    """How good a link's claim to the survivor of a merge is; the higher comes first."""
    for ref, other in ((link.hubspot, link.salesforce), (link.salesforce, link.hubspot)):
        reading = readings.get(ref)
        survivor = readings.get(reading.moved_to) if reading and reading.moved_to else None
        if survivor is not None:
            return _claim(bridge, link, survivor, other)
    return False, 0


def _claim(bridge: Bridge, link: Link, survivor: Reading, other: Ref) -> tuple[bool, int]:
    side = survivor.ref.side
    pairs = [pair for pair in bridge.mapping.pairs if pair.object_on(side.other) == other.object]
    rules = {rule.name: rule for pair in pairs for rule in pair.rules if pair.object_on(side) == survivor.ref.object}
    alike = sum(
        survivor.values.get(rules[name].field_on(side)) == said(agreed, side)
        for name, agreed in link.memory.base.items()
        if name in rules
    )
    return any(cross_id(pair, survivor) == other.id for pair in pairs), alike


def unsaid(bridge: Bridge, link: Link, readings: Readings) -> frozenset[str]:
    """The rules of which the Contact that a link's Lead was converted into says nothing, though the Lead did."""
    lead = readings.get(link.salesforce)
    contact = readings.get(lead.moved_to) if lead and lead.converted and lead.moved_to else None
    if contact is None or not contact.present:
        return frozenset()
    name, base = f"{link.hubspot.object}/{contact.ref.object}", link.memory.base
    return frozenset(
        rule.name
        for pair in bridge.mapping.pairs
        if pair.name == name
        for rule in pair.rules
        if rule.name in base
        and said(base[rule.name], Side.SALESFORCE) is not None
        and contact.values.get(rule.salesforce, ABSENT) is None
    )
