"""Getting a token: the OAuth grants an installation can use, and SOAP login where it still lives.

Failures are `{"error", "error_description"}` with 400, as everywhere in OAuth. The token reply has no `expires_in`, and
its `instance_url` is the real host: clients are redirected here, not told of us. (Salesforce fact sheet 7.1, 7.3.)
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape, unescape

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from connector.sandbox.exchange import Request
from connector.sandbox.salesforce.calls import Reply
from connector.sandbox.salesforce.refusals import Refusal, not_found

if TYPE_CHECKING:
    from connector.sandbox.salesforce.org import Org

SOAP_VERSION_MAX = 64
JWT_LIFETIME_MAX_S = 300.0
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SOAP_PATH = re.compile(r"/services/Soap/u/(\d+)\.0(/[^/]*)?")


class Denied(Exception):
    """An OAuth failure."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.body = {"error": error, "error_description": description}


def answer(org: Org, request: Request) -> Reply:
    """Everything outside /services/data. Raises Refusal NOT_FOUND for unknown paths."""
    path = request.path.rstrip("/")
    try:
        if path == "/services/oauth2/token" and request.method == "POST":
            return _token(org, request)
        if path == "/services/oauth2/revoke":
            return _revoke(org, request)
        if path == "/services/oauth2/userinfo":
            return Reply(200, _user_info(org, _bearer(org, request)))
        if path.startswith("/id/"):
            return _identity(org, request, path)
        if _SOAP_PATH.fullmatch(path) and request.method == "POST":
            return _soap_login(org, request, path)
    except Denied as denied:
        return Reply(400, denied.body)
    raise not_found()


def _form(request: Request) -> dict[str, str]:
    """Parameters of body and query; Basic credentials count as client_id and client_secret."""
    given = request.query | dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            key, _, secret = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise Denied("invalid_client", "invalid client credentials") from None
        given = {"client_id": key, "client_secret": secret, **given}
    return given


def _token(org: Org, request: Request) -> Reply:
    form = _form(request)
    grants = {
        "client_credentials": _client_credentials,
        "refresh_token": _refresh,
        "password": _password,
        _JWT_GRANT: _jwt,
    }
    grant = grants.get(form.get("grant_type", ""))
    if grant is None:
        raise Denied("unsupported_grant_type", "grant type not supported")
    user_id, extra = grant(org, form)
    _check_active(org, user_id)
    now = org.now().timestamp()
    token = org.sessions.open(user_id, now)
    body = {
        "access_token": token,
        "instance_url": org.settings.instance_url,
        "id": f"{org.settings.login_url}/id/{org.id}/{user_id}",
        "token_type": "Bearer",
        "issued_at": str(int(now * 1000)),
        "signature": base64.b64encode(org.sessions.opaque(32).encode()).decode(),
        "scope": "refresh_token api" if "refresh_token" in extra else "api",
        **extra,
    }
    return Reply(200, body, {"Cache-Control": "no-store"})


def _check_client(org: Org, form: Mapping[str, str], *, secret_needed: bool = True) -> None:
    if form.get("client_id") != org.settings.consumer_key:
        raise Denied("invalid_client_id", "client identifier invalid")
    secret = form.get("client_secret")
    if (secret_needed or secret is not None) and secret != org.settings.consumer_secret:
        raise Denied("invalid_client", "invalid client credentials")


