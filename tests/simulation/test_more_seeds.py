"""The other half of the seeds that are played on every run of the tests; see test_seeds.py."""

from __future__ import annotations

import pytest

from tests.simulation.playing import failures
from tests.simulation.test_seeds import FIRST, PORTION, settled

SECOND = range(FIRST.stop, 2 * FIRST.stop, PORTION)


@pytest.mark.parametrize("first", SECOND)
def test_nothing_is_lost_whatever_happens(first: int) -> None:
    assert failures(settled(first)) == []
