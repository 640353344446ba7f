"""Forget a person for good: nothing personal stays, and nobody makes them again.

HubSpot deletes for good only on a privacy request (an ordinary deletion is archived and can be found there), so a
linked contact that is neither live nor archived was erased. What stays is a keyed hash of each e-mail address: enough
to recognise an old event or a poll that would bring the person back, useless to anyone without the key.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from connector.core.mapping import Pair
from connector.core.plan import Create, Issue, IssueKind
from connector.core.readings import Presence, Reading
from connector.core.refs import Ref, Side
from connector.core.values import Kind
from connector.engine import making, underway
from connector.engine.bridge import Bridge
from connector.engine.case import Case
from connector.engine.cases import is_mapped, pair_of
from connector.engine.job import Job
from connector.engine.questions import outliving
from connector.engine.run import Run
from connector.engine.story import ACT, BECAME, WAS
from connector.storage import (
    dirty,
    drift,
    effects,
    errands,
    events,
    inbox,
    issues,
    journeys,
    links,
    rewrites,
    seen,
    shelf,
    spool,
    state,
    timers,
    tombstones,
)
from connector.storage.links import Link

KEY = "tombstone_key"  # in storage.state
_STORY_MAX = 100_000  # events of one record that are looked at
_SCRUB = "scrub"  # likewise: an erasure is not wiped from the file yet


def erase(conn: Connection, bridge: Bridge, link: Link, now: datetime, heir: Ref | None = None) -> None:
    """Forget a linked person who was deleted for good in HubSpot, and tell a person about the other side.

    `heir`: the counterpart of somebody else that the person's own was merged into.
    """
    asked = outliving(conn, link)
    forget(conn, bridge, link, now)
    issues.raise_issues(conn, [_taken_in(link, heir) if heir else _erased(link), *asked], now, None)


def forget(conn: Connection, bridge: Bridge, link: Link, now: datetime) -> None:
    """Purge all that is kept of a linked person, and leave tombstones. The link itself is the caller's."""
    pair = pair_of(bridge, link.hubspot, link.salesforce) if is_mapped(bridge, link) else None
    kinds = {rule.name: rule.kind for rule in pair.rules} if pair else {}
    said = [(kinds.get(name), value) for name, agreed in link.memory.base.items() for value in agreed if value]
    emails = [value for kind, value in said if kind is Kind.EMAIL or (kind is None and "@" in value)]
    _bury(conn, (link.hubspot, link.salesforce), emails, now)


def forget_stranger(conn: Connection, bridge: Bridge, reading: Reading, now: datetime) -> None:
    """Purge all that is kept of a record without a link, as far as its ref and its reading name it."""
    emails = [value for pair in bridge.mapping.pairs for value in _emails(pair, reading)]
    _bury(conn, (reading.ref,), emails, now)


def forget_gone(conn: Connection, bridge: Bridge, jobs: Iterable[Job], now: datetime) -> None:
    """Forget who is linked to nobody and was deleted for good in HubSpot, as far as the store speaks of them.

    What it never spoke of may be an id that somebody mistyped, and may be another person's one day.
    """
    subjects = (job.case.subject.hubspot for job in jobs if job.case.link is None and job.link_id is None)
    gone = {one.ref: one for one in subjects if one and one.presence is Presence.MISSING}
    strangers = gone.keys() - links.by_refs(conn, list(gone)).keys() if gone else ()
    for ref in sorted(strangers):
        if _spoken_of(conn, ref):
            forget_stranger(conn, bridge, gone[ref], now)


def _spoken_of(conn: Connection, ref: Ref) -> bool:
    return (
        any(event.kind != ACT for event in events.of_refs(conn, [ref], _STORY_MAX))
        or issues.concern(conn, ref)
        or bool(seen.lookup(conn, [ref]))
        or spool.holds(conn, ref)
        or making.names(conn, ref)
        or underway.names(conn, ref)
        or bool(journeys.latest(conn, [ref]))
    )


def scrub(bridge: Bridge) -> None:
    """After an erasure, rewrite the store so that nothing of it stays in the free pages of its file.

    When somebody else holds the store just now, the next run does it.
    """
    with bridge.database.read() as conn:
        asked = state.get(conn, _SCRUB)
    if asked and bridge.database.scrub():
        with bridge.database.begin() as conn:
            state.delete(conn, [_SCRUB])


