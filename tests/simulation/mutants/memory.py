"""Bugs in what is remembered of a link: `base`, `sent`, and who may change them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.core.agreement import settle
from connector.core.changes import Standing, standing
from connector.core.mapping import Pair, Rule
from connector.core.plan import Agreed, Change, Memory, Plan
from connector.core.values import Value
from connector.engine import apply
from connector.engine.bridge import Bridge
from connector.engine.cases import read_refs
from connector.engine.job import Job
from connector.engine.run import Run
from tests.simulation.mutants.planting import caught_by, replaced

CLOSE = {"meddling": 0.5, "closeness": 0.85}  # somebody is always at the very record
LOSSES = {"trouble": {"kill": 1.0, "bad line": 1.5, "good line": 0.3}, "lost": True, "burst": 4, **CLOSE}


@caught_by("vanished", "in step", burst=4, **CLOSE)
def base_advances_from_a_later_read() -> Iterator[None]:
    """After a write both records are read once more, and that is taken for what they agreed on: edits made in
    between are part of the agreement, and never travel."""
    conclude = apply._conclude
    later_read: dict[int, tuple[Pair, Mapping[str, Value], Mapping[str, Value]]] = {}  # by the plan's identity

    def concluded(bridge: Bridge, jobs: Sequence[Job], run: Run, later: Any) -> None:
        wrote = [job for job in jobs if job.link_id is not None and not job.made and job.written]
        now = read_refs(bridge, [ref for job in wrote for ref in job.case.refs])
        for job in wrote:
            ours, theirs = (now[ref].values for ref in job.case.refs)
            later_read[id(job.case.plan)] = job.case.pair, ours, theirs
        conclude(bridge, jobs, run, later)
        for job in wrote:
            del later_read[id(job.case.plan)]

    def settled(memory: Memory, plan: Plan, *more: Any) -> Memory:
        after = settle(memory, plan, *more)
        if id(plan) not in later_read:
            return after
        pair, ours, theirs = later_read[id(plan)]
        rules = [rule for rule in pair.rules if rule.hubspot in ours and rule.salesforce in theirs]
        read = {rule.name: Agreed(ours[rule.hubspot], theirs[rule.salesforce]) for rule in rules}
        return replace(after, base={**after.base, **{name: read[name] for name in read.keys() & after.base.keys()}})

    with replaced(conclude, concluded), replaced(settle, settled):
        yield


@caught_by("vanished", "in step", "story", acts={"mistypes": 12.0}, burst=8, closeness=0.85, within=100)
def refused_values_count_as_agreed() -> Iterator[None]:
    """Base advances for every value of a write, also for those that the side refused."""

    def settled(memory: Memory, plan: Plan, written: Collection[Change], *more: Any) -> Memory:
        return settle(memory, plan, [*written, *(more[0] if more else ())], (), *more[1:])

    with replaced(settle, settled):
        yield


@caught_by("in step", acts={"respells": 25.0}, burst=8, within=100)
def case_and_spaces_never_count_as_an_edit() -> Iterator[None]:
    """Texts are compared without regard to case, to be tolerant of remotes: corrections of spelling never travel."""

    def standing_of(rule: Rule, now: Value, base: Value, sent: tuple[Value, ...]) -> Standing:
        alike = now is not None and base is not None and now.casefold().split() == base.casefold().split()
        return Standing.AT_BASE if alike else standing(rule, now, base, sent)

    with replaced(standing, standing_of):
        yield
