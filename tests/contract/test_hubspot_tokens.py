"""OAuth tokens: renewed in time, by one thread, and once more when HubSpot says so (fact sheet 10)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.errors import Refused, Transient, Unauthorised
from connector.hubspot.tokens import OAuthToken
from tests.contract.hubspot_side import answer, scripted
from tests.transport.clocks import ManualClock

ACCOUNT = {"portalId": 1234567, "accountType": "STANDARD", "timeZone": "US/Eastern", "companyCurrency": "USD"}


def oauth(clock, kept=None):
    keep = kept.append if kept is not None else (lambda _token: None)
    return OAuthToken("client", "client-secret", "na1-refresh", clock, keep)


def granted(number, life=1800):
    return answer(200, {"access_token": f"access-{number}", "refresh_token": f"na1-{number}", "expires_in": life})


def bearer(script, pattern="account-info"):
    return [request.headers["authorization"] for line, request in script.asked if pattern in line]


def test_an_oauth_token_is_asked_for_once_and_renewed_at_four_fifths_of_its_life():
    clock, kept = ManualClock(), []
    with scripted(clock=clock, tokens=oauth(clock, kept)) as (script, crm):
        script.on("account-info", answer(200, ACCOUNT)).on("oauth", granted(1), granted(2))
        crm.account()
        clock.sleep(1800 * 0.79)
        crm.account()
        clock.sleep(1800 * 0.02)
        crm.account()
        assert bearer(script) == ["Bearer access-1", "Bearer access-1", "Bearer access-2"]
        assert kept == ["na1-1", "na1-2"]
        forms = [request.body.decode() for line, request in script.asked if "oauth" in line]
        assert (
            forms[0]
            == "grant_type=refresh_token&client_id=client&client_secret=client-secret&refresh_token=na1-refresh"
        )
        assert "authorization" not in script.asked[0][1].headers


def test_an_expired_answer_renews_the_token_once():
    clock = ManualClock()
    expired = answer(401, {"category": "EXPIRED_AUTHENTICATION", "message": "expired 3 second(s) ago"})
    with scripted(clock=clock, tokens=oauth(clock)) as (script, crm):
        script.on("account-info", expired, answer(200, ACCOUNT)).on("oauth", granted(1), granted(2))
        assert crm.account().id == "1234567"
        assert bearer(script) == ["Bearer access-1", "Bearer access-2"]
        script.on("account-info", expired)
        with pytest.raises(Unauthorised):
            crm.account()
        assert len(script.lines("oauth")) == 3


def test_a_revoked_refresh_token_tells_a_person_to_install_again():
    clock = ManualClock()
    with scripted(clock=clock, tokens=oauth(clock)) as (script, crm):
        script.on("oauth", answer(400, {"error": "invalid_grant", "status": "BAD_REFRESH_TOKEN"}))
        with pytest.raises(Unauthorised, match="Install it again"):
            crm.account()
        assert len(script.asked) == 1


def test_a_wrong_secret_of_the_app_is_told_apart_from_a_revoked_token():
    clock = ManualClock()
    with scripted(clock=clock, tokens=oauth(clock)) as (script, crm):
        script.on("oauth", answer(400, {"status": "BAD_CLIENT_SECRET", "message": "missing or invalid client secret"}))
        with pytest.raises(Unauthorised, match=r"invalid client secret.*Compare client id"):
            crm.account()


def test_a_page_in_place_of_a_token_does_not_send_anybody_to_install_again():
    clock = ManualClock()
    with scripted(clock=clock, tokens=oauth(clock)) as (script, crm):
        script.on("oauth", answer(405, None))
        with pytest.raises(Refused, match="405"):
            crm.account()


def test_a_failing_token_endpoint_does_not_stop_work_while_the_old_token_is_good():
    clock = ManualClock()
    with scripted(clock=clock, tokens=oauth(clock)) as (script, crm):
        script.on("account-info", answer(200, ACCOUNT)).on("oauth", granted(1), answer(503))
        crm.account()
        clock.sleep(1800 * 0.9)
        crm.account()
        assert bearer(script)[-1] == "Bearer access-1"
        clock.sleep(1800 * 0.2)
        with pytest.raises(Transient):
            crm.account()


def test_many_threads_renew_a_token_once():
    clock = ManualClock()
    with ThreadPoolExecutor(8) as pool, scripted(clock=clock, tokens=oauth(clock)) as (script, crm):
        script.on("account-info", answer(200, ACCOUNT)).on("oauth", granted(1), granted(2))
        assert len(list(pool.map(lambda _: crm.account(), range(40)))) == 40
        assert len(script.lines("oauth")) == 1


def test_many_threads_that_meet_an_expired_token_renew_it_once():
    clock = ManualClock()

    def expired_for_the_first(request):
        if request.headers["authorization"] == "Bearer access-1":
            return answer(401, {"category": "EXPIRED_AUTHENTICATION", "message": "expired 3 second(s) ago"})
        return answer(200, ACCOUNT)

    with ThreadPoolExecutor(8) as pool, scripted(clock=clock, tokens=oauth(clock)) as (script, crm):
        script.on("account-info", expired_for_the_first).on("oauth", granted(1), granted(2))
        assert len(list(pool.map(lambda _: crm.account(), range(40)))) == 40
        assert len(script.lines("oauth")) == 2
