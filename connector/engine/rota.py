"""Who of a pool is given the next person: whose last one lies longest ago, and who has room today.

What was handed over is read from the journeys, so that turns survive restarts and are shared by all workers; what one
batch decides counts at once. Two batches that are planned at the same time may each begin with the same rep, and give
somebody a few more than a day's limit: the next batch makes up for it. Reps who have left, and the user the bridge
signs in as, are never chosen.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from connector.core.definition import Pool
from connector.engine.bridge import Bridge
from connector.storage import journeys

_JUST_NOW = 1 << 62  # later than any entry of the store


class Rota:
    """Turns of one batch. `choose` is what `steer` asks."""

    def __init__(self, bridge: Bridge, now: datetime) -> None:
        self._bridge, self._now = bridge, now
        self._last: dict[str, int] = {}  # the number of what somebody was given last
        self._given: dict[tuple[str, datetime], int] = {}  # since the beginning of a day
        self._turn = _JUST_NOW

    def choose(self, pool: Pool, barred: frozenset[str]) -> str | None:
        """Whose turn it is; None when nobody who may has room today."""
        never = self._never()
        since = _day(pool.zone, self._now)
        able = [owner for owner in pool.owners if owner not in barred and owner not in never and self._works(owner)]
        self._learn(able, since)
        free = [owner for owner in able if pool.per_day is None or self._given[owner, since] < pool.per_day]
        if not free:
            return None
        chosen = min(free, key=lambda owner: self._last[owner])  # the first named of those who never had anybody
        self._turn += 1
        self._last[chosen] = self._turn
        for owner, day in self._given:
            if owner == chosen:
                self._given[owner, day] += 1
        return chosen

    def _learn(self, owners: list[str], since: datetime) -> None:
        unknown = [owner for owner in owners if (owner, since) not in self._given]
        if unknown:
            with self._bridge.database.read() as conn:
                told = journeys.given(conn, unknown, since)
            for owner, (number, last) in told.items():
                self._given[owner, since] = number
                self._last.setdefault(owner, last)

    def _never(self) -> frozenset[str]:
        agreement = self._bridge.agreement
        handoff = agreement.definition.handoff if agreement else None
        return handoff.never if handoff else frozenset()

    def _works(self, owner: str) -> bool:
        return self._bridge.reps is None or owner in self._bridge.reps


def _day(zone: str, now: datetime) -> datetime:
    """When the day began there."""
    there = ZoneInfo(zone)
    return datetime.combine(now.astimezone(there).date(), time.min, there).astimezone(UTC)
