"""One story on one store, played as often as there are points at which it can be struck.

What was before the story is made once and put back for every death. A process is a `Town` with a store of its own in
the hands of its fate; the CRMs outlive it. In the end the whole picture (records, links with their bases, open issues)
must be that of a life that nothing disturbed: so nothing is lost, doubled, or remembered wrongly.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from connector.core.guards import Limits
from connector.core.mapping import OnArchive
from connector.core.refs import Ref, Side
from connector.engine.erase import KEY
from connector.storage import links, state, tables
from connector.storage.database import Database
from tests.contract.fake import FakeCrm
from tests.crashes.killing import DURABLE, Fate, Killed, MortalCrm
from tests.crashes.stores import File, Store
from tests.crashes.stories import Story
from tests.engine.agreeing import agree
from tests.engine.town import BACK, CONTACT_FIELDS, CROSS, PERSON_FIELDS, StillClock, Town, pair

LEASE_S = 600  # longer than any lease
DAYS_S = 2 * 86_400  # longer than what a dead sweep left may stay
PAIRS = (pair("Lead", on_archive=OnArchive.ARCHIVE), pair("Contact", on_archive=OnArchive.ARCHIVE))
FIELDS = (("email", "Email"), ("firstname", "FirstName"), ("lastname", "LastName"), ("jobtitle", "Title"))


@dataclass
class Outside:
    """What outlives every process: the CRMs, and time."""

    clock: StillClock
    hubspot: FakeCrm
    salesforce: FakeCrm

    @classmethod
    def new(cls) -> Outside:
        clock = StillClock()
        people, keys = {"Lead": PERSON_FIELDS, "Contact": PERSON_FIELDS}, {"Lead": (BACK,), "Contact": (BACK,)}
        hubspot = FakeCrm(Side.HUBSPOT, clock, {"contacts": CONTACT_FIELDS}, {"contacts": ("email", CROSS)})
        return cls(clock, hubspot, FakeCrm(Side.SALESFORCE, clock, people, keys))


class Process(Town):
    """A bridge in a process of its own, between CRMs that were there before it."""

    def __init__(self, outside: Outside, database: Database, fate: Fate, *, agreed: bool = False) -> None:
        self.clock, self.hubspot, self.salesforce = outside.clock, outside.hubspot, outside.salesforce
        self.database, self.fate = database, fate
        self.bridge = self.bridged(PAIRS, Limits())
        if agreed:
            agree(self, since=StillClock().now())

    def bridged(self, *args: Any) -> Any:
        bridge = super().bridged(*args)
        bridge.crms.update({side: MortalCrm(crm, self.fate) for side, crm in bridge.crms.items()})
        return bridge


class Stage:
    """A story that can be played again and again on one store."""

    def __init__(self, kind: type[Story], store: Store, folder: Path) -> None:
        self.story, self.store = kind(folder), store
        self.outside = Outside.new()
        town = self._process(Fate())
        with town.database.begin() as conn:
            state.put(conn, KEY, "00" * 32)
        self.story.before(town)
        store.ended()
        store.keep()
        self._before = pickle.dumps(self.outside)
        self.undisturbed: Any = None
        self.life = self.played(0)

    def points(self, *, durable: bool = False) -> list[int]:
        """The points of an undisturbed life; only those that leave something new behind, if asked for."""
        return [at for at, what in enumerate(self.life.trail, start=1) if not durable or what in DURABLE]

    def played(self, at: int) -> Fate:
        """Play the story with a death at that point (0: none); whatever dies, the end is the same."""
        fate = self.restored(at)
        self._lived(fate, self.story.run)
        self._next(Fate(), died=fate.dead)
        self._ended(died=fate.dead)
        return fate

    def died_twice(self, first: int, second: int) -> Fate:
        """Play the story with a death, and another at a durable point of the recovery; the fate of that."""
        self._lived(self.restored(first), self.story.run)
        fate = Fate(second, durable=True)
        self._next(fate, died=True)
        self._lived(fate, self._recovered)
        self._next(Fate(), died=fate.dead)
        self._ended(died=True)
        return fate

    def restored(self, at: int, strike: Callable[[], None] | None = None) -> Fate:
        """The beginning of the story, in the hands of a process with that fate."""
        self.outside = pickle.loads(self._before)
        self.store.restore()
        fate = Fate(at, strike)
        self.town = self._process(fate)
        self.story.act(self.town)
        return fate

    def _lived(self, fate: Fate, life: Callable[[Process], None]) -> None:
        try:
            life(self.town)
        except Killed:
            assert fate.dead

    def _recovered(self, town: Process) -> None:
        self.story.again(town)
        town.sync()

    def _next(self, fate: Fate, *, died: bool) -> None:
        if died:
            self.store.buried()
        else:
            self.store.ended()
        self.outside.clock.sleep(LEASE_S)
        self.town = self._process(fate)

    def _ended(self, *, died: bool) -> None:
        if died:
            self.story.again(self.town)
        verified(self.story, self.town, self.store)
        picture = pictured(self.town)
        if self.undisturbed is None:
            self.undisturbed = picture
        assert picture == self.undisturbed

    def _process(self, fate: Fate) -> Process:
        return Process(self.outside, self.store.opened(fate), fate, agreed=self.story.agreed)


def verified(story: Story, town: Town, store: Store) -> None:
    """What every story ends in, however it went: all in step, each person once, nothing left to do or to ask."""
    town.sync()
    town.sync()
    writes = town.writes()
    town.clock.sleep(DAYS_S)
    town.sync("full")
    assert town.writes() == writes, "a settled town is written to"
    assert town.dirty() == 0
    assert tuple(stored.issue.code for stored in town.issues()) == story.issues
    emails = Counter(town.hubspot.values(ref)["email"].casefold() for ref in town.hubspot.live("contacts"))
    assert set(emails.values()) == {1}, "somebody was made twice"
    assert len(emails) == len(town.links()) == len(_live(town)) == story.people
    for contact, person in town.links():
        _in_step(town, contact, person)
    story.check(town)
    leftovers(story, town, store)


def _live(town: Town) -> list[Ref]:
    return [ref for obj in ("Lead", "Contact") for ref in town.salesforce.live(obj)]


def _in_step(town: Town, contact: Ref, person: Ref) -> None:
    ours, theirs = town.hubspot.values(contact), town.salesforce.values(person)
    assert (ours[CROSS], theirs[BACK]) == (person.id, contact.id)
    for here, there in FIELDS:
        same = (ours.get(here) or "").casefold(), (theirs.get(there) or "").casefold()
        assert same[0] == same[1] or (there, same[1]) == ("LastName", "(unknown)")


def leftovers(story: Story, town: Town, store: Store) -> None:
    """Nothing of a death stays for ever: no spool, nothing in the making, no word of the erased."""
    with town.database.read() as conn:
        assert state.named(conn, "making:") == {}
        for table in ("spool", "spool_claims", "spool_marks"):
            assert conn.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
        kept = b"".join(_bytes(conn, table.name) for table in tables.metadata.sorted_tables) if story.erased else b""
    if isinstance(store, File) and story.erased:
        kept += store.content()
    assert [word for word in story.erased if word.encode() in kept] == []


def _bytes(conn: Any, table: str) -> bytes:
    rows = conn.execute(text(f"SELECT * FROM {table}"))
    return b"".join(
        value if isinstance(value, bytes) else bytes(value) if isinstance(value, memoryview) else str(value).encode()
        for row in rows
        for value in row
    )


def pictured(town: Town) -> dict[str, Any]:
    """All that counts in the end, told without ids, which depend on who was made first."""
    sides = {
        side.side.value: sorted(_person(town, side.side, ref) for obj in side.schemas for ref in side.live(obj))
        for side in (town.hubspot, town.salesforce)
    }
    with town.database.read() as conn:
        held = links.page(conn, 0, 1000)
    bases = sorted(
        repr((town.hubspot.values(link.hubspot)["email"].casefold(), link.pair, link.stopped, sorted(_base(link))))
        for link in held
    )
    asked = [(stored.issue.kind, stored.issue.rule, stored.issue.code) for stored in town.issues()]
    return {**sides, "bases": bases, "asked": asked}


def _base(link: links.Link) -> list[tuple[str, Any, Any]]:
    return [(name, agreed.hubspot, agreed.salesforce) for name, agreed in link.memory.base.items()]


def _person(town: Town, side: Side, ref: Ref) -> str:
    values = (town.hubspot if side is Side.HUBSPOT else town.salesforce).values(ref)
    told = {name: value for name, value in values.items() if name not in ("Id", CROSS, BACK)}
    return f"{ref.object} {sorted(told.items())}"
