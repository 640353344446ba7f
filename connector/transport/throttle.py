"""A rolling-window limiter that stays under a side's quota and still uses nine tenths of it.

A call reserves the earliest moment at which every window has room, then waits for that moment outside the lock: first
come, first served, whichever thread. Windows are counted a little longer than the side counts them (`MARGIN_S`),
because two calls may be nearer together on arrival than they were on leaving. A small share of each window belongs to
the hot lane alone, so that a hot lead never queues behind a backfill. What the side has counted and we did not send is
the use of others (another app with our token), to which our own share gives way. Where several processes call, the log
of a window is theirs together (`quotas`) and takes the place of the one kept here. Invariant: no rolling window ever
holds more than `SHARE` of its calls.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from connector.ports import Clock, Lane
from connector.transport.quotas import Quota

SHARE = 0.97  # of a window's calls that we use at most; other apps and arrival jitter get the rest
HOT_SHARE = 0.015  # of a window's calls that are kept for the hot lane
MARGIN_S = 0.1
OTHERS_MAX = 0.75  # of a window's calls that we give way to others at most, so that nobody starves
UNNOTICED = 0.03  # of a window's calls: so far may the side's count and ours differ because calls take their time
STEP_BACK = 0.05  # of a window's calls that we give way to when the side says that we call too often
FORGET = 0.999  # how fast, an answer, we take back what we gave way to


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` in any `seconds`, as the side counts."""

    calls: int
    seconds: float


@dataclass(slots=True)
class _Log:
    """The latest moments reserved by one lane in one window, oldest first; twice as many as it may hold, to count."""

    calls: int
    seconds: float
    moments: deque[float] = field(default_factory=deque)

    def earliest(self, now: float, others: float = 0.0) -> float:
        """The first moment from `now` on at which the window has room, beside the calls that others make."""
        if self.calls == 0:
            return float("inf")
        room = max(1, self.calls - int(others))
        if len(self.moments) < room:
            return now
        return max(now, self.moments[-room] + self.seconds)

    def count(self, now: float) -> int:
        """Calls that left within the window that ends now."""
        return bisect_right(self.moments, now) - bisect_right(self.moments, now - self.seconds)

    def reserve(self, moment: float) -> None:
        self.moments.append(moment)
        while len(self.moments) > self.calls * 2:
            self.moments.popleft()


class Shared(Protocol):
    """The windows of one quota that all processes share."""

    def quota(self, seconds: float) -> Quota:
        """The window of that length; always the same one."""

    def hold(self, seconds: float) -> None:
        """Let no process call for that long."""


class Throttle:
    """Thread-safe; `acquire` returns when a call may leave. Without `shared` this process is the only one."""

    def __init__(self, clock: Clock, windows: Sequence[Window] = (), shared: Shared | None = None) -> None:
        self._clock, self._shared = clock, shared
        self._lock = Lock()
        self._held_until = float("-inf")
        self._windows = tuple(windows)
        self._others: dict[Window, float] = {}
        self._logs: dict[Lane, tuple[_Log, ...]] = {Lane.HOT: (), Lane.BULK: ()}
        self._lay_out()

    @property
    def windows(self) -> tuple[Window, ...]:
        """The quota as known now."""
        return self._windows

    def acquire(self, lane: Lane = Lane.BULK) -> float:
        """Wait until a call may leave; returns the seconds waited."""
        if self._shared is not None:
            return self._acquire_shared(self._shared, lane)
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

    def _acquire_shared(self, shared: Shared, lane: Lane) -> float:
        waited = max(0.0, self._held_until - self._clock.monotonic())
        if waited:
            self._clock.sleep(waited)
        for window in self._windows:
            bulk = max(1, _share(window, Lane.BULK) - int(self._others.get(window, 0.0)))  # a quota may be learned anew
            waited += shared.quota(window.seconds).acquire(lane, {Lane.HOT: _share(window, Lane.HOT), Lane.BULK: bulk})
        return waited

    def learn(self, window: Window, remaining: int | None = None) -> None:
        """Take over what the side tells of its quota, and slow down when others have used most of it."""
        with self._lock:
            if window not in self._windows:
                kept = [each for each in self._windows if each.seconds != window.seconds]
                self._windows = (*kept, window)
                self._lay_out()
            if remaining is not None:
                self._make_room(window, window.calls - remaining)

    def hold(self, seconds: float) -> None:
        """Let nobody call for that long: the side has said that we call too often."""
        if self._shared is not None:
            self._shared.hold(seconds)
        with self._lock:
            self._hold(seconds)
            for window in self._windows:
                self._others[window] = min(self._others[window] + window.calls * STEP_BACK, window.calls * OTHERS_MAX)

    def _make_room(self, window: Window, used: int) -> None:
        """What the side counted and we did not send is others' use, which our own share gives way to."""
        seen = used - self._ours(window)
        kept = self._others[window] * FORGET
        noticed = seen if seen > window.calls * UNNOTICED else 0
        self._others[window] = min(max(kept, noticed), window.calls * OTHERS_MAX)

    def _ours(self, window: Window) -> int:
        """Calls of all our processes within the window, as far as known here."""
        if self._shared is not None:
            return self._shared.quota(window.seconds).used
        now, place = self._clock.monotonic(), self._windows.index(window)
        return sum(logs[place].count(now) for logs in self._logs.values())

    def _hold(self, seconds: float) -> None:
        self._held_until = max(self._held_until, self._clock.monotonic() + seconds)

    def _earliest(self, now: float, lane: Lane) -> float:
        start = max(now, self._held_until)
        logs = zip(self._logs[lane], self._windows, strict=True)
        return max(
            (log.earliest(start, self._others[window] if lane is Lane.BULK else 0) for log, window in logs),
            default=start,
        )

    def _lay_out(self) -> None:
        self._others = dict.fromkeys(self._windows, 0.0)
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
