"""A run: one recorded stretch of work, its counts, and the guards that may hold it.

Counts are what a manager reads afterwards, so they are of people and fields, not of calls. A held run stops writing of
the held sort at once and says so; only a person lets it go on.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

from connector.core.guards import Held, Limits, Tally, check
from connector.core.plan import Archive, Create, Issue, IssueKind, Link, Plan, Raise, Relink, Unlink, Update
from connector.core.refs import Ref, Side

_UNOWNED = IssueKind.UNOWNED.value.replace(" ", "_")


@dataclass
class Run:
    """Counts of one run, by what happened.

    Attributes:
        approved: a person has seen the plan; the guards stand aside.
        erased: how many tombstones there were when it began; with more, somebody was erased meanwhile.
        untold: the reading copy is to be told anew.
        population: how many records stand linked or spooled, for guards that are shares.
    """

    id: int
    limits: Limits
    population: int = 0
    approved: bool = False
    erased: int = 0
    untold: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    held: str = ""
    tally: Tally = field(default_factory=Tally)
    batches: int = 0  # carried out; names what is written ahead of each
    lock: Lock = field(default_factory=Lock, repr=False)  # two batches of a full run are carried out at a time
    skipped: list[tuple[str, str]] = field(default_factory=list)  # (ref, why), of a saved plan
    looks: Counter[Ref] = field(default_factory=Counter)  # how often a dirty ref was looked at
    whole: set[tuple[Side, str]] = field(default_factory=set)  # (side, object) of which a reading lacked nothing
    told: dict[str, list[datetime]] = field(default_factory=dict)  # when messages were sent, by channel
    withheld: dict[tuple[Side, str], str] = field(default_factory=dict)  # evidence a side will not tell of, and why
    unseen: set[tuple[Side, str, str]] = field(default_factory=set)  # (side, object, field) that readings lacked

    def count_plan(self, plan: Plan) -> None:
        """Count what a plan intends, before it is done."""
        self.counts["considered"] += 1
        for step in plan.steps:
            self.counts[_name(step)] += 1
            if isinstance(step, Create | Update):
                self.counts[f"{_name(step)}_fields"] += len(step.changes)
        self.counts["left_alone_fields"] += len(plan.left_alone)
        if not plan.steps:
            self.counts["unchanged" if plan.agreed or not plan.note else "left_alone"] += 1

    def count(self, what: str, number: int) -> None:
        """Add to a count; safe from any thread."""
        if number:
            with self.lock:
                self.counts[what] += number

    def next_batch(self) -> int:
        """The number of the next batch."""
        with self.lock:
            self.batches += 1
            return self.batches

    def allows(self, plan: Plan) -> bool:
        """Whether the guards let this plan through; the first refusal holds the rest of the run.

        Undoing links because a record is gone counts like archiving: a CRM that seems emptied must not be believed.
        """
        unlinks = any(isinstance(step, Unlink) for step in plan.steps)
        if self.approved or not (plan.writes or unlinks):
            return True
        if self.held:
            return False
        tally = self.tally + Tally.of((plan,))
        if unlinks and tally.archives == self.tally.archives:
            tally += Tally(archives=1)
        verdict = check(tally, self.limits, self.population)
        if isinstance(verdict, Held):
            self.held = verdict.reason
            return False
        self.tally = tally
        return True

    @property
    def needs_a_person(self) -> bool:
        """Whether the run left something for somebody to decide."""
        waiting = ("conflict", "ambiguous", "parked", "edit_beats_deletion", "schema", "unsent", _UNOWNED)
        return bool(self.held or self.skipped or any(self.counts[name] for name in waiting))

    def summary(self) -> dict[str, Any]:
        """Counts and holds as JSON."""
        return {**dict(sorted(self.counts.items())), **({"held": self.held} if self.held else {})}

    def held_issue(self) -> Issue:
        """What a person is told when the run is held."""
        return Issue(
            IssueKind.HELD,
            (Ref(Side.HUBSPOT, "run", "held"),),  # one hold at a time
            code="GUARD",
            reason=self.held,
            hint="look at `smarketing plan`, then let it go on with `smarketing sync --approve`, or raise the guards",
        )


def _name(step: object) -> str:
    match step:
        case Create(side=side):
            return f"created_{side.value}"
        case Update(ref=ref):
            return f"updated_{ref.side.value}"
        case Archive(ref=ref):
            return f"archived_{ref.side.value}"
        case Link():
            return "linked"
        case Unlink():
            return "unlinked"
        case Relink():
            return "relinked"
        case Raise(issue=issue):
            return issue.kind.value.replace(" ", "_")
    return "other"
