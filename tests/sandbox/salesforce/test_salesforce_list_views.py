"""Lists of records: told as rows and by object, and opened by whoever signs in, with what that user may see."""

from __future__ import annotations

import pytest

from tests.sandbox.salesforce.conftest import REP, Api, assign
from tests.sandbox.salesforce.deploying import deploy, document, fields, grants, manifest, together


def test_list_views_are_told_as_rows_and_by_object(api) -> None:
    soql = "SELECT DeveloperName FROM ListView WHERE SobjectType = 'Lead' ORDER BY DeveloperName"
    assert api.values(soql, "DeveloperName") == ["AllOpenLeads", "MyUnreadLeads"]
    status, told = api.call("GET", "sobjects/Lead/listviews")
    assert (status, told["size"], told["listviews"][0]["label"]) == (200, 2, "All Open Leads")
    one = told["listviews"][0]
    assert api.call("GET", f"sobjects/Lead/listviews/{one['id']}") == (200, one)
    assert api.call("GET", "sobjects/Lead/listviews/00B5f0000000099AAA")[0] == 404
    assert api.call("POST", "sobjects/Lead/listviews", {})[0] == 405
    assert api.call("POST", "sobjects/ListView", {"Name": "x"})[0] == 400


def view(name: str, **said) -> dict[str, bytes]:
    held = {"fullName": name, **said, "label": name}
    files = {"objects/Lead.object": document("CustomObject", {"listViews": held})}
    return {**files, "package.xml": manifest(ListView=[f"Lead.{name}"])}


def opened(api: Api, name: str) -> list[list[object]]:
    """What a user finds in a list, row by row, ids aside."""
    status, told = api.call("GET", f"sobjects/Lead/listviews/{name}/results")
    assert status == 200, told
    return [[cell["value"] for cell in row["columns"][1:]] for row in told["records"]]


def test_a_list_shows_each_user_their_own_and_what_they_may_see(api, rep, org) -> None:
    due = {"fullName": "Due__c", "label": "Due", "type": "DateTime"}
    state = {"field": "Smarketing_SLA_State__c", "operation": "equals", "value": "running,warned"}
    late = {"field": "Due__c", "operation": "lessThan", "value": "TOMORROW"}
    mine = view("Mine", columns=["FULL_NAME", "LEAD.COMPANY", "Due__c"], filterScope="Mine", filters=[late, state])
    everyone = view("Every", columns=["FULL_NAME", "Due__c", "CORE.USERS.ALIAS"], filterScope="Everything")
    deploy(api, together(fields(due), mine, grants("View", Lead_Due__c=False)))
    deploy(api, everyone)
    [kim] = api.values(f"SELECT Id FROM User WHERE Username = '{REP}'", "Id")
    row = {
        "Company": "C",
        "OwnerId": kim,
        "Smarketing_SLA_State__c": "running",
        "Due__c": "2026-11-02T09:00:00.000+0000",
    }
    org.load("Lead", [
        {**row, "LastName": "Now", "Name": "Now"},
        {**row, "LastName": "Soon", "Name": "Soon", "Due__c": "2026-11-03T09:00:00.000+0000"},
        {**row, "LastName": "Met", "Name": "Met", "Smarketing_SLA_State__c": "met"},
        {**row, "LastName": "Ada", "Name": "Ada", "OwnerId": org.admin_user},
    ])  # fmt: skip
    assert opened(rep, "Every") == [
        ["Now", "Kim Sales"],
        ["Soon", "Kim Sales"],
        ["Met", "Kim Sales"],
        ["Ada", "Ada Admin"],
    ]
    status, errors = rep.call("GET", "sobjects/Lead/listviews/Mine/results")
    assert (status, errors[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")
    assign(api, "View", REP)
    assert opened(rep, "Mine") == [["Now", "C", "2026-11-02T09:00:00.000+0000"]]
    assert opened(rep, "Every")[0][1] == "2026-11-02T09:00:00.000+0000"
    told = rep.call("GET", "sobjects/Lead/listviews/Mine/describe")[1]
    assert [each["label"] for each in told["columns"]] == ["Full Name", "Company", "Due"]
    assert (told["scope"], f"OwnerId = '{kim}'" in told["query"]) == ("mine", True)
    assert rep.call("GET", "sobjects/Lead/listviews/Mine/nonsense")[0] == 404


@pytest.mark.parametrize(
    ("field", "operation", "value", "found"),
    [
        ("LEAD.COMPANY", "contains", "'s", ["It's"]),
        ("LEAD.COMPANY", "startsWith", "Ac,It", ["Acme", "It's"]),
        ("LEAD.COMPANY", "notEqual", "Acme,Other", ["It's"]),
        ("LEAD.RATING", "equals", "", ["It's", "Other"]),
        ("LEAD.UNREAD", "equals", "1", ["Acme", "It's", "Other"]),
        ("HubSpot_Score__c", "greaterOrEqual", "5", ["Acme"]),
        ("Interests__c", "includes", "CRM,Sales", ["Other"]),
        ("Interests__c", "excludes", "CRM", ["Acme", "It's"]),
        ("CREATED_DATE", "lessOrEqual", "YESTERDAY", []),
    ],
)
def test_filters_of_lists_find_what_they_say(api, field, operation, value, found) -> None:
    api.lead(Company="Acme", Rating="Hot", HubSpot_Score__c=7)
    api.lead(Company="It's", HubSpot_Score__c=1)
    api.lead(Company="Other", Interests__c="CRM;Events")
    told = {"field": field, "operation": operation, "value": value}
    assert deploy(api, view("Some", columns=["LEAD.COMPANY"], filterScope="Everything", filters=told))["success"]
    assert [row[0] for row in opened(api, "Some")] == found


@pytest.mark.parametrize(
    "said",
    [
        {"filterScope": "Queue"},
        {"booleanFilter": "1", "filterScope": "Mine"},
        {"filterScope": "Mine", "filters": {"field": "CREATED_DATE", "operation": "lessThan", "value": "11/2/2026"}},
    ],
)
def test_a_list_this_sandbox_cannot_open_is_refused_and_not_shown_wrong(api, said) -> None:
    assert deploy(api, view("Odd", columns=["FULL_NAME"], **said))["status"] == "Succeeded"
    status, errors = api.call("GET", "sobjects/Lead/listviews/Odd/results")
    assert (status, errors[0]["errorCode"]) == (400, "INVALID_OPERATION")
