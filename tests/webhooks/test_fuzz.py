"""Whatever is sent to the application, by strangers or by friends: never a 5xx, and only the authentic stays.

Requests reach the application as a server hands them on: any method, path, header and body, chunked or not.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import run_wsgi_app

from connector.storage import inbox
from tests.webhooks.doorstep import EVENT, LEAD, ORG_18, OUTBOUND_SECRET, Doorstep, message

SHARED = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PATHS = st.sampled_from(
    [
        "/webhooks/hubspot",
        "/webhooks/salesforce/events",
        f"/webhooks/salesforce/outbound/{OUTBOUND_SECRET}x",
        "/webhooks/salesforce/outbound/",
        "/health",
        "/ready",
        "/metrics",
        "//webhooks/hubspot",
        "/webhooks/hubspot/",
        "/..%2f",
    ]
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"])
LATIN = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=20)
NAMES = st.sampled_from(
    [
        "CONTENT_TYPE",
        "CONTENT_LENGTH",
        "HTTP_CONTENT_ENCODING",
        "HTTP_TRANSFER_ENCODING",
        "HTTP_HOST",
        "HTTP_X_FORWARDED_HOST",
        "HTTP_X_FORWARDED_PROTO",
        "HTTP_AUTHORIZATION",
        "HTTP_COOKIE",
        "HTTP_X_REQUEST_ID",
        "HTTP_X_HUBSPOT_SIGNATURE",
        "HTTP_X_HUBSPOT_SIGNATURE_VERSION",
        "HTTP_X_HUBSPOT_SIGNATURE_V3",
        "HTTP_X_HUBSPOT_REQUEST_TIMESTAMP",
        "HTTP_X_SMARKETING_SIGNATURE",
        "HTTP_X_SMARKETING_TIMESTAMP",
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_RANGE",
    ]
)
USUAL = st.sampled_from(
    ["application/json", "text/xml", "chunked", "gzip", "-1", "9" * 30, "1793607330000", "v1", "v3"]
)
BODIES = st.binary(max_size=100) | st.sampled_from([b"[]", b"{}", message(), orjson.dumps([EVENT])])


def environ(path: str, method: str, headers: dict[str, str], body: bytes, raw: str) -> dict[str, Any]:
    """What a WSGI server hands to the application."""
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "RAW_URI": raw,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **headers,
    }


def knocks() -> st.SearchStrategy[dict[str, Any]]:
    paths, headers = PATHS | LATIN.map(lambda text: "/" + text), st.dictionaries(NAMES, USUAL | LATIN)
    return st.builds(environ, paths, METHODS, headers, BODIES, LATIN)


@SHARED
@given(knocks())
def test_a_stranger_is_told_so_and_leaves_nothing(doorstep: Doorstep, knock: dict[str, Any]):
    path, method = knock["PATH_INFO"], knock["REQUEST_METHOD"]
    _, status, answered = run_wsgi_app(doorstep.app, knock)
    code = int(status.split()[0])
    assert code in (200, 400, 401, 404, 405, 413, 415), status
    assert answered["X-Request-Id"]
    assert code != 200 or method == "OPTIONS" or path in ("/health", "/ready", "/metrics")
    assert doorstep.stored() == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=10,
)


@SHARED
@given(BODIES | JSON.map(orjson.dumps), st.sampled_from(["hubspot", "outbound", "events"]))
def test_who_knows_the_secret_is_answered_and_stored_whole_or_told_what_is_wrong(
    doorstep: Doorstep, body: bytes, source: str
):
    answer = getattr(doorstep, source)(body)
    stored = doorstep.stored()
    assert answer.status_code in (200, 400)
    assert [row.post.body for row in stored] == ([body] if answer.status_code == 200 else [])
    with doorstep.database.begin() as conn:
        inbox.done(conn, [row.id for row in stored])


@SHARED
@given(st.text(max_size=40), st.sampled_from(["Lead", "Contact", ""]), st.text(max_size=20))
def test_events_of_a_flow_of_any_shape_are_stored_or_refused(
    doorstep: Doorstep, organization: str, obj: str, record_id: str
):
    body = orjson.dumps({"organization": organization, "records": [{"object": obj, "id": record_id}]})
    answer = doorstep.events(body)
    assert answer.status_code == (200 if organization in (ORG_18, ORG_18[:15]) else 401)


@pytest.mark.parametrize("number", [2**63, 2**64, 10**400, -(10**400)])
def test_a_number_too_large_for_any_machine_is_a_body_like_any_other(doorstep: Doorstep, number: int):
    for body in (f'[{{"subscriptionType":"contact.creation","objectId":{number}}}]', f"[{number}]"):
        assert doorstep.hubspot(body.encode()).status_code in (200, 400)
    assert doorstep.events(f'{{"records":[{{"object":"Lead","id":{number}}}],"x":"{LEAD}"}}'.encode()).status_code in (
        200,
        400,
    )
