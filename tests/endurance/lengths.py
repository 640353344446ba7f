"""How long misfortunes last: the short form that every run of the tests plays, and the long one (scripts/endurance).

The same misfortunes and the same claims in both; the long form repeats them, with more people, and freezes for as long
as a virtual machine that is moved may stand still.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

VARIABLE = "SMARKETING_ENDURANCE"


@dataclass(frozen=True)
class Length:
    """Attributes: rounds: how often each misfortune strikes; edits: people's edits before and after each; frozen_s."""

    rounds: int
    people: int
    edits: int
    frozen_s: float  # at least; and at least until somebody has taken over
    cut_s: float


SHORT = Length(rounds=1, people=60, edits=40, frozen_s=1.0, cut_s=8.0)
LONG = Length(rounds=4, people=300, edits=200, frozen_s=60.0, cut_s=30.0)


def length() -> Length:
    """The form that is asked for: long when SMARKETING_ENDURANCE=long, else short."""
    asked = os.environ.get(VARIABLE, "short")
    if asked not in ("short", "long"):
        raise ValueError(f"{VARIABLE}={asked}: write short or long")
    return LONG if asked == "long" else SHORT
