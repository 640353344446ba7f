"""What people and workflows do beside the API."""

import pytest

from connector.sandbox.hubspot import actions, administration
from connector.sandbox.hubspot.problems import Refusal


def test_an_edit_by_a_person_is_signed_as_one(call, portal):
    record = actions.create(portal, object="contacts", properties={"email": "a@x.test"})["id"]
    actions.edit(portal, object="contacts", id=record, properties={"jobtitle": "Chief"}, user=42)
    newest = call.read(record, history="jobtitle")["propertiesWithHistory"]["jobtitle"][0]
    assert (newest["sourceType"], newest["sourceId"], newest["updatedByUserId"]) == ("CRM_UI", "userId:42", 42)
    event = portal.events[-1]
    assert event["subscriptionType"] == "contact.propertyChange"
    assert (event["propertyName"], event["propertyValue"]) == ("jobtitle", "Chief")
    assert (event["changeSource"], event["sourceId"]) == ("CRM_UI", "userId:42")
    assert portal.state.services.log.entries()[-1]["actor"] == "user:42"


def test_a_restored_record_is_back_with_its_links(call, portal):
    contact, company = call.create(email="a@x.test"), call.create("companies", name="Firm")
    actions.associate(portal, object="contacts", id=contact, to_object="companies", to_id=company)
    actions.archive(portal, object="contacts", id=contact)
    assert actions.restore(portal, object="contacts", id=contact)["archived"] is False
    assert call.found() == [contact]
    linked = call("GET", f"/crm/v4/objects/companies/{company}/associations/contacts").json["results"]
    assert [each["toObjectId"] for each in linked] == [int(contact)]
    assert portal.events[-1]["subscriptionType"] == "contact.restore"
    assert actions.dissociate(portal, object="contacts", id=contact, to_object="companies", to_id=company) == {
        "types": []
    }


def test_a_record_whose_address_was_taken_meanwhile_cannot_be_restored(call, portal):
    contact = call.create(email="a@x.test")
    actions.archive(portal, object="contacts", id=contact)
    call.create(email="a@x.test")
    with pytest.raises(Refusal, match="already exists"):
        actions.restore(portal, object="contacts", id=contact)


def test_a_workflow_answers_a_write_with_another(call, portal, clock):
    actions.add_rule(portal, object="contacts", property="company", rewrite="upper")
    record = call.create(email="a@x.test", company="Firm")
    assert call.values(record, "company")["company"] == "Firm"
    clock.sleep(0.001)
    assert call.values(record, "company")["company"] == "FIRM"
    newest = call.read(record, history="company")["propertiesWithHistory"]["company"][0]
    assert newest["sourceType"] == "AUTOMATION_PLATFORM"
    clock.sleep(10)
    call.update(record, phone="1")
    assert len(call.read(record, history="company")["propertiesWithHistory"]["company"]) == 2


def test_a_workflow_may_wait_and_may_write_elsewhere_until_switched_off(call, portal, clock):
    rule = actions.add_rule(portal, object="contacts", property="phone", rewrite="digits", target="fax", delay_s=60)
    record = call.create(email="a@x.test", phone="+49 (30) 12")
    clock.sleep(59)
    assert call.values(record, "fax")["fax"] is None
    clock.sleep(1)
    assert call.values(record, "fax")["fax"] == "493012"
    actions.remove_rule(portal, rule=rule["rule"])
    call.update(record, phone="99")
    clock.sleep(61)
    assert call.values(record, "fax")["fax"] == "493012"


def test_a_workflow_that_may_not_write_any_more_spoils_nobody_elses_call(call, portal, clock):
    actions.add_rule(portal, object="contacts", property="company", rewrite="strip", target="city", delay_s=5)
    record = call.create(email="a@x.test", company="Firm", city="Bonn")
    administration.set_read_only(portal, object="contacts", name="city")
    clock.sleep(6)
    assert call.values(record, "city")["city"] == "Bonn"
    assert call.found() == [record]


def test_a_workflow_fills_a_field_that_was_cleared_and_leaves_any_other_value(call, portal, clock):
    actions.add_rule(portal, object="contacts", property="lifecyclestage", rewrite="fill", text="opportunity")
    record = call.create(email="a@x.test", lifecyclestage="customer")
    clock.sleep(1)
    assert call.values(record, "lifecyclestage")["lifecyclestage"] == "customer"
    call.update(record, lifecyclestage="")
    assert call.values(record, "lifecyclestage")["lifecyclestage"] is None
    clock.sleep(0.001)
    assert call.values(record, "lifecyclestage")["lifecyclestage"] == "opportunity"


