"""What people see in a terminal: plans, runs, records, stories, health. Words first, nothing hidden."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connector.core.refs import Ref, Side
from connector.engine.commands import Looked
from connector.engine.planfile import line
from connector.engine.run import Run
from connector.ports import Usage
from connector.reports.forecast import Forecast
from connector.reports.status import Status, issue_row
from connector.reports.story import Told
from connector.storage.events import Event

NAMES = {"hubspot": "HubSpot", "salesforce": "Salesforce"}
_ATTENTION = {
    "conflict": "both sides edited a field and no policy settles it",
    "ambiguous": "several records could be the same one",
    "parked": "a value was refused",
    "edit beats deletion": "deleted on one side, edited on the other",
    "edit_beats_deletion": "deleted on one side, edited on the other",
    "held": "a guard held the run",
    "schema": "a mapped field is not as the mapping expects",
}


def shown(value: Any) -> str:
    """A value as people read it; a blank is told from an empty space."""
    return "[dim]blank[/]" if value is None else escape(str(value))


def tell_plan(console: Console, counts: Mapping[str, int], calls: Forecast, rows: Sequence[Mapping[str, Any]]) -> None:
    """A plan: every write of the records at hand, then the numbers."""
    for row in rows:
        console.print(f"[bold]{escape(' = '.join(row['records']))}[/]")
        for step in row["steps"]:
            _tell_step(console, step)
    planned = counts["considered"] - counts["unchanged"] - counts["left_alone"]
    if planned > len(rows):
        console.print(f"[dim]... and {planned - len(rows)} more; see them with --all, or save them with --out FILE[/]")
    console.print()
    console.print(_counts_table("The plan", counts))
    console.print(f"Writing it takes about {calls.hubspot} HubSpot and {calls.salesforce} Salesforce API calls.")
    console.print("Nothing was written.")


def _tell_step(console: Console, step: Mapping[str, Any]) -> None:
    match step["do"]:
        case "create" | "update":
            where = step.get("ref") or f"{step['side']}:{step['object']}"
            console.print(f"  {step['do']} {escape(where)}")
            for change in step["changes"]:
                rule = f" ({change['rule']}: {change['because']})" if change["rule"] else f" ({change['because']})"
                before = f"{shown(change['before'])} -> " if step["do"] == "update" else ""
                console.print(f"    {change['field']}: {before}{shown(change['after'])}[dim]{escape(rule)}[/]")
        case "raise":
            console.print(f"  [yellow]{step['kind']}[/] {escape(step.get('field', ''))} {escape(step['reason'])}")
            console.print(f"    [dim]{escape(step['hint'])}[/]")
        case other:
            details = ", ".join(f"{key} {value}" for key, value in step.items() if key != "do")
            console.print(f"  {other}: {escape(details)}")


def _counts_table(title: str, counts: Mapping[str, int]) -> Table:
    table = Table(title=title, title_justify="left", show_header=True, header_style="bold")
    for heading in ("", "HubSpot", "Salesforce"):
        table.add_column(heading, justify="left" if not heading else "right")
    for label, key in (("created", "created"), ("updated", "updated"), ("archived", "archived")):
        table.add_row(f"records {label}", *(str(counts.get(f"{key}_{side.value}", 0)) for side in Side))
    table.add_row("fields written", *(_fields(counts, side) for side in Side))
    for label, key in (
        ("pairs linked", "linked"),
        ("links moved on (merge, conversion)", "relinked"),
        ("links undone", "unlinked"),
        ("already in step", "unchanged"),
        ("left alone (out of scope, no create rule)", "left_alone"),
    ):
        if counts.get(key, 0):
            table.add_row(label, str(counts[key]), "")
    for key, why in _ATTENTION.items():
        if counts.get(key, 0):
            table.add_row(f"[yellow]{key.replace('_', ' ')}[/] [dim]{why}[/]", str(counts[key]), "")
    return table


def _fields(counts: Mapping[str, int], side: Side) -> str:
    return str(sum(counts.get(f"{act}_{side.value}_fields", 0) for act in ("created", "updated")))


def tell_run(console: Console, run: Run, usage: Mapping[str, Usage]) -> None:
    """A run's summary, and what it cost."""
    console.print(_counts_table(f"Run {run.id}", run.counts))
    for ref, why in run.skipped[:20]:
        console.print(f"[yellow]skipped[/] {escape(ref)}: {escape(why)}")
    if len(run.skipped) > 20:  # noqa: PLR2004  # a screenful
        console.print(f"[dim]... and {len(run.skipped) - 20} more skipped; see them with --json[/]")
    for side, one in usage.items():
        console.print(f"{NAMES[side]}: {one.calls} API calls{_day(one)}")
    if run.held:
        console.print(f"[bold yellow]Held:[/] {escape(run.held)}")
        console.print("Look at `smarketing plan`; then let it go on with `smarketing sync --approve`.")
    elif run.needs_a_person:
        console.print("Something needs a person: smarketing status")


