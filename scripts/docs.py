"""Writes the parts of docs/ that the code knows better: every command and option, every setting, every mapping key.

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`. Everything around it is written by people and kept.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from connector.cli import GROUPS
from connector.cli import main as smarketing
from connector.config.definition import definition_of
from connector.config.init import example_text, write_starter
from connector.config.load import AGREED_FILES, load
from connector.config.mappings import MappingFile
from connector.config.schema import json_schemas
from connector.core.definition import Definition
from connector.core.transforms import TRANSFORMS
from connector.core.values import Kind
from connector.reports import diagram
from connector.reports.definition import move_rows, stage_rows

ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Write, or check."""
    parser = argparse.ArgumentParser(description="Writes the generated parts of docs/.")
    parser.add_argument("--check", action="store_true", help="only say what is stale")
    asked = parser.parse_args()
    fresh = written(ROOT / "docs") | {ROOT / "docs" / "lifecycle.svg": picture()}
    stale = {path: text for path, text in fresh.items() if not path.exists() or path.read_text() != text}
    for path, text in sorted(stale.items()):
        print(f"{'stale' if asked.check else 'wrote'}: {path.relative_to(ROOT)}")
        if not asked.check:
            path.write_text(text)
    sys.exit(1 if stale and asked.check else 0)


def written(folder: Path) -> dict[Path, str]:
    """Every page with a generated part, as it should read."""
    pages = {path: path.read_text() for path in sorted(folder.glob("*.md"))}
    return {path: _BLOCK.sub(_filled, text) for path, text in pages.items() if _BLOCK.search(text)}


def picture() -> str:
    """The shipped lifecycle, drawn from its table of moves."""
    definition = shipped_definition()
    return diagram.svg(definition.lifecycle, definition.handoff.stages if definition.handoff else frozenset())


def shipped_definition() -> Definition:
    """The shared definition as it ships."""
    with tempfile.TemporaryDirectory() as folder:
        write_starter(Path(folder))
        definition = definition_of(
            load(Path(folder) / "config.yaml", {"HUBSPOT_TOKEN": "-", "SALESFORCE_CLIENT_SECRET": "-"})
        )
    assert definition is not None
    return definition


def _filled(found: re.Match[str]) -> str:
    return f"{found[1]}\n{PARTS[found[2]]().strip()}\n\n{found[3]}"


def commands() -> str:
    """Every command with its arguments, options and examples."""
    ctx = click.Context(smarketing)
    parts = []
    for group, names in GROUPS.items():
        parts.append(f"## {group}")
        for name in names:
            command = smarketing.get_command(ctx, name)
            assert command is not None
            parts += ["\n\n".join(_command(one, called)) for called, one in leaves(command)]
    return "\n\n".join(parts)


def leaves(command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command by its name; of a group (smarketing sla ...) every command in it, by both names."""
    if isinstance(command, click.Group):
        yield from ((f"{command.name} {one.name}", one) for one in command.commands.values())
    else:
        yield str(command.name), command


def _command(command: click.Command, called: str) -> Iterator[str]:
    ctx = click.Context(command, info_name=f"smarketing {called}")
    yield f"### {called}"
    yield f"```\n{' '.join([ctx.command_path, *command.collect_usage_pieces(ctx)])}\n```"
    yield re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(command.help or ""))
    options = [option for option in command.params if isinstance(option, click.Option)]
    if options:
        rows = [f"| `{', '.join(option.opts)}` | {_takes(option)} | {_help(option, ctx)} |" for option in options]
        yield "\n".join(("| option | takes | what it does |", "|---|---|---|", *rows))
    if command.epilog:
        examples = [line.strip() for line in command.epilog.splitlines()[2:]]
        yield "```\n" + "\n".join(examples) + "\n```"


def _takes(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return " \\| ".join(f"`{choice}`" for choice in option.type.choices)
    return option.type.name.upper().replace("INTEGER", "NUMBER")


def _help(option: click.Option, ctx: click.Context) -> str:
    record = option.get_help_record(ctx)
    return _cell(record[1] if record else option.help or "")


def moves() -> str:
    """The shipped table of moves."""
    definition = shipped_definition()
    stages = definition.lifecycle.stages
    rows = [
        f"| {stages[row['from']].name} | {stages[row['to']].name} | {row['kind'].replace('_', '-')} | "
        f"{', '.join(row['by'])} | {', '.join(row['needs'])} |"
        for row in move_rows(definition)
    ]
    return "\n".join(("| from | to | kind | who may | needs |", "|---|---|---|---|---|", *rows))


def stages() -> str:
    """The shipped stages."""
    rows = [
        f"| {row['name']} | {row['band'].upper()} | {row['team']} | {row['definition']} |"
        for row in stage_rows(shipped_definition())
    ]
    return "\n".join(("| stage | band | owner | what it means |", "|---|---|---|---|", *rows))


def settings() -> str:
    """Every setting of config.yaml: what may stand there, and what holds when nothing does."""
    schema = json_schemas()["config"]
    rows = [f"| `{name}` | {form} | {default} |" for name, form, default in _leaves(schema, schema, "")]
    return "\n".join(("| setting | what may stand there | default |", "|---|---|---|", *rows))


def example() -> str:
    """config.example.yaml, which explains every setting where one edits it."""
    return f"```yaml\n{example_text().rstrip()}\n```"


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


def transforms() -> str:
    """Every transform by name."""
    rows = [
        f"| `{name}` | {'yes' if transform.back else 'no, so it is for one-way rules'} |"
        for name, transform in sorted(TRANSFORMS.items())
    ]
    return "\n".join(("| transform | can be undone |", "|---|---|", *rows))


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
    return _cell(_plain(node, schema))


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


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


PARTS: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "settings": settings,
    "example": example,
    "mapping_keys": mapping_keys,
    "agreed_keys": agreed_keys,
    "transforms": transforms,
    "stages": stages,
    "moves": moves,
}

if __name__ == "__main__":
    main()
