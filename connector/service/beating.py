"""The heartbeat of a process: every few seconds its row in the store says that it is still there.

A beat that fails is left out; whoever is not heard of for a minute counts as gone, which is then the truth.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from threading import Event, Thread
from typing import Final

import structlog

from connector.ports import Clock
from connector.storage import pulses
from connector.storage.database import Database
from connector.storage.pulses import Pulse

EVERY_S: Final = 15.0
_log = structlog.stdlib.get_logger(__name__)


@contextmanager
def beating(database: Database, kind: str, clock: Clock) -> Iterator[None]:
    """Beat until the block ends, and say goodbye."""
    now, host, pid = clock.now(), platform.node(), os.getpid()
    body = {"host": host, "pid": pid, "version": version("smarketing-connector")}
    pulse = Pulse(f"{kind}@{host}:{pid}", kind, now, now, body)
    stop = Event()

    def beat() -> None:
        while True:
            _said(database, pulse, clock)
            if stop.wait(EVERY_S):
                break

    thread = Thread(target=beat, name="pulse", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(EVERY_S)
        _gone(database, pulse)


def _said(database: Database, pulse: Pulse, clock: Clock) -> None:
    try:
        with database.begin() as conn:
            pulses.beat(conn, pulse, clock.now())
    except Exception:  # noqa: BLE001  # the store is away; readiness tells of that
        _log.exception("no sign of life could be given")


def _gone(database: Database, pulse: Pulse) -> None:
    try:
        with database.begin() as conn:
            pulses.gone(conn, pulse.name)
    except Exception:  # noqa: BLE001  # likewise; a process that says no goodbye is forgotten in a minute
        _log.exception("no goodbye could be said")