def _day(usage: Usage) -> str:
    if usage.daily_limit is None:
        return ""
    return f" ({usage.daily_used} of {usage.daily_limit} of the day, everyone together)"


def tell_record(console: Console, ref: Ref, looked: Looked) -> None:
    """Base, HubSpot and Salesforce side by side, and the plan beneath."""
    case = looked.case
    if case is None:
        console.print(f"{ref} is not there, or is in no mapping.")
        return
    readings = (case.subject.hubspot, case.subject.salesforce)
    console.print(f"[bold]{escape(' = '.join(str(one.ref) for one in readings if one))}[/]  {_standing(looked)}")
    table = Table(show_header=True, header_style="bold")
    for heading in ("rule", "agreed (HubSpot | Salesforce)", "HubSpot now", "Salesforce now"):
        table.add_column(heading, overflow="fold")
    for row in _rule_rows(looked):
        base = "[dim]never met[/]" if row["base"] is None else " | ".join(shown(value) for value in row["base"])
        table.add_row(row["rule"], base, _now(row, "hubspot"), _now(row, "salesforce"))
    console.print(table)
    steps = line(case)["steps"]
    console.print(
        "[bold]Plan[/]" if steps else f"Nothing to do{': ' + escape(case.plan.note) if case.plan.note else ''}."
    )
    for step in steps:
        _tell_step(console, step)
    for stored in looked.issues:
        _tell_issue(console, issue_row(stored))


def _standing(looked: Looked) -> str:
    if looked.link is None:
        return "[yellow]not linked[/]"
    return "[yellow]kept apart by a person[/]" if looked.link.stopped else "[green]linked[/]"


def _now(row: Mapping[str, Any], side: str) -> str:
    return shown(row[side]) if row[f"{side}_read"] else "[dim]not readable[/]"


def _rule_rows(looked: Looked) -> Iterable[dict[str, Any]]:
    case = looked.case
    assert case is not None
    left, right = case.subject.hubspot, case.subject.salesforce
    for rule in case.pair.rules:
        agreed = looked.link.memory.base.get(rule.name) if looked.link else None
        yield {
            "rule": rule.name,
            "base": [agreed.hubspot, agreed.salesforce] if agreed else None,
            "hubspot": left.values.get(rule.hubspot) if left else None,
            "salesforce": right.values.get(rule.salesforce) if right else None,
            "hubspot_read": left is None or rule.hubspot in left.values,
            "salesforce_read": right is None or rule.salesforce in right.values,
        }


def record_row(ref: Ref, looked: Looked, told: Sequence[Event]) -> dict[str, Any]:
    """A record as JSON."""
    return {
        "ref": str(ref),
        "linked": looked.link is not None and not looked.link.stopped,
        "rules": list(_rule_rows(looked)) if looked.case else [],
        "plan": line(looked.case) if looked.case else None,
        "issues": [issue_row(stored) for stored in looked.issues],
        "story": [_event_row(event) for event in told],
    }


