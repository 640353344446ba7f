"""Whose turn it is to write: threads of one process are served in the order in which they asked.

A plain lock goes to whoever is awake when it is given back, which is mostly who gave it back: a loop that writes all
the time then keeps everybody else waiting for seconds. Here the turn is handed to the one who has waited longest. All
openings of one SQLite file in a process share one queue, for SQLite's own waiting is a matter of luck, too.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from types import TracebackType
from weakref import WeakValueDictionary


class Turns:
    """A lock that is given in the order of asking: `with turns: ...`."""

    def __init__(self) -> None:
        self._door = Lock()
        self._taken = False
        self._queue: deque[Lock] = deque()

    def __enter__(self) -> None:
        with self._door:
            if not self._taken:
                self._taken = True
                return
            mine = Lock()
            mine.acquire()
            self._queue.append(mine)
        try:
            mine.acquire()
        except BaseException:  # a person's Ctrl-C while waiting
            self._leave(mine)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._next()

    def _next(self) -> None:
        with self._door:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._taken = False

    def _leave(self, mine: Lock) -> None:
        """Stop waiting; who was given the turn meanwhile hands it on."""
        with self._door:
            if mine in self._queue:
                self._queue.remove(mine)
                return
        self._next()


_OF_FILES: WeakValueDictionary[str, Turns] = WeakValueDictionary()
_FILES = Lock()


def of_file(path: str) -> Turns:
    """The queue of everyone in this process who writes to a file."""
    with _FILES:
        found = _OF_FILES.get(path)
        if found is None:
            found = _OF_FILES[path] = Turns()
        return found
