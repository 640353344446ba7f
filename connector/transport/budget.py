"""The day's budget of calls: never exceeded, whichever process asks, with a reserve for hot leads.

Calls are leased from the durable count in small groups *before* they are made. A crash thus loses a few leased calls
and never makes one that is not counted. When the budget is spent, `take` raises `RateLimited` until the next midnight
of the account's zone, the moment at which the sides begin to count anew (HubSpot fact sheet 9).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from threading import Lock
from zoneinfo import ZoneInfo

from connector.core.refs import Side
from connector.errors import RateLimited
from connector.ports import Clock, Usage
from connector.transport.lanes import Lane

GROUP = 10


@dataclass(slots=True)
class Budget:
    """Counts calls against a daily limit.

    Attributes:
        side: whose budget it is, for the message.
        clock: tells the day.
        spend: adds a number (negative gives back) to the durable count of a day of the account; answers the new total.
        limit_per_day: calls; None counts without limiting.
        reserve_percent: of the limit, for the hot lane only.
        zone: IANA name of the zone whose midnight begins a day.
    """

    side: Side
    clock: Clock
    spend: Callable[[date, int], int]
    limit_per_day: int | None = None
    reserve_percent: float = 10.0
    zone: str = "UTC"
    _leased: int = 0
    _total: int = 0
    _day: date | None = None
    _shut: RateLimited | None = None
    _lock: Lock = field(default_factory=Lock)

    def take(self, lane: Lane = Lane.BULK) -> None:
        """Take one call out of the budget.

        Raises:
            RateLimited: when the lane's part of the day is spent (`until` is the next midnight), or the side was shut.
        """
        with self._lock:
            if self._shut and self.clock.now() < self._shut.until:
                raise RateLimited(str(self._shut), self._shut.until)
            self._shut = None
            today = self._turn_the_page()
            ceiling = self._ceiling(lane)
            if self._total - self._leased >= ceiling:
                raise self._spent(lane)
            if self._leased == 0:
                self._lease(today, lane, ceiling)
            self._leased -= 1

    def shut(self, told: RateLimited) -> None:
        """The side itself says that nobody shall call before `until`: not even the hot lane tries."""
        with self._lock:
            self._shut = told

    def close(self) -> None:
        """Give back what was leased and not used (on shutting down)."""
        with self._lock:
            if self._leased and self._day:
                self._total = self.spend(self._day, -self._leased)
                self._leased = 0

    def told(self, usage: Usage) -> Usage:
        """What was used, with what is left of the day: by our limit, and by the account's as far as it told."""
        with self._lock:
            today = self._turn_the_page()
            ours = None if self.limit_per_day is None else self.limit_per_day - self.spend(today, 0)
        theirs = None if usage.daily_limit is None else usage.daily_limit - (usage.daily_used or 0)
        known = [max(0, left) for left in (ours, theirs) if left is not None]
        return replace(usage, left=min(known, default=None), renewed_at=self.midnight())

    @property
    def used(self) -> int:
        """Calls of the day as far as this process knows."""
        return self._total - self._leased

    def _lease(self, today: date, lane: Lane, ceiling: float) -> None:
        size = int(max(1, min(GROUP, ceiling - self._total)))
        self._total = self.spend(today, size)
        if self._total > ceiling:
            self._total = self.spend(today, -size)
            raise self._spent(lane)
        self._leased = size

    def _ceiling(self, lane: Lane) -> float:
        if self.limit_per_day is None:
            return float("inf")
        return self.limit_per_day * (1.0 if lane is Lane.HOT else 1 - self.reserve_percent / 100)

    def _turn_the_page(self) -> date:
        """The account's day, which has a count of its own; what was leased of yesterday is not today's."""
        today = self.clock.now().astimezone(ZoneInfo(self.zone)).date()
        if today != self._day:
            self._day, self._leased, self._total = today, 0, 0
        return today

    def _spent(self, lane: Lane) -> RateLimited:
        kept = "" if lane is Lane.HOT else f" but for the {self.reserve_percent:g} % kept for hot leads"
        until = self.midnight()
        return RateLimited(
            f"the {self.side} budget of {self.limit_per_day} calls a day is used up{kept}; "
            f"work goes on at {until:%Y-%m-%d %H:%M} UTC, or raise the limit in config.yaml",
            until,
        )

    def midnight(self) -> datetime:
        """When the next day of the account begins."""
        zone = ZoneInfo(self.zone)
        tomorrow = self.clock.now().astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), zone).astimezone(UTC)
