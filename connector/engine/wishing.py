"""Wishes become changes of a plan: what the shared definition says a field shall hold, written with everything else.

Each record is still written at most once. Where a rule of the mapping would write the same field, the lifecycle wins.
A value that the record says already, that its side refused before, or of a field it does not show, is not written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connector.core.comparison import differ
from connector.core.plan import Because, Change, Create, Plan, Raise, Step, Update
from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.steered import Wish
from connector.core.values import Kind
from connector.engine.bridge import Bridge
from connector.engine.case import Case

Wishes = Mapping[str, Wish]


def with_wishes(bridge: Bridge, case: Case, wishes: Mapping[Side, Wishes]) -> Plan:
    """The plan of a case with its wishes among the changes."""
    plan = case.plan
    if not any(wishes.values()):
        return plan
    steps, parked = list(plan.steps), list(plan.parked)
    for side, wished in wishes.items():
        if not wished:
            continue
        reading = case.subject.hubspot if side is Side.HUBSPOT else case.subject.salesforce
        if reading is not None and reading.present:
            kinds = bridge.views[side, reading.ref.object].fields
            changes = [change for name, wish in wished.items() if (change := _change(reading, name, wish, kinds))]
            if not changes and not steps:
                continue
            if case.subject.parked:
                refused = [change for change in changes if (side, change.field, change.after) in case.subject.parked]
                parked += [change.rule for change in refused]
                changes = [change for change in changes if change not in refused]
            _into_update(steps, reading, wished, changes)
        else:
            _into_create(bridge, steps, side, wished)
    if tuple(steps) == plan.steps and len(parked) == len(plan.parked):
        return plan
    return replace(plan, steps=tuple(steps), parked=tuple(parked), note="" if steps else plan.note)


def _change(reading: Reading, name: str, wish: Wish, kinds: Mapping[str, Kind]) -> Change | None:
    """What is to be written; None where the record does not show the field, or says so already."""
    if name not in reading.values:
        return None
    there = reading.values[name]
    if there == wish.value or not differ(kinds.get(name, Kind.TEXT), there, wish.value):
        return None
    return Change(reading.ref.side, name, wish.rule, there, wish.value, Because.FOLLOWS, evidence=wish.evidence)


def _into_update(steps: list[Step], reading: Reading, wished: Wishes, changes: list[Change]) -> None:
    """Add changes to the one write of a record, in place of what the mapping would write into the same fields."""
    for place, step in enumerate(steps):
        if isinstance(step, Update) and step.ref == reading.ref:
            kept = [change for change in step.changes if change.field not in wished]
            if not changes and len(kept) == len(step.changes):
                return
            if kept or changes:
                steps[place] = Update(step.ref, (*kept, *changes))
            else:
                del steps[place]
            return
    if changes:
        before = next((place for place, step in enumerate(steps) if isinstance(step, Raise)), len(steps))
        steps.insert(before, Update(reading.ref, tuple(changes)))


def _into_create(bridge: Bridge, steps: list[Step], side: Side, wished: Wishes) -> None:
    for place, step in enumerate(steps):
        if isinstance(step, Create) and step.side is side:
            known = bridge.views[side, step.object].fields
            told = {name: wish for name, wish in wished.items() if name in known and wish.value is not None}
            kept = [change for change in step.changes if change.field not in told]
            added = [
                Change(side, name, wish.rule, None, wish.value, Because.FOLLOWS, evidence=wish.evidence)
                for name, wish in told.items()
            ]
            steps[place] = replace(step, changes=(*kept, *added))
            return
