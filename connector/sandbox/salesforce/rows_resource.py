"""One row at a time: create, read, update, upsert, delete, by id or by external id (Salesforce fact sheet 1.3, 1.7).

`If-Modified-Since` and `If-Unmodified-Since` compare LastModifiedDate by the second: a weak lock.
"""

from __future__ import annotations

from typing import Any

from connector.sandbox.salesforce.calls import Call, Reply, flag
from connector.sandbox.salesforce.cleaning import unstamp
from connector.sandbox.salesforce.fields import ID_SLOT, Field, Row
from connector.sandbox.salesforce.ids import id18, looks_like_id
from connector.sandbox.salesforce.refusals import Refusal, no_such_column, not_found
from connector.sandbox.salesforce.soql_run import renderer
from connector.sandbox.salesforce.soql_tree import Name
from connector.sandbox.salesforce.table import Table

CREATED_FLAG_SINCE = 46


def answer(call: Call) -> Reply:
    """Anything under sobjects/<Type>/ but describe, updated and deleted."""
    table = call.table(call.parts[1])
    match call.method, call.parts[2:]:
        case "GET", []:
            return _basic_information(table)
        case "POST", []:
            return created(call, call.org.writer.create(call.act, table, call.mapping()), table)
        case "POST", ["Id" | "id"]:
            return created(call, call.org.writer.create(call.act, table, call.mapping()), table)
        case method, [record_id]:
            return _by_id(call, table, method, record_id)
        case method, [field_name, value]:
            return _by_key(call, table, method, (key_field(call, table, field_name), value))
    raise not_found()


def created(call: Call, record_id: str, table: Table, *, flagged: bool = False) -> Reply:
    """201 with the id of a new row."""
    body: dict[str, Any] = {"id": record_id, "success": True, "errors": []}
    if flagged and call.version >= CREATED_FLAG_SINCE:
        body["created"] = True
    return Reply(201, body, {"Location": f"{call.base}/sobjects/{table.kind.name}/{record_id}"})


def key_field(call: Call, table: Table, name: str) -> Field:
    """The external id field of that name. Raises Refusal NOT_FOUND."""
    field = call.scope.field(table.kind, name)
    if field is None or not (field.external_id or field.id_lookup):
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    return field


def read_fields(call: Call, table: Table, names: list[str]) -> Any:
    """A renderer for these fields, or for all the user sees when none are named. Raises Refusal INVALID_FIELD."""
    kind = table.kind
    if not names:
        every = [Name((field.name,), 0) for field in call.scope.fields(kind)]
        return renderer(kind, every, call.scope, f"{call.version}.0")
    wanted = [Name(tuple(name.strip().split(".")), 0) for name in names]
    for name in wanted:
        if len(name.parts) == 1 and call.scope.field(kind, name.parts[0]) is None:
            raise no_such_column(name.parts[0], kind.name)
    return renderer(kind, wanted, call.scope, f"{call.version}.0")


def _by_id(call: Call, table: Table, method: str, record_id: str) -> Reply:
    writer = call.org.writer
    match method:
        case "GET":
            return _read(call, table, _visible(call, table, record_id))
        case "PATCH":
            _check_unmodified(call, table, writer.existing(table, record_id))
            writer.update(call.act, table, id18(record_id), call.mapping())
            return Reply(204)
        case "DELETE":
            writer.delete(call.act, table, id18(record_id) if looks_like_id(record_id) else record_id)
            return Reply(204)
    raise _not_allowed(method)


def _by_key(call: Call, table: Table, method: str, key: tuple[Field, str]) -> Reply:
    if key[0].slot == ID_SLOT:
        return _by_id(call, table, method, key[1])
    try:
        match method:
            case "PATCH":
                return _upsert(call, table, key)
            case "GET":
                return _read(call, table, table.rows[_only(call, table, key)])
            case "DELETE":
                call.org.writer.delete(call.act, table, _only(call, table, key))
                return Reply(204)
    except Refusal as refusal:
        ids = refusal.extra.get("ids")
        if ids is None:
            raise
        return Reply(300, [f"{call.base}/sobjects/{table.kind.name}/{found}" for found in ids])
    raise _not_allowed(method)


def _upsert(call: Call, table: Table, key: tuple[Field, str]) -> Reply:
    values = call.mapping()
    if any(name.lower() == key[0].name.lower() for name in values):
        text = f"The {key[0].name} field should not be specified in the sobject data."
        raise Refusal("INVALID_FIELD", text, [key[0].name])
    update_only = flag(call.query.get("updateOnly"))
    record_id, fresh = call.org.writer.upsert(call.act, table, key, values, update_only=update_only)
    if fresh:
        return created(call, record_id, table, flagged=True)
    if call.version < CREATED_FLAG_SINCE:
        return Reply(204)
    return Reply(200, {"id": record_id, "success": True, "errors": [], "created": False})


def _only(call: Call, table: Table, key: tuple[Field, str]) -> str:
    found = call.org.writer.filler.matches(table, *key)
    if not found:
        raise not_found()
    if len(found) > 1:
        raise Refusal("MULTIPLE_CHOICES", f"{len(found)} rows match", http=300, extra={"ids": found})
    return found[0]


def _visible(call: Call, table: Table, record_id: str) -> Row:
    """The version others see now."""
    if not looks_like_id(record_id) or record_id[:3] != table.kind.prefix:
        raise not_found("Provided external ID field does not exist or is not accessible: " + record_id)
    table.prune_shadows(call.act.now.timestamp())
    row = table.seen(id18(record_id))
    if row is None:
        raise not_found()
    if row[table.kind.slot("IsDeleted")]:
        raise Refusal("ENTITY_IS_DELETED", "entity is deleted", [], http=404)
    return row


def _read(call: Call, table: Table, row: Row) -> Reply:
    since = call.since("if-modified-since")
    if since is not None and _modified(table, row) <= since:
        return Reply(304)
    _check_unmodified(call, table, row)
    names = [name for name in call.query.get("fields", "").split(",") if name]
    return Reply(200, read_fields(call, table, names)(row))


def _modified(table: Table, row: Row) -> Any:
    return unstamp(row[table.kind.slot("LastModifiedDate")])


def _check_unmodified(call: Call, table: Table, row: Row) -> None:
    since = call.since("if-unmodified-since")
    if since is not None and _modified(table, row) > since:
        raise Refusal("PRECONDITION_FAILED", "The resource was modified since the time given", http=412)


def _basic_information(table: Table) -> Reply:
    kind = table.kind
    return Reply(
        200, {"objectDescribe": {"name": kind.name, "label": kind.label, "keyPrefix": kind.prefix}, "recentItems": []}
    )


def _not_allowed(method: str) -> Refusal:
    text = f"HTTP Method '{method}' not allowed. Allowed are DELETE,GET,HEAD,PATCH"
    return Refusal("METHOD_NOT_ALLOWED", text, http=405)
