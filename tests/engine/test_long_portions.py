"""What a poll tells at once may be thousands of records: they are taken in slices, and the cursor comes last."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.core.readings import Presence, Reading
from connector.core.refs import Ref, Side
from connector.engine import observe
from connector.ports import Changes
from connector.storage import cursors, dirty, seen
from tests.engine.town import Town


def readings(town: Town, number: int) -> list[Reading]:
    """Strangers who have just been made in HubSpot."""
    at = town.bridge.clock.now()
    refs = (Ref(Side.HUBSPOT, "contacts", str(one)) for one in range(number))
    return [
        Reading(ref, Presence.PRESENT, {"email": f"{ref.id}@acme.example"}, at - timedelta(seconds=int(ref.id)))
        for ref in refs
    ]


@pytest.mark.parametrize("number", [0, 1, observe.SLICE, observe.SLICE + 1, 2 * observe.SLICE + 1])
def test_a_portion_of_any_length_is_marked_whole_and_ends_with_the_cursor(town: Town, number: int):
    told = Changes(readings(town, number), {"at": number}, more=False)
    assert observe.take_portion(town.bridge, Side.HUBSPOT, told) == number
    with town.database.read() as conn:
        assert dirty.count(conn) == number
        assert cursors.get(conn, Side.HUBSPOT) == {"at": number}
    assert observe.take_portion(town.bridge, Side.HUBSPOT, told) == 0, "told again it is no news"


def test_a_crash_between_two_slices_repeats_the_portion(town: Town, monkeypatch: pytest.MonkeyPatch):
    told = Changes(readings(town, 2 * observe.SLICE), {"at": 1}, more=False)
    record, times = seen.record, list[int]()

    def crashing(conn, rows):
        times.append(1)
        if len(times) == 2:
            raise OSError("pulled the plug")
        record(conn, rows)

    monkeypatch.setattr(seen, "record", crashing)
    with pytest.raises(OSError, match="plug"):
        observe.take_portion(town.bridge, Side.HUBSPOT, told)
    with town.database.read() as conn:
        assert (dirty.count(conn), cursors.get(conn, Side.HUBSPOT)) == (observe.SLICE, None)
    assert observe.take_portion(town.bridge, Side.HUBSPOT, told) == observe.SLICE
    with town.database.read() as conn:
        assert (dirty.count(conn), cursors.get(conn, Side.HUBSPOT)) == (2 * observe.SLICE, {"at": 1})


def test_what_was_seen_is_forgotten_by_the_newest_of_the_whole_portion(town: Town):
    """Not by the newest of its last slice."""
    told = readings(town, observe.SLICE)
    old = Reading(Ref(Side.HUBSPOT, "contacts", "old"), Presence.PRESENT, {}, told[0].modified_at - timedelta(hours=1))
    observe.take_portion(town.bridge, Side.HUBSPOT, Changes([old], {}, more=True))
    observe.take_portion(town.bridge, Side.HUBSPOT, Changes([*told, replaced_stamp(told[0])], {}, more=False))
    with town.database.read() as conn:
        assert seen.lookup(conn, [old.ref]) == {}


def replaced_stamp(reading: Reading) -> Reading:
    """The same, of which nobody knows when it changed."""
    return Reading(Ref(Side.HUBSPOT, "contacts", "unstamped"), reading.presence, reading.values, None)
