"""How refs, moments, memories and readings look in the store. The only place that knows.

Refs are their text form `hubspot:contacts:33451`; moments are microseconds since 1970 UTC, so that they compare and
index as integers; memories and readings are JSON written by orjson, as lists without the names the code knows anyway.
A blank field (None) and a field not asked for (absent) stay different. Every decoder is the exact inverse of its
encoder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from connector.core.plan import Agreed, Memory
from connector.core.readings import Presence, Reading, Stamp
from connector.core.refs import Ref, Side

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SIDES = {side.value: side for side in Side}
_HUBSPOT, _SALESFORCE = "h", "s"


def key(ref: Ref) -> str:
    """The text form of a ref, as it is stored."""
    return ref.side + ":" + ref.object + ":" + ref.id


def ref(text: str) -> Ref:
    """The ref of a stored key; stored keys are well formed and their Salesforce ids long."""
    side, obj, record_id = text.split(":", 2)
    return Ref(_SIDES[side], obj, record_id)


def micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware moment."""
    return (at - _EPOCH) // _MICROSECOND


def moment(stored: int) -> datetime:
    """The aware UTC moment of stored microseconds."""
    return _EPOCH + timedelta(microseconds=stored)


def dumps(value: Mapping[str, Any]) -> bytes:
    """A JSON object as bytes."""
    return orjson.dumps(value)


def memory_bytes(memory: Memory) -> bytes:
    """`[base]` for the usual link; `sent`, and then the earlier ids, follow only where there are any."""
    base = {rule: (agreed.hubspot, agreed.salesforce) for rule, agreed in memory.base.items()}
    if not memory.sent and not memory.formerly:
        return orjson.dumps((base,))
    sent = {side[0]: values for side, values in memory.sent.items() if values}
    return orjson.dumps((base, sent, memory.formerly) if memory.formerly else (base, sent))


def memory(stored: bytes) -> Memory:
    """The memory that `memory_bytes` stored."""
    base, *rest = orjson.loads(stored)
    agreed = {rule: Agreed(*values) for rule, values in base.items()}
    if not rest:
        return Memory(agreed)
    sent = {side: _sent(rest[0][side[0]]) for side in Side if side[0] in rest[0]}
    return Memory(agreed, sent, tuple(rest[1]) if len(rest) > 1 else ())


def _sent(values: Mapping[str, Sequence[str | None]]) -> dict[str, tuple[str | None, ...]]:
    return {rule: tuple(sent) for rule, sent in values.items()}


def reading_bytes(reading: Reading) -> bytes:
    """`[values, modified_at]` for the usual reading; the rarer parts follow only where one of them is there."""
    modified = None if reading.modified_at is None else micros(reading.modified_at)
    rare = reading.unreadable or reading.stamps or reading.moved_to or reading.aliases or reading.converted
    if reading.present and not rare:
        return orjson.dumps((reading.values, modified))
    stamps = {name: (micros(stamp.at), stamp.source) for name, stamp in reading.stamps.items()}
    moved_to = None if reading.moved_to is None else key(reading.moved_to)
    return orjson.dumps(
        (
            reading.values,
            modified,
            reading.presence,
            reading.unreadable,
            stamps,
            moved_to,
            reading.aliases,
            reading.converted,
        )
    )


def reading(record: str, stored: bytes) -> Reading:
    """The reading of the record with that key which `reading_bytes` stored."""
    values, modified, *rest = orjson.loads(stored)
    modified_at = None if modified is None else moment(modified)
    if not rest:
        return Reading(ref(record), Presence.PRESENT, values, modified_at)
    presence, unreadable, stamps, moved_to, aliases, converted = rest
    return Reading(
        ref(record),
        Presence(presence),
        values,
        modified_at,
        stamps={name: Stamp(moment(at), source) for name, (at, source) in stamps.items()},
        unreadable=unreadable,
        moved_to=None if moved_to is None else ref(moved_to),
        aliases=tuple(aliases),
        converted=converted,
    )
