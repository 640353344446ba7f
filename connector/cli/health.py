"""What people see of an installation's health: what waits first, with what to do about it."""

from __future__ import annotations

from datetime import datetime

from rich.console import Console
from rich.markup import escape

from connector.cli.frame import count, say
from connector.cli.words import NAMES, Words, issue_values, tell_groups
from connector.config.settings import Settings
from connector.core.refs import Side
from connector.reports.funnel import Funnel
from connector.reports.status import Status
from connector.storage.issues import StoredIssue
from connector.storage.runs import RunRow


def tell_status(console: Console, found: Status, settings: Settings, words: Words) -> None:
    """Health, and what needs a person."""
    say(console, f"[bold]{escape(settings.bridge.name)}[/]  {count(found.links, 'linked pair')}; {_dirty(found)}")
    for side in Side:
        say(console, f"{NAMES[side]:<10}  {_read(found, side)}; {_calls(found, settings, side)}", 2)
    for one in found.waiting:
        say(console, f"[yellow]waiting[/] {one.ref} until {one.due_at:%H:%M:%S} UTC: {escape(one.reason)}", 2)
    _tell_needs(console, found, words)
    if found.effects:
        told = ", ".join(f"{number:,} {state}" for state, number in found.effects.items())
        say(console, f"notices, tasks and webhooks: {told}  [dim]smarketing notices[/]", 2)
    _tell_runs(console, found)


def _dirty(found: Status) -> str:
    if not found.dirty:
        return "nothing waits to be looked at"
    since = _age(found.asked_at, found.oldest_dirty) if found.oldest_dirty else ""
    waits = f"{count(found.dirty, 'record')} {'waits' if found.dirty == 1 else 'wait'} to be looked at"
    return f"{waits}{f', the oldest since {since}' if since else ''}"


def _read(found: Status, side: Side) -> str:
    at = found.read_until[side.value]
    return f"read {_age(found.asked_at, at)} ago ({at:%Y-%m-%d %H:%M:%S} UTC)" if at else "never read yet"


def _calls(found: Status, settings: Settings, side: Side) -> str:
    mine = settings.hubspot if side is Side.HUBSPOT else settings.salesforce
    most = f" of at most {mine.calls_per_day:,}" if mine.calls_per_day else ""
    return f"{found.calls_today[side.value]:,} API calls of ours today{most}{_spent(found, settings, side)}"


def _spent(found: Status, settings: Settings, side: Side) -> str:
    """What it means that the ordinary part of the day's calls is used up, or all of them."""
    mine = settings.hubspot if side is Side.HUBSPOT else settings.salesforce
    spent = found.calls_today[side.value]
    if mine.calls_per_day is None or spent < int(mine.calls_per_day * (1 - mine.reserve_percent / 100)):
        return ""
    if spent >= mine.calls_per_day:
        return "; [red]used up[/]: everything goes on when the account's next day begins"
    return "; [yellow]only people with an open clock go on[/], the rest when the account's next day begins"


def _age(now: datetime, at: datetime) -> str:
    seconds = max(0, int((now - at).total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return count(seconds // size, unit)
    return count(seconds, "second")


def _tell_needs(console: Console, found: Status, words: Words) -> None:
    if not found.issues:
        say(console, "[green]Nothing needs a person.[/]")
        return
    say(console, f"[yellow]{count(sum(found.issues.values()), 'thing')} for a person:[/]")
    tell_groups(console, found.groups, words)
    say(console, "[dim]List them with: smarketing status --kind KIND [--field FIELD][/]", 2)


def _tell_runs(console: Console, found: Status) -> None:
    if found.runs:
        say(console, "[dim]Latest runs[/]")
    for run in found.runs:
        say(console, f"[dim]{run.id:>5}  {run.started_at:%m-%d %H:%M}  {run.kind:<6} {_ended(run)}[/]", 2)


def _ended(run: RunRow) -> str:
    wrote = sum(run.counts.get(f"{act}_{side.value}", 0) for act in ("created", "updated", "archived") for side in Side)
    would = "would write" if run.kind == "plan" else "wrote"
    return f"{run.outcome or 'unfinished'}, {would} {count(wrote, 'record')}; by {escape(run.by)}"


def tell_funnel(console: Console, found: Funnel) -> None:
    """The lifecycle's numbers: people by band and stage, clocks, handoffs without an answer."""
    lifecycle = found.agreement.definition.lifecycle
    by_band: dict[str, list[str]] = {}
    for stage in lifecycle.stages.values():
        if found.stages[stage.id]:
            by_band.setdefault(stage.band.value, []).append(f"{stage.name} {found.stages[stage.id]:,}")
    say(console, f"[bold]Lifecycle[/]  {count(found.people, 'person', 'people')}, {found.stages['']:,} in no stage")
    for band, stages in by_band.items():
        say(console, f"{band:<7} {found.bands[band]:>8,}  [dim]{escape(', '.join(stages))}[/]", 2)
    late = f", [red]{found.late:,} late[/]: smarketing sla list --state breached" if found.late else ""
    say(console, f"{count(sum(found.clocks.values()), 'open clock')}{late}", 2)
    if found.waiting or found.asked:
        asked = f", {found.asked:,} asked for more" if found.asked else ""
        waits = f"{count(found.waiting, 'handoff')} without an answer{asked}"
        say(console, f"{waits}: smarketing feedback list --waiting --asked", 2)


def tell_issues(console: Console, listed: list[StoredIssue], total: int, words: Words) -> None:
    """Open issues one by one."""
    for stored in listed:
        tell_issue(console, stored, words)
    if total > len(listed):
        say(console, f"[dim]... and {total - len(listed):,} more; see them with --limit {total}[/]")
    if not total:
        say(console, "[green]Nothing of that sort needs a person.[/]")


def tell_issue(console: Console, stored: StoredIssue, words: Words) -> None:
    """One open issue, with its number, which commands take."""
    issue = stored.issue
    what = issue.field or issue.rule
    head = f"#{stored.id} [yellow]{issue.kind.value}[/] {escape(', '.join(str(ref) for ref in issue.refs))}"
    say(console, f"{head} [bold]{escape(what)}[/]{issue_values(issue, words)}")
    often = f"; raised {stored.times} times since {stored.opened_at:%Y-%m-%d %H:%M}" if stored.times > 1 else ""
    say(console, f"{escape(issue.reason)}{f' ({escape(issue.code)})' if issue.code else ''}[dim]{often}[/]", 4)
    if stored.decision:
        say(console, f"[green]settled for {NAMES.get(stored.decision, stored.decision)}; the next sync does it[/]", 4)
    elif issue.kind == "conflict":
        say(console, f"[dim]mend it:[/] smarketing settle {stored.id} hubspot (or salesforce)", 4)
    elif issue.hint:
        say(console, f"[dim]mend it:[/] {escape(issue.hint)}", 4)
