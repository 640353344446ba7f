"""Whoever is erased is forgotten with all whom they once were, and whether or not they are linked to anybody."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from connector.core.refs import Ref, Side
from connector.engine import commands
from connector.errors import Transient
from connector.storage import dirty, tables, tombstones
from tests.engine.town import Town

ADA, BEA = "Enchantress", "Beatrice"


def _kept(town: Town) -> str:
    """All that the store says."""
    with town.database.read() as conn:
        rows = [row for table in tables.metadata.sorted_tables for row in conn.execute(select(table))]
    said = [value for row in rows for value in row]
    return " ".join(value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in said)


def _look(town: Town, *refs: Ref) -> None:
    with town.database.begin() as conn:
        dirty.mark(conn, refs, town.clock.now(), reason="HubSpot told of it")
    town.once()


@pytest.fixture
def contacts(town: Town) -> tuple[Ref, Ref]:
    """Two contacts for whom the bridge has made Leads."""
    made = (town.contact(email="a@x.test", firstname=ADA), town.contact(email="b@x.test", firstname=BEA))
    town.full()
    town.once()
    return made


def test_who_was_merged_into_somebody_while_linked_to_nobody_is_forgotten_with_the_survivor(
    town: Town, contacts: tuple[Ref, Ref]
) -> None:
    """Found by the simulation: the Leads of two became one, then the two themselves; one story outlived the person."""
    ada, bea = contacts
    leads = dict(town.links())
    town.salesforce.merge(leads[bea], leads[ada])
    town.once()
    assert [linked for linked, _ in town.links()] == [bea]
    survivor = town.hubspot.merge(bea, ada, new_id=True)
    town.once()
    assert ADA in _kept(town)
    town.hubspot.erase(survivor)
    _look(town, survivor)
    assert ADA not in _kept(town)
    assert BEA not in _kept(town)


@pytest.mark.parametrize("others", ["archived", "live"])
def test_who_was_taken_in_by_a_merge_is_forgotten_with_the_survivor(
    town: Town, contacts: tuple[Ref, Ref], others: str
) -> None:
    leads = dict(town.links())
    survivor = town.hubspot.merge(*contacts, new_id=True)
    town.once()
    ((_, kept),) = town.links()
    (left,) = {*leads.values()} - {kept}
    town.hubspot.edit(survivor, firstname="Ann")
    town.once()
    assert ADA in _kept(town)
    assert BEA in _kept(town)
    if others == "archived":
        town.salesforce.archive(left)
        town.once()
    town.hubspot.erase(survivor)
    _look(town, survivor)
    assert ADA not in _kept(town)
    assert BEA not in _kept(town)
    assert town.links() == []


def test_who_was_converted_and_merged_before_is_forgotten_under_every_id(town: Town) -> None:
    lead = town.lead(Email="a@x.test", FirstName=ADA, LastName="A")
    town.full()
    town.once()
    ((contact, _),) = town.links()
    other = town.contact(email="c@x.test", firstname="Carl")
    survivor = town.hubspot.merge(contact, other, new_id=True)
    town.once()
    town.hubspot.edit(survivor, firstname="Ann")
    town.once()
    made = town.salesforce.convert(lead, "Contact")
    town.once()
    assert (survivor, made) in town.links()
    assert ADA in _kept(town)
    town.hubspot.erase(survivor)
    _look(town, survivor)
    assert ADA not in _kept(town)


def test_a_link_whose_lead_was_merged_into_another_is_forgotten_when_its_contact_was_erased(
    town: Town, contacts: tuple[Ref, Ref]
) -> None:
    erased, other = contacts
    leads = dict(town.links())
    town.hubspot.erase(erased)
    town.salesforce.merge(leads[other], leads[erased])
    _look(town, leads[erased])
    assert town.links() == [(other, leads[other])]
    assert ADA not in _kept(town)
    assert BEA in _kept(town)
    assert [(one.issue.code, one.issue.refs) for one in town.issues()] == [("ERASED", (leads[other],))]


def test_a_merge_of_leads_alone_keeps_the_story_of_both_live_contacts(town: Town, contacts: tuple[Ref, Ref]) -> None:
    one, other = contacts
    leads = dict(town.links())
    town.salesforce.merge(leads[other], leads[one])
    town.once()
    assert town.links() == [(other, leads[other])]
    town.hubspot.erase(other)
    _look(town, other)
    assert BEA not in _kept(town)
    assert next(event.kind for event in town.story(one)) == "created"


def test_whose_lead_was_merged_into_that_of_an_erased_person_is_still_asked_about(
    town: Town, contacts: tuple[Ref, Ref]
) -> None:
    loose, erased = contacts
    leads = dict(town.links())
    town.salesforce.merge(leads[erased], leads[loose])
    town.once()
    town.hubspot.erase(erased)
    _look(town, erased)
    asked = {one.issue.code: one.issue.refs for one in town.issues()}
    assert asked == {"ERASED": (leads[erased],), "MERGED_ON_ONE_SIDE": (loose, leads[erased])}
    assert BEA not in _kept(town)


def test_who_is_left_over_when_a_lead_was_converted_and_taken_in_and_its_contact_erased_at_once_is_asked_about(
    town: Town, contacts: tuple[Ref, Ref]
) -> None:
    """Found by the simulation: the question, put anew without the erased one, was forgotten with its counterpart."""
    loose, erased = contacts
    leads = dict(town.links())
    person = town.salesforce.convert(leads[erased], "Contact", Email="b@x.test", FirstName=BEA)
    town.salesforce.merge(person, leads[loose])
    town.hubspot.erase(erased)
    _look(town, loose, erased)
    asked = {one.issue.code: one.issue.refs for one in town.issues()}
    assert asked == {"ERASED": (person,), "MERGED_ON_ONE_SIDE": (loose, person)}
    assert BEA not in _kept(town)


@pytest.mark.parametrize("gone", ["erased", "archived", "merged"])
def test_a_stranger_is_forgotten_only_when_gone_for_good(town: Town, gone: str) -> None:
    town.full()
    contact = town.contact(email="a@x.test", firstname=ADA)
    town.salesforce.fail("write", Transient("reset"), times=1_000)
    with pytest.raises(Transient):
        town.once()
    town.salesforce.faults.clear()
    assert town.links() == []
    assert ADA in "".join(str(event.payload) for event in town.story(contact))
    match gone:
        case "erased":
            town.hubspot.erase(contact)
        case "archived":
            town.hubspot.archive(contact)
        case _:
            town.hubspot.merge(town.contact(email="b@x.test"), contact)
    _look(town, contact)
    told = "".join(str(event.payload) for event in town.story(contact))
    assert (ADA in told) is (gone != "erased")
    assert (ADA in _kept(town)) is (gone != "erased")


def test_an_id_that_the_store_never_spoke_of_is_not_buried(town: Town) -> None:
    town.full()
    commands.resync(town.bridge, [Ref(Side.HUBSPOT, "contacts", "999999")], "ann")
    town.once()
    with town.database.read() as conn:
        assert tombstones.count(conn) == 0
