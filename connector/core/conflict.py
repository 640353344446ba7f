"""Who wins when both sides were edited.

The rule's policy decides, unless a person already has. NEWEST goes by the best evidence there is: the exact time of the
field's edit where a side keeps it (HubSpot's history), else the time at which the record was last modified, which is an
upper bound and stands in for it. The evidence says which of the two it was, and the value that gave way is kept with
the change. Times are compared to the second, as Salesforce keeps no finer ones; equal or unknown times leave the
conflict to a person.
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

    @property
    def rank(self) -> tuple[datetime, bool] | None:
        """What sorts edits by time: of two in one second an exact one is later than an upper bound."""
        return None if self.at is None else (self.at.replace(microsecond=0), self.exact)

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
    if ours.rank is None or theirs.rank is None or ours.rank == theirs.rank:
        return Verdict(None, Because.NEWEST, evidence, wants_history=_history_may_decide(ours, theirs))
    winner = Side.HUBSPOT if ours.rank > theirs.rank else Side.SALESFORCE
    return Verdict(winner, Because.NEWEST, evidence, wants_history=_history_may_decide(ours, theirs))


def _history_may_decide(ours: Edited, theirs: Edited) -> bool:
    """Whether HubSpot's history is worth a call: the exact time, earlier than the bound, may turn the verdict."""
    if ours.exact or theirs.rank is None:
        return False
    return ours.rank is None or ours.rank >= theirs.rank
