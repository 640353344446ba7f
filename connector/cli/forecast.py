"""forecast: what a day of the running service costs in API calls, and whether the limits hold it."""

from __future__ import annotations

from pathlib import Path

import click
from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from connector.bootstrap import Installation
from connector.cli.frame import (
    DONE,
    NEEDS_A_PERSON,
    command,
    config_option,
    count,
    installation,
    json_option,
    out,
    print_json,
    say,
)
from connector.cli.words import NAMES
from connector.core.refs import Side
from connector.engine import facts
from connector.engine.evidence import asked_about
from connector.reports import outlook
from connector.reports.outlook import Asked, Outlook

_PARTS = {
    "polls": "asking what changed and what people did",
    "reading": "reading what changed, on both sides",
    "writing": "writing it to the other side",
    "audit": "comparing a sample of pairs",
    "accounts": "accounts, fields, owners",
}


@command(
    "forecast",
    "smarketing forecast",
    "smarketing forecast --changes-per-day 1000",
    "smarketing forecast --people 100000",
)
@config_option
@json_option
@click.option(
    "--changes-per-day",
    type=click.FloatRange(min=0),
    help="Changes on both sides together; default: as counted, else 1 % of the people.",
)
@click.option("--people", type=click.IntRange(min=0), help="People on both sides; default: the linked ones.")
def forecast(config: Path, *, as_json: bool, changes_per_day: float | None, people: int | None) -> int:
    """What a day of the running service costs in API calls, and whether the limits hold it.

    Worked out from config.yaml, the mapping and the store's own counts; each side is asked once what the account
    allows. Exit code 3 when a side's day does not fit: then it is told what to change.
    """
    with installation(config) as opened:
        found = _outlook(opened, Asked(people, changes_per_day))
    if as_json:
        print_json(found.row())
    else:
        _tell(found)
    return DONE if all(found.fits(side) for side in Side) else NEEDS_A_PERSON


def _outlook(opened: Installation, asked: Asked) -> Outlook:
    bridge, settings = opened.bridge, opened.settings
    evidence = bool(asked_about(bridge, Side.HUBSPOT))
    for crm in bridge.crms.values():
        crm.account()  # whose answer tells what the account allows in a day
    told = {side: crm.usage().daily_limit for side, crm in bridge.crms.items()}
    known, now = facts.recall(bridge.database), bridge.clock.now()
    with bridge.database.read() as conn:
        counted = outlook.counted(conn, now)
        limits = {
            side: outlook.limit(conn, settings, side, told[side], (now, facts.zone(known, side))) for side in Side
        }
    setup = outlook.setup_of(settings, bridge.mapping, counted, evidence=evidence)
    return outlook.outlook(settings, setup, counted, limits, asked)


def _tell(found: Outlook) -> None:
    changes = sum(found.habits.changes.values())
    title = f"A day with {count(found.people, 'person', 'people')} and {count(round(changes), 'change')}"
    table = Table(box=SIMPLE, title=title, title_justify="left", title_style="bold", header_style="dim", pad_edge=False)
    table.add_column("API calls", min_width=40)
    for side in Side:
        table.add_column(NAMES[side], justify="right", min_width=10)
    for part, words in _PARTS.items():
        table.add_row(words, *(f"{round(found.day.parts[side][part]):,}" for side in Side))
    table.add_row("in all", *(f"{found.day.total(side):,}" for side in Side), style="bold")
    out.print(table)
    for side in Side:
        say(out, f"{NAMES[side]}: {_verdict(found, side)}")
    first = f"{count(found.first.hubspot, 'HubSpot call')} and {count(found.first.salesforce, 'Salesforce call')}"
    say(out, f"[dim]A full run that had to write everybody would take about {first}, once.[/]")
    say(
        out,
        "[dim]Signing in is no call of either API. Changes that come together cost less than those spread evenly.[/]",
    )


def _verdict(found: Outlook, side: Side) -> str:
    limit, calls = found.limits[side], found.day.total(side)
    if limit.calls is None or limit.ordinary is None:
        return f"{calls:,} calls; neither config.yaml nor the account tells a limit"
    of = f"{calls:,} of {limit.ordinary:,} calls for ordinary work ({limit.calls:,} less the reserve for hot leads)"
    if found.fits(side):
        return f"[green]fits[/], {of}"
    return f"[bold yellow]does not fit[/], {of}: {escape(found.advice[side])}"


COMMANDS = (forecast,)
