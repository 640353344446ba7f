"""The only place that asks the system for the time or for chance."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime


class SystemClock:
    """Wall-clock time in UTC, a monotonic stopwatch, and real waiting."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds on a watch that never goes backward."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let that many seconds pass."""
        time.sleep(seconds)


class SystemDice:
    """Chance from the system's generator (jitter only; nothing secret hangs on it)."""

    def roll(self) -> float:
        """A number in [0, 1)."""
        return random.random()  # noqa: S311  # jitter, not a secret
