"""Conditions to predicates: each name is resolved once, each literal cleaned once, then rows are only compared.

Text compares without regard to case; ids by their long form; a null is less than nothing and more than nothing, but
it is not equal to anything, so `!=` and NOT IN keep it. (Salesforce fact sheet 1.2.)
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, timedelta
from typing import Any

from connector.sandbox.salesforce.catalogue import Scope
from connector.sandbox.salesforce.cleaning import read_datetime
from connector.sandbox.salesforce.fields import NUMBERS, TEXTS, Field, ObjectType, Row
from connector.sandbox.salesforce.ids import id18, looks_like_id
from connector.sandbox.salesforce.refusals import Refusal
from connector.sandbox.salesforce.soql_tree import (
    Among,
    Both,
    Compare,
    Condition,
    Either,
    Literal,
    Name,
    Negation,
    Query,
)

Getter = Callable[[Row], Any]
Predicate = Callable[[Row], bool]
_MIDNIGHT = "T00:00:00.000+0000"
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TEXT_LENGTH_FILTERABLE = 4099


def no_such_field(query: Query | None, name: Name, wanted: str, entity: str) -> Refusal:
    """INVALID_FIELD with the caret picture Salesforce draws under the query."""
    text = (
        f"No such column '{wanted}' on entity '{entity}'. If you are attempting to use a custom field, be sure to "
        "append "
        "the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate "
        "names."
    )
    if query is None:
        return Refusal("INVALID_FIELD", text)
    line = query.text[: name.at].count("\n") + 1
    column = name.at - (query.text.rfind("\n", 0, name.at) + 1) + 1
    around = query.text[max(0, name.at - 40) : name.at + 40].replace("\n", " ")
    caret = " " * min(40, name.at) + "^"
    return Refusal("INVALID_FIELD", f"\n{around}\n{caret}\nERROR at Row:{line}:Column:{column}\n{text}")


class Compiler:
    """Resolves the names of one query on one object for one user."""

    def __init__(self, scope: Scope, kind: ObjectType, query: Query | None = None) -> None:
        self.scope = scope
        self.kind = kind
        self.query = query

    def predicate(self, condition: Condition) -> Predicate:
        """The condition as a function of a row."""
        match condition:
            case Compare():
                return self._compare(condition)
            case Among():
                return self._among(condition)
            case Negation(term):
                inner = self.predicate(term)
                return lambda row: not inner(row)
            case Both(terms):
                return _all([self.predicate(term) for term in terms])
            case Either(terms):
                return _any([self.predicate(term) for term in terms])

    def resolve(self, name: Name) -> tuple[Field, Getter]:
        """The field a path ends at, and how to read it from a row."""
        parts = (
            name.parts[1:] if name.parts[0].lower() == self.kind.name.lower() and len(name.parts) > 1 else name.parts
        )
        return self._walk(self.kind, parts, name)

    def _walk(self, kind: ObjectType, parts: Sequence[str], name: Name) -> tuple[Field, Getter]:
        if len(parts) == 1:
            field = self.scope.field(kind, parts[0])
            if field is None:
                raise no_such_field(self.query, name, parts[0], kind.name)
            return field, operator.itemgetter(field.slot) if field.stored else _nothing
        link = kind.by_relationship.get(parts[0].lower())
        if link is None or self.scope.field(kind, link.name) is None:
            raise Refusal(
                "INVALID_FIELD",
                f"Didn't understand relationship '{parts[0]}' in field path. If you are attempting to use a custom "
                "relationship, be sure to append the '__r' after the custom relationship name.",
            )
        return self._parent(link, parts[1:], name)

    def _parent(self, link: Field, rest: Sequence[str], name: Name) -> tuple[Field, Getter]:
        ends: dict[str, tuple[Field, Getter]] = {}
        refused: Refusal | None = None
        for target in link.refers_to:
            target_kind = self.scope.catalogue[target].kind
            if self.scope.table(target) is None:
                continue
            try:
                ends[target_kind.prefix] = self._walk(target_kind, rest, name)
            except Refusal as refusal:
                refused = refusal
        if not ends:
            raise refused or no_such_field(self.query, name, rest[0], link.refers_to[0])
        catalogue, slot = self.scope.catalogue, link.slot

        def read(row: Row) -> Any:
            record_id = row[slot]
            parent = catalogue.row(record_id)
            end = ends.get(record_id[:3]) if parent is not None else None
            return end[1](parent) if end is not None and parent is not None else None

        return next(iter(ends.values()))[0], read

    def _compare(self, condition: Compare) -> Predicate:
        field, read = self.resolve(condition.name)
        check_filterable(field)
        if condition.literal.kind == "null":
            return _null_test(read, condition.op)
        if condition.op == "like":
            return _like(field, read, condition.literal)
        if condition.literal.kind == "dateword":
            return _range_test(read, condition.op, day_range(field, condition.literal, self.scope))
        value = comparable(field, condition.literal)
        fold = _folds(field)
        if condition.op in {"=", "!="}:
            return _equality(read, value, fold=fold, wanted=condition.op == "=")
        if field.type == "boolean":
            raise Refusal("INVALID_FIELD", f"operator '{condition.op}' is not valid for boolean field '{field.name}'")
        order = _OPERATORS[condition.op]
        if fold:
            return lambda row: (held := read(row)) is not None and order(held.lower(), value)
        return lambda row: (held := read(row)) is not None and order(held, value)

    def _among(self, condition: Among) -> Predicate:
        field, read = self.resolve(condition.name)
        check_filterable(field)
        if condition.includes:
            return _includes(field, read, condition)
        values = {comparable(field, literal) for literal in condition.literals}
        if condition.negated:
            if _folds(field):
                return lambda row: (held.lower() if (held := read(row)) is not None else None) not in values
            return lambda row: read(row) not in values
        if _folds(field):
            return lambda row: (held := read(row)) is not None and held.lower() in values
        return lambda row: read(row) in values


def check_filterable(field: Field) -> None:
    """Raises Refusal for long text and compound fields, which WHERE may not name."""
    if not field.stored or (field.type == "textarea" and field.length > _TEXT_LENGTH_FILTERABLE):
        raise Refusal("INVALID_FIELD", f"field '{field.name}' can not be filtered in a query call")


def comparable(field: Field, literal: Literal) -> Any:
    """A literal as this field's values are kept, text in lower case. Raises Refusal when of the wrong kind."""
    if literal.kind == "null":
        return None
    if field.type in {"id", "reference"} and literal.kind == "text":
        if not looks_like_id(literal.value):
            raise Refusal("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {literal.value}")
        return id18(str(literal.value))
    if field.type in TEXTS and literal.kind == "text":
        return str(literal.value).lower()
    if (field.type in NUMBERS and literal.kind == "number") or (field.type == "boolean" and literal.kind == "boolean"):
        return literal.value
    if field.type == literal.kind == "date":
        return literal.value
    if field.type == literal.kind == "datetime":
        return read_datetime(str(literal.value))
    quoted = "enclosed" if field.type in TEXTS or field.type in {"id", "reference"} else "not be enclosed"
    verb = "should be" if quoted == "enclosed" else "should"
    raise Refusal(
        "INVALID_FIELD",
        f"value of filter criterion for field '{field.name}' must be of type {field.type} and {verb} "
        f"{quoted} in quotes",
    )


