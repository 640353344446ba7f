"""Carry changes to one side and sort the answers.

A refused field is left out and the rest of the record is sent again, so that one bad value never holds back its
neighbours; the loop ends because every round drops at least one field. What came of each task is kept on the task:
changes written, changes refused with the side's words, or that nobody knows (`unsure`), or that the record is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from connector.core.plan import Change
from connector.core.refs import Ref, Side
from connector.core.values import Value
from connector.engine.bridge import Bridge
from connector.errors import BridgeError, Unauthorised
from connector.ports import Absent, Done, Exists, Outcome, Rejected, Rejection, Unsure, Write

_ROUNDS = 6


@dataclass(slots=True)
class Task:
    """One record to be written, and what became of it."""

    object: str
    ref: Ref | None  # None: create; filled in once made
    changes: list[Change]
    key: tuple[str, str] | None = None
    archive: bool = False
    written: list[Change] = field(default_factory=list)
    refused: list[tuple[Change | None, Rejection]] = field(default_factory=list)
    unsure: BridgeError | None = None
    told: dict[str, Value] = field(default_factory=dict)
    absent: bool = False
    moved_to: Ref | None = None  # where an absent record's identity went on
    exists: tuple[Ref, ...] = ()  # who holds the place of what should have been made
    taken: str = ""  # the side's words about it
    created: bool = False
    done: bool = False

    @property
    def side(self) -> Side:
        """Where it is written."""
        return self.ref.side if self.ref else self.changes[0].side


def carry_out(bridge: Bridge, tasks: Sequence[Task]) -> None:
    """Write all tasks, both sides at the same time; each task then tells what became of it."""
    bridge.together(lambda side: _side(bridge, [task for task in tasks if task.side is side]))


def _side(bridge: Bridge, tasks: Sequence[Task]) -> None:
    by_object: dict[str, list[Task]] = {}
    for task in tasks:
        by_object.setdefault(task.object, []).append(task)
    for obj, group in by_object.items():
        waiting = group
        for _ in range(_ROUNDS):
            waiting = _round(bridge, obj, waiting)
            if not waiting:
                break
        for task in waiting:
            task.refused += [(change, _endless(task)) for change in task.changes]


def _round(bridge: Bridge, obj: str, tasks: Sequence[Task]) -> list[Task]:
    """One write of each task; returns those worth sending again with fewer fields."""
    side = tasks[0].side
    writes = [_write(task) for task in tasks]
    outcomes = bridge.crms[side].write(bridge.views[side, obj], writes)
    return [task for task, outcome in zip(tasks, outcomes, strict=True) if _again(task, outcome)]


def _write(task: Task) -> Write:
    values = {change.field: change.after for change in task.changes}
    created = task.ref is None
    if created:
        values = {name: value for name, value in values.items() if value is not None}
    return Write(task.ref, values, task.key if created else None, task.archive)


def _again(task: Task, outcome: Outcome) -> bool:
    """Note the outcome on the task; True when it should be sent again."""
    match outcome:
        case Done():
            task.done, task.ref, task.created = True, outcome.ref, outcome.created
            task.told = dict(outcome.values)
            untaken = {rejection.field: rejection for rejection in outcome.not_taken}
            task.written = [change for change in task.changes if change.field not in untaken]
            task.refused += [(change, untaken[change.field]) for change in task.changes if change.field in untaken]
        case Rejected():
            return _drop(task, outcome.rejections)
        case Exists():
            task.exists, task.taken = outcome.refs, outcome.reason
            return task.ref is not None and _drop(task, (_taken(task, outcome),))
        case Absent(reading=reading):
            task.absent, task.moved_to = True, reading.moved_to
        case Unsure():
            task.unsure = outcome.error
            if isinstance(outcome.error, Unauthorised):
                outcome.error.side = task.side
    return False


def _drop(task: Task, rejections: Iterable[Rejection]) -> bool:
    """Leave the refused fields out; True when enough is left to try again."""
    blamed = {rejection.field: rejection for rejection in rejections}
    bad = [change for change in task.changes if change.field in blamed]
    if not bad:
        task.refused += [(None, rejection) for rejection in blamed.values()]
        return False
    task.refused += [(change, blamed[change.field]) for change in bad]
    task.changes = [change for change in task.changes if change.field not in blamed]
    return bool(task.changes)


def _taken(task: Task, outcome: Exists) -> Rejection:
    """A unique value that another record holds: blame the field the side names, else the one that is unique."""
    blamed = next((change.field for change in task.changes if change.field in outcome.reason), "")
    if not blamed:
        blamed = next((change.field for change in task.changes if "email" in change.field.lower()), "")
    others = ", ".join(str(ref) for ref in outcome.refs)
    return Rejection(blamed, "DUPLICATE", outcome.reason, f"the value belongs to {others}; merge them or change one")


def _endless(task: Task) -> Rejection:
    return Rejection("", "GAVE_UP", f"still refused after {_ROUNDS} rounds", f"look at {task.ref or task.object}")
