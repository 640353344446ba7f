"""One field rule of YAML becomes one rule of the core: everything an admin configured folded into three functions.

On the way to Salesforce a value passes `only`, the transforms, then the value map; on the way back the value map, then
the transforms undone in reverse order. Where nothing is configured the value passes as it is, at no cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connector.config.mappings import DefaultValue, FieldRule, OwnerMap, for_object
from connector.config.owners import Owners, fallback_id, owner_table
from connector.config.problems import Fault, did_you_mean
from connector.core.comparison import comparison
from connector.core.mapping import Direction, Refusal, Rule, Translate
from connector.core.refs import Side
from connector.core.transforms import TRANSFORMS, Unmapped, chain, identity, owner_map, value_map
from connector.core.values import Kind, Value


@dataclass(frozen=True, slots=True)
class Written:
    """A field rule with its name and where it stands (`contacts.yaml:41`)."""

    name: str
    rule: FieldRule
    source: str


@dataclass(frozen=True, slots=True)
class Staff:
    """Everyone who can own records on each side (None: not connected, so unknown), and what owners.yaml says."""

    owners: Owners | None
    written: OwnerMap


def faults_of(rule: FieldRule) -> Iterable[Fault]:
    """Transforms that do not exist, or have no way back that the rule needs."""
    for number, name in enumerate(rule.transforms):
        known = TRANSFORMS.get(name)
        if known is None:
            advice = did_you_mean(name, TRANSFORMS) or f"; known are {', '.join(sorted(TRANSFORMS))}"
            yield ("transforms", number), f"{name!r} is not a transform{advice}"
        elif rule.direction is Direction.BOTH and known.back is None:
            yield (
                ("transforms", number),
                f"{name!r} cannot be undone; set direction: to_salesforce or to_hubspot",
            )


def rule_for(written: Written, obj: str, staff: Staff) -> Rule | None:
    """The rule on one Salesforce object, or None when that object was left out. The rule must be free of faults."""
    rule = written.rule
    salesforce = for_object(rule.salesforce, obj)
    if salesforce is None:
        return None
    defaults = {side: for_object(values, obj) for side, values in rule.on_create.items()}
    return Rule(
        name=written.name,
        hubspot=rule.hubspot,
        salesforce=salesforce,
        kind=rule.kind,
        to_salesforce=_translation(rule, Side.SALESFORCE, staff),
        to_hubspot=_translation(rule, Side.HUBSPOT, staff),
        comparison=comparison(rule.kind, rule.region or ""),
        direction=rule.direction,
        policy=rule.policy,
        blank=rule.blank,
        mirror=rule.mirror,
        on_create={side: value for side, value in defaults.items() if value is not None},
        optional=rule.optional,
        source=written.source,
    )


def _translation(rule: FieldRule, towards: Side, staff: Staff) -> Translate:
    if not rule.direction.allows(towards):
        return identity
    steps = [*_filter(rule), *_transforms(rule, towards)]
    map_step = _value_step(rule, towards, staff)
    steps = [*steps, *map_step] if towards is Side.SALESFORCE else [*map_step, *steps]
    return steps[0] if len(steps) == 1 else chain(*steps)


def _filter(rule: FieldRule) -> list[Translate]:
    if rule.only is None:
        return []
    travelling = frozenset(rule.only)
    return [lambda value: value if value in travelling else None]


def _transforms(rule: FieldRule, towards: Side) -> list[Translate]:
    """Forward on the way to Salesforce, or the only way there is; inverse on the way back."""
    named = [TRANSFORMS[name] for name in rule.transforms]
    if towards is Side.SALESFORCE or rule.direction is Direction.TO_HUBSPOT:
        return [transform.there for transform in named]
    return [transform.back for transform in reversed(named) if transform.back]


def _value_step(rule: FieldRule, towards: Side, staff: Staff) -> list[Translate]:
    if rule.kind is Kind.OWNER:
        return [_owners_unknown if staff.owners is None else _owner_step(staff.written, towards, staff.owners)]
    if rule.values is None:
        return []
    listed = rule.to_salesforce() if towards is Side.SALESFORCE else rule.to_hubspot()
    unmapped = rule.unmapped.get(f"to_{towards.value}", "reject")
    default = unmapped.default if isinstance(unmapped, DefaultValue) else None
    policy = Unmapped.DEFAULT if isinstance(unmapped, DefaultValue) else _UNMAPPED[unmapped]
    mapped = value_map(listed, policy, default).there
    return [_each_choice(mapped) if rule.kind is Kind.MULTIPICKLIST else mapped]


_UNMAPPED = {"reject": Unmapped.REFUSE, "keep": Unmapped.KEEP, "blank": Unmapped.BLANK}


def _each_choice(translate: Translate) -> Translate:
    """Several choices are mapped one by one; one that is refused refuses them all, so that none is lost unseen."""

    def choices(value: Value) -> Value | Refusal:
        found = [translate(choice) for choice in (value or "").split(";")]
        refused = next((each for each in found if isinstance(each, Refusal)), None)
        return refused or ";".join(sorted({each for each in found if isinstance(each, str) and each})) or None

    return choices


def _owner_step(written: OwnerMap, towards: Side, owners: Owners) -> Translate:
    everyone = frozenset(owner.id for owner in owners.get(towards.other, ()))
    return owner_map(owner_table(towards, written, owners), fallback_id(towards, written, owners), everyone)


def _owners_unknown(value: Value) -> Value | Refusal:
    """Without a connection nobody's counterpart is known."""
    if value is None:
        return None
    return Refusal("OWNERS_UNKNOWN", "the owners of both sides are not read yet", "connect to both sides first")
