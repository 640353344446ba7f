"""Random payloads and queries: whatever comes in, the org answers like Salesforce and never falls over."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.sandbox.exchange import Request
from connector.sandbox.salesforce import Org, actions
from connector.sandbox.services import Services

BY_KEY = "sobjects/Lead/HubSpot_Contact_Id__c"
START = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)

_SCALARS = st.none() | st.booleans() | st.integers(-5, 5)
_TEXTS = st.sampled_from(
    ["", "x", "Lead", "Contact", "00Q5f0000000001EAA", "@{A.id}", "upsert", "query", "SELECT Id FROM Lead", "POST"]
)
_URLS = st.sampled_from(
    ["", "/services/data/v67.0/sobjects/Lead", "v67.0/query?q=x", "/services/data/v67.0/composite/sobjects"]
)
_NAMES = st.sampled_from(
    [
        "attributes",
        "type",
        "referenceId",
        "id",
        "Id",
        "LastName",
        "Company",
        "Account",
        "Owner",
        "OwnerId",
        "Email",
        "Contacts",
        "records",
    ]
)
_ANY = st.recursive(
    _SCALARS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=5,
)
_ROWS = st.dictionaries(_NAMES, _ANY, max_size=4) | st.fixed_dictionaries(
    {"attributes": st.just({"type": "Lead"}), "LastName": _ANY, "Account": _ANY}
)
_CALLS = st.fixed_dictionaries(
    {},
    optional={
        "method": _TEXTS | _ANY,
        "url": _URLS | _ANY,
        "referenceId": st.sampled_from("AB") | _ANY,
        "body": _ROWS | _ANY,
        "httpHeaders": _ANY,
        "richInput": _ANY,
    },
)
_SETTINGS = st.sampled_from(["type", "length", "valueSet", "label", "scale"])
_JSON = _ANY | st.fixed_dictionaries(
    {},
    optional={
        "records": st.lists(_ROWS, max_size=3) | _ANY,
        "allOrNone": _ANY,
        "ids": st.lists(_TEXTS) | _ANY,
        "fields": st.lists(_TEXTS | st.sampled_from(["Id", "Owner.Name", "a.b.c"])) | _ANY,
        "compositeRequest": st.lists(_CALLS, max_size=3) | _ANY,
        "batchRequests": st.lists(_CALLS, max_size=3) | _ANY,
        "haltOnError": _ANY,
        "object": _TEXTS | _ANY,
        "operation": _TEXTS | _ANY,
        "query": _TEXTS | _ANY,
        "externalIdFieldName": st.just("HubSpot_Contact_Id__c") | _ANY,
        "lineEnding": _ANY,
        "assignmentRuleId": _ANY,
        "FullName": st.just("Lead.X__c") | _ANY,
        "Metadata": st.dictionaries(_SETTINGS, _ANY | st.sampled_from(["Text", "Number", "Picklist"])) | _ANY,
    },
)
_PATHS = st.sampled_from(
    [
        "sobjects/Lead",
        "sobjects/Lead/00Q5f0000000001EAA",
        "sobjects/Contact",
        BY_KEY + "/1",
        "composite",
        "composite/batch",
        "composite/tree/Account",
        "composite/sobjects",
        "composite/sobjects/Lead",
        "composite/sobjects/Lead/HubSpot_Contact_Id__c",
        "jobs/ingest",
        "jobs/query",
        "tooling/sobjects/CustomField",
        "query",
        "sobjects/Lead/updated",
        "recent",
        "jobs/x",
        "composite/x",
    ]
)


@pytest.fixture(scope="module")
def battered() -> tuple[Org, str]:
    org = Org(Services.of(1, lambda: START))
    actions.create(org, "Lead", {"LastName": "A", "Company": "C"})
    return org, org.sessions.open(org.bridge_user, START.timestamp())


@settings(max_examples=400, deadline=None)
@given(method=st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT"]), path=_PATHS, payload=_JSON)
def test_no_payload_however_odd_brings_the_org_down(
    battered: tuple[Org, str], method: str, path: str, payload: object
) -> None:
    org, token = battered
    headers = {"authorization": f"Bearer {token}"}
    answer = org.handle(Request(method, f"/services/data/v67.0/{path}", "", headers, orjson.dumps(payload)))
    assert 200 <= answer.status < 500


_SOQL_WORDS = st.sampled_from(
    [
        "SELECT",
        "FROM",
        "WHERE",
        "AND",
        "OR",
        "NOT",
        "IN",
        "LIKE",
        "ORDER",
        "BY",
        "LIMIT",
        "OFFSET",
        "NULLS",
        "LAST",
        "Id",
        "Lead",
        "Owner.Name",
        "COUNT",
        "(",
        ")",
        ",",
        "=",
        "!=",
        ">",
        "'x'",
        "'00Q5f0000000001EAA'",
        "5",
        "null",
        "true",
        "TODAY",
        ":",
        "2026-11-02",
        "LAST_N_DAYS",
        "INCLUDES",
        "FIELDS",
        "ALL",
        "Email",
        "Interests__c",
        "SystemModstamp",
        "2026-11-02T08:15:30Z",
        "%",
        "\\",
    ]
)


@settings(max_examples=300, deadline=None)
@given(words=st.lists(_SOQL_WORDS, max_size=8))
def test_no_query_however_odd_brings_the_org_down(battered: tuple[Org, str], words: list[str]) -> None:
    org, token = battered
    for text in (
        " ".join(words),
        "SELECT Id FROM Lead WHERE " + " ".join(words),
        "SELECT Id FROM Lead ORDER BY " + " ".join(words),
    ):
        headers = {"authorization": f"Bearer {token}"}
        answer = org.handle(Request("GET", "/services/data/v67.0/query", f"q={quote(text)}", headers))
        assert answer.status in {200, 400}
