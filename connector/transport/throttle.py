"""A rolling-window limiter that stays under a side's quota and still uses nine tenths of it.

A call reserves the earliest moment at which every window has room, then waits for that moment outside the lock: first
come, first served, whichever thread. Windows are counted a little longer than the side counts them (`MARGIN_S`),
because two calls may be nearer together on arrival than they were on leaving. A small share of each window belongs to
the hot lane alone, so that a hot lead never queues behind a backfill. Invariant: no rolling window ever holds more
than `SHARE` of its calls.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from connector.ports import Clock
from connector.transport.lanes import Lane

SHARE = 0.95  # of a window's calls that we use at most; other apps and arrival jitter get the rest
HOT_SHARE = 0.03  # of a window's calls that are kept for the hot lane
MARGIN_S = 0.1
LOW_WATER = 0.03  # less than this left, as told by the side, means that others call on the same quota


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` in any `seconds`, as the side counts."""

    calls: int
    seconds: float


@dataclass(slots=True)
class _Log:
    """The latest reserved moments of one lane in one window, oldest first; as many as the window may hold."""

    calls: int
    seconds: float
    moments: deque[float] = field(default_factory=deque)

    def earliest(self, now: float) -> float:
        """The first moment from `now` on at which the window has room."""
        if self.calls == 0:
            return float("inf")
        if len(self.moments) < self.calls:
            return now
        return max(now, self.moments[-self.calls] + self.seconds)

    def reserve(self, moment: float) -> None:
        self.moments.append(moment)
        while len(self.moments) > self.calls:
            self.moments.popleft()


class Throttle:
    """Thread-safe; `acquire` returns when a call may leave."""

    def __init__(self, clock: Clock, windows: Sequence[Window] = ()) -> None:
        self._clock = clock
        self._lock = Lock()
        self._held_until = float("-inf")
        self._windows = tuple(windows)
        self._logs: dict[Lane, tuple[_Log, ...]] = {Lane.HOT: (), Lane.BULK: ()}
        self._lay_out()

    @property
    def windows(self) -> tuple[Window, ...]:
        """The quota as known now."""
        return self._windows

    def acquire(self, lane: Lane = Lane.BULK) -> float:
        """Wait until a call may leave; returns the seconds waited."""
        lanes = (Lane.HOT, Lane.BULK) if lane is Lane.HOT else (Lane.BULK,)
        with self._lock:
            now = self._clock.monotonic()
            moment, _, chosen = min((self._earliest(now, each), each is Lane.BULK, each) for each in lanes)
            for log in self._logs[chosen]:
                log.reserve(moment)
        wait = max(0.0, moment - now)
        if wait:
            self._clock.sleep(wait)
        return wait

    def learn(self, window: Window, remaining: int | None = None) -> None:
        """Take over what the side tells of its quota, and slow down when others have used most of it."""
        with self._lock:
            if window not in self._windows:
                kept = [each for each in self._windows if each.seconds != window.seconds]
                self._windows = (*kept, window)
                self._lay_out()
            if remaining is not None and remaining < window.calls * LOW_WATER:
                self._hold(window.seconds / 10)

    def hold(self, seconds: float) -> None:
        """Let nobody call for that long: the side has said that we call too often."""
        with self._lock:
            self._hold(seconds)

    def _hold(self, seconds: float) -> None:
        self._held_until = max(self._held_until, self._clock.monotonic() + seconds)

    def _earliest(self, now: float, lane: Lane) -> float:
        start = max(now, self._held_until)
        return max((log.earliest(start) for log in self._logs[lane]), default=start)

    def _lay_out(self) -> None:
        before = {(lane, log.seconds): log.moments for lane, logs in self._logs.items() for log in logs}
        for lane in Lane:
            logs = tuple(_Log(_share(each, lane), each.seconds + MARGIN_S) for each in self._windows)
            for log in logs:
                log.moments = before.get((lane, log.seconds), log.moments)
            self._logs[lane] = logs


def _share(window: Window, lane: Lane) -> int:
    """How many calls of a window a lane owns. Small windows have no room for a lane of its own."""
    hot = int(window.calls * HOT_SHARE)
    return hot if lane is Lane.HOT else max(1, int(window.calls * SHARE) - hot)