def _event_row(event: Event) -> dict[str, Any]:
    return {
        "at": event.at.isoformat(),
        "kind": event.kind,
        "hubspot": str(event.hubspot) if event.hubspot else None,
        "salesforce": str(event.salesforce) if event.salesforce else None,
        "run": event.run_id,
        **event.payload,
    }


def tell_story(console: Console, told: Sequence[Event]) -> None:
    """Everything that happened to a record, in order."""
    if told:
        console.print("[bold]Story[/]")
    for event in told:
        head = f"  {event.at:%Y-%m-%d %H:%M:%S} {event.kind}"
        words = event.payload.get("reason") or event.payload.get("by") or ""
        console.print(f"{head} {escape(str(words))} [dim]{f'run {event.run_id}' if event.run_id else ''}[/]")
        for change in event.payload.get("changes", ()):
            console.print(
                f"    {NAMES[change['side']]} {change['field']}: {shown(change['before'])} -> {shown(change['after'])}"
                f" [dim]{escape(change['because'])} {escape(change.get('evidence', ''))}[/]"
            )


def tell_why(console: Console, ref: Ref, name: str, told: Sequence[Told]) -> None:
    """One field's story, newest last."""
    if not told:
        console.print(f"The bridge has never written {name} of {ref}; what stands there was put by somebody else.")
        return
    for one in told:
        rule = f"rule {one.rule}, " if one.rule else ""
        console.print(f"{one.at:%Y-%m-%d %H:%M:%S} {one.record} {one.field}: {shown(one.before)} -> {shown(one.after)}")
        console.print(
            f"  {rule}{escape(one.because)}{': ' + escape(one.evidence) if one.evidence else ''} (run {one.run_id})"
        )
        if one.before is not None:
            console.print(f"  the value that gave way: {shown(one.before)}")


def tell_status(console: Console, found: Status) -> None:
    """Health, and what needs a person first."""
    console.print(f"{found.links} pairs linked; {found.dirty} records waiting to be looked at")
    for side, at in found.read_until.items():
        calls = found.calls_today.get(side, 0)
        read = f"last polled {at:%Y-%m-%d %H:%M:%S} UTC" if at else "never polled yet"
        console.print(f"{NAMES[side]}: {read}; {calls} API calls today")
    for one in found.waiting:
        console.print(f"  [yellow]waiting[/] {one.ref} until {one.due_at:%H:%M:%S}: {escape(one.reason)}")
    if not found.issues:
        console.print("[green]Nothing needs a person.[/]")
    for kind, number in found.issues.items():
        console.print(f"[yellow]{number} {kind}[/] [dim]{_ATTENTION.get(kind, '')}[/]")
    for stored in found.open_issues:
        _tell_issue(console, issue_row(stored))
    for run in found.runs:
        console.print(
            f"[dim]run {run.id} {run.kind} by {escape(run.by)}, {run.started_at:%m-%d %H:%M}:"
            f" {run.outcome or 'unfinished'}[/]"
        )


def _tell_issue(console: Console, issue: Mapping[str, Any]) -> None:
    what = f"{issue['field'] or issue['rule']} = {shown(issue['value'])}" if issue["field"] else ""
    if issue["kind"] == "conflict":
        what = f"{issue['rule']}: HubSpot {shown(issue['value'])}, Salesforce {shown(issue['other_value'])}"
    console.print(f"  #{issue['id']} [yellow]{issue['kind']}[/] {escape(', '.join(issue['refs']))} {what}")
    console.print(f"     {escape(issue['reason'])}{' [' + escape(issue['code']) + ']' if issue['code'] else ''}")
    if issue["hint"]:
        console.print(f"     [dim]mend it: {escape(issue['hint'])}[/]")
