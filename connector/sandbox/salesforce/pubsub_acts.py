"""What befalls the event bus now and then: gaps, overflows, lost replay ids, a used-up day (Salesforce fact sheet 6.2).

Acts as in actions.py, `act(org, ...) -> dict`, offered by name beside the API. LookupError for objects that are not
there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.sandbox.salesforce.ids import id18
from connector.sandbox.salesforce.org import Org
from connector.sandbox.salesforce.pubsub_bus import NO_RECORD
from connector.sandbox.salesforce.pubsub_schema import CHANGE_TYPES


def change_event_gap(org: Org, sobject: str, ids: Sequence[str], change_type: str = "GAP_UPDATE") -> dict[str, Any]:
    """The bus lost what was changed in these records: an event that names them and carries no data."""
    return _tell(org, sobject, change_type, [id18(each) for each in ids])


def change_event_overflow(org: Org, sobject: str) -> dict[str, Any]:
    """More than 100,000 changes in one transaction: an event that names no record at all."""
    return _tell(org, sobject, "GAP_OVERFLOW", [NO_RECORD])


def change_event_wildcard(org: Org, sobject: str) -> dict[str, Any]:
    """A field got another type and lost values in every record: an event with `001*` in place of ids."""
    with org.lock:
        table = org.catalogue.find(sobject)
        prefix = "" if table is None else table.kind.prefix
    return _tell(org, sobject, "UPDATE", [f"{prefix}*"])


def publish_platform_event(org: Org, sobject: str, name: str = "Order__e") -> dict[str, Any]:
    """Somebody has put platform events on the channel of an object: they are no change events and have no header."""
    with org.lock:
        if org.catalogue.find(sobject) is None:
            raise LookupError(f"there is no object {sobject}")
        org.bus.begin()
        org.bus.publish(
            sobject, name, {"CreatedDate": int(org.now().timestamp() * 1000), "CreatedById": org.admin_user}
        )
    return {"sobject": sobject, "name": name}


def lose_change_events(org: Org) -> dict[str, Any]:
    """The bus is set up anew: its events are gone and no replay id given so far is good any more."""
    with org.lock:
        org.bus.forget()
    return {}


def set_delivered_events(org: Org, events: int) -> dict[str, Any]:
    """So many of the day's events were delivered; how many are allowed is `change_delivered_max`."""
    with org.lock:
        org.bus.delivered = events
    return {"delivered": events, "allowed": org.settings.change_delivered_max}


def _tell(org: Org, sobject: str, change_type: str, ids: list[str]) -> dict[str, Any]:
    with org.lock:
        if org.catalogue.find(sobject) is None:
            raise LookupError(f"there is no object {sobject}")
        if change_type not in CHANGE_TYPES:
            raise ValueError(f"{change_type!r} is none of {', '.join(CHANGE_TYPES)}")
        org.bus.begin()
        org.bus.tell(sobject, change_type, ids)
    return {"sobject": sobject, "change_type": change_type, "ids": ids}
