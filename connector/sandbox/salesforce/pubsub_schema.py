"""Change events as Avro: the schema of an object's events, and the record of one of them (Salesforce fact sheet 6.2).

A schema follows the object's fields as they are now, so an admin who adds one makes another schema with another id.
Which fields changed is told by bitmaps over the places in the schema, `0x...`, those inside of an address by
`<place of the address>-0x...`; fields that did not change are null, so that null alone means nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from connector.sandbox.salesforce.cleaning import unstamp
from connector.sandbox.salesforce.fields import ID_SLOT, NUMBERS, Field, ObjectType

HEADER = "ChangeEventHeader"
CHANGE_TYPES = (
    *("CREATE", "UPDATE", "DELETE", "UNDELETE"),
    *("GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE", "GAP_OVERFLOW", "SNAPSHOT"),
)
_TEXTS = {"type": "array", "items": "string"}
_HEADER_TYPE: dict[str, Any] = {
    "type": "record",
    "name": HEADER,
    "fields": [
        {"name": "entityName", "type": "string"},
        {"name": "recordIds", "type": _TEXTS},
        {"name": "changeType", "type": {"type": "enum", "name": "ChangeType", "symbols": list(CHANGE_TYPES)}},
        {"name": "changeOrigin", "type": "string"},
        {"name": "transactionKey", "type": "string"},
        {"name": "sequenceNumber", "type": "int"},
        {"name": "commitTimestamp", "type": "long"},
        {"name": "commitNumber", "type": "long"},
        {"name": "commitUser", "type": "string"},
        {"name": "nulledFields", "type": _TEXTS},
        {"name": "diffFields", "type": _TEXTS},
        {"name": "changedFields", "type": _TEXTS},
    ],
}


def event_name(sobject: str) -> str:
    """The name of an object's change event: LeadChangeEvent, My_Obj__ChangeEvent."""
    return f"{sobject.removesuffix('c')}ChangeEvent" if sobject.endswith("__c") else f"{sobject}ChangeEvent"


def schema_of(kind: ObjectType) -> dict[str, Any]:
    """The Avro schema of an object's change events as its fields are now."""
    fields: list[dict[str, Any]] = [{"name": HEADER, "type": _HEADER_TYPE}]
    for field in _told(kind):
        if field.parts:
            parts = [_plain(kind.fields[part]) for part in field.parts]
            nested: dict[str, Any] = {"type": "record", "name": f"{field.name}Part", "fields": parts}
            fields.append({"name": field.name, "type": ["null", nested]})
        else:
            fields.append(_plain(field))
    return {"type": "record", "name": event_name(kind.name), "namespace": "com.sforce.eventbus", "fields": fields}


def schema_id(schema: Mapping[str, Any]) -> str:
    """A name for exactly this schema, of the length Salesforce's have."""
    return hashlib.sha256(orjson.dumps(schema)).hexdigest()[:22]


def body(kind: ObjectType, values: Mapping[str, Any], changed: Iterable[str]) -> dict[str, Any]:
    """The fields of an event besides its header: what changed, and null for all the rest."""
    wanted, found = set(changed), dict[str, Any]()
    for field in _told(kind):
        if field.parts:
            inside = {part: _value(kind.fields[part], values.get(part), part in wanted) for part in field.parts}
            found[field.name] = inside if wanted.intersection(field.parts) else None
        else:
            found[field.name] = _value(field, values.get(field.name), field.name in wanted)
    return found


def bitmaps(kind: ObjectType, names: Iterable[str]) -> list[str]:
    """Names of fields as bitmaps over the schema."""
    wanted, top, found = set(names), 0, list[str]()
    for place, field in enumerate(_told(kind), start=1):
        inside = sum(1 << at for at, part in enumerate(field.parts) if part in wanted)
        if inside:
            found.append(f"{place}-0x{inside:X}")
            top |= 1 << place
        elif field.name in wanted:
            top |= 1 << place
    return [f"0x{top:X}", *found] if top else found


def _told(kind: ObjectType) -> Iterator[Field]:
    """The fields of an event: no id, nothing an event leaves out, parts of an address inside of it."""
    for field in kind.fields.values():
        left_out = field.name in {"IsDeleted", "SystemModstamp"} or field.slot == ID_SLOT
        if not left_out and field.compound is None:
            yield field


def _plain(field: Field) -> dict[str, Any]:
    if field.type == "boolean":
        of = "boolean"
    elif field.type in {"datetime", "date"}:
        of = "long"
    elif field.type in NUMBERS:
        of = "int" if field.type == "int" else "double"
    else:
        of = "string"
    return {"name": field.name, "type": ["null", of], "default": None}


def _value(field: Field, value: Any, changed: bool) -> Any:  # noqa: FBT001 - one of three columns of a row
    if not changed or value is None:
        return None
    match field.type:
        case "datetime":
            return int(unstamp(str(value)).timestamp() * 1000)
        case "date":
            return int(datetime.fromisoformat(str(value)).replace(tzinfo=UTC).timestamp() * 1000)
        case "boolean":
            return bool(value)
        case "int":
            return int(value)
        case each if each in NUMBERS:
            return float(value)
        case _:
            return str(value)
