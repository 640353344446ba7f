"""One batch of one operation: sent, and every input's outcome found, whatever form the answer has.

Results come in any order, errors name inputs by trace id or id, a merged-away record may just be left out of a plain
200, and one bad input may poison a batch that ought to have been judged one by one (fact sheet 2.5). So results are
matched by id, trace or unique value, never by order; what is left over is read again; a batch refused as a whole is
halved until the bad one stands alone. Every operation here may be repeated: updates and archives are idempotent,
creates go by a unique value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.core.refs import Ref
from connector.core.values import Value
from connector.errors import BridgeError, Transient
from connector.hubspot.faults import Answer, Denied
from connector.hubspot.reading import EMAIL, Reader
from connector.hubspot.refusals import refused
from connector.hubspot.shapes import Shape, moment
from connector.hubspot.wire import Wire
from connector.ports import Absent, Done, Exists, Outcome, Unsure, Write

Items = Mapping[str, Write]  # by trace id
Outcomes = dict[str, Outcome]


@dataclass(frozen=True, slots=True)
class Operation:
    """How one kind of write goes out, and what its results are recognised by.

    Attributes:
        tail: the last part of the path.
        creating: whether it may make records.
        known_by: the unique property results are recognised by; "" for the record's id.
    """

    tail: str
    creating: bool = False
    known_by: str = ""


UPDATE, ARCHIVE, CREATE = Operation("update"), Operation("archive"), Operation("create", creating=True, known_by=EMAIL)


def upsert(key: str) -> Operation:
    """Create or update by a unique property."""
    return Operation("upsert", creating=True, known_by=key)


class BatchWriter:
    """Sends batches of up to a hundred. Never raises for a remote fault."""

    def __init__(self, wire: Wire, reader: Reader) -> None:
        self._wire, self._reader = wire, reader

    def send(self, shape: Shape, operation: Operation, items: Items) -> Outcomes:
        """The outcome of each item, by trace id."""
        if not items:
            return {}
        inputs = [_input(shape, operation, trace, write) for trace, write in items.items()]
        path = self._wire.objects(shape.object, "batch", operation.tail)
        try:
            answer = self._wire.post(f"batch {operation.tail}", path, {"inputs": inputs})
            return self._judged(shape, operation, items, answer)
        except Denied as refusal:
            body = refusal.answer.body if isinstance(refusal.answer.body, dict) else {"message": str(refusal)}
            return self._alone_or_halved(shape, operation, items, body)
        except BridgeError as error:
            return dict.fromkeys(items, Unsure(error))

    def held(self, shape: Shape, ref: Ref, name: str) -> dict[str, Value]:
        """What a record holds in one field now; {} when that cannot be told."""
        try:
            (reading,) = self._reader.read(shape.view, [ref.id])
        except BridgeError:
            return {}
        return {name: reading.values[name]} if name in reading.values else {}

    def _alone_or_halved(self, shape: Shape, operation: Operation, items: Items, error: Mapping[str, Any]) -> Outcomes:
        """The batch is refused as a whole: one bad record must fail alone."""
        traces = list(items)
        if len(traces) == 1:
            if error.get("category") == "OBJECT_NOT_FOUND":
                return self._lost(shape, operation, items)
            return {traces[0]: refused(shape.object, error, creating=operation.creating)}
        middle = len(traces) // 2
        halves = ({trace: items[trace] for trace in part} for part in (traces[:middle], traces[middle:]))
        return {trace: outcome for half in halves for trace, outcome in self.send(shape, operation, half).items()}

    def _judged(self, shape: Shape, operation: Operation, items: Items, answer: Answer) -> Outcomes:
        if operation is ARCHIVE:
            if answer.body is not None:
                return dict.fromkeys(items, Unsure(Transient("HubSpot answered an archiving with something else")))
            return {trace: Done(write.ref) for trace, write in items.items() if write.ref}
        body = answer.body if isinstance(answer.body, dict) else {}
        outcomes: Outcomes = {}
        recognise = _recogniser(operation, items)
        for record in body.get("results") or ():
            trace = recognise(record)
            if trace:
                outcomes[trace] = _done(shape, operation, record, items[trace])
        unnamed = None
        for error in body.get("errors") or ():
            traces = _named(error, items)
            unnamed = unnamed if traces else error
            if error.get("category") != "OBJECT_NOT_FOUND":
                outcomes |= {each: refused(shape.object, error, creating=operation.creating) for each in traces}
        left = {trace: write for trace, write in items.items() if trace not in outcomes}
        if left and unnamed:
            return outcomes | self._alone_or_halved(shape, operation, left, unnamed)
        return outcomes | (self._lost(shape, operation, left) if left else {})

    def _lost(self, shape: Shape, operation: Operation, items: Items) -> Outcomes:
        """What became of records the answer does not speak of."""
        try:
            return self._created(shape, operation, items) if operation.creating else self._absent(shape, items)
        except BridgeError as error:
            return dict.fromkeys(items, Unsure(error))

    def _absent(self, shape: Shape, items: Items) -> Outcomes:
        ids = {trace: write.ref.id for trace, write in items.items() if write.ref}
        readings = dict(zip(ids, self._reader.read(shape.view, list(ids.values())), strict=True))
        unsaid = Transient("HubSpot's answer does not speak of this record, which is there")
        return {trace: Unsure(unsaid) if each.present else Absent(each) for trace, each in readings.items()}

    def _created(self, shape: Shape, operation: Operation, items: Items) -> Outcomes:
        """Creates whose result was not recognised: whether they happened can be looked up by their unique value."""
        values = {trace: _unique_value(operation, write) for trace, write in items.items()}
        found = self._reader.find(shape.view, operation.known_by, list(values.values()))
        by_value = {(each.values.get(operation.known_by) or "").lower(): each.ref for each in found}
        unsaid = Unsure(Transient("HubSpot's answer does not speak of this record"))
        there = "HubSpot has a record with this value already"
        refs = {trace: by_value.get(value.lower()) for trace, value in values.items()}
        return {trace: Exists((ref,), there) if ref else unsaid for trace, ref in refs.items()}


def _input(shape: Shape, operation: Operation, trace: str, write: Write) -> dict[str, Any]:
    if operation is ARCHIVE:
        return {"id": write.ref.id if write.ref else ""}
    entry: dict[str, Any] = {"objectWriteTraceId": trace, "properties": shape.rendered(write.values)}
    if write.ref:
        entry["id"] = write.ref.id
    elif write.key:
        entry["idProperty"], entry["id"] = write.key
        entry["properties"][write.key[0]] = write.key[1]
    return entry


def _unique_value(operation: Operation, write: Write) -> str:
    return write.key[1] if write.key else str(write.values.get(operation.known_by) or "")


def _recogniser(operation: Operation, items: Items) -> Callable[[Mapping[str, Any]], str]:
    """A function from a result to the trace id of its input; "" when it cannot be told."""
    if not operation.creating:
        by_id = {write.ref.id: trace for trace, write in items.items() if write.ref}
        return lambda record: by_id.get(str(record.get("id")), "")
    by_value = {_unique_value(operation, write).lower(): trace for trace, write in items.items()}

    def recognise(record: Mapping[str, Any]) -> str:
        trace = str(record.get("objectWriteTraceId") or "")
        value = str((record.get("properties") or {}).get(operation.known_by) or "")
        return trace if trace in items else by_value.get(value.lower(), "")

    return recognise


def _done(shape: Shape, operation: Operation, record: Mapping[str, Any], write: Write) -> Done:
    created = bool(record.get("new")) if operation.tail == "upsert" else operation.creating
    values = shape.told(record.get("properties") or {}, write.values)
    return Done(shape.ref(str(record["id"])), created, values, moment(record.get("updatedAt")))


def _named(error: Mapping[str, Any], items: Items) -> Sequence[str]:
    """The inputs an error of a 207 speaks of: by trace id, which is a list, or by id."""
    context = error.get("context") if isinstance(error.get("context"), dict) else {}
    traces = [str(each) for each in context.get("objectWriteTraceId") or ()] if context else []
    ids = {str(each) for each in context.get("ids") or ()} if context else set()
    by_id = [trace for trace, write in items.items() if write.ref and write.ref.id in ids]
    return [trace for trace in traces if trace in items] or by_id
