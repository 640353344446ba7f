"""The metadata an org has, by type and full name.

Layouts, list views, messages, flows and the lead mapping are kept as content. Fields and permission sets live as fields
and rows, which other APIs change too, so their content is worked out when asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from connector.sandbox.salesforce.metadata import field_rules, seeded
from connector.sandbox.salesforce.metadata.schema import Content

if TYPE_CHECKING:
    from connector.sandbox.salesforce.org import Org

ACTIVITIES = ("Task", "Event")
PREFIXES: Mapping[str, str] = {
    "Layout": "00h",
    "Flow": "300",
    "WorkflowOutboundMessage": "04k",
    "WorkflowRule": "01Q",
    "LeadConvertSettings": "0LC",
}
OBJECT_RIGHTS = {
    "allowCreate": "PermissionsCreate",
    "allowDelete": "PermissionsDelete",
    "allowEdit": "PermissionsEdit",
    "allowRead": "PermissionsRead",
    "modifyAllRecords": "PermissionsModifyAllRecords",
    "viewAllRecords": "PermissionsViewAllRecords",
}
"""Columns of ObjectPermissions, by the element of a permission set."""


def homes(sobject: str) -> tuple[str, ...]:
    """The objects whose rows have the custom fields of an object: those of Activity are on tasks and events."""
    return ACTIVITIES if sobject == "Activity" else (sobject,)


class Metadata:
    """What an org has been told, beyond fields and rows."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._own: dict[seeded.Key, Content] = {}  # what differs from the first day
        self._ids: dict[seeded.Key, str] = {}
        self.user_permissions: dict[str, tuple[str, ...]] = {}  # by the id of a permission set

    def find(self, of_type: str, name: str) -> Content | None:
        """The content of a component; None where there is none of that name."""
        if of_type == "CustomField":
            return self._field(name)
        if of_type == "PermissionSet":
            return self._permission_set(name)
        if (of_type, name) in self._own:
            return self._own[of_type, name]
        return seeded.contents().get((of_type, name))

    def names(self, of_type: str) -> list[str]:
        """The full names of every component of a type."""
        if of_type == "CustomField":
            return sorted(self._fields())
        if of_type == "PermissionSet":
            return sorted(self._permission_sets())
        return sorted({name for kind, name in (*seeded.contents(), *self._own) if kind == of_type})

    def keep(self, of_type: str, name: str, content: Content) -> None:
        """Put the content of a component in place of what was there."""
        self._own[of_type, name] = content

    def deployed(self, of_type: str) -> dict[str, Content]:
        """What is kept of a type beyond the first day, by full name; of flows and messages that is all."""
        return {name: content for (kind, name), content in self._own.items() if kind == of_type}

    def id(self, of_type: str, name: str) -> str:
        """The id of a component, minted when first asked for; '' for types that have none."""
        if of_type == "CustomField":
            return self._org.custom_field_id(*name.split(".", 1))
        if of_type == "PermissionSet":
            return self._permission_sets().get(name, "")
        if of_type == "ListView":
            return self.list_views().get(name, "")
        if (of_type, name) not in self._ids:
            self._ids[of_type, name] = self._org.mint.mint(PREFIXES.get(of_type, "0Xx"))
        return self._ids[of_type, name]

    def forget_field(self, sobject: str, name: str, renamed: str = "") -> None:
        """A field is gone, or has another name: layouts of its object no longer show it, or show it by that."""
        for layout in self.names("Layout"):
            if layout.startswith(f"{sobject}-"):
                before = self.find("Layout", layout) or {}
                after = _without(before, name, renamed)
                if after != before:
                    self.keep("Layout", layout, after)

    def lead_mapping(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """By object, which fields of a lead flow into which of its fields when it is converted."""
        if not self._own:
            return {}
        held = self.find("LeadConvertSettings", "LeadConvertSettings") or {}
        return {
            each["outputObject"]: tuple((pair["inputField"], pair["outputField"]) for pair in each["mappingFields"])
            for each in held.get("objectMapping", [])
            if each["inputObject"] == "Lead" and each.get("mappingFields")
        }

    def digest(self) -> bytes:
        """Everything here that differs from the first day, and every custom field, as bytes to be hashed."""
        fields = {
            f"{name}.{field.name}": [field.slot, field.granted, field_rules.described(field)]
            for name, table in self._org.catalogue.tables.items()
            for field in table.kind.fields.values()
            if field.custom
        }
        own = [[kind, name, content] for (kind, name), content in self._own.items()]
        return orjson.dumps([fields, own, self.user_permissions], option=orjson.OPT_SORT_KEYS)

    def _fields(self) -> Iterator[str]:
        for sobject, table in self._org.catalogue.tables.items():
            home = "Activity" if sobject in ACTIVITIES else sobject
            if sobject != "Event":
                yield from (f"{home}.{field.name}" for field in table.kind.fields.values() if field.custom)

    def _field(self, full: str) -> Content | None:
        sobject, _, name = full.partition(".")
        table = self._org.catalogue.tables.get(homes(sobject)[0])
        if table is None or sobject in ACTIVITIES or not table.kind.has(name) or not table.kind.fields[name].custom:
            return None
        return field_rules.described(table.kind.fields[name])

    def list_views(self) -> dict[str, str]:
        """Ids of list views by full name."""
        kept = self._org.catalogue["ListView"]
        sobject, name = kept.kind.slot("SobjectType"), kept.kind.slot("DeveloperName")
        return {f"{row[sobject]}.{row[name]}": record_id for record_id, row in kept.rows.items()}

    def _permission_sets(self) -> dict[str, str]:
        """Ids by name."""
        kept = self._org.catalogue["PermissionSet"]
        slot = kept.kind.slot("Name")
        return {row[slot]: record_id for record_id, row in kept.rows.items() if kept.live(record_id) is not None}

    def _permission_set(self, name: str) -> Content | None:
        set_id = self._permission_sets().get(name)
        if set_id is None:
            return None
        values = self._values("PermissionSet", "Id", set_id)[0]
        fields = [
            {"editable": row["PermissionsEdit"], "field": row["Field"], "readable": row["PermissionsRead"]}
            for row in self._values("FieldPermissions", "ParentId", set_id)
        ]
        objects = [
            {"object": row["SobjectType"], **{said: row[column] for said, column in OBJECT_RIGHTS.items()}}
            for row in self._values("ObjectPermissions", "ParentId", set_id)
        ]
        users = self.user_permissions.get(set_id, ())
        return {
            **({"description": values["Description"]} if values["Description"] else {}),
            "fieldPermissions": sorted(fields, key=lambda each: str(each["field"])),
            "hasActivationRequired": False,
            "label": values["Label"],
            "objectPermissions": sorted(objects, key=lambda each: str(each["object"])),
            "userPermissions": [{"enabled": True, "name": each} for each in users],
        }

    def _values(self, sobject: str, link: str, set_id: str) -> list[dict[str, Any]]:
        table = self._org.catalogue[sobject]
        slot = table.kind.slot(link)
        found = [row for row in table.rows.values() if row[slot] == set_id and table.live(row[0]) is not None]
        return [table.kind.values(row) for row in found]


def _without(layout: Content, name: str, renamed: str) -> dict[str, Any]:
    sections = []
    for section in layout.get("layoutSections", []):
        columns = []
        for column in section.get("layoutColumns", []):
            items = [
                {**item, "field": renamed} if item.get("field") == name else item
                for item in column.get("layoutItems", [])
                if renamed or item.get("field") != name
            ]
            columns.append({**column, "layoutItems": items} if "layoutItems" in column else column)
        sections.append({**section, "layoutColumns": columns} if columns else section)
    return {**layout, **({"layoutSections": sections} if sections else {})}
