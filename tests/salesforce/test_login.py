import base64
import json
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.errors import Transient, Unauthorised
from connector.salesforce.login import ClientCredentials, JwtBearer, Login, Password, RefreshToken, domain_of
from tests.salesforce.wire import LOGIN, Moving, Wire, session_over

MY_DOMAIN = "https://acme.my.salesforce.com"


class TokenWire(Wire):
    def __init__(self, reply):
        super().__init__(None)
        self.reply = reply

    def signed_in(self, request):
        return self.reply(request) if callable(self.reply) else self.reply


def good(**more):
    return 200, {"access_token": "00D!a.b", "instance_url": "https://acme--uat.sandbox.my.salesforce.com", **more}


def form(request):
    return {name: values[0] for name, values in parse_qs(request.body).items()}


def signed_in(credentials, reply):
    wire = TokenWire(reply)
    return Login(credentials, session_over(wire), Moving()).token(), wire


def test_client_credentials_sign_in_at_the_orgs_own_address():
    token, wire = signed_in(ClientCredentials(MY_DOMAIN, "key", "secret"), good())
    assert (token.access, token.instance_url) == ("00D!a.b", "https://acme--uat.sandbox.my.salesforce.com")
    (request,) = wire.logins
    assert request.url == f"{MY_DOMAIN}/services/oauth2/token"
    assert base64.b64decode(request.headers["Authorization"].split()[1]) == b"key:secret"
    assert form(request) == {"grant_type": "client_credentials"}


def test_a_password_signs_in_over_oauth_never_over_soap():
    _, wire = signed_in(Password("https://test.salesforce.com", "key", "ann@example.test", "secret", "p&w"), good())
    assert form(wire.logins[0]) == {
        "grant_type": "password",
        "client_id": "key",
        "client_secret": "secret",
        "username": "ann@example.test",
        "password": "p&w",
    }


def test_an_assertion_is_signed_for_the_login_host_and_sent_to_my_domain():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    credentials = JwtBearer("https://login.salesforce.com", "key", "ann@example.test", pem, MY_DOMAIN)
    _, wire = signed_in(credentials, good())
    (request,) = wire.logins
    claims = form(request)["assertion"].split(".")[1]
    told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert request.url == f"{MY_DOMAIN}/services/oauth2/token"
    assert (told["iss"], told["sub"], told["aud"]) == ("key", "ann@example.test", "https://login.salesforce.com")


class Kept:
    def __init__(self, token):
        self.token, self.history = token, []

    def keep(self, token):
        self.token = token
        self.history.append(token)

    def credentials(self):
        return RefreshToken(MY_DOMAIN, "key", lambda: self.token, self.keep, "secret")


def test_a_rotated_refresh_token_is_kept_before_the_new_access_token_is_handed_out():
    kept = Kept("one")
    token, wire = signed_in(kept.credentials(), good(refresh_token="two"))
    assert form(wire.logins[0])["refresh_token"] == "one"
    assert kept.history == ["two"]
    assert token.access == "00D!a.b"


def test_a_refresh_token_that_cannot_be_kept_hands_out_nothing():
    def refuse(_):
        raise OSError("disk full")

    credentials = RefreshToken(MY_DOMAIN, "key", lambda: "one", refuse)
    with pytest.raises(OSError, match="disk full"):
        signed_in(credentials, good(refresh_token="two"))


def test_a_refresh_token_rotated_by_another_process_is_looked_up_again():
    kept = Kept("one")

    def reply(request):
        if form(request)["refresh_token"] == "one":
            kept.token = "two"
            return 400, {"error": "invalid_grant", "error_description": "expired access/refresh token"}
        return good()

    token, wire = signed_in(kept.credentials(), reply)
    assert token.access == "00D!a.b"
    assert len(wire.logins) == 2


def test_a_refused_refresh_token_needs_a_person_and_is_tried_once():
    refused = 400, {"error": "invalid_grant", "error_description": "expired access/refresh token"}
    wire = TokenWire(refused)
    login = Login(Kept("one").credentials(), session_over(wire), Moving())
    with pytest.raises(Unauthorised, match="expired access/refresh token"):
        login.token()
    assert len(wire.logins) == 1


@pytest.mark.parametrize(
    ("error", "description"),
    [
        ("invalid_grant", "authentication failure"),
        ("invalid_grant", "user hasn't approved this consumer"),
        ("invalid_client_id", "client identifier invalid"),
        ("unsupported_grant_type", "grant type not supported"),
        ("inactive_user", "user is inactive"),
        ("never_heard_of", ""),
    ],
)
def test_refused_credentials_need_a_person(error, description):
    with pytest.raises(Unauthorised, match=error):
        signed_in(LOGIN, (400, {"error": error, "error_description": description}))


@pytest.mark.parametrize(
    "reply",
    [
        (503, b"<html>busy</html>"),
        (503, [{"errorCode": "SERVER_UNAVAILABLE"}]),
        (400, {"error": "unknown_error", "error_description": "retry your request"}),
        (400, {"error": "invalid_grant", "error_description": "login rate exceeded"}),
        (200, b"<html>maintenance</html>"),
        (200, {}),
        (200, {"unexpected": [1, {"two": 3}]}),
        (200, []),
        (200, ["later"]),
        (200, "later"),
        (401, [{"errorCode": "INVALID_SESSION_ID"}]),
    ],
)
def test_an_edge_that_is_down_is_no_refusal(reply):
    with pytest.raises(Transient):
        signed_in(LOGIN, reply)
    with pytest.raises(Transient):
        signed_in(Kept("one").credentials(), reply)


def test_secrets_do_not_show():
    shown = repr([LOGIN, Kept("hidden").credentials(), Password("l", "k", "u", "hidden", "hidden")])
    assert "hidden" not in shown
    assert "secret'" not in shown


def test_only_addresses_of_salesforce_are_signed_in_at():
    assert domain_of("https://acme--uat.sandbox.my.salesforce.com/") == "acme--uat.sandbox.my"
    with pytest.raises(Unauthorised, match=r"salesforce\.login_url"):
        domain_of("https://acme.example.test")
