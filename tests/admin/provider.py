"""A small identity provider over real HTTP: discovery, keys, a token endpoint that checks PKCE; it can misbehave."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

CLIENT, SECRET = "bridge", "s3cret with / and +"
Claims = dict[str, Any]


def as_they_are(claims: Claims) -> Claims:
    return claims


@dataclass
class Provider:
    """What it is told to do, and what it has seen.

    Attributes:
        person: the claims about who signs in there.
        bend: changes the claims of the ID token before it is signed.
        sign: makes the ID token; the provider's own signature unless a test says otherwise.
        answers: what it says of itself instead of what is true.
    """

    now: Callable[[], float]
    person: Claims = field(default_factory=lambda: {"sub": "8f3a", "name": "Ada Lovelace", "groups": ["sales-ops"]})
    bend: Callable[[Claims], Claims] = as_they_are
    sign: Callable[[Claims], str] | None = None
    answers: Claims = field(default_factory=dict)
    deny: str = ""
    down: bool = False
    elsewhere: str = ""
    riddle: str = ""
    issuer: str = ""
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: new_key("one"))

    def authorize(self, url: str) -> str:
        """Somebody follows the address they were sent to, and signs in; the address they are sent back to."""
        asked = {name: found[0] for name, found in parse_qs(urlsplit(url).query).items()}
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        given = {"error": self.deny} if self.deny else {"code": code}
        return f"{asked['redirect_uri']}?{urlencode({**given, 'state': asked['state']})}"

    def token(self, form: Mapping[str, str], authorization: str) -> Response:
        asked = self.codes.pop(form.get("code", ""), None)
        verifier = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        proven = asked is not None and verifier.decode().rstrip("=") == asked["code_challenge"]
        if (
            asked is None
            or not proven
            or not _is_client(authorization)
            or form["redirect_uri"] != asked["redirect_uri"]
        ):
            return _json({"error": "invalid_grant"}, 400)
        now = int(self.now())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims = self.bend({**claims, **self.person})
        made = self.sign(claims) if self.sign else self.signed(claims)
        return _json({"access_token": "at", "token_type": "Bearer", "expires_in": 300, "id_token": made})

    def signed(self, claims: Claims) -> str:
        """With its own key."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def answer(self, request: Request) -> Response:
        self.asked.append(request.path)
        if self.down:
            return Response("not now", 503)
        if self.riddle:
            return Response(self.riddle, content_type="application/json")
        if self.elsewhere:
            return Response(status=302, headers={"Location": self.elsewhere})
        if request.path.endswith("/.well-known/openid-configuration"):
            return _json({**self.about(), **self.answers})
        if request.path.endswith("/keys"):
            return _json({"keys": [self.key.as_dict(private=False)]})
        return self.token(request.form, request.headers.get("Authorization", ""))

    def about(self) -> Claims:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }


@cache
def new_key(name: str, number: int = 0) -> RSAKey:
    """A key of that name; another for each number. To make one takes a while."""
    del number
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


def unsigned(claims: Claims) -> str:
    """As somebody without any key would make it."""
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def signed_with_our_secret(claims: Claims) -> str:
    """As a client that believes HS256 could be deceived."""
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))


def _part(found: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(found).encode()).decode().rstrip("=")


def _is_client(authorization: str) -> bool:
    return authorization == "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()


def _json(found: Any, status: int = 200) -> Response:
    return Response(json.dumps(found), status, content_type="application/json")


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        pass


@contextmanager
def provider(now: Callable[[], float]) -> Iterator[Provider]:
    """One that answers on this machine."""
    found = Provider(now)
    server = make_server("127.0.0.1", 0, Request.application(found.answer), threaded=True, request_handler=_Quiet)
    found.issuer = f"http://127.0.0.1:{server.server_port}/acme"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
