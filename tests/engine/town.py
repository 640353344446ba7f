"""A bridge between two sides in memory, with real SQL beneath: what engine tests play on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

from connector.core.comparison import comparison
from connector.core.guards import Limit, Limits
from connector.core.mapping import MappingSet, MatchKey, Pair, Policy, Rule
from connector.core.refs import Ref, Side
from connector.core.transforms import identity
from connector.core.values import Kind
from connector.engine import sync
from connector.engine.bridge import Bridge
from connector.engine.erase import KEY
from connector.engine.run import Run
from connector.storage import dirty, events, issues, links, runs, state
from connector.storage.database import Database, migrate, open_database
from connector.storage.issues import StoredIssue
from tests.contract.fake import FakeCrm

CROSS, BACK = "salesforce_record_id", "HubSpot_Contact_Id__c"
CONTACT_FIELDS = {
    "email": Kind.EMAIL,
    "hs_additional_emails": Kind.TEXT,
    "firstname": Kind.TEXT,
    "lastname": Kind.TEXT,
    "jobtitle": Kind.TEXT,
    CROSS: Kind.TEXT,
}
PERSON_FIELDS = {
    "Email": Kind.EMAIL,
    "FirstName": Kind.TEXT,
    "LastName": Kind.TEXT,
    "Title": Kind.TEXT,
    "Id": Kind.TEXT,
    BACK: Kind.TEXT,
}


class StillClock:
    """Time that passes only when somebody waits or says so."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 2, 9, tzinfo=UTC)

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)  # nothing happens twice in one moment
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class EvenDice:
    """Chance that always rolls the same."""

    def roll(self) -> float:
        return 0.5


def rule(name: str, hubspot: str, salesforce: str, kind: Kind = Kind.TEXT, policy: Policy = Policy.MANUAL) -> Rule:
    return Rule(name, hubspot, salesforce, kind, identity, identity, comparison(kind), policy=policy)


RULES = (
    rule("email", "email", "Email", Kind.EMAIL),
    rule("first", "firstname", "FirstName"),
    replace(rule("last", "lastname", "LastName"), on_create={Side.SALESFORCE: "(unknown)"}),
    rule("title", "jobtitle", "Title"),
)


def always(*_: object) -> bool:
    return True


def pair(salesforce: str, **changes: object) -> Pair:
    made = Pair(
        mapping="contacts",
        hubspot="contacts",
        salesforce=salesforce,
        rules=RULES,
        hubspot_key=CROSS,
        salesforce_key=BACK,
        match=(MatchKey("email", ("email", "hs_additional_emails"), ("Email",), Kind.EMAIL),),
        in_scope=always,
        create_in_salesforce=lambda *_: salesforce == "Lead",
        create_in_hubspot=always,
    )
    return replace(made, **changes)


@cache
def _migrated() -> sqlite3.Connection:
    """A migrated store in memory, made once: copying it is ten times as fast as migrating."""
    database, copy = open_database("sqlite://"), sqlite3.connect(":memory:", check_same_thread=False)
    migrate(database)
    with closing(database._engine.raw_connection()) as lent:
        lent.driver_connection.backup(copy)
    database.close()
    return copy


def store(url: str) -> Database:
    """A store ready for use."""
    database = open_database(url)
    if database.in_memory:
        with closing(database._engine.raw_connection()) as lent:
            _migrated().backup(lent.driver_connection)
    else:
        migrate(database)
    return database


class Town:
    """Two sides, a store, and a bridge between them."""

    def __init__(self, url: str = "sqlite://", pairs: Iterable[Pair] = (), limits: Limits | None = None) -> None:
        self.clock = StillClock()
        self.hubspot = FakeCrm(Side.HUBSPOT, self.clock, {"contacts": CONTACT_FIELDS}, {"contacts": ("email", CROSS)})
        self.salesforce = FakeCrm(
            Side.SALESFORCE,
            self.clock,
            {"Lead": PERSON_FIELDS, "Contact": PERSON_FIELDS},
            {"Lead": (BACK,), "Contact": (BACK,)},
        )
        self.database = store(url)
        with self.database.begin() as conn:
            state.put(conn, KEY, "00" * 32)
        pairs = tuple(pairs) or (pair("Lead"), pair("Contact"))
        self.bridge = self.bridged(pairs, limits or Limits())

    def bridged(self, pairs: tuple[Pair, ...], limits: Limits) -> Bridge:
        crms = {Side.HUBSPOT: self.hubspot, Side.SALESFORCE: self.salesforce}
        mapping = MappingSet(pairs, "one")
        return Bridge("town", self.database, crms, mapping, self.clock, EvenDice(), limits, batch_records=50)

    def lead(self, **values: str) -> Ref:
        ref = self.salesforce.add("Lead", **values)
        self.salesforce.edit(ref, Id=ref.id)
        return ref

    def contact(self, **values: str) -> Ref:
        return self.hubspot.add("contacts", **values)

    def full(self, *, approved: bool = True) -> Run:
        with sync.recorded(self.bridge, "full", "a test", approved=approved) as run:
            sync.full(self.bridge, run)
        return run

    def once(self, *, approved: bool = True) -> Run:
        with sync.recorded(self.bridge, "once", "a test", approved=approved) as run:
            sync.once(self.bridge, run)
        return run

    def sync(self, mode: str = "once", *, approved: bool = False) -> Run:
        """What `smarketing sync` does."""
        with sync.recorded(self.bridge, mode, "a test", approved=approved) as run:
            sync.sync(self.bridge, run, mode)
        return run

    def limited(self, **limits: int) -> None:
        """Raise or lower the guards."""
        self.bridge = replace(self.bridge, limits=Limits(**{name: Limit(count) for name, count in limits.items()}))

    def remapped(self, *pairs: Pair, digest: str = "another") -> None:
        """Edit the mapping."""
        self.bridge = replace(self.bridge, mapping=MappingSet(pairs, digest))

    def writes(self) -> int:
        return len(self.hubspot.log) + len(self.salesforce.log)

    def links(self) -> list[tuple[Ref, Ref]]:
        with self.database.read() as conn:
            return [(link.hubspot, link.salesforce) for link in links.page(conn, 0, 1000)]

    def issues(self) -> list[StoredIssue]:
        with self.database.read() as conn:
            return issues.open_issues(conn)

    def dirty(self) -> int:
        with self.database.read() as conn:
            return dirty.count(conn)

    def story(self, ref: Ref) -> list[events.Event]:
        with self.database.read() as conn:
            return events.of_refs(conn, [ref], 1000)

    def runs(self) -> list[runs.RunRow]:
        with self.database.read() as conn:
            return runs.recent(conn, 100)
