"""init, check, schema: from nothing to a configuration that is known to fit both CRMs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.markup import escape

from connector.bootstrap import Installation
from connector.cli.frame import (
    DONE,
    MISCONFIGURED,
    command,
    config_option,
    count,
    err,
    installation,
    json_option,
    out,
    print_json,
    say,
)
from connector.cli.setup import setup
from connector.cli.setup_salesforce import unmade
from connector.cli.words import NAMES
from connector.config.blueprint import blueprint, lacking
from connector.config.findings import Finding, Severity
from connector.config.init import write_starter
from connector.config.load import load
from connector.config.schema import json_schemas
from connector.core.refs import Side
from connector.engine import facts
from connector.ports import Usage

Lacks = Mapping[str, tuple[Sequence[str], Sequence[str]]]  # by side: fields, and other things in words
SHOWN_MAX = 3
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


@command("init")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=Path())
def init(directory: Path) -> int:
    """Write config.yaml and mappings/ to edit.

    Into DIRECTORY (default: here); a file that is there is never touched.
    """
    written = write_starter(directory)
    for path in written:
        say(err, f"wrote {escape(str(path))}")
    if not written:
        say(err, "Everything is there already; nothing was written.")
    config = directory / "config.yaml"
    say(
        err, f"Next: fill in {config}, set the environment variables it names, then: smarketing check --config {config}"
    )
    return DONE


@command("check")
@config_option
@json_option
def check(config: Path, as_json: bool) -> int:  # noqa: FBT001  # one parameter an option
    """Validate all YAML, connect, and compare the mappings with both live CRMs.

    Every problem at once: file, line, key, what was found, what would be right. Then what `smarketing setup` would
    add, and the API calls left today.
    """
    with installation(config, refresh=True) as opened:
        errors = [finding for finding in opened.findings if finding.severity is Severity.ERROR]
        lacks = _lacks(config, opened)
        if as_json:
            print_json(_row(opened) | {"setup": {side: [*names, *rest] for side, (names, rest) in lacks.items()}})
        else:
            _tell(opened, lacks)
    return MISCONFIGURED if errors else DONE


def _lacks(config: Path, opened: Installation) -> Lacks:
    """What a setup of each side would make: the bridge's own fields, as both sides have just told; and what else."""
    loaded = load(config, os.environ)
    known = facts.recall(opened.bridge.database)
    schemas = {(side, obj): each for side, told in known.schemas.items() for obj, each in told.items()} if known else {}
    found = lacking(blueprint(loaded), schemas)
    rest = {Side.SALESFORCE.value: unmade(opened.bridge.crms[Side.SALESFORCE], loaded)}
    return {
        name: ([f"{one.object}.{one.name}" for one in found if one.side.value == name], rest.get(name, ()))
        for name in setup.commands
    }


def _told_by_setup(finding: Finding, lacks: Lacks) -> bool:
    """Whether something only sleeps for want of a field that a setup would make, which is told once for all of them."""
    asked = {f"{NAMES[name]} {field}" for name, (fields, _) in lacks.items() for field in fields}
    return finding.severity is Severity.INFO and finding.message.partition(" does not exist")[0] in asked


def _would_make(names: Sequence[str], rest: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN_MAX])
    more = f" and {len(names) - SHOWN_MAX} more" if len(names) > SHOWN_MAX else ""
    fields = [f"{count(len(names), 'field')} of the bridge's own to make or widen ({shown}{more})"] if names else []
    return "; ".join((*fields, *rest))


def _row(opened: Installation) -> dict[str, object]:
    return {
        "accounts": {side.value: {"id": one.id, "name": one.name} for side, one in opened.accounts.items()},
        "findings": [
            {"severity": one.severity.value, "file": one.file, "line": one.line, "key": one.key, "message": one.message}
            for one in opened.findings
        ],
        "lifecycle": _agreed_row(opened),
        "budgets": {
            side.value: {"limit": usage.daily_limit, "used": usage.daily_used}
            for side, usage in ((side, opened.bridge.crms[side].usage()) for side in Side)
        },
    }


def _agreed_row(opened: Installation) -> dict[str, object] | None:
    """What both teams agreed on, in numbers; None while the lifecycle is off."""
    agreement = opened.bridge.agreement
    if agreement is None:
        return None
    lifecycle, book = agreement.definition.lifecycle, agreement.book
    return {
        "version": agreement.definition.version,
        "stages": len(lifecycle.stages),
        "moves": len(lifecycle.moves),
        "policies": list(book[-1].policies) if book else [],
    }


def _tell_agreed(opened: Installation) -> None:
    agreement = opened.bridge.agreement
    if agreement is None:
        say(out, "[dim]no shared lifecycle: stages are fields like any other[/]")
        return
    lifecycle, book = agreement.definition.lifecycle, agreement.book
    numbers = f"{count(len(lifecycle.stages), 'stage')}, {count(len(lifecycle.moves), 'lawful move')}"
    promised = count(len(book[-1].policies) if book else 0, "promise")
    say(out, f"[green]agreed[/]    lifecycle: {numbers}, {promised}; version {agreement.definition.version}")


def _tell(opened: Installation, lacks: Lacks) -> None:
    for side, account in opened.accounts.items():
        usage = opened.bridge.crms[side].usage()
        named = f"{escape(account.name)} (id {account.id}, {account.time_zone})"
        say(out, f"[green]connected[/] {NAMES[side]:<10}  {named}; {_day(usage)}")
    _tell_agreed(opened)
    asleep = [finding for finding in opened.findings if _told_by_setup(finding, lacks)]
    for severity, colour in COLOURS.items():
        for finding in opened.findings:
            if finding.severity is severity and finding not in asleep:
                say(out, f"[{colour}]{severity.value}[/] {escape(str(finding))}")
    if asleep:
        say(
            out, f"[dim]info[/] {count(len(asleep), 'setting')} asleep until a setup makes their fields (--json: which)"
        )
    for name, (names, rest) in lacks.items():
        if names or rest:
            said = f"{NAMES[name]}: {escape(_would_make(names, rest))}, with: smarketing setup {name}"
            say(out, f"[yellow]setup[/] {said}")
    worst = sum(finding.severity is Severity.ERROR for finding in opened.findings)
    if worst:
        say(out, f"[red]{count(worst, 'thing')} must be mended before syncing.[/]")
    else:
        say(out, "[green]Ready.[/] Next: smarketing plan")


def _day(usage: Usage) -> str:
    if usage.daily_limit is None or usage.daily_used is None:
        return "it does not tell how many API calls are left today"
    left = usage.daily_limit - usage.daily_used
    return f"{left:,} of {usage.daily_limit:,} API calls left today"


@command("schema", "smarketing schema mapping > mapping.schema.json")
@click.argument("name", required=False)
def schema(name: str | None) -> int:
    """Print the JSON Schema of the YAML files, for editors.

    NAME picks one: config (config.yaml), mapping (mappings/*.yaml) or owners (mappings/owners.yaml).
    """
    schemas = json_schemas()
    if name and name not in schemas:
        say(err, f"There is no schema {name!r}; there are: {', '.join(sorted(schemas))}")
        return MISCONFIGURED
    print_json(schemas[name] if name else schemas)
    return DONE


COMMANDS = (init, check, schema)
