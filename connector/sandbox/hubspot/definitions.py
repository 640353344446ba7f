"""Endpoints of properties, groups and validation rules (HubSpot fact sheet 5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from connector.sandbox.hubspot.kinds import kind_named
from connector.sandbox.hubspot.problems import Refusal, bad_request
from connector.sandbox.hubspot.properties import FIELD_TYPES, TRUE_FALSE, Group, Property
from connector.sandbox.hubspot.table import Table
from connector.sandbox.hubspot.web import NOTHING, Call, Reply, batch_answer, inputs_of

BATCH_MAX = 100
UNIQUE_MAX = 10
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def page(call: Call) -> Reply:
    """200 with every definition, unpaged."""
    archived = call.flag("archived")
    schema = call.table.schema
    wanted = [each for each in schema.all.values() if (each.archived_ms is not None) is archived]
    return Reply(200, {"results": [schema.shown(each) for each in wanted]})


def read(call: Call) -> Reply:
    """200 with one definition."""
    table = call.table
    return Reply(200, table.schema.shown(_found(table, call.parts[1], archived=call.flag("archived"))))


def create(call: Call) -> Reply:
    """201; an archived property of the same name comes back to life."""
    return Reply(201, call.table.schema.shown(_created(call, call.body)))


def update(call: Call) -> Reply:
    """200; `options`, when sent, replace the whole list."""
    schema, definition, body = call.table.schema, _found(call.table, call.parts[1]), call.body
    if definition.hubspot_defined and set(body) - {"options", "displayOrder", "hidden"}:
        raise bad_request(f"Property {definition.name} is defined by HubSpot; its definition is read-only")
    definition = schema.own(definition.name)
    _apply(definition, body)
    definition.updated_ms = call.state.now_ms
    return Reply(200, schema.shown(definition))


def archive(call: Call) -> Reply:
    """204; values stay on the records, unseen."""
    _archive(call, call.parts[1])
    return NOTHING


def batch_read(call: Call) -> Reply:
    """200, or 207 for names that are not there."""
    archived = bool(call.body.get("archived", False))
    table = call.table
    return _batch(call, lambda given: _found(table, str(given.get("name", "")), archived=archived), 200)


def batch_create(call: Call) -> Reply:
    """201, or 207 for definitions that were refused."""
    return _batch(call, lambda given: _created(call, given), 201)


def batch_archive(call: Call) -> Reply:
    """204; unknown names are passed over."""
    for given in inputs_of(call, BATCH_MAX):
        if str(given.get("name", "")) in call.table.schema.live:
            _archive(call, str(given["name"]))
    return NOTHING


def _batch(call: Call, act: Callable[[dict[str, Any]], Property], status: int) -> Reply:
    results, errors, shown = [], [], call.table.schema.shown
    for given in inputs_of(call, BATCH_MAX):
        try:
            results.append(shown(act(given)))
        except Refusal as refusal:
            errors.append(refusal.entry({"name": [str(given.get("name", ""))]}))
    return batch_answer(call.state, results, errors, status)


def _created(call: Call, body: dict[str, Any]) -> Property:
    table, name = call.table, str(body.get("name", ""))
    _check_new(table, body, name)
    held = table.schema.all.get(name)
    if held is not None and held.archived_ms is not None:
        held = table.schema.own(name)
        held.archived_ms = None
        _apply(held, body)
        table.schema.add(held)
        return held
    return add(table, body, call.state.now_ms)


def add(table: Table, body: dict[str, Any], now_ms: int) -> Property:
    """Put a new definition of the portal's own in place."""
    definition = Property(
        name=str(body["name"]),
        label=str(body["label"]),
        type=str(body["type"]),
        field_type=str(body["fieldType"]),
        group=str(body["groupName"]),
        unique=bool(body.get("hasUniqueValue", False)),
        hubspot_defined=False,
        calculated=body["fieldType"] == "calculation_equation",
        referenced_object_type=body.get("referencedObjectType"),
        external_options=bool(body.get("externalOptions", False)),
        created_ms=now_ms,
        updated_ms=now_ms,
    )
    _apply(definition, {**({"options": TRUE_FALSE} if definition.type == "bool" else {}), **body})
    table.schema.add(definition)
    if definition.unique:
        table.unique.setdefault(definition.name, {})
    return definition


def _check_new(table: Table, body: dict[str, Any], name: str) -> None:
    missing = [each for each in ("name", "label", "type", "fieldType", "groupName") if not body.get(each)]
    if missing:
        raise bad_request(
            f"Invalid input JSON on line 1, column 1: some of required attributes are not set [{', '.join(missing)}]",
        )
    if not _NAME.fullmatch(name):
        raise bad_request(f"{name} is not a valid property name: lower-case letters, digits and underscores only")
    if name in table.schema.live:
        raise Refusal(
            409,
            f"A property named '{name}' already exists.",
            "OBJECT_ALREADY_EXISTS",
            subCategory="Properties.PROPERTY_WITH_NAME_EXISTS",
        )
    if body["fieldType"] not in FIELD_TYPES.get(str(body["type"]), frozenset()):
        raise bad_request(f"fieldType {body['fieldType']} is not allowed for type {body['type']}")
    if body["groupName"] not in table.schema.groups:
        raise bad_request(f"Property group {body['groupName']} does not exist")
    if body["type"] == "enumeration" and not (body.get("options") or body.get("externalOptions")):
        raise bad_request(f"Property {name} is an enumeration and needs options")
    if body.get("hasUniqueValue") and len(table.unique) >= UNIQUE_MAX:
        raise bad_request(f"At most {UNIQUE_MAX} properties with unique values are allowed")


