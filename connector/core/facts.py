"""Facts drawn from a journey: what counts towards the goals of a period, each with stage, persona and source.

A handoff has one outcome. It is accepted if sales ever accepted it, else rejected if a rep gave it back for a reason
that counts against marketing, else expired if its disposition was late and still is not there. What was there before
the lifecycle began is history and no fact. A deal that is kept in step is told of by both sides and counts as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest

from connector.core.definition import Definition
from connector.core.goals import ZERO, Fact, Happened
from connector.core.journey import Answered, Dealt, Entry, Handed, Ruled, Verdict, What
from connector.core.lifecycle import Kind, Mover
from connector.core.refs import Side
from connector.core.situation import Situation
from connector.core.sla import Cycle

_FORTH = frozenset({None, Kind.FORWARD, Kind.RE_ENTER})


def drawn(
    definition: Definition, steps: Iterable[tuple[Entry, Situation]], dispositions: Iterable[Cycle] = ()
) -> Iterator[Fact]:
    """What counts in one journey.

    Args:
        definition: says which field tells the source, and which reasons count against marketing.
        steps: the journey, each entry with the situation after it.
        dispositions: the cycles of the policies of kind disposition; what of them is late and unanswered has expired.
    """
    handoffs: list[_Handoff] = []
    won: dict[str, Fact] = {}
    before = ""
    for entry, situation in steps:
        what = entry.what
        if isinstance(what, Ruled) and situation.stage != before and not what.first and what.kind in _FORTH:
            yield _fact(definition, entry, situation, Happened.ENTERED)
        _listen(definition, handoffs, entry, situation)
        if isinstance(what, Dealt) and definition.deals_of in (None, entry.ref.side):
            _deal(won, what, replace(_fact(definition, entry, situation, Happened.WON), id=_deal_id(entry, what)))
        before = situation.stage
    yield from won.values()
    for _, outcome in _outcomes(handoffs, dispositions):
        yield outcome


def outcomes(
    definition: Definition, steps: Iterable[tuple[Entry, Situation]], dispositions: Iterable[Cycle] = ()
) -> dict[datetime, Happened]:
    """What became of each handoff that has an outcome, by when it was made; the arguments are those of `drawn`."""
    handoffs: list[_Handoff] = []
    for entry, situation in steps:
        _listen(definition, handoffs, entry, situation)
    return {handed_at: outcome.what for handed_at, outcome in _outcomes(handoffs, dispositions)}


def _listen(definition: Definition, handoffs: list[_Handoff], entry: Entry, situation: Situation) -> None:
    """A handoff begins, or something is said of the last one."""
    what = entry.what
    if isinstance(what, Handed) and not what.policy:
        handoffs.append(_Handoff(_fact(definition, entry, situation, Happened.EXPIRED)))
    elif handoffs:
        handoffs[-1].take(_said(definition, what), entry.at)


def _outcomes(handoffs: Sequence[_Handoff], dispositions: Iterable[Cycle]) -> Iterator[tuple[datetime, Fact]]:
    """Each handoff that has an outcome: when it was made, and the fact."""
    late = [cycle for cycle in dispositions if cycle.lateness and not cycle.attempts]
    for handoff, after in zip_longest(handoffs, handoffs[1:]):
        for outcome in handoff.outcome(late, after):
            yield handoff.fact.at, outcome


@dataclass(slots=True)
class _Handoff:
    """A handoff, and what came of it: the fact as it would be if nobody had said anything in time."""

    fact: Fact
    said: Happened | None = None
    said_at: datetime | None = None

    def take(self, said: Happened | None, at: datetime) -> None:
        """Who accepts is believed whatever they said before."""
        if (said is Happened.ACCEPTED and self.said is not said) or self.said is None:
            self.said, self.said_at = said, at

    def outcome(self, late: Iterable[Cycle], after: _Handoff | None) -> Iterator[Fact]:
        """At most one fact; a late cycle that began between this handoff and the next one is its own."""
        if self.said and self.said_at:
            yield replace(self.fact, what=self.said, at=self.said_at)
            return
        for cycle in late:
            is_own = cycle.due_at and cycle.due_at > self.fact.at and (not after or cycle.due_at <= after.fact.at)
            if is_own and cycle.due_at:
                yield replace(self.fact, at=cycle.due_at)
                return


def _fact(definition: Definition, entry: Entry, situation: Situation, what: Happened) -> Fact:
    told = (
        values.get(definition.source.get(side) or "")
        for side in (Side.HUBSPOT, Side.SALESFORCE)
        if (values := situation.fields.get(side))
    )
    source = next((value for value in told if value), "")
    return Fact(what, entry.at, situation.stage, situation.persona, source)


def _said(definition: Definition, what: What) -> Happened | None:
    """What sales says of the lead by an answer or a move; None: nothing, or nothing that counts."""
    if isinstance(what, Answered):
        accepts, reason = what.verdict is Verdict.ACCEPT, what.reason
    elif isinstance(what, Ruled) and what.by is Mover.SALES and what.kind is not None:
        accepts, reason = what.kind is Kind.FORWARD, what.reason
    else:
        return None
    if accepts:
        return Happened.ACCEPTED
    known = definition.feedback.reasons.get(reason) if definition.feedback else None
    return Happened.REJECTED if known is None or known.counts_against_marketing else None


def _deal_id(entry: Entry, what: Dealt) -> str:
    return f"{entry.ref.side.value}:{what.deal}"


def _deal(won: dict[str, Fact], what: Dealt, fact: Fact) -> None:
    """Won when it was won first, for the amount it has now; one that is no longer won never was."""
    if not what.won:
        won.pop(fact.id, None)
        return
    amount = Decimal(what.amount) if what.amount else ZERO
    won[fact.id] = replace(won.get(fact.id, fact), amount=amount)
