"""Writes of any mixture: sorted into operations, cut into batches, sent side by side, then checked against the answers.

HubSpot passes over in silence what it does not like: a lifecycle stage only moves forward unless it is cleared first,
in a request of its own, and a deal's close date is overwritten when the deal is closed (fact sheet 6.1, 6.4). Both show
in the answer, so what was sent is compared with what was answered, and these two are written once more in the way that
works. What then still differs is reported as not taken; it is never taken for done.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.core.comparison import comparison
from connector.core.values import Kind, Value
from connector.errors import BridgeError
from connector.hubspot.batch_writing import ARCHIVE, CREATE, UPDATE, BatchWriter, Items, Operation, Outcomes, upsert
from connector.hubspot.batches import BATCH, chunks
from connector.hubspot.reading import EMAIL
from connector.hubspot.refusals import no_safe_key, not_taken
from connector.hubspot.shapes import Shape
from connector.ports import Done, Outcome, Rejected, View, Write
from connector.transport.pool import Calls

LIFECYCLE, CLOSE_DATE, DEAL_STAGE = "lifecyclestage", "closedate", "dealstage"

OptionsOf = Callable[[str, str], Iterable[str]]


class Writer:
    """Writes. `options` tells the values a property accepts."""

    def __init__(self, batches: BatchWriter, calls: Calls, options: OptionsOf) -> None:
        self._batches, self._calls, self._options = batches, calls, options

    def write(self, view: View, writes: Sequence[Write]) -> list[Outcome]:
        """One outcome each, in order; never raises for a remote fault."""
        shape = Shape(view)
        outcomes: Outcomes = {}
        for turn in _turns(writes):
            outcomes |= self._send(shape, turn)
        items = {str(number): write for number, write in enumerate(writes)}
        self._insist(shape, items, outcomes)
        return [outcomes[trace] for trace in items]

    def _send(self, shape: Shape, items: Items) -> Outcomes:
        groups: dict[Operation, list[str]] = defaultdict(list)
        outcomes: Outcomes = {}
        for trace, write in items.items():
            operation = _operation(shape, write)
            if operation is None:
                outcomes[trace] = no_safe_key()
            else:
                groups[operation].append(trace)
        parts = [(each, part) for each, traces in groups.items() for part in chunks(traces, BATCH)]

        def send(part: tuple[Operation, Sequence[str]]) -> Outcomes:
            return self._batches.send(shape, part[0], {trace: items[trace] for trace in part[1]})

        for done in self._calls.map(send, parts):
            outcomes |= done
        return outcomes

    def _insist(self, shape: Shape, items: Items, outcomes: Outcomes) -> None:
        """Write once more, in the way that works, what HubSpot passed over; `outcomes` are brought up to date."""
        again = {
            trace: values
            for trace, write in items.items()
            if (values := self._passed_over(shape, write, outcomes[trace]))
        }
        if not again:
            return
        updates = {trace: _update(items[trace], outcomes[trace], values) for trace, values in again.items()}
        clearing = {
            trace: replace(write, values={LIFECYCLE: None})
            for trace, write in updates.items()
            if LIFECYCLE in write.values
        }
        cleared = self._send(shape, clearing)
        ready = {trace: write for trace, write in updates.items() if isinstance(cleared.get(trace, _FINE), Done)}
        written = self._send(shape, ready)
        for trace, values in again.items():
            after = written.get(trace) or cleared[trace]
            emptied = cleared.get(trace)
            if isinstance(after, Rejected) and isinstance(emptied, Done):
                outcomes[trace] = self._emptied(shape, outcomes[trace], emptied, values)
            else:
                outcomes[trace] = _joined(shape, outcomes[trace], after, values)

    def _emptied(self, shape: Shape, before: Outcome, emptied: Done, values: Mapping[str, Value]) -> Outcome:
        """A stage was refused after it was cleared: the rest is written alone, and the stage told that is held now."""
        rest = {name: value for name, value in values.items() if name != LIFECYCLE}
        after = self._send(shape, {"0": Write(emptied.ref, rest)})["0"] if rest else emptied
        if not isinstance(after, Done | Rejected):
            return after
        done = before if isinstance(before, Done) else emptied
        reasons = after.rejections if isinstance(after, Rejected) else ()
        told = after.values if isinstance(after, Done) else {}
        held = self._batches.held(shape, emptied.ref, LIFECYCLE) or emptied.values
        return replace(done, values={**done.values, **told, **held}, not_taken=(not_taken(LIFECYCLE), *reasons))

    def _passed_over(self, shape: Shape, write: Write, outcome: Outcome) -> dict[str, Value]:
        """The values that must be written once more."""
        wanted = write.values.get(LIFECYCLE)
        match outcome:
            case Done(values=told):
                names = [LIFECYCLE] if wanted else []
                names += [CLOSE_DATE] if write.values.get(CLOSE_DATE) and DEAL_STAGE in write.values else []
                return {
                    name: write.values[name] for name in names if name in told and _differs(shape, name, write, told)
                }
            case Rejected(rejections) if write.ref and wanted and {each.field for each in rejections} == {LIFECYCLE}:
                return dict(write.values) if self._possible(shape, wanted) else {}
        return {}

    def _possible(self, shape: Shape, stage: str) -> bool:
        """Whether the stage exists: one that does not must never clear the one that is held."""
        try:
            return stage in self._options(shape.object, LIFECYCLE)
        except BridgeError:
            return False


_FINE = Done(Shape(View("", {})).ref(""))


def _operation(shape: Shape, write: Write) -> Operation | None:
    if write.ref:
        return ARCHIVE if write.archive else UPDATE
    if write.key:
        return upsert(write.key[0])
    return CREATE if shape.object == "contacts" and write.values.get(EMAIL) else None


def _turns(writes: Sequence[Write]) -> list[dict[str, Write]]:
    """The writes by trace id; a second one to the same record waits for the next turn: a batch with both is refused."""
    seen: Counter[Any] = Counter()
    turns: list[dict[str, Write]] = []
    for number, write in enumerate(writes):
        target = write.ref or write.key or (write.values.get(EMAIL) or f"#{number}").lower()
        if seen[target] == len(turns):
            turns.append({})
        turns[seen[target]][str(number)] = write
        seen[target] += 1
    return turns


def _differs(shape: Shape, name: str, write: Write, told: Mapping[str, Value]) -> bool:
    form = comparison(shape.view.fields.get(name, Kind.TEXT))
    return form(told[name]) != form(write.values[name])


def _update(write: Write, outcome: Outcome, values: Mapping[str, Value]) -> Write:
    return Write(outcome.ref if isinstance(outcome, Done) else write.ref, values)


def _joined(shape: Shape, before: Outcome, after: Outcome, again: Mapping[str, Value]) -> Outcome:
    """The outcome of a write and of its repetition together."""
    if isinstance(after, Rejected):
        return (
            replace(before, not_taken=tuple(not_taken(name) for name in again)) if isinstance(before, Done) else before
        )
    if not isinstance(after, Done):
        return after
    told = dict(after.values)
    kept = [name for name in again if name in told and _differs(shape, name, Write(None, again), told)]
    created, values = (before.created, {**before.values, **told}) if isinstance(before, Done) else (False, told)
    return replace(after, created=created, values=values, not_taken=tuple(not_taken(name) for name in kept))
