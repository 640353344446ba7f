"""How the bridge is: what waits, what needs a person, how far each side has been read, what the day has cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.reports.waiting import Asked, Group, Groups, open_issues
from connector.storage import budgets, cursors, dirty, effects, issues, links, runs
from connector.storage.dirty import Waiting
from connector.storage.issues import StoredIssue
from connector.storage.runs import RunRow


@dataclass(frozen=True, slots=True)
class Status:
    """One look at an installation. `issues` counts by kind; `groups` puts alike ones together.

    `effects`: notices, tasks and webhooks by state.
    """

    asked_at: datetime
    links: int
    dirty: int
    oldest_dirty: datetime | None
    waiting: list[Waiting]
    issues: dict[str, int]
    groups: list[Group]
    read_until: dict[str, datetime | None]
    calls_today: dict[str, int]
    runs: list[RunRow]
    effects: dict[str, int]

    @property
    def needs_a_person(self) -> bool:
        """Whether anything waits for somebody to decide."""
        return bool(self.issues)

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "links": self.links,
            "dirty": self.dirty,
            "oldest_dirty": self.oldest_dirty.isoformat() if self.oldest_dirty else None,
            "waiting": [
                {"ref": str(one.ref), "due_at": one.due_at.isoformat(), "reason": one.reason} for one in self.waiting
            ],
            "issues": self.issues,
            "groups": [group.row() for group in self.groups],
            "read_until": {side: at.isoformat() if at else None for side, at in self.read_until.items()},
            "calls_today": self.calls_today,
            "runs": [run_row(run) for run in self.runs],
            "effects": self.effects,
        }


def status(conn: Connection, now: datetime, zones: Mapping[Side, str], limit: int = 50) -> Status:
    """Look at the store; no CRM is called. `zones`: of the accounts, by whose days calls are counted."""
    groups = Groups()
    for stored in open_issues(conn, Asked()):
        groups.add(stored.issue, stored.id)
    return Status(
        asked_at=now,
        links=links.count(conn),
        dirty=dirty.count(conn),
        oldest_dirty=dirty.oldest(conn),
        waiting=[one for one in dirty.sample(conn, limit) if one.attempts],
        issues={kind.value: number for kind, number in issues.counts(conn).items()},
        groups=groups.all(),
        read_until={side.value: cursors.stored_at(conn, side) for side in Side},
        calls_today={
            side.value: budgets.spent(conn, side, now.astimezone(ZoneInfo(zones[side])).date()) for side in Side
        },
        runs=runs.recent(conn, 5),
        effects={state.value: number for state, number in effects.counts(conn).items()},
    )


def listed(conn: Connection, kind: str | None, field: str, limit: int) -> tuple[list[StoredIssue], int]:
    """The first open issues of a kind and a field (or rule), where named; and how many there are of them."""
    asked = Asked([IssueKind(kind)] if kind else None, field)
    found: list[StoredIssue] = []
    total = 0
    for stored in open_issues(conn, asked):
        total += 1
        if total <= limit:
            found.append(stored)
    return found, total


def issue_row(stored: StoredIssue) -> dict[str, Any]:
    """An open issue as JSON."""
    issue = stored.issue
    return {
        "id": stored.id,
        "kind": issue.kind.value,
        "refs": [str(ref) for ref in issue.refs],
        "side": issue.side.value if issue.side else None,
        "field": issue.field,
        "rule": issue.rule,
        "code": issue.code,
        "value": issue.value,
        "other_value": issue.other_value,
        "reason": issue.reason,
        "hint": issue.hint,
        "opened_at": stored.opened_at.isoformat(),
        "times": stored.times,
        "decision": stored.decision,
    }


def run_row(run: RunRow) -> dict[str, Any]:
    """A run as JSON."""
    return {
        "id": run.id,
        "kind": run.kind,
        "by": run.by,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "outcome": run.outcome,
        "counts": run.counts,
    }
