"""Components of a parcel: each file is read, held against the schema, and taken apart into what is deployed by itself.

The files are in the Metadata API's own format (objects/Lead.object), not that of a source folder. What the manifest
names must be there, and what is there must be named. (Salesforce fact sheet 5.1, 5.4.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from connector.sandbox.salesforce.metadata.documents import Node, Problem, read
from connector.sandbox.salesforce.metadata.schema import NAMESPACE, plain
from connector.sandbox.salesforce.settings import CURRENT_VERSION, OLDEST_VERSION

MANIFEST = "package.xml"
FOLDERS: Mapping[str, tuple[str, str]] = {
    "CustomObject": ("objects", "object"),
    "PermissionSet": ("permissionsets", "permissionset"),
    "Layout": ("layouts", "layout"),
    "Workflow": ("workflows", "workflow"),
    "Flow": ("flows", "flow"),
    "LeadConvertSettings": ("LeadConvertSettings", "LeadConvertSetting"),
}
"""Folder and suffix, by the type of what a file holds."""
PARTS: Mapping[str, Mapping[str, str]] = {
    "CustomObject": {"fields": "CustomField", "listViews": "ListView"},
    "Workflow": {"outboundMessages": "WorkflowOutboundMessage", "rules": "WorkflowRule"},
}
"""The types of what a file is taken apart into, by the type of the file and the element."""
WHOLES: Mapping[str, str] = {part: whole for whole, parts in PARTS.items() for part in parts.values()}
WILD = frozenset({"PermissionSet", "Layout", "Workflow", "Flow"})
ORDER = (
    "CustomField",
    "WorkflowOutboundMessage",
    "WorkflowRule",
    "ListView",
    "LeadConvertSettings",
    "PermissionSet",
    "Layout",
    "Flow",
)
"""Types in the order in which they can lean on each other."""


@dataclass(frozen=True, slots=True)
class Component:
    """One thing to deploy, and where it stands."""

    type: str
    name: str
    file: str
    content: Mapping[str, Any]
    place: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one thing cannot be deployed."""

    type: str
    name: str
    file: str
    problem: Problem

    @property
    def place(self) -> tuple[int, int]:
        """Line and column."""
        return self.problem.line, self.problem.column


@dataclass(slots=True)
class Parcel:
    """What came in a zip: components in the order of their deployment, and what was wrong before the org was asked."""

    components: list[Component] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def opened(files: Mapping[str, bytes]) -> Parcel:
    """The components in files by path, `package.xml` among them."""
    parcel = Parcel()
    try:
        named = _manifest(files)
    except Problem as problem:
        parcel.faults.append(Fault("", MANIFEST, MANIFEST, problem))
        return parcel
    for path in sorted(files):
        if path != MANIFEST:
            _open(path, files[path], named, parcel)
    there = {(each.type, each.name) for each in parcel.components}
    there |= {(each.type, each.name) for each in parcel.faults}
    there |= {(WHOLES[kind], name.partition(".")[0]) for kind, name in there if kind in WHOLES}
    for kind, name in sorted(named - there):
        if name != "*":
            text = f"An object '{name}' of type {kind} was named in package.xml, but was not found in zipped directory"
            parcel.faults.append(Fault(kind, name, MANIFEST, Problem(text)))
    parcel.components.sort(key=lambda each: (ORDER.index(each.type), each.name))
    return parcel


def _manifest(files: Mapping[str, bytes]) -> set[tuple[str, str]]:
    """What the manifest names, as type and full name. Raises Problem."""
    if MANIFEST not in files:
        raise Problem("No package.xml found")
    root = read(files[MANIFEST])
    said = _content(root, "Package")
    version = str(said["version"])
    number, _, rest = version.partition(".")
    if rest != "0" or not number.isdecimal() or not OLDEST_VERSION <= int(number) <= CURRENT_VERSION:
        raise root.problem(f"Invalid version specified: {version}")
    named = {(each["name"], member) for each in said.get("types", []) for member in each.get("members", [])}
    for kind, name in sorted(named):
        if kind not in FOLDERS and kind not in WHOLES:
            raise root.problem(f"Unknown type name '{kind}' specified in package.xml")
        if name == "*" and kind not in WILD:
            raise root.problem(f"Entity type '{kind}' does not support the wildcard '*' in a deployment")
    return named


