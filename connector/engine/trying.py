"""What a draft of the mapping files would change, worked out on the records there are; nothing is written to a CRM.

Three questions, each where the draft touches what it hangs on: what the next sync would write (a plan under the draft),
what the past would have been under another lifecycle (a replay, lead by lead), and which promises would stand otherwise
(a simulation). The draft's own editions and hold never come into force here: the run is opened beside `sync`, which
would let them. What comes of it is JSON and speaks of people, so it is kept for a day at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, islice
from typing import Any, Final

from connector.core.definition import Definition
from connector.core.mapping import Pair
from connector.core.plan import Create, Raise, Step, Update
from connector.core.policies import EVER
from connector.core.policy import Book, Edition
from connector.core.refs import Ref, Side
from connector.core.steered import Agreement
from connector.core.values import Kind, Value
from connector.engine.bridge import Bridge
from connector.engine.case import Case
from connector.engine.cases import cases_of
from connector.engine.erase import without_erased
from connector.engine.planfile import step_row
from connector.engine.run import Run
from connector.engine.sweep import batches, swept
from connector.reports import replayed
from connector.reports.names import called
from connector.reports.starts import starts
from connector.reports.verdicts import Simulation
from connector.storage import editions, journeys, links, runs, tombstones
from connector.storage.links import Link

SHOWN: Final = 50  # records, leads and clocks that are told one by one
FIRST: Final = 500  # records of each object of HubSpot that a quick look takes
RUN_KIND: Final = "preview"
_STEP = 200  # people between two reports


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked: everybody or the first ones; and for a replay, entries into which stage in how many days."""

    everybody: bool = False
    stage: str = ""
    days: int = 90


@dataclass
class _Planned:
    """What a plan came upon."""

    looked_at: int = 0
    changing: int = 0
    deeds: Counter[tuple[str, str]] = field(default_factory=Counter)
    fields: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    shown: list[dict[str, Any]] = field(default_factory=list)

    def take(self, case: Case) -> None:
        """One more record."""
        self.looked_at += 1
        steps = case.plan.steps
        if not steps:
            return
        self.changing += 1
        for step in steps:
            self.deeds[_deed(step)] += 1
            if isinstance(step, Create | Update):
                place = f"{step.side.value} {step.object}" if isinstance(step, Create) else _place(step.ref)
                for change in step.changes:
                    self.fields[place, change.field, _sort(step, change.before, change.after)] += 1
        if len(self.shown) < SHOWN:
            who = called(case.pair, case.subject.hubspot, case.subject.salesforce)
            refs = [str(ref) for ref in case.refs]
            self.shown.append({"who": who, "refs": refs, "steps": [step_row(step) for step in steps]})

    def row(self) -> dict[str, Any]:
        deeds = [
            {"does": does, "where": where, "number": number} for (does, where), number in sorted(self.deeds.items())
        ]
        fields = [
            {"where": where, "field": name, "does": does, "number": number}
            for (where, name, does), number in sorted(self.fields.items(), key=lambda one: (-one[1], one[0]))
        ]
        counts = {"looked_at": self.looked_at, "changing": self.changing}
        return {**counts, "deeds": deeds, "fields": fields, "records": self.shown}


def planned(bridge: Bridge, scope: Scope, by: str) -> dict[str, Any]:
    """What a sync under a draft would write, on everybody or on the first ones.

    Raises:
        Transient, Unauthorised: what reading raises.
    """
    found = _Planned()
    with _recorded(bridge, by) as run:
        for cases in _everybody(bridge, run) if scope.everybody else _first(bridge):
            for case in without_erased(bridge, cases):
                run.count_plan(case.plan)
                found.take(case)
            bridge.progress("planning with the draft", found.looked_at, None)
    return found.row()


@contextmanager
def _recorded(bridge: Bridge, by: str) -> Iterator[Run]:
    """A run on record under which nothing comes into force."""
    with bridge.database.begin() as conn:
        run_id = runs.start(conn, RUN_KIND, bridge.clock.now(), by, bridge.mapping.digest)
        run = Run(run_id, bridge.limits, population=links.count(conn), erased=tombstones.count(conn))
    outcome = "cut short"
    try:
        yield run
        outcome = "done"
    finally:
        with bridge.database.begin() as conn:
            runs.finish(conn, run.id, bridge.clock.now(), outcome, run.summary())


def _everybody(bridge: Bridge, run: Run) -> Iterator[list[Case]]:
    with swept(bridge, run.id):
        yield from batches(bridge, run.id)


def _first(bridge: Bridge) -> Iterator[list[Case]]:
    """The first of every object that HubSpot has, each with its counterpart; whom only Salesforce knows is left out."""
    for view in bridge.views_of(Side.HUBSPOT):
        with closing(_listed(bridge, view.object)) as refs:
            first = list(islice(refs, FIRST))
        if first:
            yield cases_of(bridge, first)


