"""A record that takes another one's place does so once, however late the other one was still spoken of."""

from __future__ import annotations

from datetime import timedelta

from connector.core.journey import Entry, Seen, Told
from connector.core.observing import Hearing, observe
from connector.core.readings import Reading
from connector.core.refs import hubspot
from connector.core.steered import Agreement
from tests.core.courses import BEGAN, DEFINITION

FORMER, SURVIVOR = hubspot("contacts", "1"), hubspot("contacts", "2")
LATER = BEGAN + timedelta(hours=1)


def test_a_survivor_of_a_merge_takes_over_once_though_the_other_was_told_something_later() -> None:
    hearing = Hearing(DEFINITION)
    hearing.take(Entry(SURVIVOR, BEGAN, BEGAN, Seen({"life": "lead"})))
    hearing.take(Entry(FORMER, LATER, LATER, Told({"life": "mql"})))
    reading = Reading(SURVIVOR, values={"life": "lead"}, modified_at=BEGAN)
    now = LATER + timedelta(minutes=1)
    (taken,) = observe(Agreement(DEFINITION, BEGAN), hearing, reading, now)
    assert (taken.ref, taken.at, dict(taken.what.fields)) == (SURVIVOR, now, {})
    hearing.take(taken)
    assert observe(Agreement(DEFINITION, BEGAN), hearing, reading, now) == []
