"""What sides, kinds of trouble, owners and stages are called: the same words on the command line and on the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from connector.core.mapping import MappingSet, Pair
from connector.core.readings import Reading
from connector.core.values import Kind
from connector.ports import Owner

NAMES = {"hubspot": "HubSpot", "salesforce": "Salesforce"}
MEANING = {
    "conflict": "both sides edited a field and no policy settles it",
    "ambiguous": "several records could be the same one",
    "parked": "a value was refused; the rest of the record went through",
    "edit beats deletion": "deleted on one side, edited on the other",
    "held": "a guard held a run",
    "drift": "two linked records differ, and nobody can say why",
    "schema": "a mapped field is not as the mapping expects",
    "stopped": "a side, its event bus or its journal refuses us; the reason says what waits for that",
    "unsent": "a notice, task or webhook was not sent, or nobody knows whether it was",
}


@dataclass(frozen=True)
class Names:
    """What ids mean: owners by id, which rules hold owners, and stages by id."""

    owners: Mapping[str, str] = field(default_factory=dict)
    owner_rules: frozenset[str] = frozenset()
    stages: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, mapping: MappingSet, owners: Iterable[Owner], stages: Mapping[str, str] | None = None) -> Self:
        """For one installation. stages: names by id, where there is a shared lifecycle."""
        rules = frozenset(rule.name for pair in mapping.pairs for rule in pair.rules if rule.kind is Kind.OWNER)
        return cls({one.id: one.name or one.email for one in owners}, rules, stages or {})

    def spelt(self, value: Any, rule: str = "") -> tuple[str, str]:
        """A value that is not blank on one line, and whom it names where the rule holds owners ("": nobody known)."""
        name = self.owners.get(str(value), "") if rule in self.owner_rules else ""
        return "; ".join(str(value).splitlines()) or str(value), name


def called(pair: Pair, hubspot: Reading | None, salesforce: Reading | None) -> str:
    """What a person (company, deal) is called in daily life: by e-mail, else by the first field that has a value."""
    rules = sorted(pair.rules, key=lambda rule: rule.kind is not Kind.EMAIL)
    ends = ((reading, reading.ref.side) for reading in (hubspot, salesforce) if reading)
    readings = list(ends)
    said = (one.values.get(rule.field_on(side)) for rule in rules for one, side in readings)
    return next((str(value) for value in said if value), "")
