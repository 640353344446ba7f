"""Who has people who were handed over, and what their journeys hold together.

- People are handed to those who take turns (or who had them already), never to the user that the bridge is; and that is
  who owns them in the end, unless somebody else was given them since, or people are told.
- What was decided is decided once: no key is on two entries of one person, and everything follows from the entries,
  told piece by piece or at once.
- Of erased people nothing is left: no journey, no clock, no effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from connector.config.definition import lifecycle_of
from connector.core.journey import Dealt, Entry, Handed, Ruled, Seen, Told, Touched
from connector.core.lifecycle import Lifecycle, Sighting, replay
from connector.core.plan import IssueKind
from connector.core.refs import Ref, Side
from tests.simulation.oracle import agreed
from tests.simulation.oracle.courses import Courses, Person
from tests.simulation.oracle.evidence import Evidence, key_of
from tests.simulation.oracle.rules import NOBODY
from tests.simulation.stage import loaded

RAW = (Seen, Told, Touched, Dealt)
OWNER, KEEPS, QUEUE = "OwnerId", "keep_their_rep", "00G"


def misgiven(evidence: Evidence) -> Iterator[str]:
    """People who were handed to somebody who should not have them, or whom somebody else has."""
    courses = evidence.courses
    if courses is None:
        return
    allowed = {one for variant in courses.variants for one in agreed.pool(variant)}
    for entry in courses.entries:
        if isinstance(entry.what, Handed):
            yield from _wrong_hands(evidence, allowed, entry, entry.what)
    for person in courses.people:
        yield from _elsewhere(evidence, courses, person)


def _wrong_hands(evidence: Evidence, allowed: set[str], entry: Entry, handed: Handed) -> Iterator[str]:
    name = f"{entry.ref} was handed to {handed.owner} by {handed.rule}"
    if handed.owner == NOBODY:
        yield f"{name}, which is the bridge itself"
    elif handed.rule != KEEPS and not _takes_turns(evidence, allowed, handed.owner):
        yield f"{name}, who takes no turns"


def _takes_turns(evidence: Evidence, allowed: set[str], owner: str) -> bool:
    """Whether somebody is among those who may be given people; a queue, where a queue is."""
    if owner.startswith(QUEUE):
        return any("@" not in one for one in allowed)
    return evidence.everybody.emails.get((Side.SALESFORCE, owner)) in allowed


def _elsewhere(evidence: Evidence, courses: Courses, person: Person) -> Iterator[str]:
    """Somebody who was handed over, and whom neither the rep has nor anybody to whom people gave them since."""
    ref = next((ref for ref in person.refs if ref.side is Side.SALESFORCE), None)
    if ref is None or not person.handed:
        return
    last, record = person.handed[-1], evidence.history.records[key_of(ref)]
    assert isinstance(last.what, Handed)
    if record.now(OWNER) == last.what.owner:
        return
    since = courses.writer[last.id].place if last.id in courses.writer else 0
    family = [*evidence.family(record), *evidence.partners_of(record)]
    names = {Side.HUBSPOT: "hubspot_owner_id", Side.SALESFORCE: OWNER}
    if any(v.seq >= since and not v.ours for one in family for v in one.cells.get(names[one.side], ())):
        evidence.excuse("handed over, and given to somebody else by people")
    elif any(_tells(stored.issue.kind) for one in person.refs for stored in evidence.shown.get(key_of(one), ())):
        evidence.excuse("handed over, and not taken; shown")
    elif len(evidence.family(record)) > 1:
        evidence.excuse("handed over, and merged or converted")
    else:
        yield f"{ref} was handed to {last.what.owner}, and {record.now(OWNER)} owns them"


def _tells(kind: IssueKind) -> bool:
    return kind in (IssueKind.PARKED, IssueKind.UNOWNED)


def decided_twice(evidence: Evidence) -> Iterator[str]:
    """Decisions that were made twice, and journeys from which not everything follows."""
    courses = evidence.courses
    if courses is None:
        return
    for person in courses.people:
        yield from _two_of_a_key(evidence, courses, person)
        yield from _folds(evidence, person)


def _two_of_a_key(evidence: Evidence, courses: Courses, person: Person) -> Iterator[str]:
    seen: dict[str, Entry] = {}
    for entry in sorted(person.entries, key=lambda one: one.id):
        if not entry.key or isinstance(entry.what, RAW):
            continue
        first = seen.setdefault(entry.key, entry)
        if first is entry:
            continue
        if first.ref == entry.ref or _were_one(evidence, courses, first, entry):
            yield f"{entry.key!r} is decided twice of {person.refs[0]}: {first.ref}, {entry.ref}"
        else:
            evidence.excuse("decided of two records that were not yet known to be one person")


def _were_one(evidence: Evidence, courses: Courses, first: Entry, second: Entry) -> bool:
    """Whether the story said, well before the second was decided, that both are about one person."""
    began = courses.writer[second.id].place if second.id in courses.writer else 0
    refs = {first.ref, second.ref}
    return any(
        {event.hubspot, event.salesforce} == refs and event.kind in ("linked", "created") and event.at < first.seen_at
        for event in evidence.events
        if began
    )


def _folds(evidence: Evidence, person: Person) -> Iterator[str]:
    """What was seen piece by piece and all at once comes to the same."""
    assert evidence.courses is not None
    lifecycle = _lifecycle(evidence.courses.variant)
    sightings = [_sighting(entry, entry.what) for entry in person.made if isinstance(entry.what, Ruled)]
    whole = replay(lifecycle, sightings)
    for cut in range(len(sightings)):
        if replay(lifecycle, sightings[cut:], replay(lifecycle, sightings[:cut])) != whole:
            yield f"the journey of {person.refs[0]}, told in two parts from {cut} on, comes to something else"
    lawful = all(entry.what.start is not None and not entry.what.first for entry in person.made)  # type: ignore[union-attr]  # rulings
    if lawful and len({entry.ref for entry in person.made}) == 1 and whole.stage != person.stage:
        yield f"{person.refs[0]} stands in {person.stage}, and by their moves in {whole.stage}"


def _sighting(entry: Entry, ruled: Ruled) -> Sighting:
    return Sighting(entry.at, ruled.stage, ruled.by, ruled.evidence, ruled.reason, ruled.revisit, ruled.comment)


@cache
def _lifecycle(variant: str) -> Lifecycle:
    source = loaded(variant).lifecycle
    assert source is not None
    return lifecycle_of(source.written)


def remembered(evidence: Evidence) -> Iterator[str]:
    """What is left of erased people."""
    courses = evidence.courses
    if courses is None:
        return
    held = {str(entry.ref): "an entry" for entry in courses.entries}
    held |= dict.fromkeys(courses.timed, "a clock") | {effect.about: "an effect" for effect in courses.effects}
    for old, new in courses.became:
        held |= {old: "who they became", new: "who they were"}
    for record in evidence.history.records.values():
        if record.gone is None or record.gone.how != "erase" or record.side is not Side.HUBSPOT:
            continue
        told = [event for event in evidence.events if event.hubspot and key_of(event.hubspot) == record.key]
        if not any(event.salesforce for event in told):
            evidence.excuse("erased while linked to nobody: only a webhook would have told")
            continue
        for one in evidence.history.kin(record):
            name = str(Ref(one.side, one.object, one.id))
            if name in held:
                yield f"{name} was erased, and the store holds {held[name]}"
