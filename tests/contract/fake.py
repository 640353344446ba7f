"""`FakeCrm`: one side in memory, under the same contract as the real adapters.

People act on it through `add`, `edit`, `archive`, `merge`, `convert`, `erase`; the engine through `ports.Crm`. Every
change gets a sequence number, which is its cursor. Refusals, rewriting and faults are injected; every call is counted
and every write that took effect is in `log`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from connector import ports
from connector.core.readings import Presence, Reading
from connector.core.refs import Ref, Side
from connector.core.values import Kind, Value
from connector.errors import BridgeError
from tests.contract.fake_side import FakeSide, Row


class Laned:
    """A fake as the hot lane calls it: what is called so is noted in `hot`."""

    def __init__(self, fake: "FakeCrm", lane: ports.Lane) -> None:
        self._fake, self._lane = fake, lane

    def __getattr__(self, name: str) -> Any:
        self._fake.hot[name] += 1
        return getattr(self._fake, name)


class FakeCrm(FakeSide):
    """One side in memory, as the engine sees it; construction and what tests may do to it stand in `FakeSide`."""

    # What the engine does: ports.Crm.

    def account(self) -> ports.Account:
        self._call("account")
        return self.identity

    def schema(self, obj: str) -> ports.ObjectSchema:
        self._call("schema")
        unique = self.unique.get(obj, ())
        fields = {
            name: ports.FieldSchema(
                name, name, kind.value, frozenset({kind, Kind.TEXT}), unique=name in unique, external_id=name in unique
            )
            for name, kind in self.schemas[obj].items()
        }
        return ports.ObjectSchema(obj, fields)

    def prime(self, schemas: Mapping[str, ports.ObjectSchema]) -> None:
        assert schemas.keys() <= self.schemas.keys()  # it has no other schemas than its own, and no calls to save

    def owners(self) -> Sequence[ports.Owner]:
        self._call("owners")
        return list(self.people)

    def usage(self) -> ports.Usage:
        return ports.Usage(self.calls.total(), dict(self.calls), 0)

    def changes(self, views: Sequence[ports.View], cursor: ports.Cursor | None, known: ports.Known) -> ports.Changes:
        self._call("changes")
        if cursor is None:
            return ports.Changes((), {"seq": self._seq}, more=False)
        by_object = {view.object: view for view in views}
        news = sorted(
            (row for ref, row in self.rows.items() if row.seq > cursor["seq"] and ref.object in by_object),
            key=lambda row: row.seq,
        )
        portion = news[: self.page]
        seq = portion[-1].seq if portion else self._seq
        readings = [self._reading(row, by_object[row.ref.object]) for row in portion]
        return ports.Changes(readings, {"seq": seq}, more=len(news) > len(portion))

    def scan(self, view: ports.View) -> Iterator[Sequence[Reading]]:
        live = self.live(view.object)
        for start in range(0, len(live), self.page):
            self._call("scan")
            yield [self._reading(self.rows[ref], view) for ref in live[start : start + self.page]]

    def read(self, view: ports.View, ids: Sequence[str], history: Sequence[str] = ()) -> list[Reading]:
        self._call("read")
        return [self._read_one(view, Ref(self.side, view.object, each), history) for each in ids]

    def find(self, view: ports.View, name: str, values: Sequence[str]) -> list[Reading]:
        self._call("find")
        wanted = {value.casefold() for value in values}
        rows = (self.rows[ref] for ref in self.live(view.object))
        return [self._reading(row, view) for row in rows if (row.values.get(name) or "").casefold() in wanted]

    def read_many(self, asked: Sequence[tuple[ports.View, Sequence[str]]]) -> list[Reading]:
        return [reading for view, ids in asked for reading in self.read(view, ids)]

    def find_many(self, asked: Sequence[tuple[ports.View, ports.Sought]]) -> list[Reading]:
        questions = [(view, name, values) for view, sought in asked for name, values in sought.items()]
        found = (reading for question in questions for reading in self.find(*question))
        return list({reading.ref: reading for reading in found}.values())

    def write(self, view: ports.View, writes: Sequence[ports.Write]) -> list[ports.Outcome]:
        self._call("write")
        return [self._write_guarded(view, write) for write in writes]

    def evidence(self, objects: Sequence[str], cursor: ports.Cursor | None, now: datetime) -> ports.Evidence:
        self._call("evidence")
        if cursor is None:
            return ports.Evidence((), {"done": len(self.done)}, more=False)
        portion = self.done[cursor["done"] : cursor["done"] + self.page]
        reached = cursor["done"] + len(portion)
        entries = [replace(entry, seen_at=now) for entry in portion if entry.ref.object in objects]
        return ports.Evidence(entries, {"done": reached}, more=reached < len(self.done))

    def poll(self, asked: ports.Poll) -> tuple[ports.Changes, ports.Evidence]:
        changes = self.changes(asked.views, asked.cursor, asked.known)
        if not asked.objects:
            return changes, ports.Evidence((), asked.evidence_cursor or {}, more=False)
        return changes, self.evidence(asked.objects, asked.evidence_cursor, asked.now)

    def in_lane(self, lane: ports.Lane) -> ports.Crm:
        return Laned(self, lane) if lane is ports.Lane.HOT else self

    def remind(self, todos: Sequence[ports.Todo]) -> list[ports.Outcome]:
        self.calls["remind"] += 1
        return [self._remind_guarded(todo) for todo in todos]

    def _remind_guarded(self, todo: ports.Todo) -> ports.Outcome:
        try:
            self._strike("remind", after_commit=False)
            outcome = self._remind_one(todo)
            self._strike("remind", after_commit=True)
        except BridgeError as error:
            return ports.Unsure(error)
        return outcome

    def _remind_one(self, todo: ports.Todo) -> ports.Outcome:
        made = next((ref for ref, each in self.todos.items() if (each.about, each.key) == (todo.about, todo.key)), None)
        if made is not None:
            return ports.Done(made)
        row = self.rows.get(todo.about)
        if row is None or row.presence is not Presence.PRESENT:
            return ports.Absent(self._read_one(ports.View(todo.about.object, {}), todo.about, ()))
        made = Ref(self.side, "Task" if self.side is Side.SALESFORCE else "tasks", f"task{len(self.todos) + 1}")
        self.todos[made] = todo
        return ports.Done(made, created=True)

    def _write_guarded(self, view: ports.View, write: ports.Write) -> ports.Outcome:
        try:
            self._strike("write", after_commit=False)
            outcome = self._write_one(view, write)
            self._strike("write", after_commit=True)
        except BridgeError as error:
            return ports.Unsure(error)
        return outcome

    def _write_one(self, view: ports.View, write: ports.Write) -> ports.Outcome:
        rejections = tuple(
            self.refusals[key]
            for name, value in write.values.items()
            for key in ((view.object, name, value), (view.object, name, None))
            if key in self.refusals and not write.archive
        )
        if rejections:
            return ports.Rejected(rejections[:1])
        return self._create(view, write) if write.ref is None else self._change(view, write, write.ref)

    def _create(self, view: ports.View, write: ports.Write) -> ports.Outcome:
        values = dict(write.values)
        if write.key:
            values[write.key[0]] = write.key[1]
            holder = self._holder(view.object, *write.key)
            if holder is not None:
                return self._update(view, self.rows[holder], values)
        elif "email" not in {name.casefold() for name, value in values.items() if value}:
            return ports.Rejected((ports.Rejection("", "NO_SAFE_KEY", "no unique value", "map a unique field"),))
        taken = self._taken(view.object, values)
        if taken:
            return ports.Exists(taken, "a record with this unique value exists")
        row = self._insert(view.object, values, "api")
        self.log.append(("create", row.ref, values))
        return self._done(view, row, values, created=True)

    def _change(self, view: ports.View, write: ports.Write, ref: Ref) -> ports.Outcome:
        row = self.rows.get(ref)
        if row is None or row.presence is not Presence.PRESENT:
            return ports.Done(ref) if write.archive and row is not None else ports.Absent(self._read_one(view, ref, ()))
        if write.archive:
            self._leave(row, Presence.ARCHIVED)
            self.log.append(("archive", ref, {}))
            return ports.Done(ref)
        return self._update(view, row, dict(write.values))

    def _update(self, view: ports.View, row: Row, values: dict[str, Value]) -> ports.Outcome:
        others = tuple(each for each in self._taken(view.object, values) if each != row.ref)
        if others:
            rejection = ports.Rejection("", "CONFLICT", "another record holds this unique value", "merge the two")
            return ports.Rejected((rejection,))
        self._put(row, values, "api")
        self.log.append(("update", row.ref, values))
        return self._done(view, row, values, created=False)

    def _done(self, view: ports.View, row: Row, told: Mapping[str, Value], *, created: bool) -> ports.Done:
        held = {name: row.values.get(name) for name in told if name in view.fields}
        return ports.Done(row.ref, created, held, row.modified_at)

    def _read_one(self, view: ports.View, ref: Ref, history: Sequence[str]) -> Reading:
        row = self.rows.get(ref)
        if row is None:
            return Reading(ref, Presence.MISSING)
        reading = self._reading(row, view)
        stamps = {name: row.stamps[name] for name in history if name in row.stamps}
        return replace(reading, stamps=stamps) if reading.present else reading

    def _reading(self, row: Row, view: ports.View) -> Reading:
        if row.presence is not Presence.PRESENT:
            return Reading(
                row.ref, row.presence, modified_at=row.modified_at, moved_to=row.moved_to, converted=row.converted
            )
        values = {name: row.values.get(name) for name in view.fields}
        return Reading(row.ref, values=values, modified_at=row.modified_at, aliases=row.aliases)

    def _call(self, operation: str) -> None:
        self.calls[operation] += 1
        if operation != "write":
            self._strike(operation, after_commit=False)

    def _strike(self, operation: str, *, after_commit: bool) -> None:
        for fault in self.faults:
            if fault.operation == operation and fault.after_commit is after_commit and fault.times > 0:
                fault.times -= 1
                raise fault.error
