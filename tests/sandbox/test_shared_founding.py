"""Many worlds in one process: they share what nobody has altered, and nothing that anybody has."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from connector.sandbox.acts import act
from connector.sandbox.exchange import Request
from connector.sandbox.world import World

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
LOGIN = b"grant_type=client_credentials&client_id=sandbox-consumer-key&client_secret=sandbox-consumer-secret"


def world(start=START, seed=1):
    made = World(seed, lambda: start)
    made.services.clock.freeze(start)
    return made


def properties(of):
    headers = {"authorization": "Bearer sandbox-hubspot-token"}
    answer = of.door("hubspot")(Request("GET", "/crm/v3/properties/contacts", "", headers))
    return {each["name"]: each for each in orjson.loads(answer.body)["results"]}


def describe(of, sobject="Lead"):
    told = orjson.loads(of.door("salesforce")(Request("POST", "/services/oauth2/token", body=LOGIN)).body)
    headers = {"authorization": f"Bearer {told['access_token']}"}
    answer = of.door("salesforce")(Request("GET", f"/services/data/v68.0/sobjects/{sobject}/describe", "", headers))
    return {each["name"]: each for each in orjson.loads(answer.body)["fields"]}


HUBSPOT_CHANGES = {
    "add_property": {"object": "contacts", "definition": {"name": "nickname"}},
    "remove_property": {"object": "contacts", "name": "budget"},
    "set_options": {"object": "contacts", "name": "hs_lead_status", "options": ["NEW"]},
}
SALESFORCE_CHANGES = {
    "add_field": {"sobject": "Lead", "name": "Nick__c", "metadata": {"type": "Text", "length": 20}},
    "remove_field": {"sobject": "Lead", "name": "HubSpot_Contact_Id__c"},
    "rename_field": {"sobject": "Lead", "name": "HubSpot_Contact_Id__c", "new_name": "Other__c"},
    "set_picklist": {"sobject": "Lead", "field": "LeadSource", "values": ["Web"], "restricted": True},
}


@pytest.mark.parametrize("name", HUBSPOT_CHANGES)
def test_a_property_altered_in_one_portal_stays_what_it_was_in_every_other(name):
    altered, other = world(), world()
    before = properties(other)
    act(altered, "hubspot", name, HUBSPOT_CHANGES[name])
    assert properties(altered) != before
    assert properties(other) == properties(world()) == before


@pytest.mark.parametrize("name", SALESFORCE_CHANGES)
def test_a_field_altered_in_one_org_stays_what_it_was_in_every_other(name):
    altered, other = world(), world()
    before = describe(other)
    act(altered, "salesforce", name, SALESFORCE_CHANGES[name])
    assert describe(altered) != before
    assert describe(other) == describe(world()) == before


def test_a_property_edited_through_the_api_stays_what_it_was_elsewhere():
    altered, other = world(), world()
    headers = {"authorization": "Bearer sandbox-hubspot-token"}
    body = orjson.dumps({"label": "Purse"})
    answer = altered.door("hubspot")(Request("PATCH", "/crm/v3/properties/contacts/budget", "", headers, body))
    assert (answer.status, properties(altered)["budget"]["label"]) == (200, "Purse")
    assert properties(other)["budget"]["label"] == "Budget"


def test_a_row_of_the_first_day_edited_in_one_org_stays_what_it_was_in_every_other():
    altered, other = world(), world()
    act(altered, "salesforce", "deactivate_user", {"user": altered.salesforce.catalogue["User"].ids[2]})
    assert other.digest() == world().digest() != altered.digest()


def test_every_org_and_portal_is_as_old_as_its_own_clock():
    later = world(START + timedelta(days=400))
    assert properties(later)["email"]["createdAt"] == "2027-12-07T09:00:00Z"
    users = later.salesforce.catalogue["User"]
    stamps = {users.rows[each][users.kind.slot("SystemModstamp")] for each in users.ids}
    assert stamps == {"2027-12-07T09:00:00.000+0000"}
    assert properties(world())["email"]["createdAt"] == "2026-11-02T09:00:00Z"


def test_ids_go_on_after_those_of_the_first_day():
    first, second = world(), world()
    added = [
        act(each, "salesforce", "add_user", {"first_name": "A", "last_name": "B", "email": "a.b@x.test"})["id"]
        for each in (first, second)
    ]
    assert added[0] == added[1]
    assert added[0] > first.salesforce.catalogue["User"].ids[-2]


def test_a_row_written_before_a_field_was_added_has_it_blank():
    of = world()
    values = {"LastName": "A", "Company": "B"}
    lead = act(of, "salesforce", "create", {"sobject": "Lead", "values": values})["id"]
    act(of, "salesforce", "add_field", SALESFORCE_CHANGES["add_field"])
    act(of, "salesforce", "edit", {"id": lead, "values": {"Nick__c": "Al"}})
    assert of.salesforce.snapshot("Lead", lead)["Nick__c"] == "Al"


def test_worlds_share_an_object_until_one_of_them_alters_it():
    one, other = world(), world()
    assert one.salesforce.catalogue["Lead"].kind is other.salesforce.catalogue["Lead"].kind
    act(one, "salesforce", "add_field", SALESFORCE_CHANGES["add_field"])
    assert one.salesforce.catalogue["Lead"].kind is not other.salesforce.catalogue["Lead"].kind
    assert one.salesforce.catalogue["Contact"].kind is other.salesforce.catalogue["Contact"].kind


def test_a_choice_of_fields_asked_for_again_is_judged_by_the_rights_of_the_moment():
    of = world()
    act(of, "salesforce", "create", {"sobject": "Lead", "values": {"LastName": "A", "Company": "B", "City": "Bonn"}})
    token = orjson.loads(of.door("salesforce")(Request("POST", "/services/oauth2/token", body=LOGIN)).body)
    headers = {"authorization": f"Bearer {token['access_token']}"}
    ask = Request("GET", "/services/data/v68.0/query", "q=SELECT+Id,+City+FROM+Lead", headers)
    assert orjson.loads(of.door("salesforce")(ask).body)["records"][0]["City"] == "Bonn"
    rights = {"sobject": "Lead", "field": "City"}
    act(of, "salesforce", "set_field_permission", {**rights, "level": "none"})
    assert orjson.loads(of.door("salesforce")(ask).body)[0]["errorCode"] == "INVALID_FIELD"
    act(of, "salesforce", "set_field_permission", {**rights, "level": "read"})
    assert orjson.loads(of.door("salesforce")(ask).body)["records"][0]["City"] == "Bonn"
