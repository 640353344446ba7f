"""A worker's run: opened when there is first something to do, closed after a rest or a quarter of an hour.

So a run stays what people and guards take it for, a stretch of work with its counts, and a worker that has nothing to
do writes no rows. One that a guard holds is closed at once, and its hold stands as any other.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.engine import facts, sync
from connector.engine.bridge import Bridge
from connector.engine.run import Run
from connector.engine.standing import heed

LONGEST, REST = timedelta(minutes=15), timedelta(seconds=60)
KIND = "worker"


class Stretch:
    """The run of one worker, if one is open. Used by one thread at a time."""

    def __init__(self, bridge: Bridge, by: str) -> None:
        self.bridge, self.by = bridge, by
        self._run: Run | None = None
        self._since = self._last = bridge.clock.now()

    @property
    def open(self) -> Run | None:
        """The run, unless there is none."""
        return self._run

    def run(self) -> Run:
        """The run to work under; opened when there is none, and under the hold that stands, if any.

        Raises:
            Unauthorised: where nobody could tell any more which records have a counterpart already.
        """
        now = self.bridge.clock.now()
        if self._run is None:
            facts.refuse_blind(self.bridge.database, self.bridge.mapping)
            self._run, self._since = sync.start(self.bridge, KIND, self.by), now
            heed(self.bridge, self._run)
        self._last = now
        return self._run

    def over(self, now: datetime) -> bool:
        """Whether the open run should be closed: held, long enough, or without anything done for a while."""
        if self._run is None:
            return False
        return bool(self._run.held) or now - self._since >= LONGEST or now - self._last >= REST

    def closes_at(self) -> datetime | None:
        """When the open run is over if nothing happens; None when none is open."""
        return None if self._run is None else min(self._since + LONGEST, self._last + REST)

    def close(self, outcome: str = "") -> Run | None:
        """Close the open run; the run that was closed."""
        run, self._run = self._run, None
        if run is not None:
            sync.finish(self.bridge, run, outcome or ("held" if run.held else "done"))
        return run
