"""First syncs in every kind of weather. `python -m tests.misbehaviour.test_first_sync FROM TO` runs many seeds."""

from __future__ import annotations

import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from connector.core.refs import Side
from tests.misbehaviour.moods import Mood
from tests.misbehaviour.play import played
from tests.misbehaviour.rig import Before, picture, rig, settled
from tests.misbehaviour.storms import storm

Picture = dict[Side, object]


@cache
def calm(seed: int, people: int = 120) -> Picture:
    """How it ends when nothing goes wrong."""
    with tempfile.TemporaryDirectory() as folder, rig(Path(folder), people=people, seed=seed) as stage:
        settled(stage, Before.of(stage))
        return dict(picture(stage))


def weathered(folder: Path, seed: int, rate: float, people: int = 120) -> None:
    """A first sync in a storm ends as one in the calm."""
    with rig(folder, people=people, seed=seed) as stage:
        before = Before.of(stage)
        storm(stage, seed, rate)
        for number in range(5):
            stage.sync("full" if number % 3 == 0 else "once")
        stage.calm()
        stage.clock.advance(3600)
        settled(stage, before)
        assert picture(stage) == calm(seed, people)


@pytest.mark.parametrize("seed", [2, 4, 6])
def test_a_first_sync_in_a_storm_ends_as_one_in_the_calm(tmp_path: Path, seed: int) -> None:
    weathered(tmp_path, seed, rate=0.01 * seed)


@pytest.mark.parametrize("seed", [20, 21])
def test_people_at_work_in_a_storm_lose_nothing(tmp_path: Path, seed: int) -> None:
    with rig(tmp_path, people=120, seed=seed) as stage:
        played(stage, Mood(), seed, rate=0.03)


if __name__ == "__main__":
    for number in range(int(sys.argv[1]), int(sys.argv[2])):
        with tempfile.TemporaryDirectory() as place:
            weathered(Path(place), number, rate=0.01 + number % 7 / 100, people=200)
        with tempfile.TemporaryDirectory() as place, rig(Path(place), people=200, seed=number) as world:
            played(world, Mood(), number, rate=0.01 + number % 5 / 100)
        print(f"seed {number}: in step")
