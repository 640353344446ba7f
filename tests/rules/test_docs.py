"""Docs that a machine can check: what the code knows is generated, what people write must point to what exists."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import click
import pytest
from alembic.script import ScriptDirectory

from connector.cli import GROUPS, main
from connector.config.schema import json_schemas
from connector.storage import migration

ROOT = Path(__file__).resolve().parents[2]
LONG_ENOUGH_TO_BE_OURS = 11
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generated_docs", ROOT / "scripts" / "docs.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")  # as when it is run
        spec.loader.exec_module(module)
    return module


def commands() -> dict[str, click.Command]:
    """Every command by what one types; of a group every command in it."""
    found: dict[str, click.Command] = {}
    for name, command in typed().items():
        below = command.commands if isinstance(command, click.Group) else {}
        found |= {f"{name} {inner}": one for inner, one in below.items()} or {name: command}
    return found


def typed() -> dict[str, click.Command]:
    """Every command and group by its name."""
    found = {name: main.get_command(click.Context(main), name) for name in main.list_commands(click.Context(main))}
    return {name: command for name, command in found.items() if command}


def test_the_generated_parts_are_fresh(generator: ModuleType):
    stale = [path.name for path, text in generator.written(ROOT / "docs").items() if path.read_text() != text]
    assert not stale, "run scripts/docs"


def test_the_picture_is_the_shipped_lifecycle(generator: ModuleType):
    assert (ROOT / "docs" / "lifecycle.svg").read_text() == generator.picture(), "run scripts/docs"


def test_a_page_that_fell_behind_is_noticed(generator: ModuleType, tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- generated: transforms -->\nold\n<!-- end -->\nafter\n")
    text = generator.written(tmp_path)[page]
    assert text.startswith("before\n<!-- generated: transforms -->\n")
    assert text.endswith("<!-- end -->\nafter\n")
    assert "| `trim` | yes |" in text


def test_every_generated_part_stands_in_a_page(generator: ModuleType):
    pages = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    assert sorted(re.findall(r"<!-- generated: (\w+) -->", pages)) == sorted(generator.PARTS)


def test_every_command_is_in_the_docs():
    headings = re.findall(r"^### (\w[\w -]*)$", (ROOT / "docs" / "commands.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(commands())


def keys_of(schema: dict[str, Any]) -> set[str]:
    """Every key a schema knows, at any depth."""
    groups = [schema, *schema.get("$defs", {}).values()]
    return {name for group in groups for name in group.get("properties", {})}


def test_every_setting_and_every_mapping_key_is_in_the_docs():
    schemas = json_schemas()
    settings, mappings = ((ROOT / "docs" / page).read_text() for page in ("configuration.md", "mappings.md"))
    shown = {part for name in re.findall(r"^\| `([\w.]+)` \|", settings, re.MULTILINE) for part in name.split(".")}
    assert keys_of(schemas.pop("config")) <= shown
    shown = set(re.findall(r"^(?:\| |\*\*)`(\w+)`", mappings, re.MULTILINE))
    assert {name: missing for name, schema in schemas.items() if (missing := keys_of(schema) - shown)} == {}


def test_every_script_is_in_the_docs():
    pages = "".join(page.read_text() for page in PAGES if page.name != "CHANGELOG.md")
    scripts = [path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix]
    assert [name for name in scripts if not re.search(rf"scripts/{name}\b", pages)] == []


def test_every_page_is_linked_from_the_readme():
    linked = re.findall(r"\]\(([^)#:]+)", (ROOT / "README.md").read_text())
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")} - set(linked) == set()


def test_every_option_of_every_command_is_in_the_docs():
    text = (ROOT / "docs" / "commands.md").read_text()
    missing = [
        f"{name} {option}"
        for name, command in commands().items()
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if f"`{option}`" not in text
    ]
    assert not missing


def test_the_overview_says_what_each_command_says_of_itself():
    lines = {name: line for group in GROUPS.values() for name, (_, line) in group.items()}
    assert {name: (command.help or "").splitlines()[0] for name, command in typed().items()} == lines


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_commands_in_pages_lead_somewhere(page: Path):
    text = page.read_text()
    links = [unquote(link) for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)]
    named = re.findall(r"`(scripts/[\w./-]+)", text)
    broken = [link for link in links if not (page.parent / link).exists()]
    broken += [script for script in named if not (ROOT / script).exists()]
    broken += [
        f"smarketing {name}"
        for name in re.findall(r"\bsmarketing ([a-z]+)\b(?=[^\n]*`|$)", "\n".join(re.findall(r"`[^`\n]+`", text)))
        if name not in typed()
    ]
    assert not broken


def test_the_messages_that_troubleshooting_explains_are_ones_we_say():
    """What stands in bold before an explanation is in the code, word for word between its variable parts."""
    source = " ".join(
        re.sub(r"\s+", " ", path.read_text().replace('"\n', "")) for path in sorted((ROOT / "connector").rglob("*.py"))
    )
    bold = re.findall(r"\*\*(.+?)\*\*", (ROOT / "docs" / "troubleshooting.md").read_text())
    messages = [text for text in bold if not text.endswith("?") and not text.startswith("A value")]
    parts = [part.strip(" ':;,") for text in messages for part in re.split(r"\.\.\.|\b[NMXY]\b|`|:|2 records", text)]
    long = [part for part in parts if len(part) > LONG_ENOUGH_TO_BE_OURS]
    assert len(long) > 12
    assert [part for part in long if part not in source] == []


def test_the_two_commands_stand_on_top_of_the_readme():
    top = "\n".join((ROOT / "README.md").read_text().splitlines()[:30])
    assert "scripts/demo" in top
    assert "scripts/demo --exit" in top
    assert "scripts/test" in top


def test_revisions_of_the_store_are_known_by_their_files():
    """The store's module reads revisions from file names, because asking Alembic takes longer than most commands."""
    folder = ROOT / "connector" / "storage" / "migrations"
    scripts = [script.revision for script in ScriptDirectory(str(folder)).walk_revisions()]
    assert list(migration._known()) == scripts
