"""What a change event says of itself: its header, and nothing of the people it is about.

An event is Avro without its schema, which is asked for once by id and kept: an admin who adds a field makes another
one. The header is the first field of the record, so a schema cut off behind it reads the header and leaves the values
undecoded: they could neither be trusted nor are they needed, since records are read afresh (Salesforce fact sheet 6.2).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any, Final

import fastavro
import orjson

HEADER: Final = "ChangeEventHeader"
TOLD: Final = ("entityName", "recordIds", "changeType", "changeOrigin", "commitTimestamp")


class Unreadable(Exception):
    """An event that cannot be understood; the text says why, without anything of its contents."""


class Headers:
    """Headers of events; `fetch` asks Salesforce for a schema by its id (JSON text)."""

    def __init__(self, fetch: Callable[[str], str]) -> None:
        self._fetch = fetch
        self._schemas: dict[str, Any] = {}

    def read(self, schema_id: str, payload: bytes) -> dict[str, Any]:
        """What the bridge needs of an event's header.

        Raises:
            Unreadable: it is no change event, or no Avro of its schema; whatever `fetch` raises.
        """
        if schema_id not in self._schemas:
            self._schemas[schema_id] = _cut_off(self._fetch(schema_id))
        try:
            event = fastavro.schemaless_reader(io.BytesIO(payload), self._schemas[schema_id], None)
        except Exception as error:  # noqa: BLE001  # a broken payload may raise anything within the decoder
            raise Unreadable(f"an event is no Avro of its schema ({type(error).__name__})") from None
        assert isinstance(event, dict)
        header: Mapping[str, Any] = event[HEADER]
        return {name: header.get(name) for name in TOLD}


def _cut_off(text: str) -> Any:
    """The schema up to its header."""
    try:
        schema = orjson.loads(text)
        names = [field["name"] for field in schema["fields"]]
        if HEADER not in names:
            raise Unreadable(f"{schema.get('name', 'an event')} is no change event: it has no {HEADER}")
        fields = schema["fields"][: names.index(HEADER) + 1]
        return fastavro.parse_schema({**schema, "fields": fields})
    except (ValueError, KeyError, TypeError, fastavro.schema.SchemaParseException) as error:
        raise Unreadable(f"the schema of an event cannot be read ({type(error).__name__})") from None
