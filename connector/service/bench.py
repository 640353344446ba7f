"""Places to work at: one for each job that a process does side by side, each with a run of its own.

A run is used by one thread at a time, so a job borrows a place and gives it back; the next one goes on with its run.
Runs that are over are closed while nobody sits there. When the installation has been opened anew, new places are made;
the old ones are closed as they come back, and what is to be closed after the last of them is closed then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from threading import Lock

import structlog

from connector.engine.duties import Work
from connector.engine.stretch import Stretch

_LOG = structlog.get_logger(__name__)


class Bench:
    """The places of one process. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pattern: Work | None = None
        self._free: list[Work] = []
        self._lent: Counter[int] = Counter()  # by pattern
        self._after: dict[int, Callable[[], None]] = {}

    def use(self, pattern: Work | None) -> None:
        """Make places after this work from now on; None: nobody can work."""
        with self._lock:
            if pattern is self._pattern:
                return
            self._pattern, old, self._free = pattern, self._free, []
        for work in old:
            _closed(work)

    def after(self, pattern: Work, close: Callable[[], None]) -> None:
        """Close something once nobody sits any more at a place made after this work."""
        with self._lock:
            if self._lent[id(pattern.bridge)]:
                self._after[id(pattern.bridge)] = close
                return
        close()

    @contextmanager
    def place(self) -> Iterator[Work | None]:
        """A place for as long as the block lasts; None while nobody can work."""
        with self._lock:
            pattern = self._pattern
            work = self._free.pop() if self._free else None
            if pattern is not None:
                self._lent[id(pattern.bridge)] += 1
        if pattern is None:
            yield None
            return
        work = work or _made(pattern)
        work.stretch.misfits = pattern.stretch.misfits
        try:
            yield work
        finally:
            self._back(work)

    def rest(self, now: datetime) -> None:
        """Close the runs that are over."""
        with self._lock:
            over = [work for work in self._free if work.stretch.over(now)]
            self._free = [work for work in self._free if not any(work is one for one in over)]
            self._lent.update(id(work.bridge) for work in over)
        for work in over:
            try:
                _closed(work)
            finally:
                self._back(work)

    def close(self) -> None:
        """Close every run; nobody works any more."""
        self.use(None)

    def _back(self, work: Work) -> None:
        key = id(work.bridge)
        with self._lock:
            current = self._pattern is not None and self._pattern.bridge is work.bridge
            if current:
                self._free.append(work)
        if not current:
            _closed(work)
        with self._lock:
            self._lent[key] -= 1
            last = None if self._lent[key] else self._after.pop(key, None)
        if last is not None:
            last()


def _made(pattern: Work) -> Work:
    stretch = pattern.stretch
    return replace(pattern, stretch=Stretch(pattern.bridge, stretch.by, stretch.misfits))


def _closed(work: Work) -> None:
    run = work.stretch.close()
    if run is not None:
        _LOG.info("run closed", run=run.id, **run.summary())
