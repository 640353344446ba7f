"""Calls counted by operation, for `ports.Usage`: what we made, what was throttled, what the side tells of its day."""

from __future__ import annotations

from collections import Counter
from threading import Lock

from connector.ports import Usage


class Meter:
    """Thread-safe counters; reading them costs no call."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_operation: Counter[str] = Counter()
        self._throttled = 0
        self._daily_limit: int | None = None
        self._daily_used: int | None = None

    def count(self, operation: str) -> None:
        """One call of that operation was sent."""
        with self._lock:
            self._by_operation[operation] += 1

    def throttled(self) -> None:
        """One answer said that we called too often."""
        with self._lock:
            self._throttled += 1

    def told(self, daily_limit: int, daily_used: int) -> None:
        """The side said how much of its day is used, by everyone."""
        with self._lock:
            self._daily_limit, self._daily_used = daily_limit, daily_used

    def usage(self) -> Usage:
        """The counts so far."""
        with self._lock:
            return Usage(
                calls=self._by_operation.total(),
                by_operation=dict(self._by_operation),
                throttled=self._throttled,
                daily_limit=self._daily_limit,
                daily_used=self._daily_used,
            )
