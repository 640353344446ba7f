"""Tasks for people, made once: looked for first, created in one try, looked for again when the answer was lost.

HubSpot has no key that makes the creation of a task safe to repeat (fact sheet 2.5, trap 9). So the tasks that hang on
the record are read, and what stands in the last line of their bodies is compared; associations and reading by id know
their own writes, which search does not. A create is never repeated by itself: what a fault leaves unsure is looked for,
and asking again with the same key comes back to where it was. A day is due at noon UTC, which is that day nearly
everywhere.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any, Final

from connector.core.readings import Presence
from connector.core.refs import Ref, hubspot
from connector.errors import BridgeError, Transient
from connector.hubspot.batches import BATCH, chunks
from connector.hubspot.faults import Denied
from connector.hubspot.linked import Linker
from connector.hubspot.reading import Reader
from connector.hubspot.refusals import refused, rejection
from connector.hubspot.wire import RESULTS, Wire, results
from connector.ports import Absent, Done, Outcome, Rejected, Todo, Unsure, View

TASKS: Final = "tasks"
LINKS: Final[Mapping[str, int]] = {"contacts": 204, "companies": 192, "deals": 216}  # from a task (fact sheet 7)
MARK: Final = "Smarketing reference: "
BODY: Final = "hs_task_body"
BODY_MAX: Final = 65_000
_NOON: Final = time(12, tzinfo=UTC)
_TAGS: Final = re.compile(r"<[^>]*>|[\r\n]+")  # the editor in HubSpot's pages makes HTML of a body
Key = tuple[Ref, str]
Outcomes = dict[Key, Outcome]


class Reminder:
    """Makes tasks. Never raises for a remote fault."""

    def __init__(self, wire: Wire, reader: Reader) -> None:
        self._wire, self._reader = wire, reader
        self._linker = Linker(wire)

    def remind(self, todos: Sequence[Todo]) -> list[Outcome]:
        """One outcome each, in order."""
        wanted = {_key(todo): todo for todo in todos}
        outcomes: Outcomes = {key: _foreign(todo) for key, todo in wanted.items() if todo.about.object not in LINKS}
        outcomes |= self._found([todo for key, todo in wanted.items() if key not in outcomes])
        missing = [todo for key, todo in wanted.items() if key not in outcomes]
        for part in chunks(missing, BATCH):
            outcomes |= self._made(part)
        return [outcomes[_key(todo)] for todo in todos]

    def _found(self, todos: Sequence[Todo]) -> Outcomes:
        """Those that are there; what cannot be asked for now is unsure."""
        try:
            return {key: Done(ref) for key, ref in self._there(todos).items()}
        except BridgeError as error:
            return {_key(todo): Unsure(error) for todo in todos}

    def _there(self, todos: Sequence[Todo]) -> dict[Key, Ref]:
        """The tasks that are there already. Raises as `Wire.call`."""
        by_object: dict[str, list[Todo]] = defaultdict(list)
        for todo in todos:
            by_object[todo.about.object].append(todo)
        found: dict[Key, Ref] = {}
        for obj, mine in by_object.items():
            linked = self._linker.linked(obj, [todo.about.id for todo in mine], TASKS)
            marks = self._marks({task for tasks in linked.values() for task in tasks})
            for todo in mine:
                tasks = (task for task in linked.get(todo.about.id, ()) if marks.get(task) == _mark(todo))
                found |= {_key(todo): hubspot(TASKS, task) for task in tasks}
        return found

    def _marks(self, ids: set[str]) -> dict[str, str]:
        """By task, the last line of its body."""
        path = self._wire.objects(TASKS, "batch", "read")
        marks: dict[str, str] = {}
        for part in chunks(sorted(ids), BATCH):
            body = {"properties": [BODY], "inputs": [{"id": each} for each in part]}
            for record in results(self._wire.post("batch read", path, body, RESULTS)):
                lines = _TAGS.split(str((record.get("properties") or {}).get(BODY) or ""))
                marks[str(record["id"])] = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return marks

    def _made(self, todos: Sequence[Todo]) -> Outcomes:
        """Create tasks, up to a hundred, in one try."""
        try:
            answer = self._wire.once("remind", self._wire.objects(TASKS, "batch", "create"), {"inputs": _inputs(todos)})
        except Denied as refusal:
            return self._refused(todos, refusal)
        except BridgeError as error:
            return self._after_all(todos, error)
        told = answer.body if isinstance(answer.body, dict) else {}
        made: Outcomes = {}
        for record in told.get("results") or ():
            todo = _traced(todos, record.get("objectWriteTraceId"))
            if todo is not None:
                made[_key(todo)] = Done(hubspot(TASKS, str(record["id"])), created=True)
        for problem in told.get("errors") or ():
            for trace in (problem.get("context") or {}).get("objectWriteTraceId") or ():
                todo = _traced(todos, trace)
                if todo is not None:
                    made[_key(todo)] = self._outcome(todo, problem)
        left = [todo for todo in todos if _key(todo) not in made]
        return made | (self._after_all(left, Transient("HubSpot's answer does not speak of this task")) if left else {})

    def _refused(self, todos: Sequence[Todo], refusal: Denied) -> Outcomes:
        """The batch is refused as a whole: one bad task must fail alone."""
        if len(todos) > 1:
            middle = len(todos) // 2
            return self._made(todos[:middle]) | self._made(todos[middle:])
        body = refusal.answer.body if isinstance(refusal.answer.body, dict) else {"message": str(refusal)}
        return {_key(todos[0]): self._outcome(todos[0], body)}

    def _outcome(self, todo: Todo, error: Mapping[str, Any]) -> Outcome:
        """What a refusal means; that the record is gone, if it is."""
        outcome = refused(TASKS, error, creating=False)
        try:
            (reading,) = self._reader.read(View(todo.about.object, {}), [todo.about.id])
        except BridgeError as fault:
            return Unsure(fault)
        return outcome if reading.presence is Presence.PRESENT else Absent(reading)

    def _after_all(self, todos: Sequence[Todo], error: BridgeError) -> Outcomes:
        """Those whose answer was lost: made, if they are there; else nobody knows."""
        unsure: Outcomes = {_key(todo): Unsure(error) for todo in todos}
        found = self._found(todos)
        return unsure | {key: Done(each.ref, created=True) for key, each in found.items() if isinstance(each, Done)}


def _key(todo: Todo) -> Key:
    return todo.about, todo.key


def _mark(todo: Todo) -> str:
    """The last line of the body, by which a task is known again."""
    return MARK + " ".join(todo.key.split())


def _traced(todos: Sequence[Todo], trace: Any) -> Todo | None:
    number = str(trace or "")
    return todos[int(number)] if number.isdigit() and int(number) < len(todos) else None


def _inputs(todos: Sequence[Todo]) -> list[Mapping[str, Any]]:
    return [
        {
            "objectWriteTraceId": str(place),
            "properties": _properties(todo),
            "associations": [{"to": {"id": todo.about.id}, "types": [_type(todo.about.object)]}],
        }
        for place, todo in enumerate(todos)
    ]


def _type(obj: str) -> Mapping[str, Any]:
    return {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": LINKS[obj]}


def _properties(todo: Todo) -> Mapping[str, str]:
    return {
        "hs_timestamp": datetime.combine(todo.due, _NOON).isoformat(),
        "hs_task_subject": todo.subject,
        BODY: f"{todo.body[:BODY_MAX].rstrip()}\n\n{_mark(todo)}".lstrip(),
        "hs_task_status": "NOT_STARTED",
        "hs_task_priority": "HIGH",
        "hs_task_type": "TODO",
        **({"hubspot_owner_id": todo.owner} if todo.owner else {}),
    }


def _foreign(todo: Todo) -> Outcome:
    words = f"tasks can hang on {', '.join(LINKS)}, not on {todo.about.object}"
    return Rejected((rejection("", "NO_TASKS", words),))
