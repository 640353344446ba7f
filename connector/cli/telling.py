"""What people see of plans and runs. Words first, nothing hidden: what is not spelled out is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connector.cli.frame import count, say
from connector.cli.words import MEANING, NAMES, Words, tell_groups
from connector.core.refs import Side
from connector.engine.run import Run
from connector.ports import Usage
from connector.reports.forecast import Forecast
from connector.reports.waiting import Group

_SKIPPED_SHOWN = 20
_BOTH = (
    ("linked", "linked as the same record"),
    ("relinked", "links moved on (merged or converted)"),
    ("unlinked", "links undone"),
    ("unchanged", "already in step"),
    ("left_alone", "left alone (out of scope, or no rule creates them)"),
    ("notify_sent", "sent as a notice"),
    ("webhook_sent", "sent to a webhook"),
    ("tasks_made", "made as a task"),
    ("unsent", "not sent, or nobody knows (smarketing notices)"),
)


def tell_case(console: Console, row: Mapping[str, Any], words: Words) -> None:
    """One record of a plan: every step, and every field with the rule that asks for it."""
    say(console, f"[bold]{escape(row.get('who', ''))}[/]  {escape(' = '.join(row['records']))}")
    for step in row["steps"]:
        tell_step(console, step, words)


def tell_step(console: Console, step: Mapping[str, Any], words: Words) -> None:
    """One step of a plan."""
    match step["do"]:
        case "create" | "update":
            _tell_write(console, step, words)
        case "link":
            say(console, f"link as the same record, by {escape(step['by'])}", 2)
        case "unlink" | "archive":
            say(console, f"{step['do']} {escape(step.get('ref', 'the two'))}: {escape(step['reason'])}", 2)
        case "relink":
            say(console, f"relink {escape(step['old'])} to {escape(step['new'])}: {escape(step['reason'])}", 2)
        case _:
            _tell_raise(console, step, words)


def _tell_write(console: Console, step: Mapping[str, Any], words: Words) -> None:
    where = step.get("ref") or f"{step['side']}:{step['object']}"
    side, _, rest = where.partition(":")
    say(console, f"{step['do']} {NAMES[side]} {escape(rest.replace(':', ' '))}", 2)
    for change in step["changes"]:
        rule = f"rule {change['rule']}: {change['because']}" if change["rule"] else change["because"]
        before = f"{words.value(change['before'], change['rule'])} -> " if step["do"] == "update" else ""
        after = words.value(change["after"], change["rule"])
        say(console, f"{escape(change['field'])}: {before}{after}  [dim]{escape(rule)}[/]", 4)


def _tell_raise(console: Console, step: Mapping[str, Any], words: Words) -> None:
    rule = step.get("rule", "")
    what = step.get("field") or rule
    values = f": {words.value(step.get('value'), rule)}" if "value" in step else ""
    if step["kind"] == "conflict":
        ours, theirs = (words.value(step.get(key), rule) for key in ("value", "other_value"))
        values = f": HubSpot {ours} | Salesforce {theirs}"
    say(console, f"[yellow]{escape(step['kind'])}[/] {escape(what)}{values}  [dim]{escape(step['reason'])}[/]", 2)


def tell_plan(
    console: Console, counts: Mapping[str, int], calls: Forecast, groups: Sequence[Group], words: Words
) -> None:
    """A plan's numbers, what would wait for a person, and what carrying it out costs."""
    _tell_counts(console, "The plan", counts)
    if groups:
        say(console, "[yellow]Would wait for a person:[/]")
        tell_groups(console, groups, words)
    cost = [count(calls.hubspot, "HubSpot call"), count(calls.salesforce, "Salesforce call")]
    say(console, f"Writing it takes about {' and '.join(cost)}. Nothing was written.")


def _tell_counts(console: Console, title: str, counts: Mapping[str, int]) -> None:
    table = Table(box=SIMPLE, title=title, title_justify="left", title_style="bold", header_style="dim", pad_edge=False)
    table.add_column("", min_width=24)
    for side in Side:
        table.add_column(NAMES[side], justify="right", min_width=10)
    rows = [
        (act, [counts.get(f"{act}_{side.value}", 0) for side in Side]) for act in ("created", "updated", "archived")
    ]
    for act, numbers in rows:
        if any(numbers) or act != "archived":
            table.add_row(f"records {act}", *(f"{number:,}" for number in numbers))
    table.add_row("fields written", *(f"{_fields(counts, side):,}" for side in Side))
    console.print(table)
    for key, words in _BOTH:
        if counts.get(key, 0):
            console.print(f"{counts[key]:>10,}  {words}")


def _fields(counts: Mapping[str, int], side: Side) -> int:
    return sum(counts.get(f"{act}_{side.value}_fields", 0) for act in ("created", "updated"))


def tell_run(console: Console, run: Run, usage: Mapping[str, Usage], waiting: int) -> None:
    """A run's summary, what it cost, and what to do next; `waiting` is how many issues are open in all."""
    _tell_counts(console, f"Run {run.id}", run.counts)
    for ref, why in run.skipped[:_SKIPPED_SHOWN]:
        say(console, f"[yellow]skipped[/] {escape(ref)}: {escape(why)}", 2)
    if len(run.skipped) > _SKIPPED_SHOWN:
        say(console, f"[dim]... and {len(run.skipped) - _SKIPPED_SHOWN} more skipped; see them with --json[/]", 2)
    for side, one in usage.items():
        say(console, f"{NAMES[side]}: {count(one.calls, 'API call')}{_day(one)}")
    _tell_what_next(console, run, waiting)


def _day(usage: Usage) -> str:
    throttled = f", {usage.throttled:,} of them answered with 'too many'" if usage.throttled else ""
    if usage.daily_limit is None:
        return throttled
    return f"{throttled}; the account has used {usage.daily_used:,} of {usage.daily_limit:,} today"


def _tell_what_next(console: Console, run: Run, waiting: int) -> None:
    if run.held:
        say(console, f"[bold yellow]Held:[/] {escape(run.held)}. Nothing beyond that was written.")
        say(console, "Look at `smarketing plan`; then let it go on with `smarketing sync --approve`.")
    elif run.skipped:
        say(console, "What was skipped is not lost: smarketing sync takes it as it is now.")
    elif run.needs_a_person:
        kinds = [kind for kind in MEANING if run.counts.get(kind.replace(" ", "_"), 0)]
        say(console, f"[yellow]Something needs a person[/] ({', '.join(kinds)}): smarketing status")
    elif waiting:
        still = f"{count(waiting, 'thing')} from earlier still {'waits' if waiting == 1 else 'wait'} for a person"
        say(console, f"Nothing else is to be done; {still}: smarketing status")
    else:
        say(console, "[green]Both sides are in step.[/]")
