"""Whom the org tells of a change, since somebody has deployed a flow that sends an outbound message.

An active flow on an object starts at creates, updates or both, and names the messages to send; a message knows its
address and which fields it carries. (Salesforce fact sheet 6.1.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from connector.sandbox.salesforce.acts import Change
from connector.sandbox.salesforce.metadata.schema import Content

if TYPE_CHECKING:
    from connector.sandbox.salesforce.org import Org


class Told(NamedTuple):
    """One message that goes out: the id of its action, where it goes, what it carries."""

    action: str
    url: str
    fields: tuple[str, ...]


def told(org: Org, change: Change) -> Iterator[Told]:
    """What is sent because of a change."""
    for flow in org.metadata.deployed("Flow").values():
        if flow["status"] == "Active" and _starts(flow.get("start", {}), change):
            for call in flow.get("actionCalls", []):
                yield from _message(org, call["actionName"])


def _starts(start: Content, change: Change) -> bool:
    wanted = "Create" if change.kind == "created" else "Update"
    return start.get("object") == change.sobject and start.get("recordTriggerType") in {wanted, "CreateAndUpdate"}


def _message(org: Org, name: str) -> Iterator[Told]:
    content = org.metadata.find("WorkflowOutboundMessage", name)
    if content is not None:
        action = org.metadata.id("WorkflowOutboundMessage", name)
        yield Told(action, content["endpointUrl"], tuple(content.get("fields", ())))
