"""The simulation can fail: each planted bug is caught by an invariant of its own within the seeds it allows."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.mutants.catching import DRAINS, ERRORS, LISTENING, caught
from tests.simulation.mutants.planting import OURS, Mutant
from tests.simulation.oracle import INVARIANTS

PLANTED_MIN = 24
EVERY = [pytest.param(mutant, id=mutant.name) for mutant in MUTANTS.values()]


@pytest.mark.parametrize("mutant", EVERY)
def test_a_planted_bug_is_caught_for_the_right_reason(mutant: Mutant) -> None:
    found = caught(mutant, range(mutant.within))
    assert found, f"{mutant.name}: survived {mutant.within} seeds"
    assert set(found.by) <= set(mutant.caught_by)


@pytest.mark.parametrize("mutant", EVERY)
def test_a_bug_is_planted_in_production_code_alone_and_pulled_out_again(mutant: Mutant) -> None:
    before = dict(_held())
    with mutant.plant():
        planted = {place for place, held in _held() if before.get(place) is not held}
    assert planted
    assert {module for module, _ in planted if not OURS.match(module)} == set()
    assert [place for place, held in _held() if before.get(place) is not held] == []


def test_enough_bugs_are_planted_and_each_says_what_it_stands_for() -> None:
    assert len(MUTANTS) >= PLANTED_MIN
    known = {*INVARIANTS, DRAINS, LISTENING, *ERRORS}
    for mutant in MUTANTS.values():
        assert len(mutant.story.split()) > 5, mutant.name
        assert mutant.caught_by, mutant.name
        assert set(mutant.caught_by) <= known, mutant.name


def _held() -> Iterator[tuple[tuple[str, str], object]]:
    """Everything by name that modules of the project, and the classes they define, hold."""
    for name, module in list(sys.modules.items()):
        if not name.startswith(("connector.", "webhooks.", "tests.simulation.")):
            continue
        for word, held in list(vars(module).items()):
            yield (name, word), held
            if isinstance(held, type) and held.__module__ == name:
                yield from (((name, f"{word}.{each}"), one) for each, one in list(vars(held).items()))
