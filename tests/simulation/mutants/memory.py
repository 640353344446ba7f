"""Bugs in what is remembered of a link: `base`, `sent`, and who may change them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from connector.core.agreement import sending, settle
from connector.core.changes import Standing, standing
from connector.core.mapping import Pair, Rule
from connector.core.plan import Agreed, Change, Create, Memory, Plan, Update
from connector.core.values import Value
from connector.engine import apply
from connector.engine.bridge import Bridge
from connector.engine.cases import read_refs
from connector.engine.job import Job, created_memory
from connector.engine.run import Run
from connector.storage import links
from tests.simulation.mutants.planting import caught_by, replaced

CLOSE = {"meddling": 0.5, "closeness": 0.85}  # somebody is always at the very record
FORGETS = {  # answers get lost, processes die, and then the source is edited again, or the edit is taken back
    "acts": {"edits": 6.0, "takes back": 6.0},
    "alone": True,
    "trouble": {"act": 5.0, "turn": 12.0, "kill": 0.3, "bad line": 0.8, "good line": 0.6, "time": 0.5},
    "lost": "answers",
    "burst": 8,
    **CLOSE,
}
LOSES = {**FORGETS, "trouble": {"act": 5.0, "turn": 12.0, "bad line": 1.5, "good line": 1.0, "time": 0.5}}


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


@caught_by("in step", acts={"respells": 25.0}, burst=8, within=100, first=2)
def case_and_spaces_never_count_as_an_edit() -> Iterator[None]:
    """Texts are compared without regard to case, to be tolerant of remotes: corrections of spelling never travel."""

    def standing_of(rule: Rule, now: Value, base: Value, sent: tuple[Value, ...]) -> Standing:
        alike = now is not None and base is not None and now.casefold().split() == base.casefold().split()
        return Standing.AT_BASE if alike else standing(rule, now, base, sent)

    with replaced(standing, standing_of):
        yield


@caught_by("drift", acts={"edits": 10.0}, burst=8, within=100)
def an_edit_is_lost_silently() -> Iterator[None]:
    """Now and then an edit is taken for what was agreed on: neither polling nor comparing everything carries it over,
    and nobody is told. Only the audit, which does not believe the merge, sees that the two sides differ."""

    def standing_of(rule: Rule, now: Value, base: Value, sent: tuple[Value, ...]) -> Standing:
        lost = now is not None and base is not None and now.endswith("7")
        return Standing.AT_BASE if lost else standing(rule, now, base, sent)

    with replaced(standing, standing_of):
        yield


@caught_by("vanished", "in step", "questions", variant="a person decides", **FORGETS, first=8)
def nothing_is_remembered_as_sent() -> Iterator[None]:
    """The values about to be written are not stored ahead: after a crash they come back as somebody's edit."""
    with replaced(sending, lambda memory, _: memory):
        yield


@caught_by(
    "drains",
    "vanished",
    "ping-pong",
    "questions",
    acts={"moves stage": 20.0},
    burst=8,
    closeness=0.85,
    variant="other stages, kept",
    first=2,
)
def both_sides_share_one_base() -> Iterator[None]:
    """One agreed value is kept for both sides, as if neither ever said it in its own way."""

    def settled(memory: Memory, *more: Any) -> Memory:
        after = settle(memory, *more)
        return replace(after, base={rule: Agreed(one.hubspot, one.hubspot) for rule, one in after.base.items()})

    def created(job: Job) -> Memory:
        memory = created_memory(job)
        return replace(memory, base={rule: Agreed(one.hubspot, one.hubspot) for rule, one in memory.base.items()})

    with replaced(settle, settled), replaced(created_memory, created):
        yield


@caught_by(
    "vanished",
    "ping-pong",
    "drains",
    "in step",
    acts={"edits": 10.0, "normalises in HubSpot": 3.0, "tidies in Salesforce": 6.0},
    alone=True,
    burst=8,
)
def what_a_side_says_it_holds_is_not_believed() -> Iterator[None]:
    """The answer to a write is thrown away and what was sent is taken for what is held: a CRM that rewrites or
    ignores a value looks like an editor at the next pass."""

    def settled(memory: Memory, plan: Plan, written: Collection[Change], *more: Any) -> Memory:
        return settle(memory, plan, written, *more[:1])

    with replaced(settle, settled):
        yield


@caught_by("vanished", "in step", "questions", variant="a person decides", **LOSES, first=9, within=100)
def a_lost_answer_is_taken_for_a_failure() -> Iterator[None]:
    """A write that was not confirmed is taken for one that did not happen: what was sent is forgotten."""

    def settled(memory: Memory, plan: Plan, written: Collection[Change], *more: Any) -> Memory:
        planned = [change for step in plan.steps if isinstance(step, Create | Update) for change in step.changes]
        return settle(memory, plan, written, [one for one in planned if one not in written], *more[1:])

    with replaced(settle, settled):
        yield


@caught_by("in step", "vanished", **{**FORGETS, "lost": "requests"}, first=2)
def a_lost_answer_is_taken_for_success() -> Iterator[None]:
    """A write that was not confirmed is taken for done: where it never arrived, both sides stay different."""
    advance = apply._advance

    def advanced(conn: Connection, jobs: Sequence[Job]) -> None:
        for job in jobs:
            for task in job.tasks:
                if task.unsure and task.ref and not task.archive:
                    task.written, task.unsure = list(task.changes), None
        advance(conn, jobs)

    with replaced(advance, advanced):
        yield


@caught_by(
    "vanished",
    "in step",
    "questions",
    variant="a person decides",
    acts={"edits": 10.0, "takes back": 5.0},
    alone=True,
    trouble={"act": 5.0, "turn": 12.0, "freeze": 1.0, "time": 0.5},
    burst=4,
    **CLOSE,
    first=11,
    within=100,
)
def a_late_worker_overwrites_what_is_remembered() -> Iterator[None]:
    """Memory is stored without comparing versions: a worker that slept replaces what others have learned since."""

    def saved(conn: Connection, rows: Sequence[tuple[int, int, Memory]]) -> set[int]:
        there = links.by_ids(conn, [link_id for link_id, _, _ in rows])
        return save(
            conn, [(link_id, there[link_id].version, memory) for link_id, _, memory in rows if link_id in there]
        )

    save = links.save
    with replaced(save, saved):
        yield
