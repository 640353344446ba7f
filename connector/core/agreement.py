"""How the memory of a link moves: `sent` before the call, `base` by exactly what succeeded.

`sending` is stored before anything leaves the house, so that after a crash our own writes are not taken for edits.
`settle` advances `base` from the readings the plan was made from, never from a later read: an edit that came in between
then still looks like one. Both return the memory they were given when nothing changes, so that nothing need be stored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from connector.core.plan import Agreed, Because, Change, Create, Memory, Plan, Update
from connector.core.refs import Side
from connector.core.values import Value

SENT_MAX = 8  # per rule and side; older ones cannot still be on their way

Told = Mapping[tuple[Side, str], Value]  # by side and field: what the side's answer says it holds after the write
_NOTHING_TOLD: Told = {}
_NOBODYS = (Because.DEFAULT, Because.FOLLOWS)


def sending(memory: Memory, plan: Plan) -> Memory:
    """The memory to store before a plan is applied: the planned values are among `sent`."""
    sent = {side: dict(values) for side, values in memory.sent.items()}
    grown = False
    for change in _changes(plan):
        values = sent.setdefault(change.side, {})
        before = values.get(change.rule, ())
        if change.after not in before:
            values[change.rule] = (*before, change.after)[-SENT_MAX:]
            grown = True
    return Memory(memory.base, sent, memory.formerly) if grown else memory


def settle(
    memory: Memory,
    plan: Plan,
    written: Collection[Change],
    refused: Collection[Change] = (),
    told: Told = _NOTHING_TOLD,
) -> Memory:
    """The memory after a plan was applied.

    Args:
        memory: as stored by `sending`.
        plan: the plan that was applied.
        written: the changes that surely succeeded.
        refused: the changes that surely did not happen; those in neither may have.
        told: what a side's answer says it now holds, where it differs from or confirms what was sent. It becomes that
            side's base, so a remote that rewrites or ignores a value is not taken for an editor at the next pass.
    """
    agreed = dict(plan.agreed)
    for step in plan.steps:
        if isinstance(step, Create) and any(change in written for change in step.changes):
            agreed.update(step.agreed)
    for change in written:
        if change.rule and _counts(change, agreed):
            holds = told.get((change.side, change.field), _expected(change))
            on_salesforce = change.side is Side.SALESFORCE
            agreed[change.rule] = Agreed(change.origin, holds) if on_salesforce else Agreed(holds, change.origin)
    gone = {(change.side, change.rule, change.after) for change in refused}
    if not agreed and not gone:
        return memory
    sent = {
        side: {
            rule: left
            for rule, values in by_rule.items()
            if rule not in agreed and (left := tuple(value for value in values if (side, rule, value) not in gone))
        }
        for side, by_rule in memory.sent.items()
    }
    return Memory(
        {**memory.base, **agreed}, {side: by_rule for side, by_rule in sent.items() if by_rule}, memory.formerly
    )


def _counts(change: Change, agreed: Collection[str]) -> bool:
    """Whether a change that arrived makes both sides agree."""
    return change.because not in _NOBODYS or (change.because is Because.DEFAULT and change.rule in agreed)


def _changes(plan: Plan) -> Iterator[Change]:
    """Every change of a plan that carries a value of the other side; other changes echo nothing."""
    for step in plan.steps:
        if isinstance(step, Create | Update):
            yield from (change for change in step.changes if change.rule and change.because not in _NOBODYS)


def _expected(change: Change) -> Value:
    """What the side is taken to hold after a write it did not comment on.

    After a mirror's undoing it is still what it said before: should it rewrite the source's value in its own way, that
    reading is then at base and is not undone for ever; should it take the value, the next pass finds both the same.
    """
    return change.before if change.because is Because.MIRRORS else change.after
