"""The duties as jobs of Procrastinate: what they are called, which are due, and which must not be done side by side.

A job is nothing but the name of a duty that somebody should turn; whatever is due is found in the store, by any worker,
and put into the queue once. Its name is its lock: no duty is turned by two workers at a time. Draining alone is done in
several groups of shards side by side, one job a group: a job for each of 64 shards would break the batches of a hundred
that the CRMs take into dozens of calls. A full comparison knows no shards, so while one waits or runs nobody drains.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from connector.engine.doing import DUTIES
from connector.engine.duties import DRAIN, FULL, Duty
from connector.engine.turning import survey
from connector.storage import dirty, queue
from connector.storage.sharding import group

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A duty in the queue. `name`: its lock, too; `shards`: those it drains, None: it does not."""

    name: str
    duty: Duty
    shards: frozenset[int] | None = None


def jobs(groups: int, now: Callable[[], datetime]) -> dict[str, Job]:
    """Every job there can be, by name, in the order in which they are looked at; draining in so many groups."""
    made: list[Job] = []
    for duty in DUTIES:
        if duty.name == DRAIN:
            made += [_draining(duty, number, groups, now) for number in range(groups)]
        else:
            made.append(Job(duty.name, duty))
    return {job.name: job for job in made}


def due(conn: Connection, table: Mapping[str, Job], now: datetime) -> list[Job]:
    """The jobs to be put into the queue: those that are due and not in it."""
    queued = queue.queued(conn)
    free = {id(job.duty): job for job in table.values() if job.name not in queued}
    found = [free[id(duty)] for duty in survey(conn, [job.duty for job in free.values()], now).due]
    return [job for job in found if not gives_way(job, queued)]


def due_again(conn: Connection, job: Job, now: datetime) -> bool:
    """Whether a job that was just done is due at once: more has come in, or was left."""
    return bool(survey(conn, [job.duty], now).due) and not gives_way(job, queue.queued(conn))


def gives_way(job: Job, queued: Collection[str]) -> bool:
    """Whether a job lets another go first: nobody drains while everything is compared, or is about to be."""
    return job.shards is not None and FULL in queued


def drainers(conn: Connection) -> list[str]:
    """Who is draining: a comparison waits for them to come to an end, which is soon, for they see that it waits."""
    return [lock for lock in queue.doing(conn) if lock.startswith(f"{DRAIN}:")]


def _draining(duty: Duty, number: int, groups: int, now: Callable[[], datetime]) -> Job:
    shards = group(number, groups)

    def waiting(conn: Connection) -> datetime | None:
        return _EVER if dirty.any_due(conn, now(), shards) else None

    return Job(f"{DRAIN}:{number + 1}/{groups}", replace(duty, feed=waiting), frozenset(shards))
