"""What happened, as the webhook events HubSpot would send (HubSpot fact sheet 11.3).

Kept as small tuples and spelt out as dicts when read, so that a busy day of events costs little memory. Append-only:
a reader remembers how far it has read. `eventId` is made of the moment and the record and so, as in HubSpot, is not
unique.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, overload

from connector.sandbox.hubspot.kinds import BY_NAME
from connector.sandbox.hubspot.records import Source

EVENT_ID_MASK = 0x7FFF_FFFF


class Event(NamedTuple):
    """One event, compact. `data` are further fields, as alternating names and values."""

    action: str  # creation, deletion, merge, restore, propertyChange, associationChange, privacyDeletion
    kind: str  # singular: contact
    object_id: int
    at_ms: int
    source: Source
    data: tuple[Any, ...] = ()


class EventLog(Sequence[dict[str, Any]]):
    """Every event of the portal, oldest first, read as dicts."""

    def __init__(self, portal_id: int, app_id: int) -> None:
        self._portal_id = portal_id
        self._app_id = app_id
        self._events: list[Event] = []

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, place: slice) -> list[dict[str, Any]]: ...

    def __getitem__(self, place: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(place, slice):
            return [self._spelt(event) for event in self._events[place]]
        return self._spelt(self._events[place])

    def append(self, event: Event) -> None:
        """Add one event."""
        self._events.append(event)

    def compact(self, start: int = 0) -> list[Event]:
        """Events from a position on, as tuples."""
        return self._events[start:]

    def _spelt(self, event: Event) -> dict[str, Any]:
        spelt: dict[str, Any] = {
            "eventId": (event.at_ms ^ (event.object_id << 7)) & EVENT_ID_MASK,
            "subscriptionId": subscription_id(event),
            "portalId": self._portal_id,
            "appId": self._app_id,
            "occurredAt": event.at_ms,
            "subscriptionType": f"{event.kind}.{event.action}",
            "attemptNumber": 0,
        }
        if event.action != "associationChange":
            spelt["objectId"] = event.object_id
        names = iter(event.data)
        spelt.update(zip(names, names, strict=True))
        spelt["changeSource"] = event.source.type
        if event.source.id:
            spelt["sourceId"] = event.source.id
        return spelt


def subscription_id(event: Event) -> int:
    """One steady number per kind of event and property, as a portal has one subscription for each."""
    name = event.data[1] if event.action == "propertyChange" else ""
    text = f"{BY_NAME[event.kind].type_id}.{event.action}.{name}"
    return 600_000 + sum(place * ord(letter) for place, letter in enumerate(text, start=1))
