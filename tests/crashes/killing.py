"""A process that dies at a chosen point and does nothing more, and one that freezes there instead.

Points are the moments between which something durable happens: before a call and after its effect with the answer
unread (in a write: after each single record, for a side takes a batch in pieces), in a transaction just before its
commit and just after. Looks at the store change nothing and are no points. Once dead, nothing of the process works any
more: no cleaning up, no giving back, whatever its `finally` blocks say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from connector import ports
from connector.storage.database import Database

BEFORE_COMMIT, AFTER_COMMIT = "before a commit", "after a commit"
DURABLE = (BEFORE_COMMIT, AFTER_COMMIT, "before write", "after write", "before scrub", "after scrub")


class Killed(BaseException):
    """The process is no more. Not an Exception: nothing may catch it and carry on."""


class Fate:
    """Counts the points a process passes, and strikes at one of them (0: never).

    Attributes:
        strike: what happens there; a death unless something else is asked for.
        durable: only points that leave something new behind are counted.
        trail: the points passed, in words.
    """

    def __init__(self, at: int = 0, strike: Callable[[], None] | None = None, *, durable: bool = False) -> None:
        self._counted = DURABLE if durable else None
        self.at, self.passed, self.dead = at, 0, False
        self.trail: list[str] = []
        self._strike = strike or self._die
        self.last_moment: Callable[[], None] = lambda: None

    def point(self, what: str) -> None:
        """Pass one point, or be struck there."""
        self.alive()
        if self._counted and what not in self._counted:
            return
        self.passed += 1
        self.trail.append(what)
        if self.passed == self.at:
            self._strike()

    def alive(self) -> None:
        """Nothing works in a process that is dead."""
        if self.dead:
            raise Killed

    def _die(self) -> None:
        self.dead = True
        self.last_moment()
        raise Killed


class MortalCrm:
    """A side as a mortal process has it: every operation of the port, and none besides."""

    def __init__(self, inner: ports.Crm, fate: Fate) -> None:
        self._inner, self._fate = inner, fate
        self.side = inner.side

    def __getattr__(self, name: str) -> Any:
        if name not in vars(ports.Crm):
            raise AttributeError(name)
        call = getattr(self._inner, name)

        def called(*args: Any, **kwargs: Any) -> Any:
            self._fate.point(f"before {name}")
            answer = call(*args, **kwargs)
            self._fate.point(f"after {name}")
            return answer

        return called

    def in_lane(self, lane: ports.Lane) -> MortalCrm:
        """The same side in another lane, as mortal; no call."""
        return MortalCrm(self._inner.in_lane(lane), self._fate)

    def scan(self, view: ports.View) -> Iterator[Any]:
        """Portion by portion, each a call of its own."""
        self._fate.point("before scan")
        for portion in self._inner.scan(view):
            self._fate.point("after scan")
            yield portion

    def write(self, view: ports.View, writes: list[ports.Write]) -> list[ports.Outcome]:
        """Record by record: a death may leave any part of a batch done."""
        self._fate.point("before write")
        outcomes = []
        for one in writes:
            outcomes += self._inner.write(view, [one])
            self._fate.point("after write")
        return outcomes


class MortalDatabase(Database):
    """The store as a mortal process has it."""

    def __init__(self, engine: Any, fate: Fate) -> None:
        super().__init__(engine)
        self._fate = fate

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction, with the two moments around its commit."""
        self._fate.alive()
        try:
            with super().begin() as conn:
                yield conn
                self._fate.point(BEFORE_COMMIT)
        except BaseException:
            self._fate.alive()  # what breaks in the hands of the dead is not their error
            raise
        self._fate.point(AFTER_COMMIT)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A look; it changes nothing, but the dead do not look."""
        self._fate.alive()
        with super().read() as conn:
            yield conn

    def scrub(self) -> bool:
        """The rewriting of the store's files."""
        self._fate.point("before scrub")
        done = super().scrub()
        self._fate.point("after scrub")
        return done
