import pytest

from connector.salesforce.api import Call
from connector.salesforce.login import LIFETIME_S, Login
from connector.salesforce.session import BridgeSession, Line, standing_headers
from tests.salesforce.wire import LOGIN, ROOT, Moving, Wire, api_over, session_over

CALL = Call("GET", "limits", "limits")


def test_headers_that_change_salesforce_are_on_every_call_and_on_the_one_after_signing_in_anew():
    answers = [(401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]), (200, [])]
    wire = Wire(lambda _: answers.pop(0))
    api_over(wire).json(CALL)
    first, replayed = wire.requests
    assert first.headers["Authorization"] == "Bearer 00D!1"
    assert replayed.headers["Authorization"] == "Bearer 00D!2"
    for request in (first, replayed):
        assert request.headers["Sforce-Auto-Assign"] == "FALSE"
        assert request.headers["Sforce-Call-Options"] == "client=smarketing-bridge"
        assert request.headers["Sforce-Duplicate-Rule-Header"].startswith("allowSave=false;")


def test_every_call_has_a_timeout_and_follows_no_redirect():
    wire = Wire(lambda _: (200, []))
    api_over(wire).json(CALL)
    assert wire.kwargs["timeout"] == (5.0, 120.0)


def test_a_stand_in_gets_everything_and_is_told_the_host_that_was_meant():
    wire = Wire(lambda _: (200, []))
    api_over(wire, line=Line(base_url="http://127.0.0.1:8090/")).json(CALL)
    assert wire.logins[0].url == "http://127.0.0.1:8090/services/oauth2/token"
    assert wire.logins[0].headers["X-Forwarded-Host"] == "acme.my.salesforce.com"
    assert wire.requests[0].url == f"http://127.0.0.1:8090{ROOT}limits"


def test_a_netrc_file_cannot_replace_our_token(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine acme.my.salesforce.com login x password y\n")
    monkeypatch.setenv("NETRC", str(netrc))
    wire = Wire(lambda _: (200, []))
    api_over(wire).json(CALL)
    assert wire.requests[0].headers["Authorization"] == "Bearer 00D!1"


def test_the_certificates_of_the_environment_are_honoured(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/own-ca.pem")
    settings = BridgeSession(Line()).merge_environment_settings("https://a.test/", {}, None, None, None)
    assert settings["verify"] == "/etc/own-ca.pem"


def test_proxies_of_the_environment_are_honoured_and_looked_up_once_for_each_host(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.test:3128")
    monkeypatch.setenv("no_proxy", "near.test")
    wire = Wire(lambda _: (200, []))
    session = session_over(wire)
    for _ in range(2):
        session.get("https://far.test/")
        assert wire.kwargs["proxies"]["https"] == "http://proxy.test:3128"
        session.get("https://near.test/")
        assert "https" not in wire.kwargs["proxies"]
        monkeypatch.delenv("https_proxy", raising=False)


def test_a_call_that_brings_certificates_of_its_own_is_not_told_those_of_others():
    wire = Wire(lambda _: (200, []))
    session = session_over(wire)
    session.get("https://far.test/")
    session.get("https://far.test/", verify="/etc/own-ca.pem")
    assert wire.kwargs["verify"] == "/etc/own-ca.pem"


def test_an_old_token_is_renewed_before_it_is_refused():
    clock, wire = Moving(), Wire(lambda _: (200, []))
    login = Login(LOGIN, session_over(wire), clock)
    assert login.token() is login.token()
    clock.sleep(LIFETIME_S + 1)
    assert login.token().access == "00D!2"


def test_threads_whose_token_was_refused_share_one_sign_in():
    wire = Wire(lambda _: (200, []))
    login = Login(LOGIN, session_over(wire), Moving())
    stale = login.token()
    assert login.renewed(stale) is login.renewed(stale)
    assert len(wire.logins) == 2


@pytest.mark.parametrize(
    ("chosen", "header"), [(False, "FALSE"), (True, "TRUE"), ("01Q5f000000AbcdEAA", "01Q5f000000AbcdEAA")]
)
def test_assignment_rules_run_as_configured_none_the_active_or_the_one_named(chosen, header) -> None:
    assert standing_headers(Line(auto_assign=chosen))["Sforce-Auto-Assign"] == header
