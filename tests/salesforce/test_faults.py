"""Every documented code goes through the one table, as a whole call and as a row (Salesforce fact sheet 1.8)."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from connector.errors import RateLimited, Transient, Unauthorised
from connector.salesforce.faults import (
    VERDICTS,
    Declined,
    Fault,
    Verdict,
    bulk_fault,
    faults_of,
    raised,
    read_body,
)

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)

DOCUMENTED = [
    (401, "INVALID_SESSION_ID", Unauthorised, Verdict.SESSION),
    (401, "INVALID_AUTH_HEADER", Unauthorised, Verdict.FORBIDDEN),
    (403, "REQUEST_LIMIT_EXCEEDED", RateLimited, Verdict.LIMITED),
    (403, "API_DISABLED_FOR_ORG", Unauthorised, Verdict.FORBIDDEN),
    (403, "API_CURRENTLY_DISABLED", Unauthorised, Verdict.FORBIDDEN),
    (403, "INSUFFICIENT_ACCESS", Unauthorised, Verdict.FORBIDDEN),
    (403, "TXN_SECURITY_NO_ACCESS", Unauthorised, Verdict.FORBIDDEN),
    (403, "TXN_SECURITY_METERING_ERROR", Unauthorised, Verdict.FORBIDDEN),
    (404, "NOT_FOUND", Declined, Verdict.ABSENT),
    (404, "ENTITY_IS_DELETED", Declined, Verdict.ABSENT),
    (400, "ENTITY_IS_DELETED", Declined, Verdict.ABSENT),
    (400, "CANNOT_UPDATE_CONVERTED_LEAD", Declined, Verdict.ABSENT),
    (400, "REQUIRED_FIELD_MISSING", Declined, Verdict.REJECTED),
    (400, "DUPLICATE_VALUE", Declined, Verdict.EXISTS),
    (400, "DUPLICATES_DETECTED", Declined, Verdict.EXISTS),
    (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", Declined, Verdict.REJECTED),
    (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", Declined, Verdict.REJECTED),
    (400, "STRING_TOO_LONG", Declined, Verdict.REJECTED),
    (400, "INVALID_EMAIL_ADDRESS", Declined, Verdict.REJECTED),
    (400, "FIELD_INTEGRITY_EXCEPTION", Declined, Verdict.REJECTED),
    (400, "INVALID_FIELD", Declined, Verdict.REJECTED),
    (400, "INVALID_FIELD_FOR_INSERT_UPDATE", Declined, Verdict.REJECTED),
    (400, "INVALID_TYPE", Declined, Verdict.REJECTED),
    (400, "INVALID_CROSS_REFERENCE_KEY", Declined, Verdict.REJECTED),
    (400, "MALFORMED_ID", Declined, Verdict.REJECTED),
    (400, "MALFORMED_QUERY", Declined, Verdict.REJECTED),
    (400, "QUERY_TIMEOUT", Transient, Verdict.RETRY),
    (400, "QUERY_TOO_COMPLICATED", Declined, Verdict.REJECTED),
    (400, "INVALID_QUERY_LOCATOR", Declined, Verdict.REJECTED),
    (400, "EXCEEDED_ID_LIMIT", Declined, Verdict.REJECTED),
    (400, "JSON_PARSER_ERROR", Declined, Verdict.REJECTED),
    (400, "UNABLE_TO_LOCK_ROW", Transient, Verdict.RETRY),
    (400, "INSUFFICIENT_ACCESS_OR_READONLY", Declined, Verdict.REJECTED),
    (400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", Declined, Verdict.REJECTED),
    (400, "INACTIVE_OWNER_OR_USER", Declined, Verdict.REJECTED),
    (400, "STORAGE_LIMIT_EXCEEDED", Declined, Verdict.REJECTED),
    (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", Declined, Verdict.REJECTED),
    (400, "ALL_OR_NONE_OPERATION_ROLLED_BACK", Transient, Verdict.RETRY),
    (400, "PROCESSING_HALTED", Transient, Verdict.RETRY),
    (500, "UNKNOWN_EXCEPTION", Transient, Verdict.RETRY),
    (503, "SERVER_UNAVAILABLE", Transient, Verdict.RETRY),
    (420, "SERVER_UNAVAILABLE", Transient, Verdict.RETRY),
    (400, "SOMETHING_NEW_IN_SPRING", Declined, Verdict.REJECTED),
    (403, "SOMETHING_NEW_IN_SPRING", Unauthorised, Verdict.REJECTED),
    (500, "SOMETHING_NEW_IN_SPRING", Transient, Verdict.REJECTED),
]


@pytest.mark.parametrize(("status", "code", "error", "verdict"), DOCUMENTED, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("spelling", ["errorCode", "statusCode"])
def test_every_documented_code_has_its_meaning(status, code, error, verdict, spelling):
    (fault,) = faults_of([{"message": "text", spelling: code, "fields": ["Email"]}])
    assert fault.verdict is verdict
    assert type(raised(status, (fault,), NOW)) is error


def test_every_code_of_the_table_is_fed_by_the_test_or_is_a_row_code():
    fed = {code for _, code, _, _ in DOCUMENTED}
    rows_only = {
        "DUPLICATE_EXTERNAL_ID",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "FIELD_FILTER_VALIDATION_EXCEPTION",
        "MISSING_ARGUMENT",
        "CANNOT_EXECUTE_FLOW_TRIGGER",
        "DELETE_FAILED",
        "UNSUPPORTED_API_VERSION",
    }
    assert set(VERDICTS) - fed == rows_only


def test_every_rejection_tells_what_a_person_can_do():
    silent = [
        code
        for code, (verdict, hint) in VERDICTS.items()
        if verdict in (Verdict.REJECTED, Verdict.FORBIDDEN) and not hint
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        ("TotalRequests Limit exceeded.", timedelta(minutes=15)),
        ("ConcurrentRequests (Concurrent API Requests) Limit exceeded.", timedelta(minutes=1)),
    ],
)
def test_a_spent_day_pauses_longer_than_a_crowded_moment(text, pause):
    error = raised(403, faults_of([{"message": text, "errorCode": "REQUEST_LIMIT_EXCEEDED"}]), NOW)
    assert isinstance(error, RateLimited)
    assert error.until == NOW + pause


@pytest.mark.parametrize("status", [406, 420, 429, 500, 502, 503])
@pytest.mark.parametrize("content", [b"", b"<html>Service Unavailable</html>"])
def test_pages_and_silence_of_the_edge_pass(status, content):
    found = faults_of(read_body(content))
    assert found == ()
    assert type(raised(status, found, NOW)) is Transient


@pytest.mark.parametrize("content", [b"", b"<html>Forbidden</html>"])
def test_a_forbidding_page_needs_a_person(content):
    assert type(raised(401, faults_of(read_body(content)), NOW)) is Unauthorised
    assert type(raised(403, faults_of(read_body(content)), NOW)) is Unauthorised


@pytest.mark.parametrize("status", [300, 302, 400, 404, 405, 409, 410, 412, 414, 415, 428, 431])
def test_a_status_without_words_is_declined_and_never_repeated(status):
    error = raised(status, (), NOW)
    assert isinstance(error, Declined)
    assert error.code == f"HTTP_{status}"


def test_a_bare_object_is_an_error_too():
    (fault,) = faults_of({"message": "no", "errorCode": "INVALID_FIELD"})
    assert fault.code == "INVALID_FIELD"


def test_an_oauth_error_is_read():
    (fault,) = faults_of({"error": "invalid_grant", "error_description": "authentication failure"})
    assert (fault.code, fault.message) == ("invalid_grant", "authentication failure")


def test_a_unique_value_names_its_holder_by_the_long_id_and_the_field():
    text = "duplicate value found: HubSpot_Id__c duplicates value on record with id: 00Q5f000005bwLF"
    (fault,) = faults_of([{"message": text, "statusCode": "DUPLICATE_VALUE", "fields": []}])
    assert fault.matches == ("00Q5f000005bwLFEAY",)
    assert fault.fields == ("HubSpot_Id__c",)


@pytest.mark.parametrize("key", ["duplicateResut", "duplicateResult"])
def test_a_duplicate_rule_names_its_matches_in_either_spelling(key):
    records = [{"record": {"Id": "00Q5f000005bwLFEAY"}}, {"record": {"Id": "0035f000005bwLFEAY"}}, {"record": None}]
    found = {"matchResults": [{"matchRecords": records}, {"matchRecords": records[:1]}]}
    (fault,) = faults_of([{"message": "Use one of these", "errorCode": "DUPLICATES_DETECTED", key: found}])
    assert fault.matches == ("00Q5f000005bwLFEAY", "0035f000005bwLFEAY")


def test_a_bulk_row_is_read_with_its_field():
    fault = bulk_fault("INVALID_EMAIL_ADDRESS:Email: invalid email address: 123:Email --")
    assert (fault.code, fault.message, fault.fields) == (
        "INVALID_EMAIL_ADDRESS",
        "Email: invalid email address: 123",
        ("Email",),
    )


def test_a_bulk_row_without_a_field_is_read():
    fault = bulk_fault("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--")
    assert (fault.code, fault.fields, fault.verdict) == ("UNABLE_TO_LOCK_ROW", (), Verdict.RETRY)


def test_no_address_and_no_query_leaves_in_a_message():
    text = "\nWHERE Email IN ('ada@example.test')\n^\nERROR at Row:1:Column:7\nNo such column 'X' on entity 'Lead'"
    body = json.dumps([{"message": text, "errorCode": "INVALID_FIELD"}]).encode()
    error = raised(400, faults_of(read_body(body)), NOW)
    assert "ada" not in str(error)
    assert "No such column 'X'" in str(error)
    (fault,) = faults_of([{"message": "who is bob@example.test or not", "errorCode": "X"}])
    assert fault.message == "who is (address) or not"


def test_a_rejection_names_each_field():
    fault = Fault("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName, Company]", ("LastName", "Company"))
    assert [reason.field for reason in fault.rejections()] == ["LastName", "Company"]
