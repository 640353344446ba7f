"""Associations as records meet them: checking what is asked for, making it, and telling the webhooks.

Both directions of a link fire an event, and a primary one also makes the unlabelled link, so that one call may fire
four events (HubSpot fact sheet 11.3).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connector.sandbox.hubspot import writes
from connector.sandbox.hubspot.links import End, LinkType
from connector.sandbox.hubspot.problems import VALIDATION, Refusal, bad_request
from connector.sandbox.hubspot.records import Source
from connector.sandbox.hubspot.state import State
from connector.sandbox.hubspot.table import Table
from connector.sandbox.hubspot.web import whole

Wanted = list[tuple[End, list[int]]]


def wanted(state: State, table: Table, raw: Any) -> Wanted:
    """Check the `associations` of a create; Refusal 400 names ids that are none and types that do not fit."""
    if raw is None:
        return []
    found: Wanted = []
    for each in raw if isinstance(raw, list) else [raw]:
        try:
            end_text = str(each["to"]["id"])
            type_ids = [int(spec["associationTypeId"]) for spec in each["types"]]
        except (KeyError, TypeError, ValueError) as error:
            raise bad_request(
                "Invalid input JSON on line 1, column 1: Cannot build PublicAssociationsForObject, some of required "
                "attributes are not set [to, types]",
            ) from error
        found.append((_end(state, table, end_text, type_ids), type_ids))
    return found


def _end(state: State, table: Table, end_text: str, type_ids: list[int]) -> End:
    kinds = [kind for kind in state.tables if set(type_ids) <= state.links.types(table.kind.plural, kind).keys()]
    if not kinds or not type_ids:
        raise bad_request(
            f"invalid from object type {table.kind.type_id} for associations to be created: types {type_ids}",
        )
    number = whole(end_text)
    record = state.tables[kinds[0]].current(number) if number is not None else None
    if record is None or record.archived_ms is not None:
        raise Refusal(
            400,
            "One or more associations are invalid",
            VALIDATION,
            context={"INVALID_OBJECT_IDS": [end_text], "objectType": [state.tables[kinds[0]].kind.singular.upper()]},
        )
    return (kinds[0], record.id)


def make(state: State, table: Table, record_id: int, ends: Wanted, source: Source) -> None:
    """Link a record to what `wanted` has checked."""
    for end, type_ids in ends:
        link(state, (table.kind.plural, record_id), end, type_ids, source)


def link(state: State, start: End, end: End, type_ids: Iterable[int], source: Source) -> None:
    """Set the labels between two records."""
    made = state.links.link(start, end, type_ids)
    _tell(state, made, source, removed=False)
    if made:
        _entail(state, start, end, source)


def link_default(state: State, start: End, end: End, source: Source) -> list[LinkType]:
    """Link two records without a label; a first company also becomes the primary one."""
    default = state.links.default(start[0], end[0])
    if default is None:
        raise bad_request(f"No default association type exists between {start[0]} and {end[0]}")
    types = [each.type_id for each in state.links.between(start, *end)]
    primary = next((each for each in state.links.types(start[0], end[0]).values() if each.label == "Primary"), None)
    owner, other = (start, end[0]) if end[0] == "companies" else (end, start[0])
    if primary is not None and other == "companies" and state.links.primary(owner, other) is None:
        types.append(primary.type_id)
    link(state, start, end, [*types, default.type_id], source)
    return state.links.between(start, *end)


def unlink(state: State, start: End, end: End, type_ids: Iterable[int] | None, source: Source) -> None:
    """Remove labels between two records, or the whole link."""
    _tell(state, state.links.unlink(start, end, type_ids), source, removed=True)


def _entail(state: State, start: End, end: End, source: Source) -> None:
    """A contact with a deal is an opportunity, if the portal is set so (fact sheet 6.1)."""
    ends = dict((start, end))
    if not state.settings.lifecycle_automation or set(ends) != {"contacts", "deals"}:
        return
    table = state.tables["contacts"]
    contact = table.records[ends["contacts"]]
    stage = "customer" if state.tables["deals"].records[ends["deals"]].values.get("hs_is_closed_won") == "true" else ""
    order = table.schema.all["lifecyclestage"].ordered_options()
    target, held = stage or "opportunity", contact.values.get("lifecyclestage")
    if target in order and (held not in order or order.index(held) < order.index(target)):
        automatic = Source("DEALS", source.id, "automation")
        writes.update(state, table, contact, {"lifecyclestage": target}, automatic)


def _tell(state: State, pairs: Iterable[tuple[End, End, LinkType]], source: Source, *, removed: bool) -> None:
    for start, end, each in pairs:
        table = state.tables[start[0]]
        state.announce(
            "associationChange",
            table,
            start[1],
            source,
            "associationType",
            f"{table.kind.singular}_to_{state.tables[end[0]].kind.singular}".upper(),
            "fromObjectId",
            start[1],
            "toObjectId",
            end[1],
            "associationRemoved",
            removed,
            "isPrimaryAssociation",
            each.label == "Primary",
        )
        changes = {"to": f"{end[0]}:{end[1]}", "type": each.type_id}
        state.witness(source, "dissociate" if removed else "associate", table, start[1], changes)
