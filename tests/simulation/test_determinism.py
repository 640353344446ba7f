"""One integer decides everything: the same seed gives the same calls, writes and ends, always and everywhere.

The hash of a play covers every call with its body and answer, every line of the write log, and what both CRMs and the
store hold in the end. Where it differed, something asked the order of a set, an address in memory or the real time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.simulation.playing import Script, played

SEEDS = (3, 8, 21)
STEPS = 120
SAID = (
    "import sys; from tests.simulation.playing import Script, played\n"
    "for seed in sys.argv[1:]: print(played(Script(int(seed), {steps}), 'all').fingerprint)"
)


@cache
def _elsewhere(seeds: tuple[int, ...], hash_seed: str) -> list[str]:
    """What another process says, with another order of every set."""
    said = subprocess.run(
        [sys.executable, "-c", SAID.format(steps=STEPS), *map(str, seeds)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout.split()


def _here(seeds: tuple[int, ...]) -> list[str]:
    return [played(Script(seed, STEPS), "all").fingerprint for seed in seeds]


def test_a_seed_played_twice_in_one_process_is_the_same_play() -> None:
    assert _here(SEEDS) == _here(SEEDS)


def test_a_seed_is_the_same_play_whatever_was_played_before() -> None:
    alone = _elsewhere(SEEDS[-1:], "0")
    assert _elsewhere(SEEDS, "0")[-1:] == alone
    assert _elsewhere(SEEDS[::-1], "0")[:1] == alone


@pytest.mark.parametrize("hash_seed", ["1", "77"])
def test_no_order_of_calls_hangs_on_how_python_hashes(hash_seed: str) -> None:
    assert _elsewhere(SEEDS, hash_seed) == _elsewhere(SEEDS, "0")


def test_other_seeds_are_other_plays() -> None:
    assert len(set(_here((1, 2, 3)))) == 3


def test_being_told_every_detail_changes_nothing() -> None:
    silent = played(Script(SEEDS[0], STEPS), "marked")
    assert played(Script(SEEDS[0], STEPS), "verbose").fingerprint == silent.fingerprint
