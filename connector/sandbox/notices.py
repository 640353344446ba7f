"""What both CRMs would tell a bridge, as values: HubSpot's webhook events and Salesforce's outbound messages.

A simulation has no receiver to post to: it takes notices in process and drops, doubles and reorders them itself. They
are hints that a record changed, so they say which and how, and of values nothing. Salesforce tells of creates, updates
and undeletes alone: deletions and merge losers are never told (Salesforce fact sheet 6.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from connector.sandbox.hubspot.events import Event
from connector.sandbox.hubspot.kinds import BY_NAME
from connector.sandbox.hubspot.moments import EPOCH
from connector.sandbox.salesforce.acts import Change

TOLD = frozenset({"created", "updated", "undeleted"})
WATCHED = frozenset({"Lead", "Contact", "Account", "Opportunity", "Task"})


class Notice(NamedTuple):
    """One event of one side.

    `object` is `contacts` or `Lead`; `ids` are all records of it that are spoken of, the subject first; `kind` is the
    CRM's own word (creation, propertyChange, deletion, restore, merge, privacyDeletion, associationChange; created,
    updated, undeleted); `property` is that of a propertyChange, else empty; `at` is by the side's own clock, aware UTC.
    """

    side: str
    object: str
    ids: tuple[str, ...]
    kind: str
    property: str
    at: datetime


def of_hubspot(events: Iterable[Event]) -> Iterator[Notice]:
    """Events as notices. A merge names survivor, primary and merged; an association is told of each of its ends.

    (HubSpot fact sheet 11.3.)
    """
    for event in events:
        data = dict(zip(event.data[::2], event.data[1::2], strict=True))
        at = EPOCH + timedelta(milliseconds=event.at_ms)
        name = str(data["propertyName"]) if event.action == "propertyChange" else ""
        yield Notice("hubspot", BY_NAME[event.kind].plural, _ids(event, data), event.action, name, at)


def _ids(event: Event, data: dict[str, object]) -> tuple[str, ...]:
    found: list[object] = [event.object_id]
    if event.action == "merge":
        merged = data["mergedObjectIds"]
        found += [data["newObjectId"], data["primaryObjectId"], *(merged if isinstance(merged, list) else ())]
    return tuple(dict.fromkeys(map(str, found)))


def of_salesforce(changes: Iterable[Change]) -> Iterator[Notice]:
    """Changes as notices, as far as an outbound message tells of them."""
    return (Notice("salesforce", each.sobject, (each.id,), each.kind, "", each.at) for each in changes if is_told(each))


def is_told(change: Change) -> bool:
    """Whether Salesforce tells of a change."""
    return change.kind in TOLD and change.sobject in WATCHED
