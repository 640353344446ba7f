"""A record that somebody edits all day is looked at all day; one that keeps marking itself is left to rest."""

from __future__ import annotations

from datetime import timedelta

from connector.engine.duties import DRAIN
from connector.storage import dirty
from tests.engine.town import Town
from tests.engine.working import Crew


def test_a_record_edited_many_times_within_one_run_is_carried_over_each_time(town: Town) -> None:
    contact = town.contact(email="a@x.test", lastname="A")
    town.full()
    ((_, lead),) = town.links()
    crew = Crew(town)
    for number in range(60):
        town.clock.sleep(10)
        town.hubspot.edit(contact, jobtitle=f"Title {number}")
        with town.database.begin() as conn:
            dirty.mark(conn, [contact], town.clock.now())
        crew.turn(DRAIN)
        assert town.salesforce.values(lead)["Title"] == f"Title {number}"
    assert [run.kind for run in town.runs()].count("worker") == 1


def test_a_record_that_is_marked_whenever_it_was_looked_at_rests(town: Town) -> None:
    contact = town.contact(email="a@x.test", lastname="A")
    town.full()
    crew = Crew(town)
    for _ in range(30):
        with town.database.begin() as conn:
            dirty.mark(conn, [contact], town.clock.now())
        crew.turn(DRAIN)
    with town.database.read() as conn:
        (one,) = dirty.sample(conn, 9)
    assert one.reason == "looked at again and again in one run"
    assert one.due_at > town.clock.now() + timedelta(minutes=10)
