"""init, check, schema: from nothing to a configuration that is known to fit both CRMs."""

from __future__ import annotations

from pathlib import Path

import click

from connector.bootstrap import Installation
from connector.cli.frame import (
    DONE,
    MISCONFIGURED,
    command,
    config_option,
    err,
    installation,
    json_option,
    out,
    print_json,
)
from connector.config.findings import Finding, Severity
from connector.config.init import write_starter
from connector.config.schema import json_schemas
from connector.core.refs import Side

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


@command("init")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=Path())
def init(directory: Path) -> int:
    """Write config.yaml and mappings/ to edit into DIRECTORY (default: here); never overwrites a file."""
    written = write_starter(directory)
    for path in written:
        err.print(f"wrote {path}", soft_wrap=True)
    if not written:
        err.print("Everything is there already; nothing was written.")
    err.print(f"Next: put the credentials' names into {directory / 'config.yaml'}, then: smarketing check")
    return DONE


@command("check")
@config_option
@json_option
def check(config: Path, as_json: bool) -> int:  # noqa: FBT001  # one parameter an option
    """Validate all YAML, connect, compare the mappings with the live schemas of both CRMs, show API budgets."""
    with installation(config, refresh=True) as opened:
        errors = [finding for finding in opened.findings if finding.severity is Severity.ERROR]
        if as_json:
            print_json(_row(opened))
        else:
            _tell(opened)
    return MISCONFIGURED if errors else DONE


def _row(opened: Installation) -> dict[str, object]:
    return {
        "accounts": {side.value: {"id": one.id, "name": one.name} for side, one in opened.accounts.items()},
        "findings": [
            {"severity": one.severity.value, "file": one.file, "line": one.line, "key": one.key, "message": one.message}
            for one in opened.findings
        ],
        "budgets": {
            side.value: {"limit": usage.daily_limit, "used": usage.daily_used}
            for side, usage in ((side, opened.bridge.crms[side].usage()) for side in Side)
        },
    }


def _tell(opened: Installation) -> None:
    for side, account in opened.accounts.items():
        usage = opened.bridge.crms[side].usage()
        day = f"{usage.daily_used} of {usage.daily_limit} calls used today" if usage.daily_limit else "no daily figure"
        out.print(f"[green]connected[/] {side.value}: {account.name} ({account.id}), {account.time_zone}; {day}")
    for finding in opened.findings:
        _tell_finding(finding)
    worst = [finding for finding in opened.findings if finding.severity is Severity.ERROR]
    if worst:
        out.print(f"[red]{len(worst)} thing(s) must be mended before syncing.[/]")
    else:
        out.print("[green]Ready.[/] Next: smarketing plan")


def _tell_finding(finding: Finding) -> None:
    out.print(f"[{COLOURS[finding.severity]}]{finding.severity.value}[/] {finding}", soft_wrap=True)


@command("schema")
@click.argument("name", required=False)
def schema(name: str | None) -> int:
    """Print the JSON Schema of each YAML file, for editors; NAME picks one (config, mapping)."""
    schemas = json_schemas()
    if name and name not in schemas:
        err.print(f"there is no schema {name!r}; there are: {', '.join(sorted(schemas))}")
        return MISCONFIGURED
    print_json(schemas[name] if name else schemas)
    return DONE


COMMANDS = (init, check, schema)
