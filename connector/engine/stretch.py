"""A worker's run: opened when there is first something to do, closed after a rest or a quarter of an hour.

So a run stays what people and guards take it for, a stretch of work with its counts, and a worker that has nothing to
do writes no rows. One that a guard holds is closed at once, and its hold stands as any other. What does not fit (rules
that the CRMs cannot carry, evidence that a side will not tell of) is told as each run ends, as `smarketing sync` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from connector.core.plan import Issue
from connector.core.refs import Side
from connector.engine import facts, sync
from connector.engine.bridge import Bridge
from connector.engine.run import Run
from connector.engine.standing import heed, stands
from connector.engine.unseen import tell

LONGEST, REST = timedelta(minutes=15), timedelta(seconds=60)
TIRING = timedelta(minutes=1)  # a record looked at too often within it rests; one that is edited all day does not
KIND = "worker"


class Stretch:
    """The run of one worker, if one is open. Used by one thread at a time."""

    def __init__(self, bridge: Bridge, by: str, misfits: Sequence[Issue] = ()) -> None:
        self.bridge, self.by, self.misfits = bridge, by, misfits
        self._run: Run | None = None
        self._held = ""
        self._withheld: dict[Side, Mapping[tuple[Side, str], str]] = {}
        self._since = self._last = self._counted = bridge.clock.now()

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
        if self._run is not None and not self._run.held and stands(self.bridge):
            self.close()  # another's run was held since, and what is held may not be done under this one
        if self._run is None:
            facts.refuse_blind(self.bridge.database, self.bridge.mapping)
            self._run, self._since = sync.start(self.bridge, KIND, self.by), now
            heed(self.bridge, self._run)
            self._held = self._run.held
        if now - self._counted >= TIRING:
            self._run.looks.clear()
            self._counted = now
        self._last = now
        return self._run

    def withhold(self, side: Side, withheld: Mapping[tuple[Side, str], str]) -> None:
        """Note of which objects a side will not tell what people did, and why; what was noted before is over."""
        if withheld and withheld != self._withheld.get(side):
            self.run()  # which tells of it as it ends
        self._withheld[side] = withheld

    @contextmanager
    def own(self, kind: str) -> Iterator[Run]:
        """A run of its own for one long piece of work; the open one is closed before.

        Raises:
            Unauthorised: as `run`.
        """
        self.close()
        facts.refuse_blind(self.bridge.database, self.bridge.mapping)
        with sync.recorded(self.bridge, kind, self.by) as run:
            yield run
            self._tell(run)

    def over(self, now: datetime) -> bool:
        """Whether the open run should be closed: held, long enough, or without anything done for a while."""
        if self._run is None:
            return False
        return self._run.held != self._held or now - self._since >= LONGEST or now - self._last >= REST

    def closes_at(self) -> datetime | None:
        """When the open run is over if nothing happens; None when none is open."""
        return None if self._run is None else min(self._since + LONGEST, self._last + REST)

    def close(self, outcome: str = "") -> Run | None:
        """Close the open run; the run that was closed."""
        run, self._run = self._run, None
        if run is not None:
            self._tell(run)
            sync.finish(self.bridge, run, outcome or ("held" if run.held else "done"))
        return run

    def _tell(self, run: Run) -> None:
        for withheld in self._withheld.values():
            run.withheld.update(withheld)
        tell(self.bridge, run, self.misfits)
