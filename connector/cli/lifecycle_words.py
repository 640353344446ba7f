"""What people see of the shared definition and of a replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connector.cli.frame import count, say
from connector.cli.words import NAMES
from connector.config.findings import Finding, Severity
from connector.core.definition import Definition
from connector.core.lifecycle import Band
from connector.reports.definition import BANDS, move_rows, stage_rows, unlawful_words
from connector.reports.replayed import Change, Difference, Replay

if TYPE_CHECKING:
    from connector.cli.lifecycle import Rows

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
_CHANGES = {
    Change.GAINED: ("green", "would come to it, and did not"),
    Change.LOST: ("red", "came to it, and would not"),
    Change.MOVED: ("yellow", "would come to it at another time"),
}


@dataclass(frozen=True)
class Naming:
    """Names of stages and owners by id."""

    stages: Mapping[str, str]
    owners: Mapping[str, str]


def tell_definition(console: Console, definition: Definition, owners: Mapping[str, str]) -> None:
    """The whole definition: bands, stages, moves, who is handed to whom."""
    rows = stage_rows(definition)
    for band in Band:
        those = [row for row in rows if row["band"] == band.value]
        if those:
            say(console, f"[bold]{BANDS[band]}[/]")
        for row in those:
            _tell_stage(console, row)
    _tell_moves(console, definition)
    _tell_handoff(console, definition, owners)
    say(console, f"[dim]version {definition.version}; history is replayed with: smarketing lifecycle replay[/]")


def _tell_stage(console: Console, row: Mapping[str, Any]) -> None:
    marks = "".join(f"  [cyan]{mark}[/]" for mark, holds in (("handed to sales here", row["handoff"]),) if holds)
    say(console, f"[bold]{escape(row['name'])}[/] [dim]{row['id']}, {escape(row['team'])}[/]{marks}", 2)
    say(console, escape(row["definition"]), 6)
    for what, text in (("by itself when", row["criteria"]), ("by a deal when", row["deal"])):
        if text:
            say(console, f"[dim]{what}[/] {escape(text)}", 6)
    if row["conversion"]:
        say(console, "[dim]by converting the Lead in Salesforce[/]", 6)
    told = _by_spelling(row["spelling"])
    for text, places in told.items():
        say(console, f"[dim]{escape(' and '.join(places))}:[/] {escape(text)}", 6)


def _by_spelling(spelling: Mapping[str, Sequence[Mapping[str, Sequence[str]]]]) -> dict[str, list[str]]:
    """Places that spell it alike, together."""
    found: dict[str, list[str]] = {}
    for place, groups in spelling.items():
        side, _, obj = place.partition(":")
        text = " | ".join(
            ", ".join(f"{name} = {' or '.join(values)}" for name, values in group.items()) for group in groups
        )
        if text:
            found.setdefault(text, []).append(f"{NAMES[side]} {obj}")
    return found


def _tell_moves(console: Console, definition: Definition) -> None:
    stages = {stage.id: stage.name for stage in definition.lifecycle.stages.values()}
    table = Table(
        box=SIMPLE, title="Moves", title_justify="left", title_style="bold", header_style="dim", pad_edge=False
    )
    for heading in ("from", "to", "kind", "who may", "needs"):
        table.add_column(heading, overflow="fold")
    before = ""
    for row in move_rows(definition):
        start = stages[row["from"]]
        cells = (stages[row["to"]], row["kind"].replace("_", "-"), ", ".join(row["by"]), ", ".join(row["needs"]))
        table.add_row("" if start == before else escape(start), *map(escape, cells))
        before = start
    console.print(table)
    say(console, unlawful_words(definition))


def _tell_handoff(console: Console, definition: Definition, owners: Mapping[str, str]) -> None:
    handoff = definition.handoff
    if handoff is None:
        return
    say(console, "[bold]Who gets them[/]")
    for rule in handoff.rules:
        who = (
            "the rep they have"
            if rule.keep
            else ", ".join(owners.get(one, one) for one in (rule.pool.owners if rule.pool else ()))
        )
        say(console, f"{escape(rule.name)}: {escape(who)} [dim]when {escape(rule.when.text)}[/]", 2)
    fallback = (
        ", ".join(owners.get(one, one) for one in handoff.fallback.owners) if handoff.fallback else "nobody: they wait"
    )
    say(console, f"otherwise: {escape(fallback)}", 2)


def finding_row(one: Finding) -> dict[str, Any]:
    """A finding as JSON."""
    return {
        "severity": one.severity.value,
        "file": one.file,
        "line": one.line,
        "key": one.key,
        "message": one.message,
    }


def tell_findings(console: Console, found: Sequence[Finding], *, connected: bool) -> None:
    """What is odd, the worst first."""
    for severity, colour in COLOURS.items():
        for one in found:
            if one.severity is severity:
                say(console, f"[{colour}]{severity.value}[/] {escape(str(one))}")
    against = "and as the CRMs are" if connected else "as far as the files tell; no CRM was asked"
    worst = sum(one.severity is Severity.ERROR for one in found)
    if worst:
        say(console, f"[red]{count(worst, 'thing')} must be mended.[/]")
    elif found:
        say(console, f"Lawful, {against}. Next: smarketing lifecycle show")
    else:
        say(console, f"[green]Nothing odd[/], {against}. Next: smarketing lifecycle show")


def tell_replay(console: Console, found: Replay, rows: Rows, names: Naming) -> None:
    """The numbers, what the history cannot know, and lead by lead."""
    asked = found.asked
    stage = names.stages.get(asked.stage, asked.stage)
    when = _when(asked.since, asked.until)
    rest = f", not {found.was:,}" if found.would != found.was else ", as many as did"
    people = count(found.would, "person", "people")
    replayed = count(found.people, "journey")
    say(console, f"[bold]{people} would have become {escape(stage)}{when}{rest}[/] [dim]({replayed} replayed)[/]")
    if (found.entries_was, found.entries_would) != (found.was, found.would):
        say(console, f"[dim]counting who came back again: {found.entries_would:,}, not {found.entries_was:,}[/]")
    for change, (colour, meaning) in _CHANGES.items():
        if found.changes[change]:
            say(console, f"[{colour}]{found.changes[change]:>7,}[/]  {change.value}: {meaning}")
    for name, number in sorted(found.blind.items()):
        people = count(number, "person", "people")
        say(
            console,
            f"[yellow]not in the history:[/] {escape(name)} of {people}; it was not watched then and counts as blank",
        )
    for name, at in found.late_fields().items():
        say(
            console,
            f"[yellow]in the history since {at:%Y-%m-%d} only:[/] {escape(name)}; before, it was blank for all or "
            "not watched yet (nobody kept which), and counts as blank",
        )
    for one in rows.shown:
        _tell_lead(console, one)
    if rows.more:
        say(
            console,
            f"[dim]... and {rows.more:,} more; see them with --limit {rows.more + len(rows.shown)} or --csv FILE[/]",
        )
    if not sum(found.changes.values()):
        say(console, "[green]Nobody would be otherwise.[/]")


def _when(since: datetime | None, until: datetime | None) -> str:
    parts = (f" since {since:%Y-%m-%d}" if since else "", f" until {until:%Y-%m-%d}" if until else "")
    return "".join(parts)


def _tell_lead(console: Console, one: Difference) -> None:
    colour = _CHANGES[one.change][0]
    was, would = (f"{at:%Y-%m-%d %H:%M}" if at else "never" for at in (one.was_at, one.would_at))
    refs = " = ".join(map(str, one.refs))
    say(console, f"[{colour}]{one.change.value}[/] {escape(refs)}: {was} -> {would}", 2)
    said = ", ".join(f"{name} = {'blank' if value is None else value}" for name, value in one.said.items())
    say(console, f"{escape(one.why)}{f' [dim]({escape(said)})[/]' if said else ''}", 6)
    if one.blind:
        say(console, f"[yellow]history holds no {escape(', '.join(one.blind))}[/]", 6)
