"""Seeds in which people are handed over, played on every run of the tests, and those that once found a bug there."""

from __future__ import annotations

import pytest

from tests.simulation.agreements import AGREEMENTS, LIFECYCLE
from tests.simulation.play import Play
from tests.simulation.playing import Script, failures
from tests.simulation.regressions import LIFECYCLE_REGRESSIONS

PORTION = 8
PLAYED = range(LIFECYCLE.start, LIFECYCLE.start + 3 * PORTION, PORTION)


@pytest.mark.parametrize("first", PLAYED)
def test_both_teams_read_the_same_whatever_happens(first: int) -> None:
    assert failures([Script(seed) for seed in range(first, first + PORTION)]) == []


def test_seeds_that_once_found_a_bug_find_it_no_more() -> None:
    assert failures([Script(each.seed, each.steps) for each in LIFECYCLE_REGRESSIONS]) == []


def test_only_seeds_of_the_lifecycle_play_it() -> None:
    assert Play(LIFECYCLE.start).stage.variant in AGREEMENTS
    assert Play(LIFECYCLE.start - 1).stage.variant not in AGREEMENTS
    assert "hands over" not in Play(LIFECYCLE.stop).theme.acts
