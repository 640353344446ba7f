"""Flask's own session: notes that go with the next page ("saved"), and where somebody was on the way to sign in.

It is a cookie signed with the store's secret, which is asked for only where a note is read or written: a webhook never
waits for it. Who is signed in does not stand in it.
"""

from __future__ import annotations

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer

from connector.admin.keys import Secret

NAME = "smarketing_notes"


class Notes(SecureCookieSessionInterface):
    """Flask's signed cookie, with the key from the store."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """What signs and checks the cookie."""
        del app
        options = {"key_derivation": self.key_derivation, "digest_method": self.digest_method}
        key = self._secret.signed("notes", "")
        return URLSafeTimedSerializer([key], salt=self.salt, serializer=self.serializer, signer_kwargs=options)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The notes that came with the request."""
        if not request.cookies.get(self.get_cookie_name(app)):
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the notes along where they have changed."""
        if session.modified:
            super().save_session(app, session, response)


def keep_notes(app: Flask, secret: Secret, *, secure: bool) -> None:
    """Have an application keep its notes so; `secure`: by https only."""
    app.session_interface = Notes(secret)
    app.config.update(
        SESSION_COOKIE_NAME=NAME,
        SESSION_COOKIE_PATH="/admin",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_SAMESITE="Lax",
    )
