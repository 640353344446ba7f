"""Where verdicts differ: under other policies, or from what the CRMs were last told.

A simulation judges every journey twice and says what is not the same. Recomputing judges once, and holds the verdict
that should be told against the words that stand in both CRMs as far as the journeys know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.core.comparison import comparison
from connector.core.journey import Entry
from connector.core.policies import corrected, differences, pressing
from connector.core.policy import Book
from connector.core.refs import Ref
from connector.core.sla import Cycle
from connector.core.steered import Agreement
from connector.core.values import Value
from connector.core.verdicts import Difference
from connector.core.walking import Course
from connector.core.wishes import promised
from connector.reports.promises import cycle_row, cycles_of


@dataclass(frozen=True, slots=True)
class Otherwise:
    """One cycle of one person that would stand otherwise."""

    refs: tuple[Ref, ...]
    difference: Difference

    def row(self) -> dict[str, Any]:
        """As JSON."""
        one = self.difference
        return {
            "person": list(map(str, self.refs)),
            "policy": one.policy,
            "started_at": one.started_at.isoformat(),
            "what": kind_of(one),
            "why": one.why,
            "before": cycle_row(one.before) if one.before else None,
            "after": cycle_row(one.after) if one.after else None,
        }


def kind_of(one: Difference) -> str:
    """What sort of difference it is: a key of the counts."""
    if one.before is None or one.after is None:
        return "would begin" if one.after else "would not begin"
    if one.before.state is not one.after.state:
        return f"{one.before.state.value} -> {one.after.state.value}"
    return "due otherwise" if one.before.due_at != one.after.due_at else "late otherwise"


def _matters(one: Difference) -> bool:
    """Whether somebody would notice: of what is over in the same way, only the allowed time is another."""
    before, after = one.before, one.after
    if before is None or after is None or before.ended_at is None:
        return True
    return (before.state, before.ended_at, before.lateness) != (after.state, after.ended_at, after.lateness)


@dataclass
class Simulation:
    """Every journey judged under two books.

    Attributes:
        people, cycles: how many were judged.
        before, after: cycles by state, as they stand and as they would.
        kinds: differences by sort.
    """

    agreement: Agreement
    other: Book
    now: datetime
    people: int = 0
    cycles: int = 0
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    def take(self, refs: tuple[Ref, ...], entries: Sequence[Entry]) -> Iterator[Otherwise]:
        """What would be otherwise for one more person."""
        was = cycles_of(self.agreement, entries, self.now)
        would = cycles_of(self.agreement, entries, self.now, self.other)
        self.people += 1
        for counter, judged in ((self.before, was), (self.after, would)):
            counter.update(cycle.state.value for those in judged.values() for cycle in those)
        self.cycles = sum(self.before.values())
        for one in filter(_matters, differences(was, would)):
            self.kinds[kind_of(one)] += 1
            yield Otherwise(refs, one)

    def row(self) -> dict[str, Any]:
        """The numbers as JSON."""
        return {
            "people": self.people,
            "cycles": self.cycles,
            "before": dict(sorted(self.before.items())),
            "after": dict(sorted(self.after.items())),
            "differences": dict(self.kinds.most_common()),
        }


@dataclass(frozen=True, slots=True)
class Untrue:
    """A field of a record that does not tell how the promise stands. why: the verdict, or the evidence that came."""

    ref: Ref
    field: str
    told: Value
    so: Value
    why: str

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {"ref": str(self.ref), "field": self.field, "told": self.told, "is": self.so, "why": self.why}


@dataclass
class Recomputed:
    """Every journey judged anew, and held against what was told.

    Attributes:
        overturned: breaches that were set off, and were none after all: evidence came late.
        differing: people of whom a CRM tells something else.
    """

    agreement: Agreement
    now: datetime
    people: int = 0
    cycles: int = 0
    states: Counter[str] = field(default_factory=Counter)
    overturned: int = 0
    differing: int = 0

    def take(self, entries: Sequence[Entry]) -> list[Untrue]:
        """One more person: what is told otherwise than it is."""
        cycles = cycles_of(self.agreement, entries, self.now)
        every = [cycle for those in cycles.values() for cycle in those]
        self.people, self.cycles = self.people + 1, self.cycles + len(every)
        self.states.update(cycle.state.value for cycle in every)
        if not every:
            return []
        course = Course(self.agreement.definition)
        for entry in entries:
            course.take(entry)
            course.rest()
        late = corrected(cycles, course.fired)
        self.overturned += len(late)
        cycle = pressing(cycles)
        found = list(self._untrue(course, cycle, "; ".join(one.why for one in late))) if cycle else []
        self.differing += bool(found)
        return found

    def row(self) -> dict[str, Any]:
        """The numbers as JSON."""
        return {
            "people": self.people,
            "cycles": self.cycles,
            "states": dict(sorted(self.states.items())),
            "overturned": self.overturned,
            "differing": self.differing,
        }

    def _untrue(self, course: Course, cycle: Cycle, late: str) -> Iterator[Untrue]:
        for side, ref in course.refs.items():
            said = course.situation.fields.get(side, {})
            kinds = self.agreement.definition.watched.get((side, ref.object), {})
            for name, wish in promised(self.agreement.sla_fields, side, cycle):
                form = comparison(kinds[name]) if name in kinds else None
                if form and form(said.get(name)) != form(wish.value):
                    yield Untrue(ref, name, said.get(name), wish.value, late or wish.evidence)
