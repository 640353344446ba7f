"""Faults of the line and of both CRMs, as rules for the sandbox's doors; they come and go while the play lasts."""

from __future__ import annotations

from typing import Any

from connector.sandbox.services import Fault
from tests.misbehaviour.storms import ALL, LASTING
from tests.simulation.stage import Stage

KINDS: dict[str, dict[str, Any]] = {
    f"{side} {name}": rule for side, kinds in ALL.items() for name, rule in kinds.items() if name not in LASTING
}


def turns_bad(stage: Stage) -> str:
    """Some kind of fault strikes for a while: every fourth call, or the next one or two."""
    name = stage.dice.choice(sorted(KINDS))
    times = stage.dice.choice((1, 1, 2, None))
    stage.world.services.faults.add(Fault(**KINDS[name], rate=1.0 if times else 0.25, times=times))
    return f"the line turns bad: {name} {times or 'for a while'}"


def clears_up(stage: Stage) -> str:
    """All calls are answered again as they should be."""
    stage.world.services.faults.clear()
    return "the line is good again"
