"""The post between CRMs and bridge: notices of changes, which arrive late, twice, in another order, or never.

Each becomes a mark in the dirty set and nothing else, as an inbox of webhooks makes of them: what a notice says is
never believed, only that somebody should look. Some speak of records that nobody has, or of objects nobody maps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.core.refs import Ref, Side, hubspot, salesforce
from connector.storage import dirty
from tests.simulation.people.removals import deleted
from tests.simulation.stage import Stage

LATE_S = (0.0, 0.0, 1.0, 30.0, 700.0)
STRAYS = (
    hubspot("contacts", "987654321"),
    hubspot("companies", "501"),
    hubspot("deals", "501"),
    salesforce("Lead", "00Q000000000ZZZ"),
    salesforce("Account", "001000000000ZZZ"),
    salesforce("Opportunity", "006000000000ZZZ"),
)


@dataclass
class Post:
    """What is under way.

    Attributes:
        lost: the share of notices that never arrive.
        doubled: the share that arrive twice.
        bag: what will arrive, and when.
    """

    lost: float
    doubled: float
    bag: list[tuple[datetime, Ref]] = field(default_factory=list)


def delivers(stage: Stage) -> str:
    """The post takes in what both sides tell of and hands out what is due."""
    post = stage.post = stage.post or Post(stage.dice.choice((0.0, 0.2, 0.8)), stage.dice.choice((0.0, 0.3)))
    now = stage.clock.now()
    for side in Side:
        for notice in stage.world.notices(side.value):
            for one in notice.ids:
                _take_in(stage, post, now, _ref(side, notice.object, one))
    due = [ref for at, ref in post.bag if at <= now]
    post.bag = [each for each in post.bag if each[0] > now]
    stage.dice.shuffle(due)
    _mark(stage, due)
    return f"the post brings {len(due)} notices, {len(post.bag)} are on their way"


def _take_in(stage: Stage, post: Post, now: datetime, ref: Ref) -> None:
    if stage.dice.random() < post.lost:
        return
    times = 2 if stage.dice.random() < post.doubled else 1
    post.bag += [(now + timedelta(seconds=stage.dice.choice(LATE_S)), ref) for _ in range(times)]


def _ref(side: Side, obj: str, record: str) -> Ref:
    return Ref(side, obj, record)


def strays(stage: Stage) -> str:
    """The post brings a notice of a record that is gone, was never there, or of an object nobody maps."""
    gone = [hubspot("contacts", one) for one in deleted(stage, Side.HUBSPOT)]
    merged = [hubspot("contacts", str(one)) for one in stage.world.hubspot.state.tables["contacts"].aliases]
    ref = stage.dice.choice((*STRAYS, *gone, *merged))
    _mark(stage, [ref])
    return f"the post brings a notice of {ref}"


def _mark(stage: Stage, refs: list[Ref]) -> None:
    if refs:
        with stage.store.begin() as conn:
            dirty.mark(conn, refs, stage.clock.now(), lane=0, reason="told by webhook")
