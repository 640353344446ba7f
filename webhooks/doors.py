"""The three ways in: what each asks of a request before it is taken, and how it answers. Nothing is stored here.

A door exists only where its secrets are configured. It believes a request first and then looks whether it is what such
a request should be; a request that is refused says why in one line, which tells a stranger nothing he does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import orjson

from connector.config.service import Webhooks
from connector.core.refs import id18
from webhooks import salesforce
from webhooks.salesforce import NotUnderstood
from webhooks.signatures import Sent, Unsigned, check_hubspot, check_ours, check_shared

ACK = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>\n'
    b' <notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>\n'
    b"</soapenv:Body></soapenv:Envelope>"
)  # Salesforce fact sheet 6.1; without it a message counts as not delivered, whatever the status
JSON, XML = ("application/json",), ("text/xml", "application/xml", "application/soap+xml")

Org = Callable[[], str | None]  # the org that the installation belongs to, as far as it is known


class Refusal(Exception):
    """A request that is not taken: the status, one word for counting, and one line for whoever sent it."""

    def __init__(self, status: int, reason: str, words: str) -> None:
        super().__init__(words)
        self.status, self.reason = status, reason


class Door(Protocol):
    """One way in."""

    @property
    def source(self) -> str:
        """What its rows in the inbox are called."""

    @property
    def kinds(self) -> Sequence[str]:
        """Media types that a body may have."""

    @property
    def answer(self) -> tuple[bytes, str]:
        """Body and media type of the 200."""

    def check(self, sent: Sent, secret: str, now: datetime) -> None:
        """Look at a request; `secret` is what stands in its path, "" at doors that have none there.

        Raises:
            Refusal: when it is not to be taken.
        """


@dataclass(frozen=True)
class HubSpotDoor:
    """HubSpot's webhooks: signed JSON lists."""

    secrets: Sequence[str]
    versions: frozenset[str]
    source = "hubspot"
    kinds = JSON
    answer = (b"", "text/plain")

    def check(self, sent: Sent, secret: str, now: datetime) -> None:
        """See `Door`. A batch of more than a hundred events is taken as well."""
        del secret
        try:
            check_hubspot(sent, self.secrets, self.versions, now)
        except Unsigned as why:
            raise Refusal(401, why.reason, str(why)) from why
        try:
            batch = orjson.loads(sent.body)
        except orjson.JSONDecodeError as error:
            raise Refusal(400, "malformed", "no JSON") from error
        if not isinstance(batch, list):
            raise Refusal(400, "malformed", "no JSON list of events")


@dataclass(frozen=True)
class OutboundDoor:
    """Salesforce's outbound messages, believed for the secret in their address and the org they come from."""

    secrets: Sequence[str]
    org: Org
    source = "outbound"
    kinds = XML
    answer = (ACK, "text/xml; charset=utf-8")

    def check(self, sent: Sent, secret: str, now: datetime) -> None:
        """See `Door`."""
        del now
        try:
            check_shared(secret, self.secrets)
        except Unsigned as why:
            raise Refusal(401, why.reason, "the secret at the end of the address is not right") from why
        try:
            message = salesforce.opened(sent.body)
        except NotUnderstood as why:
            raise Refusal(400, "malformed", str(why)) from why
        org = self.org()
        if org is None:
            raise Refusal(503, "unbound", "the bridge does not know its org yet; run: smarketing check")
        if not salesforce.same_org(message.organization, org):
            raise Refusal(401, "org", f"from another org than {id18(org)}, to which the bridge belongs")


@dataclass(frozen=True)
class EventsDoor:
    """JSON of a Flow or Apex, signed with a secret of ours."""

    secrets: Sequence[str]
    org: Org
    source = "events"
    kinds = JSON
    answer = (b"", "text/plain")

    def check(self, sent: Sent, secret: str, now: datetime) -> None:
        """See `Door`. The org is looked at where the request names it: a copy of an org knows the same secret."""
        del secret
        try:
            check_ours(sent, self.secrets, now)
        except Unsigned as why:
            raise Refusal(401, why.reason, str(why)) from why
        try:
            sender, _ = salesforce.records(sent.body)
        except NotUnderstood as why:
            raise Refusal(400, "malformed", str(why)) from why
        org = self.org() if sender is not None else None
        if sender is not None and org is not None and not salesforce.same_org(sender, org):
            raise Refusal(401, "org", f"from another org than {id18(org)}, to which the bridge belongs")


def doors(settings: Webhooks, org: Org) -> dict[str, Door]:
    """The doors that are configured, by source."""
    found: list[Door] = []
    if settings.hubspot:
        secrets = [one.reveal() for one in settings.hubspot.secrets]
        found.append(HubSpotDoor(secrets, frozenset(settings.hubspot.signatures)))
    if settings.salesforce and settings.salesforce.outbound_secrets:
        found.append(OutboundDoor([one.reveal() for one in settings.salesforce.outbound_secrets], org))
    if settings.salesforce and settings.salesforce.events_secrets:
        found.append(EventsDoor([one.reveal() for one in settings.salesforce.events_secrets], org))
    return {door.source: door for door in found}
