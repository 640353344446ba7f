"""Handoffs: every time somebody was handed to sales, and what came back, as their journey tells it.

A handoff waits until a rep answers, or moves the person on, which is an answer as well. What marketing takes back
before that, nobody has to answer about. An escalation to another rep goes on with the same handoff.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from connector.core.definition import Definition
from connector.core.feedback import STATUS
from connector.core.journey import Answered, Asked, Entry, Handed, Ruled
from connector.core.lifecycle import Kind, Mover
from connector.core.refs import Ref, Side
from connector.core.situation import Situation
from connector.core.walking import walk

WAITING, ASKED = "waiting", "asked"
STATUSES = (WAITING, ASKED, *STATUS.values(), "taken back")
CAMPAIGN = ("utm_campaign", "hs_analytics_source_data_1")  # HubSpot's, where lifecycle.yaml has one of them watched
_BY_MOVE = {Kind.FORWARD: "accepted", Kind.RECYCLE: "recycled", Kind.DISQUALIFY: "disqualified"}


@dataclass(frozen=True, slots=True)
class Handoff:
    """One handoff and what became of it.

    Attributes:
        at, owner, rule, why: when, to whom (Salesforce id), by which rule of the handoff, and what the rep was told.
        stage, persona, source, campaign: of the person then.
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
    campaign: str = ""

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
            who = (situation.stage, situation.persona, source_of(definition, situation))
            found.append(Handoff(refs, *told, *who, campaign=_campaign_of(situation)))
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


def _campaign_of(situation: Situation) -> str:
    """The campaign that brought a person, as far as it is watched."""
    told = situation.fields.get(Side.HUBSPOT, {})
    return next((value for name in CAMPAIGN if (value := told.get(name))), "")
