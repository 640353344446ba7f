"""First syncs in every kind of weather. `python -m tests.misbehaviour.test_first_sync FROM TO` runs many seeds."""

from __future__ import annotations

import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from connector.core.refs import Side
from connector.errors import BridgeError
from tests.misbehaviour.moods import Mood
from tests.misbehaviour.play import played, prepare
from tests.misbehaviour.rig import SECRETS, Before, picture, rig, settled
from tests.misbehaviour.storms import ALL, LASTING, storm

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


@pytest.mark.parametrize("place", range(12))
@pytest.mark.parametrize("side", ALL)
def test_two_kinds_of_fault_at_every_fourth_call_lose_and_double_nobody(tmp_path: Path, side: str, place: int) -> None:
    kinds = list(ALL[side])[place::12]
    with rig(tmp_path, people=60, seed=3) as stage:
        before = Before.of(stage)
        for kind in kinds:
            stage.fault(**ALL[side][kind], rate=0.12)
        for _ in range(2):
            try:
                stage.sync("full")
            except BridgeError:
                assert LASTING.intersection(kinds), "a fault that passes must not end a run for good"
            stage.clock.advance(1200)
        stage.calm()
        stage.clock.advance(3600)
        settled(stage, before)


@pytest.mark.parametrize("expiring", ["hubspot", "salesforce"])
def test_a_token_that_expires_in_mid_run_is_renewed(tmp_path: Path, expiring: str) -> None:
    from tests.misbehaviour.moods import OAUTH  # noqa: PLC0415  # makes a key, which takes a while

    body = (
        {
            "status": "error",
            "category": "EXPIRED_AUTHENTICATION",
            "message": "The OAuth token used expired 1 minute ago",
        }
        if expiring == "hubspot"
        else [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
    )
    with rig(tmp_path, people=60, **(OAUTH if expiring == "hubspot" else {})) as stage:
        prepare(stage)
        assert stage.secrets.keys() > SECRETS.keys()
        before = Before.of(stage)
        stage.fault(
            side=expiring,
            kind="status",
            path="/crm/|/composite|/query",
            times=1,
            params={"status": 401, "content": body},
        )
        run = stage.sync("full")
        assert run is not None
        settled(stage, before)
        assert stage.troubles == []


if __name__ == "__main__":
    for number in range(int(sys.argv[1]), int(sys.argv[2])):
        with tempfile.TemporaryDirectory() as place:
            weathered(Path(place), number, rate=0.01 + number % 7 / 100, people=200)
        with tempfile.TemporaryDirectory() as place, rig(Path(place), people=200, seed=number) as world:
            played(world, Mood(), number, rate=0.01 + number % 5 / 100)
        print(f"seed {number}: in step")
