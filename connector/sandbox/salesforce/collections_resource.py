"""Up to 200 rows in one call: create, update, upsert, delete, and both reads (Salesforce fact sheet 1.4).

HTTP says 200 even when every row failed; each row has its own result, in the order of the request. With allOrNone one
failure takes all back, and the innocent rows are told so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from connector.sandbox.salesforce.calls import Call, Reply, attribute, flag, records_of
from connector.sandbox.salesforce.fields import Field
from connector.sandbox.salesforce.ids import id18, looks_like_id
from connector.sandbox.salesforce.refusals import Refusal, not_found
from connector.sandbox.salesforce.rows_resource import key_field, read_fields
from connector.sandbox.salesforce.table import Table

ROWS_MAX = 200
CHUNKS_MAX = 10
READ_IDS_MAX = 2000
Save = Callable[[Mapping[str, Any]], dict[str, Any]]


class RolledBack(Exception):
    """Carries the results of a batch out of the transaction it undoes."""

    def __init__(self, results: list[dict[str, Any]]) -> None:
        super().__init__("all or none")
        self.results = results


def answer(call: Call, rest: Sequence[str]) -> Reply:
    """Anything under composite/sobjects."""
    match call.method, rest:
        case "POST", []:
            return _save_all(call, lambda record: _create(call, record))
        case "PATCH", []:
            return _save_all(call, lambda record: _update(call, record))
        case "DELETE", []:
            return _delete_all(call)
        case "PATCH", [name, field_name]:
            table = call.table(name)
            return _upsert_all(call, table, key_field(call, table, field_name))
        case "POST", [name]:
            payload = call.mapping()
            return _read_all(call, call.table(name), _strings(payload.get("ids")), _strings(payload.get("fields")))
        case "GET", [name]:
            ids, fields = call.query.get("ids", ""), call.query.get("fields", "")
            return _read_all(call, call.table(name), _split(ids), _split(fields))
    raise not_found()


def failure(refusal: Refusal) -> dict[str, Any]:
    """The result of a row that was refused."""
    return {"success": False, "errors": [refusal.of_record()]}


def in_one(call: Call, work: Callable[[], list[dict[str, Any]]], *, all_or_none: bool) -> list[dict[str, Any]]:
    """Results of `work`; with `all_or_none` undone and re-told when any failed."""
    if not all_or_none:
        return work()
    try:
        with call.org.journal.transaction():
            results = work()
            _insist(results)
    except RolledBack as rolled_back:
        return [_rolled_back(result) for result in rolled_back.results]
    return results


def _insist(results: list[dict[str, Any]]) -> None:
    """Raises RolledBack unless every row succeeded."""
    if not all(result["success"] for result in results):
        raise RolledBack(results)


def _rolled_back(result: dict[str, Any]) -> dict[str, Any]:
    if not result["success"]:
        return result
    text = "Record rolled back because not all records were valid and the request was using AllOrNone header"
    return {**failure(Refusal("ALL_OR_NONE_OPERATION_ROLLED_BACK", text, [])), "id": result["id"]}


def _records(call: Call) -> list[Mapping[str, Any]]:
    records = records_of(call.mapping().get("records"))
    if len(records) > ROWS_MAX:
        text = f"record limit reached. cannot submit more than {ROWS_MAX} records into this call"
        raise Refusal("EXCEEDED_ID_LIMIT", text)
    kinds = [_kind(record) for record in records]
    if 1 + sum(left != right for left, right in pairwise(kinds)) > CHUNKS_MAX:
        text = f"Cannot have more than {CHUNKS_MAX} chunks in a single operation. Please rearrange the data."
        raise Refusal("LIMIT_EXCEEDED", text)
    return records


def _kind(record: Mapping[str, Any]) -> str:
    return attribute(record, "type")


def _one(save: Save, record: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return save(record)
    except Refusal as refusal:
        return failure(refusal)


def _save_all(call: Call, save: Save) -> Reply:
    records = _records(call)
    all_or_none = flag(call.mapping().get("allOrNone"))
    return Reply(200, in_one(call, lambda: [_one(save, record) for record in records], all_or_none=all_or_none))


def _typed(call: Call, record: Mapping[str, Any]) -> Table:
    table = call.scope.table(_kind(record))
    if table is None:
        raise Refusal("INVALID_TYPE", f"sObject type '{_kind(record)}' is not supported.", [])
    return table


def _create(call: Call, record: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": call.org.writer.create(call.act, _typed(call, record), record), "success": True, "errors": []}


def _update(call: Call, record: Mapping[str, Any]) -> dict[str, Any]:
    table = _typed(call, record)
    record_id = record.get("id") or record.get("Id")
    if not record_id:
        raise Refusal("MISSING_ARGUMENT", "Id not specified in an update call", [])
    if not looks_like_id(record_id) or record_id[:3] != table.kind.prefix:
        raise Refusal("MALFORMED_ID", f"{table.kind.name} ID: id value of incorrect type: {record_id}", ["Id"])
    values = {name: value for name, value in record.items() if name not in {"id", "Id", "attributes"}}
    full_id = id18(record_id)
    call.org.writer.update(call.act, table, full_id, values)
    return {"id": full_id, "success": True, "errors": []}


def _upsert_all(call: Call, table: Table, field: Field) -> Reply:
    records = _records(call)
    all_or_none = flag(call.mapping().get("allOrNone"))
    seen: set[Any] = set()

    def save(record: Mapping[str, Any]) -> dict[str, Any]:
        return _upsert(call, table, field, record, seen)

    return Reply(200, in_one(call, lambda: [_one(save, record) for record in records], all_or_none=all_or_none))


def _upsert(call: Call, table: Table, field: Field, record: Mapping[str, Any], seen: set[Any]) -> dict[str, Any]:
    if _kind(record).lower() != table.kind.name.lower():
        raise Refusal("INVALID_TYPE", f"record type {_kind(record)} does not match {table.kind.name}", [])
    values, key = keyed_values(record, field)
    if key is None or key == "":
        raise Refusal("MISSING_ARGUMENT", f"{field.name} not specified", [])
    mark = field.key(str(key).strip())
    if mark in seen:
        raise Refusal("DUPLICATE_VALUE", f"Maximum 1 row per external id: {key}", [field.name])
    seen.add(mark)
    try:
        record_id, fresh = call.org.writer.upsert(call.act, table, (field, key), values)
    except Refusal as refusal:
        if "ids" not in refusal.extra:
            raise
        raise Refusal(
            "DUPLICATE_VALUE",
            f"{field.name}: more than one record found for external id field: {refusal.extra['ids']}",
            [field.name],
        ) from None
    return {"id": record_id, "success": True, "errors": [], "created": fresh}


def keyed_values(record: Mapping[str, Any], field: Field) -> tuple[dict[str, Any], Any]:
    """The values of a record apart from its key, and the key. Raises Refusal when an id is given as well."""
    values = {name: value for name, value in record.items() if name != "attributes"}
    key = next((values.pop(name) for name in list(values) if name.lower() == field.name.lower()), None)
    if field.name != "Id" and ("id" in values or "Id" in values):
        raise Refusal("INVALID_FIELD", "cannot specify Id in an upsert by an external id", ["Id"])
    return values, key


def _delete_all(call: Call) -> Reply:
    ids = _split(call.query.get("ids", ""))
    if len(ids) > ROWS_MAX:
        raise Refusal(
            "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {ROWS_MAX} records into this call"
        )

    def delete(record: Mapping[str, Any]) -> dict[str, Any]:
        record_id = record["id"]
        table = call.org.catalogue.home(record_id) if looks_like_id(record_id) else None
        if table is None:
            raise Refusal("MALFORMED_ID", f"malformed id {record_id}", [])
        call.org.writer.delete(call.act, table, id18(record_id))
        return {"id": id18(record_id), "success": True, "errors": []}

    all_or_none = flag(call.query.get("allOrNone"))
    return Reply(200, in_one(call, lambda: [_one(delete, {"id": each}) for each in ids], all_or_none=all_or_none))


def _read_all(call: Call, table: Table, ids: Sequence[str], fields: list[str]) -> Reply:
    if len(ids) > READ_IDS_MAX:
        raise Refusal("EXCEEDED_ID_LIMIT", f"cannot read more than {READ_IDS_MAX} records in one call")
    if not fields:
        raise Refusal("MISSING_ARGUMENT", "The fields parameter is required")
    render = read_fields(call, table, fields)
    table.prune_shadows(call.act.now.timestamp())
    deleted = table.kind.slot("IsDeleted")
    found = []
    for record_id in ids:
        row = table.seen(id18(record_id)) if looks_like_id(record_id) else None
        found.append(None if row is None or row[deleted] else render(row))
    return Reply(200, found)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _strings(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise Refusal("JSON_PARSER_ERROR", "ids and fields must be lists")
    return [str(each) for each in value]
