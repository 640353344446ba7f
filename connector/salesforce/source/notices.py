"""Outbound messages and the flows that send them: a record was made or edited, look there (Salesforce fact sheet 6.1).

A message carries an id and no session; its address holds a placeholder, never the secret. Messages are a part of the
object's workflow file, which is deployed by parts: what the customer has there stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connector.salesforce.source.asked import MAIN, SECRET, USER, Asked, Component
from connector.salesforce.source.xml import Element, document


def notices(asked: Asked) -> tuple[Component, ...]:
    """A message and a flow for each object; none where nothing is received."""
    if not asked.notices:
        return ()
    return tuple(sorted(_notices(asked), key=lambda one: one.path))


def _notices(asked: Asked) -> Iterator[Component]:
    for obj in asked.records:
        yield _message(asked, obj)
        yield _flow(asked, obj)


def _name(obj: str) -> str:
    """A name of its own for each object, also for a custom one that is called like a standard one."""
    return f"Smarketing_{re.sub('_+', '_', obj)}"  # Salesforce takes no two underscores in a row there


def _message(asked: Asked, obj: str) -> Component:
    message: tuple[Element, ...] = (
        ("fullName", _name(obj)),
        ("apiVersion", asked.api_version),
        ("description", f"Tells the Smarketing Bridge that a record of {obj} was made or edited."),
        ("endpointUrl", f"{asked.notices}{SECRET}"),
        ("fields", "Id"),
        ("fields", "SystemModstamp"),
        ("includeSessionId", False),
        ("integrationUser", asked.user or USER),
        ("name", f"Smarketing {obj}"),
        ("protected", False),
        ("useDeadLetterQueue", False),
    )
    text = document("Workflow", (("outboundMessages", message),))
    path = f"{MAIN}/workflows/{obj}.workflow-meta.xml"
    return Component("WorkflowOutboundMessage", f"{obj}.{_name(obj)}", path, text)


def _flow(asked: Asked, obj: str) -> Component:
    send: tuple[Element, ...] = (
        ("name", "Send"),
        ("label", "Send"),
        ("locationX", 176),
        ("locationY", 323),
        ("actionName", f"{obj}.{_name(obj)}"),
        ("actionType", "outboundMessage"),
    )
    start: tuple[Element, ...] = (
        ("locationX", 50),
        ("locationY", 0),
        ("connector", (("targetReference", "Send"),)),
        ("object", obj),
        ("recordTriggerType", "CreateAndUpdate"),
        ("triggerType", "RecordAfterSave"),
    )
    elements: tuple[Element, ...] = (
        ("actionCalls", send),
        ("apiVersion", asked.api_version),
        ("description", f"Sends the outbound message {_name(obj)} when a record of {obj} was made or edited."),
        ("label", f"Smarketing {obj}"),
        ("processType", "AutoLaunchedFlow"),
        ("start", start),
        ("status", "Active"),
    )
    path = f"{MAIN}/flows/{_name(obj)}.flow-meta.xml"
    return Component("Flow", _name(obj), path, document("Flow", elements))
