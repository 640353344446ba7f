"""simple-salesforce, unmodified, over HTTP: what works against Salesforce works here."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from simple_salesforce import Salesforce, SalesforceExpiredSession, format_soql
from simple_salesforce.exceptions import (
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

from connector.sandbox.process import Plan, serve_in_thread
from connector.sandbox.salesforce import actions


class Redirected(requests.Session):
    """Sends every call to the sandbox, whatever host it was meant for."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target

    def request(self, method, url, **options):
        parts = urlsplit(url)
        return super().request(
            method, self.target + urlunsplit(("", "", parts.path, parts.query, "")), timeout=10, **options
        )


@pytest.fixture(scope="module")
def running():
    with serve_in_thread(lambda: datetime.now(UTC), Plan(deliver=False)) as served:
        yield served


@pytest.fixture
def sf(running) -> Salesforce:
    return Salesforce(
        consumer_key="sandbox-consumer-key",
        consumer_secret="sandbox-consumer-secret",
        domain="acme.my",
        session=Redirected(running.salesforce_url),
        version="67.0",
    )


def test_a_lead_lives_its_life(sf) -> None:
    made = sf.Lead.create({"LastName": "Life", "Company": "Acme", "Email": "life@x.example"})
    assert made["success"] is True
    assert sf.Lead.update(made["id"], {"Title": "Boss"}) == 204
    assert sf.Lead.get(made["id"])["Title"] == "Boss"
    assert sf.Lead.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound, match="entity is deleted"):
        sf.Lead.get(made["id"])


def test_upsert_answers_with_its_status(sf) -> None:
    values = {"LastName": "Up", "Company": "Acme"}
    assert sf.Lead.upsert("HubSpot_Contact_Id__c/up1", values) == 201
    assert sf.Lead.upsert("HubSpot_Contact_Id__c/up1", values) == 200
    assert sf.Lead.get_by_custom_id("HubSpot_Contact_Id__c", "up1")["LastName"] == "Up"


def test_refusals_become_the_clients_exceptions(sf) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.Lead.create({"LastName": "x"})
    assert refused.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    for _ in range(2):
        sf.Lead.create({"LastName": "Twin", "Company": "A", "Email": "twin@x.example"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Lead.upsert("Email/twin@x.example", {"Title": "x"})


def test_query_all_follows_the_pages(sf, running) -> None:
    org = running.world.salesforce
    org.load("Contact", ({"LastName": f"Page {number}"} for number in range(2500)))
    soql = format_soql("SELECT Id, LastName FROM Contact WHERE LastName LIKE '{:like}%' ORDER BY Id", "Page ")
    assert sf.query(soql)["done"] is False
    found = sf.query_all(soql)
    assert (found["totalSize"], len(found["records"])) == (2500, 2500)
    assert len(list(sf.query_all_iter(soql))) == 2500
    assert sf.api_usage["api-usage"].used == org.usage.used


def test_describe_limits_and_restful_work(sf) -> None:
    assert sf.describe()["maxBatchSize"] == 200
    assert sf.Lead.describe()["name"] == "Lead"
    assert sf.limits()["DailyApiRequests"]["Max"] == 100_000
    records = [{"attributes": {"type": "Lead"}, "HubSpot_Contact_Id__c": "c1", "LastName": "C", "Company": "A"}]
    body = {"allOrNone": False, "records": records}
    (result,) = sf.restful("composite/sobjects/Lead/HubSpot_Contact_Id__c", method="PATCH", json=body)
    assert (result["success"], result["created"]) == (True, True)
    start, end = datetime(2026, 11, 2, tzinfo=UTC), datetime.now(UTC)
    assert "ids" in sf.Lead.updated(max(start, end.replace(hour=0, minute=0)), end.replace(year=end.year + 1))


def test_bulk2_upserts_and_queries(sf) -> None:
    records = [
        {"HubSpot_Contact_Id__c": f"b{number}", "LastName": f"Bulk {number}", "Company": "B"} for number in range(50)
    ]
    (done,) = sf.bulk2.Lead.upsert(records=records, external_id_field="HubSpot_Contact_Id__c", wait=1)
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (50, 0)
    assert sf.bulk2.Lead.get_successful_records(done["job_id"]).count("\n") == 51
    (page,) = sf.bulk2.Lead.query("SELECT Id, LastName FROM Lead WHERE LastName LIKE 'Bulk %'")
    assert page.count("Bulk") == 50


def test_an_expired_session_is_renewed_by_the_client(sf, running) -> None:
    actions.expire_sessions(running.world.salesforce)
    assert sf.query("SELECT COUNT() FROM Lead")["done"] is True


def test_a_session_that_cannot_be_renewed_is_reported(running) -> None:
    lonely = Salesforce(
        instance="acme.my.salesforce.com",
        session_id="00Dx!y",
        session=Redirected(running.salesforce_url),
        version="67.0",
    )
    with pytest.raises(SalesforceExpiredSession, match="Session expired or invalid"):
        lonely.query("SELECT Id FROM Lead")


def test_tooling_makes_a_field(sf) -> None:
    field = {
        "FullName": "Contact.Shoe_Size__c",
        "Metadata": {"label": "Shoe", "type": "Number", "precision": 3, "scale": 1},
    }
    assert sf.toolingexecute("sobjects/CustomField", method="POST", data=field)["success"] is True
