"""Getting a token, keeping it, losing it."""

from __future__ import annotations

import base64

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connector.sandbox.exchange import Request
from connector.sandbox.salesforce import actions

KEYS = "client_id=sandbox-consumer-key&client_secret=sandbox-consumer-secret"
JWT = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion="
NOW = 1_793_607_330  # the frozen clock of the fixtures


def token(org, form, **headers):
    answer = org.handle(Request("POST", "/services/oauth2/token", "", headers, form.encode()))
    return answer.status, orjson.loads(answer.body)


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def assertion(key, **changes):
    claims = {
        "iss": "sandbox-consumer-key",
        "sub": "bridge@example.test",
        "aud": "https://login.salesforce.com",
        "exp": str(NOW + 180),
        **changes,
    }
    parts = [base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=") for part in ({"alg": "RS256"}, claims)]
    head = b".".join(parts)
    signature = base64.urlsafe_b64encode(key.sign(head, padding.PKCS1v15(), SHA256())).rstrip(b"=")
    return JWT + (head + b"." + signature).decode()


def test_client_credentials_give_a_token_of_the_real_shape(org) -> None:
    status, body = token(org, f"grant_type=client_credentials&{KEYS}")
    assert status == 200
    assert body["access_token"].startswith(f"{org.id[:15]}!")
    assert body["instance_url"] == "https://acme.my.salesforce.com"
    assert body["id"] == f"https://login.salesforce.com/id/{org.id}/{org.bridge_user}"
    assert (body["token_type"], body["issued_at"]) == ("Bearer", f"{NOW}000")
    assert "expires_in" not in body


def test_basic_credentials_count_too(org) -> None:
    basic = base64.b64encode(b"sandbox-consumer-key:sandbox-consumer-secret").decode()
    assert token(org, "grant_type=client_credentials", authorization=f"Basic {basic}")[0] == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ("grant_type=client_credentials&client_id=x&client_secret=y", "invalid_client_id"),
        ("grant_type=client_credentials&client_id=sandbox-consumer-key&client_secret=y", "invalid_client"),
        (f"grant_type=refresh_token&refresh_token=x&{KEYS}", "invalid_grant"),
        (f"grant_type=password&username=bridge@example.test&password=x&{KEYS}", "invalid_grant"),
        (f"grant_type=magic&{KEYS}", "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_are_denied_in_oauths_words(org, form, error) -> None:
    status, body = token(org, form)
    assert (status, body["error"]) == (400, error)
    assert body["error_description"]


def test_a_password_with_its_security_token_logs_a_user_in(org) -> None:
    form = f"grant_type=password&username=kim.sales@example.test&password=sandbox-passwordTOKEN&{KEYS}"
    _, body = token(org, form)
    assert body["id"].endswith(org.catalogue["User"].ids[2])


def test_refresh_keeps_the_token_unless_rotation_is_on(org) -> None:
    form = f"grant_type=refresh_token&refresh_token=sandbox-refresh-token&{KEYS}"
    assert "refresh_token" not in token(org, form)[1]
    org.settings.rotate_refresh_tokens = True
    fresh = token(org, form)[1]["refresh_token"]
    assert token(org, form.replace("sandbox-refresh-token", fresh))[0] == 200


def test_reusing_a_rotated_token_revokes_the_whole_grant(org) -> None:
    org.settings.rotate_refresh_tokens = True
    form = f"grant_type=refresh_token&refresh_token=sandbox-refresh-token&{KEYS}"
    fresh = token(org, form)[1]["refresh_token"]
    assert token(org, form)[0] == 400
    assert token(org, form.replace("sandbox-refresh-token", fresh))[0] == 400


def test_a_signed_assertion_is_accepted_with_its_expiry_as_text(org, key) -> None:
    org.settings.jwt_public_key_pem = pem(key)
    assert token(org, assertion(key))[0] == 200
    assert token(org, assertion(key, exp=NOW + 60))[0] == 200


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"aud": "https://example.com"}, "audience is invalid"),
        ({"exp": NOW - 1}, "expired authorization code"),
        ({"exp": NOW + 900}, "expired authorization code"),
        ({"sub": "nobody@example.test"}, "user hasn't approved this consumer"),
        ({"iss": "other"}, "client identifier invalid"),
        ({"sub": "otto.gone@example.test"}, "inactive user"),
    ],
)
def test_an_assertion_is_denied(org, key, changes, text) -> None:
    org.settings.jwt_public_key_pem = pem(key)
    status, body = token(org, assertion(key, **changes))
    assert (status, body["error_description"]) == (400, text)


def test_an_assertion_signed_by_somebody_else_is_denied(org, key) -> None:
    assert token(org, assertion(key))[1]["error_description"] == "invalid assertion"


def test_a_session_slides_until_it_is_left_alone_too_long(api, org) -> None:
    for _ in range(3):
        org.services.clock.advance(7000)
        assert api.call("GET", "limits")[0] == 200
    org.services.clock.advance(7201)
    status, errors = api.call("GET", "limits")
    assert (status, errors) == (401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])


def test_sessions_can_be_expired_and_revoked_and_a_missing_header_is_told_apart(api, org) -> None:
    actions.expire_sessions(org)
    assert api.call("GET", "limits")[1][0]["errorCode"] == "INVALID_SESSION_ID"
    api.token = api.login()
    revoke = Request("POST", "/services/oauth2/revoke", "", {}, f"token={api.token}".encode())
    assert (org.handle(revoke).status, org.handle(revoke).status) == (200, 400)
    assert api.call("GET", "limits")[0] == 401
    assert (
        orjson.loads(org.handle(Request("GET", "/services/data/v67.0/limits")).body)[0]["errorCode"]
        == "INVALID_AUTH_HEADER"
    )


@pytest.mark.parametrize("path", ["/services/oauth2/userinfo", "/id/{org}/{user}"])
def test_the_identity_says_who_calls_and_where(api, org, path) -> None:
    answer = org.handle(
        Request("GET", path.format(org=org.id, user=org.bridge_user), "", {"authorization": f"Bearer {api.token}"})
    )
    body = orjson.loads(answer.body)
    assert (body["user_id"], body["organization_id"], body["username"]) == (
        org.bridge_user,
        org.id,
        "bridge@example.test",
    )


@pytest.mark.parametrize(
    ("version", "enabled", "status", "text"),
    [
        (64, True, 200, "<sessionId>00D"),
        (64, False, 500, "disabled by default"),
        (65, True, 500, "UNSUPPORTED_API_VERSION"),
    ],
)
def test_soap_login_lives_only_up_to_version_64_and_where_enabled(org, version, enabled, status, text) -> None:
    org.settings.soap_login_enabled = enabled
    names = {"username": "bridge@example.test", "password": "sandbox-password"}
    body = "".join(f"<n1:{name}>{value}</n1:{name}>" for name, value in names.items()).encode()
    answer = org.handle(Request("POST", f"/services/Soap/u/{version}.0", "", {}, body))
    assert answer.status == status
    assert text in answer.body.decode()
