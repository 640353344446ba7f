"""What an admin's rules do to a write, and what request headers change about it."""

from __future__ import annotations

import pytest

from connector.sandbox.salesforce import actions
from connector.sandbox.salesforce.refusals import Refusal

NEW = {"LastName": "Doe", "Company": "Acme"}


@pytest.fixture
def queue(org) -> str:
    return org.catalogue["Group"].ids[0]


@pytest.fixture
def rule(org, queue) -> str:
    kim = org.catalogue["User"].ids[2]
    entries = [{"when": "Country = 'Germany'", "owner": kim}, {"owner": queue}]
    return actions.add_assignment_rule(org, "Lead", entries)["id"]


def owner_after(api, headers, **values):
    _, body = api.call("POST", "sobjects/Lead", {**NEW, **values}, **headers)
    return api.read("Lead", body["id"])["OwnerId"]


def test_without_a_header_an_active_rule_overwrites_the_owner_on_create_and_update(api, org, rule, queue) -> None:
    kim, lena = org.catalogue["User"].ids[2:4]
    assert owner_after(api, {}, OwnerId=lena) == queue
    assert owner_after(api, {}, OwnerId=lena, Country="germany") == kim
    lead = api.lead()
    api.call("PATCH", f"sobjects/Lead/{lead}", {"OwnerId": lena, "Country": "Germany"})
    assert api.read("Lead", lead)["OwnerId"] == kim


def test_the_header_switches_rules_off_or_names_one(api, org, rule, queue) -> None:
    lena = org.catalogue["User"].ids[3]
    assert owner_after(api, {"sforce-auto-assign": "False"}, OwnerId=lena) == lena
    actions.add_assignment_rule(org, "Lead", [{"owner": lena}], name="Other", active=False)
    other = org.catalogue["AssignmentRule"].ids[1]
    assert owner_after(api, {"sforce-auto-assign": other}) == lena
    assert owner_after(api, {"sforce-auto-assign": "TRUE"}) == queue
    found = api.query("SELECT Id, Active FROM AssignmentRule WHERE SobjectType = 'Lead' AND Active = true")["records"]
    assert [record["Id"] for record in found] == [rule]


def test_a_persons_edit_on_a_screen_runs_no_assignment_rule(api, org, rule) -> None:
    made = actions.create(org, "Lead", NEW)
    assert api.read("Lead", made["id"])["OwnerId"] == org.admin_user


def test_a_validation_rule_speaks_the_admins_words(api, org) -> None:
    actions.add_validation_rule(org, "Lead", "Title = null AND Rating = 'Hot'", "Hot leads need a title", field="Title")
    status, errors = api.call("POST", "sobjects/Lead", {**NEW, "Rating": "Hot"})
    assert status == 400
    assert errors == [
        {"message": "Hot leads need a title", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["Title"]}
    ]
    assert api.call("POST", "sobjects/Lead", {**NEW, "Rating": "Hot", "Title": "x"})[0] == 201


def test_a_rule_whose_condition_cannot_be_judged_is_refused_before_it_is_in_force(org) -> None:
    with pytest.raises(Refusal, match="No such column 'Nope'"):
        actions.add_validation_rule(org, "Lead", "Nope = 1", "x")
    assert org.rules.validations == []


