"""Between Salesforce's rows and the bridge's readings, and back: values, presence, and the evidence for it.

Besides the fields of a view every query asks for what tells a record's fate: deleted, merged into another, converted
into a Contact (Salesforce fact sheet 3.3, 3.4). A merged or converted record has moved, it is not gone. `modified_at`
is SystemModstamp, the stamp that changes are listed by. Values are written as the described type wants them: numbers as
JSON numbers with all their digits, checkboxes never blank, clears as null, or `#N/A` in CSV (fact sheet 1.9, 2.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from connector.core.readings import Presence, Reading
from connector.core.refs import Ref, Side, id18
from connector.core.values import Kind, Value, canonical
from connector.ports import View

CLEAR: Final = "#N/A"
CONVERTS_TO: Final = "Contact"
_STAMPED: Final = ("Id", "SystemModstamp")
_FATE: Final[Mapping[str, tuple[str, ...]]] = {
    "Lead": ("IsDeleted", "MasterRecordId", "IsConverted", "ConvertedContactId"),
    "Contact": ("IsDeleted", "MasterRecordId"),
    "Account": ("IsDeleted", "MasterRecordId"),
    "User": (),
}
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?\Z")
NUMBER_TYPES: Final = frozenset({"int", "long", "double", "percent", "currency"})


def evidence(obj: str) -> tuple[str, ...]:
    """The fields asked for on top of a view's own."""
    return _STAMPED + _FATE.get(obj, ("IsDeleted",))


class Lens:
    """How rows of one view are read; made once for many rows. `names` are the fields that were asked for."""

    def __init__(self, view: View, names: Iterable[str]) -> None:
        self._object = view.object
        self._plain = [(name, view.fields[name]) for name in names if name in view.fields and "." not in name]
        self._paths = [(name, view.fields[name]) for name in names if name in view.fields and "." in name]

    def reading(self, row: Mapping[str, Any]) -> Reading:
        """What a row says of its record."""
        presence, moved_to, converted = _fate(self._object, row)
        values: dict[str, Value] = {}
        unreadable: dict[str, str] = {}
        if moved_to is None:
            self._understand(row, values, unreadable)
        return Reading(
            Ref(Side.SALESFORCE, self._object, id18(row["Id"])),
            presence,
            values,
            moment_of(row.get("SystemModstamp")),
            unreadable=unreadable,
            moved_to=moved_to,
            converted=converted,
        )

    def _understand(self, row: Mapping[str, Any], values: dict[str, Value], unreadable: dict[str, str]) -> None:
        try:  # nearly every row goes this way; a value its kind cannot understand sends it through the careful one
            for name, kind in self._plain:
                values[name] = canonical(kind, row[name])
        except (KeyError, ValueError):
            for name, kind in self._plain:
                raw = row[name] if name in row else _spelt_otherwise(row, name)
                _put(name, kind, raw, values, unreadable)
        for name, kind in self._paths:
            _put(name, kind, _along(row, name), values, unreadable)


def _put(name: str, kind: Kind, raw: Any, values: dict[str, Value], unreadable: dict[str, str]) -> None:
    try:
        values[name] = canonical(kind, raw)
    except ValueError:
        values.pop(name, None)
        unreadable[name] = raw if isinstance(raw, str) else orjson.dumps(raw).decode()


def _spelt_otherwise(row: Mapping[str, Any], name: str) -> Any:
    """Salesforce answers in its own spelling of a name, whatever the case it was asked in."""
    folded = name.casefold()
    return next((value for key, value in row.items() if key.casefold() == folded), None)


def _along(row: Mapping[str, Any], path: str) -> Any:
    """The value behind `Owner.Name`; None where there is no parent."""
    found: Any = row
    for step in path.split("."):
        found = _spelt_otherwise(found, step) if isinstance(found, Mapping) else None
    return found


def _fate(obj: str, row: Mapping[str, Any]) -> tuple[Presence, Ref | None, bool]:
    """Presence, where to, and whether by conversion. A conversion stands even if the Lead was deleted afterwards."""
    if row.get("IsConverted"):
        contact = row.get("ConvertedContactId")
        if contact:
            return Presence.MOVED, Ref(Side.SALESFORCE, CONVERTS_TO, id18(contact)), True
        return Presence.ARCHIVED, None, True  # its Contact is hidden from us: there is nowhere to follow it to
    if not row.get("IsDeleted"):
        return Presence.PRESENT, None, False
    master = row.get("MasterRecordId")
    if master:
        return Presence.MOVED, Ref(Side.SALESFORCE, obj, id18(master)), False
    return Presence.ARCHIVED, None, False


def moment_of(text: str | None) -> datetime | None:
    """Salesforce's `2026-11-02T08:15:30.000+0000` as a moment in UTC (fact sheet 1.9)."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


Render = Callable[[Value], Any]


def _number(value: Value) -> Any:
    """A JSON number with the very digits it has; anything else goes as text, for Salesforce to refuse."""
    return orjson.Fragment(value) if value is not None and _NUMBER.match(value) else value


def _flag(value: Value) -> Any:
    return value == "true"


_RENDERS: Final[Mapping[str, Render]] = {"boolean": _flag, **dict.fromkeys(NUMBER_TYPES, _number)}


def json_renders(types: Mapping[str, str]) -> Mapping[str, Render]:
    """By field, how its canonical value becomes JSON; fields whose text goes as it is are left out."""
    return {name: _RENDERS[told] for name, told in types.items() if told in _RENDERS}


def json_row(values: Mapping[str, Value], renders: Mapping[str, Render]) -> dict[str, Any]:
    """The values of one row as JSON."""
    return {name: renders[name](value) if name in renders else value for name, value in values.items()}


def csv_value(value: Value, told: str) -> str:
    """One value as Bulk CSV wants it; an empty cell would mean: leave alone."""
    if value is None:
        return "false" if told == "boolean" else CLEAR
    return value
