"""Every documented answer of HubSpot, fed through the adapter over real HTTP (fact sheet 2.9, 9, 10)."""

from datetime import timedelta

import pytest

from connector import ports
from connector.core.values import Kind
from connector.errors import RateLimited, Refused, Transient, Unauthorised
from connector.hubspot.faults import Answer, Denied, fault, refusal
from connector.hubspot.paths import VERSIONS, Paths
from connector.hubspot.wire import server_ms
from connector.sandbox.exchange import Response, Wire
from connector.transport.lanes import Lane
from connector.transport.throttle import Window
from tests.contract.hubspot_side import answer, scripted
from tests.transport.clocks import ManualClock

VIEW = ports.View("contacts", {"email": Kind.EMAIL, "firstname": Kind.TEXT})
ACCOUNT = {"portalId": 1234567, "accountType": "STANDARD", "timeZone": "US/Eastern", "companyCurrency": "USD"}
LIMITED = {"status": "error", "errorType": "RATE_LIMIT", "correlationId": "c93e"}

DOCUMENTED = [
    (400, {"category": "VALIDATION_ERROR", "message": "Invalid input JSON"}, Denied),
    (401, {"category": "INVALID_AUTHENTICATION", "message": "credentials not found"}, Unauthorised),
    (401, {"category": "EXPIRED_AUTHENTICATION", "message": "expired 75 second(s) ago."}, Unauthorised),
    (403, {"category": "MISSING_SCOPES", "message": "no scopes"}, Unauthorised),
    (403, None, Unauthorised),
    (404, {"status": "error", "message": "resource not found"}, Denied),
    (404, {"category": "OBJECT_NOT_FOUND", "message": "Object not found.  objectId are usually numeric."}, Denied),
    (408, None, Transient),
    (409, {"category": "CONFLICT", "message": "Contact already exists. Existing ID: 3401"}, Denied),
    (409, {"category": "OBJECT_ALREADY_EXISTS"}, Denied),
    (414, None, Denied),
    (423, {"message": "locked"}, RateLimited),
    (429, LIMITED | {"message": "You have reached your daily limit.", "policyName": "DAILY"}, RateLimited),
    (429, LIMITED | {"message": "ten_secondly_rolling", "policyName": "TEN_SECONDLY_ROLLING"}, RateLimited),
    (429, LIMITED | {"message": "You have reached your secondly limit.", "policyName": "SECONDLY"}, RateLimited),
    (429, {"message": "You have reached your secondly limit.", "category": "RATE_LIMITS"}, RateLimited),
    (429, b"<html>slow down</html>", RateLimited),
    (477, None, RateLimited),
    *((status, b"<html>Bad Gateway</html>", Transient) for status in (502, 504, 521, 522, 523, 524, 525, 526, 530)),
    (500, {"status": "error", "message": "internal error"}, Transient),
    (503, None, Transient),
]


@pytest.mark.parametrize(("status", "body", "error"), DOCUMENTED, ids=lambda each: str(each)[:40])
def test_every_documented_answer_has_its_error(status, body, error):
    with scripted() as (script, crm):
        script.on("account-info", answer(status, body))
        with pytest.raises(error) as caught:
            crm.account()
        assert type(caught.value) is error or issubclass(type(caught.value), error)
        assert (error is Transient) == (type(caught.value) is Transient)


@pytest.mark.parametrize("status", [423, 429, 500, 502, 503, 504, 524, 530])
def test_a_fault_that_passes_is_overcome_in_silence(status):
    with scripted() as (script, crm):
        script.on("account-info", answer(status, b"<html>"), answer(200, ACCOUNT))
        assert crm.account() == ports.Account("1234567", "HubSpot portal 1234567 (standard)", "US/Eastern", "USD")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_a_refusal_is_not_tried_again(status):
    with scripted() as (script, crm):
        script.on("account-info", answer(status, {"category": "WHATEVER"}))
        with pytest.raises((Refused, Unauthorised)):
            crm.account()
        assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "told", "onward"),
    [
        (400, b"<html>", "no explanation", "run `smarketing check`"),
        (400, {"category": "VALIDATION_ERROR"}, "VALIDATION_ERROR", "the next run looks at the account anew"),
        (409, {"message": "Conflict", "correlationId": "c-1"}, "Conflict (correlation id c-1)", "merge them"),
    ],
)
def test_a_refusal_names_what_was_asked_and_what_to_do(status, body, told, onward):
    with scripted() as (script, crm):
        script.on("batch/read", answer(status, body))
        with pytest.raises(Refused) as caught:
            crm.find(VIEW, "email", ["ada@example.test"])
        words = str(caught.value)
        asked = "batch read (POST /crm/v3/objects/contacts/batch/read)"
        assert words.startswith(f"HubSpot answered {status}: {told}, when asked for {asked}. Nothing is lost")
        assert onward in words
        assert "ada" not in words


