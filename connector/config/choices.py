"""Picklist values that would be refused: those the mapping does not carry, and those the other side does not offer.

Each value is simply sent through the compiled rule: what a sync would refuse is refused here first, and told before
anything runs. A picklist that takes any value cannot refuse one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connector.config.findings import Severity
from connector.config.mappings import FieldRule
from connector.core.mapping import Refusal, Rule, Translate
from connector.core.refs import Side
from connector.core.values import Kind
from connector.ports import FieldSchema

_NAMED_MAX = 8
_CHECKED = frozenset({Kind.PICKLIST, Kind.MULTIPICKLIST, Kind.TEXT})


def choice_findings(
    rule: Rule, written: FieldRule, hubspot: FieldSchema | None, salesforce: FieldSchema | None
) -> Iterator[tuple[Severity, str]]:
    """What a rule's choices on one side meet on the other, in each direction the rule goes."""
    if hubspot is None or salesforce is None or rule.kind not in _CHECKED:
        return
    ours, theirs = _End("HubSpot", hubspot), _End("Salesforce", salesforce)
    if rule.direction.allows(Side.SALESFORCE):
        yield from _one_way(ours, theirs, rule.to_salesforce, list(written.to_salesforce()))
    if rule.direction.allows(Side.HUBSPOT):
        yield from _one_way(theirs, ours, rule.to_hubspot, list(written.to_hubspot()))


@dataclass(frozen=True, slots=True)
class _End:
    """One end of a rule: the side as people call it, and its live field."""

    label: str
    field: FieldSchema

    @property
    def offers(self) -> list[str]:
        return [option.value for option in self.field.options if option.active]


def _one_way(source: _End, target: _End, translate: Translate, listed: list[str]) -> Iterator[tuple[Severity, str]]:
    """What becomes of every value the source offers (or the value map lists, where it offers none)."""
    offered = set(target.offers)
    unmapped, unoffered = [], []
    for value in source.offers or listed:
        found = translate(value)
        if isinstance(found, Refusal):
            unmapped.append(value)
        elif found is not None and offered and target.field.restricted and found not in offered:
            unoffered.append(found)
    if unmapped:
        message = f"{source.label} values without a place in `values`: {_some(unmapped)}; they wait for a person"
        yield Severity.WARNING, message
    if unoffered:
        name = f"{target.label} {target.field.name}"
        yield Severity.WARNING, f"{name} does not offer {_some(unoffered)}; add them there or map to others"


def _some(values: list[str]) -> str:
    names = [repr(value) for value in dict.fromkeys(values)]
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return ", ".join(names[:_NAMED_MAX]) + more
