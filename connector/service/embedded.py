"""`smarketing run`: the loop beside the web application, in one process on one store.

The loop is a thread of the process that answers webhooks, and a full comparison is another beside it: what they have
under way when the process shall stop they finish within some seconds, and what they held is given back. On SQLite it is
the only worker there may be; a second process is refused as long as the first one lives. Whatever a kill leaves behind
is freed by the next one at once.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

import structlog
from sqlalchemy import Connection

from connector.bootstrap import Installation, Surroundings
from connector.clock import SystemClock, SystemDice
from connector.engine.duties import Work
from connector.errors import Refused
from connector.service.apart import Apart
from connector.service.beating import beating
from connector.service.keeping import Keeping
from connector.service.listeners import companions
from connector.service.loop import Bell, Loop
from connector.service.worker import work_of
from connector.storage import pulses
from connector.storage.database import Database, open_database
from connector.storage.pulses import Pulse

KIND = "run"
SILENT = timedelta(minutes=1)  # a process of another host that was not heard of for so long is gone
STOP_S = 25.0  # the most that the batch under way may take; less than the process has to end
_LOG = structlog.get_logger(__name__)


@contextmanager
def at_work(path: Path, env: Mapping[str, str], url: str) -> Iterator[None]:
    """Work in a thread of its own while the block lasts.

    Args:
        path: config.yaml; its mistakes were told before.
        env: environment variables.
        url: of the store.

    Raises:
        Refused: when another process works on the same SQLite store.
    """
    clock = SystemClock()
    bell = Bell()
    with ExitStack() as closing:
        database = open_database(url)
        closing.callback(database.close)
        _come_in(database, clock.now())
        closing.enter_context(beating(database, KIND, clock))

        def working(opened: Installation) -> Work:
            return work_of(opened, "smarketing run", lambda: bell.stopping)

        around = Surroundings(env, clock, SystemDice())
        apart = Apart(bell.ring)
        keeping = Keeping(path, around, working, companions, apart.after)
        loop = Loop(keeping.work, bell, apart=apart)
        thread = Thread(target=_work, args=(keeping, loop), name="worker", daemon=True)
        thread.start()
        try:
            yield
        finally:
            bell.stop()
            thread.join(STOP_S)
            if thread.is_alive():
                _LOG.warning("the batch under way takes too long and is left to the next start; nothing is lost")


def _work(keeping: Keeping, loop: Loop) -> None:
    try:
        loop.run()
    finally:
        keeping.close()


def refuse_second(database: Database, now: datetime) -> None:
    """Let no second worker at an SQLite store.

    Raises:
        Refused: naming the process that is at work.
    """
    with database.read() as conn:
        _refuse(conn, now)


def _come_in(database: Database, now: datetime) -> None:
    """Be the one at work; of two that start at the same moment one is refused."""
    host, pid = platform.node(), os.getpid()
    with database.begin() as conn:
        _refuse(conn, now)
        pulses.beat(conn, Pulse(f"{KIND}@{host}:{pid}", KIND, now, now, {"host": host, "pid": pid}), now)


def _refuse(conn: Connection, now: datetime) -> None:
    if conn.dialect.name != "sqlite":
        return
    others = [one for one in pulses.alive(conn, now, SILENT) if one.kind == KIND and _lives(one)]
    if others:
        who = others[0].body
        raise Refused(
            f"another smarketing run is at work on this store (process {who.get('pid')} on {who.get('host')}, since "
            f"{others[0].started_at:%Y-%m-%d %H:%M} UTC); stop it first, or take PostgreSQL to have several workers"
        )


def _lives(pulse: Pulse) -> bool:
    """Whether a process is there; of one on another host only its silence tells."""
    pid = pulse.body.get("pid")
    if pulse.body.get("host") != platform.node() or not isinstance(pid, int):
        return True
    if pid == os.getpid():  # what had our number before us is gone; in containers numbers begin anew
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _dead(pid)


def _dead(pid: int) -> bool:
    """Whether a process has ended and nobody has asked yet how: its number stays taken, in a container for long."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False  # no such thing as /proc here
    return state in ("Z", "X")
