"""What scripts may do by the API: each act is one of `engine.commands` or the undo, recorded with the token's name.

An act changes what is remembered and marks the records; the service does the rest within seconds. Only link and forget
call the CRMs, to look whether and whose the records are.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from connector.admin.api.operations import Call, Nothing, Operation, Shape, parsed
from connector.admin.roles import Role
from connector.core.refs import Side
from connector.engine import commands
from connector.errors import Refused


class Winner(Shape):
    """Who wins a conflict."""

    winner: Literal["hubspot", "salesforce"]


class Issues(Shape):
    """Issues by number."""

    issues: Annotated[list[int], Field(min_length=1, max_length=1_000)]


class Counterpart(Shape):
    """The record of the other side that is the same person or company."""

    to: str


class Confirmed(Shape):
    """The record once more, so that nobody is erased by a slip."""

    ref: str


class PersonaChosen(Shape):
    """A persona by name; empty: let the rules say."""

    persona: str


class Done(Shape):
    """How many records or issues it concerned."""

    done: int


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


def retry(call: Call[Nothing]) -> Done:
    """Pauses ended."""
    return Done(done=commands.retry(call.desk.office.bridge(), call.by))


def forget(call: Call[Confirmed]) -> Done:
    """Somebody erased from the store."""
    if parsed(call.asked.ref) != call.ref:
        raise Refused(f"to erase {call.ref}, say its ref in the body as well")
    commands.forget(call.desk.office.live(), call.ref, call.by)
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


_ON = "/people/<ref>"
OPERATIONS: Final = (
    Operation(
        "retry",
        "POST",
        "/queue/retry",
        Role.OPERATOR,
        "Queue",
        "Do now what waits for its pause to end.",
        Nothing,
        Done,
        retry,
    ),
    Operation(
        "forget",
        "POST",
        f"{_ON}/forget",
        Role.ADMIN,
        "People",
        "Erase all that the store holds of a person, and never make them again; the CRMs keep theirs.",
        Confirmed,
        Done,
        forget,
    ),
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
)
