"""What an object looks like to us: its fields as the org describes them, and what follows for reading and writing.

A field hidden by field-level security is simply missing from the description (Salesforce fact sheet 5.2). Fields that
were asked for and are missing are remembered here, so that queries go on without them and people are told; a later
description that has them again clears the memory. Descriptions are kept for some minutes, because every write needs to
know which fields may be written, and are dropped at the first sign that they are stale. A process that begins takes the
word of those that were told to an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from connector.core.values import Kind
from connector.ports import FieldSchema, ObjectSchema, Option
from connector.salesforce.api import Api, Call
from connector.salesforce.rows import NUMBER_TYPES, Render, json_renders

KEPT_S: Final = 600.0
_TEXTS: Final = frozenset(Kind)  # a text field can carry any canonical value as it is written
_CHOICE: Final = frozenset({Kind.PICKLIST, Kind.TEXT})
_NUMBERS: Final = frozenset({Kind.NUMBER, Kind.MONEY})
_IDS: Final = frozenset({Kind.REFERENCE, Kind.TEXT})
KINDS: Final[Mapping[str, frozenset[Kind]]] = {
    "string": _TEXTS,
    "textarea": _TEXTS,
    "combobox": _TEXTS,
    "encryptedstring": frozenset({Kind.TEXT}),
    "url": frozenset({Kind.TEXT}),
    "email": frozenset({Kind.EMAIL, Kind.TEXT}),
    "phone": frozenset({Kind.PHONE, Kind.TEXT}),
    "picklist": _CHOICE,
    "multipicklist": frozenset({Kind.MULTIPICKLIST}),
    "boolean": frozenset({Kind.BOOLEAN}),
    "int": _NUMBERS,
    "long": _NUMBERS,
    "double": _NUMBERS,
    "percent": _NUMBERS,
    "currency": _NUMBERS,
    "date": frozenset({Kind.DATE}),
    "datetime": frozenset({Kind.DATETIME}),
    "time": frozenset({Kind.TEXT}),
    "id": _IDS,
    "reference": frozenset({Kind.OWNER, Kind.REFERENCE, Kind.TEXT}),
}
_COMPOUND: Final = frozenset({"address", "location", "complexvalue", "base64", "anyType"})


@dataclass(frozen=True, slots=True)
class Shape:
    """An object's schema, with what writing needs ready to hand: types, and the names that may be written."""

    schema: ObjectSchema
    types: Mapping[str, str]
    renders: Mapping[str, Render]
    creatable: frozenset[str]
    updatable: frozenset[str]


class Shapes:
    """The shapes of objects, described when needed. Thread-safe."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lock = Lock()
        self._kept: dict[str, tuple[float, Shape]] = {}
        self._missing: dict[str, frozenset[str]] = {}

    def in_lane(self, api: Api) -> Shapes:
        """The same knowledge, asking in another lane."""
        other = object.__new__(Shapes)
        other.__dict__.update(self.__dict__, _api=api)
        return other

    @property
    def missing(self) -> Mapping[str, frozenset[str]]:
        """By object, fields that were asked for and that the org no longer shows us."""
        with self._lock:
            return {obj: names for obj, names in self._missing.items() if names}

    def described(self, obj: str) -> Shape:
        """The shape as the org tells it now. Raises as `Api.send`."""
        told = self._api.json(Call("GET", f"sobjects/{obj}/describe", "describe", expects=("name", "fields")))
        shape = shape_of(told)
        with self._lock:
            self._kept[obj] = self._api.traffic.clock.monotonic(), shape
            self._missing[obj] = self._missing.get(obj, frozenset()) - shape.types.keys()
        return shape

    def prime(self, schemas: Mapping[str, ObjectSchema]) -> None:
        """Take the word of earlier descriptions, by object, as if they had been told just now."""
        told = {obj: shape_from(schema) for obj, schema in schemas.items()}
        with self._lock:
            now = self._api.traffic.clock.monotonic()
            self._kept.update((obj, (now, shape)) for obj, shape in told.items())

    def shape(self, obj: str) -> Shape:
        """The shape as told some minutes ago at most. Raises as `Api.send`."""
        kept = self._kept.get(obj)
        if kept and self._api.traffic.clock.monotonic() - kept[0] < KEPT_S:
            return kept[1]
        return self.described(obj)

    def forget(self, obj: str) -> None:
        """The org has contradicted what we know of the object."""
        with self._lock:
            self._kept.pop(obj, None)

    def readable(self, obj: str, names: Iterable[str]) -> list[str]:
        """The names, without those known to be missing."""
        missing = self._missing.get(obj)
        return [name for name in names if name not in missing] if missing else list(names)

    def miss(self, obj: str, names: Sequence[str]) -> bool:
        """A query met a field that is not there: describe anew and remember which; whether any is newly missing."""
        shape = self.described(obj)
        gone = {name for name in names if "." not in name and name not in shape.types}
        with self._lock:
            before = self._missing.get(obj, frozenset())
            self._missing[obj] = before | gone
        return bool(gone - before)


def shape_of(told: Mapping[str, Any]) -> Shape:
    """The shape in a describe answer (Salesforce fact sheet 1.6)."""
    return shape_from(ObjectSchema(told["name"], {entry["name"]: _field(entry) for entry in told["fields"]}))


def shape_from(schema: ObjectSchema) -> Shape:
    """The shape of an object whose schema is known already."""
    fields = schema.fields
    types = {name: known.type for name, known in fields.items()}
    return Shape(
        schema=schema,
        types=types,
        renders=json_renders(types),
        creatable=frozenset(name for name, known in fields.items() if known.creatable),
        updatable=frozenset(name for name, known in fields.items() if known.updatable),
    )


def _field(entry: Mapping[str, Any]) -> FieldSchema:
    told = entry["type"]
    writable = told not in _COMPOUND and not entry.get("calculated") and not entry.get("autoNumber")
    creatable = writable and bool(entry.get("createable"))
    needed = creatable and not entry.get("nillable", True) and not entry.get("defaultedOnCreate")
    return FieldSchema(
        name=entry["name"],
        label=entry.get("label") or entry["name"],
        type=told,
        kinds=_kinds(entry),
        creatable=creatable,
        updatable=writable and bool(entry.get("updateable")),
        required=needed and told != "boolean",
        length=entry.get("length") or None,
        scale=entry.get("scale") if told in NUMBER_TYPES else None,
        precision=(entry.get("precision") or entry.get("digits") or None) if told in NUMBER_TYPES else None,
        options=tuple(_option(choice) for choice in entry.get("picklistValues") or ()),
        restricted=bool(entry.get("restrictedPicklist")),
        unique=bool(entry.get("unique")),
        external_id=bool(entry.get("externalId")),
    )


def _kinds(entry: Mapping[str, Any]) -> frozenset[Kind]:
    kinds = KINDS.get(entry["type"], frozenset())
    if entry["type"] == "reference" and "User" not in (entry.get("referenceTo") or ()):
        return kinds - {Kind.OWNER}
    return kinds


def _option(choice: Mapping[str, Any]) -> Option:
    return Option(choice["value"], choice.get("label") or choice["value"], bool(choice.get("active", True)))
