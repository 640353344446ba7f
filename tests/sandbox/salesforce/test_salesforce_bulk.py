"""Bulk API 2.0: ingest and query jobs from making to results."""

from __future__ import annotations

import csv
import io

import orjson
import pytest

UPSERT = {"object": "Lead", "operation": "upsert", "externalIdFieldName": "HubSpot_Contact_Id__c"}


def rows(body: bytes):
    return list(csv.DictReader(io.StringIO(body.decode())))


def ingest(api, content: str, **job):
    """Run a job to its end and return it."""
    status, made = api.call("POST", "jobs/ingest", {**UPSERT, **job})
    assert (status, made["state"]) == (200, "Open"), made
    assert made["contentUrl"] == f"services/data/v67.0/jobs/ingest/{made['id']}/batches"
    path = f"jobs/ingest/{made['id']}"
    assert api.raw("PUT", f"{path}/batches", body=content.encode(), **{"content-type": "text/csv"}).status == 201
    assert api.call("PATCH", path, {"state": "UploadComplete"})[1]["state"] == "UploadComplete"
    return api.call("GET", path)[1]


def results(api, job, name):
    return rows(api.raw("GET", f"jobs/ingest/{job['id']}/{name}").body)


def test_a_finished_job_may_hold_failures_and_answers_in_another_order(api) -> None:
    known = api.lead(HubSpot_Contact_Id__c="0")
    content = (
        "HubSpot_Contact_Id__c,LastName,Company,Email\n" + "".join(f"{n},L{n},C,\n" for n in range(60)) + "x,L,C,bad\n"
    )
    job = ingest(api, content)
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 61, 1)
    good = results(api, job, "successfulResults/")
    assert {row["HubSpot_Contact_Id__c"] for row in good} == {str(number) for number in range(60)}
    assert [row["HubSpot_Contact_Id__c"] for row in good] != [str(number) for number in range(60)]
    assert {row["sf__Id"]: row["sf__Created"] for row in good}[known] == "false"
    (failed,) = results(api, job, "failedResults")
    assert failed["sf__Error"] == "INVALID_EMAIL_ADDRESS:Email: invalid email address: bad:Email --"
    assert results(api, job, "UNPROCESSEDrecords/") == []


def test_empty_cells_say_nothing_and_na_clears(api) -> None:
    known = api.lead(HubSpot_Contact_Id__c="1", Title="Boss", Phone="5", Newsletter__c=True)
    ingest(api, "HubSpot_Contact_Id__c,Title,Phone,Newsletter__c\n1,,#N/A,false\n")
    row = api.read("Lead", known)
    assert (row["Title"], row["Phone"], row["Newsletter__c"]) == ("Boss", None, False)


@pytest.mark.parametrize("operation", ["update", "delete", "hardDelete"])
def test_jobs_by_id(api, org, operation) -> None:
    known = api.lead()
    column = ",Title" if operation == "update" else ""
    value = ",Boss" if operation == "update" else ""
    job = ingest(api, f"Id{column}\n{known}{value}\nabc{value}\n", operation=operation)
    assert job["numberRecordsFailed"] == 1
    everything = api.query("SELECT Title, IsDeleted FROM Lead", "queryAll")["records"]
    found = [(row["Title"], row["IsDeleted"]) for row in everything]
    assert found == {"update": [("Boss", False)], "delete": [(None, True)], "hardDelete": []}[operation]
    assert [event.kind for event in org.events][-1] == {
        "update": "updated",
        "delete": "deleted",
        "hardDelete": "hard_deleted",
    }[operation]


def test_a_parent_may_be_named_by_external_id(api) -> None:
    api.call("POST", "sobjects/Account", {"Name": "Acme", "HubSpot_Company_Id__c": "7"})
    job = ingest(api, "LastName,Account.HubSpot_Company_Id__c\nDoe,7\nRoe,8\n", object="Contact", operation="insert")
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (2, 1)
    assert api.query("SELECT Account.Name FROM Contact")["records"][0]["Account"]["Name"] == "Acme"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("A,B\r\n1,2\r\n", "line ending"),
        ("LastName,,Company\na,b,c\n", "Field name is missing"),
    ],
)
def test_a_file_that_cannot_be_read_fails_the_job(api, content, text) -> None:
    job = ingest(api, content)
    assert job["state"] == "Failed"
    assert text in job["errorMessage"]


def test_a_space_beside_a_quote_fails_that_row_only(api) -> None:
    job = ingest(api, 'LastName,Company\n"Ash" ,b\n"Birch","b, c"\n', operation="insert")
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 2, 1)
    assert api.values("SELECT Company FROM Lead", "Company") == ["b, c"]


