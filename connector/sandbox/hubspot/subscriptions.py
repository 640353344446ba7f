"""Webhook settings and subscriptions as the legacy settings API keeps them (HubSpot fact sheet 11.1).

They are a ledger: which events are told to whom is the deliverer's business, which reads them here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.hubspot.moments import iso


@dataclass(slots=True)
class Subscription:
    """One kind of event an app wants to hear of."""

    id: int
    event_type: str
    property_name: str | None
    active: bool
    created_ms: int
    updated_ms: int

    def shown(self) -> dict[str, Any]:
        """As the settings API prints it."""
        shown: dict[str, Any] = {
            "id": str(self.id),
            "eventType": self.event_type,
            "active": self.active,
            "createdAt": iso(self.created_ms),
            "updatedAt": iso(self.updated_ms),
        }
        if self.property_name:
            shown["propertyName"] = self.property_name
        return shown


@dataclass(slots=True)
class Subscriptions:
    """Target and subscriptions of one app."""

    target_url: str = ""
    concurrent_max: int = 10
    created_ms: int = 0
    updated_ms: int = 0
    by_id: dict[int, Subscription] = field(default_factory=dict)
    next_id: int = 686_627

    def add(self, event_type: str, property_name: str | None, now_ms: int, *, active: bool) -> Subscription:
        """A new subscription; paused unless asked otherwise."""
        made = Subscription(self.next_id, event_type, property_name, active, now_ms, now_ms)
        self.by_id[made.id] = made
        self.next_id += 1
        return made
