"""Signing in with the company's identity provider: OpenID Connect, authorization code with PKCE.

Somebody is sent to the provider with a state, a nonce and a challenge, which only their browser's signed cookie knows;
they come back with a code, which the provider gives an ID token for. It counts only when it is signed with a key the
provider publishes (never `none`, never our own secret), names the provider and us, has not expired and holds our nonce.
Their groups say their role; who is in no group that has one does not come in (OpenID Connect Core 1.0, sections 3.1.2
and 3.1.3.7; RFC 7636; RFC 9207).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final, cast
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from connector.admin import keys
from connector.admin.roles import Role
from connector.config.service import OpenIdConnect, Roles
from connector.ports import Clock

MINUTES: Final = timedelta(minutes=10)  # to come back from the provider
_FRESH: Final = timedelta(hours=1)  # how long what a provider says of itself is believed
_TIMEOUT_S: Final = 5
_PATIENCE_S: Final = 2.0  # for somebody else who is asking the provider: threads that wait answer nobody
_REST: Final = timedelta(seconds=10)  # before a provider that did not answer is asked again
_LEEWAY_S: Final = 60  # by which clocks may differ
_SIGNED: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_SUBJECT_MAX, _SHOWN_MAX = 255, 200
_NAMES: Final = ("name", "preferred_username", "email")


class Denied(Exception):
    """Somebody does not come in this way; the text is for them, `reason` for the log."""

    def __init__(self, words: str, reason: str) -> None:
        super().__init__(words)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Journey:
    """What the browser keeps while somebody is away at the provider."""

    state: str
    nonce: str
    verifier: str
    onward: str
    until: int  # seconds since 1970

    def kept(self) -> dict[str, Any]:
        """As it goes into the cookie."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Person:
    """Who the provider says somebody is."""

    name: str
    shown: str
    role: Role