def test_two_workflows_that_provoke_each_other_still_let_time_pass(call, portal, clock):
    actions.add_rule(portal, object="contacts", property="company", rewrite="upper")
    actions.add_rule(portal, object="contacts", property="company", rewrite="lower")
    record = call.create(email="a@x.test", company="Firm")
    clock.sleep(0.010)
    assert call.values(record, "company")["company"].lower() == "firm"


def test_a_bulk_job_stamps_everyone_with_one_millisecond(call, portal, clock):
    portal.load("contacts", ({"email": f"p{number}@x.test", "city": "Bonn"} for number in range(300)))
    clock.sleep(60)
    touched = actions.bulk_touch(portal, object="contacts")
    window = {"propertyName": "lastmodifieddate", "operator": "EQ", "value": str(touched["at_ms"])}
    assert call.search(window)["total"] == touched["touched"] == 300
    clock.sleep(60)
    moved = actions.bulk_touch(portal, object="contacts", ids=["501"], property="city", value="Kiel")
    assert moved["touched"] == 1
    assert call.values("501", "city")["city"] == "Kiel"


def test_only_hubspot_itself_writes_a_score(call, portal):
    record = call.create(email="a@x.test")
    call.update(record, _status=400, hubspotscore="80")
    actions.calculate(portal, object="contacts", id=record, properties={"hubspotscore": "80"})
    assert call.values(record, "hubspotscore")["hubspotscore"] == "80"
    assert all(each.get("propertyName") != "hubspotscore" for each in portal.events)


def test_admins_change_properties_and_owners(call, portal):
    definition = {"name": "tier", "type": "enumeration", "options": [{"label": "A", "value": "a"}]}
    assert actions.add_property(portal, object="contacts", definition=definition)["fieldType"] == "select"
    owner = actions.add_owner(portal, email="New@Seller.example", first_name="New")
    record = call.create(email="a@x.test", tier="a", hubspot_owner_id=owner["id"])
    actions.set_options(portal, object="contacts", name="tier", options=["b"])
    actions.remove_property(portal, object="contacts", name="newsletter")
    assert actions.deactivate_owner(portal, id=owner["id"])["userId"] is None
    assert call.values(record, "tier", "hubspot_owner_id")["hubspot_owner_id"] == owner["id"]
    call.update(record, _status=400, tier="a", firstname="x")
    call.update(record, _status=400, newsletter="true")


def test_an_erased_person_is_gone(call, portal):
    record = call.create(email="a@x.test")
    actions.erase(portal, id=record)
    call("GET", f"/crm/v3/objects/contacts/{record}", status=404)
    assert portal.state.services.log.entries()[-1]["operation"] == "erase"


def test_what_is_not_there_is_looked_up_in_vain(portal):
    for act in (actions.archive, actions.restore):
        with pytest.raises(LookupError):
            act(portal, object="contacts", id="999")
    with pytest.raises(LookupError):
        actions.create(portal, object="unicorns", properties={})
    with pytest.raises(LookupError):
        actions.deactivate_owner(portal, id="1")
    with pytest.raises(ValueError, match="no setting 'nonsense'"):
        actions.set_settings(portal, settings={"nonsense": 1})
    with pytest.raises(ValueError, match="takes bool, not str"):
        actions.set_settings(portal, settings={"merge_keeps_primary_id": "yes"})


def test_settings_take_effect_at_once(call, portal):
    actions.set_settings(portal, settings={"merge_keeps_primary_id": True, "search_lag_s": 1})
    one, other = call.create(email="a@x.test"), call.create(email="b@x.test")
    assert actions.merge(portal, object="contacts", primary=one, other=other)["id"] == one
    assert call.found() == []


def test_a_revoked_token_stops_working(call, portal):
    call("GET", "/crm/v3/objects/contacts", status=200)
    actions.revoke_token(portal, token=call.token)
    call("GET", "/crm/v3/objects/contacts", status=401)


def test_a_portal_can_be_one_that_knows_no_bridge(call, portal):
    gone = administration.without_bridge(portal)["gone"]
    assert {"contacts.smarketing_answer", "contacts.salesforce_record_id", "deals.salesforce_record_id"} <= set(gone)
    call("GET", "/crm/v3/properties/contacts/smarketing_answer", status=404)
    call("GET", "/crm/v3/properties/contacts/groups/smarketing", status=404)
    assert not call("GET", "/crm/v3/properties/contacts", query="archived=true", status=200).json["results"]
    assert call.create(email="a@x.test")  # nothing else hangs on them


def test_a_portal_whose_records_hold_values_of_a_bridge_knows_it(call, portal):
    call.create(email="a@x.test", salesforce_record_id="00Q000000000001AAA")
    with pytest.raises(ValueError, match="records hold values of salesforce_record_id"):
        administration.without_bridge(portal)
    call("GET", "/crm/v3/properties/contacts/smarketing_answer", status=200)
