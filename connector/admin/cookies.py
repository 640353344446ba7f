"""The cookie by which a browser is known, and the token by which a form shows that it is one of ours.

The cookie holds a random key; who is signed in with it stands in the store (`storage.sessions`), so any web process
answers and ending a session ends it everywhere. It is given to strangers, too, for the sign-in form needs a token; at
sign-in a new key is made, so nobody can be made to use a known one. Flask-WTF would keep its token in Flask's own
cookie, which outlives the sign-in and is not ended with it; ours follows from the session's key and the store's secret,
so each session has its own, and it ends with the session.
"""

from __future__ import annotations

import hmac
import re
from typing import Final

from flask import Response, g, request

from connector.admin import keys
from connector.admin.keys import Secret

FIELD: Final = "csrf_token"  # in forms
HEADER: Final = "X-CSRF-Token"  # of requests that scripts of ours make
_PLAIN: Final = "smarketing_session"
_SANE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class Cookies:
    """Reads and writes the cookie. secure: the browser may send it by https only."""

    def __init__(self, secret: Secret, *, secure: bool) -> None:
        self._secret, self._secure = secret, secure
        self.name = f"__Host-{_PLAIN}" if secure else _PLAIN  # such a name no other host may set

    def key(self) -> str:
        """What the cookie of the request holds; "" when there is none that we could have given."""
        held = request.cookies.get(self.name, "")
        return held if _SANE.fullmatch(held) else ""

    def give(self, key: str) -> None:
        """Have the answer to this request set the cookie."""
        g.cookie = key

    def token(self) -> str:
        """What a form on the page that is being made must bring back."""
        key = g.get("cookie") or self.key()
        if not key:
            key = keys.fresh()
            self.give(key)
        return self._secret.signed("csrf", key)

    def is_ours(self) -> bool:
        """Whether the request brings the token of its cookie."""
        key = self.key()
        if not key:
            return False
        said = request.headers.get(HEADER) or request.form.get(FIELD, "")
        return hmac.compare_digest(said.encode("utf-8", "surrogatepass"), self._secret.signed("csrf", key).encode())

    def write(self, answer: Response) -> None:
        """Set the cookie where one was given; it lives until the browser closes."""
        if g.get("cookie"):
            answer.set_cookie(self.name, g.cookie, path="/", secure=self._secure, httponly=True, samesite="Lax")
