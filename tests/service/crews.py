"""A town on PostgreSQL and crews of workers in it, each with a loop of its own, as they are in processes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

from sqlalchemy import make_url, text

from connector.clock import SystemClock
from connector.core.refs import Ref
from connector.engine.doing import DUTIES
from connector.engine.duties import Stopping, Work
from connector.engine.stretch import Stretch
from connector.service.procrastination import prepare
from connector.service.spread import Crew
from connector.storage import dirty, duties, queue
from connector.storage.sharding import group, shard_of
from tests.endurance.processes import until
from tests.engine.town import Town

HOUR = timedelta(hours=1)
GROUPS = 2
NAME = f"crews of {os.getpid()}"  # of their connections
DRAINING = [f"drain:{number}/{GROUPS}" for number in (1, 2)]


class Place:
    """A town on PostgreSQL, and crews that work there."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url).update_query_dict({"application_name": NAME}).render_as_string(hide_password=False)
        self.town = Town(self.url)
        self.town.clock = SystemClock()
        self.town.full()
        prepare(self.town.database)
        self.database = self.town.database
        with self.database.begin() as conn:  # whatever is due at first has been done
            for duty in DUTIES:
                if duty.feed is None:
                    duties.put(conn, duty.name, SystemClock().now() + HOUR, {})

    def crew(self, groups: int = GROUPS) -> Crew:
        stopping = Event()

        def progress(_what: str, _done: int, _total: int | None) -> None:
            if stopping.is_set():
                raise Stopping

        bridge = replace(self.town.bridge, progress=progress, clock=SystemClock())
        work = Work(bridge, Stretch(bridge, "a test"))
        crew = Crew(self.database, self.url, SystemClock(), lambda: work, groups, stopping=stopping)
        crew._renewed()
        return crew

    def mark(self, *refs: Ref) -> None:
        with self.database.begin() as conn:
            dirty.mark(conn, refs, SystemClock().now())

    def doing(self, name: str, silent_s: float = 0.0) -> tuple[int, int]:
        """A job of that name in the hands of a worker who was last heard of so long ago: (job, worker)."""
        with self.database.begin() as conn:
            beat = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => :s))"
            worker = conn.scalar(text(beat + " RETURNING id"), {"s": silent_s})
            begun = (
                "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, status, worker_id)"
                " VALUES ('smarketing', 'smarketing.duty', :name, :name, 'doing', :worker) RETURNING id"
            )
            return int(conn.scalar(text(begun), {"name": name, "worker": worker})), int(worker)

    def queue(self) -> list[tuple[str, str]]:
        with self.database.read() as conn:
            return [tuple(row) for row in conn.execute(text("SELECT lock, status FROM procrastinate_jobs ORDER BY id"))]

    def waiting(self) -> int:
        return self.town.dirty()


@contextmanager
def at_work(*crews: Crew) -> Iterator[None]:
    """Crews at work in threads, each with a loop of its own, as they are in processes."""
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    faults: list[BaseException] = []

    def run(crew: Crew) -> None:
        async def until_told() -> None:
            told = asyncio.Event()
            loops.append((asyncio.get_running_loop(), told))
            await crew.run(told)

        try:
            asyncio.run(until_told())
        except Exception as error:  # noqa: BLE001  # told by whoever waits for the thread
            faults.append(error)

    threads = [Thread(target=run, args=(crew,), daemon=True) for crew in crews]
    for thread in threads:
        thread.start()
    try:
        until(lambda: len(loops) == len(crews) or bool(faults), "they have begun", 20.0)
        yield
    finally:
        for loop, told in loops:
            loop.call_soon_threadsafe(told.set)
        for thread in threads:
            thread.join(30)
        assert faults == []
        assert not any(thread.is_alive() for thread in threads)


def names(crew: Crew) -> list[str]:
    return [job.name for job in crew.look()]


def of_group(place: Place, number: int) -> Ref:
    """A loose contact at home in a group."""
    while True:
        contact = place.town.contact(lastname="Anybody")
        if shard_of(str(contact)) in group(number, GROUPS):
            return contact


def context(job_id: int, worker_id: int) -> Any:
    return SimpleNamespace(job=SimpleNamespace(id=job_id, worker_id=worker_id))


def workers(place: Place) -> int:
    with place.database.read() as conn:
        return int(conn.scalar(text("SELECT count(*) FROM procrastinate_workers")) or 0)


def ended(place: Place, job: tuple[int, int]) -> None:
    """A job is ended, by whoever did it."""
    with place.database.begin() as conn:
        queue.end(conn, job[0])
