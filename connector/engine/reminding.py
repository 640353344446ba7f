"""Tasks for people, made on the side of the record they hang on.

The side makes one task a key, however often it is asked, so a task is asked for until the side says that it is there.
A task goes to the owner it is meant for; one that the side will not give to them (a queue, somebody who left) is made
without an owner, so that whoever opens the record finds it, and people are told that it is nobody's. A record that has
become another takes its task along; one that is gone needs none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.core.plan import Issue, IssueKind
from connector.core.policy import ActionKind
from connector.core.refs import Ref
from connector.engine.bridge import Bridge
from connector.engine.run import Run
from connector.engine.unsent import failed, paused, settle
from connector.errors import RateLimited
from connector.ports import Absent, Done, Outcome, Rejected, Todo, Unsure
from connector.storage import effects, issues
from connector.storage.effects import Settled, State, Stored

_BATCH = 200
_MEANT = "(Meant for {}, who cannot be given tasks.)"


def remind(bridge: Bridge, run: Run) -> None:
    """Make the tasks that are due; a side that does not answer is asked no more in this run."""
    while claims := _claimed(bridge):
        asked = [(claim, todo(claim)) for claim in claims]
        outcomes = _followed(bridge, [one for _, one in asked])
        _tell_ownerless(bridge, run, [one for one, outcome in outcomes if isinstance(outcome, Done) and not one.owner])
        settled = [_settled(bridge, claim, outcome) for (claim, _), (_, outcome) in zip(asked, outcomes, strict=True)]
        settle(bridge, run, settled)
        run.count("tasks_made", sum(isinstance(outcome, Done) and outcome.created for _, outcome in outcomes))
        if any(isinstance(outcome, Unsure) for _, outcome in outcomes):
            return


def todo(claim: Stored) -> Todo:
    """The task an effect asks for, due on the day it was set off."""
    effect = claim.effect
    return Todo(effect.about, effect.to, effect.subject, effect.body, claim.added_at.date(), claim.key)


def _claimed(bridge: Bridge) -> list[Stored]:
    with bridge.database.read() as conn:
        if not effects.due(conn, ActionKind.TASK, bridge.clock.now()):
            return []
    with bridge.database.begin() as conn:
        return effects.claim(conn, ActionKind.TASK, bridge.clock.now(), _BATCH)


def _followed(bridge: Bridge, todos: Sequence[Todo]) -> list[tuple[Todo, Outcome]]:
    """What was asked for in the end, and what came of it: of the record as it is now, without an owner if need be."""
    first = list(zip(todos, _made(bridge, todos), strict=True))
    other = {place: again for place, (one, outcome) in enumerate(first) if (again := _otherwise(one, outcome))}
    second = dict(zip(other, _made(bridge, list(other.values())), strict=True))
    return [
        (other[place], second[place]) if place in other else (one, outcome)
        for place, (one, outcome) in enumerate(first)
    ]


def _otherwise(one: Todo, outcome: Outcome) -> Todo | None:
    match outcome:
        case Absent(reading) if reading.moved_to is not None:
            return replace(one, about=reading.moved_to)
        case Rejected() if one.owner:
            body = f"{one.body}\n\n{_MEANT.format(one.owner)}".strip()
            return replace(one, owner="", body=body)
    return None


def _made(bridge: Bridge, todos: Sequence[Todo]) -> list[Outcome]:
    """As `Crm.remind`, of both sides."""
    outcomes: dict[int, Outcome] = {}
    for side, crm in bridge.crms.items():
        places = [place for place, one in enumerate(todos) if one.about.side is side]
        told = crm.remind([todos[place] for place in places]) if places else ()
        outcomes |= dict(zip(places, told, strict=True))
    return [outcomes[place] for place in range(len(todos))]


def _settled(bridge: Bridge, claim: Stored, outcome: Outcome) -> Settled:
    match outcome:
        case Done():
            return Settled(claim, State.DONE)
        case Absent():
            return Settled(claim, State.DONE, "the record is gone; nobody needs to do anything about it")
        case Rejected(rejections):
            told = rejections[0]
            return failed(bridge, claim, f"{told.code}: {told.reason}", told.hint)
        case Unsure(error):
            until = error.until if isinstance(error, RateLimited) else paused(bridge, claim)
            return Settled(claim, State.WAITING, str(error), "it is asked for again until it is there", until)
    raise AssertionError(f"a task is never answered with {outcome}")


def _tell_ownerless(bridge: Bridge, run: Run, todos: Sequence[Todo]) -> None:
    """People are told of tasks that are nobody's, once a record."""
    if todos:
        with bridge.database.begin() as conn:
            issues.raise_issues(conn, [_ownerless(one.about) for one in todos], bridge.clock.now(), run.id)


def _ownerless(about: Ref) -> Issue:
    return Issue(
        IssueKind.UNSENT,
        (about,),
        side=about.side,
        code="NOBODY",
        reason="a task was made that is nobody's: the record has no owner who can be given tasks",
        hint="give the record an owner who is a person, and the task to them",
    )
