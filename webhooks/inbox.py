"""Writing to the inbox: many requests in one transaction, and nobody is answered before it has committed.

One thread a process writes. A request hands in its row and waits; once it is the thread's turn to write, it takes
everything that waits, stores it in one transaction and wakes them all. What comes meanwhile gathers for the next, so
that a busy minute costs hardly more transactions than a quiet one. Counts of refused requests travel along, or within a
second by themselves: a stranger who knocks never costs a transaction of his own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from types import TracebackType
from typing import Final, Self

import structlog

from connector.storage import inbox, tallies
from connector.storage.database import Database
from connector.storage.inbox import Post

PATIENCE_S: Final = 4.0  # HubSpot gives up after five (HubSpot fact sheet 11.2)
COUNTS_WAIT_S: Final = 1.0
STOP_S: Final = 10.0
TOGETHER_MAX: Final = 256

_log = structlog.stdlib.get_logger(__name__)


class NotStored(Exception):
    """The store did not take a request in time; whoever sent it must send it again. It may be stored all the same."""


@dataclass(slots=True, eq=False)
class _Waiting:
    post: Post
    settled: Event = field(default_factory=Event)
    stored: bool = False


class Writer:
    """Stores requests for all threads of a process, for as long as its `with` block lasts."""

    def __init__(
        self, database: Database, *, patience_s: float = PATIENCE_S, counts_wait_s: float = COUNTS_WAIT_S
    ) -> None:
        self._database, self._patience_s, self._counts_wait_s = database, patience_s, counts_wait_s
        self._changed = Condition()
        self._waiting: list[_Waiting] = []
        self._counts = Counter[str]()
        self._stopping = False
        self._thread = Thread(target=self._write, name="inbox", daemon=True)

    def __enter__(self) -> Self:
        """Begin to write, with the connection already open: the first request waits no longer than any other."""
        try:
            with self._database.begin() as conn:
                inbox.count(conn)
        except Exception:  # noqa: BLE001  # whatever it is, requests are answered 503 until it is mended
            _log.exception("the store cannot be used yet")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(STOP_S)

    def store(self, post: Post) -> None:
        """Store a request; returns when its transaction has committed.

        Raises:
            NotStored: when it was not stored in time.
        """
        mine = _Waiting(post)
        with self._changed:
            if self._stopping:
                raise NotStored("the service is stopping")
            self._waiting.append(mine)
            self._changed.notify()
        if not mine.settled.wait(self._patience_s):
            self._give_up(mine)
        if not mine.stored:
            raise NotStored("the store did not take it")

    def count(self, name: str) -> None:
        """Count one more of these, soon and without waiting."""
        with self._changed:
            self._counts[name] += 1
            self._changed.notify()

    def _give_up(self, mine: _Waiting) -> None:
        with self._changed:
            if mine in self._waiting:
                self._waiting.remove(mine)

    def _write(self) -> None:
        while self._wanted():
            self._commit()

    def _wanted(self) -> bool:
        """Wait until there is something to store; False once there never will be. Counts alone wait for company."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._counts or self._stopping)
            if not self._waiting:
                self._changed.wait_for(lambda: self._waiting or self._stopping, self._counts_wait_s)
            return bool(self._waiting or self._counts or not self._stopping)

    def _commit(self) -> None:
        """One transaction. Whoever comes while it waits for its turn still travels with it."""
        posts, counts, stored = list[_Waiting](), Counter[str](), False
        try:
            with self._database.begin() as conn:
                posts, counts = self._taken()
                inbox.put(conn, *(one.post for one in posts))
                tallies.add_all(conn, counts + Counter(f"taken.{one.post.source}" for one in posts))
            stored = True
        except Exception:  # noqa: BLE001  # the store is down or full: told once a transaction, and to every sender
            if not posts:
                posts, counts = self._taken()
            _log.exception("requests could not be stored", number=len(posts))
            self._count_again(counts)
        for one in posts:
            one.stored = stored
            one.settled.set()

    def _taken(self) -> tuple[list[_Waiting], Counter[str]]:
        with self._changed:
            posts, self._waiting = self._waiting[:TOGETHER_MAX], self._waiting[TOGETHER_MAX:]
            counts, self._counts = self._counts, Counter()
            return posts, counts

    def _count_again(self, counts: Counter[str]) -> None:
        with self._changed:
            if not self._stopping:
                self._counts += counts
