"""Batches of records, and their traps (HubSpot fact sheet 2.4, 2.5).

Every input is checked before any is written. Without trace ids one bad input fails the whole batch; with a unique
`objectWriteTraceId` on each, the good ones are written and the answer is 207. Ids that do not exist make one entry that
lists them all; ids that were merged away are left out of an update in silence. Results come in another order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.hubspot import linking, writes
from connector.sandbox.hubspot.objects import checked, properties_of, require_unique
from connector.sandbox.hubspot.problems import Refusal, bad_request
from connector.sandbox.hubspot.records import Record
from connector.sandbox.hubspot.shapes import Projection
from connector.sandbox.hubspot.stages import Changes
from connector.sandbox.hubspot.table import ADDITIONAL, Table, unique_key
from connector.sandbox.hubspot.web import NOTHING, Call, Reply, batch_answer, inputs_of, listed, whole

BATCH_MAX = 100


@dataclass(slots=True)
class Draft:
    """One input that has passed its checks; `record` None means create."""

    given: dict[str, Any]
    record: Record | None
    changes: Changes
    links: linking.Wanted = field(default_factory=list)


@dataclass(slots=True)
class Gathering:
    """What a batch has come to before anything is written."""

    traced: bool
    drafts: list[Draft] = field(default_factory=list)
    missing: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    claims: set[tuple[str, str]] = field(default_factory=set)


def read(call: Call) -> Reply:
    """200, or 207 with one entry for all ids that were not found."""
    table, body = call.table, call.body
    history = listed(body.get("propertiesWithHistory"), "propertiesWithHistory")
    inputs = inputs_of(call, call.state.settings.history_batch_max if history else BATCH_MAX)
    id_property = body.get("idProperty")
    archived = call.flag("archived")
    find = _finder(table, id_property)
    show = Projection(
        table,
        listed(body.get("properties"), "properties"),
        history,
        call.state.settings.portal_id,
    ).show
    found: dict[int, Record] = {}
    missing: list[str] = []
    for each in inputs:
        record = find(str(each.get("id", "")))
        if record is None or (record.archived_ms is not None) is not archived:
            missing.append(str(each.get("id", "")))
        else:
            found[record.id] = record
    results = [show(record) for record in found.values()]
    return batch_answer(call.state, _shuffled(call, results), [_not_found(table, missing)] if missing else None)


def create(call: Call) -> Reply:
    """201, or 207 when trace ids let the good inputs through."""
    table = call.table

    def draft(given: dict[str, Any]) -> Draft:
        changes = checked(call, table, None, properties_of(given))
        return Draft(given, None, changes, linking.wanted(call.state, table, given.get("associations")))

    gathering = _gather(call, inputs_of(call, BATCH_MAX), draft)
    return _carry_out(call, table, gathering, 201)


def update(call: Call) -> Reply:
    """200 or 207; compare the ids that came back with the ids sent."""
    table = call.table
    inputs = inputs_of(call, BATCH_MAX)
    _refuse_repeats([_identity(each) for each in inputs])
    for each in inputs:
        if each.get("idProperty"):
            require_unique(table, str(each["idProperty"]))
    inputs = [each for each in inputs if each.get("idProperty") or whole(str(each.get("id"))) not in table.aliases]

    def draft(given: dict[str, Any]) -> Draft | None:
        record = _finder(table, given.get("idProperty"))(str(given.get("id", "")))
        if record is None or record.archived_ms is not None:
            return None
        return Draft(given, record, checked(call, table, record, properties_of(given)))

    return _carry_out(call, table, _gather(call, inputs, draft), 200)


def upsert(call: Call) -> Reply:
    """200 or 207; each result says whether it is `new`."""
    table = call.table
    inputs = inputs_of(call, BATCH_MAX)
    _refuse_repeats([_identity(each) for each in inputs])
    for each in inputs:
        if each.get("idProperty"):
            require_unique(table, str(each["idProperty"]))

    def draft(given: dict[str, Any]) -> Draft | None:
        id_property, value = given.get("idProperty"), str(given.get("id", ""))
        record = _finder(table, id_property)(value)
        if record is not None and record.archived_ms is None:
            return Draft(given, record, checked(call, table, record, properties_of(given)))
        if not id_property or id_property == "hs_object_id":
            return None
        properties = {id_property: value, **properties_of(given)}
        return Draft(given, None, checked(call, table, None, properties))

    return _carry_out(call, table, _gather(call, inputs, draft), 200, upserting=True)


def archive(call: Call) -> Reply:
    """204 whether the ids existed or not."""
    table = call.table
    for each in inputs_of(call, BATCH_MAX):
        record = table.records.get(whole(str(each.get("id", ""))) or 0)
        if record is not None and record.archived_ms is None:
            writes.archive(call.state, table, record, call.source)
    return NOTHING


def _gather(call: Call, inputs: list[dict[str, Any]], draft: Callable[[dict[str, Any]], Draft | None]) -> Gathering:
    traces = [each.get("objectWriteTraceId") for each in inputs]
    gathering = Gathering(traced=bool(traces) and all(traces) and len(set(traces)) == len(traces))
    for given in inputs:
        try:
            made = draft(given)
            if made is None:
                gathering.missing.append(given)
                continue
            _claim(gathering, call.table, made)
        except Refusal as refusal:
            if not gathering.traced:
                raise
            gathering.errors.append(refusal.entry({"objectWriteTraceId": [given["objectWriteTraceId"]]}))
        else:
            gathering.drafts.append(made)
    _refuse_repeats([str(made.record.id) for made in gathering.drafts if made.record is not None])
    return gathering


def _claim(gathering: Gathering, table: Table, made: Draft) -> None:
    """Refuse a unique value that another input of the batch takes already."""
    for name in (*table.unique, ADDITIONAL):
        value = made.changes.get(name)
        if value is None:
            continue
        key = "email" if name == ADDITIONAL else name
        for each in value.split(";") if name == ADDITIONAL else (value,):
            claim = (key, unique_key(key, each))
            if claim in gathering.claims:
                raise _repeated([each])
            gathering.claims.add(claim)


def _carry_out(call: Call, table: Table, gathering: Gathering, status: int, *, upserting: bool = False) -> Reply:
    state, source = call.state, call.source
    results = []
    projections: dict[frozenset[str] | None, Projection] = {}
    for made in gathering.drafts:
        names: frozenset[str] | None = None
        if made.record is None:
            record = writes.create(state, table, made.changes, source)
            linking.make(state, table, record.id, made.links, source)
        else:
            record = writes.update(state, table, made.record, made.changes, source)
            names = _shown_names(made.record, record, made.given)
        if names not in projections:
            projections[names] = Projection(table, names, portal_id=state.settings.portal_id)
        shown = projections[names].show(record)
        if upserting:
            shown["new"] = made.record is None
        if made.given.get("objectWriteTraceId"):
            shown["objectWriteTraceId"] = made.given["objectWriteTraceId"]
        results.append(shown)
    errors = gathering.errors
    if gathering.missing:
        entry = _not_found(table, [str(each.get("id", "")) for each in gathering.missing])
        traces = [each["objectWriteTraceId"] for each in gathering.missing if each.get("objectWriteTraceId")]
        if traces:
            entry["context"]["objectWriteTraceId"] = traces
        errors = [entry, *errors]
    return batch_answer(state, _shuffled(call, results), errors, status)


def _shown_names(before: Record, after: Record, given: dict[str, Any]) -> frozenset[str]:
    held = before.values
    moved = [name for name, value in after.values.items() if held.get(name) != value]
    return frozenset((*given["properties"], *moved))


def _finder(table: Table, id_property: Any) -> Callable[[str], Record | None]:
    if id_property and id_property != "hs_object_id":
        name = str(id_property)
        require_unique(table, name)
        return lambda value: table.identified(name, value)

    def by_id(value: str) -> Record | None:
        number = whole(value)
        return table.current(number) if number is not None else None

    return by_id


def _identity(given: dict[str, Any]) -> str:
    text = str(given.get("id", ""))
    return text.strip().lower() if given.get("idProperty") == "email" else text


def _refuse_repeats(ids: list[str]) -> None:
    if len(set(ids)) != len(ids):
        raise _repeated(sorted({each for each in ids if ids.count(each) > 1}))


def _repeated(ids: list[str]) -> Refusal:
    message = f"Duplicate IDs found in batch input: [{', '.join(ids)}]. IDs must be unique"
    return bad_request(message, context={"ids": ids})


def _not_found(table: Table, ids: list[str]) -> dict[str, Any]:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not get some {table.kind.singular.upper()} objects, they may be deleted or not exist. "
        "Check that ids are valid.",
        "context": {"ids": ids},
        "errors": [],
        "links": {},
    }


def _shuffled(call: Call, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if call.state.settings.results_shuffled:
        call.state.services.random.shuffle(results)
    return results
