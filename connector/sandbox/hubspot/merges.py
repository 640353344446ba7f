"""Merging two records (HubSpot fact sheet 2.8).

Either a third record comes to be and both old ids resolve to it, or, in portals enrolled in the beta, the primary keeps
its id. The primary's values win, the other's fill its gaps; addresses become additional ones; of two lifecycle stages
the later one stays. The loser vanishes from search without a trace.
"""

from __future__ import annotations

from connector.sandbox.hubspot.problems import Refusal, bad_request
from connector.sandbox.hubspot.records import Record, Source
from connector.sandbox.hubspot.state import State
from connector.sandbox.hubspot.table import ADDITIONAL, Table

MERGED_IDS = "hs_merged_object_ids"
MERGED_VIDS = "hs_calculated_merged_vids"
MERGES_MAX = 250


def merge(state: State, table: Table, primary: Record, secondary: Record, source: Source) -> Record:
    """Make one record of two and return it; Refusal for a record with itself or after too many merges."""
    if primary.id == secondary.id:
        raise bad_request("Cannot merge an object with itself")
    values = _merged(state, table, primary, secondary)
    if values[MERGED_IDS].count(";") >= MERGES_MAX:
        raise Refusal(414, "Cannot have more than 250 identities on a profile")
    kept = state.settings.merge_keeps_primary_id
    survivor = _survivor(state, primary, values, source, new_id=None if kept else table.take_id())
    for loser in (secondary,) if kept else (primary, secondary):
        table.remove(loser)
        table.redirect(loser.id, survivor.id)
        state.links.move(table.kind.plural, loser.id, survivor.id)
        state.publish(table, loser.next({}, state.now_ms, archived_ms=state.now_ms))
    if kept:
        table.replace(primary, survivor)
    else:
        table.insert(survivor)
    state.publish(table, survivor)
    _tell(state, table, (primary, secondary, survivor), source)
    return table.records[survivor.id]


def _merged(state: State, table: Table, primary: Record, secondary: Record) -> dict[str, str]:
    values = {**secondary.values, **primary.values}
    values[MERGED_IDS] = _joined(
        [primary.values.get(MERGED_IDS, ""), secondary.values.get(MERGED_IDS, ""), str(primary.id), str(secondary.id)],
    )
    if table.kind.plural == "contacts":
        moments = f"{primary.id}:{state.now_ms};{secondary.id}:{state.now_ms}"
        values[MERGED_VIDS] = moments  # said to miss chained merges (fact sheet 2.8)
        addresses = _joined(
            [
                primary.values.get(ADDITIONAL, ""),
                secondary.values.get("email", ""),
                secondary.values.get(ADDITIONAL, ""),
            ],
        )
        others = [each for each in addresses.split(";") if each and each != values.get("email")]
        if others:
            values[ADDITIONAL] = ";".join(others)
    stage = _later_stage(table, primary, secondary)
    if stage is not None:
        values["lifecyclestage"] = stage
    return values


def _joined(lists: list[str]) -> str:
    return ";".join(dict.fromkeys(part for each in lists for part in each.split(";") if part))


def _later_stage(table: Table, primary: Record, secondary: Record) -> str | None:
    if "lifecyclestage" not in table.schema.live:
        return None
    order = table.schema.live["lifecyclestage"].ordered_options()
    stages = [record.values.get("lifecyclestage") for record in (primary, secondary)]
    known = [stage for stage in stages if stage in order]
    return max(known, key=order.index) if known else None


def _survivor(
    state: State,
    primary: Record,
    values: dict[str, str],
    source: Source,
    *,
    new_id: int | None,
) -> Record:
    for name, value in values.items():
        if primary.values.get(name) != value:
            primary.remember(name, value, state.now_ms, source)
    if new_id is None:
        return primary.next(values, state.now_ms)
    history = {name: primary.changes_of(name) for name in primary.names()}
    return Record(new_id, values, primary.created_ms, state.now_ms, primary.origin, history)


def _tell(state: State, table: Table, records: tuple[Record, Record, Record], source: Source) -> None:
    primary, secondary, survivor = records
    moved = sum(1 for name, value in survivor.values.items() if primary.values.get(name) != value)
    state.announce(
        "merge",
        table,
        survivor.id,
        source,
        "primaryObjectId",
        primary.id,
        "mergedObjectIds",
        [secondary.id],
        "newObjectId",
        survivor.id,
        "numberOfPropertiesMoved",
        moved,
    )
    state.witness(source, "merge", table, survivor.id, {"primary": str(primary.id), "merged": str(secondary.id)})
