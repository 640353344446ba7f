"""Who sees a new field: nobody, then whoever holds a grant, through every door of the API."""

from __future__ import annotations

import pytest

from connector.sandbox.salesforce import actions
from tests.sandbox.salesforce.conftest import REP, Api, assign
from tests.sandbox.salesforce.deploying import TIER, deploy, document, fields, grants, manifest, together

NEW = {"LastName": "Doe", "Company": "Acme"}


def column(api: Api, name: str = "Tier__c") -> dict | None:
    return next((f for f in api.call("GET", "sobjects/Lead/describe")[1]["fields"] if f["name"] == name), None)


def test_without_a_grant_a_field_is_not_there_through_any_door(api, org) -> None:
    deploy(api, fields({**TIER, "externalId": True}))
    lead = api.lead()
    assert column(api) is None
    assert api.refusal("SELECT Tier__c FROM Lead")[0] == "INVALID_FIELD"
    assert "No such column 'Tier__c'" in api.refusal("SELECT Id FROM Lead WHERE Tier__c = 'x'")[1]
    assert "Tier__c" not in api.query("SELECT FIELDS(ALL) FROM Lead LIMIT 1")["records"][0]
    doors = [
        api.call("GET", f"sobjects/Lead/{lead}", query="fields=Id,Tier__c"),
        api.call("PATCH", f"sobjects/Lead/{lead}", {"Tier__c": "x"}),
        api.call("POST", "sobjects/Lead", {**NEW, "Tier__c": "x"}),
        api.call("POST", "composite/sobjects/Lead", {"ids": [lead], "fields": ["Tier__c"]}),
    ]
    assert [(status, errors[0]["errorCode"]) for status, errors in doors] == [(400, "INVALID_FIELD")] * 4
    assert api.call("PATCH", "sobjects/Lead/Tier__c/x", NEW)[0] == 404
    records = [{"attributes": {"type": "Lead"}, "id": lead, "Tier__c": "x"}]
    _, [result] = api.call("PATCH", "composite/sobjects", {"records": records})
    assert (result["success"], result["errors"][0]["statusCode"]) == (False, "INVALID_FIELD")
    request = {"method": "PATCH", "url": f"{api_base(api)}/sobjects/Lead/{lead}", "referenceId": "a"}
    _, told = api.call("POST", "composite", {"compositeRequest": [{**request, "body": {"Tier__c": "x"}}]})
    [part] = told["compositeResponse"]
    assert (part["httpStatusCode"], part["body"][0]["errorCode"]) == (400, "INVALID_FIELD")
    assert org.snapshot("Lead", lead)["Tier__c"] is None


def api_base(api: Api) -> str:
    return f"/services/data/v{api.version}.0"


def test_bulk_jobs_do_not_see_it_either(api, org) -> None:
    deploy(api, fields(TIER))
    status, errors = api.call("POST", "jobs/query", {"operation": "query", "query": "SELECT Id, Tier__c FROM Lead"})
    assert (status, errors[0]["errorCode"]) == (400, "INVALID_FIELD")
    job = api.call("POST", "jobs/ingest", {"object": "Lead", "operation": "insert", "contentType": "CSV"})[1]
    path = f"jobs/ingest/{job['id']}"
    rows = b"LastName,Company,Tier__c\nDoe,Acme,x\n"
    assert api.raw("PUT", f"{path}/batches", body=rows, **{"content-type": "text/csv"}).status == 201
    api.call("PATCH", path, {"state": "UploadComplete"})
    ended = api.call("GET", path)[1]
    failed = api.raw("GET", f"{path}/failedResults").body.decode()
    assert (ended["state"], ended["numberRecordsFailed"]) in {("Failed", 0), ("JobComplete", 1)}
    assert "Tier__c" in failed + str(ended.get("errorMessage"))
    assert api.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


def test_a_rep_sees_exactly_what_a_permission_set_grants_and_edits_what_it_lets_them(api, rep) -> None:
    comment = {"fullName": "Word__c", "label": "Word", "length": 20, "type": "Text"}
    secret = {"fullName": "Secret__c", "label": "Secret", "length": 20, "type": "Text"}
    held = grants("View", Lead_Tier__c=False, Lead_Word__c=True)
    own = grants("Own", Lead_Tier__c=True, Lead_Word__c=True, Lead_Secret__c=True)
    assert deploy(api, together(fields(TIER, comment, secret), held, own))["status"] == "Succeeded"
    assert assign(api, "Own", "bridge@example.test")[0] == 201
    lead = api.lead(Tier__c="gold", Secret__c="s")
    before = {field["name"] for field in rep.call("GET", "sobjects/Lead/describe")[1]["fields"]}
    assert assign(api, "View", REP)[0] == 201
    after = {field["name"] for field in rep.call("GET", "sobjects/Lead/describe")[1]["fields"]}
    assert after - before == {"Tier__c", "Word__c"}
    assert [column(rep, name)["updateable"] for name in ("Tier__c", "Word__c")] == [False, True]
    assert rep.read("Lead", lead)["Tier__c"] == "gold"
    assert rep.refusal("SELECT Secret__c FROM Lead")[0] == "INVALID_FIELD"
    assert rep.call("PATCH", f"sobjects/Lead/{lead}", {"Word__c": "yes"})[0] == 204
    status, errors = rep.call("PATCH", f"sobjects/Lead/{lead}", {"Tier__c": "iron"})
    assert (status, errors[0]["errorCode"], errors[0]["fields"]) == (
        400,
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        ["Tier__c"],
    )


