"""One poll of one side: what changed, and what people did.

Both are asked at once (`ports.Crm.poll`), as a side may tell both in one call; what a portion does not hold is asked
for part by part. Marks, entries and cursors of each part are stored in one transaction. Polling is the source of truth:
a webhook that never came costs one poll's time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.core.refs import Side
from connector.engine import evidence, observe
from connector.engine.bridge import Bridge, asked
from connector.errors import RateLimited
from connector.ports import Poll
from connector.storage import cursors


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
    try:
        return asked(side, lambda one: _poll(bridge, one))
    except RateLimited:
        if not bridge.crms[side].usage().left:
            raise
    return asked(side, lambda one: _poll(bridge.urgent, one))  # hot leads must be heard of: the reserve is for them


def _poll(bridge: Bridge, side: Side) -> Polled:
    objects = evidence.asked_about(bridge, side)
    changes, told = bridge.crms[side].poll(_question(bridge, side, objects))
    marked = observe.take_portion(bridge, side, changes)
    withheld = {(side, obj): why for obj, why in told.withheld.items()}
    entries = evidence.take_portion(bridge, side, told) if objects else 0
    if changes.more:
        marked += observe.catch_up(bridge, side, changes.cursor)
    if told.more:
        taken = evidence.catch_up(bridge, side, objects, told.cursor)
        entries, withheld = entries + taken.news, {**withheld, **taken.withheld}
    return Polled(marked, entries, withheld)


def _question(bridge: Bridge, side: Side, objects: Sequence[str]) -> Poll:
    with bridge.database.read() as conn:
        cursor = cursors.get(conn, side)
    return Poll(
        views=bridge.views_of(side),
        cursor=cursor,
        known=observe.known_of(bridge, side),
        objects=objects,
        evidence_cursor=evidence.cursor_of(bridge, side) if objects else None,
        now=bridge.clock.now(),
    )
