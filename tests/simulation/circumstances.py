"""The ground a play stands on: what differs from one pair of accounts to the next, and holds for the whole play.

Clocks of the sides and of the workers' hosts, how far search lags, how late others see what Salesforce commits, which
of the two readings of an undocumented habit is true, and how quickly one is answered.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from connector.core.refs import Side
from tests.simulation.stage import Stage

SKEWS_S = (0, 0, -120, -5, -1, 1, 5, 120, 300)
HABITS: dict[Side, dict[str, tuple[Any, ...]]] = {
    Side.HUBSPOT: {
        "search_lag_s": (0.0, 2.0, 2.0, 15.0),
        "lifecycle_backward": ("ignore", "ignore", "reject"),
        "lifecycle_on_create": ("lead", "lead", ""),
        "merge_keeps_primary_id": (False, False, True),
        "equal_write_moves_modified": (False, True),
        "retry_after_on_429": (False, True),
    },
    Side.SALESFORCE: {
        "commit_delay_s": (0.0, 0.0, 3.0, 40.0),
        "commit_delay_random": (True, False),
        "lock_row_rate": (0.0, 0.0, 0.05),
        "lowercase_emails": (False, True),
        "short_pages": (False, False, True),
        "edit_converted_leads": (False, True),
    },
}


def settles_down(stage: Stage) -> str:
    """Draw the circumstances of a play; half of the plays stand on plain ground."""
    dice = stage.dice
    stage.closeness = dice.choice((0.0, 0.4, 0.85))
    stage.approves = dice.random() < 0.85 and stage.variant != "small guards"  # mostly
    if dice.random() < 0.5:  # half
        return "on plain ground"
    told = [_skewed(stage, side) for side in Side]
    for name in ("one", "two", "calm"):
        stage.host_ahead[name] = timedelta(seconds=dice.choice(SKEWS_S))
    for side, habits in HABITS.items():
        settings = stage.world.hubspot.settings if side is Side.HUBSPOT else stage.world.salesforce.settings
        for name, values in habits.items():
            value = dice.choice(values)
            if value != getattr(settings, name):
                setattr(settings, name, value)
                told.append(f"{name} {value}")
    if dice.random() < 0.3:  # now and then
        stage.world.services.settings.latency_s = dice.choice((0.05, 0.4, 2.0))
        stage.world.services.settings.latency_jitter_s = dice.choice((0.0, 1.0))
        told.append(f"answers take {stage.world.services.settings.latency_s} s")
    hosts = {name: ahead.total_seconds() for name, ahead in stage.host_ahead.items() if ahead}
    return f"{', '.join(each for each in told if each)}; hosts' clocks ahead by {hosts}"


def _skewed(stage: Stage, side: Side) -> str:
    ahead = stage.dice.choice(SKEWS_S)
    stage.world.skew(side.value, timedelta(seconds=ahead))
    return f"{side.value}'s clock is {ahead} s ahead" if ahead else ""
