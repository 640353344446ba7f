"""What people see of feedback: the numbers both teams look at every week, then the handoffs themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connector.cli.frame import count, say
from connector.reports.handoff_words import CLASSES, age
from connector.reports.handoffs import ASKED, WAITING, Feedback, Handoff, Rates

if TYPE_CHECKING:
    from connector.cli.agreement import Agreed

_COLOURS = {WAITING: "yellow", ASKED: "yellow", "accepted": "green"}


def tell_feedback(console: Console, found: Feedback, opened: Agreed) -> None:
    """Counts, reasons by class, rates, handoffs."""
    if not found.total:
        say(console, "[green]No handoff of that sort.[/]")
        return
    statuses = ", ".join(f"{number:,} {status}" for status, number in found.statuses.most_common())
    say(console, f"[bold]{count(found.total, 'handoff')}[/]: {statuses}")
    say(console, _rate(found.overall))
    _tell_reasons(console, found)
    for what, rates in (("source", found.by_source), ("persona", found.by_persona)):
        decided = {name: one for name, one in rates.items() if one.accepted + one.rejected + one.expired}
        if set(decided) - {""}:
            _tell_rates(console, what, decided)
    for one in found.listed():
        _tell(console, one, opened)
    more = found.total - len(found.listed())
    if more:
        say(console, f"[dim]... and {more:,} more; see them with --limit {found.total}[/]")


def _rate(rates: Rates) -> str:
    if rates.rate is None:
        return "[dim]accept rate: nothing was decided yet[/]"
    parts = f"{rates.accepted:,} accepted, {rates.rejected:,} rejected, {rates.expired:,} expired"
    return f"[bold]accept rate {rates.rate:.0%}[/]  [dim]({parts})[/]"


def _tell_reasons(console: Console, found: Feedback) -> None:
    feedback = found.agreement.definition.feedback
    reasons = feedback.reasons if feedback else {}
    for group, meaning in CLASSES.items():
        those = [(reason, number) for (of, reason), number in found.reasons.most_common() if of == group]
        if those:
            told = ", ".join(f"{reasons[one].label if one in reasons else one} {number:,}" for one, number in those)
            say(console, f"[dim]{meaning}:[/] {escape(told)}", 2)


def _tell_rates(console: Console, what: str, rates: Mapping[str, Rates]) -> None:
    table = Table(box=SIMPLE, header_style="dim", pad_edge=False)
    table.add_column(what, overflow="fold")
    for heading in ("accepted", "rejected", "expired", "accept rate"):
        table.add_column(heading, justify="right")
    for name, one in sorted(rates.items(), key=lambda item: -(item[1].accepted + item[1].rejected + item[1].expired)):
        rate = "-" if one.rate is None else f"{one.rate:.0%}"
        table.add_row(escape(name) or "[dim]not known[/]", *map(str, (one.accepted, one.rejected, one.expired)), rate)
    console.print(table)


def _tell(console: Console, one: Handoff, opened: Agreed) -> None:
    owner = opened.names.get(one.owner, one.owner) or "nobody"
    refs = " = ".join(map(str, one.refs))
    waits = f" for {age(opened.now - one.at)}" if one.is_open else ""
    colour = _COLOURS.get(one.status, "red")
    say(console, f"[{colour}]{one.status}{waits}[/]  {escape(refs)}", 2)
    about = ", ".join(filter(None, (one.stage, one.persona, one.source)))
    say(console, f"{one.at:%Y-%m-%d %H:%M} to {escape(owner)} [dim]by rule {escape(one.rule)}; {escape(about)}[/]", 6)
    if one.missing:
        say(console, f"asked for: {', '.join(one.missing)}", 6)
    if one.reason or one.comment:
        by = f", by {opened.names.get(one.by, one.by)}" if one.by else ""
        until = f", until {one.revisit}" if one.revisit else ""
        comment = f" “{one.comment}”" if one.comment else ""
        say(console, f"{escape(one.reason)}{escape(comment)}{until}{escape(by)}", 6)
