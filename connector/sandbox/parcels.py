"""Requests that carry events out: their settings, their life, and how one reaches its receiver.

A parcel holds the events of one request; it is posted, and posted again, until its receiver takes it or it is given
up. `Route` says what differs between HubSpot's webhooks and Salesforce's outbound messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

import urllib3

Post = Callable[[str, bytes, dict[str, str], float], tuple[int, bytes]]
_T = TypeVar("_T")

DAY_S = 86_400.0


@dataclass(slots=True)
class DeliverySettings:
    """Where events go and how badly they travel. An empty URL: that side tells nobody anything."""

    hubspot_url: str = ""
    hubspot_secret: str = "sandbox-hubspot-secret"  # noqa: S105 - a secret of the sandbox, secret to nobody
    hubspot_group_s: float = 0.5  # events gather so long before a request leaves
    hubspot_timeout_s: float = 5.0
    salesforce_url: str = ""
    salesforce_timeout_s: float = 10.0
    batch_max: int = 100
    concurrency: int = 10  # requests under way to one receiver; 1 sends in order, in the caller's thread
    time_scale: float = 1440.0
    duplicate_rate: float = 0.0
    reorder: bool = False
    old_event_names: bool = False  # `eventType` where newer portals say `subscriptionType`


@dataclass(slots=True)
class Parcel:
    """One request to be made, and made again until it is acknowledged or given up."""

    items: list[Any]
    made_at: datetime
    due: datetime
    attempt: int = 0


class Route(Protocol):
    """How one side makes requests of its events."""

    def gather(self, now: datetime) -> tuple[int, list[list[Any]]]:
        """How many events are new, and the items of the requests now ready to leave."""
        ...

    def send(self, parcel: Parcel, now: datetime) -> bool:
        """Make the request; whether the receiver took it."""
        ...

    def retry_at(self, parcel: Parcel, now: datetime) -> datetime | None:
        """When to try again after a failure; None when the parcel is given up."""
        ...


def http_post() -> Post:
    """Posting over real HTTP with connections kept; (0, b"") when no answer came."""
    pool = urllib3.PoolManager(maxsize=10, retries=False)

    def post(url: str, body: bytes, headers: dict[str, str], timeout_s: float) -> tuple[int, bytes]:
        try:
            answer = pool.request("POST", url, body=body, headers=headers, timeout=timeout_s, redirect=False)
        except urllib3.exceptions.HTTPError:
            return 0, b""
        return answer.status, answer.data

    return post


def batches(items: Sequence[_T], size: int) -> Iterator[list[_T]]:
    """The items in lists of `size` at most."""
    return (list(items[start : start + size]) for start in range(0, len(items), size))
