"""The coarse jobs of the service, each told what it needs and saying when it is due again.

A duty never sleeps and holds nothing between two turns: what it must remember is its row's JSON. Some are due by their
row alone (polls); others are fed: they are due as soon as something waits for them (post in the inbox, a dirty key that
is due), and their row only says that they rest after a fault. `turn` is one turn of one duty, whoever woke it:
`smarketing run` does so in one loop, workers on PostgreSQL as jobs. No fault ends it: it is logged, counted, remembered
in the row, and tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from connector.core.refs import Side
from connector.engine.bridge import Bridge
from connector.engine.pacing import Pace
from connector.engine.stretch import Stretch
from connector.engine.told import Reader

FOLD, DRAIN, CLOCKS, EFFECTS = "fold", "drain", "clocks", "effects"
JOURNAL = "journal"
POLL: Mapping[Side, str] = {Side.HUBSPOT: "poll.hubspot", Side.SALESFORCE: "poll.salesforce"}
FULL, OBJECTIVES, AUDIT, HOUSEKEEPING = "full", "objectives", "audit", "housekeeping"
SHELF = "shelf"


@dataclass
class Work:
    """What a duty is given.

    Attributes:
        stretch: the worker's run, opened when there is first something to do (`stretch.run()`).
        readers: who understands which row of the inbox.
        channels: where people are told what cannot wait; every channel of config.yaml.
        shards: the shards that may be drained; None: all.
        journal: reads HubSpot's webhooks journal; None: config.yaml does not ask for it.
    """

    bridge: Bridge
    stretch: Stretch
    pace: Pace = field(default_factory=Pace)
    readers: Mapping[str, Reader] = field(default_factory=dict)
    channels: Sequence[str] = ()
    shards: frozenset[int] | None = None
    journal: Act | None = None


@dataclass(frozen=True, slots=True)
class Turned:
    """What one turn came to.

    Attributes:
        due_at: when the duty is due again at the latest; of one that is fed: not before.
        did: how many things it did; 0: there was nothing to do.
        body: what it remembers (JSON), handed to its next turn.
    """

    due_at: datetime
    did: int = 0
    body: Mapping[str, Any] = field(default_factory=dict)


Act = Callable[[Work, datetime, Mapping[str, Any]], Turned]  # (what it is given, now, what it remembers)
Feed = Callable[[Connection], datetime | None]  # since when something waits for it; None: nothing does


@dataclass(frozen=True, slots=True)
class Duty:
    """One coarse job.

    Attributes:
        feed: None of a duty that is due by its row alone, which is leased for as long as a turn takes. One that is fed
            needs no lease: what feeds it is claimed bit by bit.
        lease: the longest a turn may take before another process thinks that ours has died.
        needs_both: it calls both sides, and waits while either refuses us.
        apart: it may take hours, and is turned beside all others.
    """

    name: str
    act: Act
    feed: Feed | None = None
    lease: timedelta = timedelta(minutes=5)
    needs_both: bool = False
    apart: bool = False


class Stopping(BaseException):
    """The process shall end: what is under way is given up where that costs nothing (`Bridge.progress` raises it)."""
