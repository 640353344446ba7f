"""The parts of docs/ that are made of schemas: every setting of config.yaml, every key of the mapping files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connector.config.load import AGREED_FILES
from connector.config.mappings import MappingFile
from connector.config.schema import json_schemas
from connector.core.values import Kind


def settings() -> str:
    """Every setting of config.yaml: what may stand there, and what holds when nothing does."""
    schema = json_schemas()["config"]
    rows = [f"| `{name}` | {form} | {default} |" for name, form, default in _leaves(schema, schema, "")]
    return "\n".join(("| setting | what may stand there | default |", "|---|---|---|", *rows))


def mapping_keys() -> str:
    """Every key of a mapping file."""
    schema = MappingFile.model_json_schema()
    parts = []
    for title, part in (
        ("A mapping file", schema),
        ("`identity`", schema["$defs"]["Identity"]),
        ("A member of `match`", schema["$defs"]["MatchBy"]),
        ("`create`", schema["$defs"]["CreateRules"]),
        ("`scope`", schema["$defs"]["Scope"]),
        ("A member of `fields`: a rule", schema["$defs"]["FieldRule"]),
        ("`owners` in owners.yaml", json_schemas()["owners"]["$defs"]["OwnerMap"]),
    ):
        needed = part.get("required", ())
        rows = [
            f"| `{name}` | {_form(one, schema)} | {_default(one, needed=name in needed)} |"
            for name, one in part["properties"].items()
        ]
        parts.append(
            "\n".join((f"**{title}**", "", "| key | what may stand there | default |", "|---|---|---|", *rows))
        )
    kinds = ", ".join(f"`{kind}`" for kind in Kind)
    return "\n\n".join((f"A *kind* is one of {kinds}.", *parts))


def agreed_keys() -> str:
    """Every key of what both teams agreed on, file by file."""
    parts = []
    for name, model in AGREED_FILES.items():
        schema = model.model_json_schema()
        parts.append(f"### {name}.yaml")
        parts += [_table(path, group, schema) for path, group in _groups("", schema, schema)]
    return "\n\n".join(parts)


def _groups(path: str, group: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A group of keys, and all those below it, each with the path at which it stands."""
    yield path or "the file", group
    for name, one in group["properties"].items():
        for below, inner in _below(one, schema):
            yield from _groups(f"{path}.{name}{below}".removeprefix("."), inner, schema)


def _below(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The groups of keys that a key may hold: itself, under a name that people give, or in a list."""
    group = _group({"$ref": node["$ref"]}, schema) if "$ref" in node else None
    if group is not None:
        yield "", group
    for key, sign in (("additionalProperties", ".NAME"), ("items", "[]")):
        if isinstance(node.get(key), dict):
            yield from ((sign + below, inner) for below, inner in _below(node[key], schema))
    for one in node.get("anyOf", ()):
        yield from _below(one, schema)


def _table(path: str, group: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    needed = group.get("required", ())
    rows = [
        f"| `{name}` | {'as below' if any(_below(one, schema)) else _form(one, schema)} "
        f"| {_default(one, needed=name in needed)} |"
        for name, one in group["properties"].items()
    ]
    return "\n".join((f"**{path}**", "", "| key | what may stand there | default |", "|---|---|---|", *rows))


def _leaves(node: Mapping[str, Any], schema: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, found in node["properties"].items():
        named = found.get("additionalProperties")  # a table of names that people give, of groups alike
        if named:
            found, name = named, f"{name}.NAME"  # noqa: PLW2901  # what stands under each name is told
        group = _group(found, schema)
        if group is None:
            yield prefix + name, _form(found, schema), _default(found, needed=name in node.get("required", ()))
        else:
            yield from _leaves(group, schema, f"{prefix}{name}.")


def _group(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The group of settings a node stands for, if it is one."""
    for one in (node, *node.get("anyOf", ())):
        name = one.get("$ref", "").rpartition("/")[2]
        if name and "properties" in schema["$defs"][name]:
            found: Mapping[str, Any] = schema["$defs"][name]
            return found
    return None


def _form(node: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if name in _ELSEWHERE:
            return _ELSEWHERE[name]
        return _form(schema["$defs"][name], schema) if name in schema.get("$defs", {}) else name
    if str(node.get("pattern", "")).startswith("^(env|file)"):
        return "`env:NAME` or `file:PATH`"
    if "anyOf" in node:
        if {"type": "string"} in node["anyOf"]:
            return "text"  # numbers and true are taken as text there
        forms = [_form(one, schema) for one in node["anyOf"] if one.get("type") != "null"]
        return ", or ".join(dict.fromkeys(forms))
    if "enum" in node or "const" in node:
        return " \\| ".join(f"`{one}`" for one in node.get("enum", [node.get("const")]))
    return cell(_plain(node, schema))


def _plain(node: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "description" in node and "properties" not in node:
        return str(node["description"])
    match node.get("type"):
        case "array":
            return f"a list of {_form(node.get('items', {}), schema)}"
        case "object" if node.get("properties"):
            keys = (f"`{name}`: {_form(one, schema)}" for name, one in node["properties"].items())
            return f"{{{', '.join(keys)}}}"
        case "object" if "enum" in node.get("propertyNames", ()) or "$ref" in node.get("propertyNames", ()):
            names = _form(node["propertyNames"], schema)
            return f"{{{names}: {_form(node.get('additionalProperties', {}), schema)}}}"
        case "object":
            return f"{{name: {_form(node.get('additionalProperties', {}), schema)}}}"
        case list():
            return "text"
        case kind:
            return _WORDS.get(str(kind), str(kind)) + _bounds(node)


_ELSEWHERE = {
    "Kind": "a kind",
    "MatchBy": "as below",
    "FieldRule": "a rule, as below",
    "Identity": "as below",
    "CreateRules": "as below",
    "Scope": "as below",
}
_WORDS = {"integer": "a whole number", "number": "a number", "string": "text", "boolean": "`true` \\| `false`"}


def _bounds(node: Mapping[str, Any]) -> str:
    said = [
        f"{words} {node[key]:g}"
        for key, words in (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "up to"))
        if key in node
    ]
    return f" {' '.join(said)}" if said else ""


def _default(node: Mapping[str, Any], *, needed: bool) -> str:
    if needed:
        return "(to be given)"
    default = node.get("default")
    if default in (None, "", [], {}) or ("$ref" in node and isinstance(default, dict)):
        return ""
    if isinstance(default, dict) and len(set(map(str, default.values()))) == 1:
        default = next(iter(default.values()))
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def cell(text: str) -> str:
    """Text that stands in a table."""
    return re.sub(r"(?<!\\)\|", r"\\|", text)
