"""What scripts may do by the API: each act is one of `engine.commands` or the undo, recorded with the token's name.

An act changes what is remembered and marks the records; the service does the rest within seconds. Only link (which
looks whether both records are there) and undo call the CRMs; an undo is shown by `planUndo` first, and a guard holds it
as it would hold a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from connector.admin.api.operations import Call, Nothing, Operation, Shape, parsed
from connector.admin.roles import Role
from connector.core.refs import Side
from connector.engine import commands, deeds, sync
from connector.engine import undo as undoing
from connector.engine.bridge import Bridge
from connector.engine.planfile import line
from connector.engine.takingback import Refusal
from connector.errors import Refused

SHOWN: Final = 100  # records of an undo that are told; the counts are of all


class Winner(Shape):
    """Who wins a conflict."""

    winner: Literal["hubspot", "salesforce"]


class Issues(Shape):
    """Issues by number."""

    issues: Annotated[list[int], Field(min_length=1, max_length=1_000)]


class Counterpart(Shape):
    """The record of the other side that is the same person or company."""

    to: str


class PersonaChosen(Shape):
    """A persona by name; empty: let the rules say."""

    persona: str


class Done(Shape):
    """How many records or issues it concerned."""

    done: int


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


def settle(call: Call[Winner]) -> Done:
    """A conflict decided."""
    commands.settle(call.desk.office.bridge(), call.place["issue"], Side(call.asked.winner), call.by)
    return Done(done=1)


def unpark(call: Call[Issues]) -> Done:
    """Parked values tried again."""
    return Done(done=commands.unpark(call.desk.office.bridge(), call.asked.issues, call.by))


def resync(call: Call[Nothing]) -> Done:
    """A record looked at again."""
    commands.resync(call.desk.office.bridge(), [call.ref], call.by)
    return Done(done=1)


def link(call: Call[Counterpart]) -> Done:
    """Two records joined."""
    commands.link(call.desk.office.live(), call.ref, parsed(call.asked.to), call.by)
    return Done(done=1)


def unlink(call: Call[Nothing]) -> Done:
    """Two records kept apart."""
    commands.unlink(call.desk.office.bridge(), call.ref, call.by)
    return Done(done=1)


def persona(call: Call[PersonaChosen]) -> Done:
    """A persona chosen by hand."""
    commands.name_persona(call.desk.office.bridge(), call.ref, call.asked.persona, call.by)
    return Done(done=1)


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


_ON = "/people/<ref>"
OPERATIONS: Final = (
    Operation(
        "settleConflict",
        "POST",
        "/issues/<int:issue>/settle",
        Role.OPERATOR,
        "Queue",
        "Decide a conflict: the winner's value goes to the other side.",
        Winner,
        Done,
        settle,
    ),
    Operation(
        "unpark",
        "POST",
        "/issues/unpark",
        Role.OPERATOR,
        "Queue",
        "Let parked values be tried again.",
        Issues,
        Done,
        unpark,
    ),
    Operation(
        "resync",
        "POST",
        f"{_ON}/resync",
        Role.OPERATOR,
        "People",
        "Look at a record again, whether or not anything changed.",
        Nothing,
        Done,
        resync,
    ),
    Operation(
        "link",
        "POST",
        f"{_ON}/link",
        Role.OPERATOR,
        "People",
        "Say that two records are the same.",
        Counterpart,
        Done,
        link,
    ),
    Operation(
        "unlink",
        "POST",
        f"{_ON}/unlink",
        Role.OPERATOR,
        "People",
        "Keep two linked records apart from now on.",
        Nothing,
        Done,
        unlink,
    ),
    Operation(
        "choosePersona",
        "POST",
        f"{_ON}/persona",
        Role.OPERATOR,
        "People",
        "Choose a persona by hand, or let the rules say again.",
        PersonaChosen,
        Done,
        persona,
    ),
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
