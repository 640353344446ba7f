"""The chat room and the address to which messages go: what was sent, by whom, and what its sender heard of it.

A message is two moments, as a call is: before it leaves, and before its sender hears of it. Whoever dies in the second
has sent it and does not know. The other end may refuse, or take a message and not answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connector.delivery import Delivered, Delivery, Undelivered, Unheard

if TYPE_CHECKING:
    from tests.simulation.stage import Stage
    from tests.simulation.turns import Turns

FINE, REFUSES, SILENT = "fine", "refuses", "silent"
MANNERS: Mapping[str, Delivery] = {
    FINE: Delivered(),
    REFUSES: Undelivered("it is closed", "open it again"),
    SILENT: Unheard("no answer came"),
}


@dataclass(frozen=True)
class Message:
    """One message that left.

    Attributes:
        to: the chat room or address, by name; key: what the address was told it is; "" for the room.
        words: the subject.
        taken: whether the other end has it.
        at: when in truth.
    """

    by: str
    to: str
    key: str
    words: str
    taken: bool
    at: datetime


class Outgoing:
    """How one worker sends messages (`delivery.Notifier`)."""

    def __init__(self, stage: Stage, name: str, turns: Turns) -> None:
        self._stage, self._name, self._turns = stage, name, turns

    def notify(self, channel: str, subject: str, body: str) -> Delivery:
        """Tell people."""
        return self._sent(channel, "", f"{subject}\n{body}" if "more" in subject else subject)

    def call(self, webhook: str, key: str, payload: Mapping[str, Any]) -> Delivery:
        """Tell a program."""
        return self._sent(webhook, key, str(payload["subject"]))

    def _sent(self, to: str, key: str, words: str) -> Delivery:
        stage = self._stage
        self._turns.moment(f"tells {to}")
        manner = stage.manner
        stage.messages.append(Message(self._name, to, key, words, manner != REFUSES, stage.clock.now()))
        stage.tell(f"tells {to}: {key or words!r} ({manner})", self._name)
        stage.trace.counts["messages"] += 1
        self._turns.moment(f"hears from {to}")
        return MANNERS[manner]
