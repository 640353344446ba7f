"""Real processes, on the real clock: killed at random moments, and two at once; nobody is lost or made twice.

`python -m tests.misbehaviour.test_killed FROM TO` runs many seeds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from tests.misbehaviour.rig import SECRETS, Before, Rig, rig, settled

PEOPLE = 400


def started(stage: Rig) -> subprocess.Popen[bytes]:
    """A full sync in a process of its own."""
    program = Path(sys.executable).parent / "smarketing"
    command = [program, "sync", "--full", "--approve", "--config", stage.config, "--json"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=stage.config.parent, env={**os.environ, **SECRETS}, stdout=quiet, stderr=quiet)


def killed_at_random(stage: Rig, dice: Random, times: int) -> None:
    for _ in range(times):
        process = started(stage)
        time.sleep(0.6 + dice.random() * 1.6)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)


@pytest.mark.parametrize("kind", ["file", "postgres"])
def test_a_process_killed_again_and_again_loses_and_doubles_nobody(
    tmp_path: Path, new_database_url: Callable[[str], str], kind: str
) -> None:
    with rig(tmp_path, people=PEOPLE, database=new_database_url(kind), start=datetime.now(UTC)) as stage:
        before = Before.of(stage)
        stage.world.services.settings.latency_s = 0.03
        killed_at_random(stage, Random(f"killed:{kind}"), 4)
        stage.world.services.settings.latency_s = 0.0
        stage.clock.advance(3600)  # what the dead had claimed is free again
        settled(stage, before)


@pytest.mark.parametrize("kind", ["file", "postgres"])
def test_two_first_syncs_at_once_loses_and_doubles_nobody(
    tmp_path: Path, new_database_url: Callable[[str], str], kind: str
) -> None:
    with rig(tmp_path, people=PEOPLE, database=new_database_url(kind), start=datetime.now(UTC)) as stage:
        before = Before.of(stage)
        stage.world.services.settings.latency_s = 0.02
        both = [started(stage), started(stage)]
        for process in both:
            process.wait(timeout=120)
        stage.world.services.settings.latency_s = 0.0
        stage.clock.advance(3600)
        settled(stage, before)


if __name__ == "__main__":
    import tempfile

    for number in range(int(sys.argv[1]), int(sys.argv[2])):
        with (
            tempfile.TemporaryDirectory() as place,
            rig(Path(place), people=PEOPLE, seed=number, start=datetime.now(UTC)) as world,
        ):
            there = Before.of(world)
            world.world.services.settings.latency_s = 0.03
            killed_at_random(world, Random(number), 6)
            world.world.services.settings.latency_s = 0.0
            world.clock.advance(3600)
            settled(world, there)
        print(f"seed {number}: in step")
