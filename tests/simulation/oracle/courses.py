"""What the store says of people's courses in the end: journeys, clocks, effects, messages; and who is one person.

Entries are read as they lie there; which of them are one person's, the links, merges and conversions say. Where
somebody stands is folded anew here, by the rulings alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from connector.core.journey import Entry, Handed, Ruled, What
from connector.core.lifecycle import Kind
from connector.core.refs import Ref
from connector.storage import codec, editions, journeys
from connector.storage.database import Database
from connector.storage.entries import what
from connector.storage.links import Link
from tests.simulation.messages import Message
from tests.simulation.oracle.agreed import rank
from tests.simulation.oracle.history import Key
from tests.simulation.watched import Appended, Touch, Witness

_ENTRIES = "SELECT id, ref, at, seen_at, key, kind, what FROM journeys ORDER BY id"
_EFFECTS = "SELECT key, kind, target, about, state FROM effects ORDER BY key"


@dataclass(frozen=True)
class Effect:
    """A row of an effect."""

    key: str
    kind: str
    to: str
    about: str
    state: str


@dataclass(frozen=True)
class Person:
    """Somebody live: their records of today, and their journey in its order."""

    refs: tuple[Ref, ...]
    entries: Sequence[Entry]

    @cached_property
    def made(self) -> list[Entry]:
        """The rulings that moved them."""
        found: list[Entry] = []
        stage = ""
        for entry in self.entries:
            ruled = entry.what
            if not isinstance(ruled, Ruled) or ruled.refused or ruled.stage == stage:
                continue
            if ruled.start in (None, stage) or rank(ruled.stage) > rank(stage):
                found.append(entry)
                stage = ruled.stage
        return found

    @property
    def stage(self) -> str | None:
        """Where they stand."""
        return self.made[-1].what.stage if self.made else None  # type: ignore[union-attr]  # they are rulings

    def told(self, *kinds: type[What]) -> list[Entry]:
        """The entries of some kinds."""
        return [entry for entry in self.entries if isinstance(entry.what, kinds)]

    @property
    def handed(self) -> list[Entry]:
        """Their handoffs."""
        return self.told(Handed)

    @property
    def came_back(self) -> list[Entry]:
        """When they were taken up once more."""
        return [one for one in self.made if one.what.kind is Kind.RE_ENTER]  # type: ignore[union-attr]  # as above


@dataclass(frozen=True)
class Courses:
    """All courses when all is over.

    Attributes:
        variants: under which agreements workers opened the bridge, and the one that holds.
        entries: everything in journeys; people: of live records.
        since: when the lifecycle began, by the clock of the host that began it.
        timed: keys of records that have a timer.
        became: (old, new), as text.
    """

    variants: Sequence[str]
    entries: Sequence[Entry]
    people: Sequence[Person]
    effects: Sequence[Effect]
    timed: frozenset[str]
    became: Sequence[tuple[str, str]]
    messages: Sequence[Message] = ()
    appended: Sequence[Appended] = ()
    touches: Sequence[Touch] = ()
    since: datetime | None = None
    linked: Mapping[Key, Link] = field(default_factory=dict)

    @property
    def variant(self) -> str:
        """The agreement that holds in the end."""
        return self.variants[-1]

    @cached_property
    def writer(self) -> Mapping[int, Appended]:
        """By the number of an entry, in which transaction it was appended."""
        return {number: one for one in self.appended for number in one.numbers}


def courses(database: Database, refs: Sequence[tuple[Ref, ...]], witness: Witness, variants: Sequence[str]) -> Courses:
    """Read all courses; `refs`: the records of each live person."""
    with database.read() as conn:
        people = [Person(those, journeys.of_refs(conn, those)) for those in refs]
        since = editions.followed_since(conn)
    with closing(database._engine.raw_connection()) as lent:
        raw = lent.driver_connection
        assert raw is not None
        return Courses(
            variants,
            list(_entries(raw.execute(_ENTRIES).fetchall())),
            people,
            [Effect(*row) for row in raw.execute(_EFFECTS)],
            frozenset(key for (key,) in raw.execute("SELECT key FROM timers")),
            raw.execute("SELECT old, new FROM became").fetchall(),
            appended=witness.appended,
            touches=witness.touches,
            since=since,
        )


def _entries(rows: Sequence[tuple[Any, ...]]) -> Iterator[Entry]:
    for number, ref, at, seen_at, key, kind, stored in rows:
        said = what(kind, stored)
        assert said is not None
        yield Entry(codec.ref(ref), codec.moment(at), codec.moment(seen_at), said, key or "", number)
