"""A process that dies at a chosen moment: just before the n-th durable step takes effect.

Durable steps are the commits of the store and the calls to either CRM. Once dead, nothing of the process works any
more: no cleaning up, no giving back. `revive` is the next process, once the dead one's leases have run out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.engine.town import Town

LEASE_S = 600


class Killed(BaseException):
    """The process is gone."""


class Executioner:
    """Counts the durable steps of a town's bridge, and kills it at the one that is chosen."""

    def __init__(self, town: Town) -> None:
        self.town, self.steps, self.at, self.dead = town, 0, 0, False
        self._begin = town.database.begin
        town.database.begin = self._committing
        for side in (town.hubspot, town.salesforce):
            for name in ("write", "read", "find", "changes"):
                setattr(side, name, self._calling(getattr(side, name)))

    def choose(self, at: int) -> None:
        """Die at that step, counted from now, just before it takes effect; 0 lives on."""
        self.steps, self.at = 0, at

    def revive(self) -> None:
        """A new process, some time later."""
        self.at, self.dead = 0, False
        self.town.clock.sleep(LEASE_S)

    def _strike(self) -> None:
        self.steps += 1
        if self.dead or self.steps == self.at:
            self.dead = True
            raise Killed

    @contextmanager
    def _committing(self) -> Iterator[Any]:
        if self.dead:
            raise Killed
        with self._begin() as conn:
            yield conn
            self._strike()

    def _calling(self, call: Any) -> Any:
        def called(*args: Any, **kwargs: Any) -> Any:
            self._strike()
            return call(*args, **kwargs)

        return called
