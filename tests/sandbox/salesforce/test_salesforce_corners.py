"""Corners: odd payloads, odd values, odd orders of acts. Whatever comes in, the org answers and stays whole."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.sandbox.salesforce import actions
from connector.sandbox.salesforce.refusals import Refusal

BY_KEY = "sobjects/Lead/HubSpot_Contact_Id__c"
START = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("LastName", {"a": 1}),
        ("LastName", ["x"]),
        ("HubSpot_Score__c", True),
        ("HubSpot_Score__c", "NaN"),
        ("Newsletter__c", "perhaps"),
        ("Birthday__c", "2026-02-30"),
        ("Birthday__c", 20260101),
        ("Demo_At__c", "2026-11-02T08:15:30"),
        ("Demo_At__c", 5),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_name(api, field, value) -> None:
    status, errors = api.call("POST", "sobjects/Lead", {"LastName": "D", "Company": "C", field: value})
    assert (status, errors[0]["errorCode"], errors[0]["fields"]) == (400, "INVALID_TYPE_ON_FIELD_IN_RECORD", [field])


@pytest.mark.parametrize(
    "field", ["HubSpot_Score__c", "NumberOfEmployees", "Birthday__c", "Demo_At__c", "Interests__c", "OwnerId"]
)
def test_empty_text_clears_any_field_but_never_the_owner(api, field) -> None:
    row = api.read("Lead", api.lead(**{field: ""}))
    assert row[field] == (api.org.bridge_user if field == "OwnerId" else None)


def test_a_flag_may_come_as_text_and_text_as_a_flag(api) -> None:
    row = api.read("Lead", api.lead(Newsletter__c="true", DoNotCall="False", Title=True))
    assert (row["Newsletter__c"], row["DoNotCall"], row["Title"]) == (True, False, "true")


def test_e_mail_addresses_are_folded_where_the_org_does_so(api, org) -> None:
    org.settings.lowercase_emails = True
    assert api.read("Lead", api.lead(Email="Ann@X.example"))["Email"] == "ann@x.example"


def test_rows_are_read_and_deleted_by_external_id(api) -> None:
    lead = api.lead(HubSpot_Contact_Id__c="1")
    assert api.call("GET", f"{BY_KEY}/1", query="fields=Id,Title")[1]["Id"] == lead
    assert api.call("GET", f"{BY_KEY}/2")[0] == 404
    twins = [api.lead(Email="t@x.example") for _ in range(2)]
    assert api.call("GET", "sobjects/Lead/Email/t@x.example") == (
        300,
        [f"/services/data/v67.0/sobjects/Lead/{twin}" for twin in twins],
    )
    assert api.call("DELETE", f"{BY_KEY}/1") == (204, None)
    assert api.call("PUT", f"{BY_KEY}/1")[0] == 405
    assert api.call("GET", f"sobjects/Lead/Id/{twins[0]}")[1]["Id"] == twins[0]


def test_the_upsert_resource_by_id_creates(api) -> None:
    assert api.call("POST", "sobjects/Lead/Id", {"LastName": "D", "Company": "C"})[0] == 201


def test_one_all_or_none_update_that_fails_leaves_every_row_as_it_was(api, org) -> None:
    leads = [api.lead(), api.lead()]
    digest = org.digest()
    rows = [
        {"attributes": {"type": "Lead"}, "id": leads[0], "Title": "x"},
        {"attributes": {"type": "Lead"}, "id": leads[1], "Email": "x"},
    ]
    results = api.call("PATCH", "composite/sobjects", {"allOrNone": True, "records": rows})[1]
    assert [result["errors"][0]["statusCode"] for result in results] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "INVALID_EMAIL_ADDRESS",
    ]
    assert org.digest() == digest


def test_an_event_needs_a_moment(api) -> None:
    assert api.call("POST", "sobjects/Event", {"Subject": "Call"})[1][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    _, made = api.call("POST", "sobjects/Event", {"Subject": "Call", "StartDateTime": "2026-11-03T10:00:00Z"})
    assert api.read("Event", made["id"])["ActivityDateTime"] == "2026-11-03T10:00:00.000+0000"


def test_setup_rows_cannot_be_written_through_the_api(api, org) -> None:
    status, errors = api.call("PATCH", f"sobjects/User/{org.admin_user}", {"LastName": "x"})
    assert (status, errors[0]["errorCode"]) == (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
    assert api.call("DELETE", f"sobjects/User/{org.admin_user}")[1][0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_a_field_that_a_rule_speaks_of_cannot_be_taken_away(org) -> None:
    actions.add_automation(org, "Lead", {"Title": {"copy": "HubSpot_Persona__c"}}, when="Budget__c > 5")
    for name in ("HubSpot_Persona__c", "Budget__c"):
        with pytest.raises(Refusal, match="referenced by a rule"):
            actions.remove_field(org, "Lead", name)
    actions.remove_rules(org, "Lead")
    actions.remove_field(org, "Lead", "Budget__c")


@pytest.mark.parametrize(
    ("name", "metadata", "text"),
    [
        ("Tier__c", {"type": "Magic"}, "not supported"),
        ("Tier__c", {"type": "Text"}, "Must specify 'length'"),
        ("Tier", {"type": "Checkbox"}, "ends in __c"),
        ("Budget__c", {"type": "Checkbox"}, "already a field"),
    ],
)
def test_a_senseless_field_is_refused(org, name, metadata, text) -> None:
    with pytest.raises(Refusal, match=text):
        actions.add_field(org, "Lead", name, metadata)


def test_a_picklist_field_is_made_with_its_values(api, org) -> None:
    values = [{"fullName": "A", "label": "Gold", "default": True}, {"fullName": "B", "label": "Silver"}]
    metadata = {"type": "Picklist", "valueSet": {"restricted": True, "valueSetDefinition": {"value": values}}}
    actions.add_field(org, "Lead", "Tier__c", metadata)
    assert api.read("Lead", api.lead(Tier__c="B"))["Tier__c"] == "B"
    status, errors = api.call("POST", "sobjects/Lead", {"LastName": "D", "Company": "C", "Tier__c": "Gold"})
    assert (status, errors[0]["errorCode"]) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")


@pytest.mark.parametrize(
    ("act", "arguments", "text"),
    [
        ("create", {"sobject": "Dragon", "values": {}}, "there is no object Dragon"),
        ("edit", {"id": "zzz000000000001", "values": {}}, "is the id of no object"),
        ("set_field_permission", {"sobject": "Lead", "field": "Nope", "level": "read"}, "has no field"),
        ("add_automation", {"sobject": "Lead", "assign": {"Nope": 1}}, "has no fields"),
    ],
)
def test_acts_on_what_is_not_there_say_so(org, act, arguments, text) -> None:
    with pytest.raises(LookupError, match=text):
        getattr(actions, act)(org, **arguments)


def test_a_user_who_is_added_can_own_records(api, org) -> None:
    user = actions.add_user(org, "Zoe", "New", "zoe@example.test")["id"]
    assert api.read("Lead", api.lead(OwnerId=user))["OwnerId"] == user
