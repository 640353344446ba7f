"""The crash matrix: which stories die at how many points, so that it cannot shrink without anybody noticing.

The figures are the points that an undisturbed life passes (all, and those that leave something new behind). An engine
that needs more of them is welcome; one that needs fewer is asked to have the figures lowered by hand.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.crashes.stage import Stage
from tests.crashes.stories import Story

POINTS: dict[str, tuple[int, int]] = {
    "FirstSync": (60, 51),
    "Incremental": (46, 28),
    "Full": (60, 41),
    "Apply": (51, 32),
    "FirstApply": (65, 42),
    "Conversion": (64, 32),
    "Merge": (42, 20),
    "Archiving": (40, 22),
    "Erasure": (46, 28),
    "Forgetting": (10, 6),
    "Settling": (42, 24),
    "Linking": (48, 26),
    "Unparking": (42, 24),
    "Handing": (58, 34),
}


def least(kind: type[Story], *, durable: bool = False) -> int:
    """How many points this story has at least."""
    return POINTS[kind.__name__][durable]


def dies_everywhere(stage: Stage, points: Iterable[int]) -> int:
    """Let the story's process die at each of the points; how many deaths that were."""
    deaths = 0
    for at in points:
        try:
            fate = stage.played(at)
            assert fate.dead
        except BaseException as error:
            error.add_note(f"{type(stage.story).__name__} died {stage.life.trail[at - 1]}, at point {at}")
            raise
        deaths += 1
    return deaths
