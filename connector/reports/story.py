"""Why a value is what it is: the story of a record from its events, field by field where asked.

Events are only ever appended, so the story is complete from the first meeting on, with every value that gave way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connector.core.mapping import Pair
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
    return events.of_refs(conn, refs, _LONGEST)


def changes(told: Iterable[Event], names: Collection[str]) -> list[Told]:
    """Every change of a field (by any of its names on either side, or its rule's), in the order of the events."""
    every = (one for event in told for one in changes_in(event))
    return [one for one in every if one.field in names or one.rule in names]


def changes_in(event: Event) -> list[Told]:
    """What an event has changed."""
    return [_told(event, row) for row in event.payload.get("changes", ())]


def field_names(pair: Pair, field: str) -> set[str]:
    """A field by all its names: whoever asks for a rule's Salesforce field wants the whole rule's story."""
    rules = [rule for rule in pair.rules if field in (rule.name, rule.hubspot, rule.salesforce)]
    return {field, *(rule.name for rule in rules)}


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
        "; ".join(filter(None, (row.get("evidence"), event.payload.get("reason")))),
    )
