"""Checks that look at more than one property, and the rules a portal's admin has made.

Admin rules bind writes only through `2026-09` paths (HubSpot fact sheet 1.3): required properties on create and
conditional required properties, plus the rules of the Property Validations API (fact sheet 5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from connector.sandbox.hubspot import stages
from connector.sandbox.hubspot.problems import ValueProblem, bad_request
from connector.sandbox.hubspot.stages import Changes
from connector.sandbox.hubspot.state import State
from connector.sandbox.hubspot.table import Table

ENFORCED = frozenset({"2026-09", "2026-09-beta", "2027-03-beta"})


def whole_record(state: State, table: Table, held: dict[str, str], changes: Changes) -> list[ValueProblem]:
    """Problems of owners, pipelines and stages."""
    problems = _owner(state, changes)
    if table.kind.plural == "deals":
        problems += stages.check_deal(state, held, changes)
    return problems


def _owner(state: State, changes: Changes) -> list[ValueProblem]:
    owner = changes.get("hubspot_owner_id")
    if owner is None or state.owners.assignable(owner):
        return []
    message = f"{owner} was not one of the allowed options: the id of an active owner"
    return [ValueProblem("hubspot_owner_id", "INVALID_OPTION", message, owner)]


def admin_rules(state: State, table: Table, held: dict[str, str], changes: Changes, *, new: bool) -> None:
    """Refuse what the portal's admin has ruled out; call it for `2026-09` paths only."""
    after = {name: value for name, value in {**held, **changes}.items() if value}
    required = state.settings.required_on_create.get(table.kind.plural, []) if new else []
    missing = [name for name in required if name not in after]
    if missing:
        raise _missing("MISSING_REQUIRED_PROPERTY", missing)
    conditional = [
        name
        for rule in state.settings.conditional_required
        if rule["object"] == table.kind.plural and rule["property"] in changes
        if after.get(rule["property"]) == rule["value"]
        for name in rule["requires"]
        if name not in after
    ]
    if conditional:
        raise _missing("MISSING_CONDITIONAL_REQUIRED_PROPERTY", conditional)
    _values(state, table, changes)


def _missing(code: str, names: Sequence[str]) -> Exception:
    errors = [
        {"message": f"Required property {name} is missing", "code": code, "context": {"propertyName": [name]}}
        for name in names
    ]
    return bad_request(f"Required properties are missing: {', '.join(names)}", errors=errors)


def _values(state: State, table: Table, changes: Changes) -> None:
    for name, value in changes.items():
        rules = state.validations.get((table.kind.plural, name))
        if not rules or value is None:
            continue
        for rule, arguments in rules.items():
            holds = RULES.get(rule)
            if holds is not None and not holds(value, arguments):
                message = f"Property {name} does not meet its validation rule {rule}"
                context = {"propertyName": [name]}
                errors = [{"message": message, "code": "VALIDATION_ERROR", "context": context}]
                raise bad_request(message, errors=errors)


RULES: Mapping[str, Callable[[str, Sequence[str]], bool]] = {
    "ALPHANUMERIC": lambda value, _: value.isalnum(),
    "REGEX": lambda value, arguments: re.fullmatch(arguments[0], value) is not None,
    "MIN_LENGTH": lambda value, arguments: len(value) >= int(arguments[0]),
    "MAX_LENGTH": lambda value, arguments: len(value) <= int(arguments[0]),
    "MIN_NUMBER": lambda value, arguments: float(value) >= float(arguments[0]),
    "MAX_NUMBER": lambda value, arguments: float(value) <= float(arguments[0]),
    "DECIMAL": lambda value, arguments: len(value.partition(".")[2]) <= int(arguments[0]),
    "WHITESPACE": lambda value, _: " " not in value,
}