def test_what_is_not_there_at_all_names_the_address_to_look_at():
    words = str(refusal(Answer(404, {"message": "resource not found"}, {}), "owners (GET /crm/v3/owners)"))
    assert words.startswith("HubSpot answered 404: resource not found, when asked for owners (GET /crm/v3/owners). ")
    assert "hubspot.base_url" in words


@pytest.mark.parametrize("wire", [Wire.RESET, Wire.TRUNCATED])
def test_a_broken_line_is_transient(wire):
    with scripted() as (script, crm):
        script.on("account-info", Response(200, b'{"portalId": 1}' * 50, wire=wire))
        with pytest.raises(Transient, match="no whole answer"):
            crm.account()
        assert len(script.asked) == 5


def test_a_login_page_with_status_200_is_transient_and_says_what_to_check():
    with scripted() as (script, crm):
        script.on("account-info", answer(200, b"<html>Please sign in</html>"))
        with pytest.raises(Transient, match="is base_url right"):
            crm.account()


def test_json_of_another_form_is_transient():
    with scripted() as (script, crm):
        script.on("properties", answer(200, {"hello": "world"}))
        with pytest.raises(Transient, match="no results"):
            crm.schema("contacts")


def test_an_unreachable_host_is_transient():
    with scripted() as (_, crm):
        pass
    with pytest.raises(Transient):
        crm.account()


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        (423, {}, {}, 2),
        (477, {"retry-after": "7200"}, {}, 7200),
        (429, {"retry-after": "30"}, {"policyName": "SECONDLY"}, 30),
        (429, {"retry-after": "30000"}, {"policyName": "SECONDLY"}, 60),
        (429, {}, {"policyName": "SECONDLY"}, 1),
        (429, {}, {"policyName": "DAILY"}, 16 * 3600),
    ],
)
def test_a_limit_says_until_when(status, headers, body, seconds):
    now = ManualClock().now()
    error = fault(Answer(status, body, headers), now)
    assert isinstance(error, RateLimited)
    assert error.until == now + timedelta(seconds=seconds)


def test_missing_scopes_are_named():
    body = {"category": "MISSING_SCOPES", "errors": [{"context": {"requiredGranularScopes": ["crm.lists.read"]}}]}
    with scripted() as (script, crm):
        script.on("account-info", answer(403, body))
        with pytest.raises(Unauthorised, match=r"crm\.lists\.read"):
            crm.account()


def test_a_token_hubspot_never_gave_out_is_told_apart_from_an_expired_one():
    body = {"category": "EXPIRED_AUTHENTICATION", "context": {"expire time": ["1970-01-01T00:00:00Z"]}}
    with scripted() as (script, crm):
        script.on("account-info", answer(401, body))
        with pytest.raises(Unauthorised, match="does not know this access token"):
            crm.account()


def test_errors_hold_neither_addresses_nor_the_token():
    with scripted() as (script, crm):
        script.on("account-info", answer(400, {"message": 'Email address "ada@example.test" is invalid'}))
        with pytest.raises(Refused) as caught:
            crm.account()
        assert "ada@" not in str(caught.value)
        assert "<e-mail>" in str(caught.value)
        assert "secret-token" not in repr(crm._wire.access)


def test_throttled_answers_are_counted_and_slow_everyone_down():
    clock = ManualClock()
    with scripted(clock=clock) as (script, crm):
        script.on("account-info", answer(429, LIMITED | {"policyName": "TEN_SECONDLY_ROLLING"}), answer(200, ACCOUNT))
        crm.account()
        assert crm.usage().throttled == 1
        assert clock.passed >= 2.5


