"""Writes that can be taken back.

Every new version of a row is noted with the version before it. A transaction that fails is undone from its notes,
newest first; one that succeeds turns them into the write log and the list of changes. So the log holds what took
effect and nothing else, and what the org's own rules made of a write stands on a line of its own, by "automation".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

from connector.sandbox.salesforce.acts import Act, Change
from connector.sandbox.salesforce.fields import ID_SLOT, ObjectType, Row
from connector.sandbox.salesforce.settings import Settings
from connector.sandbox.salesforce.table import Shadow, Table
from connector.sandbox.services import WriteLog


@dataclass(slots=True)
class Note:
    """One version of one row put in place of another (None: no row)."""

    table: Table
    act: Act
    kind: str
    before: Row | None
    after: Row | None
    rewritten: frozenset[str] = frozenset()  # names that the org's own rules have set, whatever the caller said


class Journal:
    """Notes of the transaction under way, and the traces of all that were committed."""

    def __init__(self, log: WriteLog, random: Random, settings: Settings) -> None:
        self.events: list[Change] = []
        self.boundaries: list[int] = []  # how many events there were at the end of each transaction
        self.deletions: list[tuple[float, str, str]] = []
        self.bin: dict[str, float] = {}
        self.on_rights_changed: Callable[[], None] = lambda: None
        self._log = log
        self._random = random
        self._settings = settings
        self._notes: list[Note] = []
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. May be nested: an inner one that fails undoes itself only, the outermost one publishes."""
        mark = len(self._notes)
        self._depth += 1
        try:
            yield
        except BaseException:
            while len(self._notes) > mark:
                _undo(self._notes.pop())
            raise
        finally:
            self._depth -= 1
            if self._depth == 0:
                notes, self._notes = self._notes, []
                for note in notes:
                    self._publish(note)
                if notes:
                    self.boundaries.append(len(self.events))

    def put(self, table: Table, act: Act, row: Row, kind: str, *, rewritten: frozenset[str] = frozenset()) -> None:
        """Put a version of a row in place."""
        self._notes.append(Note(table, act, kind, table.put(row), row, rewritten))

    def drop(self, table: Table, act: Act, record_id: str) -> None:
        """Remove a row for good."""
        self._notes.append(Note(table, act, "hard_deleted", table.drop(record_id), None))

    def _publish(self, note: Note) -> None:
        row = note.after or note.before
        if row is None:
            return
        kind, act, record_id = note.table.kind, note.act, row[ID_SLOT]
        changes = _changes(kind, note.before, note.after)
        self.events.append(Change(kind.name, record_id, note.kind, tuple(changes), act.now, act.actor))
        own = {name: value for name, value in changes.items() if name not in note.rewritten}
        self._write(act.actor, note.kind, kind.name, record_id, own)
        if note.rewritten:
            theirs = {name: value for name, value in changes.items() if name in note.rewritten}
            self._write("automation", "updated", kind.name, record_id, theirs)
        if note.kind in {"deleted", "merged", "hard_deleted"}:
            self.deletions.append((act.now.timestamp(), kind.name, record_id))
        if note.kind in {"deleted", "merged"}:
            self.bin[record_id] = act.now.timestamp()
        elif note.kind in {"undeleted", "hard_deleted"}:
            self.bin.pop(record_id, None)
        self._veil(note, record_id)
        if kind.name in _RIGHTS:
            self.on_rights_changed()

    def _write(self, actor: str, operation: str, sobject: str, record_id: str, changes: dict[str, Any]) -> None:
        self._log.append(
            side="salesforce", actor=actor, operation=operation, object=sobject, id=record_id, changes=changes
        )

    def _veil(self, note: Note, record_id: str) -> None:
        """Hide the change from others for a while, if the org is set to commit late."""
        table = note.table
        if note.act.by_api or not self._settings.commit_delay_s:
            table.shadows.pop(record_id, None)
            return
        delay = self._settings.commit_delay_s * (self._random.random() if self._settings.commit_delay_random else 1.0)
        known = table.shadows.get(record_id)
        table.shadows[record_id] = Shadow(note.act.now.timestamp() + delay, known.row if known else note.before)


def _undo(note: Note) -> None:
    if note.before is not None:
        note.table.put(note.before)
    elif note.after is not None:
        note.table.drop(note.after[ID_SLOT])


def _changes(kind: ObjectType, before: Row | None, after: Row | None) -> dict[str, Any]:
    """Names and new values of what differs, audit fields aside."""
    if after is None:
        return {}
    old = kind.blank if before is None else before
    return {name: after[slot] for name, slot in kind.told if after[slot] != old[slot]}


_RIGHTS = frozenset({"FieldPermissions", "PermissionSetAssignment", "PermissionSet"})
