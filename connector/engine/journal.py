"""What a batch adds to people's journeys: before anything is written, and once it is known what was.

In the transaction that writes ahead go what was newly seen and decided, what is about to be told to each record, when
to look again, and what is to be set off. So a crash loses no decision, and our own values are not taken for somebody's.
A journey that has gone on since it was looked at means that another worker was faster: nothing is decided on its old
state, and its person is looked at again. When the batch is concluded, what a side made of a value, or refused, is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from connector.core.journey import Entry, Fired, Told
from connector.core.readings import Presence, Reading
from connector.core.refs import Ref
from connector.core.steered import Effect, Steered
from connector.core.values import Value
from connector.engine.bridge import Bridge
from connector.engine.case import Following
from connector.engine.job import Job
from connector.engine.writing import Task
from connector.storage import effects, journeys, tallies, timers

_NEWS = re.compile(r"(.+?\|(warn|breach)\d*)\|").match  # what an effect's key begins with, before what is done about it
_TALLIED = {"warn": "promises.warned", "breach": "promises.breached"}  # in storage.tallies

Decided = tuple[Job, Following]


def decided(conn: Connection, jobs: Sequence[Job], now: datetime) -> list[Job]:
    """Remember what was seen and decided; the jobs about whom another worker was faster, which must not go on."""
    steered = [(job, job.case.following) for job in jobs if job.case.following is not None]
    if not steered:
        return []
    latest = journeys.latest(conn, [ref for _, following in steered for ref in following.latest])
    late = {id(job) for job, following in steered if _has_gone_on(following, latest)}
    mine = _once([one for one in steered if id(one[0]) not in late])
    late |= {id(job) for job, _ in steered} - {id(job) for job, _ in mine}
    taken = journeys.append(conn, [entry for _, following in mine for entry in following.steered.entries])
    lost = {(entry.ref, entry.key) for entry in taken}
    if taken:  # by a worker that was at it at the same moment
        late |= {
            id(job)
            for job, following in mine
            if any((entry.ref, entry.key) in lost for entry in following.steered.entries)
        }
    timers.put(conn, {ref: at for job, one in mine if id(job) not in late for ref, at in _timers(one)})
    acting = [following.steered for _, following in mine if following.steered.effects]
    effects.add(conn, [effect for one in acting for effect in _ours(one, lost)], now)
    tallies.add_all(conn, _acted_upon([entry for _, one in mine for entry in one.steered.entries], lost))
    return [job for job, _ in steered if id(job) in late]


def _leading(one: tuple[Job, Following]) -> Ref:
    return next(iter(one[1].latest))


def _once(steered: Iterable[Decided]) -> list[Decided]:
    """In the order of their records, those who have each record to themselves as far as anything is decided.

    One record may be in two cases of a batch, with its counterpart and alone: what both decide is decided once.
    """
    found: list[Decided] = []
    decided_of: set[Ref] = set()
    for one in sorted(steered, key=lambda one: (next(iter(one[1].latest)), -len(one[1].latest))):
        if one[1].steered.entries:
            if not decided_of.isdisjoint(one[1].latest):
                continue
            decided_of.update(one[1].latest)
        found.append(one)
    return found


def _ours(steered: Steered, lost: Collection[tuple[Ref, str]]) -> list[Effect]:
    """The effects that are ours to set off: whose `Fired` entry no other worker wrote at the same moment.

    The other may have hung the same one on the person's other record.
    """
    fired = {
        entry.what.effect
        for entry in steered.entries
        if isinstance(entry.what, Fired) and (entry.ref, entry.key) not in lost
    }
    return [effect for effect in steered.effects if effect.key in fired]


def _acted_upon(entries: Iterable[Entry], lost: Collection[tuple[Ref, str]]) -> Mapping[str, int]:
    """Warnings and breaches of promises that something was done about just now, each counted once."""
    news = {
        (entry.ref, found[1], found[2])
        for entry in entries
        if isinstance(entry.what, Fired) and (entry.ref, entry.key) not in lost and (found := _NEWS(entry.what.effect))
    }
    return Counter(_TALLIED[what] for _, _, what in news)


def _has_gone_on(following: Following, latest: Mapping[Ref, int]) -> bool:
    for ref, known in following.latest.items():  # noqa: SIM110  # a generator takes three times as long
        if latest.get(ref, 0) != known:
            return True
    return False


def _timers(following: Following) -> Sequence[tuple[Ref, datetime | None]]:
    """One timer a person, at the record that leads; whoever never had a journey has none to take off."""
    look_at, begun = following.steered.look_at, following.begun
    if look_at is None and not begun:
        return ()
    leading, *others = following.latest
    return [(leading, look_at), *((ref, None) for ref in others if begun)]


def write_ahead(conn: Connection, bridge: Bridge, jobs: Sequence[Job], now: datetime) -> None:
    """Remember the watched values a batch is about to write, who went on as whom, and who needs no more looking at."""
    if bridge.agreement is None:
        return
    tasks = [(job, task) for job in jobs for task in job.tasks if task.ref is not None and not task.archive]
    about = [(job, task, _about_to_hold(task, bridge.watched(task.side, task.object))) for job, task in tasks]
    _tell(conn, about, now)
    read = [(job, reading) for job in jobs for reading in _readings(job)]
    went_on(conn, [move for job, one in read if one.aliases or one.moved_to for move in _moves(job, one)])
    staying = {id(job) for job, one in read if one.presence is Presence.PRESENT or one.moved_to is not None}
    timers.forget(conn, [ref for job in jobs if id(job) not in staying for ref in job.case.refs])


def _readings(job: Job) -> Sequence[Reading]:
    hubspot, salesforce = job.case.subject.hubspot, job.case.subject.salesforce
    if hubspot is None:
        return () if salesforce is None else (salesforce,)
    return (hubspot,) if salesforce is None else (hubspot, salesforce)


def _moves(job: Job, reading: Reading) -> Iterator[tuple[Ref, Ref]]:
    """Whoever was merged into a record, and as whom one without a link went on; links tell of theirs as they move."""
    for alias in reading.aliases if reading.present else ():
        yield Ref(reading.ref.side, reading.ref.object, alias), reading.ref
    if reading.moved_to is not None and job.case.link is None:
        yield reading.ref, reading.moved_to


def went_on(conn: Connection, moves: Sequence[tuple[Ref, Ref]]) -> None:
    """Remember that records went on as others, (old, new), who are about to be looked at."""
    if moves:
        journeys.go_on(conn, moves)
        timers.forget(conn, [old for old, _ in moves])


def has_told(conn: Connection, bridge: Bridge, jobs: Sequence[Job], now: datetime) -> None:
    """Tell what was made of those values: told to a new record, rewritten by its side, or refused."""
    if bridge.agreement is None:
        return
    tasks = [(job, task) for job in jobs for task in job.tasks if task.ref is not None]
    held = [
        (job, task, _held(task, bridge.watched(task.side, task.object), made=task is job.made)) for job, task in tasks
    ]
    _tell(conn, held, now)


def _about_to_hold(task: Task, watched: Container[str]) -> dict[str, Value]:
    return {change.field: change.after for change in task.changes if change.field in watched}


def _held(task: Task, watched: Container[str], *, made: bool) -> dict[str, Value]:
    """What a record holds in watched fields otherwise than it was remembered to be told."""
    if not (made or task.refused or task.told):
        return {}  # nobody has said anything else
    refused = [change for change, _ in task.refused if change is not None and change.field in watched]
    held = {} if made else {change.field: change.before for change in refused}
    if task.done:
        for change in task.written:
            if change.field in watched:
                there = task.told.get(change.field, change.after)
                if made or there != change.after:
                    held[change.field] = there
    return held


def _tell(conn: Connection, told: Sequence[tuple[Job, Task, Mapping[str, Value]]], now: datetime) -> None:
    entries = []
    for job, task, fields in told:
        if fields and task.ref is not None:
            entries.append(Entry(task.ref, now, now, Told(fields)))
            job.heard.append(entries[-1])
    if entries:
        journeys.append(conn, entries)
