"""What people see of one record: what was agreed, what both sides say now, the plan, and its story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connector.cli.frame import say
from connector.cli.health import tell_issue
from connector.cli.telling import tell_step
from connector.cli.words import NAMES, Words, called
from connector.core.journey import Entry
from connector.core.plan import Because
from connector.core.refs import Ref
from connector.engine.case import Case
from connector.engine.commands import Looked
from connector.engine.planfile import line
from connector.reports import journeys
from connector.reports.record import Row, rows
from connector.reports.status import issue_row
from connector.reports.story import Told
from connector.storage.events import Event

_LATE = timedelta(minutes=1)  # between a thing and hearing of it: less is not worth a word


def tell_record(console: Console, case: Case, looked: Looked, words: Words) -> None:
    """Agreed, HubSpot and Salesforce side by side, and the plan beneath."""
    readings = (case.subject.hubspot, case.subject.salesforce)
    refs = " = ".join(str(one.ref) for one in readings if one)
    say(console, f"[bold]{escape(called(case))}[/]  {escape(refs)}  {_standing(looked)}")
    console.print(_table(case, looked, words))
    blank = [row.rule.name for row in rule_rows(case, looked) if row.is_blank]
    if blank:
        say(console, f"[dim]blank on both sides: {', '.join(blank)}[/]")
    steps = line(case)["steps"]
    say(
        console,
        "[bold]Plan[/]" if steps else f"Nothing to do{': ' + escape(case.plan.note) if case.plan.note else ''}.",
    )
    for step in steps:
        tell_step(console, step, words)
    for stored in looked.issues:
        tell_issue(console, stored, words)


def _table(case: Case, looked: Looked, words: Words) -> Table:
    table = Table(box=SIMPLE, header_style="dim", pad_edge=False)
    for heading in ("rule", "HubSpot now", "Salesforce now", "last agreed"):
        table.add_column(heading, overflow="fold")
    for row in rule_rows(case, looked):
        if not row.is_blank:
            table.add_row(row.rule.name, *_now(row, words), _agreed(row, words))
    return table


def _agreed(row: Row, words: Words) -> str:
    if row.base is None:
        return "[dim]never yet[/]"
    if row.as_now:
        return "[dim]as now[/]"
    values = [words.value(value, row.rule.name) for value in row.base]
    return values[0] if row.base.hubspot == row.base.salesforce else " | ".join(values)


def _standing(looked: Looked) -> str:
    if looked.link is None:
        return "[yellow]not linked[/]"
    return "[yellow]kept apart by a person[/]" if looked.link.stopped else "[green]linked[/]"


def _now(row: Row, words: Words) -> list[str]:
    sides = ((row.hubspot, row.hubspot_read), (row.salesforce, row.salesforce_read))
    return [words.value(value, row.rule.name) if read else "[dim]not readable[/]" for value, read in sides]


def rule_rows(case: Case, looked: Looked) -> list[Row]:
    """Every rule of a record's pair: the agreed values and those of now."""
    memory = looked.link.memory if looked.link else None
    return list(rows(case.pair, case.subject.hubspot, case.subject.salesforce, memory))


def record_row(ref: Ref, case: Case, looked: Looked, told: Sequence[Event]) -> dict[str, Any]:
    """A record as JSON."""
    return {
        "ref": str(ref),
        "who": called(case),
        "linked": looked.link is not None and not looked.link.stopped,
        "rules": [row.row() for row in rule_rows(case, looked)],
        "plan": line(case),
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


def tell_story(console: Console, told: Sequence[Event], words: Words, journey: Sequence[Entry] = ()) -> None:
    """Everything that happened to a record, in order; what a journey says stands where it was learnt."""
    if told or journey:
        console.print("[bold]Story[/]")
    lines: list[tuple[datetime, Event | Entry]] = [(event.at, event) for event in told]
    lines += [(entry.seen_at, entry) for entry in journey]
    for _, one in sorted(lines, key=itemgetter(0)):
        if isinstance(one, Entry):
            _tell_entry(console, one, words)
        else:
            _tell_event(console, one, words)


def _tell_entry(console: Console, entry: Entry, words: Words) -> None:
    """One step of the journey."""
    earlier = f" [dim](so since {entry.at:%Y-%m-%d %H:%M:%S})[/]" if entry.seen_at - entry.at >= _LATE else ""
    said = journeys.words(entry, words.stages, words.owners)
    say(console, f"{entry.seen_at:%Y-%m-%d %H:%M:%S}  [cyan]{escape(said)}[/]{earlier}", 2)
    evidence = journeys.evidence(entry)
    if evidence:
        say(console, f"[dim]{escape(evidence)}[/]", 6)


def _tell_event(console: Console, event: Event, words: Words) -> None:
    payload = event.payload
    reason = " ".join(str(payload[key]) for key in ("act", "rule", "field", "winner", "reason") if payload.get(key))
    by = f"by {payload['by']}" if payload.get("by") else ""
    run = f"[dim]run {event.run_id}[/]" if event.run_id else ""
    words_of_it = " ".join(part for part in (event.kind, escape(reason), escape(by), run) if part)
    say(console, f"{event.at:%Y-%m-%d %H:%M:%S}  {words_of_it}", 2)
    for change in payload.get("changes", ()):
        _tell_change(console, change, words)


def _tell_change(console: Console, change: Mapping[str, Any], words: Words) -> None:
    before, after = (words.value(change[key], change["rule"]) for key in ("before", "after"))
    because = change.get("evidence") or change["because"]
    say(console, f"{NAMES[change['side']]} {change['field']}: {before} -> {after}  [dim]{escape(because)}[/]", 6)


def tell_why(console: Console, told: Sequence[Told], words: Words) -> None:
    """One field's story, oldest first."""
    for one in told:
        before, after = words.value(one.before, one.rule), words.value(one.after, one.rule)
        say(console, f"{one.at:%Y-%m-%d %H:%M:%S}  {one.record} [bold]{escape(one.field)}[/]: {before} -> {after}")
        rule = f"rule {one.rule}, " if one.rule else ""
        evidence = f": {escape(one.evidence)}" if one.evidence else ""
        say(console, f"{rule}{escape(one.because)}{evidence} (run {one.run_id})", 4)
        if one.because != Because.FOLLOWS and one.origin != one.after:
            say(console, f"made from the other side's {words.value(one.origin, one.rule)}", 4)
        if one.before is not None:
            say(console, f"the value that gave way: {before}", 4)
