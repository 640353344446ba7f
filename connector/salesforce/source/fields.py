"""Custom fields, as Salesforce's metadata has them (Salesforce fact sheet 5.1, 5.2, 5.4).

None is required: a universally required field would break every import that knows nothing of the bridge, and could not
be granted. A picklist is restricted: what the bridge would not understand shall not be storable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from connector.core.values import Kind
from connector.salesforce.source.asked import MAIN, Asked, Component, activity, asked_by, each_once
from connector.salesforce.source.xml import Element, document
from connector.wanted import Wanted

LABEL_MAX: Final = 40
HELP_MAX: Final = 255
DESCRIPTION_MAX: Final = 1000
TEXT_MAX: Final = 255
DIGITS: Final = 18  # the most that a number of Salesforce has, before and after the point
_PLAIN: Final[Mapping[Kind, str]] = {
    Kind.EMAIL: "Email",
    Kind.PHONE: "Phone",
    Kind.DATE: "Date",
    Kind.DATETIME: "DateTime",
    Kind.NUMBER: "Number",
    Kind.MONEY: "Currency",
    Kind.BOOLEAN: "Checkbox",
    Kind.PICKLIST: "Picklist",
    Kind.MULTIPICKLIST: "MultiselectPicklist",
}


def fields(asked: Asked) -> tuple[Component, ...]:
    """A file for each custom field; one of Task and of Event is one of Activity."""
    return each_once(_field(one) for one in asked.wanted)


def _field(one: Wanted) -> Component:
    home = activity(one.object)
    path = f"{MAIN}/objects/{home}/fields/{one.name}.field-meta.xml"
    ordered = sorted(_elements(one), key=lambda element: (element[0] != "fullName", element[0]))
    return Component("CustomField", f"{home}.{one.name}", path, document("CustomField", ordered))


def _elements(one: Wanted) -> Iterator[Element]:
    shown = field_type(one)
    yield "fullName", one.name
    yield "label", label(one)
    yield "type", shown
    yield "description", _cut(f"{one.description} Asked for by {asked_by(one)}.", DESCRIPTION_MAX)
    yield "inlineHelpText", _cut(one.description, HELP_MAX)
    if shown not in ("Checkbox", "LongTextArea"):  # which have no such setting
        yield "required", False
    yield from _measures(one, shown)


def _measures(one: Wanted, shown: str) -> Iterator[Element]:
    match shown:
        case "Text":
            yield "length", one.length or TEXT_MAX
            yield "externalId", one.external_id
            yield "unique", one.unique
            if one.unique:
                yield "caseSensitive", False
        case "LongTextArea":
            yield "length", one.length or TEXT_MAX
            yield "visibleLines", 5
        case "Number" | "Currency":
            yield "precision", DIGITS
            yield "scale", one.scale or 0
        case "Checkbox":
            yield "defaultValue", "false"
        case "Picklist":
            yield _values(one)
        case "MultiselectPicklist":
            yield "visibleLines", 4
            yield _values(one)


def field_type(one: Wanted) -> str:
    """Salesforce's name for the type of a field; a text of any length that must be unique stays a short one."""
    if one.kind in _PLAIN:
        return _PLAIN[one.kind]
    return "LongTextArea" if (one.length or 0) > TEXT_MAX else "Text"


def _values(one: Wanted) -> Element:
    values: tuple[Element, ...] = tuple(
        ("value", (("fullName", choice.value), ("default", False), ("label", choice.label))) for choice in one.options
    )
    return "valueSet", (("restricted", True), ("valueSetDefinition", (("sorted", False), *values)))


def label(one: Wanted) -> str:
    """What people read, as long as Salesforce lets it be."""
    return _cut(one.label, LABEL_MAX)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
