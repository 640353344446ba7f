"""Credentials, scopes, quotas and OAuth."""

from urllib.parse import urlencode

import pytest

from connector.sandbox.hubspot.settings import (
    AUTHORIZATION_CODE,
    CLIENT_ID,
    CLIENT_SECRET,
    LIMITED_TOKEN,
    REFRESH_TOKEN,
)

CONTACTS = "/crm/v3/objects/contacts"
APP = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


def form(call, path, **fields):
    return call("POST", path, urlencode(fields).encode())


def test_a_call_without_credentials_is_told_so(portal, caller):
    answer = caller(portal, "")("GET", CONTACTS, status=401)
    assert answer.json["category"] == "INVALID_AUTHENTICATION"
    assert answer.json["message"].startswith("Authentication credentials not found.")
    assert answer.headers["x-hubspot-correlation-id"] == answer.json["correlationId"]


def test_a_token_that_is_none_reads_as_expired_since_1970(portal, caller):
    answer = caller(portal, "nonsense")("GET", CONTACTS, status=401).json
    assert answer["category"] == "EXPIRED_AUTHENTICATION"
    assert answer["context"] == {"expire time": ["1970-01-01T00:00:00Z"]}
    assert "20780 day(s) ago" in answer["message"]


def test_a_missing_scope_names_the_ones_that_would_do(portal, caller):
    limited = caller(portal, LIMITED_TOKEN)
    limited("GET", CONTACTS, status=200)
    answer = limited("POST", "/crm/v3/properties/contacts", {}, status=403).json
    assert answer["category"] == "MISSING_SCOPES"
    assert answer["errors"][0]["context"]["requiredGranularScopes"] == ["crm.schemas.contacts.write"]
    limited("GET", "/crm/v3/objects/deals", status=403)
    limited("GET", "/crm/v3/owners", status=403)


def test_the_rolling_window_refuses_and_forgets(call, portal, clock):
    portal.state.services.settings.quotas_enforced = True
    portal.settings.burst_per_10_s = 3
    for left in (2, 1, 0):
        answer = call("GET", CONTACTS, status=200)
        assert answer.headers["X-HubSpot-RateLimit-Remaining"] == str(left)
        clock.sleep(1)
    assert answer.headers["X-HubSpot-RateLimit-Max"] == "3"
    assert answer.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    refused = call("GET", CONTACTS, status=429)
    assert refused.json["policyName"] == "TEN_SECONDLY_ROLLING"
    assert refused.json["errorType"] == "RATE_LIMIT"
    assert "Retry-After" not in refused.headers
    clock.sleep(7)
    call("GET", CONTACTS, status=200)
    call("GET", CONTACTS, status=429)


def test_search_has_a_quota_of_its_own_for_the_whole_portal_and_no_headers(call, portal, caller, clock):
    portal.state.services.settings.quotas_enforced = True
    other = caller(portal, LIMITED_TOKEN)
    for _ in range(4):
        assert not any("RateLimit" in name for name in call("POST", f"{CONTACTS}/search", {}, status=200).headers)
    other("POST", f"{CONTACTS}/search", {}, status=200)
    refused = call("POST", f"{CONTACTS}/search", {}, status=429)
    assert refused.json["policyName"] == "SECONDLY"
    assert not any("RateLimit" in name for name in refused.headers)
    call("GET", CONTACTS, status=200)
    clock.sleep(1)
    call("POST", f"{CONTACTS}/search", {}, status=200)


def test_the_day_ends_at_midnight_in_the_time_zone_of_the_portal(call, portal, clock):
    portal.state.services.settings.quotas_enforced = True
    portal.settings.daily_max = 2
    call("GET", CONTACTS, status=200)
    usage = call("GET", "/account-info/v3/api-usage/daily/private-apps", status=200).json["results"][0]
    assert (usage["usageLimit"], usage["currentUsage"]) == (2, 2)
    assert usage["resetsAt"] == "2026-11-24T05:00:00Z"
    assert call("GET", CONTACTS, status=429).json["policyName"] == "DAILY"
    clock.sleep(16.9 * 3600)
    call("GET", CONTACTS, status=429)
    clock.sleep(0.2 * 3600)
    assert call("GET", CONTACTS, status=200).headers["X-HubSpot-RateLimit-Daily-Remaining"] == "1"


def test_association_calls_have_a_window_of_their_own(call, portal):
    portal.state.services.settings.quotas_enforced = True
    portal.settings.burst_per_10_s = 1
    call("GET", "/crm/v4/associations/contacts/companies/labels", status=200)
    call("GET", CONTACTS, status=200)
    call("GET", CONTACTS, status=429)
    call("GET", "/crm/v4/associations/contacts/companies/labels", status=200)


