"""What both sides would tell, taken in process, and who is there, read past the APIs."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.sandbox.acts import act
from connector.sandbox.delivery import Delivery
from connector.sandbox.notices import Notice
from connector.sandbox.parcels import DeliverySettings
from connector.sandbox.world import World

START = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def world():
    made = World(1, lambda: START)
    made.services.clock.freeze(START)
    return made


def contact(world, email, **properties):
    return act(world, "hubspot", "create", {"object": "contacts", "properties": {"email": email, **properties}})["id"]


def lead(world, name="A", **values):
    row = {"LastName": name, "Company": "C", **values}
    return act(world, "salesforce", "create", {"sobject": "Lead", "values": row})["id"]


def told(world, side="hubspot"):
    return [(each.kind, each.ids, each.property) for each in world.notices(side)]


def test_notices_are_taken_once_and_in_order(world):
    one = contact(world, "a@x.test")
    assert told(world)[0] == ("creation", (one,), "")
    assert told(world) == []
    act(world, "hubspot", "edit", {"object": "contacts", "id": one, "properties": {"city": "Bonn"}})
    assert told(world) == [("propertyChange", (one,), "city")]


def test_a_notice_says_when_by_the_clock_of_its_side(world):
    world.skew("hubspot", timedelta(minutes=5))
    one = contact(world, "a@x.test")
    first = world.notices("hubspot")[0]
    assert first == Notice("hubspot", "contacts", (one,), "creation", "", START + timedelta(minutes=5))
    made = lead(world)
    assert world.notices("salesforce") == [Notice("salesforce", "Lead", (made,), "created", "", START)]


@pytest.mark.parametrize("keeps", [False, True])
def test_a_merge_names_everybody_it_concerns(world, keeps):
    world.hubspot.settings.merge_keeps_primary_id = keeps
    one, other = contact(world, "a@x.test"), contact(world, "b@x.test")
    world.notices("hubspot")
    survivor = act(world, "hubspot", "merge", {"object": "contacts", "primary": one, "other": other})["id"]
    ((kind, ids, _),) = told(world)
    assert kind == "merge"
    assert ids == ((one, other) if keeps else (survivor, one, other))


def test_an_erasure_is_told_as_deletion_and_as_privacy_deletion(world):
    one = contact(world, "a@x.test")
    world.notices("hubspot")
    act(world, "hubspot", "erase", {"id": one})
    assert told(world) == [("deletion", (one,), ""), ("privacyDeletion", (one,), "")]


def test_archive_and_restore_are_told(world):
    one = contact(world, "a@x.test")
    world.notices("hubspot")
    act(world, "hubspot", "archive", {"object": "contacts", "id": one})
    act(world, "hubspot", "restore", {"object": "contacts", "id": one})
    assert [kind for kind, _, _ in told(world)] == ["deletion", "restore"]


def test_an_association_is_told_of_each_of_its_ends(world):
    contact(world, "z@x.test")  # so that the ends have ids of their own: they are unique by object only
    one = contact(world, "a@x.test")
    values = {"object": "companies", "properties": {"name": "Acme"}}
    firm = act(world, "hubspot", "create", values)["id"]
    world.notices("hubspot")
    ends = {"object": "contacts", "id": one, "to_object": "companies", "to_id": firm}
    act(world, "hubspot", "associate", ends)
    notices = world.notices("hubspot")
    assert {each.kind for each in notices} == {"associationChange"}
    assert {(each.object, each.ids) for each in notices} == {("contacts", (one,)), ("companies", (firm,))}


def test_salesforce_never_tells_of_deletions_and_merge_losers(world):
    one, other, third = (lead(world, name) for name in "abc")
    world.notices("salesforce")
    act(world, "salesforce", "merge", {"ids": [one, other]})
    act(world, "salesforce", "delete", {"id": third})
    assert told(world, "salesforce") == [("updated", (one,), "")]
    act(world, "salesforce", "undelete", {"id": third})
    assert told(world, "salesforce") == [("undeleted", (third,), "")]


def test_a_conversion_tells_of_the_lead_and_of_what_it_became(world):
    one = lead(world)
    world.notices("salesforce")
    became = act(world, "salesforce", "convert_lead", {"id": one})
    notices = world.notices("salesforce")
    assert {(each.object, each.ids[0], each.kind) for each in notices} == {
        ("Account", became["accountId"], "created"),
        ("Contact", became["contactId"], "created"),
        ("Lead", one, "updated"),
    }


def test_taking_notices_takes_nothing_from_deliveries(world):
    sent = []
    delivery = Delivery(
        world,
        DeliverySettings(hubspot_url="https://bridge.test/h", hubspot_group_s=0.0),
        lambda *call: (sent.append(call), (204, b""))[1],
    )
    contact(world, "a@x.test")
    assert world.notices("hubspot")
    delivery.deliver(START)
    assert len(sent) == 1


def test_a_side_that_is_none_has_no_notices_and_no_people(world):
    for ask in (world.notices, world.people, world.became):
        with pytest.raises(KeyError):
            ask("zoho")


def test_people_are_those_alive_with_what_they_hold(world):
    one, other, gone = (contact(world, f"{name}@x.test", city="Bonn") for name in "abc")
    act(world, "hubspot", "archive", {"object": "contacts", "id": gone})
    assert [(each.object, each.id, each.values["email"]) for each in world.people("hubspot")] == [
        ("contacts", one, "a@x.test"),
        ("contacts", other, "b@x.test"),
    ]
    world.people("hubspot")[0].values["city"] = "Rome"
    assert world.people("hubspot")[0].values["city"] == "Bonn"


def test_a_converted_lead_is_no_longer_there_but_its_contact_is(world):
    one, other = lead(world, "A", Email="a@x.test"), lead(world, "B")
    contact_id = act(world, "salesforce", "convert_lead", {"id": one})["contactId"]
    people = {each.id: each for each in world.people("salesforce")}
    assert people.keys() == {other, contact_id}
    assert (people[contact_id].object, people[contact_id].values["Email"]) == ("Contact", "a@x.test")
    assert world.became("salesforce") == {one: contact_id}


def test_what_became_of_people_is_followed_to_the_end(world):
    first, second = lead(world, "A"), lead(world, "B")
    act(world, "salesforce", "merge", {"ids": [second, first]})
    contact_id = act(world, "salesforce", "convert_lead", {"id": second})["contactId"]
    row = {"sobject": "Contact", "values": {"LastName": "C"}}
    survivor = act(world, "salesforce", "create", row)["id"]
    act(world, "salesforce", "merge", {"ids": [survivor, contact_id]})
    assert world.became("salesforce") == {first: survivor, second: survivor, contact_id: survivor}


def test_merged_contacts_of_hubspot_lead_to_the_last_survivor(world):
    one, two, three = (contact(world, f"{name}@x.test") for name in "abc")
    four = act(world, "hubspot", "merge", {"object": "contacts", "primary": one, "other": two})["id"]
    five = act(world, "hubspot", "merge", {"object": "contacts", "primary": four, "other": three})["id"]
    assert world.became("hubspot") == dict.fromkeys((one, two, three, four), five)
