"""Small worlds for the laws: one record, agreed on once, then changed on either side.

Two unrelated records share no history and test nothing; so a value is drawn, both sides agree on it, and then each
side may edit. Values come from small pools, so that coincidences (the same edit on both sides, an edit back) happen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from connector.core import refs
from connector.core.comparison import comparison, decimals
from connector.core.mapping import Blank, Direction, OnArchive, Pair, Policy, Refusal, Rule
from connector.core.merge import Merge
from connector.core.plan import Agreed, Change, Issue, Memory
from connector.core.readings import Reading, Stamp
from connector.core.refs import Side
from connector.core.transforms import (
    TRANSFORMS,
    LengthPolicy,
    Transform,
    Unmapped,
    identity,
    limit_decimals,
    limit_length,
    value_map,
)
from connector.core.values import Kind, Value

POOLS = {
    Kind.TEXT: ("Ada", "ada", "ADA", "Ada  L", "Bob", "x" * 12),
    Kind.EMAIL: ("ada@x.test", "Ada@X.test", "bob@x.test"),
    Kind.PHONE: ("+33 1 40 20 00 00", "+33140200000", "+1 202 555 0100", "call me"),
    Kind.NUMBER: ("0", "1", "-2.5", "-2.4", "1.4", "350000000"),
    Kind.BOOLEAN: ("true", "false"),
    Kind.DATETIME: ("2026-11-02T08:15:30.000Z", "2026-11-02T08:15:30.123Z", "2026-11-03T00:00:00.000Z"),
    Kind.MULTIPICKLIST: ("a", "a;b", "b", "c"),
    Kind.PICKLIST: ("new", "open", "working", "strange"),
}
NO_BACK = Transform(identity, identity)
WHOLE = Transform(limit_decimals(0), identity)  # the right side keeps no decimals, and takes part at those
STATUSES = {"new": "Open", "open": "Open", "working": "Working"}
BY_KIND = {
    Kind.TEXT: (
        NO_BACK,
        TRANSFORMS["upper"],
        TRANSFORMS["lower"],
        TRANSFORMS["collapse_spaces"],
        Transform(limit_length(4, LengthPolicy.TRUNCATE), identity),
        Transform(limit_length(4, LengthPolicy.REJECT), identity),
    ),
    Kind.NUMBER: (NO_BACK, WHOLE),
    Kind.PICKLIST: (
        NO_BACK,
        value_map(STATUSES),
        value_map(STATUSES, Unmapped.BLANK),
        value_map(STATUSES, Unmapped.KEEP),
        value_map(STATUSES, Unmapped.DEFAULT, "Other"),
    ),
}
START = datetime(2026, 11, 2, 8, tzinfo=UTC)
HUBSPOT, SALESFORCE = refs.hubspot("contacts", "33451"), refs.salesforce("Lead", "00Q5g00000AbcdeEAB")
NORMALISERS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    str.upper,
    str.lower,
    lambda text: text[:3],
    lambda text: " ".join(text.split()),
    lambda text: text[::-1],  # a trigger that never rests: not even applying it twice is stable
)


@dataclass(frozen=True)
class World:
    """Everything a merge sees."""

    rules: tuple[Rule, ...]
    memory: Memory
    left: Reading
    right: Reading
    settled: dict[str, Side] = field(default_factory=dict)


@st.composite
def rule(draw: st.DrawFn, name: str = "r0") -> Rule:
    kind = draw(st.sampled_from(sorted(POOLS)))
    transform = draw(st.sampled_from(BY_KIND.get(kind, (NO_BACK,))))
    return Rule(
        name=name,
        hubspot=f"{name}_property",
        salesforce=f"{name}__c",
        kind=kind,
        to_salesforce=transform.there,
        to_hubspot=transform.back or identity,
        comparison=decimals(0) if transform is WHOLE else comparison(kind, "FR"),
        direction=draw(st.sampled_from(Direction)),
        policy=draw(st.sampled_from(Policy)),
        blank=draw(st.sampled_from(Blank)),
        mirror=draw(st.booleans()),
    )


def rules(most: int = 3) -> st.SearchStrategy[tuple[Rule, ...]]:
    return st.integers(1, most).flatmap(lambda count: st.tuples(*(rule(f"r{place}") for place in range(count))))


def values(kind: Kind) -> st.SearchStrategy[Value]:
    return st.sampled_from((*POOLS[kind], None))


@st.composite
def world(draw: st.DrawFn) -> World:
    """One record agreed on (or never met), then perhaps edited on each side."""
    drawn = draw(rules())
    base, sent, lefts, rights = {}, {Side.HUBSPOT: {}, Side.SALESFORCE: {}}, {}, {}
    for each in drawn:
        once = draw(values(each.kind))
        there = once if once is None else each.to_salesforce(once)
        there = None if isinstance(there, Refusal) else there
        if draw(st.integers(0, 4)):
            base[each.name] = Agreed(once, there)
        lefts[each.hubspot] = draw(st.just(once) | values(each.kind))
        rights[each.salesforce] = draw(st.just(there) | values(each.kind))
        for side in Side:
            if draw(st.integers(0, 3)) == 0:
                sent[side][each.name] = (draw(values(each.kind)),)
    moments = st.integers(0, 3).map(lambda hours: START + timedelta(hours=hours))
    stamps = {each.hubspot: Stamp(draw(moments)) for each in drawn if draw(st.booleans())}
    left = Reading(HUBSPOT, values=lefts, modified_at=draw(st.none() | moments), stamps=stamps)
    stamps = {each.salesforce: Stamp(draw(moments)) for each in drawn if draw(st.booleans())}
    right = Reading(SALESFORCE, values=rights, modified_at=draw(st.none() | moments), stamps=stamps)
    chosen = {each.name: draw(st.sampled_from(Side)) for each in drawn if draw(st.integers(0, 4)) == 0}
    return World(drawn, Memory(base, {side: told for side, told in sent.items() if told}), left, right, chosen)


def pair(drawn: tuple[Rule, ...]) -> Pair:
    return Pair(
        mapping="contacts",
        hubspot="contacts",
        salesforce="Lead",
        rules=drawn,
        hubspot_key="salesforce_id",
        salesforce_key="HubSpot_Id__c",
        match=(),
        in_scope=lambda _left, _right: True,
        create_in_salesforce=lambda _left, _right: True,
        create_in_hubspot=lambda _left, _right: True,
        on_archive=OnArchive.UNLINK,
    )


MIRRORED = {
    Direction.BOTH: Direction.BOTH,
    Direction.TO_HUBSPOT: Direction.TO_SALESFORCE,
    Direction.TO_SALESFORCE: Direction.TO_HUBSPOT,
}
SWAPPED_POLICY = {Policy.HUBSPOT: Policy.SALESFORCE, Policy.SALESFORCE: Policy.HUBSPOT}


def swapped_rule(each: Rule) -> Rule:
    return replace(
        each,
        hubspot=each.salesforce,
        salesforce=each.hubspot,
        to_salesforce=each.to_hubspot,
        to_hubspot=each.to_salesforce,
        direction=MIRRORED[each.direction],
        policy=SWAPPED_POLICY.get(each.policy, each.policy),
    )


def swapped(given: World) -> World:
    """The same world seen in a mirror: HubSpot plays Salesforce."""
    return World(
        rules=tuple(swapped_rule(each) for each in given.rules),
        memory=Memory(
            {name: Agreed(agreed.salesforce, agreed.hubspot) for name, agreed in given.memory.base.items()},
            {side.other: told for side, told in given.memory.sent.items()},
        ),
        left=replace(given.right, ref=HUBSPOT),
        right=replace(given.left, ref=SALESFORCE),
        settled={name: side.other for name, side in given.settled.items()},
    )


def swapped_merge(given: Merge) -> dict[str, object]:
    """What the merge of a mirrored world must be, words aside."""
    return decision(
        Merge(
            to_hubspot=[change._replace(side=change.side.other) for change in given.to_salesforce],
            to_salesforce=[change._replace(side=change.side.other) for change in given.to_hubspot],
            agreed={name: Agreed(agreed.salesforce, agreed.hubspot) for name, agreed in given.agreed.items()},
            conflicts=[replace(each, value=each.other_value, other_value=each.value) for each in given.conflicts],
            refusals=[replace(each, side=each.side.other) for each in given.refusals if each.side],
            left_alone=given.left_alone,
        )
    )


def decision(given: Merge) -> dict[str, object]:
    """A merge without its words and refs."""

    def bare(change: Change) -> tuple[object, ...]:
        return (change.side, change.field, change.rule, change.before, change.after, change.because, change.origin)

    def issue(each: Issue) -> tuple[object, ...]:
        return (each.kind, each.rule, each.side, each.field, each.code, each.value, each.other_value)

    return {
        "to_hubspot": [bare(change) for change in given.to_hubspot],
        "to_salesforce": [bare(change) for change in given.to_salesforce],
        "agreed": given.agreed,
        "conflicts": [issue(each) for each in given.conflicts],
        "refusals": [issue(each) for each in given.refusals],
        "left_alone": given.left_alone,
    }