def test_the_quota_and_the_day_are_learned_from_answers():
    headers = {
        "X_HubSpot_RateLimit_Max": 100,
        "X_HubSpot_RateLimit_Remaining": 99,
        "X_HubSpot_RateLimit_Interval_Milliseconds": 10_000,
        "X_HubSpot_RateLimit_Daily": 250_000,
        "X_HubSpot_RateLimit_Daily_Remaining": 249_000,
    }
    with scripted() as (script, crm):
        script.on("account-info", answer(200, ACCOUNT, **headers))
        crm.account()
        assert crm._wire.traffic.throttle.windows == (Window(100, 10),)
        assert (crm.usage().daily_limit, crm.usage().daily_used) == (250_000, 1000)


def test_a_spent_budget_makes_no_call():
    with scripted(limit_per_day=10) as (script, crm):
        script.on("account-info", answer(200, ACCOUNT))
        for _ in range(9):
            crm.account()
        with pytest.raises(RateLimited, match="budget of 10 calls"):
            crm.account()
        assert len(script.asked) == 9


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_has_its_own_paths(version):
    paths = Paths(version)
    found = [paths.of("objects", "contacts", "batch", "read"), paths.of("owners"), paths.of("token")]
    if version == "v3":
        assert found == ["/crm/v3/objects/contacts/batch/read", "/crm/v3/owners", "/oauth/v3/token"]
    else:
        assert found == [
            f"/crm/objects/{version}/contacts/batch/read",
            f"/crm/owners/{version}",
            f"/oauth/{version}/token",
        ]


def test_an_unknown_version_is_refused_with_those_that_are_known():
    with pytest.raises(ValueError, match="v3, 2026-03, 2026-09"):
        Paths("v4")


def test_a_used_up_day_stops_every_call_until_the_accounts_midnight():
    clock = ManualClock()
    with scripted(clock=clock) as (script, crm):
        crm._wire.traffic.budget.zone = "US/Eastern"
        script.on("account-info", answer(429, LIMITED | {"policyName": "DAILY"}), answer(200, ACCOUNT))
        for _ in range(3):
            with pytest.raises(RateLimited) as caught:
                crm.account()
            assert caught.value.until.isoformat() == "2026-11-03T05:00:00+00:00"
        assert len(script.asked) == 1
        clock.sleep(21 * 3600)
        assert crm.account().id == "1234567"


def test_a_moving_account_is_left_alone_for_as_long_as_it_asks():
    clock = ManualClock()
    with scripted(clock=clock) as (script, crm):
        script.on("account-info", answer(477, None, retry_after=7200), answer(200, ACCOUNT))
        for _ in range(3):
            with pytest.raises(RateLimited, match="data centres"):
                crm.account()
        assert len(script.asked) == 1
        clock.sleep(7201)
        assert crm.account().id == "1234567"


def test_hot_leads_may_use_what_a_backfill_may_not():
    with scripted(limit_per_day=10) as (script, crm):
        script.on("account-info", answer(200, ACCOUNT))
        for _ in range(9):
            crm.account()
        with pytest.raises(RateLimited):
            crm.account()
        hot = crm.in_lane(Lane.HOT)
        assert hot.account().id == "1234567"
        assert hot.usage().calls == crm.usage().calls == 10


def test_one_connection_serves_one_call_after_the_other():
    with scripted() as (script, crm):
        script.on("account-info", answer(200, ACCOUNT))
        for _ in range(20):
            crm.account()
        pools = crm._wire._api.rest_client.pool_manager.pools
        assert [pools[key].num_connections for key in pools.keys()] == [1]  # noqa: SIM118 - its container does not iterate


def test_the_servers_time_is_ours_when_it_tells_none():
    clock = ManualClock()
    assert server_ms(Answer(200, {}, {}), clock) == int(clock.now().timestamp() * 1000)
    assert server_ms(Answer(200, {}, {"date": "yesterday"}), clock) == int(clock.now().timestamp() * 1000)
