"""The acts of a person on many issues at once, as far as they are open still; what was closed meanwhile is counted.

Each is one transaction: what is decided, who decided it, and the marks by which the next pass does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from connector.core.plan import Issue, IssueKind
from connector.core.refs import Side
from connector.engine import looping
from connector.engine.bridge import Bridge
from connector.engine.story import ACT
from connector.storage import alike, dirty, events, issues
from connector.storage.events import Event
from connector.storage.issues import StoredIssue


@dataclass(frozen=True, slots=True)
class Acted:
    """On how many issues was acted, and how many were closed, or became something else, since they were chosen."""

    done: int
    stale: int


def settle(bridge: Bridge, issue_ids: Sequence[int], winner: Side, by: str) -> Acted:
    """Decide conflicts: the winner's values go to the other side in the next pass."""
    with bridge.database.begin() as conn:
        found = _still(conn, issue_ids, IssueKind.CONFLICT)
        for stored in found:
            issues.decide(conn, stored.id, winner.value)
        _tell(conn, bridge, found, lambda issue: _act("settle", by, rule=issue.rule, winner=winner.value))
    return _acted(issue_ids, found)


def unpark(bridge: Bridge, issue_ids: Sequence[int], by: str) -> Acted:
    """Let refused values be tried again in the next pass."""
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        found = _still(conn, issue_ids, IssueKind.PARKED)
        issues.close(conn, [stored.id for stored in found], now, f"unparked by {by}")
        looping.begin_anew(conn, found, now)
        _tell(conn, bridge, found, lambda issue: _act("unpark", by, field=issue.field))
    return _acted(issue_ids, found)


def look_again(bridge: Bridge, issue_ids: Sequence[int], by: str) -> Acted:
    """Have the records looked at again which the issues concern."""
    with bridge.database.begin() as conn:
        found = alike.by_ids(conn, issue_ids)
        _tell(conn, bridge, found, lambda _issue: _act("resync", by))
    return _acted(issue_ids, found)


def _still(conn: Connection, issue_ids: Sequence[int], kind: IssueKind) -> list[StoredIssue]:
    return [stored for stored in alike.by_ids(conn, issue_ids) if stored.issue.kind is kind]


def _acted(issue_ids: Sequence[int], found: Sequence[StoredIssue]) -> Acted:
    return Acted(len(found), len(set(issue_ids)) - len(found))


def _act(act: str, by: str, **said: str) -> dict[str, Any]:
    return {"act": act, **said, "by": by}


def _tell(
    conn: Connection, bridge: Bridge, found: Sequence[StoredIssue], payload: Callable[[Issue], dict[str, Any]]
) -> None:
    """Record the act on each, and mark all their records at last and at once, as whoever marks does."""
    now = bridge.clock.now()
    told = [(stored.issue, payload(stored.issue)) for stored in found]
    rows = [({ref.side: ref for ref in reversed(issue.refs)}, said) for issue, said in told]
    acts = [Event(now, ACT, ends.get(Side.HUBSPOT), ends.get(Side.SALESFORCE), None, said) for ends, said in rows]
    events.append(conn, acts)
    if told:
        dirty.mark(conn, {ref for issue, _ in told for ref in issue.refs}, now, reason=told[0][1]["act"])
