"""What a listener needs of a person, shown as an issue: `smarketing status` says it, and what goes on meanwhile.

A listener that is refused stops nothing, for polling finds every change without it; but nobody would notice that the
seconds have become minutes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from connector.core.plan import Issue, IssueKind
from connector.core.refs import Ref, Side
from connector.storage import issues

NAMES: Final = {"pubsub": (Side.SALESFORCE, "Salesforce's event bus"), "journal": (Side.HUBSPOT, "HubSpot's journal")}


def show(conn: Connection, listener: str, reason: str, now: datetime) -> None:
    """Say that a listener cannot listen, and why."""
    side, name = NAMES[listener]
    issue = Issue(
        IssueKind.STOPPED,
        (_place(listener),),
        side=side,
        code="LISTENER",
        reason=f"{name} tells us nothing: {reason}",
        hint="polling finds every change meanwhile, only later; it is tried again by itself (docs/listeners.md)",
    )
    issues.raise_issues(conn, [issue], now, None)


def unshow(conn: Connection, listener: str, now: datetime) -> None:
    """Say that it listens again."""
    issues.close_for(conn, [_place(listener)], [IssueKind.STOPPED], now, "it is heard again")


def _place(listener: str) -> Ref:
    return Ref(NAMES[listener][0], "account", listener)
