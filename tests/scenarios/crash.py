"""A worker that can be killed: it dies at a chosen point and does nothing more, as a process does.

Points are where death leaves different things behind: before a batch is written and after it (the answer unread), in a
transaction just before its commit and just after. Once dead, every thread of the worker dies at its next call.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock
from typing import Any

from sqlalchemy import Connection

from connector.bootstrap import Installation
from connector.engine.bridge import Bridge


class Killed(BaseException):
    """The process is no more. Not an Exception: nothing may catch it and carry on."""


class Fate:
    """Counts the points a worker passes, and kills it at one of them (0: it lives)."""

    def __init__(self, at: int = 0) -> None:
        self.passed = 0
        self.dead = False
        self._at = at
        self._lock = Lock()

    def point(self) -> None:
        """Pass one point, or die."""
        with self._lock:
            self.alive()
            self.passed += 1
            if self.passed == self._at:
                self.dead = True
                raise Killed

    def alive(self) -> None:
        """Die if already dead."""
        if self.dead:
            raise Killed


class MortalCrm:
    """A side as a mortal worker has it."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        self._fate.alive()
        return getattr(self._inner, name)

    def write(self, *asked: Any) -> Any:
        self._fate.point()
        outcomes = self._inner.write(*asked)
        self._fate.point()
        return outcomes


class MortalDatabase:
    """The store as a mortal worker has it."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        self._fate.alive()
        return getattr(self._inner, name)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        self._fate.alive()
        with self._inner.begin() as conn:
            yield conn
            self._fate.point()
        self._fate.point()


def mortal(opened: Installation, fate: Fate) -> Installation:
    """The same installation in the hands of a worker with a fate."""
    bridge: Bridge = opened.bridge
    crms = {side: MortalCrm(crm, fate) for side, crm in bridge.crms.items()}
    return replace(opened, bridge=replace(bridge, crms=crms, database=MortalDatabase(bridge.database, fate)))
