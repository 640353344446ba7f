"""Signing in: four OAuth flows, one token shared by all threads, renewed by one of them at a time.

A thread whose token was refused hands it in; if another thread has brought a new one meanwhile, that one is given back
without a call. Refresh tokens may be single-use (rotation): the new one is kept durably before the access token that
came with it is used, and a refused one is looked up again in case another process has rotated it (Salesforce fact
sheet 7.1). Secrets never show in a repr or a message.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import requests
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import SalesforceLogin

from connector.errors import BridgeError, Transient, Unauthorised
from connector.ports import Clock

LIFETIME_S: Final = 45 * 60  # sessions live two hours by default and slide; we renew well before (fact sheet 7.1)
_HOST_END: Final = ".salesforce.com"


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """The app signs in as its run-as user. `login_url` is the org's own My Domain address."""

    login_url: str
    consumer_key: str
    consumer_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class JwtBearer:
    """A signed assertion (RS256). `login_url`: login or test.salesforce.com, `my_domain_url`: where tokens are."""

    login_url: str
    consumer_key: str
    username: str
    private_key: str = field(repr=False)
    my_domain_url: str | None = None


@dataclass(frozen=True, slots=True)
class Password:
    """User name and password over OAuth; `password` ends with the security token where the org asks for one."""

    login_url: str
    consumer_key: str
    username: str
    consumer_secret: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A person has signed in once. `load` reads the current refresh token, `keep` stores its successor durably."""

    login_url: str
    consumer_key: str
    load: Callable[[], str] = field(repr=False)
    keep: Callable[[str], None] = field(repr=False)
    consumer_secret: str = field(default="", repr=False)


Credentials = ClientCredentials | JwtBearer | Password | RefreshToken


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and the address of the org it opens."""

    access: str = field(repr=False)
    instance_url: str = ""


class Login:
    """Hands out the token; signs in when there is none, when it is old, or when it was refused."""

    def __init__(self, credentials: Credentials, session: requests.Session, clock: Clock) -> None:
        self._credentials = credentials
        self._session = session
        self._clock = clock
        self._lock = Lock()
        self._token: Token | None = None
        self._since = 0.0

    def token(self) -> Token:
        """The current token.

        Raises:
            Transient: Salesforce could not be reached.
            Unauthorised: it refuses the credentials.
        """
        token = self._token
        if token is not None and self._clock.monotonic() - self._since < LIFETIME_S:
            return token
        return self.renewed(token)

    def renewed(self, stale: Token | None) -> Token:
        """A token other than `stale`; one thread signs in, the others get what it brought. Raises as `token`."""
        with self._lock:
            if self._token is None or self._token is stale:
                self._token = _signed_in(self._credentials, self._session)
                self._since = self._clock.monotonic()
            return self._token


class Borrowed(Login):
    """A session that an admin has begun, at the org that we sign in to; nobody but the admin can begin another."""

    def __init__(self, access: str, ours: Login) -> None:
        self._access, self._ours = access, ours

    def token(self) -> Token:
        """The admin's token. Raises as `Login.token`."""
        return Token(self._access, self._ours.token().instance_url)

    def renewed(self, stale: Token | None) -> Token:
        """Never another one.

        Raises:
            Unauthorised: always.
        """
        del stale
        raise Unauthorised("the admin's session is over or of another org; begin one anew and put its token in place")


def _signed_in(credentials: Credentials, session: requests.Session) -> Token:
    try:
        if isinstance(credentials, RefreshToken):
            return _refreshed(credentials, session)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library warns with a link; our error says what to do
            access, host = SalesforceLogin(session=session, **_arguments(credentials))
    except SalesforceAuthenticationFailed as error:
        raise _refusal(error.code, str(error.auth_message)) from None
    except requests.RequestException as error:
        raise Transient(f"signing in to Salesforce broke off ({type(error).__name__}); it is tried again") from None
    except (AttributeError, KeyError, TypeError, ValueError):
        # the library trips over bodies that are no token reply: pages and lists of an edge that is down
        raise Transient("Salesforce answered signing in with something that is no token; it is tried again") from None
    if not access:
        raise Transient("Salesforce answered signing in without a token; it is tried again")
    return Token(str(access), f"https://{host}")


