"""The funnel at a glance: people by stage and band, clocks that are open or late, handoffs without an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.core.course import standing
from connector.core.journey import Entry, Handed
from connector.core.sla import State
from connector.core.steered import Agreement
from connector.reports.handoffs import handoffs
from connector.reports.promises import cycles_of


@dataclass
class Funnel:
    """Counted as people stream by.

    Attributes:
        stages: people by stage; "" for who was seen in none.
        clocks: open clocks by state; a late one that is still open is `breached`.
        waiting, asked: handoffs without an answer, and those whose answer lacks something.
    """

    agreement: Agreement
    now: datetime
    people: int = 0
    stages: Counter[str] = field(default_factory=Counter)
    clocks: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    asked: int = 0

    def take(self, entries: Sequence[Entry]) -> None:
        """One more person."""
        definition = self.agreement.definition
        self.people += 1
        self.stages[standing(definition, entries).stage or ""] += 1
        cycles = cycles_of(self.agreement, entries, self.now).values()
        self.clocks.update(one.state.value for those in cycles for one in those if one.ended_at is None)
        if any(isinstance(entry.what, Handed) for entry in entries):
            last = handoffs(definition, (), entries)[-1:]
            self.waiting += sum(one.status == "waiting" for one in last)
            self.asked += sum(one.status == "asked" for one in last)

    @property
    def bands(self) -> Counter[str]:
        """People by band."""
        found: Counter[str] = Counter()
        for stage, number in self.stages.items():
            found[self.agreement.definition.bands.get(stage, "")] += number
        return found

    @property
    def late(self) -> int:
        """Open clocks past their deadline."""
        return self.clocks[State.BREACHED.value]

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "people": self.people,
            "stages": {stage: self.stages[stage] for stage in (*self.agreement.definition.lifecycle.stages, "")},
            "bands": {band: number for band, number in self.bands.items() if band},
            "open_clocks": sum(self.clocks.values()),
            "clocks": dict(sorted(self.clocks.items())),
            "breached": self.late,
            "waiting_for_feedback": self.waiting,
            "asked_for_more": self.asked,
        }
