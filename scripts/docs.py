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

import click
from docs_schema import agreed_keys, cell, mapping_keys, settings

from connector.admin.api.operations import Operation
from connector.admin.api.table import OPERATIONS
from connector.admin.api.wire import PREFIX
from connector.cli import GROUPS
from connector.cli import main as smarketing
from connector.config.definition import definition_of
from connector.config.init import example_text, write_starter
from connector.config.load import load
from connector.core.definition import Definition
from connector.core.transforms import TRANSFORMS
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
    return cell(record[1] if record else option.help or "")


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


def example() -> str:
    """config.example.yaml, which explains every setting where one edits it."""
    return f"```yaml\n{example_text().rstrip()}\n```"


def transforms() -> str:
    """Every transform by name."""
    rows = [
        f"| `{name}` | {'yes' if transform.back else 'no, so it is for one-way rules'} |"
        for name, transform in sorted(TRANSFORMS.items())
    ]
    return "\n".join(("| transform | can be undone |", "|---|---|", *rows))


def api() -> str:
    """Every operation of the API, by what it is about."""
    tags = dict.fromkeys(one.tag for one in OPERATIONS)
    rows = [f"## {tag}\n\n| operation | needs | what it does |\n|---|---|---|\n{_operations(tag)}" for tag in tags]
    return "\n\n".join(rows)


def _operations(tag: str) -> str:
    those = [one for one in OPERATIONS if one.tag == tag]
    return "\n".join(
        f"| `{one.method} {PREFIX}{one.template}`{_keys(one)} | {one.role.word} | {cell(one.summary)} |"
        for one in those
    )


def _keys(one: Operation) -> str:
    names = ", ".join(f"`{name}`" for name in one.takes.model_fields)
    return f"<br>{names}" if names else ""


PARTS: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "settings": settings,
    "example": example,
    "mapping_keys": mapping_keys,
    "agreed_keys": agreed_keys,
    "transforms": transforms,
    "stages": stages,
    "moves": moves,
    "api": api,
}

if __name__ == "__main__":
    main()
