"""What tests ask of each planted bug: it is caught for the right reason, and it is planted in production code alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.mutants.catching import caught
from tests.simulation.mutants.planting import OURS, Mutant


def each(*families: str) -> Any:
    """Ask it of every bug of some families."""
    asked = [one for one in MUTANTS.values() if one.family in families]
    return pytest.mark.parametrize("mutant", [pytest.param(one, id=one.name) for one in asked])


def is_caught(mutant: Mutant) -> None:
    """From its `first` seed on, which the command measures; from 0 on it would take the tests too long."""
    found = caught(mutant, range(mutant.first, mutant.first + mutant.within))
    assert found, f"{mutant.name}: survived {mutant.within} seeds from {mutant.first} on"
    assert set(found.by) <= set(mutant.caught_by)


def is_pulled_out(mutant: Mutant) -> None:
    before = dict(_held())
    with mutant.plant():
        planted = {place for place, held in _held() if before.get(place) is not held}
    assert planted
    assert {module for module, _ in planted if not OURS.match(module)} == set()
    assert [place for place, held in _held() if before.get(place) is not held] == []


def _held() -> Iterator[tuple[tuple[str, str], object]]:
    """Everything by name that modules of the project, and the classes they define, hold."""
    for name, module in list(sys.modules.items()):
        if not name.startswith(("connector.", "webhooks.", "tests.simulation.")):
            continue
        for word, held in list(vars(module).items()):
            yield (name, word), held
            if isinstance(held, type) and held.__module__ == name:
                yield from (((name, f"{word}.{each}"), one) for each, one in list(vars(held).items()))
