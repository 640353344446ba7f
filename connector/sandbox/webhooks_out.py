"""HubSpot's webhooks on their way out (HubSpot fact sheet 11.2 to 11.4).

Events gather for a short window, leave in batches signed afresh at each attempt, and are tried ten times more over a
scaled day when the receiver does not answer 2xx in time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson

from connector.sandbox import signing
from connector.sandbox.parcels import DAY_S, DeliverySettings, Parcel, Post, batches
from connector.sandbox.world import World

HUBSPOT_RETRIES_MAX = 10


class HubspotWebhooks:
    """JSON arrays of up to 100 events, signed afresh at each attempt (HubSpot fact sheet 11.2 and 11.4)."""

    def __init__(self, world: World, settings: DeliverySettings, post: Post) -> None:
        self._world, self._settings, self._post = world, settings, post
        self._read = len(world.hubspot.events)  # what was before is nobody's news
        self._waiting: list[dict[str, Any]] = []
        self._leaves_at: datetime | None = None

    def gather(self, now: datetime) -> tuple[int, list[list[Any]]]:
        """Take new events; they leave when the window since the first has passed or a batch is full."""
        with self._world.entered("hubspot"):
            new = list(self._world.hubspot.events[self._read :])
        self._read += len(new)
        if not self._settings.hubspot_url:
            return 0, []
        self._waiting += new
        if self._waiting and self._leaves_at is None:
            self._leaves_at = now + timedelta(seconds=self._settings.hubspot_group_s)
        full = len(self._waiting) >= self._settings.batch_max
        if self._leaves_at is None or (now < self._leaves_at and not full):
            return len(new), []
        leaving, self._waiting, self._leaves_at = self._waiting, [], None
        return len(new), list(batches(leaving, self._settings.batch_max))

    def send(self, parcel: Parcel, now: datetime) -> bool:
        """Any 2xx within the time allowed counts as taken."""
        settings = self._settings
        events = [{**event, "attemptNumber": parcel.attempt} for event in parcel.items]
        if settings.old_event_names:
            for event in events:
                event["eventType"] = event.pop("subscriptionType")
        body = orjson.dumps(events)
        own = now + self._world.services.skews.get("hubspot", timedelta())  # signed by HubSpot's clock
        headers = signing.headers(settings.hubspot_secret, settings.hubspot_url, body, int(own.timestamp() * 1000))
        status, _ = self._post(settings.hubspot_url, body, headers, settings.hubspot_timeout_s)
        return 200 <= status < 300  # noqa: PLR2004 - HTTP's successes

    def retry_at(self, parcel: Parcel, now: datetime) -> datetime | None:
        """Ten more attempts, spread over a scaled day with growing, uneven gaps."""
        if parcel.attempt >= HUBSPOT_RETRIES_MAX:
            return None
        share = (parcel.attempt + 1) / sum(range(1, HUBSPOT_RETRIES_MAX + 1))
        jitter = 0.8 + 0.4 * self._world.services.random.random()
        return now + timedelta(seconds=DAY_S * share * jitter / self._settings.time_scale)
