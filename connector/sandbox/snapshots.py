"""One record as a store holds it, deleted or not: past the API, its rights and its search lag.

For tests that compare both sides with what the bridge believes, and for people who want to see.
"""

from __future__ import annotations

from typing import Any

from connector.sandbox.hubspot.kinds import kind_named
from connector.sandbox.hubspot.moments import iso
from connector.sandbox.hubspot.web import whole
from connector.sandbox.salesforce.ids import id18
from connector.sandbox.world import World


def snapshot(world: World, side: str, object_name: str, record_id: str) -> dict[str, Any] | None:
    """The record, following HubSpot's merges; None when there never was one, or it was erased for good."""
    with world.entered(side):
        if side == "hubspot":
            return _hubspot(world, object_name, record_id)
        return _salesforce(world, object_name, record_id)


def _hubspot(world: World, object_name: str, record_id: str) -> dict[str, Any] | None:
    kind, number = kind_named(object_name), whole(record_id)
    record = world.hubspot.state.tables[kind.plural].current(number) if kind and number is not None else None
    if record is None:
        return None
    return {
        "id": str(record.id),
        "properties": dict(sorted(record.values.items())),
        "createdAt": iso(record.created_ms),
        "updatedAt": iso(record.modified_ms),
        "archived": record.archived_ms is not None,
    }


def _salesforce(world: World, object_name: str, record_id: str) -> dict[str, Any] | None:
    table = world.salesforce.catalogue.find(object_name)
    row = table.rows.get(id18(record_id)) if table is not None and len(record_id) in {15, 18} else None
    if table is None or row is None:
        return None
    return table.kind.values(row)
