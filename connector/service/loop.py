"""One worker in one process: look what is due, do it in its order, rest; until it shall stop.

A look costs a fraction of a millisecond, and a tenth of that when nobody has written to the store since the last one;
nothing is asked of a CRM unless a duty is due. What may take hours is only begun here, and done beside (`apart`).
Resting ends at once when somebody rings: there is something to do, or the process shall stop. Nothing ends the loop but
that: what a duty runs into is `turning`'s to say, a store that is away is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Event

import structlog

from connector.core.backoff import Backoff, delay
from connector.engine.doing import DUTIES
from connector.engine.duties import Duty, Stopping, Work
from connector.engine.turning import survey, turn
from connector.service.apart import Apart

LOOK_S, _LEAST_S = 0.5, 0.02  # between two looks while nothing is due
_AWAY = Backoff(first=timedelta(seconds=1), longest=timedelta(seconds=30))
_LOG = structlog.get_logger(__name__)


class Bell:
    """Rings the loop awake. Stopping is for good."""

    def __init__(self) -> None:
        self._event, self._stopping = Event(), False

    @property
    def stopping(self) -> bool:
        """Whether the process shall end."""
        return self._stopping

    def ring(self) -> None:
        """There may be something to do."""
        self._event.set()

    def stop(self) -> None:
        """End the loop as soon as that costs nothing; from any thread, or a signal handler."""
        self._stopping = True
        self._event.set()

    def wait(self, seconds: float) -> None:
        """Rest until somebody rings, so many seconds at most."""
        self._event.wait(seconds)
        if not self._stopping:
            self._event.clear()


class Loop:
    """Does the duties of a worker by turns. `work` is asked for anew in every round, for it may have been replaced.

    apart: where the long ones are turned; None: here, as all others.
    """

    def __init__(
        self, work: Callable[[], Work | None], bell: Bell, table: Sequence[Duty] = DUTIES, apart: Apart | None = None
    ) -> None:
        self._work, self.bell, self._table, self._apart = work, bell, table, apart
        self._faults = 0
        self._last: Work | None = None
        self._next_at: datetime | None = None
        self._seen: tuple[Work, int | None] | None = None

    def run(self) -> None:
        """Work until the bell says stop; the open run is closed and every claim given back by then."""
        while not self.bell.stopping:
            try:
                did = self.round()
                self._faults = 0
            except Stopping:
                break
            except Exception:  # noqa: BLE001  # the store is away, or a fault of ours: neither may end the service
                did = self._wait_for_better()
            if not did:
                self.bell.wait(self._rest_s())
        self._close()

    def round(self) -> int:
        """Every duty that is due, once; how many things were done.

        Raises:
            Stopping: when the process shall end in the midst of one.
        """
        work = self._last = self._work()
        if work is None:
            return 0
        now = work.bridge.clock.now()
        if self._nothing_new(work, now):
            return 0
        with work.bridge.database.read() as conn:
            seen = survey(conn, self._table, now)
        self._next_at, did = seen.next_at, 0
        if seen.due:  # what they leave is looked at anew, whether or not they write anything
            self._seen = None
        for duty in seen.due:
            if self.bell.stopping:
                raise Stopping
            did += self._turned(work, duty)
        self._rest(work, work.bridge.clock.now())
        return did

    def _turned(self, work: Work, duty: Duty) -> int:
        """One duty done, or begun; how many things were done."""
        if duty.apart and self._apart is not None:
            self._apart.begin(work, duty)
            return 0
        turned = turn(work, duty)
        return turned.did if turned else 0

    def _nothing_new(self, work: Work, now: datetime) -> bool:
        """Whether nobody has written anything since the last look, and nothing has fallen due."""
        edition = work.bridge.database.edition()
        seen, self._seen = self._seen, (work, edition)
        same = edition is not None and seen is not None and seen[0] is work and seen[1] == edition
        return same and (self._next_at is None or now < self._next_at) and not work.stretch.over(now)

    def _rest_s(self) -> float:
        """Until the next thing is due, if that is soon; what others mark is seen by then."""
        if self._last is None or self._next_at is None:
            return LOOK_S
        left = (self._next_at - self._last.bridge.clock.now()).total_seconds()
        return min(LOOK_S, max(_LEAST_S, left))

    def _rest(self, work: Work, now: datetime) -> None:
        if work.stretch.over(now):
            run = work.stretch.close()
            if run is not None:
                _LOG.info("run closed", run=run.id, **run.summary())

    def _wait_for_better(self) -> int:
        self._faults += 1
        wait = delay(self._faults, _AWAY, 1.0).total_seconds()
        _LOG.exception("the worker cannot go on; it tries again", again_in_s=wait)
        self.bell.wait(wait)
        return 0

    def _close(self) -> None:
        if self._apart is not None:
            self._apart.join()
        if self._last is not None:
            self._last.stretch.close()