def test_activity_fields_are_granted_on_tasks_and_events_each(api) -> None:
    deploy(api, together(fields(TIER, sobject="Activity"), grants("T", Task_Tier__c=True)))
    assign(api, "T", "bridge@example.test")
    status, made = api.call("POST", "sobjects/Task", {"Subject": "Call", "Tier__c": "x"})
    assert (status, api.read("Task", made["id"])["Tier__c"]) == (201, "x")
    assert api.refusal("SELECT Tier__c FROM Event")[0] == "INVALID_FIELD"


def test_describe_says_what_the_deployment_said(api) -> None:
    said = {
        "fullName": "P__c", "inlineHelpText": "Why so?", "label": "Choice", "type": "Picklist",
        "valueSet": {"restricted": True, "valueSetDefinition": {
            "sorted": False, "value": [{"fullName": "a", "default": True, "label": "Alpha"}]}},
    }  # fmt: skip
    deploy(api, together(fields(said), grants("P", Lead_P__c=True)))
    assign(api, "P", "bridge@example.test")
    told = column(api, "P__c")
    assert (told["label"], told["inlineHelpText"], told["restrictedPicklist"]) == ("Choice", "Why so?", True)
    [value] = told["picklistValues"]
    assert (value["value"], value["label"], value["defaultValue"]) == ("a", "Alpha", True)


def test_a_deployed_permission_set_is_rows_and_a_second_one_replaces_them(api) -> None:
    deploy(api, together(fields(TIER), grants("Rep", Lead_Tier__c=True, Lead_Fax=False)))
    soql = "SELECT Field, PermissionsEdit FROM FieldPermissions WHERE Parent.Name = 'Rep' ORDER BY Field"
    assert api.values(soql, "Field") == ["Lead.Fax", "Lead.Tier__c"]
    assert api.values(soql, "PermissionsEdit") == [False, True]
    rights = {
        "allowCreate": False, "allowDelete": False, "allowEdit": True, "allowRead": True,
        "modifyAllRecords": False, "object": "Lead", "viewAllRecords": True,
    }  # fmt: skip
    path = "permissionsets/Rep.permissionset"
    content = {"description": "For reps.", "label": "Reps", "objectPermissions": rights}
    files = {path: document("PermissionSet", content), "package.xml": manifest(PermissionSet=["Rep"])}
    deploy(api, files)
    assert api.values(soql, "Field") == []
    assert api.values("SELECT Label FROM PermissionSet WHERE Name = 'Rep'", "Label") == ["Reps"]
    [row] = api.query("SELECT SobjectType, PermissionsEdit, PermissionsDelete FROM ObjectPermissions")["records"]
    assert (row["SobjectType"], row["PermissionsEdit"], row["PermissionsDelete"]) == ("Lead", True, False)


def test_a_set_that_is_taken_away_takes_its_grants_along(api, rep) -> None:
    deploy(api, together(fields(TIER), grants("View", Lead_Tier__c=False)))
    assign(api, "View", REP)
    assert column(rep) is not None
    [set_id] = api.values("SELECT Id FROM PermissionSet WHERE Name = 'View'", "Id")
    assert api.call("DELETE", f"sobjects/PermissionSet/{set_id}")[0] == 204
    assert column(rep) is None
    assert api.query("SELECT COUNT() FROM PermissionSetAssignment")["totalSize"] == 0


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"Field": "Lead.Gone__c"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Field": "Contact.Fax"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Field": "Lead.Company"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"Field": "Lead.Title", "PermissionsRead": False}, "FIELD_INTEGRITY_EXCEPTION"),
        ({}, "DUPLICATE_VALUE"),
    ],
)
def test_grants_as_rows_are_judged_as_deployed_ones(api, row, code) -> None:
    set_id = api.call("POST", "sobjects/PermissionSet", {"Name": "Rep", "Label": "Rep"})[1]["id"]
    grant = {
        "ParentId": set_id, "SobjectType": "Lead", "Field": "Lead.Fax",
        "PermissionsRead": True, "PermissionsEdit": True,
    }  # fmt: skip
    assert api.call("POST", "sobjects/FieldPermissions", grant)[0] == 201
    status, errors = api.call("POST", "sobjects/FieldPermissions", {**grant, **row})
    assert (status, errors[0]["errorCode"]) == (400, code)


