"""Decisions are numbered; who was parted from a record that some of them are kept with goes on with a free number."""

from __future__ import annotations

from datetime import timedelta

from connector.core.journey import Entry, Ruled
from connector.core.ledger import Ledger
from connector.core.lifecycle import Kind, Mover, Sighting
from connector.core.refs import Ref, hubspot, salesforce
from tests.core.courses import BEGAN, DEFINITION

CONTACT, LEAD = hubspot("contacts", "1"), salesforce("Lead", "00Q5f0000000001AAA")
NOW = BEGAN + timedelta(days=1)


def ruled(ref: Ref, number: int, stage: str, start: str) -> Entry:
    at = BEGAN + timedelta(hours=number)
    made = Ruled(stage, Mover.MARKETING, Kind.FORWARD if start else None, start=start)
    return Entry(ref, at, at, made, f"ruled:{number}", number + 1)


def next_key(*journey: Entry) -> str:
    ledger = Ledger(DEFINITION, journey, CONTACT, NOW)
    ledger.rule(Sighting(NOW, "sql", Mover.SALES))
    return ledger.new[-1].key


def test_a_number_that_was_given_while_another_record_was_theirs_is_not_given_again() -> None:
    alone = [ruled(CONTACT, 0, "lead", ""), ruled(CONTACT, 2, "mql", "lead")]
    assert next_key(alone[0], ruled(LEAD, 1, "lead", ""), alone[1]) == "ruled:3"
    assert next_key(*alone) == "ruled:3"


def test_two_workers_who_know_the_same_give_the_same_number() -> None:
    assert next_key(ruled(CONTACT, 0, "lead", "")) == next_key(ruled(CONTACT, 0, "lead", "")) == "ruled:1"