def test_a_job_takes_time_and_one_upload_and_can_be_aborted(api, org) -> None:
    org.settings.bulk_delay_s = 30
    path = f"jobs/ingest/{api.call('POST', 'jobs/ingest', UPSERT)[1]['id']}"
    assert api.call("PATCH", path, {"state": "UploadComplete"})[0] == 400
    content = b"HubSpot_Contact_Id__c,LastName,Company\n1,L,C\n"
    assert api.raw("PUT", f"{path}/batches", body=content, **{"content-type": "text/csv"}).status == 201
    assert api.raw("PUT", f"{path}/batches", body=content, **{"content-type": "text/csv"}).status == 400
    api.call("PATCH", path, {"state": "UploadComplete"})
    assert api.call("GET", path)[1]["state"] == "InProgress"
    assert api.call("GET", f"{path}/successfulResults")[0] == 400
    assert api.call("DELETE", path)[0] == 400
    org.services.clock.advance(31)
    assert api.call("GET", path)[1]["state"] == "JobComplete"
    assert api.call("PATCH", path, {"state": "Aborted"})[0] == 400
    assert api.call("DELETE", path) == (204, None)
    assert api.call("GET", path)[0] == 404


def test_an_aborted_job_hands_back_what_it_did_not_do(api) -> None:
    path = f"jobs/ingest/{api.call('POST', 'jobs/ingest', UPSERT)[1]['id']}"
    api.raw("PUT", f"{path}/batches", body=b"LastName,Company\nAsh,C\n", **{"content-type": "text/csv"})
    assert api.call("PATCH", path, {"state": "Aborted"})[1]["state"] == "Aborted"
    assert rows(api.raw("GET", f"{path}/unprocessedrecords").body) == [{"LastName": "Ash", "Company": "C"}]


def test_a_job_belongs_to_its_api_version_and_dies_after_a_week(api, org) -> None:
    job = ingest(api, "HubSpot_Contact_Id__c,LastName,Company\n1,L,C\n")
    api.version = 66
    assert api.call("GET", f"jobs/ingest/{job['id']}")[0] == 409
    api.version = 67
    org.services.clock.advance(604_801)
    api.token = api.login()
    assert api.call("GET", f"jobs/ingest/{job['id']}")[0] == 404


def test_job_and_rows_may_come_in_one_multipart_request(api) -> None:
    job = orjson.dumps({**UPSERT, "contentType": "CSV"}).decode()
    body = (
        '--XX\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name="job"\r\n\r\n'
        f"{job}\r\n--XX\r\nContent-Type: text/csv\r\n"
        'Content-Disposition: form-data; name="content"; filename="content"\r\n\r\n'
        "HubSpot_Contact_Id__c,LastName,Company\n1,L,C\n\r\n--XX--\r\n"
    )
    answer = api.raw("POST", "jobs/ingest", body=body.encode(), **{"content-type": "multipart/form-data; boundary=XX"})
    made = orjson.loads(answer.body)
    assert (answer.status, made["state"]) == (200, "UploadComplete")
    assert api.call("GET", f"jobs/ingest/{made['id']}")[1]["numberRecordsProcessed"] == 1


@pytest.mark.parametrize(
    "job",
    [
        {"operation": "explode"},
        {"object": "Dragon"},
        {"externalIdFieldName": "Title"},
        {"lineEnding": "CR"},
        {"contentType": "JSON"},
    ],
)
def test_a_senseless_job_is_refused(api, job) -> None:
    assert api.call("POST", "jobs/ingest", {**UPSERT, **job})[0] == 400


def test_a_query_job_hands_out_pages_by_locator(api, org) -> None:
    org.load("Lead", ({"LastName": f"L{number}", "Company": "C"} for number in range(25)))
    status, job = api.call(
        "POST",
        "jobs/query",
        {"operation": "query", "query": "SELECT Id, LastName, Owner.Name, Title, SystemModstamp FROM Lead"},
    )
    assert (status, job["state"]) == (200, "UploadComplete")
    path = f"jobs/query/{job['id']}"
    assert api.call("DELETE", path)[1][0]["errorCode"] == "API_ERROR"
    told = api.call("GET", path)[1]
    assert (told["state"], told["numberRecordsProcessed"]) == ("JobComplete", 25)
    found, locator = [], ""
    while locator != "null":
        answer = api.raw("GET", f"{path}/results", query=f"maxRecords=10&locator={locator}")
        page, locator = rows(answer.body), answer.headers["Sforce-Locator"]
        assert answer.headers["Sforce-NumberOfRecords"] == str(len(page))
        found += page
    assert [row["LastName"] for row in found] == [f"L{number}" for number in range(25)]
    assert found[0]["Owner.Name"] == "Ada Admin"
    assert (found[0]["Title"], found[0]["SystemModstamp"]) == ("", "2026-11-02T08:15:30.000Z")
    assert api.call("DELETE", path) == (204, None)


@pytest.mark.parametrize(
    "soql", ["SELECT COUNT() FROM Lead", "SELECT Id FROM Lead LIMIT 1 OFFSET 1", "SELECT Address FROM Lead"]
)
def test_a_query_job_refuses_what_bulk_cannot_do(api, soql) -> None:
    status, errors = api.call("POST", "jobs/query", {"operation": "query", "query": soql})
    assert (status, errors[0]["errorCode"]) == (400, "API_ERROR")
