"""Everything the oracle judges from, gathered once: the history, what is live, what the store holds, who knew what.

Invariants are functions from this evidence to words for what is wrong. They see no stage, no clock and no worker, so a
test can doctor the evidence and show that each of them fails. What could not be helped they excuse by name; excuses
are counted, for an excuse that grows is a finding too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from connector.core.refs import Ref, Side
from connector.sandbox.exchange import Response
from connector.storage import issues
from connector.storage.events import Event
from connector.storage.issues import StoredIssue
from connector.storage.links import Link
from tests.simulation.agreements import AGREEMENTS
from tests.simulation.oracle.courses import Courses, courses
from tests.simulation.oracle.history import Gone, History, Key, Record
from tests.simulation.oracle.rules import Rule, Sellers, Written, written
from tests.simulation.oracle.store import look_into
from tests.simulation.stage import START, Stage, loaded
from tests.simulation.watched import Life
from tests.simulation.watched import Written as Writing

MANY = 100_000
REOPENED = ("shows field", "opens property", "removes field")  # acts that give a closed field back


class Call(NamedTuple):
    """One call: by which life, to which side, when in truth, what was answered, and which fault struck if any."""

    life: Life
    side: str
    at: datetime
    path: str
    answer: Response
    struck: str = ""


@dataclass
class Evidence:
    """One world when all is over.

    Attributes:
        live: who is there, past the APIs: (object, values).
        leftovers: by table, what the store holds besides (for erased people and unfinished work).
        stored: every text in the store, for what must not be there.
        parked: records (as `Ref` in text) that had a refused value at any time.
        compared: places in the log that the comparison of everything wrote which ends the calm.
        acts: how often each act of people was done.
        calls, allowed: what the bridge asked of the CRMs, and by side the most that it may ask in a day.
        asleep: (side, object, field) that a side does not have, or does not let the bridge at.
        courses: of a play of the lifecycle, what the store says of people's courses.
        marked: what acts did that matters here, as the stage tells it.
    """

    entries: list[dict[str, Any]]
    history: History
    live: Mapping[Key, tuple[str, Mapping[str, Any]]]
    links: list[Link]
    issues: list[StoredIssue]
    events: list[Event]
    writes: Mapping[int, Writing]
    lives: list[Life]
    mapping: Written
    variants: list[str]
    sellers: Sellers
    everybody: Sellers
    leftovers: Mapping[str, int] = field(default_factory=dict)
    stored: str = ""
    drifted: tuple[str, ...] = ()
    misshelved: tuple[str, ...] = ()
    asleep: frozenset[tuple[Side, str, str]] = frozenset()
    choices_changed: frozenset[tuple[Side, str, str]] = frozenset()
    rewritten: frozenset[tuple[Side, str, str]] = frozenset()
    miswritten: frozenset[Key] = frozenset()
    kept_apart: frozenset[Key] = frozenset()
    ruled: frozenset[tuple[Side, str]] = frozenset()
    parked: frozenset[str] = frozenset()
    compared: range = range(0)
    acts: Counter[str] = field(default_factory=Counter)
    calls: list[Call] = field(default_factory=list)
    allowed: Mapping[str, int] = field(default_factory=dict)
    excused: Counter[str] = field(default_factory=Counter)
    courses: Courses | None = None

    def excuse(self, why: str) -> None:
        """Count what could not be helped."""
        self.excused[why] += 1

    @cached_property
    def linked(self) -> dict[Key, Link]:
        """The link of each linked record."""
        return {key_of(ref): link for link in self.links for ref in (link.hubspot, link.salesforce)}

    @cached_property
    def shown(self) -> dict[Key, list[StoredIssue]]:
        """Open issues by the records they name."""
        found: dict[Key, list[StoredIssue]] = defaultdict(list)
        for stored in self.issues:
            for ref in stored.issue.refs:
                found[key_of(ref)].append(stored)
        return found

    @cached_property
    def partners(self) -> dict[Key, set[Key]]:
        """Who was ever the counterpart of whom: by cross id, by link, by story; both ways, kin and all."""
        found: dict[Key, set[Key]] = defaultdict(set)
        for one, other in self._named():
            found[one].add(other)
            found[other].add(one)
        return {key: {kin for other in others for kin in self._family(other)} for key, others in found.items()}

    def partners_of(self, record: Record) -> list[Record]:
        """Everybody on the other side who was ever a counterpart of a record, or of one that became it."""
        keys = {key for one in self.family(record) for key in self.partners.get(one.key, ())}
        return [self.history.records[key] for key in sorted(keys) if key in self.history.records]

    def family(self, record: Record) -> list[Record]:
        """A record with all that became it, and all it became."""
        return [self.history.records[key] for key in sorted(self._family(record.key))]

    def held(self, records: Iterable[Record], rule: Rule, before: int = MANY) -> list[Any]:
        """Every value of a rule that any of these held before a place in the log."""
        return [
            version.value
            for one in records
            if (name := rule.on(one.side, one.object))
            for version in one.cells.get(name, ())
            if version.seq < before
        ]

    def awake(self, rule: Rule, salesforce: str) -> bool:
        """Whether a rule works between contacts and an object of Salesforce."""
        there = rule.on(Side.SALESFORCE, salesforce)
        ours = (Side.HUBSPOT, "contacts", rule.hubspot)
        return there is not None and not {ours, (Side.SALESFORCE, salesforce, there)} & self.asleep

    def when(self, seq: int) -> datetime:
        """The moment of a line of the log, by its side's own clock."""
        entry = self.entries[seq - 1]
        return datetime.fromisoformat(entry.get("side_at", entry["at"]))

    def closed_once(self, rule: Rule, records: Iterable[Record]) -> bool:
        """Whether an admin had taken a rule's field on any of these from the bridge, for a while or for good."""
        places = {(one.side, one.object, rule.on(one.side, one.object) or "") for one in records}
        return bool(places & self.asleep) or any(self.acts[act] for act in REOPENED)

    def rules_of(self, record: Record) -> Iterator[tuple[Rule, str]]:
        """The rules with the field each of them means on a record."""
        for rule in self.mapping.rules:
            name = rule.on(record.side, record.object)
            if name:
                yield rule, name

    def _family(self, key: Key) -> set[Key]:
        heir = self.history.heir(key)
        return {one.key for one in self.history.kin(heir)} if heir else {key}

    def _named(self) -> Iterator[tuple[Key, Key]]:
        for record in self.history.records.values():
            other = record.side.other
            name = "salesforce_record_id" if record.side is Side.HUBSPOT else "HubSpot_Contact_Id__c"
            for version in record.cells.get(name, ()):
                if version.value:
                    yield record.key, (other, version.value)
        for one, two in [(e.hubspot, e.salesforce) for e in self.events] + [
            (link.hubspot, link.salesforce) for link in self.links
        ]:
            if one and two:
                yield key_of(one), key_of(two)


