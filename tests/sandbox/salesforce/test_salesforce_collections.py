"""Collections, composite, batch and tree: many rows or calls in one."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from connector.sandbox.salesforce import actions

PATH = "composite/sobjects"
KEY = "HubSpot_Contact_Id__c"


def lead(**values):
    return {"attributes": {"type": "Lead"}, **values}


def good(number=0):
    return lead(LastName=f"L{number}", Company="C")


def codes(results):
    return [result["errors"][0]["statusCode"] if result["errors"] else "OK" for result in results]


def test_rows_succeed_and_fail_one_by_one_in_the_order_sent(api) -> None:
    rows = [good(), lead(Company="C"), lead(LastName="L", Company="C", Email="1"), {"attributes": {"type": "Dragon"}}]
    status, results = api.call("POST", PATH, {"records": rows})
    assert status == 200
    assert codes(results) == ["OK", "REQUIRED_FIELD_MISSING", "INVALID_EMAIL_ADDRESS", "INVALID_TYPE"]
    assert results[0]["id"].startswith("00Q")
    assert results[2] == {
        "success": False,
        "errors": [
            {"statusCode": "INVALID_EMAIL_ADDRESS", "message": "Email: invalid email address: 1", "fields": ["Email"]}
        ],
    }


def test_all_or_none_takes_the_innocent_back_and_tells_them(api, org, log) -> None:
    before = len(log())
    status, results = api.call("POST", PATH, {"allOrNone": True, "records": [good(), lead(Company="C")]})
    assert status == 200
    assert codes(results) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert api.query("SELECT COUNT() FROM Lead")["totalSize"] == 0
    assert len(log()) == before
    assert org.events == []


def test_an_update_needs_an_id_of_its_object_and_of_a_row_that_is_there(api) -> None:
    known, gone = api.lead(), api.lead()
    api.call("DELETE", f"sobjects/Lead/{gone}")
    rows = [
        lead(id=known, Title="Boss"),
        lead(Title="x"),
        lead(id="0035f0000000001AAA", Title="x"),
        lead(id="00Q5f00000zzzzzEAA", Title="x"),
        lead(Id=gone, Title="x"),
    ]
    _, results = api.call("PATCH", PATH, {"records": rows})
    assert codes(results) == [
        "OK",
        "MISSING_ARGUMENT",
        "MALFORMED_ID",
        "INVALID_CROSS_REFERENCE_KEY",
        "ENTITY_IS_DELETED",
    ]
    assert api.read("Lead", known)["Title"] == "Boss"


def test_upsert_creates_updates_and_refuses_a_key_given_twice(api) -> None:
    known = api.lead(HubSpot_Contact_Id__c="1")
    rows = [
        lead(HubSpot_Contact_Id__c="1", LastName="New"),
        lead(HubSpot_Contact_Id__c="2", LastName="L", Company="C"),
        lead(HubSpot_Contact_Id__c="2", LastName="L", Company="C"),
        lead(LastName="L", Company="C"),
        lead(HubSpot_Contact_Id__c="3", id=known),
    ]
    status, results = api.call("PATCH", f"{PATH}/Lead/{KEY}", {"records": rows})
    assert status == 200
    assert codes(results) == ["OK", "OK", "DUPLICATE_VALUE", "MISSING_ARGUMENT", "INVALID_FIELD"]
    assert (results[0]["id"], results[0]["created"], results[1]["created"]) == (known, False, True)


def test_limits_of_rows_and_chunks_are_held(api) -> None:
    _, errors = api.call("POST", PATH, {"records": [good()] * 201})
    text = "record limit reached. cannot submit more than 200 records into this call"
    assert (errors[0]["errorCode"], errors[0]["message"]) == ("EXCEEDED_ID_LIMIT", text)
    mixed = [good(), {"attributes": {"type": "Contact"}, "LastName": "L"}] * 6
    status, errors = api.call("POST", PATH, {"records": mixed})
    assert status == 400
    assert "more than 10 chunks" in errors[0]["message"]
    assert api.call("POST", PATH, {"records": mixed[:10]})[0] == 200


def test_both_reads_keep_the_order_and_say_null_for_what_is_not_visible(api) -> None:
    first, second, gone = api.lead(LastName="A"), api.lead(LastName="B"), api.lead()
    api.call("DELETE", f"sobjects/Lead/{gone}")
    ids = [second, "00Q5f00000zzzzzEAA", gone, first[:15]]
    status, rows = api.call("POST", f"{PATH}/Lead", {"ids": ids, "fields": ["LastName", "Owner.Name"]})
    assert status == 200
    assert [row and row["LastName"] for row in rows] == ["B", None, None, "A"]
    assert rows[0]["Owner"]["Name"] == "Bridge Integration"
    query = f"ids={','.join(ids)}&fields=Id,LastName"
    assert [row and row["Id"] for row in api.call("GET", f"{PATH}/Lead", query=query)[1]] == [second, None, None, first]


def test_a_read_that_names_an_unknown_field_is_refused_as_a_whole(api) -> None:
    status, errors = api.call("POST", f"{PATH}/Lead", {"ids": [api.lead()], "fields": ["Foo"]})
    assert (status, errors[0]["message"]) == (400, "No such column 'Foo' on sobject of type Lead")


def test_delete_takes_ids_of_any_object(api) -> None:
    _, account = api.call("POST", "sobjects/Account", {"Name": "A"})
    known = api.lead()
    _, results = api.call("DELETE", PATH, query=f"ids={known},{account['id']},00Q5f00000zzzzz&allOrNone=false")
    assert codes(results) == ["OK", "OK", "INVALID_CROSS_REFERENCE_KEY"]


def test_a_collection_costs_one_api_call(api, org) -> None:
    before = org.usage.used
    api.call("POST", PATH, {"records": [good(number) for number in range(200)]})
    assert org.usage.used == before + 1


def test_composite_passes_answers_on_and_costs_one_call(api, org) -> None:
    base = "/services/data/v67.0"
    requests = [
        {"method": "POST", "url": f"{base}/sobjects/Account", "referenceId": "A", "body": {"Name": "Acme"}},
        {
            "method": "POST",
            "url": f"{base}/sobjects/Contact",
            "referenceId": "C",
            "body": {"LastName": "Doe", "AccountId": "@{A.id}"},
        },
        {"method": "GET", "url": f"{base}/query?q={quote('SELECT Id FROM Contact')}", "referenceId": "Q"},
        {"method": "GET", "url": f"{base}/sobjects/Account/@{{Q.records[0].Id}}", "referenceId": "X"},
        {"method": "GET", "url": f"{base}/sobjects/Account/@{{C.nothing}}", "referenceId": "N"},
    ]
    before = org.usage.used
    status, body = api.call("POST", "composite", {"compositeRequest": requests})
    replies = {reply["referenceId"]: reply for reply in body["compositeResponse"]}
    assert status == 200
    assert [reply["httpStatusCode"] for reply in replies.values()] == [201, 201, 200, 404, 400]
    assert replies["A"]["httpHeaders"]["Location"] == f"{base}/sobjects/Account/{replies['A']['body']['id']}"
    assert api.read("Contact", replies["C"]["body"]["id"])["AccountId"] == replies["A"]["body"]["id"]
    assert replies["N"]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert org.usage.used == before + 2


def test_an_all_or_none_composite_takes_everything_back(api) -> None:
    base = "/services/data/v67.0/sobjects/Lead"
    requests = [
        {"method": "POST", "url": base, "referenceId": "A", "body": {"LastName": "A", "Company": "C"}},
        {"method": "POST", "url": base, "referenceId": "B", "body": {"LastName": "B"}},
        {"method": "POST", "url": base, "referenceId": "D", "body": {"LastName": "D", "Company": "C"}},
    ]
    _, body = api.call("POST", "composite", {"allOrNone": True, "compositeRequest": requests})
    told = [(reply["referenceId"], reply["body"][0]["errorCode"]) for reply in body["compositeResponse"]]
    assert told == [("A", "PROCESSING_HALTED"), ("B", "REQUIRED_FIELD_MISSING"), ("D", "PROCESSING_HALTED")]
    assert api.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


@pytest.mark.parametrize(
    ("count", "url", "text"),
    [
        (26, "/services/data/v67.0/limits", "no more than 25 subrequests"),
        (6, "/services/data/v67.0/query?q=SELECT+Id+FROM+Lead", "no more than 5 query or collections"),
    ],
)
def test_composite_holds_its_limits(api, count, url, text) -> None:
    requests = [{"method": "GET", "url": url, "referenceId": f"R{number}"} for number in range(count)]
    status, errors = api.call("POST", "composite", {"compositeRequest": requests})
    assert status == 400
    assert text in errors[0]["message"]


def test_headers_of_a_composite_reach_its_subrequests(api, log) -> None:
    request = {
        "method": "POST",
        "url": "/services/data/v67.0/sobjects/Lead",
        "referenceId": "A",
        "body": {"LastName": "A", "Company": "C"},
    }
    api.call("POST", "composite", {"compositeRequest": [request]}, **{"sforce-call-options": "client=bridge"})
    assert log()[-1]["actor"] == "api:bridge"


def test_a_batch_runs_each_call_by_itself(api) -> None:
    requests = [
        {"method": "POST", "url": "v67.0/sobjects/Lead", "richInput": {"LastName": "A"}},
        {"method": "POST", "url": "v67.0/sobjects/Lead", "richInput": {"LastName": "A", "Company": "C"}},
    ]
    _, body = api.call("POST", "composite/batch", {"batchRequests": requests})
    assert (body["hasErrors"], [result["statusCode"] for result in body["results"]]) == (True, [400, 201])
    _, body = api.call("POST", "composite/batch", {"haltOnError": True, "batchRequests": requests})
    assert [result["statusCode"] for result in body["results"]] == [400, 412]


def test_a_tree_plants_children_or_nothing(api) -> None:
    def account(last_name):
        contact = {"attributes": {"type": "Contact", "referenceId": "c1"}, "LastName": last_name}
        return {
            "attributes": {"type": "Account", "referenceId": "a1"},
            "Name": "Acme",
            "Contacts": {"records": [contact]},
        }

    status, body = api.call("POST", "composite/tree/Account", {"records": [account("Doe")]})
    ids = {result["referenceId"]: result["id"] for result in body["results"]}
    assert (status, body["hasErrors"]) == (201, False)
    assert api.read("Contact", ids["c1"])["AccountId"] == ids["a1"]
    status, body = api.call("POST", "composite/tree/Account", {"records": [account(None)]})
    assert (status, body["results"][0]["referenceId"]) == (400, "c1")
    assert api.query("SELECT COUNT() FROM Account")["totalSize"] == 1


def test_uncommitted_rows_leave_no_trace_in_the_log_of_a_failed_act(api, org, log) -> None:
    first, second = api.lead(), api.lead()
    before = len(log())
    with pytest.raises(Exception, match="ENTITY_IS_DELETED"):
        actions.delete(org, ids=[first, second, first])
    assert len(log()) == before
    assert api.read("Lead", second)["IsDeleted"] is False