def _client_credentials(org: Org, form: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    _check_client(org, form)
    return org.bridge_user, {}


def _refresh(org: Org, form: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    _check_client(org, form, secret_needed=False)
    token = form.get("refresh_token", "")
    user_id = org.sessions.refresh_tokens.get(token)
    if user_id is None:
        org.sessions.punish_reuse(token)
        raise Denied("invalid_grant", "expired access/refresh token")
    if org.settings.rotate_refresh_tokens:
        return user_id, {"refresh_token": org.sessions.rotate(token)}
    return user_id, {}


def _password(org: Org, form: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    _check_client(org, form)
    user_id = user_named(org, form.get("username", ""))
    if (
        not org.settings.password_grant_enabled
        or user_id is None
        or not form.get("password", "").startswith(org.settings.password)
    ):
        raise Denied("invalid_grant", "authentication failure")
    return user_id, {}


def _jwt(org: Org, form: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    head, _, signature = form.get("assertion", "").rpartition(".")
    claims = _claims(head)
    if claims.get("iss") != org.settings.consumer_key:
        raise Denied("invalid_client_id", "client identifier invalid")
    if not _signed(org.settings.jwt_public_key_pem, head, signature):
        raise Denied("invalid_grant", "invalid assertion")
    if str(claims.get("aud", "")).rstrip("/") not in {*org.settings.jwt_audiences, org.settings.instance_url}:
        raise Denied("invalid_grant", "audience is invalid")
    now = org.now().timestamp()
    try:
        expires = float(claims.get("exp", 0))
    except (TypeError, ValueError):
        raise Denied("invalid_grant", "invalid assertion") from None
    if not now <= expires <= now + JWT_LIFETIME_MAX_S:
        raise Denied("invalid_grant", "expired authorization code")
    user_id = user_named(org, str(claims.get("sub", "")))
    if user_id is None:
        raise Denied("invalid_grant", "user hasn't approved this consumer")
    return user_id, {}


def _claims(head: str) -> dict[str, Any]:
    try:
        claims = orjson.loads(_unpadded(head.partition(".")[2]))
    except (ValueError, binascii.Error):
        raise Denied("invalid_grant", "invalid assertion") from None
    if not isinstance(claims, dict):
        raise Denied("invalid_grant", "invalid assertion")
    return claims


def _signed(pem: str, head: str, signature: str) -> bool:
    key = load_pem_public_key(pem.encode()) if pem else None
    if not isinstance(key, RSAPublicKey):
        return False
    try:
        key.verify(_unpadded(signature), head.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def user_named(org: Org, username: str) -> str | None:
    """The id of the user who logs in by that name."""
    users = org.catalogue["User"]
    return next(iter(users.find(users.kind.fields["Username"], [username])), None)


def _check_active(org: Org, user_id: str) -> None:
    users = org.catalogue["User"]
    if not users.rows[user_id][users.kind.slot("IsActive")]:
        raise Denied("invalid_grant", "inactive user")


def _revoke(org: Org, request: Request) -> Reply:
    if not org.sessions.revoke(_form(request).get("token", "")):
        raise Denied("unsupported_token_type", "this token type is not supported or the token is not valid")
    return Reply(200)


def _bearer(org: Org, request: Request) -> str:
    token = request.headers.get("authorization", "").partition(" ")[2]
    session = org.sessions.use(token, org.now().timestamp(), org.settings.session_lifetime_s)
    if session is None:
        raise Refusal("INVALID_SESSION_ID", "Bad_OAuth_Token", http=403)
    return session.user_id


def _identity(org: Org, request: Request, path: str) -> Reply:
    _bearer(org, request)
    _, _, org_id, user_id = [*path.split("/"), "", ""][:4]
    if org_id[:15] != org.id[:15] or user_id not in org.catalogue["User"].rows:
        raise not_found()
    return Reply(200, _user_info(org, user_id))


def _user_info(org: Org, user_id: str) -> dict[str, Any]:
    users = org.catalogue["User"]
    row, slot = users.rows[user_id], users.kind.slot
    base = f"{org.settings.instance_url}/services"
    return {
        "sub": f"{org.settings.login_url}/id/{org.id}/{user_id}",
        "id": f"{org.settings.login_url}/id/{org.id}/{user_id}",
        "user_id": user_id,
        "organization_id": org.id,
        "username": row[slot("Username")],
        "preferred_username": row[slot("Username")],
        "nickname": row[slot("Alias")],
        "display_name": row[slot("Name")],
        "name": row[slot("Name")],
        "email": row[slot("Email")],
        "active": row[slot("IsActive")],
        "user_type": "STANDARD",
        "language": row[slot("LanguageLocaleKey")],
        "urls": {"rest": f"{base}/data/v{{version}}/", "sobjects": f"{base}/data/v{{version}}/sobjects/"},
    }


def _soap_login(org: Org, request: Request, path: str) -> Reply:
    text = request.body.decode("utf-8", "replace")
    match = _SOAP_PATH.fullmatch(path)
    version = int(match[1]) if match else 0
    if version > SOAP_VERSION_MAX:
        return _soap_fault("UNSUPPORTED_API_VERSION", "login() is not available in this API version")
    if not org.settings.soap_login_enabled:
        return _soap_fault("INVALID_OPERATION", "SOAP API login() is disabled by default in this org.")
    user_id = user_named(org, _element(text, "username"))
    if user_id is None or not _element(text, "password").startswith(org.settings.password):
        return _soap_fault("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.")
    token = org.sessions.open(user_id, org.now().timestamp())
    url = f"{org.settings.instance_url}/services/Soap/u/{version}.0/{org.id[:15]}"
    metadata = url.replace("/Soap/u/", "/Soap/m/")
    result = (
        f"<metadataServerUrl>{escape(metadata)}</metadataServerUrl><passwordExpired>false</passwordExpired>"
        f"<serverUrl>{escape(url)}</serverUrl><sessionId>{escape(token)}</sessionId><userId>{user_id}</userId>"
    )
    return _soap(200, f'<loginResponse xmlns="urn:partner.soap.sforce.com"><result>{result}</result></loginResponse>')


def _element(text: str, name: str) -> str:
    """The text of the first element of that name, whatever its prefix."""
    match = re.search(rf"<(?:\w+:)?{name}>([^<]*)</", text)
    return unescape(match[1]) if match else ""


def _soap_fault(code: str, message: str) -> Reply:
    detail = f"<sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{escape(message)}</sf:exceptionMessage>"
    fault = (
        f"<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {escape(message)}</faultstring>"
        f'<detail><sf:LoginFault xmlns:sf="urn:fault.partner.soap.sforce.com">{detail}</sf:LoginFault></detail>'
        "</soapenv:Fault>"
    )
    return _soap(500, fault)


def _soap(status: int, body: str) -> Reply:
    envelope = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    return Reply(status, None, {}, envelope.encode(), "text/xml; charset=utf-8")
