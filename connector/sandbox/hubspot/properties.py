"""Property definitions: what a property is called, holds and allows.

A definition is what the Properties API shows (HubSpot fact sheet 5) plus the check a value must pass (values.py). A
schema is the definitions and groups of one object type. Definitions may change while records exist: stored values
are never rewritten, as in HubSpot, so an option that was removed stays on the records that had it.

The definitions a portal begins with are built once a process and shared; whoever alters one takes the portal's own copy
first (`Schema.own`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connector.sandbox.hubspot.kinds import Kind
from connector.sandbox.hubspot.moments import iso

FIELD_TYPES: Mapping[str, frozenset[str]] = {
    "string": frozenset({"text", "textarea", "html", "phonenumber", "file", "calculation_equation"}),
    "number": frozenset({"number", "calculation_equation"}),
    "bool": frozenset({"booleancheckbox", "calculation_equation"}),
    "enumeration": frozenset({"select", "radio", "checkbox", "booleancheckbox", "calculation_equation"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"date"}),
}
TRUE_FALSE = ({"label": "Yes", "value": "true"}, {"label": "No", "value": "false"})


@dataclass(slots=True)
class Property:
    """One definition. `options` are dicts as the wire shows them; `allowed` is derived from them."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = ""
    options: list[dict[str, Any]] = field(default_factory=list)
    description: str = ""
    unique: bool = False
    read_only: bool = False
    calculated: bool = False
    hubspot_defined: bool = True
    external_options: bool = False
    referenced_object_type: str | None = None
    hidden: bool = False
    form_field: bool = False
    display_order: int = -1
    created_ms: int | None = None  # None: with the portal
    updated_ms: int | None = None
    archived_ms: int | None = None
    allowed: frozenset[str] = frozenset()
    wire: dict[str, Any] | None = None  # of a shared definition: what `shown` says whatever the portal

    def __post_init__(self) -> None:
        self.set_options(self.options)

    @property
    def multiple(self) -> bool:
        """Whether it holds several options, joined by semicolons."""
        return self.type == "enumeration" and self.field_type == "checkbox"

    def set_options(self, options: Iterable[Mapping[str, Any]]) -> None:
        """Replace the whole list of options; ones left out are gone (HubSpot fact sheet 5)."""
        self.options = [_option(option, place) for place, option in enumerate(options)]
        self.allowed = frozenset(option["value"] for option in self.options)

    def ordered_options(self) -> list[str]:
        """Internal values by display order."""
        return [option["value"] for option in sorted(self.options, key=lambda option: option["displayOrder"])]

    def shown(self, born: str) -> dict[str, Any]:
        """The definition as the Properties API prints it; `born` is the portal's first moment as ISO 8601."""
        answer: dict[str, Any] = {
            "updatedAt": born if self.updated_ms is None else iso(self.updated_ms),
            "createdAt": born if self.created_ms is None else iso(self.created_ms),
        }
        answer.update(self.timeless() if self.wire is None else self.wire)
        return answer

    def timeless(self) -> dict[str, Any]:
        """What `shown` says, apart from when the definition was made and changed."""
        answer: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": self.options,
            "displayOrder": self.display_order,
            "calculated": self.calculated,
            "externalOptions": self.external_options,
            "archived": self.archived_ms is not None,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "hubspotDefined": self.hubspot_defined,
            "modificationMetadata": {
                "archivable": not self.hubspot_defined,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyOptions": self.hubspot_defined and self.read_only,
                "readOnlyValue": self.read_only or self.calculated,
            },
            "formField": self.form_field,
            "dataSensitivity": "non_sensitive",
        }
        if self.referenced_object_type:
            answer["referencedObjectType"] = self.referenced_object_type
        if self.archived_ms is not None:
            answer["archivedAt"] = iso(self.archived_ms)
        return answer


def _option(option: Mapping[str, Any], place: int) -> dict[str, Any]:
    order = option.get("displayOrder", place)
    return {
        "label": str(option["label"]),
        "value": str(option["value"]),
        "description": option.get("description"),
        "displayOrder": place if order is None or order < 0 else order,
        "hidden": bool(option.get("hidden", False)),
    }


@dataclass(slots=True)
class Group:
    """A named group of properties."""

    name: str
    label: str
    display_order: int = -1
    archived: bool = False

    def shown(self) -> dict[str, Any]:
        """The group as the Properties API prints it."""
        return {
            "name": self.name,
            "label": self.label,
            "displayOrder": self.display_order,
            "archived": self.archived,
        }


class Schema:
    """The properties and groups of one object type; names are lower case. `shared` definitions are every portal's."""

    def __init__(self, kind: Kind, shared: Mapping[str, Property], born_ms: int) -> None:
        self.kind = kind
        self.all = dict(shared)
        self.live = dict(shared)  # without archived ones: what records may be written with
        self.groups: dict[str, Group] = {}
        self._born = iso(born_ms)
        for name in dict.fromkeys(definition.group for definition in shared.values()):
            self._group(name)

    def shown(self, definition: Property) -> dict[str, Any]:
        """A definition as the Properties API prints it."""
        return definition.shown(self._born)

    def own(self, name: str) -> Property:
        """The definition to alter, archived or not: this portal's alone, copied if it is shared."""
        held = self.all[name]
        if held.wire is None:
            return held
        mine = replace(held, wire=None)
        self.all[name] = mine
        if name in self.live:
            self.live[name] = mine
        return mine

    def add(self, definition: Property) -> None:
        """Put a definition in place, bringing its group into being when it is new."""
        self.all[definition.name] = definition
        self.live[definition.name] = definition
        self._group(definition.group)

    def _group(self, name: str) -> None:
        if name not in self.groups:
            self.groups[name] = Group(name, name.replace("_", " ").capitalize())

    def archive(self, name: str, now_ms: int) -> Property:
        """Hide a definition; its values stay on the records, unseen. KeyError when there is none."""
        definition = self.own(name)
        definition.archived_ms = now_ms
        del self.live[name]
        return definition

    def forget(self, name: str) -> None:
        """Have a definition never been made, nor its group if nothing else is in it. KeyError when there is none."""
        group = self.all.pop(name).group
        self.live.pop(name, None)
        if all(each.group != group for each in self.all.values()):
            self.groups.pop(group, None)

    def uniques(self) -> list[str]:
        """Names of the properties whose values identify a record."""
        return [name for name, definition in self.live.items() if definition.unique]
