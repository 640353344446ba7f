"""Fields through the Tooling API: as strict as a deployment, and read back."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from connector.sandbox.salesforce import administration


def test_tooling_reads_back_what_it_made(api) -> None:
    body = {"FullName": "Activity.Tier__c", "Metadata": {"label": "Tier", "type": "Text", "length": 10, "unique": None}}
    status, made = api.call("POST", "tooling/sobjects/CustomField", body)
    assert status == 201
    told = api.call("GET", f"tooling/sobjects/CustomField/{made['id']}")[1]
    assert (told["FullName"], told["Metadata"]["length"]) == ("Activity.Tier__c", 10)
    query = "q=" + quote("SELECT Id, FullName FROM CustomField WHERE TableEnumOrId = 'Activity'")
    assert [row["Id"] for row in api.call("GET", "tooling/query", query=query)[1]["records"]] == [made["id"]]
    assert api.call("POST", "tooling/sobjects/CustomField", body)[1][0]["errorCode"] == "DUPLICATE_DEVELOPER_NAME"
    assert api.call("DELETE", f"tooling/sobjects/CustomField/{made['id']}")[0] == 204
    assert api.call("GET", f"tooling/sobjects/CustomField/{made['id']}")[0] == 404


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"label": "T", "type": "Text", "length": 10, "colour": 1}, "No such column 'colour'"),
        ({"label": "T", "type": "Text", "length": "10"}, "is not a valid value for xsd:int"),
        ({"label": "T", "type": "Text", "length": True}, "is not a valid value for xsd:int"),
        ({"label": "T", "type": "Text", "summaryFilterItems": {}}, "summaryFilterItems: a list is expected"),
        ({"label": "T", "type": "Teapot"}, "'Teapot' is not a valid value for the enum 'FieldType'"),
        ("text", "a JSON object is expected"),
    ],
)  # fmt: skip
def test_tooling_is_as_strict_as_a_deployment(api, metadata, words) -> None:
    body = {"FullName": "Lead.Tier__c", "Metadata": metadata}
    status, errors = api.call("POST", "tooling/sobjects/CustomField", body)
    assert (status, errors[0]["errorCode"]) == (400, "FIELD_INTEGRITY_EXCEPTION")
    assert words in errors[0]["message"]


def test_nobody_tools_who_may_not(rep, org) -> None:
    assert rep.call("GET", "tooling/query", query="q=SELECT Id FROM CustomField")[0] == 403
    assert administration.open_session(org, org.bridge_user)["token"].startswith("00D")
