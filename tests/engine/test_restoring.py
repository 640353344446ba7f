"""After a restore, whoever was erased meanwhile is buried again; nobody else is touched."""

from __future__ import annotations

from connector.core.refs import hubspot
from connector.engine import erase
from connector.engine.restoring import settle
from connector.storage import dirty, events, links, state, tombstones
from connector.storage.events import Event
from tests.engine.town import Town

STRANGER = hubspot("contacts", "999")


def bury(town: Town, *names: str) -> None:
    """What was remembered of an erasure outlived the restore."""
    with town.database.begin() as conn:
        tombstones.add(conn, [erase.fingerprint(conn, name) for name in names], town.clock.now())


def test_a_linked_person_is_forgotten_with_both_records_and_others_stay(town: Town) -> None:
    ann, bob = town.contact(email="ann@x.com", lastname="Archer"), town.contact(email="bob@x.com", lastname="Bobson")
    town.full()
    there = dict(town.links())
    bury(town, str(ann), str(there[ann]), "ann@x.com")
    assert settle(town.bridge) == 2
    assert town.links() == [(bob, there[bob])]
    assert town.story(ann) == town.story(there[ann]) == []
    assert town.story(bob)
    written = town.writes()
    town.full()
    assert town.writes() == written, "they are not made again"


def test_one_record_of_a_pair_tells_of_the_whole_person(town: Town) -> None:
    ann = town.contact(email="ann@x.com", lastname="Archer")
    town.full()
    bury(town, str(ann))
    assert settle(town.bridge) == 1
    assert town.links() == []


def test_who_had_no_counterpart_is_forgotten_as_well(town: Town) -> None:
    with town.database.begin() as conn:
        events.append(conn, [Event(town.clock.now(), "noted", STRANGER)])
        dirty.mark(conn, [STRANGER], town.clock.now())
    bury(town, str(STRANGER))
    assert settle(town.bridge) == 1
    assert town.story(STRANGER) == []
    assert town.dirty() == 0
    assert settle(town.bridge) == 0


def test_where_nobody_was_erased_nothing_is_touched(town: Town) -> None:
    town.contact(email="ann@x.com", lastname="Archer")
    town.full()
    before = town.links()
    assert settle(town.bridge) == 0
    assert town.links() == before
    with town.database.read() as conn:
        assert links.count(conn) == 1
        assert state.get(conn, "scrub") is None
