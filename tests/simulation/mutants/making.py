"""Bugs in how counterparts are found and made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.hubspot import batch_writing
from tests.simulation.mutants.planting import caught_by, replaced

LOSSES = {"trouble": {"bad line": 2.0, "good line": 0.3, "kill": 0.8}, "lost": True, "burst": 4}


@caught_by("doubles", "in step", "vanished", "fields", acts={"arrives": 12.0, "mass updates": 2.0})
def answers_are_told_apart_by_their_place() -> Iterator[None]:
    """Results of a batch are taken in the order of its inputs; HubSpot answers in any order."""
    recogniser = batch_writing._recogniser

    def by_place(operation: Any, items: Mapping[str, Any]) -> Any:
        left = iter(items)
        return (lambda _: next(left, "")) if operation.creating else recogniser(operation, items)

    with replaced(recogniser, by_place):
        yield
