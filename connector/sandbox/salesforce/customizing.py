"""What admins do to an org's screens and schema by hand: custom fields all gone, layouts made and rearranged.

Acts as in actions.py, `act(org, ...) -> dict`, offered by name beside the API. A layout whose name begins with a
namespace (`acme__Lead Layout`) is a package's. LookupError for layouts and objects that are not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.sandbox.salesforce import schema_changes
from connector.sandbox.salesforce.metadata import layout_rules
from connector.sandbox.salesforce.metadata.components import Component
from connector.sandbox.salesforce.metadata.documents import Problem
from connector.sandbox.salesforce.metadata.schema import Content
from connector.sandbox.salesforce.metadata.stage import Stage
from connector.sandbox.salesforce.org import Org


def remove_custom_fields(org: Org, sobject: str = "") -> dict[str, Any]:
    """An admin deletes every custom field of an object, or of all: the org as before anybody installed anything."""
    with org.lock:
        found = [
            (name, field.name)
            for name, table in org.catalogue.tables.items()
            if sobject in {"", name}
            for field in table.kind.fields.values()
            if field.custom
        ]
        for name, field_name in found:
            schema_changes.remove(org, name, field_name)
    return {"removed": [f"{name}.{field_name}" for name, field_name in found]}


def add_layout(org: Org, name: str, like: str) -> dict[str, Any]:
    """An admin (or a package) makes a layout by copying one; both are full names: `Lead-Night Shift Layout`."""
    with org.lock:
        if org.metadata.find("Layout", name) is not None or name.partition("-")[0] != like.partition("-")[0]:
            raise ValueError(f"{name} is there already, or is of another object than {like}")
        org.metadata.keep("Layout", name, _layout(org, like))
    return {"layout": name, "id": org.metadata.id("Layout", name)}


def add_layout_section(org: Org, layout: str, label: str, fields: Sequence[str]) -> dict[str, Any]:
    """An admin puts a section with these fields at the end of a layout."""
    with org.lock:
        before = _layout(org, layout)
        half = -(-len(fields) // 2)
        columns = [
            {"layoutItems": [{"behavior": "Edit", "field": name} for name in part]}
            for part in (fields[:half], fields[half:])
        ]
        section = {
            "customLabel": True,
            "detailHeading": True,
            "editHeading": True,
            "label": label,
            "layoutColumns": columns,
            "style": "TwoColumnsTopToBottom",
        }
        after = {**before, "layoutSections": [*before.get("layoutSections", []), section]}
        try:
            layout_rules.check(Stage(org), Component("Layout", layout, "", after))
        except Problem as problem:
            raise ValueError(problem.text) from problem
        org.metadata.keep("Layout", layout, after)
    return {"layout": layout, "sections": [each.get("label", "") for each in after["layoutSections"]]}


def _layout(org: Org, name: str) -> Content:
    found = org.metadata.find("Layout", name)
    if found is None:
        raise LookupError(f"there is no layout {name}; there are {', '.join(org.metadata.names('Layout'))}")
    return found
