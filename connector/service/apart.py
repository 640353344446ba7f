"""A full comparison beside the loop: in a thread of its own, with a run of its own, however long it takes.

The loop goes on meanwhile: it folds, polls, watches clocks and drains everything, so that whoever is marked is looked
at within seconds. That the two meet at one link is what the engine allows of any two workers: whoever comes later sees
a link of another version and looks again. One comparison is under way at a time. It is broken off where that costs
nothing (and owed) when the process shall stop, and when the installation it works with is replaced by an edited one,
which is closed only after it has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from threading import Event, Lock, Thread

import structlog

from connector.engine.bridge import Bridge
from connector.engine.duties import Duty, Stopping, Work
from connector.engine.stretch import Stretch
from connector.engine.turning import turn
from connector.service.worker import Wakeful
from connector.storage import duties

_AWAY_S, _TRIES = 1.0, 60  # how long a store that is away is waited for, to say that the duty may be begun again
_LOG = structlog.get_logger(__name__)


class Apart:
    """At most one turn of a long duty, under way beside the loop. `rung`: called when one has ended."""

    def __init__(self, rung: Callable[[], None]) -> None:
        self._rung, self._lock = rung, Lock()
        self._turning: _Turning | None = None

    @property
    def busy(self) -> bool:
        """Whether a turn is under way."""
        return self._turning is not None

    def begin(self, work: Work, duty: Duty) -> None:
        """Begin a turn, unless one is under way."""
        with self._lock:
            if self._turning is not None:
                return
            self._turning = turning = _Turning(work, duty)
        Thread(target=self._run, args=(turning,), name=duty.name, daemon=True).start()

    def after(self, replaced: Work, close: Callable[[], None]) -> None:
        """Break off what is done with a work that was replaced, and close something once it has ended."""
        with self._lock:
            turning = self._turning
            if turning is not None and turning.bridge is replaced.bridge:
                turning.ending.set()
                turning.close.append(close)
                return
        close()

    def join(self) -> None:
        """Wait until nothing is under way; whoever stops the process has said so to the work before."""
        turning = self._turning
        if turning is not None:
            turning.over.wait()

    def _run(self, turning: _Turning) -> None:
        try:
            turning.run()
        finally:
            while close := self._left(turning):
                _closed(close)
            turning.over.set()
            self._rung()

    def _left(self, turning: _Turning) -> Callable[[], None] | None:
        """What is to be closed next; None: nothing, and another turn may begin."""
        with self._lock:
            if not turning.close:
                self._turning = None
                return None
            return turning.close.pop()


class _Turning:
    """One turn, and what tells it to end."""

    def __init__(self, work: Work, duty: Duty) -> None:
        self.bridge, self._duty = work.bridge, duty
        self.ending, self.over = Event(), Event()
        self.close: list[Callable[[], None]] = []
        bridge = replace(work.bridge, progress=self._progress, clock=Wakeful(work.bridge.clock, self.ending.is_set))
        self._work = replace(work, bridge=bridge, stretch=_beside(work.stretch, bridge))

    def run(self) -> None:
        try:
            turn(self._work, self._duty)
        except Stopping:
            _LOG.info("long work was broken off; it is done anew", duty=self._duty.name)
        except Exception:  # noqa: BLE001  # the store is away, or a fault of ours: neither may end the service
            _LOG.exception("long work ended unexpectedly; it is done anew", duty=self._duty.name)
            self._free()

    def _progress(self, what: str, done: int, total: int | None) -> None:
        if self.ending.is_set():
            raise Stopping
        self.bridge.progress(what, done, total)

    def _free(self) -> None:
        """Give up the lease, which could not be done where the fault arose."""
        for _ in range(_TRIES):
            with suppress(Exception):
                with self.bridge.database.begin() as conn:
                    duties.free(conn, self._duty.name, self.bridge.clock.now())
                return
            try:
                self._work.bridge.clock.sleep(_AWAY_S)
            except Stopping:
                return


def _closed(close: Callable[[], None]) -> None:
    try:
        close()
    except Exception:  # noqa: BLE001  # the loop goes on, whatever became of what it has no use for any more
        _LOG.exception("the replaced configuration could not be closed")


def _beside(stretch: Stretch, bridge: Bridge) -> Stretch:
    return Stretch(bridge, stretch.by, stretch.misfits)
