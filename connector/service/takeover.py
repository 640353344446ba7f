"""Taking over from workers that are heard of no more: killed, frozen, or cut off from the database.

Every worker beats every two seconds; of one that was silent for ten, each other takes the jobs away. That is more than
to queue them again, for a frozen worker wakes: it would report the job done that by then is another's. So its jobs are
ended and put into the queue anew, and what it held is freed, all in one transaction: the leases of its shards, of its
duty. Whatever it does when it wakes is about leases and versions that are no more, and changes nothing
(`storage.dirty`, `storage.links`); before its next batch it asks whether the job is still its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import Connection

from connector.errors import Misconfigured, Problem
from connector.service.jobs import Job
from connector.storage import dirty, duties, migration, queue, state

BEAT_S: Final = 2.0
SILENT_S: Final = 10.0  # with BEAT_S and the pause between two looks, a takeover takes 13 s at most
FORGOTTEN_S: Final = 600.0  # a worker that is silent for longer is forgotten, and registers anew if it ever wakes
_GROUPS = "worker groups"

_LOG = structlog.get_logger(__name__)


@dataclass
class Own:
    """What a process knows of itself: the worker it is registered as, once it has had a job; the jobs under way."""

    worker_id: int | None = None
    running: set[int] = field(default_factory=set)


def take_over(conn: Connection, table: Mapping[str, Job], now: datetime) -> list[str]:
    """End the jobs of silent workers and free what they held; their names. What is due is queued as ever."""
    taken = _end(conn, queue.of_silent(conn, SILENT_S), table, now)
    if taken:
        _LOG.warning("jobs were taken over from a worker that is heard of no more", jobs=taken)
    return taken


def give_back(conn: Connection, own: Own, table: Mapping[str, Job], now: datetime) -> list[str]:
    """The same for one's own jobs, when there is no time left to end them; their names."""
    return [] if own.worker_id is None else _end(conn, queue.of_worker(conn, own.worker_id), table, now)


def agree_on_groups(conn: Connection, groups: int) -> None:
    """Have all workers of one store drain in the same groups: groups that overlap would meet at one link.

    Raises:
        Misconfigured: when workers with another number are at work.
    """
    migration.take_turns(conn)
    agreed, beating = state.get(conn, _GROUPS), queue.beating(conn, SILENT_S)
    if beating and agreed not in (None, groups):
        message = (
            f"is {groups}, but workers with {agreed} are at work on this store; all must have the same: "
            f"stop them first, or say {agreed}"
        )
        raise Misconfigured([Problem("config.yaml", 0, "worker.parallel", message)])
    state.put(conn, _GROUPS, groups)


def end_lost(conn: Connection, own: Own, before: Collection[int], table: Mapping[str, Job], now: datetime) -> set[int]:
    """End one's own jobs that nobody does: done, but the database was away when that should have been told.

    before: those that looked lost at the last look, for a job may just begin. Those that look lost now.
    """
    found = queue.of_worker(conn, own.worker_id) if own.worker_id is not None else []
    lost = {job_id: name for job_id, name in found if job_id not in own.running}
    _end(conn, [(job_id, name) for job_id, name in lost.items() if job_id in before], table, now)
    return set(lost)


def taken_from(conn: Connection, own: Own) -> set[int]:
    """Which of the jobs under way were taken from us: we slept, and another is at them."""
    running = set(own.running)
    if not running or own.worker_id is None:
        return set()
    return running - {job_id for job_id, _ in queue.of_worker(conn, own.worker_id)}


def free(conn: Connection, job: Job, now: datetime) -> None:
    """Take from whoever had this job what he held: the leases of its shards, or of its duty."""
    if job.shards is not None:
        dirty.free(conn, sorted(job.shards))
    else:
        duties.free(conn, job.duty.name, now)


def _end(conn: Connection, found: Iterable[tuple[int, str]], table: Mapping[str, Job], now: datetime) -> list[str]:
    ended = list(found)
    for job_id, name in ended:
        if name in table:
            free(conn, table[name], now)
        queue.end(conn, job_id)
    return [name for _, name in ended]
