"""Search filters as predicates over records (HubSpot fact sheet 3).

Text compares without case, enumerations with case, numbers and dates as numbers (dates as epoch milliseconds); `IN` on
text needs lower-case values and finds nothing otherwise. A filter that cannot be built refuses the search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from connector.sandbox.hubspot.moments import parsed
from connector.sandbox.hubspot.problems import Refusal, bad_request
from connector.sandbox.hubspot.properties import Property
from connector.sandbox.hubspot.records import Record
from connector.sandbox.hubspot.shapes import Derive
from connector.sandbox.hubspot.table import Table

Predicate = Callable[[Record], bool]
Key = str | float
NUMERIC = frozenset({"number", "date", "datetime"})
ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda held, wanted: held == wanted,
    "LT": lambda held, wanted: held < wanted,
    "LTE": lambda held, wanted: held <= wanted,
    "GT": lambda held, wanted: held > wanted,
    "GTE": lambda held, wanted: held >= wanted,
}
OPERATORS = frozenset(
    {*ORDERED, "NEQ", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY", "CONTAINS_TOKEN"}
    | {"NOT_CONTAINS_TOKEN"},
)
_TOKEN = re.compile(r"[^\W_]+")


class Reader:
    """Reads and compares properties of one type, derived ones included."""

    def __init__(self, table: Table, derived: Mapping[str, Derive]) -> None:
        self._table = table
        self._derived = derived

    def definition(self, name: str) -> Property:
        """The definition of a property; Refusal 400 for a name that is none."""
        found = self._table.schema.live.get(name)
        if found is None:
            raise bad_request(f'Property "{name}" does not exist')
        return found

    def value(self, name: str) -> Derive:
        """How to get the text of a property from a record."""
        if name in self._derived:
            return self._derived[name]
        return lambda record: record.values.get(name)

    def key(self, name: str) -> Callable[[Record], Key | None]:
        """How to get what a record is compared by."""
        if name == "hs_object_id":
            return lambda record: record.id
        if name == self._table.kind.modified:
            return lambda record: record.modified_ms
        if name == self._table.kind.created:
            return lambda record: record.created_ms
        definition, read = self.definition(name), self.value(name)
        fold = folding(definition)

        def key(record: Record) -> Key | None:
            text = read(record)
            return None if text is None else fold(text)

        return key

    def predicate(self, given: Mapping[str, Any]) -> Predicate:
        """One filter as a function of a record."""
        name, operator = given["propertyName"], given["operator"]
        if operator == "HAS_PROPERTY":
            read = self.value(name)
            return lambda record: read(record) is not None
        if operator in {"CONTAINS_TOKEN", "CONTAINS"}:
            return self._containing(name, str(given.get("value", "")))
        positive = {
            "NEQ": "EQ",
            "NOT_IN": "IN",
            "NOT_CONTAINS_TOKEN": "CONTAINS_TOKEN",
            "NOT_HAS_PROPERTY": "HAS_PROPERTY",
        }
        if operator in positive:
            inner = self.predicate({**given, "operator": positive[operator]})
            return lambda record: not inner(record)
        if operator == "IN":
            return self._among(name, given)
        return self._compared(name, operator, given)

    def _compared(self, name: str, operator: str, given: Mapping[str, Any]) -> Predicate:
        key, fold = self.key(name), folding(self.definition(name))
        low = fold(_required(given, "value"))
        if operator == "BETWEEN":
            high = fold(_required(given, "highValue"))
            return lambda record: (held := key(record)) is not None and low <= held <= high  # type: ignore[operator]  # of one type
        compare = ORDERED[operator]
        return lambda record: (held := key(record)) is not None and compare(held, low)

    def _among(self, name: str, given: Mapping[str, Any]) -> Predicate:
        values = given.get("values")
        if not isinstance(values, list) or not values:
            raise _unbuilt(["values"])
        definition, key = self.definition(name), self.key(name)
        if definition.type in NUMERIC:
            numbers = {folding(definition)(str(value)) for value in values}
            return lambda record: key(record) in numbers
        wanted = {str(value) for value in values}
        if definition.multiple:
            return lambda record: (held := key(record)) is not None and not wanted.isdisjoint(str(held).split(";"))
        return lambda record: key(record) in wanted

    def _containing(self, name: str, value: str) -> Predicate:
        read, wanted = self.value(name), value.lower()
        if "*" in wanted:
            return lambda record: (text := read(record)) is not None and fnmatchcase(text.lower(), f"*{wanted}*")
        tokens = set(_TOKEN.findall(wanted))
        return lambda record: (text := read(record)) is not None and tokens <= set(_TOKEN.findall(text.lower()))


def folding(definition: Property) -> Callable[[str], Key]:
    """What makes two values of a property comparable."""
    if definition.type == "number":
        return _number
    if definition.type in NUMERIC:
        return _moment
    return str if definition.type == "enumeration" else str.lower


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise bad_request(f"Invalid number in filter: {text}") from error


def _moment(text: str) -> float:
    moment = parsed(text)
    if moment is None:
        raise bad_request(f"Invalid date in filter: {text}; use epoch milliseconds")
    return moment


def filters_of(groups: Any) -> list[list[dict[str, Any]]]:
    """The filters by group, each known to have what it needs; Refusal 400 otherwise."""
    found: list[list[dict[str, Any]]] = []
    for group in groups:
        filters = group.get("filters") if isinstance(group, dict) else None
        if not isinstance(filters, list):
            raise bad_request(
                "Invalid input JSON on line 1, column 1: Cannot build FilterGroup, some of required attributes are not "
                "set [filters]",
            )
        for each in filters:
            missing = [name for name in ("propertyName", "operator") if not each.get(name)]
            if missing:
                raise _unbuilt(missing)
            if each["operator"] not in OPERATORS:
                raise bad_request(f"Invalid input JSON on line 1, column 1: unknown operator {each['operator']}")
        found.append(filters)
    return found


def _required(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if value is None:
        raise _unbuilt([name])
    return str(value)


def _unbuilt(missing: list[str]) -> Refusal:
    return bad_request(
        "Invalid input JSON on line 1, column 1: Cannot build Filter, some of required attributes are not set "
        f"[{', '.join(missing)}]",
    )
