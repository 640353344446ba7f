"""What undoing takes back: for one field the value to be written again, or why what stands there must stay.

The story keeps each write with the value that gave way. Of one field the writes chosen are taken back, newest first, as
long as each left what stands there now; the first that did not shows that somebody else has written since, and what
they wrote is never overwritten. A later write that was not chosen stands on those beneath it. What an undo wrote and
another undo took back counts as never written, so that an undo can itself be undone, any number of times.

Invariant: the value taken back to is one that the story says was there; with nothing to take back it is the value now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.core.agreement import SENT_MAX
from connector.core.changes import NOTHING, Standing, said, standing
from connector.core.mapping import Rule
from connector.core.plan import Agreed, Change, Memory
from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.values import Value

Same = Callable[[Value, Value], bool]


@dataclass(frozen=True, slots=True)
class Wrote:
    """One value that the bridge wrote into a field, as the story tells it.

    Attributes:
        at: when it was told.
        run: of which run; None where nobody can say.
        chosen: whether it is to be taken back.
        sure: False: its answer was lost, so it may have arrived.
        known: False: what stood there before is not known.
        undoing: whether it was written by an undo.
    """

    at: datetime
    run: int | None
    before: Value
    after: Value
    chosen: bool
    sure: bool = True
    known: bool = True
    undoing: bool = False


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What becomes of one field.

    Attributes:
        value: what it shall say; what it says now where nothing is taken back.
        why: why chosen writes stay, in words; "" when none does.
        last: the write that somebody else has written over; None where nobody has.
    """

    value: Value
    why: str = ""
    last: Wrote | None = None


def take_back(writes: Sequence[Wrote], now: Value, same: Same) -> TakenBack:
    """Take back the chosen writes of one field.

    Args:
        writes: everything the bridge wrote there since the first that is chosen, oldest first; one at least is chosen.
        now: what stands there.
        same: whether two values of the field mean the same.
    """
    first = next(write for write in writes if write.chosen)
    if first.known and same(now, first.before):
        return TakenBack(now)  # as it was, by whomever
    value, left = now, _without_undone(writes, same)
    while left:
        write = left.pop()
        if not same(value, write.after):
            if not write.sure and same(value, write.before):
                continue  # it never arrived
            if write.undoing and not write.chosen and same(write.after, first.before):
                return TakenBack(now)  # undone before; what was written since is none of the chosen writes
            return TakenBack(value, "somebody else has changed it since", write)
        if not write.chosen:
            return TakenBack(value, f"{called(write.run)} wrote it again, and is not to be undone")
        if not write.known:
            return TakenBack(value, "what stood there before is not known")
        value = write.before
        if not any(other.chosen for other in left):
            break
    return TakenBack(value)


def _without_undone(writes: Iterable[Wrote], same: Same) -> list[Wrote]:
    """The writes that count: an undo that was undone again leaves no trace, unless it is to be undone itself."""
    left: list[Wrote] = []
    for write in writes:
        top = left[-1] if left else None
        ours = write.undoing and not write.chosen and top is not None and top.undoing and not top.chosen
        if top is not None and ours and same(write.after, top.before):
            left.pop()
        else:
            left.append(write)
    return left


def called(run: int | None) -> str:
    """A run in words."""
    return "an earlier run" if run is None else f"run {run}"


def written_over(last: Wrote, now: Value, same: Same) -> bool:
    """Whether a field no longer says what the bridge wrote there last."""
    return not same(now, last.after) and (last.sure or not same(now, last.before))


def as_it_will_stand(
    rules: Mapping[str, Rule], memory: Memory, readings: Mapping[Side, Reading], changes: Sequence[Change]
) -> tuple[Memory, list[Change]]:
    """The memory under which values are taken back, and the changes with what they will be agreed on with.

    It is stored before anything is written: base is what both sides will say then, so that neither a crash nor another
    worker takes a value that was taken back for news. An edit of the other side that has yet to travel stays one. What
    stands there until then counts as sent by us.
    """
    base, sent = dict(memory.base), {side: dict(values) for side, values in memory.sent.items()}
    targets = {(change.rule, change.side): change.after for change in changes}
    found: list[Change] = []
    for change in changes:
        rule = rules.get(change.rule)
        if rule is None:
            found.append(change)
            continue
        stands = {
            side: targets.get((rule.name, side), _standing(rule, memory, readings.get(side), side)) for side in Side
        }
        base[rule.name] = Agreed(stands[Side.HUBSPOT], stands[Side.SALESFORCE])
        told = sent.setdefault(change.side, {})
        told[rule.name] = (*told.get(rule.name, ()), change.before)[-SENT_MAX:]
        found.append(change._replace(origin=stands[change.side.other]))
    return Memory(base, sent, memory.formerly), found


def _standing(rule: Rule, memory: Memory, reading: Reading | None, side: Side) -> Value:
    """What a side counts as saying: what it says, unless somebody's edit there has yet to be carried over."""
    agreed = memory.base.get(rule.name)
    before = said(agreed, side) if agreed else None
    if reading is None or rule.field_on(side) not in reading.values:
        return before
    now = reading.values[rule.field_on(side)]
    if agreed is None:
        return now
    news = standing(rule, now, before, memory.sent.get(side, NOTHING).get(rule.name, ()))
    return before if news is Standing.EDITED else now
