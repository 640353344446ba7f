"""What audits found: how many linked pairs differ without a reason, of which fields, and how that goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connector.storage import drift
from connector.storage.drift import Row

TREND = 10  # audits


@dataclass(frozen=True, slots=True)
class Example:
    """One pair that differed: refs in text, and rules; no rule where a record is not there any more."""

    hubspot: str
    salesforce: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The last audit, and the ones before it, newest first."""

    last: Row
    earlier: Sequence[Row]

    @property
    def at(self) -> datetime:
        """When it was made."""
        return self.last.at

    @property
    def percent(self) -> float:
        """The drift number: the share of compared pairs that differ without a reason, 0 to 100."""
        return share(self.last.differing, self.last.compared)

    @property
    def fields_percent(self) -> float:
        """The same of fields."""
        return share(self.last.body["differing_fields"], self.last.body["fields"])

    @property
    def needs_a_person(self) -> bool:
        """Whether drift is above the alarm, or something does not heal."""
        return bool(self.last.body["alarm"] or self.last.body["lasting"])

    def counts(self, name: str) -> Mapping[str, int]:
        """One of its counts by name: by_rule, by_side, explained, standing, missing."""
        found: Mapping[str, int] = self.last.body[name]
        return found

    def examples(self, limit: int) -> list[Example]:
        """The first pairs that differed."""
        return [Example(one[0], one[1], tuple(filter(None, one[2:]))) for one in self.last.body["drifted"][:limit]]

    def row(self, limit: int) -> dict[str, Any]:
        """As JSON."""
        body = {name: value for name, value in self.last.body.items() if name != "drifted"}
        return {
            "at": self.at.isoformat(),
            "compared": self.last.compared,
            "differing": self.last.differing,
            "percent": round(self.percent, 3),
            **body,
            "fields_percent": round(self.fields_percent, 3),
            "examples": [
                {"hubspot": one.hubspot, "salesforce": one.salesforce, "rules": one.rules}
                for one in self.examples(limit)
            ],
            "earlier": [
                {
                    "at": one.at.isoformat(),
                    "compared": one.compared,
                    "differing": one.differing,
                    "percent": round(share(one.differing, one.compared), 3),
                }
                for one in self.earlier
            ],
        }


def latest(conn: Connection) -> Report | None:
    """What the last audits found; None before the first."""
    found = drift.latest(conn, TREND + 1)
    return Report(found[0], found[1:]) if found else None


def share(number: int, of: int) -> float:
    """A share in per cent; of nothing it is none."""
    return 100 * number / of if of else 0.0
