"""Who wins when both sides were edited.

The rule's policy decides, unless a person already has. NEWEST needs proof: an exact stamp is the time of the edit, the
time a record was last modified only says "at most then". A winner is named when no reading of the evidence could name
the other; equal or undecidable times leave the conflict to a person, because a guess would lose somebody's work.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.core.mapping import Policy, Rule
from connector.core.plan import Because
from connector.core.readings import Reading
from connector.core.refs import Side

_NAMES = {Side.HUBSPOT: "HubSpot", Side.SALESFORCE: "Salesforce"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The winning side, or None when a person must choose; why; and in words, what decided."""

    winner: Side | None
    because: Because
    evidence: str
    wants_history: bool = False  # the exact time of HubSpot's edit may yet decide


@dataclass(frozen=True, slots=True)
class Edited:
    """When a field was edited: at `at` exactly, or at most then; None when nothing is known."""

    at: datetime | None
    exact: bool

    @classmethod
    def by(cls, reading: Reading, name: str) -> Edited:
        """The best evidence a reading has for one of its fields."""
        stamp = reading.stamps.get(name)
        return cls(stamp.at, exact=True) if stamp else cls(reading.modified_at, exact=False)

    def surely_after(self, other: Edited) -> bool:
        """Whether this edit is later than the other whatever an "at most" stands for."""
        return self.exact and self.at is not None and other.at is not None and self.at > other.at

    def __str__(self) -> str:
        if self.at is None:
            return "at an unknown time"
        return f"{'at' if self.exact else 'at or before'} {str(self.at)[:19]} UTC"


def verdict(rule: Rule, left: Reading, right: Reading, chosen: Side | None) -> Verdict:
    """Settle a conflict of one rule. `chosen` is the side a person named, if any."""
    if chosen is not None:
        return Verdict(chosen, Because.SETTLED, f"a person chose {_NAMES[chosen]}")
    if rule.policy is Policy.NEWEST:
        return _newest(rule, left, right)
    if rule.policy is Policy.MANUAL:
        return Verdict(None, Because.SETTLED, "both edited; policy: manual")
    return Verdict(Side(rule.policy.value), Because.WINS_BY_POLICY, f"both edited; policy: {rule.policy.value}")


def _newest(rule: Rule, left: Reading, right: Reading) -> Verdict:
    ours, theirs = Edited.by(left, rule.hubspot), Edited.by(right, rule.salesforce)
    evidence = f"both edited; HubSpot {ours}, Salesforce {theirs}; policy: newest"
    if ours.surely_after(theirs):
        return Verdict(Side.HUBSPOT, Because.NEWEST, evidence)
    if theirs.surely_after(ours):
        return Verdict(Side.SALESFORCE, Because.NEWEST, evidence)
    return Verdict(None, Because.NEWEST, evidence, wants_history=_exact_time_may_decide(ours, theirs))


def _exact_time_may_decide(ours: Edited, theirs: Edited) -> bool:
    """Whether HubSpot's history is worth a call: it may prove HubSpot later, or an exact Salesforce time later."""
    if ours.exact or theirs.at is None:
        return False
    return theirs.exact or ours.at is None or ours.at > theirs.at
