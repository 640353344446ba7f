"""Who may call: access tokens, their scopes, and how many calls each has left.

The order of checks is HubSpot's: credentials (401), quota (429), scopes (403), then the request itself. A token that is
none reads as expired since 1970 (HubSpot fact sheet 2.9). Quotas are rolling windows; search has one of its own for the
whole portal and shows no headers; the day ends at midnight in the portal's time zone (fact sheet 9).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from connector.sandbox.hubspot.moments import EPOCH, iso, milliseconds
from connector.sandbox.hubspot.problems import Refusal
from connector.sandbox.hubspot.settings import (
    ACCESS_TOKEN,
    LIMITED_TOKEN,
    REFRESH_TOKEN,
    Settings,
)

WINDOW_MS = 10_000
SECOND_MS = 1000
NO_CREDENTIALS = (
    "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at "
    "https://developers.hubspot.com/docs/methods/auth/oauth-overview"
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token stands for."""

    token: str
    app_id: int
    scopes: frozenset[str]
    oauth: bool = False
    expires_ms: int | None = None

    @property
    def actor(self) -> str:
        """The app's name in the log of writes."""
        return f"api:{self.app_id}"


class Credentials:
    """Every token the portal has given out, and the calls made with each."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        contacts_only = frozenset({"oauth", "crm.objects.contacts.read", "crm.objects.contacts.write"})
        self.grants = {
            ACCESS_TOKEN: Grant(ACCESS_TOKEN, settings.app_id, frozenset(settings.scopes)),
            LIMITED_TOKEN: Grant(LIMITED_TOKEN, settings.app_id + 2, contacts_only),
        }
        self.refresh_tokens = {REFRESH_TOKEN}
        self._revoked: dict[str, Grant] = {}
        self._windows: dict[tuple[str, str], deque[int]] = {}
        self._search: deque[int] = deque()
        self._day_calls = 0
        self._day_ends_ms = 0

    def add(self, grant: Grant) -> None:
        """Give out a token."""
        self.grants[grant.token] = grant

    def revoke(self, token: str) -> None:
        """Take back an access or refresh token."""
        grant = self.grants.pop(token, None)
        if grant is not None:
            self._revoked[token] = grant
        self.refresh_tokens.discard(token)

    def restore(self, token: str) -> bool:
        """Let a revoked access token, or any text as a refresh token, be good again; whether it was an access token."""
        grant = self._revoked.pop(token, None)
        if grant is None:
            self.refresh_tokens.add(token)
        else:
            self.add(grant)
        return grant is not None

    def grant_of(self, authorization: str, now_ms: int) -> Grant:
        """The grant of an Authorization header; Refusal 401 otherwise."""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Refusal(401, NO_CREDENTIALS, "INVALID_AUTHENTICATION")
        grant = self.grants.get(token)
        if grant is None:
            raise _expired(0, now_ms)
        if grant.expires_ms is not None and grant.expires_ms <= now_ms:
            raise _expired(grant.expires_ms, now_ms)
        return grant

    def spend(self, grant: Grant, lane: str, now_ms: int, *, enforced: bool) -> dict[str, str]:
        """Count one call and return the rate headers of its answer; Refusal 429 when the allowance is used up."""
        self._turn_day(now_ms)
        if enforced and self._day_calls >= self._settings.daily_max:
            raise self._limited("daily", "DAILY")
        if lane == "search":
            _roll(self._search, now_ms - SECOND_MS)
            if enforced and len(self._search) >= self._settings.search_per_s:
                raise self._limited("secondly", "SECONDLY")
            self._search.append(now_ms)
            self._day_calls += 1
            return {}
        window = self._windows.setdefault((grant.token, lane), deque())
        _roll(window, now_ms - WINDOW_MS)
        most = self._most(grant, lane)
        if enforced and len(window) >= most:
            refusal = self._limited("ten_secondly_rolling", "TEN_SECONDLY_ROLLING")
            refusal.headers |= self._headers(grant, most, 0)
            raise refusal
        window.append(now_ms)
        self._day_calls += 1
        return self._headers(grant, most, most - len(window))

    def day_calls(self, now_ms: int) -> int:
        """Calls since midnight in the portal's time zone."""
        self._turn_day(now_ms)
        return self._day_calls

    def use_day(self, calls: int, now_ms: int) -> None:
        """Have so many calls behind us since midnight."""
        self._turn_day(now_ms)
        self._day_calls = calls

    def day_ends_ms(self, now_ms: int) -> int:
        """The next midnight in the portal's time zone."""
        local = (EPOCH + timedelta(milliseconds=now_ms)).astimezone(ZoneInfo(self._settings.time_zone))
        tomorrow = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return milliseconds(tomorrow)

    def _turn_day(self, now_ms: int) -> None:
        if now_ms >= self._day_ends_ms:
            self._day_calls = 0
            self._day_ends_ms = self.day_ends_ms(now_ms)

    def _most(self, grant: Grant, lane: str) -> int:
        if lane == "associations":
            return self._settings.associations_per_10_s
        return self._settings.oauth_burst_per_10_s if grant.oauth else self._settings.burst_per_10_s

    def _headers(self, grant: Grant, most: int, left: int) -> dict[str, str]:
        headers = {
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(left),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(WINDOW_MS),
            "X-HubSpot-RateLimit-Secondly": str(most // 10),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(most // 10 - 1),
        }
        if not grant.oauth:
            headers["X-HubSpot-RateLimit-Daily"] = str(self._settings.daily_max)
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(self._settings.daily_max - self._day_calls, 0))
        return headers

    def _limited(self, name: str, policy: str) -> Refusal:
        message = f"You have reached your {name} limit."
        refusal = Refusal(429, message, errorType="RATE_LIMIT", policyName=policy)
        if self._settings.retry_after_on_429:
            refusal.headers["Retry-After"] = "1" if policy == "SECONDLY" else "10"
        return refusal


def _roll(calls: deque[int], before_ms: int) -> None:
    while calls and calls[0] <= before_ms:
        calls.popleft()


def _expired(since_ms: int, now_ms: int) -> Refusal:
    seconds = (now_ms - since_ms) // 1000
    ago = f"{seconds // 86_400} day(s)" if seconds >= 86_400 else f"{seconds} second(s)"  # noqa: PLR2004 - a day
    return Refusal(
        401,
        f"The OAuth token used to make this call expired {ago} ago.",
        "EXPIRED_AUTHENTICATION",
        context={"expire time": [iso(since_ms)]},
    )
