"""The notifier of an installation: its channels and webhooks by name, as the settings give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from connector.delivery import Delivery, Undelivered
from connector.notify.channels import Channel
from connector.ports import Clock

_NAME_IT = "name it in config.yaml under {}, or change sla.yaml so that it names one that is there"


class Secret(Protocol):
    """A text that only this gives out."""

    def reveal(self) -> str:
        """The text itself."""


class Address(Protocol):
    """Where something is sent."""

    @property
    def url(self) -> Secret:
        """The address, which may hold a token."""


class Signed(Address, Protocol):
    """A webhook."""

    @property
    def secret(self) -> Secret:
        """What the message is signed with."""

    @property
    def timeout_s(self) -> float:
        """How long to wait for a connection, and then for an answer."""


class Outgoing:
    """Everything that can be told to somebody outside."""

    def __init__(self, channels: Mapping[str, Address], webhooks: Mapping[str, Signed], clock: Clock) -> None:
        self._channels = {name: Channel(one.url.reveal()) for name, one in channels.items()}
        self._webhooks = webhooks
        self._clock = clock

    def notify(self, channel: str, subject: str, body: str) -> Delivery:
        """Tell people."""
        known = self._channels.get(channel)
        return known.send(subject, body) if known else _nowhere("channel", channel, "notifications")

    def call(self, webhook: str, key: str, payload: Mapping[str, Any]) -> Delivery:
        """Tell a program."""
        known = self._webhooks.get(webhook)
        if known is None:
            return _nowhere("webhook", webhook, "webhooks_out")
        from connector.notify.posting import Letter, post  # noqa: PLC0415  # its client takes long to load

        letter = Letter(known.url.reveal(), known.secret.reveal(), key, payload)
        return post(letter, self._clock.now(), known.timeout_s)


def notifier(channels: Mapping[str, Address], webhooks: Mapping[str, Signed], clock: Clock) -> Outgoing:
    """The notifier of `notifications` and `webhooks_out` in config.yaml."""
    return Outgoing(channels, webhooks, clock)


def _nowhere(what: str, name: str, key: str) -> Undelivered:
    return Undelivered(f"there is no {what} called {name!r}", _NAME_IT.format(key), lasting=True)
