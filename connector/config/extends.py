"""A mapping file that extends the shipped default: what it says replaces, what it leaves out stays, null removes.

Groups are joined key by key, lists and values are replaced whole. Every key keeps the place it was written at, so that
a problem in the joined mapping still points at the right line of the right file.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from connector.config.problems import did_you_mean
from connector.config.yaml import Document, KeyPath, Place, parse
from connector.errors import Problem

SHIPPED = ("contacts", "companies", "deals")
AGREED = ("lifecycle", "personas", "feedback", "sla", "calendars", "objectives")  # each file known by its top key


def shipped_text(file: str) -> str:
    """The text of a shipped mapping (`contacts.yaml`)."""
    return files("mappings").joinpath(file).read_text(encoding="utf-8")


def extended(document: Document, problems: list[Problem]) -> Document:
    """The document joined with the default it extends, or as it is; empty when there is no such default."""
    if document.data.get("extends") != "default":
        return document
    name = next((key for key in AGREED if key in document.data), None) or document.data.get("mapping")
    if name not in (*SHIPPED, *AGREED):
        hint = did_you_mean(str(name), SHIPPED) or f"; there are {', '.join(SHIPPED)}"
        problems.append(document.problem(("mapping",), f"{name!r} has no shipped default to extend{hint}"))
        return Document(document.file, {}, {})
    default = parse(shipped_text(f"{name}.yaml"), f"(shipped) {name}.yaml", problems)
    places = dict(default.places)
    data = _joined(default.data, document.data, (), places)
    places.update(document.places)
    return Document(document.file, data, places)


def _joined(
    below: dict[str, Any], above: dict[str, Any], path: KeyPath, places: dict[KeyPath, Place]
) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        here = (*path, key)
        whole = key in _WHOLE or (path[:2] == _STAGES and key in _SIDES)
        if value is None and key in below and here not in _MAY_BE_NULL:
            del result[key]
        elif isinstance(value, dict) and isinstance(below.get(key), dict) and not whole:
            result[key] = _joined(below[key], value, here, places)
        else:
            _forget(here, places)
            result[key] = value
    return result


_MAY_BE_NULL = {("identity", "hubspot_property")}
_WHOLE = ("values", "values_to_hubspot", "unmapped", "week", "breaks")  # tables that mean something only as a whole
_STAGES, _SIDES = ("lifecycle", "stages"), ("hubspot", "salesforce")  # likewise how a side spells a stage


def _forget(path: KeyPath, places: dict[KeyPath, Place]) -> None:
    for old in [known for known in places if known[: len(path)] == path]:
        del places[old]
