"""Who is asking, said before every request of the pages and the API; nobody may come in whom nobody knows.

A browser is known by its cookie, a script by its token. A session ends when it was not used for `session_hours`, at the
latest a day (or those hours, if more) after it began, and at once when somebody's role or password changes or they are
kept out. Whatever changes something and brings a cookie must also bring the token of our own form, whether or not it
brings a script's token as well. A stranger who wants a page is sent to sign in, and back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from flask import Flask, Response, abort, g, redirect, request, url_for
from sqlalchemy import Connection

from connector.admin import keys
from connector.admin.cookies import Cookies
from connector.admin.desk import Desk
from connector.admin.keys import Secret
from connector.admin.notes import keep_notes
from connector.admin.onward import address_of
from connector.admin.roles import Role, Visitor
from connector.storage import sessions, tokens, users
from connector.storage.sessions import Session
from connector.storage.tokens import Token

PAGES, API, STATIC = "/admin", "/api", "/admin/static/"
OPEN: Final = "admin.entry."  # what strangers may open
NOTED: Final = timedelta(minutes=1)  # that somebody was here is written so often
DAY: Final = timedelta(days=1)
_LOOKING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_KEPT_S: Final = 3600  # how long a browser keeps style sheets and pictures
_POLICY: Final = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"


def doorkeeper(app: Flask, desk: Desk) -> None:
    """Say before every request who is asking, and with every answer what a browser may do with it."""
    secure = (desk.web.public_url or "").startswith("https://")
    secret = Secret(desk.database)
    keep_notes(app, secret, secure=secure)
    door = Door(desk, Cookies(secret, secure=secure))
    app.extensions["smarketing_door"] = door
    app.jinja_env.globals["csrf_token"] = door.cookies.token
    app.before_request(door.ask)
    app.after_request(door.answer)


def door_of(app: Flask) -> Door:
    """What `doorkeeper` has put at the door of an application."""
    found: Door = app.extensions["smarketing_door"]
    return found


class Door:
    """Finds out who is asking."""

    def __init__(self, desk: Desk, cookies: Cookies) -> None:
        self.desk, self.cookies = desk, cookies
        self._idle = timedelta(hours=desk.web.admin.session_hours)
        self._longest = max(self._idle, DAY)
        self._strict = (desk.web.public_url or "").startswith("https://")

    def ask(self) -> Any:
        """Before a request: `g.visitor` is who is asking, or None; `g.session` is their session."""
        g.visitor = g.session = None
        if not _is_ours(request.path) or request.path.startswith(STATIC):
            return None
        presented = _presented() if _is_below(request.path, API) else ""
        if presented:
            self._by_token(presented)
        elif self.cookies.key():
            self._by_cookie(self.cookies.key())
        if request.method not in _LOOKING and self._needs_token():
            abort(HTTPStatus.BAD_REQUEST, "this form is too old, or is not one of ours; load the page again")
        if any("\0" in told for _, told in request.form.items(multi=True)):
            abort(HTTPStatus.BAD_REQUEST, "no store keeps the character NUL; leave it out")
        if g.visitor is None and _is_below(request.path, PAGES) and not (request.endpoint or "").startswith(OPEN):
            return _to_sign_in()
        return None

    def answer(self, answer: Response) -> Response:
        """After a request: what a browser may do with the answer."""
        if not _is_ours(request.path):
            return answer
        headers = answer.headers
        headers["Content-Security-Policy"] = _POLICY
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        static = request.path.startswith(STATIC) and answer.status_code < HTTPStatus.BAD_REQUEST
        headers["Cache-Control"] = f"public, max-age={_KEPT_S}" if static else "no-store"
        if self._strict:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        self.cookies.write(answer)
        return answer

    def _needs_token(self) -> bool:
        by_script = _is_below(request.path, API) and not request.cookies.get(self.cookies.name)
        return not by_script and not self.cookies.is_ours()

    def _by_token(self, presented: str) -> None:
        now, database = self.desk.clock.now(), self.desk.database
        with database.read() as conn:
            token = tokens.get(conn, keys.digest(presented))
        if token is None or (token.ends_at is not None and token.ends_at <= now):
            return
        if token.seen_at is None or now - token.seen_at >= NOTED:
            with database.begin() as conn:
                tokens.seen(conn, token.key, now)
        g.visitor = _script(token)

    def _by_cookie(self, key: str) -> None:
        now, database = self.desk.clock.now(), self.desk.database
        with database.read() as conn:
            session = sessions.get(conn, keys.digest(key))
            g.visitor = self._known(conn, session, now) if session else None
        if session is None or g.visitor is None:
            return
        g.session = session
        if now - session.seen_at >= NOTED:
            with database.begin() as conn:
                sessions.seen(conn, session.key, now)

    def _known(self, conn: Connection, session: Session, now: datetime) -> Visitor | None:
        """Whose session it is, unless it has ended."""
        if now - session.seen_at >= self._idle or now - session.began_at >= self._longest:
            return None
        user = users.get(conn, session.user)
        if user is None or not user.active or not (user.hash or self.desk.web.admin.oidc):
            return None
        return Visitor(user.name, user.shown, Role[user.role.upper()])


def _script(token: Token) -> Visitor:
    return Visitor(f"token {token.name}", token.name, Role[token.role.upper()])


def _presented() -> str:
    """The token in the request's Authorization header; "" when there is none."""
    scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
    return presented.strip() if scheme.lower() == "bearer" else ""


def _is_ours(path: str) -> bool:
    return _is_below(path, PAGES) or _is_below(path, API)


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def _to_sign_in() -> Response:
    """Send a stranger to sign in; htmx, which asks for a part of a page, is told to load a whole one."""
    wanted = address_of(request) if request.method in ("GET", "HEAD") and "HX-Request" not in request.headers else ""
    there = url_for("admin.entry.sign_in", next=wanted or None)
    if "HX-Request" in request.headers:
        return Response(status=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": there})
    found: Response = redirect(there, HTTPStatus.SEE_OTHER)  # type: ignore[assignment]  # flask's own, as its base says
    return found
