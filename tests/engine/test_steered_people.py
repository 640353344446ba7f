"""Journeys of people who go on as others (conversion, merges), who are archived, and who are forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connector.storage import effects, journeys, timers
from tests.engine.agreeing import (
    agree,
    both,
    called,
    decisions,
    hand_over,
    in_hubspot,
    in_salesforce,
    journey,
    never,
)
from tests.engine.agreeing import timer as next_timer
from tests.engine.town import BACK, Town, pair

HOUR = timedelta(hours=1)


def test_a_converted_leads_journey_goes_on_with_the_contact(agreed: Town) -> None:
    agree(agreed, converted="")
    contact, lead = both(agreed, life="lead")
    agreed.salesforce.edit(lead, Stage="SAL")
    agreed.once()
    person = agreed.salesforce.convert(lead, "Contact", Email="ann@x.com", LastName="Archer", **{BACK: contact.id})
    agreed.once()
    assert agreed.links() == [(contact, person)]
    assert decisions(agreed, contact, person) == ["lead", "sal"]
    assert in_salesforce(agreed, person)["Stage"] == "SAL"
    assert in_hubspot(agreed, contact)["life"] == "sql"


def test_people_merged_in_hubspot_have_one_journey(agreed: Town) -> None:
    agreed.remapped(pair("Lead", create_in_salesforce=never), pair("Contact"))
    winner = agreed.contact(email="ann@x.com", lastname="Archer", life="lead")
    loser = agreed.contact(email="ann@y.com", lastname="Archer", life="lead")
    agreed.full()
    agreed.hubspot.merge(winner, loser)
    agreed.once()
    with agreed.database.read() as conn:
        assert journeys.formers(conn, [winner]) == {winner: [loser]}
        assert [who for who, _ in journeys.people(conn)] == [(winner,)]


def test_nothing_of_an_erased_persons_journey_stays(agreed: Town) -> None:
    contact, _lead = both(agreed, life="lead")
    agreed.bridge = replace(agreed.bridge, reps=frozenset())
    hand_over(agreed, contact)
    with agreed.database.begin() as conn:
        timers.put(conn, {contact: agreed.clock.now() + HOUR})
    agreed.hubspot.erase(contact)
    agreed.once()
    with agreed.database.read() as conn:
        assert list(journeys.people(conn)) == []
        assert timers.count(conn) == 0
        assert effects.counts(conn) == {}
    agreed.hubspot.done.append(called(contact, agreed.clock.now(), "touch:1"))
    agreed.once()
    assert journey(agreed, contact) == []


def test_who_is_archived_on_both_sides_is_looked_at_no_more(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    with agreed.database.begin() as conn:
        timers.put(conn, {contact: agreed.clock.now() + HOUR})
    agreed.hubspot.archive(contact)
    agreed.salesforce.archive(lead)
    agreed.once()
    assert next_timer(agreed) is None
