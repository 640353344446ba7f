"""Do two linked records agree, and if not, is there a reason for it?

The audit's question, asked of fresh readings and of what is remembered. It trusts nothing that the ordinary pass
believes: two values are the same or they are not. A difference is explained by what people can see (an open conflict,
a parked value), by what is about to be done (a mark, an edit nobody can have heard of yet), or by what was agreed (it
stood so when they met, a rule that goes one way, a blank that counts for nothing). What is left is drift.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from connector.core.changes import ABSENT, NOTHING, echoes, said
from connector.core.mapping import Blank, Direction, OnLeaving, Pair, Rule
from connector.core.merge import Merge, merge, same, translated
from connector.core.plan import Because, Change, Memory
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.values import Value


class Why(StrEnum):
    """Why two values that differ are no drift."""

    CONFLICT = "a person is asked which is right"
    PARKED = "a value is parked"
    PENDING = "waits to be looked at"
    YOUNG = "edited just now"
    UNREAD = "a side does not show the field"
    AS_MET = "stood so when the two last agreed"
    ONE_WAY = "the rule does not carry it that way"
    BLANK = "a blank counts for nothing"


_AWAY_FROM = {Side.HUBSPOT: Direction.TO_SALESFORCE, Side.SALESFORCE: Direction.TO_HUBSPOT}
STANDING = (Why.AS_MET, Why.ONE_WAY, Why.BLANK)  # nobody will ever do anything about these


class Drift(NamedTuple):
    """One rule whose two values differ without a reason; `side` lags behind, None where nobody can say."""

    rule: str
    side: Side | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a linked pair apart from its readings.

    Attributes:
        memory: what is remembered of the link.
        asked: rules that an open conflict is about.
        parked: (rule, side, field) of open parked values; rule or field may be "".
        pending: whether either record is marked.
        heard: by side, up to when its changes must have been heard of; later ones are young.
    """

    memory: Memory
    asked: Collection[str] = ()
    parked: Collection[tuple[str, Side | None, str]] = ()
    pending: bool = False
    heard: Mapping[Side, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compared:
    """What comparing one linked pair came to.

    Attributes:
        fields: how many rules were compared.
        drifted: those that differ without a reason.
        explained: why others differ, by rule.
        missing: the sides on which the record is not there any more, unless a mark is on its way to it.
        apart: the pair takes no part any more: it left the scope.
    """

    hubspot: Ref
    salesforce: Ref
    fields: int = 0
    drifted: tuple[Drift, ...] = ()
    explained: Mapping[str, Why] = field(default_factory=dict)
    missing: tuple[Side, ...] = ()
    apart: bool = False


def compare(pair: Pair, known: Known, left: Reading, right: Reading) -> Compared:
    """Compare one linked pair rule by rule; `left` is HubSpot's reading, `right` Salesforce's, both fresh."""
    gone = tuple(one.ref.side for one in (left, right) if not one.present)
    if gone:
        return Compared(left.ref, right.ref, missing=() if known.pending else gone)
    if pair.on_leaving is not OnLeaving.KEEP_UPDATING and not pair.in_scope(left, right):
        return Compared(left.ref, right.ref, apart=True)
    differing = [rule for rule in pair.rules if _differs(rule, left, right)]
    if not differing:
        return Compared(left.ref, right.ref, len(pair.rules))
    merged = merge(differing, known.memory, left, right)
    changes = {change.rule: change for change in (*merged.to_hubspot, *merged.to_salesforce)}
    drifted: list[Drift] = []
    explained: dict[str, Why] = {}
    for rule in differing:
        why = _why(rule, known, merged, left, right) or _young(changes.get(rule.name), known, left, right)
        if why:
            explained[rule.name] = why
        else:
            drifted.append(Drift(rule.name, changes[rule.name].side if rule.name in changes else None))
    return Compared(left.ref, right.ref, len(pair.rules), tuple(drifted), explained)


def _differs(rule: Rule, left: Reading, right: Reading) -> bool:
    ours, theirs = left.values.get(rule.hubspot, ABSENT), right.values.get(rule.salesforce, ABSENT)
    if ours is ABSENT or theirs is ABSENT:
        return True
    return not same(rule, left.values[rule.hubspot], right.values[rule.salesforce])


def _why(rule: Rule, known: Known, merged: Merge, left: Reading, right: Reading) -> Why | None:
    """What people can see, what was agreed, what is about to be done: in this order."""
    if rule.name in known.asked:
        return Why.CONFLICT
    if any(_parks(rule, *one) for one in known.parked):
        return Why.PARKED
    if rule.hubspot not in left.values or rule.salesforce not in right.values:
        unreadable = rule.hubspot in left.unreadable or rule.salesforce in right.unreadable
        return _pending(known) if unreadable else Why.UNREAD
    standing = None if rule.name in _undone(merged) else _standing(rule, known.memory, left, right)
    return standing or _pending(known)


def _undone(merged: Merge) -> set[str]:
    """The rules for which there is something to do, or to ask."""
    changes, shown = (*merged.to_hubspot, *merged.to_salesforce), (*merged.conflicts, *merged.refusals)
    return {change.rule for change in changes} | {issue.rule for issue in shown}


def _pending(known: Known) -> Why | None:
    return Why.PENDING if known.pending else None


def _parks(rule: Rule, name: str, side: Side | None, on: str) -> bool:
    """Whether a parked value is one of this rule, of its field, or the whole record."""
    if name or on:
        return rule.name == name or (side is not None and rule.field_on(side) == on)
    return True


def _standing(rule: Rule, memory: Memory, left: Reading, right: Reading) -> Why | None:
    """What was agreed explains it; a difference that nothing is done about need not be one of these."""
    values = {Side.HUBSPOT: left.values[rule.hubspot], Side.SALESFORCE: right.values[rule.salesforce]}
    agreed, form = memory.base.get(rule.name), rule.comparison
    at_base = {side: agreed is not None and form(value) == form(said(agreed, side)) for side, value in values.items()}
    if all(at_base.values()):
        return Why.AS_MET
    if (agreed is None or rule.blank is Blank.KEEP) and any(_silent(rule, *one) for one in values.items()):
        return Why.BLANK
    source = next((side for side in Side if rule.direction is _AWAY_FROM[side]), None)
    if source is None:
        return None
    sent = memory.sent.get(source, NOTHING).get(rule.name, ())
    ours = echoes(rule, form(values[source]), sent)  # what we once sent there is nobody's word
    return Why.ONE_WAY if at_base[source] or ours else None


def _silent(rule: Rule, side: Side, value: Value) -> bool:
    """Whether a value says nothing: a blank, what stands for one, what the mapping gave the record itself."""
    return value == rule.on_create.get(side) or translated(rule, side.other, value) is None


def _young(change: Change | None, known: Known, left: Reading, right: Reading) -> Why | None:
    """Whether what is still to be carried over may be too young to have been heard of."""
    asked = [left, right]
    if change is not None:
        speaks = change.side if change.because is Because.MIRRORS else change.side.other
        asked = [left if speaks is Side.HUBSPOT else right]
    for reading in asked:
        heard = known.heard.get(reading.ref.side)
        if heard is not None and reading.modified_at is not None and reading.modified_at > heard:
            return Why.YOUNG
    return None


@dataclass
class Tally:
    """What an audit came to. Counts by rule and side are of fields; `refs` are those of pairs, HubSpot's first.

    Attributes:
        drifted: by pair of refs, the rules that differ without a reason, or "" for a record that is not there.
    """

    links: int = 0
    differing: int = 0
    fields: int = 0
    differing_fields: int = 0
    apart: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)
    by_side: Counter[str] = field(default_factory=Counter)
    explained: Counter[Why] = field(default_factory=Counter)
    standing: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    drifted: dict[tuple[Ref, Ref], tuple[str, ...]] = field(default_factory=dict)

    def add(self, pair: Pair, one: Compared) -> None:
        """One more pair."""
        if one.apart:
            self.apart += 1
            return
        self.links += 1
        self.fields += one.fields
        for name, why in one.explained.items():
            self.explained[why] += 1
            if why in STANDING:
                self.standing[f"{pair.name} {name}"] += 1
        for side in one.missing:
            self.missing[side.value] += 1
        if one.missing:
            self.drifted[one.hubspot, one.salesforce] = ("",)
        if one.drifted:
            self.differing += 1
            self.differing_fields += len(one.drifted)
            self.drifted[one.hubspot, one.salesforce] = tuple(drift.rule for drift in one.drifted)
        for drift in one.drifted:
            self.by_rule[f"{pair.name} {drift.rule}"] += 1
            self.by_side[drift.side.value if drift.side else ""] += 1

    @property
    def percent(self) -> float:
        """Drift: the share of linked pairs of which a field differs without a reason, 0 to 100."""
        return 100 * self.differing / self.links if self.links else 0.0
