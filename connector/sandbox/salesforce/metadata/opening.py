"""A list view opened by a user: the query that it stands for, as that user's rights let them see it.

Columns of fields that the user does not see are left out; a list that filters by such a field cannot be opened.
Converted leads are in no list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from connector.sandbox.salesforce.catalogue import Scope
from connector.sandbox.salesforce.fields import NUMBERS, Field, ObjectType
from connector.sandbox.salesforce.metadata.schema import Content
from connector.sandbox.salesforce.metadata.view_columns import path_of
from connector.sandbox.salesforce.refusals import Refusal

_DAY = re.compile(r"(TODAY|YESTERDAY|TOMORROW|(?:LAST|NEXT)_N_DAYS:\d+)", re.IGNORECASE)
_COMPARED: Mapping[str, str] = {"lessThan": "<", "greaterThan": ">", "lessOrEqual": "<=", "greaterOrEqual": ">="}
_LIKE: Mapping[str, str] = {"contains": "%{}%", "startsWith": "{}%"}
_OWNED: Mapping[str, Callable[[str], str]] = {
    "Everything": lambda _: "",
    "Mine": "OwnerId = '{}'".format,
}


def columns(scope: Scope, kind: ObjectType, content: Content) -> dict[str, Field]:
    """The fields of a list's columns, by path, as far as the user sees them."""
    found: dict[str, Field] = {}
    for column in content.get("columns", []):
        path = path_of(kind.name, column)
        field = _field(scope, kind, path)
        if field is not None:
            found[path] = field
    return found


def query(scope: Scope, kind: ObjectType, content: Content) -> str:
    """A list as SOQL. Raises Refusal when the user cannot open it."""
    if content["filterScope"] not in _OWNED or "booleanFilter" in content:
        raise Refusal("INVALID_OPERATION", "this sandbox opens lists of everything and of one's own, joined by AND")
    terms = [_OWNED[content["filterScope"]](scope.user_id), "IsConverted = false" if kind.name == "Lead" else ""]
    terms += [_term(scope, kind, each) for each in content.get("filters", [])]
    where = " AND ".join(term for term in terms if term)
    names = ", ".join(dict.fromkeys(["Id", *columns(scope, kind, content)]))
    return " ".join(["SELECT", names, "FROM", kind.name, *(["WHERE", where] if where else []), "ORDER BY Id"])


def _field(scope: Scope, kind: ObjectType, path: str) -> Field | None:
    first, dot, rest = path.partition(".")
    if not dot:
        return scope.field(kind, path)
    link = kind.by_relationship.get(first.lower())
    if link is None or scope.field(kind, link.name) is None:
        return None
    return scope.field(scope.catalogue[link.refers_to[0]].kind, rest)


def _term(scope: Scope, kind: ObjectType, said: Content) -> str:
    path = path_of(kind.name, said["field"])
    field = _field(scope, kind, path)
    if field is None:
        raise Refusal("INSUFFICIENT_ACCESS", f"the list filters by {said['field']}, which you do not see", http=403)
    values = [part.strip() for part in str(said.get("value", "")).split(",")]
    operation = said["operation"]
    if operation in _COMPARED:
        return f"{path} {_COMPARED[operation]} {_literal(field, values[0])}"
    if operation in _LIKE:
        return " OR ".join(f"{path} LIKE {_quoted(_LIKE[operation].format(each))}" for each in values).join("()")
    if operation in {"includes", "excludes"}:
        return f"{path} {operation.upper()} ({', '.join(_literal(field, each) for each in values)})"
    if operation not in {"equals", "notEqual"}:
        raise Refusal("INVALID_OPERATION", f"this sandbox opens no list that filters by {operation}")
    mark, joined = ("=", " OR ") if operation == "equals" else ("!=", " AND ")
    return joined.join(f"{path} {mark} {_literal(field, each)}" for each in values).join("()")


def _literal(field: Field, value: str) -> str:
    if not value:
        return "null"
    if field.type == "boolean":
        return "true" if value in {"1", "true", "True"} else "false"
    if field.type in NUMBERS or (field.type in {"date", "datetime"} and _DAY.fullmatch(value)):
        return value
    if field.type in {"date", "datetime"}:
        raise Refusal("INVALID_OPERATION", f"this sandbox knows days in words only, and not {value!r}")
    return _quoted(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def value(record: Mapping[str, Any], path: str) -> Any:
    """What a record holds at a path."""
    held: Any = record
    for part in path.split("."):
        held = held.get(part) if isinstance(held, Mapping) else None
    return held