def _listed(bridge: Bridge, obj: str) -> Generator[Ref, None, None]:
    portions = bridge.crms[Side.HUBSPOT].scan(bridge.views[Side.HUBSPOT, obj])
    for reading in chain.from_iterable(portions):
        if reading.present:
            yield reading.ref


def _deed(step: Step) -> tuple[str, str]:
    """What a step does, and where: keys of the counts."""
    row = step_row(step)
    if isinstance(step, Raise):
        return "needs a person", step.issue.kind.value
    ref = row.get("ref") or row.get("salesforce") or row.get("new")
    return row["do"], f"{row['side']} {row['object']}" if "side" in row else _place(Ref.parse(str(ref)))


def _place(ref: Ref) -> str:
    return f"{ref.side.value} {ref.object}"


def _sort(step: Step, before: Value, after: Value) -> str:
    if isinstance(step, Create):
        return "given to a new record"
    if before is None:
        return "filled in"
    return "cleared" if after is None else "changed"


def replay(now: Bridge, tried: Definition, scope: Scope) -> dict[str, Any] | None:
    """What another definition would have made of the past: numbers, and the first leads; None without a lifecycle."""
    agreement = now.agreement
    if agreement is None:
        return None
    ruling = agreement.definition
    with now.database.read() as conn:
        began = editions.followed_since(conn)
    since = now.clock.now() - timedelta(days=scope.days)
    stage = scope.stage if scope.stage in ruling.lifecycle.stages.keys() | tried.lifecycle.stages.keys() else ""
    stage = stage or next(
        iter(sorted(ruling.handoff.stages if ruling.handoff else ())), next(iter(ruling.lifecycle.stages))
    )
    found = replayed.begin(replayed.Asked(ruling, tried, stage, since, None, began))
    leads: list[dict[str, Any]] = []
    for refs, entries in _people(now, "replaying"):
        one = found.take(refs, entries)
        if one is not None and len(leads) < SHOWN:
            leads.append(one.row())
    names = {one.id: one.name for one in (*tried.lifecycle.stages.values(), *ruling.lifecycle.stages.values())}
    more = sum(found.changes.values()) - len(leads)
    whole = {"leads": _named(now, leads), "more": more, "since": since.isoformat(), "days": scope.days}
    return {**found.row(), **whole, "stage_name": names[stage]}


def simulated(now: Bridge, tried: Agreement | None) -> dict[str, Any] | None:
    """What other promises would change: numbers, what a start would get, the first clocks; None where none are made."""
    agreement = now.agreement
    if agreement is None or tried is None or not tried.book:
        return None
    last, moment = tried.book[-1], now.clock.now()
    other: Book = tried.book if last.open_too else (Edition(last.version, EVER, last.policies),)
    found = Simulation(agreement, other, moment)
    before = agreement.book[-1] if agreement.book else None
    clocks: list[dict[str, Any]] = []
    for refs, entries in _people(now, "judging twice"):
        for one in found.take(refs, entries):
            if len(clocks) < SHOWN:
                clocks.append(one.row())
    begun = [
        {"name": one.name, "now": one.now.words if one.now else "", "would": one.would.words if one.would else ""}
        for one in starts(before, last, moment)
    ]
    more = sum(found.kinds.values()) - len(clocks)
    return {**found.row(), "open_too": last.open_too, "starts": begun, "clocks": _named(now, clocks), "more": more}


def _people(bridge: Bridge, what: str) -> Iterator[journeys.Person]:
    with bridge.database.read() as conn:
        for number, one in enumerate(journeys.people(conn), start=1):
            if number % _STEP == 0:
                bridge.progress(what, number, None)
            yield one


def _named(bridge: Bridge, told: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows about people, with what those are called in daily life, as far as their links know it."""
    listed = list(told)
    refs = [Ref.parse(ref) for row in listed for ref in row["person"]]
    with bridge.database.read() as conn:
        linked = links.by_refs(conn, refs)
    pairs = {(pair.hubspot, pair.salesforce): pair for pair in bridge.mapping.pairs}
    return [{**row, "who": _who(row, linked, pairs)} for row in listed]


def _who(row: Mapping[str, Any], linked: Mapping[Ref, Link], pairs: Mapping[tuple[str, str], Pair]) -> str:
    for ref in map(Ref.parse, row["person"]):
        link = linked.get(ref)
        pair = pairs.get((link.hubspot.object, link.salesforce.object)) if link else None
        if link and pair:
            emails = [rule.name for rule in pair.rules if rule.kind is Kind.EMAIL]
            said = (value for name in emails for value in link.memory.base.get(name, ()) if value)
            return next((str(value) for value in said), str(ref))
    return str(row["person"][0])
