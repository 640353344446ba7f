"""Every way a record comes to be or changes, by an app or by a person.

`check` turns raw properties into the values HubSpot would keep, or raises `Refusal`, and alters nothing; `create` and
`update` carry out what was checked: a new version, its history, the unique values, the webhook events, the search index
and the log. So a batch can check all of its inputs before it writes any (HubSpot fact sheet 2.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from connector.sandbox.hubspot import automation, stages, validation
from connector.sandbox.hubspot.problems import Refusal, ValueProblem, bad_request, bad_values, conflict
from connector.sandbox.hubspot.records import Record, Source
from connector.sandbox.hubspot.stages import Changes
from connector.sandbox.hubspot.state import State
from connector.sandbox.hubspot.table import ADDITIONAL, Table
from connector.sandbox.hubspot.values import stored

NO_VALUES: dict[str, str] = {}


def check(
    state: State,
    table: Table,
    record: Record | None,
    properties: Mapping[str, Any],
    source: Source,
) -> Changes:
    """The values to write, in stored form; Refusal 400 lists every bad property, 409 names the holder of an address."""
    held = record.values if record is not None else NO_VALUES
    changes: Changes = {}
    problems: list[ValueProblem] = []
    live = table.schema.live
    for name, raw in properties.items():
        definition = live.get(name)
        if definition is None or definition.read_only or definition.calculated:
            if not table.kind.lenient:
                problems.append(_unwritable(name, known=definition is not None))
            continue
        try:
            value = stored(definition, raw, held.get(name))
            changes[name] = value if value is None else _normal(state, table, name, value)
        except ValueProblem as problem:
            problems.append(problem)
    problems += validation.whole_record(state, table, held, changes)
    try:
        stages.hold_back(state, table, held.get(stages.LIFECYCLE), changes, source)
    except ValueProblem as problem:
        problems.append(problem)
    if problems:
        raise bad_values(problems, state.settings.portal_id)
    if record is None:
        _check_required(table, changes)
    check_unique(state, table, record, changes)
    return changes


def _normal(state: State, table: Table, name: str, value: str) -> str:
    """The value in the form the portal keeps this property in, whoever writes it."""
    rewrite = state.normalisers.get((table.kind.plural, name)) if state.normalisers else None
    return value if rewrite is None else automation.REWRITES[rewrite](value, "")


def _unwritable(name: str, *, known: bool) -> ValueProblem:
    if not known:
        return ValueProblem(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
    return ValueProblem(name, "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')


def _check_required(table: Table, changes: Changes) -> None:
    kind = table.kind
    missing = [name for name in kind.required_all if not changes.get(name)]
    if kind.required and not any(changes.get(name) for name in kind.required):
        missing = list(kind.required)
    if missing:
        message = f"Error creating {kind.singular.upper()}. Some required properties were not set."
        detail = {"message": message, "code": "MISSING_REQUIRED_PROPERTY", "context": {"properties": missing}}
        raise bad_request(message, errors=[detail], context={"properties": missing})


def check_unique(state: State, table: Table, record: Record | None, changes: Changes) -> None:
    """Refuse a value that identifies another record, or the address of an erased person."""
    own = record.id if record is not None else None
    for name, value in changes.items():
        if value is None or (name not in table.unique and name != ADDITIONAL):
            continue
        key = "email" if name == ADDITIONAL else name
        for each in value.split(";") if name == ADDITIONAL else (value,):
            holder = table.holder(key, each)
            if holder is not None and holder != own:
                raise _taken(state, table, key, each, (own, holder))
            if key == "email" and each in state.blocklist:
                raise bad_request("This contact was permanently deleted and its address may not be added again.")


def _taken(state: State, table: Table, name: str, value: str, ids: tuple[int | None, int]) -> Refusal:
    own, holder = ids
    if name == "email":
        return conflict(table.kind.singular, holder)
    message = (
        f"Cannot set PropertyValueCoordinates{{portalId={state.settings.portal_id}, objectTypeId={table.kind.type_id}, "
        f"propertyName={name}, value={value}}} on {own or 'a new record'}. {holder} already has that value."
    )
    return bad_values([ValueProblem(name, "CONFLICTING_UNIQUE_VALUE", message, value)], state.settings.portal_id)


def create(state: State, table: Table, changes: Changes, source: Source) -> Record:
    """Bring a record into being with checked values."""
    entailed = stages.consequences(state, table, NO_VALUES, changes, new=True)
    values = {name: value for name, value in (changes | entailed).items() if value is not None}
    record = Record(table.take_id(), values, state.now_ms, state.now_ms, source)
    table.insert(record)
    state.publish(table, record)
    flag = "NEW" if source.type == stages.INTEGRATION else "CREATED"
    state.announce("creation", table, record.id, source, "changeFlag", flag)
    if state.settings.webhook_on_create:
        state.announce_values(table, record.id, source, dict(values))
    state.witness(source, "create", table, record.id, values)
    _provoke(state, table, record.id, values, source)
    return table.records[record.id]


def update(state: State, table: Table, record: Record, changes: Changes, source: Source) -> Record:
    """Write checked values to a record; values it has already change nothing."""
    held = record.values
    if changes.get("email") is not None and held.get("email") is not None:
        changes = changes | _swapped(held, changes)
    effective = {name: value for name, value in changes.items() if held.get(name) != value}
    if not effective:
        return _touched(state, table, record)
    entailed = stages.consequences(state, table, held, effective, new=False)
    effective |= {name: value for name, value in entailed.items() if held.get(name) != value}
    for name, value in effective.items():
        record.remember(name, value, state.now_ms, source)
    values = {name: value for name, value in (held | effective).items() if value is not None}
    _replace(state, table, record, values)
    state.announce_values(table, record.id, source, effective)
    state.witness(source, "update", table, record.id, effective)
    _provoke(state, table, record.id, effective, source)
    return table.records[record.id]


def _provoke(state: State, table: Table, record_id: int, changed: Iterable[str], source: Source) -> None:
    if state.rules:
        for rule in automation.provoked(state.rules, table.kind.plural, changed, source):
            state.later(rule.delay_ms, partial(_automate, state, table, record_id, rule))


def _automate(state: State, table: Table, record_id: int, rule: automation.Rule) -> None:
    record = table.current(record_id)
    if record is None or record.archived_ms is not None or rule not in state.rules:
        return
    value = record.values.get(rule.watched) or ""
    if value or rule.fills:
        with suppress(Refusal):  # an action that may not write fails in the workflow's own history, and nobody hears
            changes = check(state, table, record, rule.rewritten(value), rule.source)
            update(state, table, record, changes, rule.source)


def _swapped(held: dict[str, str], changes: Changes) -> Changes:
    """An additional address that becomes the primary one changes places with it."""
    if ADDITIONAL not in held or ADDITIONAL in changes:
        return {}
    additional = held[ADDITIONAL].split(";")
    if changes["email"] not in additional:
        return {}
    return {ADDITIONAL: ";".join(held["email"] if each == changes["email"] else each for each in additional)}


def _touched(state: State, table: Table, record: Record) -> Record:
    return touch(state, table, record) if state.settings.equal_write_moves_modified else record


def touch(state: State, table: Table, record: Record) -> Record:
    """Move the last-modified moment and nothing else, as hidden properties do (fact sheet 3)."""
    return _replace(state, table, record, record.values)


def _replace(state: State, table: Table, record: Record, values: dict[str, str]) -> Record:
    after = record.next(values, state.now_ms, record.archived_ms)
    table.replace(record, after)
    state.publish(table, after)
    return after


def archive(state: State, table: Table, record: Record, source: Source) -> None:
    """Hide a record; it can be restored."""
    after = record.next(record.values, state.now_ms, archived_ms=state.now_ms)
    table.replace(record, after)
    state.publish(table, after)
    state.announce("deletion", table, record.id, source, "changeFlag", "DELETED")
    state.witness(source, "archive", table, record.id, {})


def restore(state: State, table: Table, record: Record, source: Source) -> Record:
    """Bring an archived record back; Refusal when another record now holds one of its unique values."""
    check_unique(state, table, record, dict(record.values))
    after = record.next(record.values, state.now_ms)
    table.replace(record, after)
    state.publish(table, after)
    state.announce("restore", table, record.id, source)
    state.witness(source, "restore", table, record.id, {})
    return after


def erase(state: State, table: Table, record: Record, source: Source) -> None:
    """Delete a person for good and bar the addresses (fact sheet 2.7)."""
    values = record.values
    addresses = [values.get("email", ""), *values.get(ADDITIONAL, "").split(";")]
    state.blocklist.update(address for address in addresses if address)
    table.remove(record)
    state.links.forget(table.kind.plural, record.id)
    state.publish(table, record.next({}, state.now_ms, archived_ms=state.now_ms))
    state.announce("deletion", table, record.id, source, "changeFlag", "DELETED")
    state.announce("privacyDeletion", table, record.id, source)
    state.witness(source, "erase", table, record.id, {})