def key_of(ref: Ref) -> Key:
    """Side and id."""
    return ref.side, ref.id


def gather(stage: Stage) -> Evidence:
    """All there is to judge from."""
    entries = stage.world.services.log.entries()
    live = {(side, one): (obj, row) for side in Side for obj, one, row in stage.people(side)}
    mapping = written(stage.variant)
    with stage.store.read() as conn:
        shown = issues.open_issues(conn, limit=MANY)
    store = look_into(stage.store)
    history = History(entries, stage.emptied)
    return Evidence(
        entries,
        history,
        live,
        store.links,
        shown,
        store.events,
        stage.witness.writes,
        stage.witness.lives,
        mapping,
        sorted({stage.variant} | {life.variant for life in stage.witness.lives}),
        _sellers(stage, mapping),
        _sellers(stage, mapping, everybody=True),
        leftovers=store.sizes,
        stored=store.text,
        asleep=frozenset(stage.closed) | _missing(stage, mapping),
        choices_changed=frozenset(stage.choices_changed),
        rewritten=frozenset(stage.rewritten),
        miswritten=frozenset(stage.miswritten),
        kept_apart=frozenset(stage.kept_apart),
        ruled=frozenset(stage.ruled),
        parked=store.parked,
        compared=range(stage.witness.compared[0] + 1, stage.witness.compared[1] + 1),
        acts=Counter({name[5:]: times for name, times in stage.trace.counts.items() if name.startswith("act: ")}),
        calls=_calls(stage),
        allowed=_allowed({life.variant for life in stage.witness.lives}),
        excused=stage.excused,
        courses=_courses(stage, store.links, live) if stage.variant in AGREEMENTS else None,
        drifted=tuple(stage.drifted),
        misshelved=tuple(stage.misshelved),
    )


