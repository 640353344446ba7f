"""What a sync does to people on both sides, end to end over the engine."""

import pytest

from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.engine import commands
from connector.errors import Transient
from tests.engine.town import BACK, CROSS, Town


@pytest.fixture(params=["memory", "file", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def test_twins_by_email_are_linked_and_learn_each_others_id(town: Town) -> None:
    contact, lead = town.contact(email="ada@x.test", firstname="Ada"), town.lead(Email="ADA@x.test", LastName="Byron")
    town.full()
    assert town.links() == [(contact, lead)]
    assert town.hubspot.values(contact)[CROSS] == lead.id
    assert town.salesforce.values(lead)[BACK] == contact.id
    assert town.hubspot.values(contact)["lastname"] == "Byron"
    assert town.salesforce.values(lead)["FirstName"] == "Ada"


def test_people_of_one_side_are_created_on_the_other(town: Town) -> None:
    contact = town.contact(email="ada@x.test", firstname="Ada")
    lead = town.lead(Email="bob@x.test", LastName="Bob")
    town.full()
    assert len(town.links()) == 2
    made = town.salesforce.live("Lead")[-1]
    assert town.salesforce.values(made) | {"Id": ""} == {
        "Email": "ada@x.test",
        "FirstName": "Ada",
        "LastName": "(unknown)",
        BACK: contact.id,
        "Id": "",
    }
    assert town.hubspot.values(contact)[CROSS] == made.id
    twin = town.hubspot.live("contacts")[-1]
    assert town.hubspot.values(twin) == {"email": "bob@x.test", "lastname": "Bob", CROSS: lead.id}
    assert town.salesforce.values(lead)[BACK] == twin.id


def test_an_unchanged_second_run_writes_nothing(town: Town) -> None:
    for number in range(7):
        town.contact(email=f"p{number}@x.test", firstname="P")
    for number in range(4, 9):
        town.lead(Email=f"p{number}@x.test", LastName="Q")
    town.full()
    before = town.writes()
    town.full()
    town.once()
    assert town.writes() == before
    assert town.dirty() == 0


def test_an_edit_travels_and_its_echo_costs_no_read(town: Town) -> None:
    contact, lead = town.contact(email="ada@x.test"), town.lead(Email="ada@x.test", LastName="B")
    town.full()
    town.once()
    town.hubspot.edit(contact, jobtitle="CTO")
    town.once()
    assert town.salesforce.values(lead)["Title"] == "CTO"
    reads = town.hubspot.calls["read"] + town.salesforce.calls["read"]
    town.once()
    assert town.hubspot.calls["read"] + town.salesforce.calls["read"] == reads


def test_edits_on_both_sides_wait_for_a_person_and_then_follow_the_decision(town: Town) -> None:
    contact, lead = town.contact(email="ada@x.test", jobtitle="CEO"), town.lead(Email="ada@x.test", LastName="B")
    town.full()
    town.hubspot.edit(contact, jobtitle="CTO")
    town.salesforce.edit(lead, Title="CFO")
    town.once()
    (conflict,) = town.issues()
    assert (conflict.issue.kind, conflict.issue.value, conflict.issue.other_value) == (IssueKind.CONFLICT, "CTO", "CFO")
    commands.settle(town.bridge, conflict.id, Side.SALESFORCE, "ann")
    town.once()
    assert town.hubspot.values(contact)["jobtitle"] == "CFO"
    assert town.issues() == []
    assert [change["before"] for change in town.story(contact)[-1].payload["changes"]] == ["CTO"]


def test_two_salesforce_people_with_one_email_go_to_review_and_nobody_is_made(town: Town) -> None:
    one, other = town.lead(Email="info@x.test", LastName="A"), town.salesforce.add("Contact", Email="info@x.test")
    town.full()
    assert town.writes() == 0
    assert {ref for stored in town.issues() for ref in stored.issue.refs} == {one, other}
    contact = town.contact(email="info@x.test")
    town.once()
    assert town.writes() == 0
    commands.link(town.bridge, contact, one, "ann")
    town.once()
    assert town.links() == [(contact, one)]


def test_a_refused_value_parks_its_field_and_the_rest_goes_through(town: Town) -> None:
    contact, lead = town.contact(email="ada@x.test"), town.lead(Email="ada@x.test", LastName="B")
    town.full()
    town.salesforce.refuse("Lead", "Title", "Boss")
    town.hubspot.edit(contact, jobtitle="Boss", firstname="Ada")
    town.once()
    assert town.salesforce.values(lead)["FirstName"] == "Ada"
    (parked,) = town.issues()
    assert (parked.issue.kind, parked.issue.field, parked.issue.value) == (IssueKind.PARKED, "Title", "Boss")
    writes = town.writes()
    town.full()
    assert town.writes() == writes
    town.hubspot.edit(contact, jobtitle="Chief")
    town.once()
    assert town.salesforce.values(lead)["Title"] == "Chief"
    assert town.issues() == []


def test_a_refused_value_is_tried_again_when_a_person_says_so(town: Town) -> None:
    contact, lead = town.contact(email="ada@x.test"), town.lead(Email="ada@x.test", LastName="B")
    town.full()
    town.salesforce.refuse("Lead", "Title", "Boss")
    town.hubspot.edit(contact, jobtitle="Boss")
    town.once()
    town.salesforce.refusals.clear()
    commands.unpark(town.bridge, commands.parked_ids(town.bridge), "ann")
    town.once()
    assert town.salesforce.values(lead)["Title"] == "Boss"


def test_a_converted_lead_stays_linked_as_its_contact(town: Town) -> None:
    contact, lead = town.contact(email="ada@x.test"), town.lead(Email="ada@x.test", LastName="B")
    town.full()
    made = town.salesforce.convert(lead, "Contact", Email="ada@x.test", LastName="B")
    town.once()
    assert town.links() == [(contact, made)]
    assert town.hubspot.values(contact)[CROSS] == made.id
    assert town.salesforce.values(made)[BACK] == contact.id
    town.hubspot.edit(contact, jobtitle="CTO")
    town.once()
    assert town.salesforce.values(made)["Title"] == "CTO"


def test_a_merge_in_hubspot_keeps_one_link_and_shows_the_orphan(town: Town) -> None:
    first, second = town.contact(email="a@x.test"), town.contact(email="b@x.test")
    lead_a, lead_b = town.lead(Email="a@x.test", LastName="A"), town.lead(Email="b@x.test", LastName="B")
    town.full()
    survivor = town.hubspot.merge(first, second, new_id=True)
    town.once()
    ((kept, lead),) = town.links()
    assert kept == survivor
    assert lead in (lead_a, lead_b)
    (stored,) = [one for one in town.issues() if one.issue.code == "MERGED_ON_ONE_SIDE"]
    assert {lead_a, lead_b} <= set(stored.issue.refs)
    town.once()
    assert len(town.hubspot.live("contacts")) == 1
    assert len(town.salesforce.live("Lead")) == 2


def test_a_deleted_record_unlinks_and_is_not_made_again(town: Town) -> None:
    contact, lead = town.contact(email="a@x.test"), town.lead(Email="a@x.test", LastName="A")
    town.full()
    town.salesforce.archive(lead)
    town.once()
    assert town.links() == []
    town.hubspot.edit(contact, jobtitle="CTO")
    town.once()
    town.full()
    assert town.salesforce.live("Lead") == []


def test_an_erased_person_is_forgotten_and_never_made_again(town: Town) -> None:
    contact, lead = town.contact(email="a@x.test", firstname="Ada"), town.lead(Email="a@x.test", LastName="A")
    town.full()
    town.hubspot.erase(contact)
    town.once()
    assert town.links() == []
    assert town.story(lead) == []
    town.salesforce.edit(lead, Title="CTO")
    town.once()
    town.full()
    assert town.hubspot.live("contacts") == []


def test_an_answer_lost_after_commit_makes_no_second_record(town: Town) -> None:
    town.contact(email="a@x.test")
    town.lead(Email="b@x.test", LastName="B")
    town.salesforce.fail("write", after_commit=True)
    town.hubspot.fail("write", Transient("reset"), times=2, after_commit=True)
    town.full()
    assert len(town.links()) == 2
    assert len(town.hubspot.live("contacts")) == len(town.salesforce.live("Lead")) == 2
    assert town.dirty() == 0


def test_a_side_that_cannot_be_read_delays_and_loses_nothing(town: Town) -> None:
    contact, lead = town.contact(email="a@x.test"), town.lead(Email="a@x.test", LastName="A")
    town.full()
    town.hubspot.edit(contact, jobtitle="CTO")
    town.salesforce.fail("read", times=2)
    town.once()
    assert town.salesforce.values(lead)["Title"] == "CTO"


def test_unlinked_by_a_person_stays_apart_until_linked_again(town: Town) -> None:
    contact, lead = town.contact(email="a@x.test"), town.lead(Email="a@x.test", LastName="A")
    town.full()
    commands.unlink(town.bridge, contact, "ann")
    town.hubspot.edit(contact, jobtitle="CTO")
    town.once()
    town.full()
    assert "Title" not in town.salesforce.values(lead)
    commands.link(town.bridge, lead, contact, "ann")
    town.once()
    assert town.salesforce.values(lead)["Title"] == "CTO"


def test_a_first_sync_looks_at_everyone_once(town: Town) -> None:
    for number in range(5):
        town.contact(email=f"p{number}@x.test", firstname="P")
        town.lead(Email=f"p{number}@x.test", LastName="Q")
    run = town.full()
    assert run.counts["considered"] == 5
