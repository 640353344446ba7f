"""What became of handoffs: who was handed to whom and why, what sales answered, and how often that was yes.

The accept rate is accepted / (accepted + rejected + expired), where who was not answered in the time promised counts
against sales (product, section 5); reasons that do not count against marketing are in neither. It is drawn by
`core.facts`, so that it is the one the objectives are held to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from connector.core.course import walk
from connector.core.facts import drawn
from connector.core.goals import Fact, Happened
from connector.core.handed import ASKED, STATUSES, WAITING, Handoff, handoffs
from connector.core.journey import Entry, Handed
from connector.core.refs import Ref
from connector.core.sla import Cycle
from connector.core.steered import Agreement
from connector.core.verdicts import owes_answer
from connector.reports.promises import cycles_of

__all__ = ["ASKED", "STATUSES", "WAITING", "Feedback", "Handoff", "Rates", "Wanted", "facts_of", "handoffs"]


def facts_of(agreement: Agreement, entries: Sequence[Entry], now: datetime) -> Iterator[Fact]:
    """What counts in one journey towards rates and objectives."""
    late: list[Cycle] = []
    if any(isinstance(entry.what, Handed) for entry in entries):
        every = [one for those in cycles_of(agreement, entries, now).values() for one in those]
        late = [one for one in every if owes_answer(agreement.book, one)]
    return drawn(agreement.definition, walk(agreement.definition, entries), late)


@dataclass
class Rates:
    """What sales made of handoffs, counted."""

    accepted: int = 0
    rejected: int = 0
    expired: int = 0

    def take(self, what: Happened) -> None:
        """One more."""
        self.accepted += what is Happened.ACCEPTED
        self.rejected += what is Happened.REJECTED
        self.expired += what is Happened.EXPIRED

    @property
    def rate(self) -> Decimal | None:
        """Accepted / (accepted + rejected + expired); None where there is nothing to divide by."""
        among = self.accepted + self.rejected + self.expired
        return Decimal(self.accepted) / among if among else None

    def row(self) -> dict[str, Any]:
        """As JSON."""
        rate = None if self.rate is None else round(float(self.rate), 4)
        return {"accepted": self.accepted, "rejected": self.rejected, "expired": self.expired, "accept_rate": rate}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which handoffs are asked for; nothing named means all. since: of the handoff."""

    statuses: frozenset[str] = frozenset()
    reason: str = ""
    group: str = ""
    source: str = ""
    persona: str = ""
    since: datetime | None = None

    def takes(self, one: Handoff) -> bool:
        """Whether a handoff is among them."""
        return (
            (not self.statuses or one.status in self.statuses)
            and self.reason in ("", one.reason)
            and self.group in ("", one.group)
            and self.source in ("", one.source)
            and self.persona in ("", one.persona)
            and (self.since is None or one.at >= self.since)
        )

    def counts(self, fact: Fact) -> bool:
        """Whether an outcome is of somebody asked for; facts have no reason, so that does not narrow rates."""
        who = self.source in ("", fact.source) and self.persona in ("", fact.persona)
        return who and (self.since is None or fact.at >= self.since)


@dataclass
class Feedback:
    """Handoffs as people stream by: all are counted, those longest open and then the newest are kept."""

    agreement: Agreement
    now: datetime
    wanted: Wanted
    limit: int
    total: int = 0
    shown: list[Handoff] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)  # (class, reason)
    overall: Rates = field(default_factory=Rates)
    by_source: dict[str, Rates] = field(default_factory=dict)
    by_persona: dict[str, Rates] = field(default_factory=dict)

    def take(self, refs: tuple[Ref, ...], entries: Sequence[Entry]) -> None:
        """One more person."""
        for one in filter(self.wanted.takes, handoffs(self.agreement.definition, refs, entries)):
            self.total += 1
            self.statuses[one.status] += 1
            if one.reason:
                self.reasons[one.group, one.reason] += 1
            self.shown.append(one)
        if len(self.shown) > 2 * self.limit:
            self._prune()
        for fact in filter(self.wanted.counts, facts_of(self.agreement, entries, self.now)):
            rates = (
                self.overall,
                self.by_source.setdefault(fact.source, Rates()),
                self.by_persona.setdefault(fact.persona, Rates()),
            )
            for rate in rates:
                rate.take(fact.what)

    def listed(self) -> list[Handoff]:
        """Those that are shown: what still waits, the longest first; then the latest answers."""
        self._prune()
        return self.shown

    def _prune(self) -> None:
        self.shown.sort(key=lambda one: (not one.is_open, one.at.timestamp() * (1 if one.is_open else -1)))
        del self.shown[self.limit :]

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "total": self.total,
            "statuses": dict(self.statuses.most_common()),
            "reasons": [
                {"class": group, "reason": reason, "count": number}
                for (group, reason), number in self.reasons.most_common()
            ],
            **self.overall.row(),
            "by_source": {name: rates.row() for name, rates in sorted(self.by_source.items())},
            "by_persona": {name: rates.row() for name, rates in sorted(self.by_persona.items())},
            "handoffs": [one.row() for one in self.listed()],
        }
