"""One row at a time, and everything Salesforce says no to."""

from __future__ import annotations

import pytest

from connector.sandbox.salesforce import actions

BY_KEY = "sobjects/Lead/HubSpot_Contact_Id__c"


def test_a_new_lead_gets_an_id_defaults_and_stamps_in_whole_seconds(api) -> None:
    lead = api.read("Lead", api.lead(FirstName=" Ann ", LastName="Bee  "))
    assert lead["Id"].startswith("00Q")
    assert len(lead["Id"]) == 18
    assert lead["attributes"]["url"] == f"/services/data/v67.0/sobjects/Lead/{lead['Id']}"
    wanted = {
        "FirstName": "Ann",
        "LastName": "Bee",
        "Name": "Ann Bee",
        "Status": "Open - Not Contacted",
        "IsConverted": False,
        "OwnerId": api.org.bridge_user,
        "CreatedDate": "2026-11-02T08:15:30.000+0000",
        "SystemModstamp": "2026-11-02T08:15:30.000+0000",
        "Newsletter__c": False,
    }
    assert {name: lead[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("values", "code", "fields"),
    [
        pytest.param({"LastName": None}, "REQUIRED_FIELD_MISSING", ["LastName"], id="a required field is missing"),
        pytest.param({"LastName": "  "}, "REQUIRED_FIELD_MISSING", ["LastName"], id="blank text is nothing"),
        pytest.param({"LastName": "x" * 81}, "STRING_TOO_LONG", ["LastName"], id="text is too long"),
        pytest.param({"Email": "123"}, "INVALID_EMAIL_ADDRESS", ["Email"], id="an e-mail address is none"),
        pytest.param(
            {"HubSpot_Lifecycle_Stage__c": "Boss"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            ["HubSpot_Lifecycle_Stage__c"],
            id="a restricted picklist has no such value",
        ),
        pytest.param({"Name": "A B"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Name"], id="a field is read-only"),
        pytest.param({"Nope__c": 1}, "INVALID_FIELD", ["Nope__c"], id="a field is unknown"),
        pytest.param({"OwnerId": "abc"}, "MALFORMED_ID", ["OwnerId"], id="an id is malformed"),
        pytest.param({"OwnerId": "00Q5f0000000001EAA"}, "MALFORMED_ID", ["OwnerId"], id="an id is of another object"),
        pytest.param(
            {"OwnerId": "0055f0000000zzzAAA"}, "INVALID_CROSS_REFERENCE_KEY", ["OwnerId"], id="an id leads nowhere"
        ),
        pytest.param({"Birthday__c": "2.11.1990"}, "INVALID_TYPE_ON_FIELD_IN_RECORD", ["Birthday__c"], id="no date"),
        pytest.param({"Demo_At__c": "2026-11-02"}, "INVALID_TYPE_ON_FIELD_IN_RECORD", ["Demo_At__c"], id="no datetime"),
        pytest.param(
            {"HubSpot_Score__c": "many"}, "INVALID_TYPE_ON_FIELD_IN_RECORD", ["HubSpot_Score__c"], id="no number"
        ),
        pytest.param({"Newsletter__c": None}, "INVALID_TYPE_ON_FIELD_IN_RECORD", ["Newsletter__c"], id="no boolean"),
        pytest.param({"Budget__c": 1e17}, "NUMBER_OUTSIDE_VALID_RANGE", ["Budget__c"], id="a number is too large"),
        pytest.param({"Status": "Closed - Converted"}, "INVALID_STATUS", ["Status"], id="converting by status"),
    ],
)
def test_a_lead_is_refused_when(api, values, code, fields) -> None:
    status, errors = api.call("POST", "sobjects/Lead", {"LastName": "Doe", "Company": "Acme", **values})
    assert (status, errors[0]["errorCode"], errors[0]["fields"]) == (400, code, fields)
    assert api.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


@pytest.mark.parametrize(
    ("field", "sent", "kept"),
    [
        ("Demo_At__c", "2026-11-02T10:00:00.987+02:00", "2026-11-02T08:00:00.000+0000"),
        ("Demo_At__c", "2026-11-02T08:00:00Z", "2026-11-02T08:00:00.000+0000"),
        ("Interests__c", "Sales; CRM;Sales", "CRM;Sales"),
        ("HubSpot_Score__c", 12.5, 13.0),
        ("Budget__c", "3.456", 3.46),
        ("NumberOfEmployees", 7, 7),
        ("Title", "", None),
        ("Website", 42, "42"),
        ("LeadSource", "A value nobody defined", "A value nobody defined"),
    ],
)
def test_values_come_back_as_salesforce_keeps_them(api, field, sent, kept) -> None:
    assert api.read("Lead", api.lead(**{field: sent}))[field] == kept


def test_an_update_touches_the_fields_named_and_moves_the_stamp(api, org, log) -> None:
    lead = api.lead(Title="Boss", Email="a@b.example")
    org.services.clock.advance(5)
    assert api.call(
        "PATCH", f"sobjects/Lead/{lead[:15]}", {"title": None}, **{"sforce-call-options": "client=bridge"}
    ) == (204, None)
    row = api.read("Lead", lead)
    assert (row["Title"], row["Email"]) == (None, "a@b.example")
    assert row["CreatedDate"] == "2026-11-02T08:15:30.000+0000"
    assert row["SystemModstamp"] == row["LastModifiedDate"] == "2026-11-02T08:15:35.000+0000"
    last = log()[-1]
    assert (last["actor"], last["operation"], last["id"], last["changes"]) == (
        "api:bridge",
        "updated",
        lead,
        {"Title": None},
    )


def test_upsert_by_external_id_creates_once_then_updates_whatever_the_case(api) -> None:
    status, first = api.call("PATCH", f"{BY_KEY}/ab%2F1", {"LastName": "Doe", "Company": "Acme"})
    assert (status, first["created"]) == (201, True)
    status, second = api.call("PATCH", f"{BY_KEY}/AB%2F1", {"LastName": "Roe"})
    assert (status, second) == (200, {"id": first["id"], "success": True, "errors": [], "created": False})
    row = api.read("Lead", first["id"])
    assert (row["LastName"], row["HubSpot_Contact_Id__c"]) == ("Roe", "ab/1")


def test_an_old_api_version_answers_an_updating_upsert_with_an_empty_204(api) -> None:
    api.version = 45
    assert "created" not in api.call("PATCH", f"{BY_KEY}/1", {"LastName": "Doe", "Company": "Acme"})[1]
    assert api.call("PATCH", f"{BY_KEY}/1", {"LastName": "Doe"}) == (204, None)


def test_upsert_meeting_several_rows_lists_them_and_writes_nothing(api) -> None:
    twins = [api.lead(Email="x@y.example"), api.lead(Email="X@y.example")]
    status, paths = api.call("PATCH", "sobjects/Lead/Email/x@y.example", {"LastName": "New"})
    assert (status, paths) == (300, [f"/services/data/v67.0/sobjects/Lead/{twin}" for twin in twins])
    assert set(api.values("SELECT LastName FROM Lead", "LastName")) == {"Doe"}


def test_upsert_refuses_unknown_keys_a_repeated_key_and_creating_when_told_not_to(api) -> None:
    status, errors = api.call("PATCH", "sobjects/Lead/Title/x", {})
    text = "Provided external ID field does not exist or is not accessible: Title"
    assert (status, errors[0]["errorCode"], errors[0]["message"]) == (404, "NOT_FOUND", text)
    assert api.call("PATCH", f"{BY_KEY}/1", {"HubSpot_Contact_Id__c": "1"})[1][0]["errorCode"] == "INVALID_FIELD"
    assert api.call("PATCH", f"{BY_KEY}/1", {"LastName": "D", "Company": "A"}, query="updateOnly=true")[0] == 404
    assert api.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


def test_a_second_row_with_a_unique_value_is_told_who_holds_it(api) -> None:
    holder = api.lead(HubSpot_Contact_Id__c="abc")
    status, errors = api.call(
        "POST", "sobjects/Lead", {"LastName": "D", "Company": "A", "HubSpot_Contact_Id__c": "ABC"}
    )
    text = f"duplicate value found: HubSpot_Contact_Id__c duplicates value on record with id: {holder[:15]}"
    assert (status, errors[0]["errorCode"], errors[0]["message"]) == (400, "DUPLICATE_VALUE", text)


def test_a_related_row_can_be_named_by_its_external_id(api) -> None:
    _, account = api.call("POST", "sobjects/Account", {"Name": "Acme", "HubSpot_Company_Id__c": "42"})
    _, contact = api.call("POST", "sobjects/Contact", {"LastName": "D", "Account": {"HubSpot_Company_Id__c": "42"}})
    assert api.read("Contact", contact["id"])["AccountId"] == account["id"]
    status, errors = api.call("POST", "sobjects/Contact", {"LastName": "D", "Account": {"HubSpot_Company_Id__c": "43"}})
    text = "Foreign key external ID: 43 not found for field HubSpot_Company_Id__c in entity Account"
    assert (status, errors[0]["errorCode"], errors[0]["message"]) == (400, "INVALID_FIELD", text)


def test_a_deleted_row_is_gone_for_reads_and_writes_and_frees_its_unique_value(api) -> None:
    lead = api.lead(HubSpot_Contact_Id__c="1")
    assert api.call("DELETE", f"sobjects/Lead/{lead}") == (204, None)
    for method, payload in (("GET", None), ("PATCH", {"Title": "x"}), ("DELETE", None)):
        status, errors = api.call(method, f"sobjects/Lead/{lead}", payload)
        assert (status, errors[0]["errorCode"], errors[0]["message"]) == (404, "ENTITY_IS_DELETED", "entity is deleted")
    assert api.lead(HubSpot_Contact_Id__c="1") != lead


def test_a_row_that_never_was_is_not_found(api) -> None:
    status, errors = api.call("GET", "sobjects/Lead/00Q5f00000zzzzzEAA")
    assert (status, errors[0]["errorCode"], errors[0]["message"]) == (
        404,
        "NOT_FOUND",
        "The requested resource does not exist",
    )
    assert api.call("GET", "sobjects/Dragon/1")[0] == 404


def test_conditional_headers_compare_by_the_second(api) -> None:
    lead = api.lead()
    path, at = f"sobjects/Lead/{lead}", "Mon, 02 Nov 2026 08:15:30 GMT"
    before = "Mon, 02 Nov 2026 08:15:29 GMT"
    assert api.call("GET", path, **{"if-modified-since": at}) == (304, None)
    assert api.call("GET", path, **{"if-modified-since": before})[0] == 200
    assert api.call("PATCH", path, {"Title": "x"}, **{"if-unmodified-since": before})[0] == 412
    assert api.call("PATCH", path, {"Title": "x"}, **{"if-unmodified-since": at})[0] == 204


def test_a_field_hidden_from_the_user_does_not_exist_and_a_locked_one_is_read_only(api, org) -> None:
    lead = api.lead(Title="Boss", Fax="1")
    actions.set_field_permission(org, "Lead", "Title", "none")
    actions.set_field_permission(org, "Lead", "Fax", "read")
    row = api.read("Lead", lead)
    assert "Title" not in row
    assert row["Fax"] == "1"
    assert api.call("PATCH", f"sobjects/Lead/{lead}", {"Title": "x"})[1][0]["errorCode"] == "INVALID_FIELD"
    assert (
        api.call("PATCH", f"sobjects/Lead/{lead}", {"Fax": "x"})[1][0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    )
    assert api.refusal("SELECT Title FROM Lead")[0] == "INVALID_FIELD"


def test_an_inactive_user_cannot_be_made_owner(api, org) -> None:
    kim = org.catalogue["User"].ids[2]
    lead = api.lead(OwnerId=kim)
    actions.deactivate_user(org, kim)
    status, errors = api.call("PATCH", f"sobjects/Lead/{lead}", {"OwnerId": org.catalogue["User"].ids[6]})
    assert (status, errors[0]["errorCode"]) == (400, "INACTIVE_OWNER_OR_USER")
    assert api.read("Lead", lead)["OwnerId"] == kim


def test_a_locked_row_is_refused_as_often_as_the_knob_says(api, org) -> None:
    lead = api.lead()
    org.settings.lock_row_rate = 1.0
    status, errors = api.call("PATCH", f"sobjects/Lead/{lead}", {"Title": "x"})
    text = f"unable to obtain exclusive access to this record or 1 records: {lead}"
    assert (status, errors[0]["errorCode"], errors[0]["message"]) == (400, "UNABLE_TO_LOCK_ROW", text)


def test_a_task_may_not_relate_a_lead_to_an_account_and_closes_itself(api) -> None:
    lead = api.lead()
    _, account = api.call("POST", "sobjects/Account", {"Name": "Acme"})
    assert api.call("POST", "sobjects/Task", {"WhoId": lead, "WhatId": account["id"]})[0] == 400
    _, task = api.call("POST", "sobjects/Task", {"WhoId": lead, "Subject": "Call", "Status": "Completed"})
    row = api.read("Task", task["id"])
    assert (row["IsClosed"], row["Priority"], row["CompletedDateTime"]) == (
        True,
        "Normal",
        "2026-11-02T08:15:30.000+0000",
    )


def test_an_opportunity_follows_its_stage(api) -> None:
    body = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31"}
    _, made = api.call("POST", "sobjects/Opportunity", body)
    assert api.read("Opportunity", made["id"])["Probability"] == 10.0
    api.call("PATCH", f"sobjects/Opportunity/{made['id']}", {"StageName": "Closed Won"})
    row = api.read("Opportunity", made["id"])
    assert (row["IsClosed"], row["IsWon"], row["Probability"], row["ForecastCategoryName"]) == (
        True,
        True,
        100.0,
        "Closed",
    )


def test_nobody_is_twice_in_a_campaign(api) -> None:
    _, campaign = api.call("POST", "sobjects/Campaign", {"Name": "Fair"})
    member = {"CampaignId": campaign["id"], "LeadId": api.lead()}
    assert api.call("POST", "sobjects/CampaignMember", member)[0] == 201
    assert api.call("POST", "sobjects/CampaignMember", member)[1][0]["errorCode"] == "DUPLICATE_VALUE"