def _bury(conn: Connection, named: Sequence[Ref], emails: Sequence[str], now: datetime) -> None:
    refs = _with_former(conn, named)
    dirty.forget(conn, refs)
    seen.forget(conn, refs)
    issues.forget(conn, refs)
    events.forget(conn, refs)
    spool.forget(conn, refs)
    making.forget(conn, refs)
    underway.forget(conn, refs)
    effects.forget(conn, refs)
    timers.forget(conn, refs)
    rewrites.forget(conn, refs)
    drift.forget(conn, refs)
    inbox.forget(conn, [ref.id for ref in refs])
    journeys.forget(conn, refs)
    shelf.forget(conn, refs)
    errands.forget(conn)
    tombstones.add(conn, [fingerprint(conn, value) for value in sorted({*emails, *map(str, refs)})], now)
    state.put(conn, _SCRUB, value=True)


def _with_former(conn: Connection, refs: Sequence[Ref]) -> list[Ref]:
    """These records, and those that have become one of them, as the story tells."""
    found = list(refs)
    for ref in found:  # grows while it is walked
        told = [event for event in events.of_refs(conn, [ref], _STORY_MAX) if event.kind == BECAME]
        former = [Ref.parse(event.payload[WAS]) for event in told]
        former += journeys.formers(conn, [ref]).get(ref, [])
        found += [one for one in dict.fromkeys(former) if one not in found]
    return found


def fingerprint(conn: Connection, value: str) -> str:
    """The keyed hash under which an erased address or ref is remembered."""
    key = state.get(conn, KEY)
    assert key is not None, "bootstrap makes the key with the store"
    return hmac.new(bytes.fromhex(str(key)), value.casefold().encode(), hashlib.sha256).hexdigest()


def without_erased(bridge: Bridge, cases: list[Case]) -> list[Case]:
    """Leave out the cases that would make an erased person again."""
    creating = [case for case in cases if any(isinstance(step, Create) for step in case.plan.steps)]
    if not creating:
        return cases
    with bridge.database.read() as conn:
        if not tombstones.any(conn):
            return cases
        marks = [{fingerprint(conn, value) for value in _identity(case)} for case in creating]
        known = tombstones.known(conn, sorted(set().union(*marks)))
    erased = {id(case) for case, mark in zip(creating, marks, strict=True) if mark & known}
    return [case for case in cases if id(case) not in erased]


def without_buried(conn: Connection, jobs: list[Job], run: Run, now: datetime) -> list[Job]:
    """Leave out the jobs about people who were erased since the run began: nothing of them may be written down again.

    Who slept meanwhile may have made a record for one of them, and a person is told of that.
    """
    if tombstones.count(conn) == run.erased:
        return jobs
    marks = [{fingerprint(conn, value) for value in _named(job)} for job in jobs]
    known = tombstones.known(conn, sorted(set().union(*marks)))
    if not known:
        return jobs
    late = [job for job, mark in zip(jobs, marks, strict=True) if mark & known]
    made = [job.made.ref for job in late if job.made and job.made.done and job.made.ref]
    issues.raise_issues(conn, [_made_late(ref) for ref in made], now, run.id)
    return [job for job, mark in zip(jobs, marks, strict=True) if not mark & known]


def _named(job: Job) -> list[str]:
    """By what an erased person is recognised: the contact, or whatever tells of whom a record is made for."""
    return _identity(job.case) if job.made else [str(ref) for ref in job.case.refs if ref.side is Side.HUBSPOT]


def _identity(case: Case) -> list[str]:
    readings = [reading for reading in (case.subject.hubspot, case.subject.salesforce) if reading]
    emails = [value for reading in readings for value in _emails(case.pair, reading)]
    return [str(reading.ref) for reading in readings] + emails


def _emails(pair: Pair, reading: Reading) -> list[str]:
    if reading.ref.object != pair.object_on(reading.ref.side):
        return []
    names = [rule.field_on(reading.ref.side) for rule in pair.rules if rule.kind is Kind.EMAIL]
    return [value for name in names if (value := reading.values.get(name))]


def _erased(link: Link) -> Issue:
    return Issue(
        IssueKind.EDIT_BEATS_DELETION,
        (link.salesforce,),
        side=Side.SALESFORCE,
        code="ERASED",
        reason=f"{link.hubspot} was deleted for good in HubSpot (privacy request); the bridge has forgotten the person",
        hint=f"decide whether {link.salesforce} must be deleted too; it will not be sent to HubSpot again",
    )


def _taken_in(link: Link, heir: Ref) -> Issue:
    return replace(
        _erased(link),
        refs=(heir,),
        hint=f"{link.salesforce} was merged into {heir}: decide whether anything of the person there must be deleted",
    )


def _made_late(ref: Ref) -> Issue:
    return Issue(
        IssueKind.EDIT_BEATS_DELETION,
        (ref,),
        side=ref.side,
        code="ERASED",
        reason=f"{ref} was made while its counterpart was being deleted for good (privacy request) or forgotten",
        hint=f"delete {ref} too; the bridge remembers nothing of the person",
    )
