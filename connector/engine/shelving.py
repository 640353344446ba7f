"""Keep the reading copy in step: what a batch changes about people is written in the transaction that stores it.

Whoever is in step already costs one look at a digest. Most people of a batch are told by what is at hand: their journey
as it was read, what was decided and told since, their cycles as they were judged. Those whose records move, part or are
left out of the lifecycle are told anew from the store (`reshelving`). Somebody is on the shelf while a link of theirs
is stored, or while their only record is there and has a journey.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection

from connector.core.course import in_order
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.shelved import Card, card
from connector.core.values import Value
from connector.engine.bridge import Bridge
from connector.engine.job import Job
from connector.engine.reshelving import alone, anew, mapping_of_people, told, write
from connector.storage.shelf import Person

_NAMED = frozenset({"firstname", "lastname", "email", "company", "FirstName", "LastName", "Name", "Email", "Company"})


def shelve_ahead(conn: Connection, bridge: Bridge, jobs: Iterable[Job], now: datetime) -> None:
    """Write who is already who they are after a batch; those for whom a record is made wait until it is there."""
    waiting = [job for job in jobs if job.made is None]
    _shelve(conn, bridge, waiting, now)
    for job in waiting:
        job.shelved = len(job.heard)


def shelve(conn: Connection, bridge: Bridge, jobs: Iterable[Job], now: datetime) -> None:
    """Write about whom anything has come to be otherwise since it was written ahead."""
    _shelve(conn, bridge, [job for job in jobs if job.shelved != len(job.heard) or _has_changed(job)], now)


def _has_changed(job: Job) -> bool:
    parted = job.case.link is not None and job.link_id is None
    return parted or any(change.field in _NAMED for task in job.tasks for change in task.written)


def _shelve(conn: Connection, bridge: Bridge, jobs: Iterable[Job], now: datetime) -> None:
    mapping = mapping_of_people(bridge)
    people: dict[Ref, Person] = {}
    gone: set[Ref] = set()
    odd: list[Job] = []
    for job in jobs:
        if job.case.pair.mapping == mapping:
            person = _plain(bridge, job, now)
            if person is None:
                odd.append(job)
            elif person.salesforce or person.ref not in people:  # of two cases about one the linked one counts
                people[person.ref] = person
                gone.update(_aliases(job))
    if odd:
        readings = {one.ref: one for job in odd for one in _readings(job)}
        found, left = anew(conn, bridge, {ref for job in odd for ref in _named(job)}, readings, now)
        people |= found
        gone |= left
    seconds = {one.salesforce for one in people.values() if one.hubspot and one.salesforce}
    write(conn, {ref: one for ref, one in people.items() if ref not in seconds}, gone.union(filter(None, seconds)), now)


def _plain(bridge: Bridge, job: Job, now: datetime) -> Person | None:
    """The person as they are after the batch, where all of it is at hand; None where the store must be asked."""
    following, agreement = job.case.following, bridge.agreement
    if job.became or (following is None and agreement is not None) or not all(one.present for one in _readings(job)):
        return None
    if following is None:
        ends, rows = _linked_ends(job), told(None, (), now)
    else:
        journey = in_order([*following.journey, *following.steered.entries, *job.heard])
        ends = _linked_ends(job) or (_only_end(job) if journey else None)
        rows = told(agreement, journey, now, None if job.heard else following.steered.cycles)
    if ends is None:
        return None
    hubspot, salesforce = ends
    if hubspot is not None and salesforce is not None:
        return Person(hubspot, salesforce, f"{hubspot.object}/{salesforce.object}", _card(job), rows)
    return alone(bridge, job.case.refs[0], _card(job), rows)


Ends = tuple[Ref | None, Ref | None]  # the HubSpot record and the Salesforce record of one person


def _linked_ends(job: Job) -> Ends | None:
    """Both records of who is linked after the batch; None where they are not, or not plainly so."""
    case, made = job.case, job.made
    if job.link_id is None:
        return None
    if case.link is not None:
        return case.link.hubspot, case.link.salesforce
    if made is None:
        hubspot, salesforce = case.refs
        return hubspot, salesforce
    there = made.ref
    if there is None or made.moved_to is not None:
        return None
    origin = case.origin(there.side)
    return (there, origin) if there.side is Side.HUBSPOT else (origin, there)


def _only_end(job: Job) -> Ends | None:
    """The record of who has one only; None where it may be otherwise."""
    made = job.made
    if job.case.link is not None or len(job.case.refs) > 1 or (made is not None and (made.done or made.moved_to)):
        return None
    (ref,) = job.case.refs
    return (ref, None) if ref.side is Side.HUBSPOT else (None, ref)


def _card(job: Job) -> Card:
    """Who they are by what was read, and by what has been written of it since."""
    subject = job.case.subject
    return card(_values(job, Side.HUBSPOT, subject.hubspot), _values(job, Side.SALESFORCE, subject.salesforce))


def _values(job: Job, side: Side, reading: Reading | None) -> Mapping[str, Value]:
    values = reading.values if reading else {}
    written = {
        change.field: task.told.get(change.field, change.after)
        for task in job.tasks
        for change in task.written
        if change.side is side and change.field in _NAMED
    }
    return {**values, **written} if written else values


def _readings(job: Job) -> Iterator[Reading]:
    subject = job.case.subject
    return (one for one in (subject.hubspot, subject.salesforce) if one is not None)


def _aliases(job: Job) -> Iterator[Ref]:
    """Records that were merged into these."""
    return (Ref(one.ref.side, one.ref.object, alias) for one in _readings(job) for alias in one.aliases)


def _named(job: Job) -> Iterator[Ref]:
    """Every record that a job speaks of."""
    yield from job.case.refs
    yield from _aliases(job)
    if job.case.link is not None:
        yield from (job.case.link.hubspot, job.case.link.salesforce)
    for moved in job.became:
        yield from moved
    if job.made is not None:
        yield from (ref for ref in (job.made.ref, job.made.moved_to) if ref is not None)
