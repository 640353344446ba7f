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

import orjson

from connector.core.definition import Definition
from connector.core.mapping import Pair
from connector.core.plan import Step
from connector.core.policies import EVER
from connector.core.policy import Book, Edition
from connector.core.refs import Ref, Side
from connector.core.steered import Agreement
from connector.core.values import Kind
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
COMPARED_MAX: Final = 5_000  # changing records that are planned once more as the files are today
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
    """What a plan came upon that the files of today would not do.

    Attributes:
        compared: changing records that were also planned under the files of today.
    """

    looked_at: int = 0
    changing: int = 0
    compared: int = 0
    deeds: Counter[tuple[str, str]] = field(default_factory=Counter)
    fields: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    shown: list[dict[str, Any]] = field(default_factory=list)

    def take(self, case: Case, today: frozenset[bytes]) -> None:
        """One more record, and what is done about it today."""
        self.looked_at += 1
        rows = list(_otherwise(case.plan.steps, today))
        if not rows:
            return
        self.changing += 1
        for row in rows:
            place = _place(row)
            self.deeds[("needs a person", row["kind"]) if row["do"] == "raise" else (row["do"], place)] += 1
            for change in row.get("changes", ()):
                self.fields[place, change["field"], _sort(row, change)] += 1
        if len(self.shown) < SHOWN:
            who = called(case.pair, case.subject.hubspot, case.subject.salesforce)
            self.shown.append({"who": who, "refs": [str(ref) for ref in case.refs], "steps": rows})

    def row(self) -> dict[str, Any]:
        deeds = [{"does": does, "where": where, "number": number} for (does, where), number in self.deeds.most_common()]
        fields = [
            {"where": where, "field": name, "does": does, "number": number}
            for (where, name, does), number in self.fields.most_common()
        ]
        counts = {"looked_at": self.looked_at, "changing": self.changing, "compared": self.compared}
        return {**counts, "deeds": deeds, "fields": fields, "records": self.shown}


def planned(bridge: Bridge, today: Bridge | None, scope: Scope, by: str) -> dict[str, Any]:
    """What a sync under a draft would write that today's would not, on everybody or on the first ones.

    Args:
        bridge: under the draft, with both sides.
        today: as it is, with both sides; None where the files of today cannot be used.
        scope: whom to look at.
        by: who asks.

    Raises:
        Transient, Unauthorised: what reading raises.
    """
    found = _Planned()
    with _recorded(bridge, by) as run:
        for cases in _everybody(bridge, run) if scope.everybody else _first(bridge):
            planned_now = without_erased(bridge, cases)
            done = _done_today(today, planned_now, found)
            for case in planned_now:
                run.count_plan(case.plan)
                found.take(case, done)
            bridge.progress("planning with the draft", found.looked_at, None)
    return found.row()


def _done_today(today: Bridge | None, cases: list[Case], found: _Planned) -> frozenset[bytes]:
    """What today's files would do about those whom the draft changes, as far as it is worth asking."""
    changing = [case for case in cases if case.plan.steps][: max(0, COMPARED_MAX - found.compared)]
    if today is None or not changing:
        return frozenset()
    found.compared += len(changing)
    same = without_erased(today, cases_of(today, list(dict.fromkeys(ref for case in changing for ref in case.refs))))
    return frozenset(deed for case in same for step in case.plan.steps for deed in _deeds(step_row(step)))


def _deeds(row: Mapping[str, Any]) -> Iterator[bytes]:
    """What a step does, change by change: the same under two mappings where these are alike. Words do not count."""
    what = [row.get(part) for part in ("do", "ref", "refs", "side", "object", "kind", "hubspot", "salesforce", "old")]
    for change in row.get("changes", ({},)):
        yield orjson.dumps([*what, row.get("field"), change.get("field"), change.get("after")])


def _otherwise(steps: Iterable[Step], today: frozenset[bytes]) -> Iterator[dict[str, Any]]:
    """Steps as rows, without what is done today as well."""
    for step in steps:
        row = step_row(step)
        fresh = [deed not in today for deed in _deeds(row)]
        if "changes" in row:
            row["changes"] = [change for change, is_new in zip(row["changes"], fresh, strict=True) if is_new]
        if any(fresh):
            yield row


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


def _place(row: Mapping[str, Any]) -> str:
    """Where a step is done: the side and the object."""
    if "object" in row:
        return f"{row['side']} {row['object']}"
    ref = row.get("ref") or row.get("salesforce") or row.get("new") or row["refs"][0]
    one = Ref.parse(str(ref))
    return f"{one.side.value} {one.object}"


def _sort(row: Mapping[str, Any], change: Mapping[str, Any]) -> str:
    if row["do"] == "create":
        return "given to a new record"
    if change["before"] is None:
        return "filled in"
    return "cleared" if change["after"] is None else "changed"


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
