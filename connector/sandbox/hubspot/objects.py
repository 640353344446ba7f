"""Endpoints for single records: create, read, list, update, archive, merge and GDPR delete (HubSpot fact sheet 2.1)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.hubspot import linking, merges, shapes, validation, writes
from connector.sandbox.hubspot.kinds import kind_named
from connector.sandbox.hubspot.problems import bad_request, not_found
from connector.sandbox.hubspot.records import Record
from connector.sandbox.hubspot.shapes import Projection
from connector.sandbox.hubspot.stages import Changes
from connector.sandbox.hubspot.table import Table
from connector.sandbox.hubspot.web import NOTHING, Call, Reply, whole

LIST_MAX = 100
LIST_WITH_HISTORY_MAX = 50


def create(call: Call) -> Reply:
    """201 with every property that is set."""
    state, table = call.state, call.table
    changes = checked(call, table, None, properties_of(call.body))
    wanted = linking.wanted(state, table, call.body.get("associations"))
    record = writes.create(state, table, changes, call.source)
    linking.make(state, table, record.id, wanted, call.source)
    shown = Projection(table, None, portal_id=state.settings.portal_id).show(record)
    return Reply(201, shown, {"Location": f"https://api.hubapi.com/contacts/v1/{record.id}"})


def read(call: Call) -> Reply:
    """200 with the record an id or unique value stands for; a merged id answers with the survivor."""
    table = call.table
    record = located(table, call.parts[1], call.one("idProperty"), archived=call.flag("archived"))
    answer = projection_of(call, table).show(record)
    _associate(call, table, record, answer)
    return Reply(200, answer)


def page(call: Call) -> Reply:
    """200 with a page of records by id; `after` is the lowest id of the page."""
    table = call.table
    limit = call.number("limit", 10)
    most = LIST_WITH_HISTORY_MAX if call.several("propertiesWithHistory") else LIST_MAX
    if not 1 <= limit <= most:
        raise bad_request(f"Invalid limit {limit}: it must be between 1 and {most}")
    after = call.number("after", 0)
    ids = (table.archived if call.flag("archived") else table.live).onwards(after, limit + 1)
    show = projection_of(call, table).show
    results = [show(table.records[record_id]) for record_id in ids[:limit]]
    if "associations" in call.query:
        for record_id, answer in zip(ids, results, strict=False):
            _associate(call, table, table.records[record_id], answer)
    listing: dict[str, Any] = {"results": results}
    if len(ids) > limit:
        link = f"https://api.hubapi.com{call.request.path}?limit={limit}&after={ids[limit]}"
        listing["paging"] = {"next": {"after": str(ids[limit]), "link": link}}
    return Reply(200, listing)


def update(call: Call) -> Reply:
    """200 with what was written and what HubSpot wrote with it; compare the two (fact sheet 15.3)."""
    table = call.table
    record = located(table, call.parts[1], call.one("idProperty"), archived=False)
    properties = properties_of(call.body)
    changes = checked(call, table, record, properties)
    after = writes.update(call.state, table, record, changes, call.source)
    return Reply(200, written(call, table, record, after, properties).show(after))


def archive(call: Call) -> Reply:
    """204, also for an id that is unknown or archived already."""
    number = whole(call.parts[1])
    record = call.table.records.get(number) if number is not None else None
    if record is not None and record.archived_ms is None:
        writes.archive(call.state, call.table, record, call.source)
    return NOTHING


def merge(call: Call) -> Reply:
    """200 with the survivor, whose id may be a third one (fact sheet 2.8)."""
    table = call.table
    primary, secondary = (
        located(table, str(call.body.get(name, "")), "", archived=False)
        for name in ("primaryObjectId", "objectIdToMerge")
    )
    survivor = merges.merge(call.state, table, primary, secondary, call.source)
    return Reply(200, Projection(table, None, portal_id=call.state.settings.portal_id).show(survivor))


def gdpr_delete(call: Call) -> Reply:
    """204; the address may not be added again, also when no contact had it."""
    table = call.table
    object_id, id_property = str(call.body.get("objectId", "")), str(call.body.get("idProperty") or "")
    if id_property == "email" and table.identified("email", object_id) is None:
        call.state.blocklist.add(object_id.strip().lower())
        return NOTHING
    number = whole(object_id)
    record = table.records.get(number) if number is not None and not id_property else None
    writes.erase(call.state, table, record or located(table, object_id, id_property, archived=False), call.source)
    return NOTHING


def checked(call: Call, table: Table, record: Record | None, properties: dict[str, Any]) -> Changes:
    """The values to write, through the portal's rules and, on `2026-09` paths, the admin's."""
    changes = writes.check(call.state, table, record, properties, call.source)
    if call.version in validation.ENFORCED:
        held = record.values if record is not None else writes.NO_VALUES
        validation.admin_rules(call.state, table, held, changes, new=record is None)
    return changes


def properties_of(body: dict[str, Any]) -> dict[str, Any]:
    """The `properties` of a body or batch input."""
    properties = body.get("properties")
    if not isinstance(properties, dict):
        raise bad_request(
            "Invalid input JSON on line 1, column 1: some of required attributes are not set [properties]"
        )
    return properties


def located(table: Table, value: str, id_property: str, *, archived: bool) -> Record:
    """The record of an id (merges followed) or unique value; Refusal 404 when there is none of that kind."""
    if id_property and id_property != "hs_object_id":
        require_unique(table, id_property)
        record = table.identified(id_property, value)
        if record is None:
            raise not_found("0")
        return record
    number = whole(value)
    record = table.current(number) if number is not None else None
    if record is None or (record.archived_ms is not None) is not archived:
        raise not_found(value)
    return record


def require_unique(table: Table, name: str) -> None:
    """Refuse an idProperty whose values do not identify a record."""
    if name not in table.unique:
        raise bad_request(f"Unable to perform update/upsert by non-unique {table.kind.type_id} property {name}")


def projection_of(call: Call, table: Table) -> Projection:
    """What a reader asked for in the query."""
    return Projection(
        table,
        call.several("properties"),
        call.several("propertiesWithHistory"),
        call.state.settings.portal_id,
    )


def written(call: Call, table: Table, before: Record, after: Record, properties: dict[str, Any]) -> Projection:
    """What an update shows: the properties sent and every one that changed with them."""
    moved = [name for name in after.values if before.values.get(name) != after.values[name]]
    return Projection(table, [*properties, *moved], portal_id=call.state.settings.portal_id)


def _associate(call: Call, table: Table, record: Record, answer: dict[str, Any]) -> None:
    kinds = [kind.plural for name in call.several("associations") if (kind := kind_named(name)) is not None]
    if kinds:
        start = (table.kind.plural, record.id)
        found = shapes.associations(call.state.links, call.state.tables, start, kinds)
        if found:
            answer["associations"] = found
