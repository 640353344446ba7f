"""How values, owners, records and reasons read on a screen. Shared by everything that is told to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape

from connector.cli.frame import count, say
from connector.config.load import Loaded
from connector.core.mapping import MappingSet
from connector.core.plan import Issue, IssueKind
from connector.core.values import Kind
from connector.engine import facts
from connector.engine.case import Case
from connector.ports import Owner
from connector.reports.waiting import Group
from connector.storage.database import Database

NAMES = {"hubspot": "HubSpot", "salesforce": "Salesforce"}
MEANING = {
    "conflict": "both sides edited a field and no policy settles it",
    "ambiguous": "several records could be the same one",
    "parked": "a value was refused; the rest of the record went through",
    "edit beats deletion": "deleted on one side, edited on the other",
    "held": "a guard held a run",
    "drift": "two linked records differ, and nobody can say why",
    "schema": "a mapped field is not as the mapping expects",
    "stopped": "a side, its event bus or its journal refuses us; the reason says what waits for that",
    "unsent": "a notice, task or webhook was not sent, or nobody knows whether it was",
}


@dataclass(frozen=True)
class Words:
    """What ids mean: owners by id, which rules hold owners, and stages by id."""

    owners: Mapping[str, str] = field(default_factory=dict)
    owner_rules: frozenset[str] = frozenset()
    stages: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, mapping: MappingSet, owners: Sequence[Owner], stages: Mapping[str, str] | None = None) -> Words:
        """For one installation. stages: names by id, where there is a shared lifecycle."""
        rules = frozenset(rule.name for pair in mapping.pairs for rule in pair.rules if rule.kind is Kind.OWNER)
        return cls({one.id: one.name or one.email for one in owners}, rules, stages or {})

    @classmethod
    def recalled(cls, loaded: Loaded, database: Database) -> Words:
        """For an installation of which only the store is open: what was last told of its owners."""
        files = [source.file for source in loaded.mappings]
        rules = frozenset(name for file in files for name, rule in file.fields.items() if rule.kind is Kind.OWNER)
        known = facts.recall(database)
        owners = [one for told in known.owners.values() for one in told] if known else []
        return cls({one.id: one.name or one.email for one in owners}, rules)

    def value(self, value: Any, rule: str = "") -> str:
        """A value as people read it, on one line; a blank is told from an empty space, an owner by name."""
        if value is None:
            return "[dim]blank[/]"
        name = self.owners.get(str(value)) if rule in self.owner_rules else None
        line = escape("; ".join(str(value).splitlines()) or str(value))
        return f"{line} [dim]{escape(name)}[/]" if name else line


def called(case: Case) -> str:
    """What a person (company, deal) is called in daily life: by e-mail, else by the first field that has a value."""
    readings = [
        (one, side) for side, one in (("hubspot", case.subject.hubspot), ("salesforce", case.subject.salesforce))
    ]
    rules = sorted(case.pair.rules, key=lambda rule: rule.kind is not Kind.EMAIL)
    said = (
        one.values.get(rule.hubspot if side == "hubspot" else rule.salesforce)
        for rule in rules
        for one, side in readings
        if one
    )
    return next((str(value) for value in said if value), "")


def tell_groups(console: Console, groups: Sequence[Group], words: Words) -> None:
    """What needs a person, alike things together: how many, why, one of them, and what to do."""
    for group in groups:
        say(console, f"[yellow]{count(group.number, group.kind, group.kind)}[/]  {_what(group)}", 2)
        if group.kind not in (IssueKind.HELD, IssueKind.STOPPED):  # which concern no record
            say(console, f"[dim]for example[/] {_example(group, words)}", 6)
        if group.frequent:
            shared = (f"{words.value(value, group.rule)} ({number:,})" for value, number in group.frequent)
            say(console, f"[dim]most often[/] {', '.join(shared)}", 6)
        if group.hint:
            say(console, f"[dim]mend it:[/] {escape(group.hint)}", 6)


def _what(group: Group) -> str:
    reason = MEANING[group.kind] if group.kind == "conflict" else group.reason or MEANING[group.kind]
    where = f"{NAMES[group.side]} {group.field}" if group.side and group.field else group.field or group.rule
    code = f" [dim]({escape(group.code)})[/]" if group.code else ""
    return (f"[bold]{escape(where)}[/]: " if where else "") + escape(reason) + code


def _example(group: Group, words: Words) -> str:
    number = f"#{group.example_number} " if group.example_number else ""
    refs = escape(", ".join(str(ref) for ref in group.example.refs))
    return number + refs + issue_values(group.example, words)


def issue_values(issue: Issue, words: Words) -> str:
    """The value or values an issue is about."""
    if issue.kind == "conflict":
        ours, theirs = words.value(issue.value, issue.rule), words.value(issue.other_value, issue.rule)
        return f": HubSpot {ours} | Salesforce {theirs}"
    return f": {words.value(issue.value, issue.rule)}" if issue.value is not None else ""
