"""Salesforce's own description of metadata: which elements a type has, of which type, how often.

It is read from the metadata WSDL (63.0) that a public client of Salesforce ships, so this witness repeats nobody's
belief about the format. Content is plain: a mapping by element name, a list where an element may come several times.
Elements may come in any order, but a list must not be torn apart, and what comes once must not come twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any
from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring

from connector.sandbox.salesforce.metadata.documents import Node, Problem

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
Content = Mapping[str, Any]
_XSD = "{http://www.w3.org/2001/XMLSchema}"
_INT = re.compile(r"[+-]?\d{1,10}")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_ESCAPES = {'"': "&quot;", "'": "&apos;"}
_NOTHING: Mapping[str, Element] = {}


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type: `type` is a type's name, or one of XML Schema's own with `xsd:`."""

    type: str
    many: bool
    required: bool


@dataclass(slots=True)
class Schema:
    """All types by name: those of elements, and those that are one of several words."""

    types: dict[str, dict[str, Element]] = field(default_factory=dict)
    words: dict[str, frozenset[str]] = field(default_factory=dict)


@cache
def schema() -> Schema:
    """The schema, read once a process."""
    text = resources.files("simple_salesforce").joinpath("metadata.wsdl").read_bytes()
    root = fromstring(text)
    made = Schema()
    bases: dict[str, str] = {}
    for each in root.iter(f"{_XSD}complexType"):
        name = each.get("name")
        if name:
            made.types[name] = {found.get("name", ""): _element(found) for found in each.iter(f"{_XSD}element")}
            bases.update((name, found.get("base", "").removeprefix("tns:")) for found in each.iter(f"{_XSD}extension"))
    for each in root.iter(f"{_XSD}simpleType"):
        words = [found.get("value", "") for found in each.iter(f"{_XSD}enumeration")]
        if words:
            made.words[each.get("name", "")] = frozenset(words)
    for name in bases:
        made.types[name] = {**_inherited(made, bases, name), **made.types[name]}
    return made


def _inherited(made: Schema, bases: Mapping[str, str], name: str) -> dict[str, Element]:
    base = bases.get(name)
    return {} if base is None else {**_inherited(made, bases, base), **made.types.get(base, {})}


def _element(found: Any) -> Element:
    return Element(
        found.get("type", "xsd:string").removeprefix("tns:"),
        found.get("maxOccurs", "1") == "unbounded",
        found.get("minOccurs", "1") != "0",
    )


def plain(node: Node, of_type: str) -> dict[str, Any]:
    """What an element says, as content of a type. Raises Problem at the first thing the schema does not allow."""
    known = schema().types.get(of_type, _NOTHING)
    said: dict[str, Any] = {}
    last = ""
    if node.text.strip():
        raise node.problem(f"Unexpected text in type {of_type}")
    for child in node.children:
        element = known.get(child.name)
        if element is None or child.namespace != NAMESPACE:
            raise child.problem(f"Element {{{child.namespace}}}{child.name} invalid at this location in type {of_type}")
        if child.name in said and not (element.many and last == child.name):
            raise child.problem(f"Element {child.name} is duplicated at this location in type {of_type}")
        value = _value(child, element.type)
        if element.many:
            said.setdefault(child.name, []).append(value)
        else:
            said[child.name] = value
        last = child.name
    _check_required(known, said, node)
    return said


def _check_required(known: Mapping[str, Element], said: Content, node: Node) -> None:
    for name, element in known.items():
        if element.required and name not in said:
            raise node.problem(f"Required field is missing: {name}")


def _value(node: Node, of_type: str) -> Any:
    if of_type in schema().types:
        return plain(node, of_type)
    if node.children:
        raise node.problem(f"Element {node.name} holds elements, and should hold text")
    try:
        return simple(node.text if of_type == "xsd:string" else node.text.strip(), of_type)
    except ValueError as error:
        raise node.problem(str(error)) from error


def simple(text: str, of_type: str) -> Any:
    """A text as what it stands for. Raises ValueError when it does not."""
    if of_type == "xsd:boolean":
        if text not in _BOOLEANS:
            raise ValueError(f"'{text}' is not a valid value for xsd:boolean")
        return _BOOLEANS[text]
    if of_type == "xsd:int":
        if not _INT.fullmatch(text):
            raise ValueError(f"'{text}' is not a valid value for xsd:int")
        return int(text)
    if of_type == "xsd:double":
        return float(text)
    words = schema().words.get(of_type)
    if words is not None and text not in words:
        raise ValueError(f"'{text}' is not a valid value for the enum '{of_type}'")
    return text


_JSON_TYPES: Mapping[str, tuple[type, ...]] = {"xsd:boolean": (bool,), "xsd:int": (int,), "xsd:double": (int, float)}


def fitted(said: Any, of_type: str) -> dict[str, Any]:
    """Content that came as JSON, nulls and empty lists left out; the Tooling API's way. Raises Problem."""
    if not isinstance(said, Mapping):
        raise Problem(f"{of_type}: a JSON object is expected")
    known = schema().types[of_type]
    made: dict[str, Any] = {}
    for name, value in said.items():
        element = known.get(name)
        if element is None:
            raise Problem(f"No such column '{name}' on sobject of type {of_type}")
        if value is None or value == []:
            continue
        if element.many != isinstance(value, list):
            raise Problem(f"{name}: {'a list is' if element.many else 'no list is'} expected")
        made[name] = [_fit(each, element.type) for each in value] if element.many else _fit(value, element.type)
    return made


def _fit(value: Any, of_type: str) -> Any:
    if of_type in schema().types:
        return fitted(value, of_type)
    right = _JSON_TYPES.get(of_type, (str,))
    if not isinstance(value, right) or (isinstance(value, bool) and bool not in right):
        raise Problem(f"{value!r} is not a valid value for {of_type}")
    try:
        return simple(value, of_type) if isinstance(value, str) else value
    except ValueError as error:
        raise Problem(str(error)) from error


def document(root: str, content: Content) -> bytes:
    """Content as a document of its type."""
    body = "".join(lines(content, root, "    "))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">\n{body}</{root}>\n'.encode()


def lines(content: Content, of_type: str, indent: str = "") -> Iterator[str]:
    """Content as elements, in the order of the schema."""
    for name, element in schema().types[of_type].items():
        held = content.get(name)
        for value in held if isinstance(held, list) else [] if held is None else [held]:
            if element.type in schema().types:
                inner = "".join(lines(value, element.type, indent + "    "))
                yield f"{indent}<{name}>\n{inner}{indent}</{name}>\n"
            else:
                yield f"{indent}<{name}>{_text(value)}</{name}>\n"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else escape(str(value), _ESCAPES)
