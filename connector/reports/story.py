"""Why a value is what it is: the story of a record from its events, field by field where asked.

Events are only ever appended, so the story is complete from the first meeting on, with every value that gave way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connector.core.refs import Ref
from connector.storage import events
from connector.storage.events import Event

_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Told:
    """One change of one field, as it happened."""

    at: datetime
    run_id: int | None
    record: Ref | None
    field: str
    rule: str
    before: str | None
    after: str | None
    because: str
    origin: str | None
    evidence: str

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "at": self.at.isoformat(),
            "run": self.run_id,
            "record": str(self.record) if self.record else None,
            "field": self.field,
            "rule": self.rule,
            "before": self.before,
            "after": self.after,
            "because": self.because,
            "origin": self.origin,
            "evidence": self.evidence,
        }


def story(conn: Connection, refs: Sequence[Ref]) -> list[Event]:
    """Everything that happened to these records, oldest first."""
    return sorted(events.of_refs(conn, refs, _LONGEST), key=lambda event: event.at)


def why(conn: Connection, refs: Sequence[Ref], name: str) -> list[Told]:
    """Every change of a field (by its name on either side, or its rule's), oldest first."""
    return [
        told
        for event in story(conn, refs)
        for row in event.payload.get("changes", ())
        if name in (row["field"], row["rule"])
        for told in [_told(event, row)]
    ]


def _told(event: Event, row: dict[str, Any]) -> Told:
    return Told(
        event.at,
        event.run_id,
        event.hubspot if row["side"] == "hubspot" else event.salesforce,
        row["field"],
        row["rule"],
        row["before"],
        row["after"],
        row["because"],
        row.get("origin", row["after"]),
        row.get("evidence", ""),
    )
