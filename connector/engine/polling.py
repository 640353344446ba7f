"""One poll of one side: what changed, and what people did.

Both are asked one after the other at one place, so that a side which can tell both in one call may do so. Polling is
the source of truth: a webhook that never came costs one poll's time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.core.refs import Side
from connector.engine.bridge import Bridge, asked
from connector.engine.evidence import take_in_side
from connector.engine.observe import observe_side


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll brought: refs marked, entries that are new, and of which objects no evidence is told, and why."""

    marked: int
    entries: int
    withheld: Mapping[tuple[Side, str], str] = field(default_factory=dict)

    @property
    def news(self) -> int:
        """How many things are new."""
        return self.marked + self.entries


def poll_side(bridge: Bridge, side: Side) -> Polled:
    """Ask one side until it says that is all; marks, entries and cursors are stored as they come.

    Raises:
        Transient, RateLimited, Unauthorised: what was stored before stays, the rest is asked for again.
    """
    return asked(side, lambda one: _poll(bridge, one))


def _poll(bridge: Bridge, side: Side) -> Polled:
    marked = observe_side(bridge, side)
    taken = take_in_side(bridge, side)
    return Polled(marked, taken.news, taken.withheld)
