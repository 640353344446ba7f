"""Creates whose answer is lost, or whose place is held by a record that was converted."""

import pytest

from connector import ports
from connector.core.mapping import Policy
from connector.core.readings import Presence, Reading
from connector.core.refs import Ref
from connector.errors import Transient
from tests.engine.town import BACK, CROSS, RULES, Town, pair, rule


class Killed(BaseException):
    """The process is gone."""


def _edit_and_die(town: Town, ref: Ref) -> None:
    """The answer of the next create is lost with the process; the source is edited meanwhile."""
    side = town.salesforce if ref.side.value == "hubspot" else town.hubspot
    written = side.write

    def write(view: ports.View, writes: list[ports.Write]) -> list[ports.Outcome]:
        written(view, writes)
        side.write = written
        raise Killed

    side.write = write
    with pytest.raises(Killed):
        town.sync()


def test_an_edit_made_while_a_create_was_lost_carries_over(town: Town) -> None:
    contact = town.contact(email="a@x.test", jobtitle="CEO")
    _edit_and_die(town, contact)
    town.hubspot.edit(contact, jobtitle="CTO")
    town.sync()
    (lead,) = town.salesforce.live("Lead")
    assert town.salesforce.values(lead)["Title"] == town.hubspot.values(contact)["jobtitle"] == "CTO"
    assert town.issues() == []


def test_an_edit_of_what_was_made_and_lost_travels_back(town: Town) -> None:
    lead = town.lead(Email="a@x.test", LastName="A", Title="CEO")
    _edit_and_die(town, lead)
    (contact,) = town.hubspot.live("contacts")
    town.hubspot.edit(contact, jobtitle="CTO")
    town.sync()
    assert town.salesforce.values(lead)["Title"] == "CTO"
    assert len(town.hubspot.live("contacts")) == 1
    assert town.issues() == []
    assert town.story(lead)[0].kind == "linked"


def test_a_create_of_unknown_outcome_keeps_what_it_sent_until_it_is_known(town: Town) -> None:
    town.sync()
    contact = town.contact(email="a@x.test", jobtitle="CEO")
    town.contact(email="b@x.test")
    town.salesforce.fail("write", Transient("reset"), after_commit=True)
    written = town.salesforce.write

    def write(view: ports.View, writes: list[ports.Write]) -> list[ports.Outcome]:
        outcomes = written(view, writes)
        town.salesforce.write = written
        town.hubspot.edit(contact, jobtitle="CTO")
        return outcomes

    town.salesforce.write = write
    town.sync()
    assert len(town.links()) == 2
    assert "CTO" in {town.salesforce.values(lead).get("Title") for lead in town.salesforce.live("Lead")}
    assert town.issues() == []


@pytest.mark.parametrize("edit", ["CTO", "CFO"])
def test_of_two_workers_about_to_make_one_who_sent_what_the_record_holds_is_believed(town: Town, edit: str) -> None:
    """Found by the simulation: what a worker had read that made nothing was agreed on, and the older value won."""
    contact = town.contact(email="a@x.test", jobtitle="CTO")
    create = town.salesforce.write

    def overtaken(*_: object) -> list[ports.Outcome]:
        town.hubspot.edit(contact, jobtitle="CEO")
        town.salesforce.write = made
        with pytest.raises(Killed):
            town.full()
        raise Killed

    def made(view: ports.View, writes: list[ports.Write]) -> list[ports.Outcome]:
        town.salesforce.write = create
        create(view, writes)
        raise Killed

    town.salesforce.write = overtaken
    with pytest.raises(Killed):
        town.full()
    town.hubspot.edit(contact, jobtitle=edit)
    town.sync()
    ((_, lead),) = town.links()
    assert town.salesforce.values(lead)["Title"] == town.hubspot.values(contact)["jobtitle"] == edit
    linked = next(event for event in town.story(lead) if event.kind == "linked")
    assert [row["after"] for row in linked.payload["changes"] if row["field"] == "Title"] == ["CEO"]
    assert town.issues() == []


def test_a_field_refused_on_the_lost_create_is_not_taken_for_cleared(town: Town) -> None:
    contact = town.contact(email="a@x.test", jobtitle="Boss")
    town.salesforce.rewrite["Lead", "Title"] = lambda _: None
    _edit_and_die(town, contact)
    town.salesforce.rewrite.clear()
    town.sync()
    (lead,) = town.salesforce.live("Lead")
    assert town.salesforce.values(lead)["Title"] == town.hubspot.values(contact)["jobtitle"] == "Boss"


def test_without_a_hubspot_key_what_was_made_is_met_by_its_email(town: Town) -> None:
    town.remapped(pair("Lead", hubspot_key=None))
    lead = town.lead(Email="a@x.test", LastName="A")
    _edit_and_die(town, lead)
    town.sync()
    assert len(town.hubspot.live("contacts")) == len(town.links()) == 1


def test_a_place_held_by_a_converted_lead_leads_to_its_contact(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.sync()
    lead = town.lead(Email="old@x.test", LastName="A")
    contact = town.contact(email="a@x.test", jobtitle="CTO")
    person = town.salesforce.convert(lead, "Contact", Email="new@x.test", LastName="A")
    gone = ports.Absent(Reading(lead, Presence.MOVED, moved_to=person, converted=True))
    monkeypatch.setattr(town.salesforce, "_create", lambda *_: gone)
    monkeypatch.setattr(town.hubspot, "_create", lambda *_: pytest.fail("nobody is made"))
    rules = (rule("email", "email", "Email", policy=Policy.HUBSPOT), *RULES[1:])
    kept = {"create_in_hubspot": lambda *_: False, "rules": rules}
    town.remapped(pair("Lead", **kept), pair("Contact", **kept))
    town.sync("once")
    assert town.links() == [(contact, person)]
    assert town.salesforce.values(person)[BACK] == contact.id
    assert town.hubspot.values(contact)[CROSS] == person.id
    assert town.salesforce.values(person)["Title"] == "CTO"
    assert town.dirty() == 0


def test_what_a_side_makes_of_a_value_on_create_does_not_travel_back(town: Town) -> None:
    contact = town.contact(email="a@x.test", jobtitle="CTO")
    town.salesforce.rewrite["Lead", "Title"] = lambda value: f"{value} (new)"
    town.sync()
    town.sync()
    town.sync("full")
    assert town.hubspot.values(contact)["jobtitle"] == "CTO"
