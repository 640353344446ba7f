"""How long to wait before trying again: exponential, capped, with full jitter.

Policy computes, the shell obeys. The roll comes from the caller's dice, so the same roll gives the same wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

_DOUBLINGS_MAX = 30  # beyond it every sensible cap is reached; keeps the power small


@dataclass(frozen=True, slots=True)
class Backoff:
    """The first ceiling and the longest wait."""

    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(hours=1)


def delay(attempt: int, limits: Backoff, roll: float) -> timedelta:
    """The wait after `attempt` failures so far (0 for the first). `roll` in [0, 1) comes from the caller's dice."""
    ceiling_s = min(limits.longest.total_seconds(), limits.first.total_seconds() * 2.0 ** min(attempt, _DOUBLINGS_MAX))
    return timedelta(seconds=ceiling_s * roll)
