"""What became of handoffs: who was handed to whom and why, what sales answered, and how often that was yes.

The accept rate is accepted / (accepted + rejected + expired), where who was not answered in the time promised counts
against sales (product, section 5); reasons that do not count against marketing are in neither. It is drawn by
`core.facts`, so that it is the one the objectives are held to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connector.core.course import walk
from connector.core.definition import Definition
from connector.core.facts import drawn
from connector.core.goals import Fact, Happened
from connector.core.journey import Answered, Asked, Entry, Handed, Ruled, Verdict
from connector.core.lifecycle import Kind, Mover
from connector.core.policy import PolicyKind
from connector.core.refs import Ref, Side
from connector.core.situation import Situation
from connector.core.sla import Cycle
from connector.core.steered import Agreement
from connector.core.verdicts import followed
from connector.reports.promises import cycles_of

WAITING, ASKED = "waiting", "asked"
STATUS = {
    Verdict.ACCEPT: "accepted",
    Verdict.REJECT: "rejected",
    Verdict.RECYCLE: "recycled",
    Verdict.DISQUALIFY: "disqualified",
}
STATUSES = (WAITING, ASKED, *STATUS.values(), "taken back")
_BY_MOVE = {Kind.FORWARD: "accepted", Kind.RECYCLE: "recycled", Kind.DISQUALIFY: "disqualified"}


@dataclass(frozen=True, slots=True)
class Handoff:
    """One handoff and what became of it.

    Attributes:
        at, owner, rule, why: when, to whom (Salesforce id), by which rule of the handoff, and what the rep was told.
        stage, persona, source: of the person then.
        status: one of STATUSES; missing: what an incomplete answer lacks.
        group: the reason's class (reject, disqualify, recycle); "" without a reason.
    """

    refs: tuple[Ref, ...]
    at: datetime
    owner: str
    rule: str
    why: tuple[str, ...]
    stage: str
    persona: str
    source: str
    status: str = WAITING
    missing: tuple[str, ...] = ()
    reason: str = ""
    group: str = ""
    comment: str = ""
    revisit: date | None = None
    by: str = ""
    answered_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether sales still owes an answer."""
        return self.status in (WAITING, ASKED)

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "person": list(map(str, self.refs)),
            "handed_at": self.at.isoformat(),
            "owner": self.owner,
            "rule": self.rule,
            "why": list(self.why),
            "stage": self.stage,
            "persona": self.persona,
            "source": self.source,
            "status": self.status,
            "missing": list(self.missing),
            "reason": self.reason,
            "class": self.group,
            "comment": self.comment,
            "revisit": self.revisit.isoformat() if self.revisit else None,
            "by": self.by,
            "answered_at": self.answered_at.isoformat() if self.answered_at else None,
        }


def handoffs(definition: Definition, refs: tuple[Ref, ...], entries: Iterable[Entry]) -> list[Handoff]:
    """Every handoff of one person, oldest first. An escalation to another rep goes on with the same one."""
    found: list[Handoff] = []
    stage = ""
    for entry, situation in walk(definition, entries):
        what = entry.what
        if isinstance(what, Handed) and what.policy and found:
            found[-1] = replace(found[-1], owner=what.owner)
        elif isinstance(what, Handed):
            told = (entry.at, what.owner, what.rule, what.why)
            found.append(Handoff(refs, *told, situation.stage, situation.persona, source_of(definition, situation)))
        elif found:
            found[-1] = _after(definition, found[-1], entry, left=situation.stage != stage)
        stage = situation.stage
    return found


def _after(definition: Definition, one: Handoff, entry: Entry, *, left: bool) -> Handoff:
    """What a handoff is once more has happened."""
    what = entry.what
    if isinstance(what, Asked) and one.is_open:
        return replace(one, status=ASKED if what.missing else WAITING, missing=what.missing)
    if isinstance(what, Answered):
        reasons = definition.feedback.reasons if definition.feedback else {}
        group = reasons[what.reason].group.value if what.reason in reasons else ""
        return replace(
            one,
            status=STATUS[what.verdict],
            missing=(),
            reason=what.reason,
            group=group,
            comment=what.comment,
            revisit=what.revisit,
            by=what.by,
            answered_at=entry.at,
        )
    if isinstance(what, Ruled) and left and one.is_open:
        return _by_a_move(one, entry, what)
    return one


def _by_a_move(one: Handoff, entry: Entry, what: Ruled) -> Handoff:
    """Who moves somebody on has answered; whom marketing takes back, nobody has to answer about."""
    if what.by is Mover.MARKETING and what.kind is Kind.BACKWARD:
        return replace(one, status="taken back", missing=(), answered_at=entry.at)
    status = _BY_MOVE.get(what.kind) if what.kind else None
    if status is None:
        return one
    return replace(one, status=status, missing=(), reason=what.reason, by=what.by.value, answered_at=entry.at)


def source_of(definition: Definition, situation: Situation) -> str:
    """Where a person came from, as the first side that tells says."""
    for side in Side:
        name = definition.source.get(side)
        value = situation.fields.get(side, {}).get(name) if name else None
        if value:
            return value
    return ""


def facts_of(agreement: Agreement, entries: Sequence[Entry], now: datetime) -> Iterator[Fact]:
    """What counts in one journey towards rates and objectives."""
    late: list[Cycle] = []
    if any(isinstance(entry.what, Handed) for entry in entries):
        late = [
            one for those in cycles_of(agreement, entries, now).values() for one in those if _answers(agreement, one)
        ]
    return drawn(agreement.definition, walk(agreement.definition, entries), late)


def _answers(agreement: Agreement, cycle: Cycle) -> bool:
    """Whether a promise is one to answer in time."""
    policy = followed(agreement.book, cycle)
    return policy is not None and policy.kind is PolicyKind.DISPOSITION


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
