"""A mapping: the rules that keep one pair of objects in step, compiled from YAML into plain values and functions.

`Rule` is one field pair. Everything that needs configuration (value maps, transforms, owner tables, phone regions,
length limits) is already folded into its three functions, so the merge needs nothing but the rule. `Pair` is one
HubSpot object with one Salesforce object; the people mapping has two of them (contacts/Lead and contacts/Contact).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.values import Kind, Value


class Direction(StrEnum):
    """Which way values travel."""

    BOTH = "both"
    TO_SALESFORCE = "to_salesforce"
    TO_HUBSPOT = "to_hubspot"

    def allows(self, towards: Side) -> bool:
        """Whether a value may be written to that side."""
        return self is Direction.BOTH or self.value == f"to_{towards.value}"


class Policy(StrEnum):
    """Who wins when both sides were edited."""

    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"
    NEWEST = "newest"
    MANUAL = "manual"


class Blank(StrEnum):
    """What a cleared field means."""

    KEEP = "keep"  # clearing is not an edit: the other side keeps its value
    CLEAR = "clear"  # clearing is an edit like any other


class OnLeaving(StrEnum):
    """What happens to a linked record that leaves the scope."""

    STOP = "stop"
    KEEP_UPDATING = "keep_updating"
    ARCHIVE = "archive"


class OnArchive(StrEnum):
    """What happens to the other side when one side archives an unedited record."""

    UNLINK = "unlink"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A value that must not be written: why, and what a person can do."""

    code: str
    reason: str
    hint: str


Translate = Callable[[Value], "Value | Refusal"]
Comparison = Callable[[Value], Value]
Condition = Callable[["Reading | None", "Reading | None"], bool]  # (HubSpot reading, Salesforce reading)


@dataclass(frozen=True, slots=True)
class Rule:
    """One field pair of one object pair.

    Attributes:
        name: the key in YAML, stable; base and sent are stored under it.
        hubspot, salesforce: field name on each side.
        to_salesforce, to_hubspot: canonical value of the one side to that of the other, or a Refusal.
        comparison: canonical value to the form in which `same` compares.
        mirror: for one-way rules, whether an edit on the receiving side is undone rather than left alone.
        on_create: by side, the value a record is created with when the other side has none (required fields).
        optional: the rule sleeps, visibly, when a side lacks the field.
        source: where in YAML the rule stands (`contacts.yaml:41`), for explanations.
    """

    name: str
    hubspot: str
    salesforce: str
    kind: Kind
    to_salesforce: Translate
    to_hubspot: Translate
    comparison: Comparison
    direction: Direction = Direction.BOTH
    policy: Policy = Policy.NEWEST
    blank: Blank = Blank.KEEP
    mirror: bool = False
    on_create: Mapping[Side, str] = field(default_factory=dict)
    optional: bool = False
    source: str = ""

    def field_on(self, side: Side) -> str:
        """The field's name on one side."""
        return self.hubspot if side is Side.HUBSPOT else self.salesforce


@dataclass(frozen=True, slots=True)
class MatchKey:
    """A way to recognise the same record on the other side: equal comparison keys of these fields."""

    name: str  # "email"
    hubspot: Sequence[str]  # ("email", "hs_additional_emails"): any of them, several values joined by ";"
    salesforce: Sequence[str]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Pair:
    """One HubSpot object with one Salesforce object, and all rules between them.

    Attributes:
        hubspot_key: HubSpot property (unique) that holds the Salesforce id, or None to do without.
        salesforce_key: Salesforce external-id field that holds the HubSpot id.
        match: after the cross-ids, in order.
        in_scope: who takes part.
        create_in_salesforce, create_in_hubspot: who is created on the other side when it has no counterpart. Of
            several pairs with the same HubSpot object the first whose condition holds creates.
    """

    mapping: str
    hubspot: str
    salesforce: str
    rules: tuple[Rule, ...]
    hubspot_key: str | None
    salesforce_key: str
    match: tuple[MatchKey, ...]
    in_scope: Condition
    create_in_salesforce: Condition
    create_in_hubspot: Condition
    on_leaving: OnLeaving = OnLeaving.STOP
    on_archive: OnArchive = OnArchive.UNLINK
    extra_fields: Mapping[Side, Mapping[str, Kind]] = field(default_factory=dict)  # read for conditions only

    @property
    def name(self) -> str:
        """How the pair is called: `contacts/Lead`."""
        return f"{self.hubspot}/{self.salesforce}"

    def object_on(self, side: Side) -> str:
        """The object's name on one side."""
        return self.hubspot if side is Side.HUBSPOT else self.salesforce

    def key_on(self, side: Side) -> str | None:
        """The field on that side that holds the other side's id."""
        return self.hubspot_key if side is Side.HUBSPOT else self.salesforce_key

    def fields_on(self, side: Side) -> dict[str, Kind]:
        """Every field to read on one side, with the kind to read it as."""
        fields = {rule.field_on(side): rule.kind for rule in self.rules}
        for key in self.match:
            for name in key.hubspot if side is Side.HUBSPOT else key.salesforce:
                fields.setdefault(name, Kind.TEXT if side is Side.HUBSPOT and name not in fields else key.kind)
        fields.update({name: kind for name, kind in self.extra_fields.get(side, {}).items() if name not in fields})
        cross = self.key_on(side)
        if cross:
            fields[cross] = Kind.TEXT
        return fields


@dataclass(frozen=True, slots=True)
class MappingSet:
    """All pairs of one installation, with a digest that changes whenever any of the YAML does."""

    pairs: tuple[Pair, ...]
    digest: str
    _by_object: dict[tuple[Side, str], tuple[Pair, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_object: dict[tuple[Side, str], tuple[Pair, ...]] = {}
        for side in Side:
            for pair in self.pairs:
                by_object[side, pair.object_on(side)] = (*by_object.get((side, pair.object_on(side)), ()), pair)
        object.__setattr__(self, "_by_object", by_object)

    def pairs_of(self, side: Side, obj: str) -> tuple[Pair, ...]:
        """The pairs an object takes part in, in creating order."""
        return self._by_object.get((side, obj), ())
