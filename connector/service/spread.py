"""A worker among any number of workers on PostgreSQL: Procrastinate's queue, and duties that any of them may do.

Every worker looks twice a second what is due and puts it into the queue, where each job stands once; Procrastinate
hands it to whichever worker is free, and wakes that by NOTIFY. Jobs run in threads, so that the heartbeat goes on while
they work, however long they take. When the database goes away everything is begun anew once it is back. On SIGTERM
what is under way is ended within some seconds, or else given back.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any, Final

import structlog
from procrastinate import App, JobContext
from procrastinate.exceptions import AlreadyEnqueued, ProcrastinateException

from connector.bootstrap import Installation, Surroundings
from connector.clock import SystemClock, SystemDice
from connector.config.load import Loaded
from connector.engine.duties import FULL, Stopping, Work
from connector.engine.turning import turn
from connector.ports import Clock
from connector.service import takeover
from connector.service.beating import beating
from connector.service.bench import Bench
from connector.service.jobs import Job, drainers, due, due_again, jobs
from connector.service.keeping import Keeping
from connector.service.listeners import companions
from connector.service.procrastination import app_for, prepare
from connector.service.worker import work_of
from connector.storage.database import Database
from connector.storage.queue import QUEUE, Away, held

KIND: Final = "worker"  # of its pulse
TASK: Final = "smarketing.duty"
LOOK_S: Final = 0.5
GRACE_S: Final = 20.0  # for what is under way when the process shall stop; then it is given back
_OTHERS: Final = 5  # jobs beside the draining: a comparison, two polls, and room for what is short
_FETCH_S: Final = 0.5  # a notice that arrives while a worker looks for jobs is forgotten by it (Procrastinate 3.10)
_AWAY_S: Final = 1.0
_TURN_S: Final = 0.2
_LOG = structlog.get_logger(__name__)


def take_part(path: Path, env: Mapping[str, str], opened: tuple[Loaded, Database], ready: Callable[[], None]) -> None:
    """Be one of the workers until SIGTERM or Ctrl-C.

    Args:
        path: config.yaml; its mistakes were told before.
        env: environment variables.
        opened: what it says, and the store, which stays open while the installation is opened anew.
        ready: called once it takes part, and after every interruption.

    Raises:
        Misconfigured: as `procrastination.prepare` and `Crew.run`.
    """
    (loaded, database), clock, stopping, bench = opened, SystemClock(), Event(), Bench()
    prepare(database)
    logging.getLogger("procrastinate").setLevel(logging.WARNING)  # two lines a job otherwise, several a second

    def working(installation: Installation) -> Work:
        return work_of(installation, "smarketing worker", stopping.is_set)

    around = Surroundings(env, clock, SystemDice())
    keeping = Keeping(path, around, working, companions, bench.after)
    url, groups = loaded.settings.database.url.reveal(), loaded.settings.worker.parallel
    with closing(keeping), beating(database, KIND, clock):
        crew = Crew(database, url, clock, keeping.work, groups, bench, ready=ready, stopping=stopping)
        asyncio.run(_until_signalled(crew))


async def _until_signalled(crew: Crew) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await crew.run(told)


@dataclass
class Crew:
    """One process of workers.

    Attributes:
        work: what to work with, None while the installation cannot be opened; asked for again and again, by one thread
            at a time, for it may be replaced.
        bench: where the work is done; whoever replaces the work says there what is to be closed after it.
        stopping: set when the process shall end; the work asks it between batches.
        ready: called once it takes part, and after every interruption.
        leave: ends the process though threads are still at work; what they do then is nobody's loss.
    """

    database: Database
    url: str
    clock: Clock
    work: Callable[[], Work | None]
    groups: int
    bench: Bench = field(default_factory=Bench)
    ready: Callable[[], None] = lambda: None
    leave: Callable[[], None] = lambda: os._exit(0)
    stopping: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.table = jobs(self.groups, self.clock.now)
        self._own = takeover.Own()
        self._lost: set[int] = set()  # jobs that looked lost at the last look
        self._taken: set[int] = set()  # jobs that were taken from us while we are at them
        self._leaving = Event()  # no turn is begun any more
        self._looked_s = 0.0

    async def run(self, told: asyncio.Event) -> None:
        """Work until told to stop.

        Raises:
            Misconfigured: when workers with another number of groups are at work.
        """
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self.groups + 2 * _OTHERS, thread_name_prefix="job"))
        loop.set_exception_handler(_unheard)
        with self.database.begin() as conn:
            takeover.agree_on_groups(conn, self.groups)
        while not told.is_set():
            try:
                if await self._can_work(told):
                    await self._session(told)
            except (ProcrastinateException, Away, OSError) as error:
                _LOG.warning("the database does not answer; we go on when it does", kind=type(error).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(told.wait(), _AWAY_S)
        await asyncio.to_thread(self.bench.close)

    async def _can_work(self, told: asyncio.Event) -> bool:
        """Whether there is anything to work with; a little later, if there is not."""
        if await asyncio.to_thread(self._renewed):
            return True
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), LOOK_S)
        return False

    def _renewed(self) -> bool:
        work = self.work()
        self.bench.use(work)
        return work is not None

    async def _session(self, told: asyncio.Event) -> None:
        """Work until told to stop or the database goes away."""
        app = app_for(self.url)
        self._leaving.clear()
        app.task(name=TASK, queue=QUEUE, pass_context=True)(self.do)
        async with app.open_async():
            looking = asyncio.create_task(self._look_again_and_again(app), name="looking")
            working = asyncio.create_task(self._take_part(app), name="working")
            stopped = asyncio.create_task(told.wait(), name="told to stop")
            self.ready()
            await asyncio.wait({looking, working, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if told.is_set():
                self.stopping.set()
            self._leaving.set()
            looking.cancel()
            working.cancel()
            _, late = await asyncio.wait({looking, working}, timeout=GRACE_S)
            stopped.cancel()
            if late:
                await asyncio.to_thread(self._give_back)
            _raise_first(looking, working)

    async def _take_part(self, app: App) -> None:
        await app.run_worker_async(
            queues=[QUEUE],
            concurrency=self.groups + _OTHERS,
            fetch_job_polling_interval=_FETCH_S,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=takeover.BEAT_S,
            stalled_worker_timeout=takeover.FORGOTTEN_S,
        )

    async def _look_again_and_again(self, app: App) -> None:
        """Put into the queue what is due, and take over from who is heard of no more."""
        while True:
            for job in await asyncio.to_thread(self.look):
                with suppress(AlreadyEnqueued):  # another worker has looked at the same moment
                    deferrer = app.configure_task(TASK, lock=job.name, queueing_lock=job.name, queue=QUEUE)
                    await deferrer.defer_async(name=job.name)
            await asyncio.sleep(LOOK_S)

    def look(self) -> list[Job]:
        """What is to be put into the queue now. Runs that are over are closed meanwhile, and silent workers ended."""
        self._renewed()
        now = self.clock.now()
        if self.clock.monotonic() - self._looked_s >= takeover.BEAT_S:
            self._looked_s = self.clock.monotonic()
            with self.database.begin() as conn:
                takeover.take_over(conn, self.table, now)
                self._lost = takeover.end_lost(conn, self._own, self._lost, self.table, now)
                self._taken = takeover.taken_from(conn, self._own)
            self.bench.rest(now)
        with self.database.read() as conn:
            return due(conn, self.table, now)

    def do(self, context: JobContext, name: str) -> None:
        """Do one job of the queue; called in a thread of its own."""
        job, job_id, worker_id = self.table.get(name), context.job.id, context.job.worker_id
        if job is None or job_id is None or worker_id is None:
            _LOG.warning("a job that nobody knows was left out; what is due is found in the store", job=name)
            return
        self._own.worker_id = worker_id
        self._own.running.add(job_id)
        try:
            with self.bench.place() as work:
                if work is not None:
                    self._turns(self._ours(work, job, job_id), job, (job_id, worker_id))
        except Stopping:
            pass
        except Away as error:
            _LOG.warning("a job ended because the database does not answer", job=name, kind=type(error).__name__)
            self._free(job, (job_id, worker_id))
        finally:
            self._own.running.discard(job_id)

    def _ours(self, work: Work, job: Job, job_id: int) -> Work:
        """The work of one job: its shards, and an end to what is long once another has taken it over."""

        def progress(what: str, done: int, total: int | None) -> None:
            if job_id in self._taken:
                raise Stopping
            work.bridge.progress(what, done, total)

        return replace(work, bridge=replace(work.bridge, progress=progress), shards=job.shards)

    def _turns(self, work: Work, job: Job, ours: tuple[int, int]) -> None:
        """Turn a duty while it is due, and as long as the job is ours."""
        while not self._leaving.is_set():
            with self.database.read() as conn:
                if not held(conn, *ours) or not due_again(conn, job, self.clock.now()):
                    return
                waits = job.duty.name == FULL and bool(drainers(conn))
            if waits:
                self._leaving.wait(_TURN_S)
            else:
                turn(work, job.duty)

    def _free(self, job: Job, ours: tuple[int, int]) -> None:
        """Give up what an interrupted job had claimed, once the database is back; else others take it over."""
        for _ in range(int(takeover.SILENT_S / _AWAY_S)):
            try:
                with self.database.begin() as conn:
                    if held(conn, *ours):
                        takeover.free(conn, job, self.clock.now())
            except Away:
                self.stopping.wait(_AWAY_S)
            else:
                return

    def _give_back(self) -> None:
        """There is no time left: others do what is under way. When the process shall end, it ends here and now."""
        with suppress(Away), self.database.begin() as conn:
            names = takeover.give_back(conn, self._own, self.table, self.clock.now())
            _LOG.warning("jobs were given back unfinished", jobs=names)
        if self.stopping.is_set():
            self.leave()


def _raise_first(*ended: asyncio.Task[Any]) -> None:
    for task in ended:
        if task.done() and not task.cancelled() and (error := task.exception()):
            raise error


def _unheard(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody waits for: mostly that a job which was taken over meanwhile could not be reported done."""
    error = context.get("exception")
    _LOG.warning("a job could not be reported", reason=context["message"], kind=type(error).__name__)
