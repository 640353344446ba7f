"""The messages of `eventbus.v1` as bytes, written by hand (Salesforce fact sheet 6.3).

Protocol buffers are a row of (number, kind, value) triples; spelling them out here, with no descriptor and no library,
lets the sandbox bear witness to what the bridge's own descriptors put on the wire. Messages are dicts; a field that is
not there has its kind's zero, numbers nobody knows are passed over, as the format demands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_SKIP = {FIXED64: 8, FIXED32: 4}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its number and what it holds ("number", "text", "bytes", or the shape of a message)."""

    number: int
    kind: str | Mapping[str, Field]
    repeated: bool = False


Shape = Mapping[str, Field]

FETCH_REQUEST: Shape = {
    "topic_name": Field(1, "text"),
    "replay_preset": Field(2, "number"),
    "replay_id": Field(3, "bytes"),
    "num_requested": Field(4, "number"),
    "auth_refresh": Field(5, "text"),
}
_HEADER: Shape = {"key": Field(1, "text"), "value": Field(2, "bytes")}
_PRODUCER_EVENT: Shape = {
    "id": Field(1, "text"),
    "schema_id": Field(2, "text"),
    "payload": Field(3, "bytes"),
    "headers": Field(4, _HEADER, repeated=True),
}
_CONSUMER_EVENT: Shape = {"event": Field(1, _PRODUCER_EVENT), "replay_id": Field(2, "bytes")}
FETCH_RESPONSE: Shape = {
    "events": Field(1, _CONSUMER_EVENT, repeated=True),
    "latest_replay_id": Field(2, "bytes"),
    "rpc_id": Field(3, "text"),
    "pending_num_requested": Field(4, "number"),
}
TOPIC_REQUEST: Shape = {"topic_name": Field(1, "text")}
TOPIC_INFO: Shape = {
    "topic_name": Field(1, "text"),
    "tenant_guid": Field(2, "text"),
    "can_publish": Field(3, "number"),
    "can_subscribe": Field(4, "number"),
    "schema_id": Field(5, "text"),
    "rpc_id": Field(6, "text"),
}
SCHEMA_REQUEST: Shape = {"schema_id": Field(1, "text")}
SCHEMA_INFO: Shape = {"schema_json": Field(1, "text"), "schema_id": Field(2, "text"), "rpc_id": Field(3, "text")}


def written(shape: Shape, message: Mapping[str, Any]) -> bytes:
    """A message as bytes; KeyError for a name the shape does not have."""
    parts: list[bytes] = []
    for name, value in message.items():
        field = shape[name]
        each: Sequence[Any] = value if field.repeated else [value] if value else []
        parts += [_field(field, one) for one in each]
    return b"".join(parts)


def read(shape: Shape, raw: bytes) -> dict[str, Any]:
    """Bytes as a message; ValueError when they are none."""
    known = {field.number: (name, field) for name, field in shape.items()}
    found: dict[str, Any] = {name: [] if field.repeated else _zero(field) for name, field in shape.items()}
    for number, value in _pairs(raw):
        if number not in known:
            continue
        name, field = known[number]
        meant = _meant(field, value)
        if field.repeated:
            found[name].append(meant)
        else:
            found[name] = meant
    return found


def _field(field: Field, value: Any) -> bytes:
    if field.kind == "number":
        return _varint(field.number << 3 | VARINT) + _varint(int(value))
    raw = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else None
    if raw is None:
        assert not isinstance(field.kind, str)
        raw = written(field.kind, value)
    return _varint(field.number << 3 | LENGTH) + _varint(len(raw)) + raw


def _varint(number: int) -> bytes:
    number &= 0xFFFF_FFFF_FFFF_FFFF  # a negative one takes ten bytes
    spelt = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        spelt.append(number & 0x7F | 0x80)
        number >>= 7
    spelt.append(number)
    return bytes(spelt)


def _pairs(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    place = 0
    while place < len(raw):
        key, place = _read_varint(raw, place)
        kind = key & 7
        if kind == VARINT:
            value, place = _read_varint(raw, place)
            yield key >> 3, value
            continue
        if kind == LENGTH:
            size, place = _read_varint(raw, place)
        elif kind in _SKIP:
            size = _SKIP[kind]
        else:
            raise ValueError(f"{kind} is no kind of field")
        if place + size > len(raw):
            raise ValueError("the message is cut off")
        yield key >> 3, raw[place : place + size]
        place += size


def _read_varint(raw: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if place >= len(raw):
            raise ValueError("the message is cut off")
        byte = raw[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the last byte has no flag
            return number, place
        shift += 7


def _meant(field: Field, value: int | bytes) -> Any:
    if isinstance(value, int):
        signed = value - (1 << 64) if value >> 63 else value
        return signed if field.kind == "number" else _zero(field)
    if field.kind == "bytes":
        return value
    if isinstance(field.kind, str):
        return value.decode()
    return read(field.kind, value)


def _zero(field: Field) -> Any:
    match field.kind:
        case "number":
            return 0
        case "text":
            return ""
        case "bytes":
            return b""
        case _:
            return {}
