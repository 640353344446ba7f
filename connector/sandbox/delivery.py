"""Events leaving the sandbox: HubSpot's webhooks and Salesforce's outbound messages, over real HTTP.

Nothing here runs by itself: `deliver(now)` takes what is new, sends what is due and returns what became of it. Both
CRMs deliver at least once and promise no order, so duplicates and disorder are knobs, not accidents. The real retry
schedules (ten times over 24 hours; growing gaps, dropped after 24 hours) are kept in shape and shrunk by `time_scale`,
1440 by default: a day of retries takes a minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from connector.sandbox.messages_out import SalesforceMessages
from connector.sandbox.parcels import DeliverySettings, Parcel, Post, Route, http_post
from connector.sandbox.webhooks_out import HubspotWebhooks
from connector.sandbox.world import World


class Delivery:
    """Both sides' events on their way. `post` is real HTTP unless a simulation hands in its own."""

    def __init__(self, world: World, settings: DeliverySettings | None = None, post: Post | None = None) -> None:
        self.settings = settings or DeliverySettings()
        post = post or http_post()
        self._lock = Lock()
        self._couriers = {
            "hubspot": Courier(HubspotWebhooks(world, self.settings, post), world, self.settings),
            "salesforce": Courier(SalesforceMessages(world, self.settings, post), world, self.settings),
        }

    def deliver(self, now: datetime) -> dict[str, dict[str, int]]:
        """Send what is due at `now`; the tally of each side since the beginning."""
        with self._lock:
            return {side: asdict(courier.deliver(now)) for side, courier in self._couriers.items()}


@dataclass(slots=True)
class Tally:
    """What became of the requests of one side; `events` counts the new ones only."""

    events: int = 0
    attempts: int = 0
    acknowledged: int = 0
    failed: int = 0
    dropped: int = 0
    pending: int = 0


class Courier:
    """The requests of one side that are under way, and what became of the others."""

    def __init__(self, route: Route, world: World, settings: DeliverySettings) -> None:
        self.tally = Tally()
        self._route, self._world, self._settings = route, world, settings
        self._parcels: list[Parcel] = []

    def deliver(self, now: datetime) -> Tally:
        """Send what is due at `now` and put off what failed."""
        events, ready = self._route.gather(now)
        self.tally.events += events
        self._parcels += [Parcel(items, now, now) for items in self._disturbed(ready)]
        due = [parcel for parcel in self._parcels if parcel.due <= now]
        kept = [parcel for parcel in self._parcels if parcel.due > now]
        taken = self._sent(due, now)
        self._parcels = kept + [
            parcel for parcel, done in zip(due, taken, strict=True) if not self._over(parcel, now, done)
        ]
        self.tally.pending = len(self._parcels)
        return self.tally

    def _disturbed(self, ready: list[list[Any]]) -> list[list[Any]]:
        dice = self._world.services.random
        if self._settings.duplicate_rate:
            ready = ready + [items for items in ready if dice.random() < self._settings.duplicate_rate]
        if self._settings.reorder:
            ready = [dice.sample(items, len(items)) for items in ready]
            dice.shuffle(ready)
        return ready

    def _sent(self, due: Sequence[Parcel], now: datetime) -> list[bool]:
        if self._settings.concurrency <= 1 or len(due) <= 1:
            return [self._route.send(parcel, now) for parcel in due]
        with ThreadPoolExecutor(self._settings.concurrency) as pool:
            return list(pool.map(lambda parcel: self._route.send(parcel, now), due))

    def _over(self, parcel: Parcel, now: datetime, taken: bool) -> bool:  # noqa: FBT001 - what the receiver answered
        """Count one attempt; whether the parcel is done with, taken or given up."""
        self.tally.attempts += 1
        if taken:
            self.tally.acknowledged += 1
            return True
        self.tally.failed += 1
        again = self._route.retry_at(parcel, now)
        if again is None:
            self.tally.dropped += 1
            return True
        parcel.attempt += 1
        parcel.due = again
        return False
