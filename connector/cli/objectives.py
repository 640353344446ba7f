"""objectives: what both teams promised for the period, how far they are, and whether that is enough."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from connector.cli.frame import DONE, NEEDS_A_PERSON, command, config_option, json_option, out, print_json, say
from connector.errors import Refused

if TYPE_CHECKING:
    from connector.cli.agreement import Agreed
    from connector.core.objectives import Progress, Tally
    from connector.reports.goals import Goal

_NONE = "no objective is agreed on: no objectives.yaml stands in the mappings folder, or it holds no goals that are on"


@command("objectives", "smarketing objectives", "smarketing objectives --period 2026-10-15 --json")
@config_option
@json_option
@click.option("--period", help="The period that this day lies in: 2026-10-15, 30d. Default: the one of today.")
def objectives(config: Path, as_json: bool, period: str | None) -> int:  # noqa: FBT001  # one parameter an option
    """What both teams promised for the period: sums against the pace line, minimum counts, rates.

    The pace line is the target in proportion to the working days that are over. A period of the past is shown as it
    ended. Calls no CRM. Exit code 3 when somebody is behind.
    """
    from connector.cli import agreement  # noqa: PLC0415  # the help needs none of it
    from connector.reports.goals import Goals, behind, progress_row  # noqa: PLC0415  # likewise

    with agreement.agreed(config, watch=not as_json) as opened:
        goals = _goals(opened, period)
        found = Goals(opened.agreement, goals, opened.now)
        for _, entries in opened.people("counting"):
            found.take(entries)
    progress = found.progress()
    if as_json:
        print_json([progress_row(one) for one in progress])
    else:
        _tell(progress, [goal.time.calendars[0].zone for goal in goals], opened.now)
    return NEEDS_A_PERSON if behind(progress) else DONE


def _goals(opened: Agreed, period: str | None) -> list[Goal]:
    """Every goal, looked at now, or at the last moment of the period that was asked for."""
    from connector.cli.naming import moment  # noqa: PLC0415  # the help needs none of it
    from connector.config.objectives import objectives_of  # noqa: PLC0415  # likewise
    from connector.core.objectives import bounds  # noqa: PLC0415  # likewise
    from connector.reports.goals import Goal  # noqa: PLC0415  # likewise

    measured = objectives_of(opened.loaded, opened.now)
    if not measured:
        raise Refused(_NONE)
    asked = moment(period, opened.now) if period else opened.now
    goals = []
    for one in measured:
        _, end = bounds(one.objective.period, one.time, asked)
        goals.append(Goal(one.objective, one.time, min(opened.now, end - timedelta(microseconds=1))))
    return goals


def _tell(found: Sequence[Progress], zones: Sequence[str], now: datetime) -> None:
    """zones: whose days the periods are made of."""
    table = Table(box=SIMPLE, header_style="dim", pad_edge=False)
    table.add_column("objective", overflow="fold")
    for heading in ("so far", "pace line", "target", "pace", "projected"):
        table.add_column(heading, justify="right")
    summed = [one for one in found if one.objective.target is not None]
    for one in summed:
        sums = [_sum(value, one) for value in (one.actual, one.expected, one.objective.target)]
        table.add_row(f"[bold]{escape(one.objective.name)}[/]", *sums, _pace(one), _sum(one.projected, one))
    if summed:
        out.print(table)
    for one, zone in zip(found, zones, strict=True):
        _tell_one(one, zone, now)


def _tell_one(one: Progress, zone: str, now: datetime) -> None:
    objective = one.objective
    ended = "ended" if one.end <= now else f"working day {one.elapsed:.1f} of {one.days}"
    period = f"{objective.period.value} from {one.start.astimezone(ZoneInfo(zone)):%Y-%m-%d}, {ended}"
    verdict = "[green]reached[/]" if one.is_reached and not _unknown(one) else _ahead(one)
    say(out, f"[bold]{escape(objective.name)}[/] [dim]{escape(objective.team)}; {period}[/]  {verdict}")
    for tally in one.tallies:
        least = tally.counted.at_least
        short = f"  [yellow]at least {least:,} agreed[/]" if tally in one.short else f"  [dim]at least {least:,}[/]"
        say(out, f"{tally.count:>7,}  {escape(_what(tally))}{short if least else ''}", 2)
    for rate in one.rates:
        share = "not enough to say" if rate.share is None else f"{rate.share:.0%}"
        colour = "green" if rate.holds else "red"
        of = f"{rate.part:,} of {rate.among:,}"
        say(out, f"[{colour}]{share}[/]  {escape(rate.floor.name)}, agreed {rate.floor.at_least:.0%} [dim]({of})[/]", 2)


def _what(tally: Tally) -> str:
    from connector.reports.goals import way_words  # noqa: PLC0415  # the help needs none of it

    worth = f", worth {tally.worth:,.0f}" if tally.worth != tally.count else ""
    return f"{way_words(tally.counted)}{worth}"


def _unknown(one: Progress) -> bool:
    """Whether nothing is promised but rates of which it is too early to speak."""
    return one.objective.target is None and all(rate.share is None for rate in one.rates)


def _ahead(one: Progress) -> str:
    if _unknown(one):
        return "[dim]too early to say[/]"
    if one.ahead is None:
        return "[yellow]not reached yet[/]"
    words = f"{abs(one.ahead):,.1f} {escape(one.objective.unit)}".strip()
    return f"[green]{words} ahead[/]" if one.ahead >= 0 else f"[red]{words} behind[/]"


def _pace(one: Progress) -> str:
    if one.pace is None:
        return "-"
    colour = "green" if one.pace >= one.objective.alert_below else "red"
    return f"[{colour}]{one.pace:.0%}[/]"


def _sum(value: Decimal | None, one: Progress) -> str:
    return "-" if value is None else f"{value:,.0f} {escape(one.objective.unit)}".strip()


COMMANDS = (objectives,)
