"""Lifecycle stages go forward, deals close themselves, merges may make a third record."""

import pytest

from connector.sandbox.hubspot import actions


def test_a_backward_lifecycle_write_is_answered_with_success_and_has_no_effect(call):
    record = call.create(email="a@x.test", lifecyclestage="customer")
    answer = call.update(record, lifecyclestage="lead", firstname="A")
    assert answer["properties"]["lifecyclestage"] == "customer"
    assert answer["properties"]["firstname"] == "A"


def test_a_portal_may_refuse_a_backward_lifecycle_write(call, portal):
    portal.settings.lifecycle_backward = "reject"
    record = call.create(email="a@x.test", lifecyclestage="customer")
    call.update(record, _status=400, lifecyclestage="lead")


def test_clearing_first_lets_a_stage_go_back(call):
    record = call.create(email="a@x.test", lifecyclestage="customer")
    call.update(record, lifecyclestage="")
    assert call.update(record, lifecyclestage="lead")["properties"]["lifecyclestage"] == "lead"


def test_a_person_may_move_a_stage_back(call, portal):
    record = call.create(email="a@x.test", lifecyclestage="customer")
    actions.edit(portal, object="contacts", id=record, properties={"lifecyclestage": "lead"})
    assert call.values(record, "lifecyclestage")["lifecyclestage"] == "lead"


def test_entering_a_stage_is_stamped_and_leaving_one_too(call, clock):
    record = call.create(email="a@x.test")
    clock.sleep(10)
    call.update(record, lifecyclestage="opportunity")
    values = call.values(
        record,
        "hs_v2_date_entered_lead",
        "hs_v2_date_exited_lead",
        "hs_lifecyclestage_opportunity_date",
    )
    assert values["hs_v2_date_entered_lead"] == "2026-11-23T12:00:00Z"
    assert values["hs_v2_date_exited_lead"] == "2026-11-23T12:00:10Z"
    assert values["hs_lifecyclestage_opportunity_date"] == "2026-11-23T12:00:10Z"


def test_a_new_contact_is_a_lead_unless_the_portal_or_the_app_says_otherwise(call, portal):
    assert call.values(call.create(email="a@x.test"), "lifecyclestage")["lifecyclestage"] == "lead"
    chosen = call.create(email="b@x.test", lifecyclestage="subscriber")
    assert call.values(chosen, "lifecyclestage")["lifecyclestage"] == "subscriber"
    portal.settings.lifecycle_on_create = ""
    assert call.values(call.create(email="c@x.test"), "lifecyclestage")["lifecyclestage"] is None


def test_a_custom_stage_takes_its_place_in_the_order(call, portal):
    actions.set_options(
        portal,
        object="contacts",
        name="lifecyclestage",
        options=["subscriber", "lead", {"label": "Nurture", "value": "51439524"}, "customer"],
    )
    record = call.create(email="a@x.test", lifecyclestage="51439524")
    assert call.update(record, lifecyclestage="lead")["properties"]["lifecyclestage"] == "51439524"
    assert call.values(record, "hs_v2_date_entered_51439524")["hs_v2_date_entered_51439524"]
    call.update(record, _status=400, lifecyclestage="opportunity")


def test_closing_a_deal_overwrites_its_close_date(call, clock):
    deal = call.create("deals", dealname="D", dealstage="contractsent", closedate="2027-01-01T00:00:00Z")
    assert call.values(deal, "pipeline", _object="deals")["pipeline"] == "default"
    clock.sleep(60)
    call.update(deal, _object="deals", dealstage="closedwon", closedate="2027-06-01T00:00:00Z")
    values = call.values(deal, "closedate", "hs_is_closed_won", _object="deals")
    assert values["closedate"] == "2026-11-23T12:01:00Z"
    assert values["hs_is_closed_won"] == "true"
    call.update(deal, _object="deals", closedate="2027-06-01T00:00:00Z")
    assert call.values(deal, "closedate", _object="deals")["closedate"] == "2027-06-01T00:00:00Z"


