"""Sessions, refresh tokens and the daily count of calls.

A session slides: each use renews it. Several logins of one user are several sessions here, and revoking one leaves the
others. The count is of a rolling 24 hours, kept by the minute. (Salesforce fact sheet 7.1, 8.)
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"
_DAY_MINUTES = 1440


@dataclass(slots=True)
class Session:
    """Who a token stands for. Times in epoch seconds."""

    user_id: str
    last_used: float


class Sessions:
    """All tokens that are good now."""

    def __init__(self, org_id: str, random: Random, refresh_token: str, user_id: str) -> None:
        self._prefix = org_id[:15]
        self._random = random
        self._sessions: dict[str, Session] = {}
        self.refresh_tokens: dict[str, str] = {refresh_token: user_id}
        self._retired: dict[str, str] = {}

    def opaque(self, length: int) -> str:
        """Random text of the kind tokens are made of."""
        return "".join(self._random.choices(_ALPHABET, k=length))

    def open(self, user_id: str, now: float) -> str:
        """A new session; its token is returned."""
        token = f"{self._prefix}!{self.opaque(80)}"
        self._sessions[token] = Session(user_id, now)
        return token

    def use(self, token: str, now: float, lifetime_s: float) -> Session | None:
        """The session of a token, renewed; None when unknown or expired."""
        session = self._sessions.get(token)
        if session is None:
            return None
        if now - session.last_used > lifetime_s:
            del self._sessions[token]
            return None
        session.last_used = now
        return session

    def rotate(self, refresh_token: str) -> str:
        """Replace a refresh token by a fresh one. KeyError when it is not good."""
        user_id = self.refresh_tokens.pop(refresh_token)
        fresh = f"5Aep861{self.opaque(60)}"
        self._retired[refresh_token] = fresh
        self.refresh_tokens[fresh] = user_id
        return fresh

    def revoke(self, token: str) -> bool:
        """End a session or a refresh token; whether there was one."""
        return self._sessions.pop(token, None) is not None or self.refresh_tokens.pop(token, None) is not None

    def punish_reuse(self, refresh_token: str) -> None:
        """A rotated-out refresh token came back: the whole grant is revoked (fact sheet 7.1)."""
        heir: str | None = self._retired.get(refresh_token)
        while heir is not None:
            self.refresh_tokens.pop(heir, None)
            heir = self._retired.get(heir)

    def grant(self, refresh_token: str, user_id: str) -> None:
        """Let a refresh token stand for a user, from now on or again."""
        self.refresh_tokens[refresh_token] = user_id

    def expire(self) -> int:
        """End every session at once; how many there were."""
        count = len(self._sessions)
        self._sessions.clear()
        return count


class Usage:
    """API calls of the last 24 hours."""

    def __init__(self) -> None:
        self._minutes: deque[tuple[int, int]] = deque()
        self.used = 0

    def count(self, now: float, calls: int = 1) -> None:
        """Note calls made now."""
        self.expire(now)
        minute = int(now // 60)
        if self._minutes and self._minutes[-1][0] == minute:
            self._minutes[-1] = (minute, self._minutes[-1][1] + calls)
        else:
            self._minutes.append((minute, calls))
        self.used += calls

    def reset(self, now: float, used: int) -> None:
        """Have so many calls behind us, all made now."""
        self._minutes.clear()
        self.used = 0
        self.count(now, used)

    def expire(self, now: float) -> None:
        """Forget what is older than a day."""
        oldest = int(now // 60) - _DAY_MINUTES
        while self._minutes and self._minutes[0][0] <= oldest:
            self.used -= self._minutes.popleft()[1]