def test_an_alert_blocks_the_api_until_the_header_allows_saving(api, org) -> None:
    actions.add_duplicate_rule(org, "Lead", against=("Lead", "Contact"))
    _, contact = api.call("POST", "sobjects/Contact", {"LastName": "D", "Email": "a@b.example"})
    body = {**NEW, "Email": "A@B.example"}
    status, (error,) = api.call("POST", "sobjects/Lead", body)
    assert (status, error["errorCode"], error["message"]) == (400, "DUPLICATES_DETECTED", "Use one of these records?")
    (match,) = error["duplicateResut"]["matchResults"]
    assert (error["duplicateResut"]["allowSave"], match["entityType"], match["size"]) == (True, "Contact", 1)
    assert match["matchRecords"][0]["record"]["Id"] == contact["id"]
    allow = {"sforce-duplicate-rule-header": "allowSave=true; includeRecordDetails=true"}
    assert api.call("POST", "sobjects/Lead", body, **allow)[0] == 201
    records = {"records": [{"attributes": {"type": "Lead"}, **body}]}
    (result,) = api.call("POST", "composite/sobjects", records)[1]
    assert result["errors"] == [
        {"statusCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "fields": []}
    ]


def test_a_blocking_rule_is_not_impressed_by_the_header(api, org) -> None:
    actions.add_duplicate_rule(org, "Lead", mode="block")
    api.lead(Email="a@b.example")
    allow = {"sforce-duplicate-rule-header": "allowSave=true"}
    status, (error,) = api.call("POST", "sobjects/Lead", {**NEW, "Email": "a@b.example"}, **allow)
    assert (status, error["duplicateResut"]["allowSave"]) == (400, False)


def test_a_duplicate_rule_is_asked_only_when_its_fields_change(api, org) -> None:
    twins = [api.lead(Email="a@b.example"), api.lead(Email="a@b.example")]
    actions.add_duplicate_rule(org, "Lead")
    assert api.call("PATCH", f"sobjects/Lead/{twins[0]}", {"Title": "x"})[0] == 204
    other = api.lead(Email="c@b.example")
    assert api.call("PATCH", f"sobjects/Lead/{other}", {"Email": "a@b.example"})[0] == 400


def test_an_automation_rewrites_fields_in_the_same_transaction(api, org, log) -> None:
    actions.add_automation(org, "Lead", {"LastName": {"upper": "LastName"}, "Rating": "Hot"}, when="Company = 'Acme'")
    row = api.read("Lead", api.lead(LastName="doe", FirstName="Jo"))
    assert (row["LastName"], row["Name"], row["Rating"]) == ("DOE", "Jo DOE", "Hot")
    said, rewritten = log()[-2:]
    assert (said["actor"], said["operation"], said["changes"]["FirstName"]) == ("api:unnamed", "created", "Jo")
    assert not {"LastName", "Rating"} & set(said["changes"])
    assert (rewritten["actor"], rewritten["operation"]) == ("automation", "updated")
    assert rewritten["changes"] == {"LastName": "DOE", "Name": "Jo DOE", "Rating": "Hot"}
    assert [event.kind for event in org.events] == ["created"]


def test_rules_can_be_lifted(api, org, rule) -> None:
    actions.add_validation_rule(org, "Lead", "Company = 'Acme'", "no")
    actions.remove_rules(org, "Lead")
    assert api.read("Lead", api.lead())["OwnerId"] == org.bridge_user


def test_a_field_made_through_the_api_is_invisible_until_a_permission_set_grants_it(api) -> None:
    metadata = {"label": "Tier", "type": "Text", "length": 10}
    status, made = api.call("POST", "tooling/sobjects/CustomField", {"FullName": "Lead.Tier__c", "Metadata": metadata})
    assert (status, made["success"], made["id"][:3]) == (201, True, "00N")
    assert api.call("POST", "sobjects/Lead", {**NEW, "Tier__c": "A"})[1][0]["errorCode"] == "INVALID_FIELD"
    _, permission_set = api.call("POST", "sobjects/PermissionSet", {"Name": "Bridge", "Label": "Bridge"})
    grant = {
        "ParentId": permission_set["id"],
        "SobjectType": "Lead",
        "Field": "Lead.Tier__c",
        "PermissionsRead": True,
        "PermissionsEdit": True,
    }
    assert api.call("POST", "sobjects/FieldPermissions", grant)[0] == 201
    assert "Tier__c" not in api.read("Lead", api.lead())
    assignment = {"AssigneeId": api.org.bridge_user, "PermissionSetId": permission_set["id"]}
    assert api.call("POST", "sobjects/PermissionSetAssignment", assignment)[0] == 201
    assert api.read("Lead", api.lead(Tier__c="A"))["Tier__c"] == "A"
    found = api.call(
        "GET", "tooling/query", query="q=SELECT+Id,DeveloperName+FROM+CustomField+WHERE+TableEnumOrId='Lead'"
    )[1]
    assert "Tier" in [record["DeveloperName"] for record in found["records"]]
    assert api.call("DELETE", f"tooling/sobjects/CustomField/{made['id']}") == (204, None)
    assert api.refusal("SELECT Tier__c FROM Lead")[0] == "INVALID_FIELD"


def test_fields_come_go_and_change_their_name_while_rows_live(api, org) -> None:
    lead = api.lead(HubSpot_Persona__c="Buyer")
    actions.add_field(org, "Lead", "Vip__c", {"type": "Checkbox", "label": "VIP"})
    assert api.read("Lead", lead)["Vip__c"] is False
    actions.rename_field(org, "Lead", "HubSpot_Persona__c", "Persona__c")
    assert api.read("Lead", lead)["Persona__c"] == "Buyer"
    assert api.refusal("SELECT HubSpot_Persona__c FROM Lead")[0] == "INVALID_FIELD"
    actions.remove_field(org, "Lead", "Persona__c")
    assert api.call("PATCH", f"sobjects/Lead/{lead}", {"Persona__c": "x"})[1][0]["errorCode"] == "INVALID_FIELD"
    assert api.call("PATCH", f"sobjects/Lead/{lead}", {"Vip__c": True}) == (204, None)


def test_a_picklist_value_taken_away_is_refused_and_shown_inactive(api, org) -> None:
    actions.set_picklist(org, "Lead", "HubSpot_Lifecycle_Stage__c", ["Lead", "Customer", "Fan"])
    assert api.read("Lead", api.lead(HubSpot_Lifecycle_Stage__c="Fan"))["HubSpot_Lifecycle_Stage__c"] == "Fan"
    assert api.call("POST", "sobjects/Lead", {**NEW, "HubSpot_Lifecycle_Stage__c": "MQL"})[0] == 400
    fields = api.call("GET", "sobjects/Lead/describe")[1]["fields"]
    (field,) = [field for field in fields if field["name"] == "HubSpot_Lifecycle_Stage__c"]
    assert [value["value"] for value in field["picklistValues"] if value["active"]] == ["Lead", "Customer", "Fan"]


def test_a_full_org_takes_no_more_rows(api, org) -> None:
    actions.set_settings(org, storage_rows_max=1)
    assert api.call("POST", "sobjects/Lead", NEW)[1][0]["errorCode"] == "STORAGE_LIMIT_EXCEEDED"


def test_settings_are_set_by_name_only(org) -> None:
    with pytest.raises(LookupError, match="no such settings"):
        actions.set_settings(org, dayly=1)
