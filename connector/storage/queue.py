"""What we ask of Procrastinate's tables past Procrastinate, and the few changes that must go with changes of ours.

It takes no part in our transactions, and what a silent worker held is freed in the very one that ends his job. The
tables are what the installed version makes them (`connector.service.procrastination` sees to that).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import SQLAlchemyError

Away = SQLAlchemyError  # what a question to the store raises while the database does not answer
QUEUE: Final = "smarketing"

_JOBS = "SELECT job.id, job.lock FROM procrastinate_jobs job"
_OURS = "job.queue_name = :queue"
_LOCKED = "ORDER BY job.id FOR UPDATE OF job SKIP LOCKED"
_QUEUED = text(f"{_JOBS} WHERE {_OURS} AND job.status IN ('todo', 'doing')")
_DOING = text(f"{_JOBS} WHERE {_OURS} AND job.status = 'doing'")
_HELD = text("SELECT 1 FROM procrastinate_jobs WHERE id = :id AND worker_id = :worker AND status = 'doing'")
_SILENT = text(
    f"{_JOBS} LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id"
    f" WHERE {_OURS} AND job.status = 'doing'"
    f" AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => :silent)) {_LOCKED}"
)
_OF_WORKER = text(f"{_JOBS} WHERE {_OURS} AND job.status = 'doing' AND job.worker_id = :worker {_LOCKED}")
_END = text("SELECT procrastinate_finish_job_v1(:id, 'failed', true)")
_BEATING = text(
    "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat >= now() - make_interval(secs => :silent)"
)
_MADE = text("SELECT to_regclass('procrastinate_jobs')")

Found = list[tuple[int, str]]  # (job id, its lock)


def queued(conn: Connection) -> set[str]:
    """The locks of all jobs that wait or are under way."""
    return {lock for _, lock in _found(conn, _QUEUED)}


def doing(conn: Connection) -> set[str]:
    """The locks of all jobs under way."""
    return {lock for _, lock in _found(conn, _DOING)}


def held(conn: Connection, job_id: int, worker_id: int) -> bool:
    """Whether a job is in the hands of that worker; false once another has taken it over."""
    return conn.execute(_HELD, {"id": job_id, "worker": worker_id}).first() is not None


def of_silent(conn: Connection, silent_s: float) -> Found:
    """The jobs of workers that were not heard of for so many seconds, locked until this transaction ends."""
    return _found(conn, _SILENT, silent=silent_s)


def of_worker(conn: Connection, worker_id: int) -> Found:
    """The jobs that one worker is at, locked likewise."""
    return _found(conn, _OF_WORKER, worker=worker_id)


def end(conn: Connection, job_id: int) -> None:
    """End a job that is under way, whoever is at it; it leaves the queue."""
    conn.execute(_END, {"id": job_id})


def beating(conn: Connection, silent_s: float) -> int:
    """How many workers were heard of within so many seconds."""
    return int(conn.scalar(_BEATING, {"silent": silent_s}) or 0)


def is_made(conn: Connection) -> bool:
    """Whether the tables are there."""
    return conn.scalar(_MADE) is not None


def run_script(conn: Connection, script: str) -> None:
    """Run many statements as they stand: past SQLAlchemy, which would take their percent signs for parameters."""
    raw = conn.connection.driver_connection
    assert raw is not None
    raw.execute(script)


def _found(conn: Connection, statement: TextClause, **values: float) -> Found:
    return [(job_id, lock) for job_id, lock in conn.execute(statement, {"queue": QUEUE, **values})]
