"""What a worker works with, made of an opened installation; the same for one loop and for jobs of many processes.

Its batches are smaller than those of `smarketing sync`, so that hot records are never long behind others and a worker
that shall stop does so within seconds. Long work is given up where that costs nothing as soon as it shall stop; the
pauses of the engine, which may last minutes, are such places, those of a call that is under way are not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from connector.bootstrap import Installation
from connector.config.service import Work as Settings
from connector.engine.bridge import Bridge
from connector.engine.duties import Stopping, Work
from connector.engine.pacing import Pace
from connector.engine.stretch import Stretch
from connector.ports import Clock
from connector.service.journal import journal_of
from webhooks.readers import readers

BATCH_RECORDS = 500
TELL_S = 10.0  # between two lines about one long piece of work
_NAP_S = 0.5  # the longest that a pause goes on once it shall end
_LOG = structlog.get_logger(__name__)


def pace_of(settings: Settings) -> Pace:
    """What `worker:` in config.yaml says, as spans."""
    return Pace(
        least=timedelta(seconds=settings.polling.least_s),
        most=timedelta(seconds=settings.polling.most_s),
        quiet=timedelta(seconds=settings.quiet_s),
        longest_wait=timedelta(seconds=settings.longest_wait_s),
        audit_sample=settings.audit.sample,
        audit_every=timedelta(minutes=settings.audit.every_minutes),
        alarm_share=settings.audit.alarm_percent / 100,
    )


def work_of(opened: Installation, by: str, stopping: Callable[[], bool], shards: frozenset[int] | None = None) -> Work:
    """What the duties of a worker are given.

    Args:
        opened: the installation, which must stay open for as long as the worker works.
        by: who works, for the record of runs: "smarketing run".
        stopping: whether the process shall end; asked between batches.
        shards: those that may be drained; None: all.
    """
    before = opened.bridge
    watched = _Watched(stopping, before)
    bridge = replace(before, batch_records=BATCH_RECORDS, progress=watched, clock=Wakeful(before.clock, stopping))
    return Work(
        bridge=bridge,
        stretch=Stretch(bridge, by, opened.misfits),
        pace=pace_of(opened.settings.worker),
        readers=readers({side: account.id for side, account in opened.accounts.items()}),
        channels=sorted(opened.settings.notifications),
        shards=shards,
        journal=journal_of(opened),
    )


class Wakeful:
    """A clock whose pauses end when the one who waits shall stop."""

    def __init__(self, clock: Clock, stopping: Callable[[], bool]) -> None:
        self.now, self.monotonic = clock.now, clock.monotonic  # as they are: they are asked all the time
        self._clock, self._stopping = clock, stopping

    def sleep(self, seconds: float) -> None:
        """Let that many seconds pass.

        Raises:
            Stopping: as soon as the one who waits shall stop.
        """
        left = seconds
        while left > 0 and not self._stopping():
            self._clock.sleep(min(_NAP_S, left))
            left -= _NAP_S
        if self._stopping():
            raise Stopping


class _Watched:
    """Told how far long work is: ends it where the process shall end, and says so in the log now and then."""

    def __init__(self, stopping: Callable[[], bool], bridge: Bridge) -> None:
        self._stopping, self._bridge = stopping, bridge
        self._told_at: float | None = None

    def __call__(self, what: str, done: int, total: int | None) -> None:
        if self._stopping():
            raise Stopping
        self._bridge.progress(what, done, total)
        now = self._bridge.clock.monotonic()
        if self._told_at is None or now - self._told_at >= TELL_S:
            self._told_at = now
            _LOG.info(what, done=done, total=total)