@pytest.mark.parametrize("path", ["/oauth/v1/token", "/oauth/v3/token", "/oauth/2026-03/token"])
def test_a_refresh_token_buys_half_an_hour(call, portal, caller, clock, path):
    answer = form(call, path, grant_type="refresh_token", refresh_token=REFRESH_TOKEN, **APP)
    assert answer.status == 200
    assert answer.json["refresh_token"] == REFRESH_TOKEN
    assert (answer.json["expires_in"], answer.json["hub_id"]) == (1800, 1_234_567)
    app = caller(portal, answer.json["access_token"])
    headers = app("GET", CONTACTS, status=200).headers
    assert headers["X-HubSpot-RateLimit-Max"] == "110"
    assert not any("Daily" in name for name in headers)
    clock.sleep(1875)
    expired = app("GET", CONTACTS, status=401).json
    assert expired["message"] == "The OAuth token used to make this call expired 75 second(s) ago."
    assert expired["context"] == {"expire time": ["2026-11-23T12:30:00Z"]}


def test_a_wrong_refresh_token_is_terminal(call):
    answer = form(call, "/oauth/v3/token", grant_type="refresh_token", refresh_token="wrong", **APP)
    assert answer.status == 400
    assert answer.json["error"] == "invalid_grant"
    assert answer.json["status"] == "BAD_REFRESH_TOKEN"


def test_a_wrong_secret_buys_nothing(call):
    fields = {**APP, "client_secret": "wrong", "grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN}
    assert form(call, "/oauth/v3/token", **fields).status == 400


def test_tokens_can_be_examined_and_revoked(call):
    assert form(call, "/oauth/v3/token/introspect", refresh_token=REFRESH_TOKEN, **APP).json["active"] is True
    granted = form(call, "/oauth/v3/token", grant_type="refresh_token", refresh_token=REFRESH_TOKEN, **APP).json
    token = granted["access_token"]
    examined = form(call, "/oauth/2026-03/token/introspect", access_token=token, **APP).json
    assert (examined["active"], examined["app_id"], examined["expires_in"]) == (True, 7_906_214, 1800)
    assert call("GET", f"/oauth/v1/access-tokens/{token}", status=200).json["hub_id"] == 1_234_567
    form(call, "/oauth/2026-03/token/revoke", token=token, **APP)
    assert form(call, "/oauth/v3/token/introspect", access_token=token, **APP).json == {"active": False}


def test_a_private_app_can_ask_what_it_may_do(call):
    body = {"tokenKey": LIMITED_TOKEN}
    answer = call("POST", "/oauth/v2/private-apps/get/access-token-info", body, status=200).json
    assert answer["hubId"] == 1_234_567
    assert "crm.objects.contacts.write" in answer["scopes"]


def test_the_account_says_who_it_is(call):
    details = call("GET", "/account-info/v3/details", status=200).json
    assert (details["portalId"], details["timeZone"]) == (1_234_567, "US/Eastern")
    assert (details["utcOffset"], details["utcOffsetMilliseconds"]) == ("-05:00", -18_000_000)


def test_an_authorization_code_installs_the_app(call):
    fields = {**APP, "grant_type": "authorization_code", "redirect_uri": "https://bridge.example/callback"}
    assert form(call, "/oauth/v3/token", code="wrong", **fields).json["status"] == "BAD_AUTH_CODE"
    assert form(call, "/oauth/v3/token", code=AUTHORIZATION_CODE, **fields).json["refresh_token"] == REFRESH_TOKEN
    assert form(call, "/oauth/v3/token", grant_type="magic", **APP).status == 400
    assert form(call, "/oauth/v3/token", grant_type="magic", client_id="x").json["error"] == "invalid_client"


def test_an_uninstalled_app_cannot_refresh(call):
    path = f"/oauth/v1/refresh-tokens/{REFRESH_TOKEN}"
    assert call("GET", path, status=200).json["client_id"] == CLIENT_ID
    call("DELETE", path, status=204)
    assert call("GET", path, status=400).json["status"] == "BAD_REFRESH_TOKEN"
    answer = form(call, "/oauth/v1/token", grant_type="refresh_token", refresh_token=REFRESH_TOKEN, **APP)
    assert answer.json["status"] == "BAD_REFRESH_TOKEN"
    call("GET", "/oauth/v1/access-tokens/nothing", status=404)
    call("POST", "/oauth/v2/private-apps/get/access-token-info", {}, status=400)
    call("POST", "/oauth/v2/private-apps/get/access-token-info", {"tokenKey": "x"}, status=404)


def test_a_retry_after_is_sent_where_the_portal_is_set_so(call, portal):
    portal.state.services.settings.quotas_enforced = True
    portal.settings.burst_per_10_s = 0
    portal.settings.retry_after_on_429 = True
    assert call("GET", CONTACTS, status=429).headers["Retry-After"] == "10"