def _apply(definition: Property, body: dict[str, Any]) -> None:
    definition.label = str(body.get("label", definition.label))
    definition.description = str(body.get("description") or definition.description)
    definition.group = str(body.get("groupName", definition.group))
    definition.hidden = bool(body.get("hidden", definition.hidden))
    definition.form_field = bool(body.get("formField", definition.form_field))
    definition.display_order = int(body.get("displayOrder", definition.display_order))
    if body.get("options") is not None:
        if any(not isinstance(each, dict) or not {"label", "value"} <= each.keys() for each in body["options"]):
            raise bad_request("Invalid input JSON on line 1, column 1: Cannot build OptionInput [label, value]")
        for part in ("value", "label"):
            told = [str(each[part]) for each in body["options"]]
            if len(set(told)) < len(told):
                raise bad_request(f"Property {definition.name} has two options with one {part}")
        definition.set_options(body["options"])


def _archive(call: Call, name: str) -> None:
    definition = _found(call.table, name)
    if definition.hubspot_defined:
        raise bad_request(f"Property {name} is defined by HubSpot and cannot be deleted")
    call.table.schema.archive(name, call.state.now_ms)


def _found(table: Table, name: str, *, archived: bool = False) -> Property:
    definition = table.schema.all.get(name)
    if definition is None or (definition.archived_ms is not None) is not archived:
        raise Refusal(404, f'Property "{name}" does not exist', "OBJECT_NOT_FOUND", context={"propertyName": [name]})
    return definition


def groups(call: Call) -> Reply:
    """200 with every group."""
    return Reply(200, {"results": [each.shown() for each in call.table.schema.groups.values() if not each.archived]})


def read_group(call: Call) -> Reply:
    """200 with one group."""
    return Reply(200, _group(call).shown())


def create_group(call: Call) -> Reply:
    """201; 409 when the name is taken."""
    held, body = call.table.schema.groups, call.body
    name = str(body.get("name", ""))
    if not name or not body.get("label"):
        raise bad_request(
            "Invalid input JSON on line 1, column 1: some of required attributes are not set [name, label]",
        )
    if name in held and not held[name].archived:
        raise Refusal(409, f"A property group named '{name}' already exists.", "OBJECT_ALREADY_EXISTS")
    held[name] = Group(name, str(body["label"]), int(body.get("displayOrder", -1)))
    return Reply(201, held[name].shown())


def update_group(call: Call) -> Reply:
    """200 with the group as it now is."""
    group = _group(call)
    group.label = str(call.body.get("label", group.label))
    group.display_order = int(call.body.get("displayOrder", group.display_order))
    return Reply(200, group.shown())


def archive_group(call: Call) -> Reply:
    """204; refused while a property is in it."""
    group = _group(call)
    if any(each.group == group.name for each in call.table.schema.live.values()):
        raise bad_request(
            f"Property group {group.name} has active properties",
            subCategory="PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES",
        )
    group.archived = True
    return NOTHING


def _group(call: Call) -> Group:
    group = call.table.schema.groups.get(call.parts[1])
    if group is None or group.archived:
        raise Refusal(404, f"Property group {call.parts[1]} does not exist", "OBJECT_NOT_FOUND")
    return group


def validations(call: Call) -> Reply:
    """200 with the admin's rules by property."""
    kind = kind_named(call.parts[0])
    results = [
        {"propertyName": name, "propertyValidationRules": _rules(rules)}
        for (object_name, name), rules in call.state.validations.items()
        if kind is not None and object_name == kind.plural
    ]
    return Reply(200, {"results": results})


def property_validations(call: Call) -> Reply:
    """200 with the rules of one property."""
    rules = call.state.validations.get((call.table.kind.plural, call.parts[1]), {})
    return Reply(200, {"results": _rules(rules)})


def property_validation(call: Call) -> Reply:
    """200 with one rule of one property."""
    rules = call.state.validations.get((call.table.kind.plural, call.parts[1]), {})
    if call.parts[2] not in rules:
        raise Refusal(404, "resource not found")
    return Reply(200, _rules({call.parts[2]: rules[call.parts[2]]})[0])


def set_validation(call: Call) -> Reply:
    """204; the rule binds writes through `2026-09` paths."""
    definition = _found(call.table, call.parts[1])
    arguments = [str(each) for each in call.body.get("ruleArguments", [])]
    call.state.validations.setdefault((call.table.kind.plural, definition.name), {})[call.parts[2]] = arguments
    return NOTHING


def _rules(rules: dict[str, list[str]]) -> list[dict[str, Any]]:
    return [{"ruleType": rule, "ruleArguments": arguments} for rule, arguments in rules.items()]
