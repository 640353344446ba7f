"""Taking back by the API: an undo is shown by its plan first, and a guard holds it as it would hold a run.

Both calls read the CRMs, and an undo writes to them; the answer comes when it is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import AwareDatetime

from connector.admin.api.operations import Call, Operation, Shape, parsed
from connector.admin.roles import Role
from connector.engine import deeds, sync
from connector.engine import undo as undoing
from connector.engine.bridge import Bridge
from connector.engine.planfile import line
from connector.engine.takingback import Refusal
from connector.errors import Refused

SHOWN: Final = 100  # records of an undo that are told; the counts are of all


class WhatToUndo(Shape):
    """What shall be undone: all that every part allows; at least one part is given."""

    run: int | None = None
    record: str | None = None
    field: str = ""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class UndoApproved(WhatToUndo):
    """The same, and whether somebody has seen the plan: then the guards let it through."""

    approve: bool = False


class Stays(Shape):
    """Something that is not taken back, and why."""

    ref: str
    field: str
    why: str
    who: str
    at: datetime | None
    hint: str


class UndoPlan(Shape):
    """What an undo would do. `records` are the first hundred; `held`: why a guard would hold it."""

    changed: int
    archived: int
    records: list[dict[str, object]]
    stays: list[Stays]
    held: str


class Undone(Shape):
    """What an undo did, by its own run, which can be undone itself."""

    run: int
    changed: int
    archived: int
    stays: list[Stays]


def plan_undo(call: Call[WhatToUndo]) -> UndoPlan:
    """What an undo would do."""
    bridge = call.desk.office.live()
    found = undoing.survey(bridge, _asked(bridge, call.asked))
    return UndoPlan(
        changed=found.tally.changes,
        archived=found.tally.archives,
        records=[dict(line(person.case)) for person in found.people[:SHOWN]],
        stays=_stays(found.refused),
        held=undoing.held(bridge, found),
    )


def undo(call: Call[UndoApproved]) -> Undone:
    """An undo carried out."""
    bridge = call.desk.office.live()
    asked = _asked(bridge, call.asked)
    found = undoing.survey(bridge, asked)
    why = "" if call.asked.approve else undoing.held(bridge, found)
    if why:
        raise Refused(f"a guard holds it: {why}. Having seen its plan, send approve: true")
    if not found.people:
        raise Refused("there is nothing to take back; the plan says what stays and why")
    with sync.recorded(bridge, undoing.KIND, call.by, approved=True) as run:
        done = undoing.undo(bridge, run, asked)
    return Undone(run=run.id, changed=done.tally.changes, archived=done.tally.archives, stays=_stays(done.refused))


def _asked(bridge: Bridge, asked: WhatToUndo) -> deeds.Asked:
    refs = undoing.both(bridge, parsed(asked.record)) if asked.record else None
    return undoing.asked_for(bridge, deeds.Asked(asked.run, refs, asked.field, asked.since, asked.until))


def _stays(refused: Sequence[Refusal]) -> list[Stays]:
    return [
        Stays(ref=str(one.ref), field=one.field, why=one.why, who=one.who, at=one.at, hint=one.hint)
        for one in refused[:SHOWN]
    ]


OPERATIONS: Final = (
    Operation(
        "planUndo",
        "POST",
        "/undo/plan",
        Role.OPERATOR,
        "Runs",
        "Show what an undo would write and what not; nothing is written.",
        WhatToUndo,
        UndoPlan,
        plan_undo,
    ),
    Operation(
        "undo",
        "POST",
        "/undo",
        Role.OPERATOR,
        "Runs",
        "Take back what the bridge wrote, as far as nobody else has written since.",
        UndoApproved,
        Undone,
        undo,
    ),
)