def test_assignments_stand_once_and_go_to_active_users(api, rep) -> None:
    deploy(api, grants("View", Lead_Fax=False))
    assert assign(api, "View", REP)[0] == 201
    assert assign(api, "View", REP)[1][0]["errorCode"] == "DUPLICATE_VALUE"
    assert assign(api, "View", "otto.gone@example.test")[1][0]["errorCode"] == "INACTIVE_OWNER_OR_USER"
    status, errors = assign(rep, "View", "lena.sommer@example.test")
    assert (status, errors[0]["errorCode"]) == (400, "INSUFFICIENT_ACCESS_OR_READONLY")
    [own] = api.values("SELECT Id FROM PermissionSetAssignment", "Id")
    assert rep.call("DELETE", f"sobjects/PermissionSetAssignment/{own}")[0] == 400


def test_object_rights_as_rows_rest_on_each_other(api) -> None:
    set_id = api.call("POST", "sobjects/PermissionSet", {"Name": "Rep", "Label": "Rep"})[1]["id"]
    row = {"ParentId": set_id, "SobjectType": "Lead", "PermissionsEdit": True}
    assert api.call("POST", "sobjects/ObjectPermissions", row)[1][0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert api.call("POST", "sobjects/ObjectPermissions", {**row, "PermissionsRead": True})[0] == 201
    wrong = api.call("POST", "sobjects/ObjectPermissions", {**row, "SobjectType": "Shoe"})[1]
    assert wrong[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_what_is_seeded_is_seen_by_everybody_and_a_field_made_again_is_a_new_one(api, rep, org) -> None:
    assert column(rep, "HubSpot_Persona__c") is not None
    deploy(api, together(fields(TIER), grants("View", Lead_Tier__c=False)))
    assign(api, "View", REP)
    actions.rename_field(org, "Lead", "Tier__c", "Rank__c")
    assert column(rep, "Rank__c") is not None
    actions.remove_field(org, "Lead", "Rank__c")
    actions.add_field(org, "Lead", "Rank__c", {"label": "Rank", "type": "Text", "length": 5}, visible=False)
    assert column(rep, "Rank__c") is None


def bare(**content) -> dict[str, bytes]:
    """A permission set for a user whose profile opens nothing."""
    return {
        "permissionsets/Bare.permissionset": document("PermissionSet", {**content, "label": "Bare"}),
        "package.xml": manifest(PermissionSet=["Bare"]),
    }


def may(sobject: str, **allowed: bool) -> dict:
    names = ("allowCreate", "allowDelete", "allowEdit", "allowRead", "modifyAllRecords")
    return {**{name: allowed.get(name, False) for name in names}, "object": sobject, "viewAllRecords": False}


def test_a_user_with_a_bare_profile_may_do_what_permission_sets_say_and_no_more(api, org) -> None:
    lead, account = api.lead(Phone="1"), api.call("POST", "sobjects/Account", {"Name": "Acme"})[1]["id"]
    grant = [{"editable": True, "field": f"Lead.{name}", "readable": True} for name in ("Email", "Address")]
    rights = [may("Lead", allowRead=True, allowEdit=True), may("Account")]
    assert deploy(api, bare(fieldPermissions=grant, objectPermissions=rights))["status"] == "Succeeded"
    assign(api, "Bare", "bridge@example.test")
    org.settings.bridge_profile_bare = True
    seen = {field["name"] for field in api.call("GET", "sobjects/Lead/describe")[1]["fields"]}
    assert {"Id", "Name", "LastName", "Company", "Status", "OwnerId", "SystemModstamp", "Email", "Street"} <= seen
    assert not {"Phone", "Title", "HubSpot_Contact_Id__c", "LeadSource"} & seen
    assert api.refusal("SELECT Phone FROM Lead")[0] == "INVALID_FIELD"
    assert api.call("PATCH", f"sobjects/Lead/{lead}", {"City": "Bonn", "Email": "a@b.example"})[0] == 204
    status, errors = api.call("POST", "sobjects/Lead", NEW)
    assert (status, errors[0]["errorCode"]) == (400, "INSUFFICIENT_ACCESS_OR_READONLY")
    assert api.call("DELETE", f"sobjects/Lead/{lead}")[1][0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert api.refusal("SELECT Id FROM Account")[0] == "INVALID_TYPE"
    assert api.call("GET", f"sobjects/Account/{account}")[0] == 404
    assert api.call("GET", "sobjects/Account/describe")[0] == 404
    assert api.refusal("SELECT ConvertedAccount.Name FROM Lead")[0] == "INVALID_FIELD"
    assert api.refusal("SELECT Id FROM Lead WHERE ConvertedAccount.Name = 'x'")[0] == "INVALID_FIELD"
    listed = {each["name"] for each in api.call("GET", "sobjects")[1]["sobjects"]}
    assert ("Lead" in listed, "Account" in listed, "Task" in listed) == (True, False, True)
    more = [*rights[:1], may("Account", allowRead=True)]
    deploy(api, bare(fieldPermissions=grant, objectPermissions=more))
    assert api.values("SELECT Name FROM Account", "Name") == ["Acme"]
