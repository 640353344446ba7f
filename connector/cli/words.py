"""How values, owners, records and reasons read on a screen. Shared by everything that is told to people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape

from connector.cli.frame import count, say
from connector.config.load import Loaded
from connector.core.plan import Issue, IssueKind
from connector.core.values import Kind
from connector.engine import facts
from connector.engine.case import Case
from connector.reports import names
from connector.reports.names import MEANING as MEANING  # noqa: PLC0414  # whoever tells takes words from here
from connector.reports.names import NAMES as NAMES  # noqa: PLC0414  # likewise
from connector.reports.names import Names
from connector.reports.waiting import Group
from connector.storage.database import Database


@dataclass(frozen=True)
class Words(Names):
    """What ids mean, and how values read in a terminal."""

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
        line, name = self.spelt(value, rule)
        return f"{escape(line)} [dim]{escape(name)}[/]" if name else escape(line)


def called(case: Case) -> str:
    """What a person (company, deal) is called in daily life."""
    return names.called(case.pair, case.subject.hubspot, case.subject.salesforce)


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
