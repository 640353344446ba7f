"""Where the access token comes from: a static one (private app, service key), or OAuth's, renewed in time.

HubSpot says that a 401 is no signal to renew, `expires_in` is (fact sheet 10). So a token is renewed at 80 % of its
life, by one thread while the others go on with the old one; an EXPIRED_AUTHENTICATION in spite of that renews it once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

from connector.errors import Transient, Unauthorised
from connector.hubspot.faults import Denied
from connector.ports import Clock

LIFE_SHARE = 0.8

PostForm = Callable[[Mapping[str, str]], Any]


class Tokens(Protocol):
    """Gives the token to call with."""

    def current(self, post: PostForm) -> str:
        """A token that is valid now; `post` sends a form to the token endpoint."""

    def renewed(self, stale: str, post: PostForm) -> str | None:
        """Another token than the stale one, or None when there is no way to get one."""


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A private app's token or a service key: valid until a person rotates it."""

    token: str = field(repr=False)

    def current(self, post: PostForm) -> str:  # noqa: ARG002 - a static token is asked of nobody
        """The token."""
        return self.token

    def renewed(self, stale: str, post: PostForm) -> str | None:  # noqa: ARG002 - only a person can renew it
        """None: a person must copy a new token."""
        return None


@dataclass(slots=True)
class OAuthToken:
    """An OAuth app's token. `keep` stores a refresh token that HubSpot has changed, should it ever do so."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    clock: Clock
    keep: Callable[[str], None] = lambda _token: None
    _token: str = field(default="", repr=False)
    _renew_at: float = 0.0
    _expires_at: float = 0.0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def current(self, post: PostForm) -> str:
        """The token, renewed first when 80 % of its life is over; one thread renews, the others go on."""
        now = self.clock.monotonic()
        if now < self._renew_at:
            return self._token
        valid = now < self._expires_at
        if not self._lock.acquire(blocking=not valid):
            return self._token
        try:
            if self.clock.monotonic() >= self._renew_at:
                self._renew_leniently(post, valid=valid)
            return self._token
        finally:
            self._lock.release()

    def renewed(self, stale: str, post: PostForm) -> str | None:
        """The token after a renewal, unless another thread has renewed the stale one meanwhile."""
        with self._lock:
            if self._token == stale:
                self._renew(post)
            return self._token

    def _renew_leniently(self, post: PostForm, *, valid: bool) -> None:
        """A failing token endpoint does not stop work while the old token is still good."""
        try:
            self._renew(post)
        except Transient:
            if not valid:
                raise

    def _form(self) -> Mapping[str, str]:
        return {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
        }

    def _renew(self, post: PostForm) -> None:
        asked_at = self.clock.monotonic()
        try:
            body = post(self._form())
        except Denied as refusal:
            raise _revoked(refusal) or refusal from None
        if not isinstance(body, dict) or not body.get("access_token"):
            raise Transient("HubSpot answered the renewal of the token without a token; it is tried again")
        life_s = float(body.get("expires_in") or 1800)
        self._token = str(body["access_token"])
        self._renew_at, self._expires_at = asked_at + life_s * LIFE_SHARE, asked_at + life_s
        changed = str(body.get("refresh_token") or self.refresh_token)
        if changed != self.refresh_token:
            self.refresh_token = changed
            self.keep(changed)


def _revoked(refusal: Denied) -> Unauthorised | None:
    """What HubSpot says of our credentials; None when it speaks of something else, or a page does."""
    told = refusal.answer.body if isinstance(refusal.answer.body, dict) else {}
    status = str(told.get("status") or "")
    if status == "BAD_REFRESH_TOKEN" or told.get("error") == "invalid_grant":
        return Unauthorised(
            "HubSpot refuses the refresh token: the app was uninstalled or its access revoked. Install it again "
            "and put the new refresh token into config.yaml."
        )
    if status.startswith("BAD_") or told.get("error"):
        return Unauthorised(f"{refusal}. Compare client id and secret in config.yaml with the app in HubSpot.")
    return None
