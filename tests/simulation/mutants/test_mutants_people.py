"""The simulation can fail: each bug planted in who is made, and becomes whom is caught by an invariant of its own."""

from __future__ import annotations

from tests.simulation.mutants.asking import each, is_caught, is_pulled_out
from tests.simulation.mutants.planting import Mutant

EVERY = each("making", "presence")


@EVERY
def test_a_planted_bug_is_caught_for_the_right_reason(mutant: Mutant) -> None:
    is_caught(mutant)


@EVERY
def test_a_bug_is_planted_in_production_code_alone_and_pulled_out_again(mutant: Mutant) -> None:
    is_pulled_out(mutant)