def _content(root: Node, of_type: str) -> dict[str, Any]:
    if root.name != of_type or root.namespace != NAMESPACE:
        raise root.problem(f"Error parsing file: the root element is {root.name}, and should be {of_type}")
    return plain(root, of_type)


def _open(path: str, content: bytes, named: set[tuple[str, str]], parcel: Parcel) -> None:
    kind, name = _placed(path)
    if not kind:
        text = "Unknown folder or suffix: no metadata type has such files"
        parcel.faults.append(Fault("", path, path, Problem(text)))
        return
    try:
        for each in _components(kind, name, path, read(content)):
            if _named(each.type, each.name, named):
                _enter(each, parcel)
            else:
                text = f"The object '{each.name}' of type {each.type} is Not in package.xml"
                parcel.faults.append(Fault(each.type, each.name, path, Problem(text, *each.place)))
    except Problem as problem:
        parcel.faults.append(Fault(kind, name, path, problem))


def _enter(each: Component | Fault, parcel: Parcel) -> None:
    if isinstance(each, Fault):
        parcel.faults.append(each)
    elif any((each.type, each.name) == (other.type, other.name) for other in parcel.components):
        text = f"Duplicate name '{each.name}' of type {each.type}"
        parcel.faults.append(Fault(each.type, each.name, each.file, Problem(text, *each.place)))
    else:
        parcel.components.append(each)


def _placed(path: str) -> tuple[str, str]:
    """The type and full name of the file at a path; ('', '') where there is no such type."""
    folder, _, file = path.partition("/")
    for kind, (home, suffix) in FOLDERS.items():
        if folder == home and file.endswith(f".{suffix}") and "/" not in file:
            return kind, unquote(file.removesuffix(f".{suffix}"))
    return "", ""


def _named(kind: str, name: str, named: set[tuple[str, str]]) -> bool:
    whole = WHOLES.get(kind)
    also = {(whole, name.partition(".")[0]), (whole, "*")} if whole else set()
    return bool({(kind, name), (kind, "*"), *also} & named)


def _components(kind: str, name: str, path: str, root: Node) -> Iterator[Component | Fault]:
    """What a file holds; a part that the schema refuses is a fault of its own. Raises Problem for the whole."""
    if root.name != kind or root.namespace != NAMESPACE:
        raise root.problem(f"Error parsing file: the root element is {root.name}, and should be {kind}")
    if kind not in PARTS:
        yield Component(kind, name, path, plain(root, kind), (root.line, root.column))
        return
    last, seen = "", set()
    for child in root.children:
        part = PARTS[kind].get(child.name)
        if child.name != last and child.name in seen:
            raise child.problem(f"Element {child.name} is duplicated at this location in type {kind}")
        last = child.name
        seen.add(last)
        if part is not None and child.namespace == NAMESPACE:
            yield _part(part, name, path, child)
        elif child.name != "fullName":
            plain(Node(NAMESPACE, kind, child.line, child.column, children=[child]), kind)
            raise child.problem(f"this sandbox deploys no {child.name} of a {kind}")


def _part(kind: str, whole: str, path: str, node: Node) -> Component | Fault:
    name = f"{whole}.{node.said('fullName')}"
    try:
        content = plain(node, kind)
        if not content.get("fullName"):
            raise node.problem("Required field is missing: fullName")
    except Problem as problem:
        return Fault(kind, name, path, problem)
    return Component(kind, name, path, content, (node.line, node.column))
