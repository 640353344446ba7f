"""When HubSpot makes one contact of two, the link of the one whose values survive goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.mapping import Blank, Policy
from connector.core.refs import Ref
from tests.engine.town import RULES, Town, pair

NEWEST = tuple(replace(rule, policy=Policy.NEWEST) for rule in RULES)


@pytest.mark.parametrize("keyed", [True, False], ids=["with a cross id in HubSpot", "without one"])
@pytest.mark.parametrize("mode", ["once", "full"])
@pytest.mark.parametrize("winner", [0, 1])
def test_the_survivor_of_a_merge_keeps_the_lead_of_the_contact_that_won(mode: str, winner: int, *, keyed: bool) -> None:
    town = Town() if keyed else Town(pairs=(pair("Lead", hubspot_key=None), pair("Contact", hubspot_key=None)))
    contacts = [town.contact(email="a@x.test", firstname="Ann"), town.contact(email="b@x.test", firstname="Bob")]
    town.full()
    leads: dict[Ref, Ref] = dict(town.links())
    survivor = town.hubspot.merge(contacts[winner], contacts[1 - winner], new_id=True)
    getattr(town, mode)()
    town.once()
    assert town.links() == [(survivor, leads[contacts[winner]])]
    assert town.salesforce.values(leads[contacts[1 - winner]])["Email"] == ["b@x.test", "a@x.test"][winner]
    assert town.salesforce.values(leads[contacts[1 - winner]])["FirstName"] == ["Bob", "Ann"][winner]


def test_a_first_meeting_in_a_full_run_goes_by_the_time_of_the_field_not_of_the_record() -> None:
    town = Town(pairs=(pair("Lead", rules=NEWEST), pair("Contact", rules=NEWEST)))
    contact = town.contact(email="a@x.test", jobtitle="CTO")
    lead = town.lead(Email="a@x.test", LastName="A")
    town.clock.sleep(60)
    town.salesforce.edit(lead, Title="CEO")
    town.clock.sleep(60)
    town.hubspot.edit(contact, firstname="Ada")
    town.full()
    assert town.hubspot.values(contact)["jobtitle"] == "CEO"


@pytest.mark.parametrize("blank", list(Blank))
def test_what_a_converted_lead_said_and_its_contact_does_not_is_no_clearing(town: Town, blank: Blank) -> None:
    """Found beside the simulation: a custom field that the org does not map to Contacts was emptied in HubSpot."""
    town.remapped(*(pair(obj, rules=[replace(one, blank=blank) for one in RULES]) for obj in ("Lead", "Contact")))
    contact = town.contact(email="a@x.test", lastname="A", jobtitle="CEO")
    town.sync()
    ((_, lead),) = town.links()
    person = town.salesforce.convert(lead, "Contact", Email="a@x.test", LastName="A")
    town.sync()
    assert town.links() == [(contact, person)]
    assert town.salesforce.values(person)["Title"] == town.hubspot.values(contact)["jobtitle"] == "CEO"
    town.salesforce.edit(person, Title=None)
    town.sync()
    assert town.hubspot.values(contact).get("jobtitle") == (None if blank is Blank.CLEAR else "CEO")


@pytest.mark.parametrize("policy", list(Policy))
def test_what_the_contact_says_that_a_lead_was_converted_into_is_the_edit_of_who_converted_it(
    town: Town, policy: Policy
) -> None:
    town.remapped(*(pair(obj, rules=[replace(one, policy=policy) for one in RULES]) for obj in ("Lead", "Contact")))
    contact = town.contact(email="a@x.test", lastname="A", jobtitle="hers")
    town.sync()
    ((_, lead),) = town.links()
    person = town.salesforce.convert(lead, "Contact", Email="a@x.test", LastName="A", Title="His")
    town.sync()
    assert town.hubspot.values(contact)["jobtitle"] == town.salesforce.values(person)["Title"] == "His"
    told = [row for event in town.story(contact) for row in event.payload.get("changes", ()) if row["after"] == "His"]
    assert [(row["before"], row["because"]) for row in told] == [("hers", "edited")]
