import pytest
import requests

from connector.errors import RateLimited, Transient, Unauthorised
from connector.salesforce.api import Call
from connector.salesforce.faults import Declined
from tests.salesforce.wire import Moving, Wire, api_over

CALL = Call("GET", "limits", "limits")
EXPIRED = (401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}])


def scripted(*answers):
    left = list(answers)

    def answer(_):
        reply = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    return Wire(answer)


def test_a_lasting_401_ends_after_one_new_sign_in():
    wire = scripted(EXPIRED)
    with pytest.raises(Unauthorised, match="INVALID_SESSION_ID"):
        api_over(wire).json(CALL)
    assert (len(wire.requests), len(wire.logins)) == (2, 2)


def test_a_401_for_other_reasons_is_final_after_one_new_sign_in():
    wire = scripted((401, b"This session is not valid for use with the REST API"))
    with pytest.raises(Unauthorised):
        api_over(wire).json(CALL)
    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    "fault",
    [
        (503, b"<html>busy</html>"),
        (502, b""),
        (420, b"<html>no route</html>"),
        (406, b""),
        (500, [{"errorCode": "UNKNOWN_EXCEPTION", "message": "oops"}]),
        (200, b'[{"Id": "00Q'),
        requests.ConnectionError("reset"),
        requests.ReadTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("cut"),
        requests.exceptions.ContentDecodingError("gzip"),
    ],
    ids=str,
)
def test_faults_that_pass_are_tried_again(fault):
    clock, wire = Moving(), scripted(fault, fault, (200, {"ok": True}))
    assert api_over(wire, clock).json(CALL) == {"ok": True}
    assert len(wire.requests) == 3
    assert len(clock.slept) == 2


def test_faults_that_do_not_pass_end_after_some_seconds():
    clock, wire = Moving(), scripted((503, b""))
    with pytest.raises(Transient):
        api_over(wire, clock).json(CALL)
    assert len(wire.requests) == 5
    assert sum(clock.slept) < 20


@pytest.mark.parametrize("strange", [None, [], {"other": 1}, "text"])
def test_an_answer_of_another_shape_is_a_fault_of_the_wire(strange):
    wire = scripted((200, strange), (200, {"records": []}))
    assert api_over(wire).json(Call("GET", "query", "find", expects=("records",))) == {"records": []}
    assert len(wire.requests) == 2


def test_a_refused_call_is_not_repeated():
    wire = scripted((400, [{"errorCode": "MALFORMED_QUERY", "message": "unexpected token"}]))
    with pytest.raises(Declined, match="MALFORMED_QUERY"):
        api_over(wire).json(CALL)
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("query/?q=SELECT%20Id%20FROM%20Lead%20WHERE%20Email%20IN%20%28%27ada%40x.test%27%29", "GET query/ of Lead"),
        (
            "query/?q=SELECT%20Id%2CName%20FROM%20Account%20WHERE%20Name%20%3D%20%27%20FROM%20Ada%27",
            "GET query/ of Account",
        ),
        ("composite/sobjects/Lead", "GET composite/sobjects/Lead"),
    ],
)
def test_a_refused_call_is_named_with_what_to_do_and_without_what_it_asked_for(path, named):
    wire = scripted((400, [{"errorCode": "INVALID_FIELD", "message": "No such column 'X__c' on entity 'Lead'."}]))
    with pytest.raises(Declined) as caught:
        api_over(wire).json(Call("GET", path, "find"))
    words = str(caught.value)
    assert words.startswith(
        f"Salesforce declines find ({named}): 400 INVALID_FIELD No such column 'X__c' on entity 'Lead'; "
    )
    assert "let the user see and edit it, or take it out of the mapping. Nothing is lost" in words
    assert "ada" not in words.lower()


def test_a_spent_quota_is_raised_at_once_with_the_moment_to_come_back():
    wire = scripted((403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]))
    api = api_over(wire)
    with pytest.raises(RateLimited) as caught:
        api.json(CALL)
    assert (caught.value.until - api.traffic.clock.now()).total_seconds() == 900
    assert len(wire.requests) == 1
    assert api.traffic.meter.usage().throttled == 1


@pytest.mark.parametrize(
    "told",
    [
        "api-usage=25/5000",
        "api-usage=25/5000; per-app-api-usage=17/250(appName=sample-app)",
        "per-app-api-usage=17/250(appName=sample-app); api-usage=25/5000",
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_the_day_s_usage_is_read_from_every_answer_whatever_stands_around_it(told, status):
    wire = scripted((status, [{"errorCode": "INVALID_TYPE", "message": ""}], {"Sforce-Limit-Info": told}))
    api = api_over(wire)
    try:
        api.json(CALL)
    except Declined:
        assert status == 400
    usage = api.traffic.meter.usage()
    assert (usage.daily_used, usage.daily_limit, usage.calls) == (25, 5000, 1)


def test_salesforce_tells_its_own_time():
    body, at = api_over(scripted((200, {}))).dated(CALL)
    assert body == {}
    assert at.isoformat() == "2026-11-02T08:15:30+00:00"


def test_an_empty_body_is_none():
    assert api_over(scripted((204, b""))).json(CALL) is None
