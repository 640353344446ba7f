"""An installation that receives webhooks of every kind, and senders who know its secrets."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Flask
from werkzeug.test import TestResponse

from connector.config.secrets import Secret
from connector.config.service import HubSpotWebhooks, SalesforceWebhooks, Web, Webhooks
from connector.sandbox import outbound as soap
from connector.sandbox import signing
from connector.storage import inbox, tallies
from connector.storage.database import Database
from connector.storage.inbox import Received
from webhooks.app import House, create_app
from webhooks.inbox import Writer

ORG, ORG_18 = "00D5f000000abcd", "00D5f000000abcdEAA"
HUBSPOT_SECRET, OUTBOUND_SECRET, EVENTS_SECRET = "hubspot-secret", "outbound-secret-16", "events-secret-16"
LEAD = "00Q5f000005bwLFEAY"
EVENT = {"eventId": 1, "portalId": 62515, "subscriptionType": "contact.creation", "objectId": 123}


@dataclass
class Watch:
    """A clock that stands still until it is set."""

    at: datetime = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


class Loaded:
    """Dice that always fall alike."""

    def roll(self) -> float:
        return 0.5


def secret(text: str) -> Secret:
    return Secret(text, "env:TEST")


def all_webhooks(versions: tuple[str, ...] = ("v3",)) -> Webhooks:
    return Webhooks(
        hubspot=HubSpotWebhooks.model_construct(secrets=[secret(HUBSPOT_SECRET)], signatures=list(versions)),
        salesforce=SalesforceWebhooks.model_construct(
            outbound_secrets=[secret("an-older-secret-16"), secret(OUTBOUND_SECRET)],
            events_secrets=[secret(EVENTS_SECRET)],
        ),
    )


@dataclass
class Doorstep:
    """The application with those who knock at it."""

    app: Flask
    database: Database
    clock: Watch
    origin: str = "http://localhost"
    peer: str = "127.0.0.1"
    headers: dict[str, str] = field(default_factory=dict)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> TestResponse:
        environ = {"REMOTE_ADDR": self.peer}
        return self.app.test_client().post(path, data=body, headers={**headers, **self.headers}, environ_base=environ)

    def hubspot(self, events: Any, *, key: str = HUBSPOT_SECRET, path: str = "/webhooks/hubspot") -> TestResponse:
        """A batch as HubSpot sends it; bytes are sent as they are."""
        body = events if isinstance(events, bytes) else orjson.dumps(events)
        stamp = int(self.clock.at.timestamp() * 1000)
        return self.post(path, body, signing.headers(key, self.origin + path, body, stamp))

    def outbound(self, body: bytes, *, key: str = OUTBOUND_SECRET) -> TestResponse:
        return self.post(f"/webhooks/salesforce/outbound/{key}", body, dict(soap.HEADERS))

    def events(self, body: Any, *, key: str = EVENTS_SECRET) -> TestResponse:
        """JSON as a Flow sends it; bytes are sent as they are."""
        body = body if isinstance(body, bytes) else orjson.dumps(body)
        stamp = str(int(self.clock.at.timestamp()))
        made = hmac.new(key.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {"X-Smarketing-Timestamp": stamp, "X-Smarketing-Signature": made}
        return self.post("/webhooks/salesforce/events", body, {"Content-Type": "application/json", **headers})

    def get(self, path: str, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.app.test_client().get(path, headers=named)

    def stored(self) -> list[Received]:
        with self.database.begin() as conn:
            return inbox.unread(conn, 1000)

    def counted(self) -> dict[str, int]:
        """Tallies, after what waits to be written has been written."""
        with self.database.read() as conn:
            return tallies.all(conn)


def message(org: str = ORG_18, *records: tuple[str, str]) -> bytes:
    """An outbound message."""
    told = [
        soap.notification(f"04l5f{number:010d}AAA", obj, {"Id": record_id})
        for number, (obj, record_id) in enumerate(records or [("Lead", LEAD)])
    ]
    return soap.envelope(org, "04k5f0000004XyZAAU", "https://acme.my.salesforce.com", told)


def knock(web: Web, webhooks: Webhooks, store: Database, writer: Writer) -> Doorstep:
    clock = Watch()
    house = House(store, writer, clock, Loaded(), metrics=lambda: b"smarketing_links 7\n")
    return Doorstep(create_app(web, webhooks, house), store, clock)
