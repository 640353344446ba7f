"""What people do in HubSpot's own pages, and what other people's automation does: none of it through the public API.

Every public function here is an act `act(portal, *, ...) -> dict`, reached by name (acts.py of the sandbox). Acts by a
person are signed `CRM_UI` with the user's id (HubSpot fact sheet 2.3), are not rate-limited, and may move a lifecycle
stage backwards. Raises LookupError for a record or owner that is not there, `Refusal` or ValueError for what HubSpot
would not let anyone do.
"""
# ruff: noqa: A002 - `object` and `id` are what both CRMs and the glossary call them

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.sandbox.hubspot import automation, catalogue, definitions, linking, merges, writes
from connector.sandbox.hubspot.kinds import kind_named
from connector.sandbox.hubspot.links import End
from connector.sandbox.hubspot.portal import Portal
from connector.sandbox.hubspot.records import Record, Source
from connector.sandbox.hubspot.shapes import Projection
from connector.sandbox.hubspot.state import State
from connector.sandbox.hubspot.table import Table
from connector.sandbox.hubspot.values import stored
from connector.sandbox.hubspot.web import whole


def create(portal: Portal, *, object: str, properties: Mapping[str, Any], user: int = 0) -> dict[str, Any]:
    """A person fills in the form for a new record."""
    with portal.lock:
        state, table, source = _entered(portal, object, user)
        record = writes.create(state, table, writes.check(state, table, None, properties, source), source)
        return _shown(portal, table, record)


def edit(portal: Portal, *, object: str, id: str, properties: Mapping[str, Any], user: int = 0) -> dict[str, Any]:
    """A person changes a record."""
    with portal.lock:
        state, table, source = _entered(portal, object, user)
        record = _live(table, id)
        changes = writes.check(state, table, record, properties, source)
        return _shown(portal, table, writes.update(state, table, record, changes, source))


