"""Tasks for reps, made once: looked for first, created in one try, looked for again when the answer was lost.

Salesforce has no key that makes the creation of a Task safe to repeat, and Description, where ours is kept, cannot be
filtered by (fact sheet 1.1, 1.3). So the person's tasks with that subject are read, those in the bin and the archive
too, and what stands in their last line is compared. A create is never repeated by itself: what a fault leaves unsure is
looked for, and asking again with the same key comes back to where it was. WhatId stays empty, as a Lead's must (4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from connector.core.refs import Ref, id18, salesforce
from connector.errors import BridgeError, Transient
from connector.ports import Done, Outcome, Todo, Unsure, View, Write
from connector.salesforce import sending, soql
from connector.salesforce.api import Api, Call
from connector.salesforce.faults import Declined
from connector.salesforce.outcomes import Judge
from connector.salesforce.reads import Reader
from connector.salesforce.sending import ROWS_MAX, Row, Told

TASK: Final = "Task"
SUBJECT_MAX: Final = 255
DESCRIPTION_MAX: Final = 32_000
MARK: Final = "Smarketing reference: "
PEOPLE_MAX: Final = 100  # whose tasks are asked for at once: their subjects share the address of the query
Key = tuple[Ref, str]


class Reminder:
    """Makes tasks. Never raises for what Salesforce does."""

    def __init__(self, api: Api, reader: Reader, judge: Judge) -> None:
        self._api, self._reader, self._judge = api, reader, judge

    def remind(self, todos: Sequence[Todo]) -> list[Outcome]:
        """One outcome each, in order."""
        wanted = {(todo.about, todo.key): todo for todo in todos}
        parts = [list(wanted.values())[begin : begin + PEOPLE_MAX] for begin in range(0, len(wanted), PEOPLE_MAX)]
        outcomes: dict[Key, Outcome] = {}
        missing: list[Todo] = []
        for part in parts:
            found = self._found(part)
            outcomes |= found
            missing += [todo for todo in part if (todo.about, todo.key) not in found]
        for begin in range(0, len(missing), ROWS_MAX):
            outcomes |= self._made(missing[begin : begin + ROWS_MAX])
        return [outcomes[todo.about, todo.key] for todo in todos]

    def _found(self, todos: Sequence[Todo]) -> dict[Key, Outcome]:
        """Those that are there; what cannot be asked for now is unsure."""
        try:
            there = self._there(todos)
        except BridgeError as error:
            return {(todo.about, todo.key): Unsure(error) for todo in todos}
        return {key: Done(ref) for key, ref in there.items()}

    def _there(self, todos: Sequence[Todo]) -> dict[Key, Ref]:
        """The tasks that are there already. Raises as `Api.send`."""
        subjects = soql.among("Subject", sorted({soql.literal(_subject(todo)) for todo in todos}))
        names = ["Id", "WhoId", "Description"]
        room = soql.ADDRESS_BYTES_MAX - len(soql.query_path(soql.select(names, TASK, "WhoId IN ()", subjects)))
        literals = [soql.literal(each) for each in sorted({todo.about.id for todo in todos})]
        by_mark = {(todo.about.id, _mark(todo)): (todo.about, todo.key) for todo in todos}
        found: dict[Key, Ref] = {}
        for part in soql.portions(literals, max(room, 1)):
            query = soql.select(names, TASK, soql.among("WhoId", part), subjects)
            for row in self._reader.rows(soql.query_path(query, deleted=True), "remind"):
                last = (row.get("Description") or "").rstrip().rpartition("\n")[2]
                key = by_mark.get((id18(row["WhoId"] or ""), last))
                if key is not None:
                    found.setdefault(key, salesforce(TASK, row["Id"]))
        return found

    def _made(self, todos: Sequence[Todo]) -> dict[Key, Outcome]:
        """Create tasks, up to 200, in one try."""
        made: dict[Key, Outcome] = {}
        refused: dict[str, list[tuple[Row, Told]]] = defaultdict(list)
        for place, (todo, each) in enumerate(zip(todos, self._told(todos), strict=True)):
            if each.faults or each.error:
                refused[todo.about.object].append((Row(place, Write(todo.about)), each))
            else:
                made[todo.about, todo.key] = Done(salesforce(TASK, each.id), created=True)
        for obj, judged in refused.items():
            outcomes = self._judge.outcomes(View(obj, {}), judged)
            made |= {(todos[place].about, todos[place].key): outcome for place, outcome in outcomes.items()}
        return made | self._made_after_all([todo for todo in todos if isinstance(made[todo.about, todo.key], Unsure)])

    def _made_after_all(self, todos: Sequence[Todo]) -> dict[Key, Outcome]:
        """Those whose answer was lost and which are there."""
        found = self._found(todos) if todos else {}
        return {key: replace(each, created=True) for key, each in found.items() if isinstance(each, Done)}

    def _told(self, todos: Sequence[Todo]) -> list[Told]:
        body = {"allOrNone": False, "records": [_record(todo) for todo in todos]}
        try:
            results = self._api.once(Call("POST", "composite/sobjects", "remind", body)).body
        except Declined as error:
            return [Told(faults=error.faults)] * len(todos)
        except BridgeError as error:
            return [Told(error=error)] * len(todos)
        if not isinstance(results, list) or len(results) != len(todos):
            return [Told(error=Transient(sending.SHORT))] * len(todos)
        return [sending.told(result, created=True) for result in results]


def _record(todo: Todo) -> Mapping[str, Any]:
    return {
        "attributes": {"type": TASK},
        "WhoId": todo.about.id,
        **({"OwnerId": todo.owner} if todo.owner else {}),
        "Subject": _subject(todo),
        "Description": _description(todo),
        "ActivityDate": todo.due.isoformat(),
        "Status": "Not Started",
        "Priority": "High",
    }


def _subject(todo: Todo) -> str:
    """As much of the subject as fits, as Salesforce will hold it; the rest stands in the description."""
    subject = todo.subject.strip()
    return subject if len(subject) <= SUBJECT_MAX else subject[: SUBJECT_MAX - 1].rstrip() + "…"


def _description(todo: Todo) -> str:
    body = todo.body.strip() if len(todo.subject.strip()) <= SUBJECT_MAX else f"{todo.subject}\n\n{todo.body}".strip()
    mark = _mark(todo)
    return f"{body[: DESCRIPTION_MAX - len(mark) - 2]}\n\n{mark}".lstrip()


def _mark(todo: Todo) -> str:
    """The last line of the description, by which a task is known again."""
    return MARK + " ".join(todo.key.split())
