"""The simulation can fail: each bug planted in what follows from the agreement is caught by an invariant of its own."""

from __future__ import annotations

from tests.simulation.mutants.asking import each, is_caught, is_pulled_out
from tests.simulation.mutants.planting import Mutant

EVERY = each("courses")


@EVERY
def test_a_planted_bug_is_caught_for_the_right_reason(mutant: Mutant) -> None:
    is_caught(mutant)


@EVERY
def test_a_planted_bug_is_planted_in_production_code_alone(mutant: Mutant) -> None:
    is_pulled_out(mutant)
