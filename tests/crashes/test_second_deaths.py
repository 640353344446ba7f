"""The process that comes after a death dies too, at each of its points; the third loses and doubles nothing."""

from __future__ import annotations

from itertools import count, takewhile

import pytest

from tests.crashes.conftest import Staged
from tests.crashes.killing import BEFORE_COMMIT
from tests.crashes.stage import Stage
from tests.crashes.stories import Apply, Conversion, Erasure, FirstSync, Incremental, Story

DURING = (  # how many second deaths there are at least; after the first write, and before what it came to is stored
    (FirstSync, "memory", 93),
    (Apply, "memory", 71),
    (Conversion, "memory", 42),
    (Erasure, "memory", 50),
    (Incremental, "file", 50),
    (Incremental, "postgres", 50),
)


@pytest.mark.parametrize(("kind", "store", "deaths_min"), DURING)
def test_a_death_during_the_recovery_from_a_death_is_survived_too(
    kind: type[Story], store: str, deaths_min: int, staged: Staged
) -> None:
    stage = staged(kind, store)
    deaths = sum(_dies_twice(stage, first) for first in _gravest(stage))
    assert deaths >= deaths_min


def _gravest(stage: Stage) -> tuple[int, int]:
    """Two first deaths after which most is left open: one record of a batch written; all written, nothing stored."""
    trail = stage.life.trail
    written = [at for at, what in enumerate(trail, start=1) if what == "after write"]
    return written[0], trail.index(BEFORE_COMMIT, written[-1]) + 1


def _dies_twice(stage: Stage, first: int) -> int:
    return sum(1 for _ in takewhile(lambda second: stage.died_twice(first, second).dead, count(1)))