def _arguments(credentials: ClientCredentials | JwtBearer | Password) -> Mapping[str, Any]:
    domain = domain_of(credentials.login_url)
    match credentials:
        case ClientCredentials(_, key, secret):
            return {"domain": domain, "consumer_key": key, "consumer_secret": secret}
        case Password(_, key, username, secret, password):
            return {
                "domain": domain,
                "consumer_key": key,
                "consumer_secret": secret,
                "username": username,
                "password": password,
            }
        case JwtBearer(_, key, username, private_key, my_domain_url):
            return {
                "domain": domain,
                "instance_url": domain_of(my_domain_url) if my_domain_url else None,
                "consumer_key": key,
                "username": username,
                "privatekey": private_key,
            }


def domain_of(url: str) -> str:
    """The library's word for a host: `acme.my` for https://acme.my.salesforce.com.

    Raises:
        Unauthorised: when the address is not one of Salesforce's.
    """
    host = urlsplit(url if "//" in url else f"https://{url}").hostname or ""
    if not host.endswith(_HOST_END):
        raise Unauthorised(f"{host!r} is no Salesforce address; salesforce.login_url must end with {_HOST_END}")
    return host.removesuffix(_HOST_END)


def _refreshed(credentials: RefreshToken, session: requests.Session) -> Token:
    used = credentials.load()
    try:
        return _refresh_grant(credentials, session, used)
    except SalesforceAuthenticationFailed:
        current = credentials.load()
        if current == used:
            raise
        return _refresh_grant(credentials, session, current)


def _refresh_grant(credentials: RefreshToken, session: requests.Session, refresh_token: str) -> Token:
    form = {"grant_type": "refresh_token", "client_id": credentials.consumer_key, "refresh_token": refresh_token}
    if credentials.consumer_secret:
        form["client_secret"] = credentials.consumer_secret
    url = f"https://{domain_of(credentials.login_url)}{_HOST_END}/services/oauth2/token"
    response = session.post(url, data=form)
    reply = orjson.loads(response.content)
    if response.status_code != requests.codes.ok:
        raise SalesforceAuthenticationFailed(reply.get("error"), reply.get("error_description"))
    successor = reply.get("refresh_token")
    if successor and successor != refresh_token:
        credentials.keep(successor)
    return Token(reply["access_token"], reply["instance_url"].rstrip("/"))


_WAIT: Final = ("unknown_error", "temporarily_unavailable", "server_error")
_HINTS: Final[Mapping[str, str]] = {
    "invalid_client_id": "the consumer key is unknown: copy it again from the External Client App",
    "invalid_client": "the consumer key or secret is wrong: copy both again from the External Client App",
    "invalid_grant": "check the run-as user, that the user is pre-authorised for the app, and the login address; "
    "a refresh token that expired must be granted anew",
    "unauthorized_client": "switch this OAuth flow on in the External Client App's settings",
    "unsupported_grant_type": "switch this OAuth flow on in the External Client App's settings",
    "inactive_user": "activate the integration user",
    "inactive_org": "the org is locked or expired: ask Salesforce",
}


def _refusal(code: object, description: str) -> BridgeError:
    """What a refused sign-in means. A number in place of a code is the status of a page from the edge."""
    word = str(code or "")
    if isinstance(code, int) or word in _WAIT or "rate exceeded" in description.lower():
        return Transient(f"Salesforce cannot sign us in just now ({word}); it is tried again")
    hint = _HINTS.get(word, "check the app's OAuth settings and the integration user in Salesforce Setup")
    return Unauthorised(f"Salesforce refuses our credentials: {word} ({description}); {hint}")
