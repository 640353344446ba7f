"""Windows shared by all processes, as one process takes part in them: its threads share what it was granted.

A caller takes a slot of those granted ahead, or asks for as many as callers of its lane are waiting; one asks, the
others wait for it. A slot says from when on a call may leave and by when it must have left, on the watch of this
process: the moment is counted from after the answer and the end from before the question, so that neither a slow
database nor a clock that differs from the database's lets a call leave when it must not. Who wakes too late asks anew,
for more time.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final, NamedTuple

from connector.ports import Clock, Lane
from connector.transport.windows import Ask, Grant

LATE_S: Final = 0.05  # a call leaves so long after its moment at the latest, or a hundredth of its window
JITTER_S: Final = 0.05  # two calls may be so much nearer together on arrival than they were on leaving
PATIENCE_S: Final = 0.2  # more time for who woke too late; doubled each time


@dataclass(frozen=True, slots=True)
class Leased:
    """A grant as it reached this process. Seconds of its watch when the database was asked; from then to its moment."""

    asked_at: float
    wait_s: float
    grant: Grant


Lease = Callable[[Ask], Leased]


class Slot(NamedTuple):
    """From when on a call may leave, and by when it must have left."""

    opens: float
    closes: float


class Quota:
    """One shared window of `seconds`, as this process sees it. Thread-safe.

    Attributes:
        used: calls of all processes in the window, as far as this one knows.
    """

    def __init__(self, clock: Clock, seconds: float, lease: Lease) -> None:
        self._clock, self._lease = clock, lease
        self._late_s = max(LATE_S, seconds / 100)
        self._span_ms = int((seconds + self._late_s + JITTER_S) * 1000) + 1
        self._turn, self._counting = Lock(), Lock()
        self._waiting: Counter[Lane] = Counter()
        self._slots: dict[Lane, deque[Slot]] = {lane: deque() for lane in Lane}
        self.used = 0

    def acquire(self, lane: Lane, room: Mapping[Lane, int]) -> float:
        """Wait until a call may leave; returns the seconds waited. `room`: calls any window may hold, by lane."""
        began, late_s = self._clock.monotonic(), 0.0
        while True:
            slot = self._slot(lane, room, late_s)
            wait = slot.opens - self._clock.monotonic()
            if wait > 0:
                self._clock.sleep(wait)
            now = self._clock.monotonic()
            if now <= slot.closes:
                return now - began
            late_s = max(PATIENCE_S, late_s * 2)

    def _slot(self, lane: Lane, room: Mapping[Lane, int], late_s: float) -> Slot:
        with self._counting:
            self._waiting[lane] += 1
        with self._turn:
            try:
                return self._granted(lane) or self._asked(
                    Ask(lane, self._waiting[lane], room, self._span_ms, int(late_s * 1000))
                )
            finally:
                with self._counting:
                    self._waiting[lane] -= 1

    def _granted(self, lane: Lane) -> Slot | None:
        """A slot granted before, if one is still good."""
        slots, now = self._slots[lane], self._clock.monotonic()
        while slots:
            slot = slots.popleft()
            if slot.closes > now:
                return slot
        return None

    def _asked(self, ask: Ask) -> Slot:
        """A slot granted now; those granted with it are for the others."""
        leased = self._lease(ask)
        grant, known = leased.grant, self._clock.monotonic()
        self.used = grant.used + grant.calls
        closes = leased.asked_at + leased.wait_s + grant.hold_ms / 1000 + self._late_s
        slot = Slot(known + leased.wait_s, closes)
        self._slots[ask.lane].extend([slot] * (grant.calls - 1))
        return slot
