"""The one owner of retries: a few tries within some seconds, only for faults that pass.

Only `Transient` is tried again. A `RateLimited` whose `until` lies beyond what is left of the patience is raised at
once: the engine keeps such work in the dirty set and comes back then. Waits are jittered by the dice handed in and
pass through the clock handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from connector.errors import RateLimited, Transient
from connector.ports import Clock, Dice

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to insist. `total_s` bounds the waiting of one call, not the calling itself."""

    tries: int = 5
    total_s: float = 20.0
    first_s: float = 0.5
    longest_s: float = 8.0


Repeat = Callable[[Callable[[], T]], T]


def retrying(clock: Clock, dice: Dice, patience: Patience | None = None) -> tenacity.Retrying:
    """A callable that runs a function, and again while it raises `Transient`; the last fault is raised as it is."""
    limits = patience or Patience()

    def wait(state: tenacity.RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        jitter = 0.5 + dice.roll() / 2
        growing = min(limits.longest_s, limits.first_s * float(2 ** (state.attempt_number - 1))) * jitter
        if isinstance(fault, RateLimited):
            return max(0.0, (fault.until - clock.now()).total_seconds()) + limits.first_s * jitter
        return growing

    def give_up(state: tenacity.RetryCallState) -> bool:
        return state.attempt_number >= limits.tries or state.idle_for + state.upcoming_sleep > limits.total_s

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Transient), wait=wait, stop=give_up, sleep=clock.sleep, reraise=True
    )
