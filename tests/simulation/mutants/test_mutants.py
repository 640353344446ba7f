"""Enough bugs are planted, each says what it stands for, and each is asked about in one of the files beside this."""

from __future__ import annotations

from tests.simulation.mutants import MUTANTS
from tests.simulation.mutants.catching import DRAINS, ERRORS
from tests.simulation.mutants.test_mutants_courses import EVERY as COURSES
from tests.simulation.mutants.test_mutants_listening import EVERY as LISTENING
from tests.simulation.mutants.test_mutants_memory import EVERY as MEMORY
from tests.simulation.mutants.test_mutants_people import EVERY as PEOPLE
from tests.simulation.oracle import INVARIANTS

PLANTED_MIN = 40


def test_enough_bugs_are_planted_and_each_says_what_it_stands_for() -> None:
    assert len(MUTANTS) >= PLANTED_MIN
    known = {*INVARIANTS, DRAINS, *ERRORS}
    for mutant in MUTANTS.values():
        assert len(mutant.story.split()) > 5, mutant.name
        assert mutant.caught_by, mutant.name
        assert set(mutant.caught_by) <= known, mutant.name


def test_every_bug_is_asked_about_once() -> None:
    asked = [mutant.id for every in (COURSES, LISTENING, MEMORY, PEOPLE) for mutant in every.args[1]]
    assert sorted(asked) == sorted(MUTANTS)
