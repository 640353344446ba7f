"""Making the org what a deployment says, one component at a time; each has been judged before.

Fields become fields, permission sets become rows, everything else is kept as it was deployed. A permission set holds
afterwards what the deployment says and nothing else. (Salesforce fact sheet 5.1, 5.2.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connector.sandbox.salesforce import schema_changes
from connector.sandbox.salesforce.acts import Act
from connector.sandbox.salesforce.fields import Field
from connector.sandbox.salesforce.metadata import field_rules
from connector.sandbox.salesforce.metadata.components import Component
from connector.sandbox.salesforce.metadata.stage import Stage
from connector.sandbox.salesforce.metadata.store import OBJECT_RIGHTS, homes

_DEFAULTS: Mapping[str, Any] = {"description": "", "hasActivationRequired": False}
_LISTS = ("fieldPermissions", "objectPermissions", "userPermissions")


def same(stage: Stage, one: Component) -> bool:
    """Whether the org has exactly that already."""
    known = stage.org.metadata.find(one.type, one.name)
    if known is None:
        return False
    if one.type == "CustomField":
        sobject, _, name = one.name.partition(".")
        return known == field_rules.described(stage.fields[homes(sobject)[0], name])
    if one.type == "PermissionSet":
        return _settled(known) == _settled(one.content)
    return known == one.content


def _settled(said: Mapping[str, Any]) -> dict[str, Any]:
    """A permission set without what makes no difference: order, defaults, rights not given."""
    held = {**_DEFAULTS, **{name: value for name, value in said.items() if name not in {"fullName", "license"}}}
    for name in _LISTS:
        rows = [{key: value for key, value in row.items() if value is not False} for row in held.get(name, [])]
        held[name] = sorted((row for row in rows if len(row) > 1), key=lambda row: repr(sorted(row.items())))
    return held


def apply(stage: Stage, act: Act, one: Component) -> None:
    """Let a component take effect."""
    metadata = stage.org.metadata
    maker = _MAKERS.get(one.type)
    if maker is None:
        metadata.keep(one.type, one.name, one.content)
    else:
        maker(stage, act, one)
    stage.org.services.log.append(
        side="salesforce",
        actor=act.actor,
        operation="deployed",
        object=one.type,
        id=one.name,
        changes={"id": metadata.id(one.type, one.name)},
    )


def _custom_field(stage: Stage, act: Act, one: Component) -> None:  # noqa: ARG001 - as every maker
    sobject, _, name = one.name.partition(".")
    for home in homes(sobject):
        wanted = stage.fields[home, name]
        if stage.org.catalogue[home].kind.has(name):
            schema_changes.alter(stage.org, home, wanted)
        else:
            schema_changes.add(stage.org, home, _copied(wanted))


def _copied(field: Field) -> Field:
    """A field of its own for each object: a field knows its slot."""
    return schema_changes.custom_field(field.name, field_rules.described(field), granted=field.granted)


def _list_view(stage: Stage, act: Act, one: Component) -> None:
    org = stage.org
    views = org.catalogue["ListView"]
    sobject, _, name = one.name.partition(".")
    values = {"Name": one.content["label"], "DeveloperName": name, "SobjectType": sobject}
    screen = Act.of_person(act.user_id, act.now)
    known = org.metadata.list_views().get(one.name)
    if known is None:
        org.writer.create(screen, views, {**values, "IsSoqlCompatible": True})
    else:
        org.writer.update(screen, views, known, values)
    org.metadata.keep(one.type, one.name, one.content)


def _permission_set(stage: Stage, act: Act, one: Component) -> None:
    org, said = stage.org, one.content
    sets = org.catalogue["PermissionSet"]
    values = {"Name": one.name, "Label": said["label"], "Description": said.get("description")}
    set_id = org.metadata.id("PermissionSet", one.name)
    if set_id:
        org.writer.update(act, sets, set_id, values)
    else:
        set_id = org.writer.create(act, sets, values)
    fields = [
        {
            "SobjectType": each["field"].partition(".")[0],
            "Field": each["field"],
            "PermissionsRead": bool(each.get("readable")),
            "PermissionsEdit": each["editable"],
        }
        for each in said.get("fieldPermissions", [])
        if each.get("readable")
    ]
    _replace(stage, act, ("FieldPermissions", "Field"), set_id, fields)
    objects = [
        {"SobjectType": each["object"], **{column: bool(each.get(name)) for name, column in OBJECT_RIGHTS.items()}}
        for each in said.get("objectPermissions", [])
        if each["allowRead"]
    ]
    _replace(stage, act, ("ObjectPermissions", "SobjectType"), set_id, objects)
    users = (each["name"] for each in said.get("userPermissions", []) if each["enabled"])
    org.metadata.user_permissions[set_id] = tuple(sorted(users))


def _replace(
    stage: Stage, act: Act, kept_by: tuple[str, str], set_id: str, wanted: Iterable[Mapping[str, Any]]
) -> None:
    """Let a permission set have these rows and no others; rows that are right stay untouched."""
    org, table, key = stage.org, stage.org.catalogue[kept_by[0]], kept_by[1]
    slot = table.kind.slot("ParentId")
    there = {
        row[table.kind.slot(key)]: record_id
        for record_id, row in table.rows.items()
        if row[slot] == set_id and table.live(record_id) is not None
    }
    for values in wanted:
        known = there.pop(values[key], None)
        if known is None:
            org.writer.create(act, table, {"ParentId": set_id, **values})
        elif any(table.kind.values(table.rows[known])[name] != value for name, value in values.items()):
            org.writer.update(act, table, known, {name: value for name, value in values.items() if name in _CHANGING})
    for gone in there.values():
        org.writer.hard_delete(act, table, gone)


_CHANGING = frozenset({"PermissionsRead", "PermissionsEdit", *OBJECT_RIGHTS.values()})
_MAKERS: Mapping[str, Callable[[Stage, Act, Component], None]] = {
    "CustomField": _custom_field,
    "ListView": _list_view,
    "PermissionSet": _permission_set,
}