class Provider:
    """The identity provider of the settings. Safe for threads."""

    def __init__(self, settings: OpenIdConnect, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._lock = Lock()
        self._known: tuple[datetime, Mapping[str, Any]] | None = None
        self._down: tuple[datetime, Denied] | None = None
        self._keys: KeySet | None = None

    def begin(self, redirect_uri: str, onward: str) -> tuple[str, Journey]:
        """The address to send somebody to, and what their browser must keep until they are back.

        Raises:
            Denied: when the provider does not answer as one.
        """
        until = int((self._clock.now() + MINUTES).timestamp())
        journey = Journey(keys.fresh(), keys.fresh(), keys.fresh(), onward, until)
        about = self._about()
        with self._client(about, redirect_uri) as client:
            url, _ = client.create_authorization_url(
                about["authorization_endpoint"],
                state=journey.state,
                nonce=journey.nonce,
                code_verifier=journey.verifier,
            )
        return str(url), journey

    def back(self, answered: Mapping[str, str], kept: Mapping[str, Any] | None, redirect_uri: str) -> Person:
        """Who comes back. answered: the query they come with; kept: what their browser kept.

        Raises:
            Denied: whenever anything is not exactly as it must be.
        """
        journey = self._journey(answered, kept)
        about = self._about()
        if answered.get("error"):
            raise Denied("The identity provider did not sign you in.", f"provider says {answered['error'][:60]}")
        if answered.get("iss", about["issuer"]) != about["issuer"]:
            raise _strange("another issuer answers")
        given = self._token(about, redirect_uri, answered.get("code", ""), journey)
        claims = self._claims(about, given, journey.nonce)
        return self._person(about, claims)

    def _journey(self, answered: Mapping[str, str], kept: Mapping[str, Any] | None) -> Journey:
        if not kept:
            raise _strange("nobody was sent")
        journey = Journey(**kept)
        if not hmac.compare_digest(answered.get("state", "").encode(), journey.state.encode()):
            raise _strange("another state")
        if self._clock.now().timestamp() > journey.until:
            raise Denied("Signing in took too long; try once more.", "too late")
        return journey

    def _token(self, about: Mapping[str, Any], redirect_uri: str, code: str, journey: Journey) -> Mapping[str, Any]:
        try:
            with self._client(about, redirect_uri) as client:
                found = client.fetch_token(
                    about["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    redirect_uri=redirect_uri,
                    code_verifier=journey.verifier,
                )
        except (AuthlibBaseError, requests.RequestException, ValueError) as error:
            raise _strange(f"no token for the code: {type(error).__name__}") from error
        return cast("Mapping[str, Any]", found)

    def _claims(self, about: Mapping[str, Any], given: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """What the ID token says, once it is believed."""
        text, access_token = given.get("id_token"), given.get("access_token")
        offered = about.get("id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = [one for one in _SIGNED if one in offered]
        client_id, issuer = self._settings.client_id, about["issuer"]
        expected: dict[str, Any] = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": client_id},
        }
        known = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
        try:
            read = self._read(about, str(text or ""), algorithms)
            claims = CodeIDToken(read.claims, read.header, expected, known)
            claims.validate(now=int(self._clock.now().timestamp()), leeway=_LEEWAY_S)
        except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError) as error:
            raise _strange(f"the ID token is not believed: {type(error).__name__}") from error
        return cast("Mapping[str, Any]", claims)

    def _read(self, about: Mapping[str, Any], text: str, algorithms: list[str]) -> Any:
        """A token whose signature is right; a provider that has changed its keys is asked for them once more."""
        if self._keys is not None:
            try:
                return jwt.decode(text, self._keys, algorithms=algorithms)
            except InvalidKeyIdError:
                pass
        self._keys = KeySet.import_key_set(cast("KeySetSerialization", self._fetched(about["jwks_uri"])))
        return jwt.decode(text, self._keys, algorithms=algorithms)

    def _person(self, about: Mapping[str, Any], claims: Mapping[str, Any]) -> Person:
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT_MAX:
            raise _strange("the ID token names nobody")
        role = role_of(_groups(claims.get(self._settings.groups_claim)), self._settings.roles)
        if role is None:
            words = "You are in no group that may come in here. Ask an admin of the bridge which group that is."
            raise Denied(words, "in no group that has a role")
        names = (claims.get(name) for name in _NAMES)
        shown = next((name for name in names if isinstance(name, str) and name.strip()), subject)
        return Person(f"{about['issuer']} {subject}", shown.strip()[:_SHOWN_MAX], role)

    def _about(self) -> Mapping[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery 1.0, section 4)."""
        if not self._lock.acquire(timeout=_PATIENCE_S):
            raise _unusable("somebody is asking it already")
        try:
            now = self._clock.now()
            if self._down and now - self._down[0] < _REST:
                raise self._down[1]
            if self._known is None or now - self._known[0] >= _FRESH:
                self._known = now, self._asked(now)
            return self._known[1]
        finally:
            self._lock.release()

    def _asked(self, now: datetime) -> Mapping[str, Any]:
        try:
            about = self._discovered()
        except Denied as why:
            self._down = now, why
            raise
        self._down = None
        return about

    def _discovered(self) -> Mapping[str, Any]:
        issuer = self._settings.issuer.rstrip("/")
        about = self._fetched(f"{issuer}/.well-known/openid-configuration")
        endpoints = [about.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        if str(about.get("issuer", "")).rstrip("/") != issuer:
            raise _unusable("it names another issuer")
        if not all(isinstance(one, str) and urlsplit(one).scheme in _schemes(issuer) for one in endpoints):
            raise _unusable("it names no endpoints that can be used")
        return about

    def _fetched(self, url: str) -> Mapping[str, Any]:
        try:
            answer = requests.get(url, timeout=_TIMEOUT_S, allow_redirects=False)
            answer.raise_for_status()
            found = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise _unusable(type(error).__name__) from error
        if not isinstance(found, dict):
            raise _unusable("it answers no object")
        return found

    def _client(self, about: Mapping[str, Any], redirect_uri: str) -> OAuth2Session:
        ways = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return OAuth2Session(
            self._settings.client_id,
            self._settings.client_secret.reveal(),
            token_endpoint_auth_method="client_secret_basic" if "client_secret_basic" in ways else "client_secret_post",
            scope="openid profile email",
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            default_timeout=_TIMEOUT_S,
        )


def role_of(groups: Sequence[str], roles: Roles) -> Role | None:
    """The most that any of somebody's groups allows; None when none allows anything."""
    allowed = {Role.ADMIN: roles.admin, Role.OPERATOR: roles.operator, Role.VIEWER: roles.viewer}
    return next((role for role, named in allowed.items() if set(named) & set(groups)), None)


def _groups(claimed: Any) -> list[str]:
    """The groups of a claim: a list, or one name; whatever else stands there is nobody's group."""
    if isinstance(claimed, str):
        return [claimed]
    return [one for one in claimed if isinstance(one, str)] if isinstance(claimed, list) else []


def _schemes(issuer: str) -> tuple[str, ...]:
    return ("https",) if issuer.startswith("https://") else ("http", "https")


def _strange(reason: str) -> Denied:
    return Denied("Signing in did not work; try once more.", reason)


def _unusable(reason: str) -> Denied:
    return Denied("The identity provider does not answer as it should. Try again in a minute.", f"discovery: {reason}")
