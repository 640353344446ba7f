"""Nobody is there twice: one link a record, one name a counterpart, one record a person that the bridge made.

A link is unique on each side in the store, and cross ids are unique in both CRMs; these are checked nevertheless, as a
merge may copy what was unique. What the bridge made is linked, or gone by a person's act, or shown. Over the whole log
one record leads to at most one counterpart: the create is keyed by the cross id, so a lost answer makes no second.

Lawful: a second record when the first one was deleted, merged or erased by people meanwhile; one whose counterpart
people have deleted; a cross id that other software miswrote.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from connector.core.refs import Side
from tests.simulation.oracle.evidence import Evidence, key_of
from tests.simulation.oracle.history import Key, Record

NAMES = {Side.HUBSPOT: "salesforce_record_id", Side.SALESFORCE: "HubSpot_Contact_Id__c"}


def doubles(evidence: Evidence) -> Iterator[str]:
    """What is there twice."""
    yield from _linked_twice(evidence)
    yield from _named_twice(evidence)
    yield from _astray(evidence)
    yield from _made_twice(evidence)
    yield from _made_unasked(evidence)


def _linked_twice(evidence: Evidence) -> Iterator[str]:
    times = Counter(ref for link in evidence.links for ref in (link.hubspot, link.salesforce))
    yield from (f"{ref} is linked {number} times" for ref, number in times.items() if number > 1)


def _named_twice(evidence: Evidence) -> Iterator[str]:
    named: dict[Key, list[Key]] = defaultdict(list)
    for key, (_, values) in evidence.live.items():
        other = values.get(NAMES[key[0]])
        if other:
            named[key[0].other, other].append(key)
    for other, keys in named.items():
        if len(keys) < 2 or evidence.miswritten & {other, *keys}:
            continue
        if any(evidence.history.records[key].away for key in keys) and any(key in evidence.shown for key in keys):
            evidence.excuse("named twice, as one was fetched back when another had taken its place, shown")
        elif _linked_by_a_person(evidence, other) and any(key in evidence.shown for key in keys):
            evidence.excuse("named twice, as a person linked it while a counterpart was being made, shown")
        else:
            yield f"{' and '.join(f'{side.value} {one}' for side, one in keys)} name {other[1]}"


def _linked_by_a_person(evidence: Evidence, key: Key) -> bool:
    acts = [event for event in evidence.events if event.kind == "act" and event.payload.get("act") == "link"]
    return any(ref is not None and key_of(ref) == key for event in acts for ref in (event.hubspot, event.salesforce))


def _astray(evidence: Evidence) -> Iterator[str]:
    """What the bridge made, is there, is linked to nobody, and of which nobody is told."""
    for record in _made(evidence):
        heir = evidence.history.heir(record.key)
        if heir is None or heir.key not in evidence.live or heir.key in evidence.linked:
            continue
        if heir.key in evidence.shown:
            evidence.excuse("made by the bridge, unlinked, shown")
        elif any(other.gone and not other.gone.ours for other in evidence.partners_of(heir)):
            evidence.excuse("made by the bridge, its counterpart gone by a person's act")
        elif heir.away and any(other.gone for other in evidence.partners_of(heir)):
            evidence.excuse("made by the bridge, fetched back when its counterpart had been archived with it")
        elif evidence.kept_apart & {one.key for one in evidence.family(heir)}:
            evidence.excuse("made by the bridge, kept apart by a person")
        elif evidence.miswritten & {one.key for one in evidence.family(heir)}:
            evidence.excuse("made by the bridge, its cross id miswritten")
        else:
            yield f"{heir.side.value} {heir.id} was made by the bridge and is linked to nobody"


def _made_twice(evidence: Evidence) -> Iterator[str]:
    """Two records of one side made for one and the same record of the other."""
    made: dict[Key, list[Record]] = defaultdict(list)
    for record in _made(evidence):
        named = record.cells.get(NAMES[record.side])
        if named and named[0].seq == record.born:
            made[record.side.other, named[0].value].append(record)
    for origin, records in made.items():
        records.sort(key=lambda record: record.born)
        for earlier, later in pairwise(records):
            if not earlier.there(later.born):
                evidence.excuse("made again, after the first was gone")
            elif _slept(evidence, origin, later):
                evidence.excuse("made again by a worker that slept while its origin was merged, shown")
            elif evidence.miswritten & {origin, earlier.key, later.key}:
                evidence.excuse("made again, its cross id miswritten")
            else:
                yield f"{later.side.value} {earlier.id} and {later.id} were both made for {origin[1]}"


def _made_unasked(evidence: Evidence) -> Iterator[str]:
    """More records of one address than people of that address whom the other side ever had."""
    made: dict[tuple[Side, str], list[Record]] = defaultdict(list)
    for record in _made(evidence):
        for mail in addresses(record, record.born + 1):
            made[record.side, mail].append(record)
    for (side, mail), records in made.items():
        records.sort(key=lambda record: record.born)
        for number, later in enumerate(records):
            there = [one for one in records[:number] if one.there(later.born)]
            askers = [
                one
                for one in evidence.history.records.values()
                if one.side is side.other and mail in addresses(one, later.born)
            ]
            if there and len(there) >= len(askers):
                if evidence.miswritten & {one.key for one in (*there, later, *askers)}:
                    evidence.excuse("made again for one address, a cross id miswritten")
                    continue
                names = " and ".join(one.id for one in (*there, later))
                yield f"{side.value} {names} were made for {mail}, whom only {len(askers)} asked for"


def addresses(record: Record, before: int) -> set[str]:
    """Every address that a record had before a place in the log, in small letters."""
    names = ("Email",) if record.side is Side.SALESFORCE else ("email", "hs_additional_emails")
    said = [str(one.value) for name in names for one in record.cells.get(name, ()) if one.value and one.seq < before]
    return {mail.casefold() for each in said for mail in each.split(";") if mail}


def _slept(evidence: Evidence, origin: Key, later: Record) -> bool:
    """Whether what a record was made for had been merged away by then, and people are told of both."""
    gone = evidence.history.records[origin].gone if origin in evidence.history.records else None
    return gone is not None and gone.seq < later.born and later.key in evidence.shown


def _made(evidence: Evidence) -> Iterator[Record]:
    for seq in evidence.writes:
        entry = evidence.entries[seq - 1]
        if entry["operation"] in ("create", "created"):
            record = evidence.history.records.get((Side(entry["side"]), entry["id"]))
            if record is not None and record.born == seq:
                yield record
