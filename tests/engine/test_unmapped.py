"""What the mapping no longer speaks of is left alone, and stops nothing else."""

from connector.core.refs import hubspot
from connector.engine import commands
from connector.storage import dirty
from tests.engine.town import Town, pair


def test_a_link_whose_pair_left_the_mapping_is_left_alone(town: Town) -> None:
    contact, lead = town.contact(email="a@x.test"), town.lead(Email="a@x.test", LastName="A")
    town.sync()
    town.sync()
    town.remapped(pair("Contact"))
    town.hubspot.edit(contact, jobtitle="CTO")
    twin = town.salesforce.add("Contact", Email="b@x.test", LastName="B")
    writes = len(town.salesforce.log)
    town.sync("full")
    town.hubspot.edit(contact, jobtitle="CEO")
    town.sync()
    assert town.links()[0] == (contact, lead)
    assert town.salesforce.values(lead).get("Title") is None
    assert [one[1].object for one in town.salesforce.log[writes:]] == ["Contact"]
    assert twin in {there for _, there in town.links()}
    town.hubspot.erase(contact)
    town.sync()
    assert town.dirty() == 0


def test_a_lead_converted_beyond_the_mapping_stops_nothing(town: Town) -> None:
    town.remapped(pair("Lead"))
    contact, lead = town.contact(email="a@x.test"), town.lead(Email="a@x.test", LastName="A")
    town.sync()
    made = town.salesforce.convert(lead, "Contact", Email="a@x.test", LastName="A")
    town.sync()
    town.hubspot.edit(contact, jobtitle="CTO")
    town.sync()
    town.sync("full")
    assert town.links() == [(contact, made)]
    assert town.dirty() == 0


def test_a_mark_on_an_unmapped_object_is_worked_off(town: Town) -> None:
    town.sync()
    with town.database.begin() as conn:
        dirty.mark(conn, [hubspot("tickets", "7")], town.clock.now())
    contact = town.contact(email="a@x.test")
    town.sync()
    assert [here for here, _ in town.links()] == [contact]
    assert town.dirty() == 0
    assert commands.look(town.bridge, hubspot("tickets", "7")).case is None
