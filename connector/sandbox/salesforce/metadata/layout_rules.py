"""What a page layout must be: every field exists and stands once, required ones are there, columns fit the style."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.sandbox.salesforce.metadata.components import Component
from connector.sandbox.salesforce.metadata.documents import Problem
from connector.sandbox.salesforce.metadata.stage import Stage

_COLUMNS: Mapping[str, int] = {"OneColumn": 1, "TwoColumnsTopToBottom": 2, "TwoColumnsLeftToRight": 2, "CustomLinks": 3}
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "Lead": ("Name", "Company", "Status"),
    "Contact": ("Name",),
    "Account": ("Name",),
    "Opportunity": ("Name", "StageName", "CloseDate"),
}
_LABEL_MAX = 80
_CONTENTS = frozenset(
    {"analyticsCloudComponent", "canvas", "component", "customLink", "emptySpace", "field", "page", "scontrol"}
    | {"reportChartComponent"}
)


def check(stage: Stage, one: Component) -> None:
    """Raises Problem when the org does not take the layout."""
    sobject, dash, _ = one.name.partition("-")
    if not dash:
        raise Problem(f"the name of a layout begins with its object and a dash: {one.name}")
    if namespace(one.name):
        raise Problem(f"Cannot modify managed object: entity=Layout, component={one.name}, state=installed")
    kind = stage.kind(sobject)
    shown: dict[str, str] = {}
    for section in one.content.get("layoutSections", []):
        for item in _items(section):
            if "field" in item:
                name = item["field"]
                _check_field(stage, sobject, name)
                if name in shown:
                    raise Problem(f"The field {name} appears more than once on the layout")
                shown[name] = item.get("behavior", "")
    for name in _REQUIRED.get(kind.name, ()):
        if name not in shown:
            raise Problem(f"Layout must contain an item for required layout field: {name}")
        if shown[name] != "Required":
            raise Problem(f"The behavior of a required layout field must be Required: {name}")


def namespace(full: str) -> str:
    """The namespace of the package that brought a layout, or ''."""
    before, mark, _ = full.partition("-")[2].partition("__")
    return before if mark else ""


def _items(section: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The items of a section, which is checked on the way."""
    columns = section.get("layoutColumns", [])
    style, label = section["style"], section.get("label", "")
    if len(label) > _LABEL_MAX:
        raise Problem(f"Value too long for field: label maximum length is:{_LABEL_MAX}")
    if section.get("customLabel") and not label:
        raise Problem("Must specify a label for a layout section with a custom label")
    if len(columns) > _COLUMNS[style] or (len(columns) < _COLUMNS[style] and style != "CustomLinks"):
        raise Problem(f"A layout section of style {style} has {_COLUMNS[style]} columns, and not {len(columns)}")
    for column in columns:
        for item in column.get("layoutItems", []):
            if len(_CONTENTS & item.keys()) != 1:
                raise Problem("A layout item must be one thing: a field, a custom link, an empty space or a component")
            yield item


def _check_field(stage: Stage, sobject: str, name: str) -> None:
    if stage.field(sobject, name) is None:
        kind = "CustomField" if name.endswith("__c") else "field"
        raise Problem(f"In field: field - no {kind} named {sobject}.{name} found")
