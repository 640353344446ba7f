"""Workers as processes that take turns: one thread, and the dice say who goes on.

A worker is a greenlet that runs the production code. At every durable step (before a transaction, before a call leaves,
before its answer arrives) and whenever it waits, it hands the turn back to the play; nothing else ever runs
meanwhile, so one integer decides every interleaving. A killed worker runs no further line that matters: whatever its
cleaning up would do, store or CRM, is refused. A frozen one goes on later as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache

from greenlet import getcurrent, greenlet
from sqlalchemy import Connection

from connector.sandbox.services import SandboxClock
from connector.storage.database import Database

MOMENTS_MAX = 20_000


class Killed(BaseException):
    """The process is gone."""


class Endless(BaseException):
    """Somebody goes on for ever; no production code may take it for an error of its own."""


class Turns:
    """One worker's hold on the turn.

    Attributes:
        at: what it is about to do, in words; "" when it has not begun.
        wakes: when its waiting ends; None while it waits for nothing.
    """

    def __init__(self, clock: SandboxClock) -> None:
        self._clock, self._run = clock, greenlet()
        self.at, self.wakes, self.dead, self.error = "", None, True, None
        self.moments = 0

    def begin(self, life: Callable[[], None]) -> None:
        """A new process."""
        self._run, self.dead, self.at, self.wakes = greenlet(lambda: self._live(life)), False, "begins", None

    def go_on(self) -> None:
        """Let it run to its next moment."""
        self._run.switch()

    def kill(self) -> None:
        """End it where it stands."""
        self.dead = True
        while self._run and not self._run.dead:
            self._run.switch()

    def ready(self) -> bool:
        """Whether it has something to do now."""
        return not self.dead and (self.wakes is None or self.wakes <= self._clock.now())

    def moment(self, what: str) -> None:
        """Hand the turn back before doing that."""
        if self.dead:
            raise Killed
        self.count()
        self.at = what
        getcurrent().parent.switch()
        if self.dead:
            raise Killed

    def count(self) -> None:
        """One moment more; raises Endless when there were far more than any play needs."""
        self.moments += 1
        if self.moments > MOMENTS_MAX:
            raise Endless(f"a worker is not done after {MOMENTS_MAX} moments; it is about to do what it always does")

    def wait(self, seconds: float) -> None:
        """Hand the turn back until that much time has passed."""
        self.wakes = self._clock.now() + timedelta(seconds=seconds)
        self.moment(f"waits {seconds:.3f} s")
        self.wakes = None

    def _live(self, life: Callable[[], None]) -> None:
        try:
            life()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001  # raised again by the play, with its trace
            self.error = error
        finally:
            self.dead = True


class WorkerClock:
    """The time on the bridge's own host: the world's, as far off as that host's clock is."""

    def __init__(self, clock: SandboxClock, turns: Turns, skew: timedelta = timedelta()) -> None:
        self._clock, self._turns, self._skew = clock, turns, skew

    def now(self) -> datetime:
        return self._clock.now() + self._skew

    def monotonic(self) -> float:
        return self._clock.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self._turns.wait(seconds)


class SharedStore(Database):
    """The store as one worker sees it: others may come in between any two of its transactions, never within one."""

    def __init__(self, inner: Database, turns: Turns) -> None:
        self.__dict__.update(inner.__dict__)
        self._turns_of = turns
        self._writing, self._reading = _connections(inner)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        self._turns_of.moment("writes to the store")
        with self._one_here(), self._turn(True), self._writing.begin():
            yield self._writing

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self._turns_of.moment("looks into the store")
        with self._one_here(), self._turn(True), self._reading.begin():
            yield self._reading


@lru_cache(maxsize=1)
def _connections(store: Database) -> tuple[Connection, Connection]:
    """For writing and for looking, held open: a store in memory is one connection anyway, and lending it costs time."""
    return store._engine.connect(), store._looking.connect()
