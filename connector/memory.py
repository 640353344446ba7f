"""How this process treats memory, so that long passes stay fast and flat.

A pass makes millions of small values and hardly a cycle: looking for cycles after every 700 of them (Python's default)
took a third of a first sync. And the C library gives each thread an arena of its own that it seldom returns: two
arenas instead of two a thread keep a pass of 100,000 people a third smaller, at no cost in speed.
"""

from __future__ import annotations

import ctypes
import gc
import sys

_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h
_ARENAS = 2
_SURVIVORS = (100_000, 20, 50)


def settle_memory() -> None:
    """Collect seldom, and (on Linux with glibc) share arenas. Call once, early, before threads are started."""
    gc.freeze()
    gc.set_threshold(*_SURVIVORS)
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
        if mallopt is not None:
            mallopt(_ARENA_MAX, _ARENAS)
