"""Telling people and programs outside the two CRMs: what the engine needs for it.

A message is sent once at most, so what matters of a failure is whether anything may have left: after `Undelivered` it
may be sent again, after `Unheard` never by itself. Nothing is raised for a fault of the other end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Delivered:
    """It was taken."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Surely it did not get there: nothing left, or it was refused.

    Attributes:
        reason, hint: for people; neither a URL nor anything of the message is in them.
        lasting: trying again is useless until somebody has mended it.
    """

    reason: str
    hint: str
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Unheard:
    """It may have got there: it left, and no answer came that says so."""

    reason: str


Delivery = Delivered | Undelivered | Unheard


class Notifier(Protocol):
    """How messages go out. Channels and webhooks go by their names in config.yaml."""

    def notify(self, channel: str, subject: str, body: str) -> Delivery:
        """Tell people."""

    def call(self, webhook: str, key: str, payload: Mapping[str, Any]) -> Delivery:
        """Tell a program; whoever is told twice recognises it by `key`."""
