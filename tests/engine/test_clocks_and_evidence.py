"""Clocks that are due and what people did: whoever they are about is looked at, once."""

from __future__ import annotations

from datetime import timedelta

from connector.core.journey import Dealt, Entry, Touched
from connector.storage import timers
from tests.engine.agreeing import (
    agree,
    both,
    called,
    decisions,
    hand_over,
    in_hubspot,
    in_salesforce,
    journey,
)
from tests.engine.agreeing import timer as next_timer
from tests.engine.town import Town

HOUR = timedelta(hours=1)


def test_a_clock_that_is_due_has_its_person_looked_at_once(agreed: Town) -> None:
    contact, _ = both(agreed, life="lead")
    agreed.once()
    with agreed.database.begin() as conn:
        timers.put(conn, {contact: agreed.clock.now() + HOUR})
    assert agreed.once().counts["considered"] == 0
    agreed.clock.sleep(HOUR.total_seconds())
    assert agreed.once().counts["considered"] == 1
    assert next_timer(agreed) is None
    assert agreed.once().counts["considered"] == 0


def test_what_people_did_is_taken_in_once_and_has_its_person_looked_at(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    hand_over(agreed, contact)
    agreed.once()
    touch = called(lead, agreed.clock.now(), "touch:00T1")
    agreed.salesforce.done += [touch, touch]
    assert agreed.once().counts["considered"] == 1
    assert in_salesforce(agreed, lead)["Touches"]
    agreed.salesforce.done.append(touch)
    assert agreed.once().counts["considered"] == 0
    assert sum(isinstance(entry.what, Touched) for entry in journey(agreed, lead)) == 1


def test_evidence_from_before_the_first_look_is_not_asked_for(agreed: Town) -> None:
    lead = agreed.lead(Email="ann@x.com", LastName="Archer")
    agreed.salesforce.done.append(called(lead, agreed.clock.now(), "touch:00T1"))
    agreed.full()
    agreed.once()
    assert not any(isinstance(entry.what, Touched) for entry in journey(agreed, lead))


def test_nobody_is_asked_for_evidence_that_nothing_depends_on(town: Town) -> None:
    agree(town, deals={}, handoff=None, feedback=None)
    both(town, life="lead")
    town.once()
    assert town.hubspot.calls["evidence"] == town.salesforce.calls["evidence"] == 0


def test_a_won_deal_moves_its_person(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    for stage in ("SAL", "SQL"):
        agreed.salesforce.edit(lead, Stage=stage)
        agreed.once()
    won = Dealt("006A", "Closed Won", closed=True, won=True)
    agreed.salesforce.done.append(Entry(lead, agreed.clock.now(), agreed.clock.now(), won, "deal:006A:won"))
    agreed.once()
    assert decisions(agreed, contact, lead)[-1] == "customer"
    assert in_hubspot(agreed, contact)["life"] == "customer"