def day_range(field: Field, literal: Literal, scope: Scope) -> tuple[str, str]:
    """First value inside and first value after the days that a date word means, in UTC."""
    if field.type not in {"date", "datetime"}:
        raise Refusal("INVALID_FIELD", f"date literal is not valid for field '{field.name}' of type {field.type}")
    word, _, count = str(literal.value).partition(":")
    today = scope.now.astimezone(UTC).date()
    days = int(count or 0)
    first, after = {
        "today": (0, 1),
        "yesterday": (-1, 0),
        "tomorrow": (1, 2),
        "last_n_days": (-days, 1),
        "next_n_days": (1, days + 1),
        "n_days_ago": (-days, 1 - days),
    }[word]
    tail = "" if field.type == "date" else _MIDNIGHT
    return f"{today + timedelta(first)}{tail}", f"{today + timedelta(after)}{tail}"


def _folds(field: Field) -> bool:
    return field.type in TEXTS


def _nothing(_row: Row) -> None:
    return None


def _all(tests: list[Predicate]) -> Predicate:
    if len(tests) == 2:  # noqa: PLR2004 - the common pair, spared a loop
        first, second = tests
        return lambda row: first(row) and second(row)
    return lambda row: all(test(row) for test in tests)


def _any(tests: list[Predicate]) -> Predicate:
    if len(tests) == 2:  # noqa: PLR2004 - the common pair, spared a loop
        first, second = tests
        return lambda row: first(row) or second(row)
    return lambda row: any(test(row) for test in tests)


def _null_test(read: Getter, op: str) -> Predicate:
    if op == "=":
        return lambda row: read(row) is None
    if op == "!=":
        return lambda row: read(row) is not None
    return lambda _row: False


def _equality(read: Getter, value: Any, *, fold: bool, wanted: bool) -> Predicate:
    if fold:
        return lambda row: ((held := read(row)) is not None and held.lower() == value) is wanted
    return lambda row: (read(row) == value) is wanted


def _range_test(read: Getter, op: str, days: tuple[str, str]) -> Predicate:
    first, after = days
    tests: dict[str, Callable[[str], bool]] = {
        "=": lambda held: first <= held < after,
        "!=": lambda held: not first <= held < after,
        "<": lambda held: held < first,
        "<=": lambda held: held < after,
        ">": lambda held: held >= after,
        ">=": lambda held: held >= first,
    }
    test = tests[op]
    return lambda row: (held := read(row)) is not None and test(held)


def _like(field: Field, read: Getter, literal: Literal) -> Predicate:
    if field.type not in TEXTS:
        kind = "id" if field.type in {"id", "reference"} else field.type
        raise Refusal("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {kind} field")
    matches = re.compile(str(literal.value), re.IGNORECASE | re.DOTALL).fullmatch
    return lambda row: (held := read(row)) is not None and matches(held) is not None


def _includes(field: Field, read: Getter, condition: Among) -> Predicate:
    if field.type != "multipicklist":
        raise Refusal(
            "INVALID_FIELD", f"INCLUDES and EXCLUDES work on multi-select picklists only, not on '{field.name}'"
        )
    wanted = [frozenset(part.lower() for part in str(literal.value).split(";")) for literal in condition.literals]
    negated = condition.negated

    def test(row: Row) -> bool:
        held = frozenset((read(row) or "").lower().split(";"))
        return any(group <= held for group in wanted) is not negated

    return test