def _courses(stage: Stage, links: Iterable[Link], live: Mapping[Key, tuple[str, Any]]) -> Courses:
    """Courses of all who are live; who is linked is one person."""
    pairs = [(link.hubspot, link.salesforce) for link in links if not link.stopped]
    pairs = [those for those in pairs if all(key_of(ref) in live for ref in those)]
    taken = {key_of(ref) for those in pairs for ref in those}
    alone = [(Ref(side, obj, one),) for (side, one), (obj, _) in sorted(live.items()) if (side, one) not in taken]
    variants = [*sorted({life.variant for life in stage.witness.lives} - {stage.variant}), stage.variant]
    told = courses(stage.store, [*pairs, *alone], stage.witness, variants)
    return replace(told, messages=stage.messages)


def _calls(stage: Stage) -> list[Call]:
    """Each call that reached a CRM."""
    lines = (line for line in stage.trace.lines if line.request is not None)
    return [
        Call(life, line.side, START + timedelta(seconds=line.at), line.request.path, line.response, line.struck)
        for line, life in zip(lines, stage.witness.callers, strict=True)
        if line.request and line.response
    ]


def _allowed(variants: Iterable[str]) -> dict[str, int]:
    """By side, the most calls that the settings let the bridge make a day; a side without a limit is left out."""
    found: dict[str, int] = {}
    for side in Side:
        told = [getattr(loaded(variant).settings, side.value).calls_per_day for variant in variants]
        if None not in told:
            found[side.value] = max(told)
    return found


def _missing(stage: Stage, mapping: Written) -> frozenset[tuple[Side, str, str]]:
    """Fields of rules that a side does not have."""
    ours = stage.world.hubspot.state.tables["contacts"].schema.live
    theirs = {obj: stage.world.salesforce.catalogue[obj].kind for obj in ("Lead", "Contact")}
    found = {(Side.HUBSPOT, "contacts", rule.hubspot) for rule in mapping.rules if rule.hubspot not in ours}
    found |= {
        (Side.SALESFORCE, obj, name)
        for rule in mapping.rules
        for obj, name in rule.salesforce.items()
        if not theirs[obj].has(name)
    }
    return frozenset(found)


def _sellers(stage: Stage, mapping: Written, *, everybody: bool = False) -> Sellers:
    """The addresses of owners and users who are active, or of everybody who ever was."""
    emails = {
        (Side.HUBSPOT, str(one["id"])): str(one["email"]).lower()
        for one in stage.world.hubspot.owners()
        if everybody or not one["archived"]
    }
    users = stage.world.salesforce.catalogue["User"]
    slot = {name: users.kind.slot(name) for name in ("Email", "IsActive")}
    for one in users.ids:
        row = users.live(one)
        if row is not None and (everybody or row[slot["IsActive"]]):
            emails[Side.SALESFORCE, one] = str(row[slot["Email"]]).lower()
    return Sellers(emails, mapping.fallback)


__all__ = ["Evidence", "Gone", "Record", "gather", "key_of"]
