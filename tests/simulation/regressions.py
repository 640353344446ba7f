"""Seeds that once found a bug of the bridge, with the bug's name.

A seed is bound to the simulation as it was when it was written down: another act, fault or mapping changes what every
seed plays. So each of these bugs also has a test of its own where it was mended; here stands where it was seen first.
"""

from __future__ import annotations

from typing import NamedTuple


class Regression(NamedTuple):
    """One seed, how many steps it takes, and which bug it found."""

    seed: int
    steps: int
    found: str


REGRESSIONS: tuple[Regression, ...] = ()
