"""Short ways to say the readings, rules and pairs of the tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connector.core import refs
from connector.core.comparison import comparison
from connector.core.mapping import MatchKey, Pair, Rule
from connector.core.plan import Agreed, Create, Memory, Plan, Update
from connector.core.planning import Subject
from connector.core.readings import Reading
from connector.core.transforms import identity
from connector.core.values import Kind

CONTACT_ID, LEAD_ID = "33451", "00Q5g00000AbcdeEAB"
CONTACT, LEAD = refs.hubspot("contacts", CONTACT_ID), refs.salesforce("Lead", LEAD_ID)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 2, hour, minute, tzinfo=UTC)


def rule(name: str = "phone", **changes: Any) -> Rule:
    kind = changes.pop("kind", Kind.TEXT)
    made = Rule(name, name, f"{name.title()}__c", kind, identity, identity, comparison(kind, "FR"))
    return replace(made, **changes)


def contact(**values: Any) -> Reading:
    return Reading(CONTACT, values={"salesforce_id": LEAD_ID, **values}, modified_at=at(9))


def lead(**values: Any) -> Reading:
    return Reading(LEAD, values={"HubSpot_Id__c": CONTACT_ID, **values}, modified_at=at(9))


def remembers(**agreed: tuple[str | None, str | None]) -> Memory:
    return Memory({name: Agreed(*both) for name, both in agreed.items()})


def always(_left: Reading | None, _right: Reading | None) -> bool:
    return True


def never(_left: Reading | None, _right: Reading | None) -> bool:
    return False


def pair(*rules: Rule, **changes: Any) -> Pair:
    made = Pair(
        mapping="contacts",
        hubspot="contacts",
        salesforce="Lead",
        rules=rules,
        hubspot_key="salesforce_id",
        salesforce_key="HubSpot_Id__c",
        match=(
            MatchKey("email", ("email", "hs_additional_emails"), ("Email",), Kind.EMAIL),
            MatchKey("phone", ("phone",), ("Phone",), Kind.PHONE),
        ),
        in_scope=always,
        create_in_salesforce=always,
        create_in_hubspot=always,
    )
    return replace(made, **changes)


def linked(**changes: Any) -> Subject:
    """Two that have agreed on a phone number."""
    return replace(Subject(contact(phone="a"), lead(Phone__c="a"), remembers(phone=("a", "a"))), **changes)


def said(found: Plan) -> list[tuple[str, str, str | None, str]]:
    """Every change of a plan: side, field, value, why."""
    return [
        (change.side.value, change.field, change.after, change.because.value)
        for step in found.steps
        if isinstance(step, Create | Update)
        for change in step.changes
    ]