def test_a_deal_takes_only_stages_of_its_pipeline(call):
    for wrong in ({"dealstage": "nonsense"}, {"dealstage": "closedwon", "pipeline": "other"}):
        body = {"properties": {"dealname": "D", **wrong}}
        answer = call("POST", "/crm/v3/objects/deals", body, status=400).json
        assert answer["errors"][0]["code"] == "INVALID_OPTION"


def test_a_deal_makes_its_contact_an_opportunity_where_the_portal_does_so(call, portal):
    portal.settings.lifecycle_automation = True
    contact = call.create(email="a@x.test")
    deal = call.create("deals", dealname="D", dealstage="contractsent")
    call("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/contacts/{contact}", status=200)
    assert call.values(contact, "lifecyclestage")["lifecyclestage"] == "opportunity"


@pytest.mark.parametrize("kept", [False, True])
def test_after_a_merge_old_ids_resolve_to_the_survivor(call, portal, kept):
    portal.settings.merge_keeps_primary_id = kept
    primary = call.create(email="one@x.test", firstname="One", lifecyclestage="lead")
    other = call.create(email="two@x.test", lastname="Two", lifecyclestage="customer")
    body = {"primaryObjectId": primary, "objectIdToMerge": other}
    survivor = call("POST", "/crm/v3/objects/contacts/merge", body, status=200).json["id"]
    assert (survivor == primary) is kept
    names = ("firstname", "lastname", "email", "hs_additional_emails", "hs_merged_object_ids", "lifecyclestage")
    for old in (primary, other):
        answer = call.read(old, *names)
        assert answer["id"] == survivor
        values = answer["properties"]
        assert [values[name] for name in names] == [
            "One",
            "Two",
            "one@x.test",
            "two@x.test",
            f"{primary};{other}",
            "customer",
        ]
    call("POST", "/crm/v3/objects/contacts", {"properties": {"email": "two@x.test"}}, status=409)
    event = portal.events[-1]
    assert event["subscriptionType"] == "contact.merge"
    assert (event["primaryObjectId"], event["mergedObjectIds"]) == (int(primary), [int(other)])
    assert event["newObjectId"] == int(survivor)


def test_a_chain_of_merges_keeps_every_old_id_alive(call, portal):
    first, second, third = (call.create(email=f"{who}@x.test") for who in "abc")
    middle = actions.merge(portal, object="contacts", primary=first, other=second)["id"]
    last = actions.merge(portal, object="contacts", primary=third, other=middle)["id"]
    assert {call.read(old)["id"] for old in (first, second, middle, third)} == {last}
    merged = call.values(last, "hs_merged_object_ids")["hs_merged_object_ids"].split(";")
    assert set(merged) == {first, second, middle, third}


def test_a_merge_keeps_the_history_and_the_links_of_both(call, portal, clock):
    one, other = call.create(email="a@x.test", jobtitle="A"), call.create(email="b@x.test", phone="1")
    company = call.create("companies", name="Firm")
    call("PUT", f"/crm/v4/objects/contacts/{other}/associations/default/companies/{company}", status=200)
    clock.sleep(5)
    survivor = actions.merge(portal, object="contacts", primary=one, other=other)["id"]
    history = call.read(survivor, history="jobtitle")["propertiesWithHistory"]["jobtitle"]
    assert history[0]["timestamp"] == "2026-11-23T12:00:00Z"
    linked = call("GET", f"/crm/v4/objects/companies/{company}/associations/contacts", status=200).json["results"]
    assert [each["toObjectId"] for each in linked] == [int(survivor)]


def test_a_record_cannot_be_merged_with_itself_or_with_nothing(call):
    record = call.create(email="a@x.test")
    path = "/crm/v3/objects/contacts/merge"
    call("POST", path, {"primaryObjectId": record, "objectIdToMerge": record}, status=400)
    call("POST", path, {"primaryObjectId": record, "objectIdToMerge": "999"}, status=404)