def calculate(portal: Portal, *, object: str, id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """HubSpot itself writes read-only values, as its scoring does."""
    with portal.lock:
        state, table, _ = _entered(portal, object, 0)
        record = _live(table, id)
        changes = {name: stored(table.schema.live[name], value) for name, value in properties.items()}
        after = writes.update(state, table, record, changes, Source("CALCULATED", "", "automation"))
        return _shown(portal, table, after)


def archive(portal: Portal, *, object: str, id: str, user: int = 0) -> dict[str, Any]:
    """A person deletes a record; it can be restored."""
    with portal.lock:
        state, table, source = _entered(portal, object, user)
        writes.archive(state, table, _live(table, id), source)
        return {"id": str(id), "archived": True}


def restore(portal: Portal, *, object: str, id: str, user: int = 0) -> dict[str, Any]:
    """A person brings a deleted record back."""
    with portal.lock:
        state, table, source = _entered(portal, object, user)
        record = table.records.get(whole(str(id)) or 0)
        if record is None or record.archived_ms is None:
            raise LookupError(f"{object} {id} is not among the deleted records")
        return _shown(portal, table, writes.restore(state, table, record, source))


def merge(portal: Portal, *, object: str, primary: str, other: str, user: int = 0) -> dict[str, Any]:
    """A person merges `other` into `primary`; the id in the answer may be a third one."""
    with portal.lock:
        state, table, source = _entered(portal, object, user)
        survivor = merges.merge(state, table, _live(table, primary), _live(table, other), source)
        return _shown(portal, table, survivor)


def erase(portal: Portal, *, id: str, user: int = 0) -> dict[str, Any]:
    """A person deletes a contact for good, as GDPR asks; its addresses may not come back."""
    with portal.lock:
        state, table, source = _entered(portal, "contacts", user)
        writes.erase(state, table, _live(table, id), source)
        return {"id": str(id), "erased": True}


def add_property(portal: Portal, *, object: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    """An admin adds a property; `definition` is as the Properties API takes it, group and form type optional."""
    with portal.lock:
        state, table, _ = _entered(portal, object, 0)
        name = str(definition["name"])
        if name in table.schema.live:
            raise ValueError(f"{object} already has a property {name!r}")
        type_ = str(definition.get("type", "string"))
        usual = {"type": type_, "label": name, "groupName": f"{table.kind.singular}_custom"}
        usual["fieldType"] = {"string": "text", "enumeration": "select", "bool": "booleancheckbox"}.get(type_, type_)
        if type_ == "datetime":
            usual["fieldType"] = "date"
        return table.schema.shown(definitions.add(table, {**usual, **definition}, state.now_ms))


def remove_property(portal: Portal, *, object: str, name: str) -> dict[str, Any]:
    """An admin archives a property; writes that name it are refused from now on."""
    with portal.lock:
        state, table, _ = _entered(portal, object, 0)
        if name not in table.schema.live:
            raise LookupError(f"{object} has no property {name!r}")
        return table.schema.shown(table.schema.archive(name, state.now_ms))


def set_options(portal: Portal, *, object: str, name: str, options: Sequence[Any]) -> dict[str, Any]:
    """An admin replaces the options of a property; each is a value or `{label, value}`. Stored values stay."""
    with portal.lock:
        state, table, _ = _entered(portal, object, 0)
        if name not in table.schema.live:
            raise LookupError(f"{object} has no property {name!r}")
        definition = table.schema.own(name)
        definition.set_options(
            [each if isinstance(each, Mapping) else {"label": each, "value": each} for each in options]
        )
        definition.updated_ms = state.now_ms
        if name == "lifecyclestage":
            for stage in definition.ordered_options():
                for stamp in catalogue.stamp_properties(table.kind, stage, state.now_ms):
                    if stamp.name not in table.schema.all:
                        table.schema.add(stamp)
        return table.schema.shown(definition)


def add_owner(
    portal: Portal, *, email: str, first_name: str = "", last_name: str = "", team: str = ""
) -> dict[str, Any]:
    """An admin invites a user, who becomes an owner."""
    with portal.lock:
        portal.state.tick()
        return portal.state.owners.add(email, first_name, last_name, team=team, now_ms=portal.state.now_ms).shown()


def deactivate_owner(portal: Portal, *, id: str) -> dict[str, Any]:
    """An admin removes a user; records keep the owner, new ones cannot be given to them."""
    with portal.lock:
        portal.state.tick()
        owner = portal.state.owners.by_id.get(whole(str(id)) or 0)
        if owner is None:
            raise LookupError(f"there is no owner {id}")
        owner.archived = True
        owner.updated_ms = portal.state.now_ms
        return owner.shown()


def associate(  # noqa: PLR0913 - two ends, a label and who does it
    portal: Portal,
    *,
    object: str,
    id: str,
    to_object: str,
    to_id: str,
    label: str = "",
    user: int = 0,
) -> dict[str, Any]:
    """A person links two records, with a label such as "Primary" or without."""
    with portal.lock:
        state, source, start, end = _ends(portal, (object, id), (to_object, to_id), user)
        if label:
            types = [each.type_id for each in state.links.types(start[0], end[0]).values() if each.label == label]
            if not types:
                raise LookupError(f"there is no label {label!r} between {start[0]} and {end[0]}")
            linking.link(state, start, end, types, source)
        else:
            linking.link_default(state, start, end, source)
        return {"types": [each.type_id for each in state.links.between(start, *end)]}


def dissociate(  # noqa: PLR0913 - two ends and who does it
    portal: Portal,
    *,
    object: str,
    id: str,
    to_object: str,
    to_id: str,
    user: int = 0,
) -> dict[str, Any]:
    """A person removes the link between two records."""
    with portal.lock:
        state, source, start, end = _ends(portal, (object, id), (to_object, to_id), user)
        linking.unlink(state, start, end, None, source)
        return {"types": []}


def bulk_touch(
    portal: Portal, *, object: str, ids: Sequence[str] = (), property: str = "", value: str = ""
) -> dict[str, Any]:
    """A HubSpot job gives many records (all, if none is named) one last-modified millisecond, and perhaps a value."""
    with portal.lock:
        state, table, _ = _entered(portal, object, 0)
        job = Source("AUTOMATION_PLATFORM", "bulk-job", "automation")
        chosen = [_live(table, each) for each in ids] if ids else [table.records[each] for each in table.live]
        for record in chosen:
            changes = {property: stored(table.schema.live[property], value)} if property else {}
            if not changes or record.values.get(property) == changes[property]:
                writes.touch(state, table, record)
            else:
                writes.update(state, table, record, changes, job)
        return {"touched": len(chosen), "at_ms": state.now_ms}


def add_rule(  # noqa: PLR0913 - what is watched, what is done and when
    portal: Portal,
    *,
    object: str,
    property: str,
    rewrite: str,
    text: str = "",
    target: str = "",
    delay_s: float = 0.0,
) -> dict[str, Any]:
    """Somebody builds a workflow that rewrites a field (or `target`) whenever `property` changes."""
    with portal.lock:
        _, table, _ = _entered(portal, object, 0)
        for name in (property, target or property):
            if name not in table.schema.live:
                raise LookupError(f"{object} has no property {name!r}")
        number = 1 + max((rule.number for rule in portal.state.rules), default=0)
        portal.state.rules.append(
            automation.Rule(number, table.kind.plural, property, rewrite, text, target, delay_s),
        )
        return {"rule": number}


def remove_rule(portal: Portal, *, rule: int) -> dict[str, Any]:
    """Somebody switches a workflow off."""
    with portal.lock:
        kept = [each for each in portal.state.rules if each.number != rule]
        if len(kept) == len(portal.state.rules):
            raise LookupError(f"there is no rule {rule}")
        portal.state.rules[:] = kept
        return {"rules": len(kept)}


def set_settings(portal: Portal, *, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Somebody changes how the portal behaves; see settings.py for the names."""
    with portal.lock:
        for name, value in settings.items():
            portal.settings.change(name, value)
        return dict(settings)


def revoke_token(portal: Portal, *, token: str) -> dict[str, Any]:
    """An admin rotates or uninstalls an app: this access or refresh token stops working."""
    with portal.lock:
        portal.state.credentials.revoke(token)
        return {"revoked": True}


def _entered(portal: Portal, object_name: str, user: int) -> tuple[State, Table, Source]:
    kind = kind_named(object_name)
    if kind is None:
        raise LookupError(f"the portal has no object {object_name!r}")
    portal.state.tick()
    number = user or portal.settings.user_id
    source = Source("CRM_UI", f"userId:{number}", f"user:{number}", user_id=number)
    return portal.state, portal.state.tables[kind.plural], source


def _live(table: Table, record_id: str) -> Record:
    number = whole(str(record_id))
    record = table.current(number) if number is not None else None
    if record is None or record.archived_ms is not None:
        raise LookupError(f"there is no {table.kind.singular} {record_id}")
    return record


def _ends(portal: Portal, one: tuple[str, str], other: tuple[str, str], user: int) -> tuple[State, Source, End, End]:
    state, left, source = _entered(portal, one[0], user)
    _, right, _ = _entered(portal, other[0], user)
    start, end = _live(left, one[1]), _live(right, other[1])
    return state, source, (left.kind.plural, start.id), (right.kind.plural, end.id)


def _shown(portal: Portal, table: Table, record: Record) -> dict[str, Any]:
    return Projection(table, None, portal_id=portal.settings.portal_id).show(record)
