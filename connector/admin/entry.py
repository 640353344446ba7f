"""Coming in and going out: by name and password, or with the company's identity provider.

What is told of a sign-in that fails is the same whether or not there is such a user, and takes as long. Every sign-in
gets a new key, so that nobody can prepare one for somebody else. After it one goes on to where one wanted to go, if
that is a page of ours.
"""

from __future__ import annotations

import math
from datetime import datetime
from http import HTTPStatus
from typing import Any

import structlog
from flask import Blueprint, abort, current_app, g, redirect, render_template, request, session, url_for

from connector.admin import keys, passwords
from connector.admin.accounts import folded, tell
from connector.admin.address import Callers
from connector.admin.cookies import Cookies
from connector.admin.desk import Desk
from connector.admin.doorkeeper import door_of
from connector.admin.keys import Secret
from connector.admin.onward import checked
from connector.admin.openid import Denied, Person, Provider
from connector.admin.throttle import Throttle
from connector.admin.words import full, spell
from connector.storage import sessions, users
from connector.storage.sessions import Session
from connector.storage.users import User

AWAY = "openid"  # in the notes, while somebody is at the provider
WRONG = "That name and password do not belong together. Look at both, and at Caps Lock."
BUSY = "Too many people are signing in at this moment. Try again in a few seconds."
KEPT_OUT = "You are known here but may not come in any more. Ask an admin of the bridge."
_log = structlog.stdlib.get_logger(__name__)


def pages(desk: Desk) -> Blueprint:
    """The pages that strangers may open."""
    found = Blueprint("entry", __name__)
    entry = Entry(desk)
    found.add_url_rule("/sign-in", "sign_in", entry.sign_in)
    found.add_url_rule("/sign-in", "signing_in", entry.signing_in, methods=["POST"])
    found.add_url_rule("/sign-out", "sign_out", entry.sign_out, methods=["POST"])
    found.add_url_rule("/oidc", "openid", entry.away)
    found.add_url_rule("/oidc/back", "back", entry.back)
    return found


class Entry:
    """The views."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._database, self._clock = desk, desk.database, desk.clock
        oidc = desk.web.admin.oidc
        self._provider = Provider(oidc, desk.clock) if oidc else None
        self._throttle = Throttle(desk.database, Secret(desk.database))
        self._callers = Callers(desk.web.trusted_proxies)

    def sign_in(self) -> Any:
        """The form, for whoever is not signed in."""
        return _onward(request.args.get("next", "")) if g.visitor else self._form(HTTPStatus.OK)

    def signing_in(self) -> Any:
        """Take a name and a password."""
        name, now = folded(request.form.get("name", "")), self._clock.now()
        address = self._callers.caller(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))
        until = self._throttle.begin(name, address, now)
        if until is not None:
            return self._later(until, now)
        with self._database.read() as conn:
            user = users.get(conn, name)
        password = request.form.get("password", "")
        try:
            right = passwords.checked(user.hash if user else "", password)
        except passwords.Busy:
            self._throttle.take_back(name, address)
            return self._form(HTTPStatus.SERVICE_UNAVAILABLE, BUSY)
        if user is None or not right or not user.active:
            return self._failed(user)
        self._throttle.succeeded(name, address)
        if not self._come_in(user.name, user.hash):
            return self._failed(user)
        self._renew(user, password)
        return _onward(request.form.get("next", ""))

    def sign_out(self) -> Any:
        """End this session."""
        if g.session is not None:
            with self._database.begin() as conn:
                sessions.end(conn, g.session.key)
                tell(conn, self._clock.now(), f"{g.visitor.name} (web)", "sign out")
        session.clear()
        _cookies().give(keys.fresh())
        return redirect(url_for(".sign_in"), HTTPStatus.SEE_OTHER)

    def away(self) -> Any:
        """Send somebody to the identity provider."""
        if self._provider is None:
            abort(HTTPStatus.NOT_FOUND)
        try:
            url, journey = self._provider.begin(self._returning(), checked(request.args.get("next", "")))
        except Denied as why:
            return self._denied(why)
        session[AWAY] = journey.kept()
        return redirect(url, HTTPStatus.SEE_OTHER)

    def back(self) -> Any:
        """Let somebody in who comes from the identity provider."""
        if self._provider is None:
            abort(HTTPStatus.NOT_FOUND)
        kept = session.pop(AWAY, None)
        try:
            person = self._provider.back(request.args, kept, self._returning())
        except Denied as why:
            return self._denied(why)
        if not self._known(person) or not self._come_in(person.name, ""):
            return self._form(HTTPStatus.FORBIDDEN, KEPT_OUT)
        return _onward(str(kept["onward"]) if kept else "")

    def _form(self, status: HTTPStatus, problem: str = "") -> tuple[str, int]:
        with self._database.read() as conn:
            number = users.number(conn)
        oidc = self._desk.web.admin.oidc
        wanted = checked(request.values.get("next", ""))
        shown = {"problem": problem, "label": oidc.label if oidc else "", "nobody": not number, "onward": wanted}
        return render_template("entry/sign_in.html", **shown, typed=request.form.get("name", "")[:64]), status

    def _later(self, until: datetime, now: datetime) -> Any:
        wait_s = math.ceil((until - now).total_seconds())
        problem = f"Too many attempts have failed. Try again in {spell(wait_s)}, after {full(until)}."
        text, status = self._form(HTTPStatus.TOO_MANY_REQUESTS, problem)
        return text, status, {"Retry-After": str(wait_s)}

    def _failed(self, user: User | None) -> Any:
        """Told in the audit as a fact; by name only if somebody has it, for people type passwords there."""
        by = f"{user.name} (web)" if user else "a stranger (web)"
        with self._database.begin() as conn:
            tell(conn, self._clock.now(), by, "failed sign-in")
        return self._form(HTTPStatus.UNAUTHORIZED, WRONG)

    def _denied(self, why: Denied) -> Any:
        _log.warning("somebody did not come in by the identity provider", reason=why.reason)
        with self._database.begin() as conn:
            tell(conn, self._clock.now(), "a stranger (web)", "failed sign-in")
        return self._form(HTTPStatus.UNAUTHORIZED, str(why))

    def _renew(self, user: User, password: str) -> None:
        """Have the hash made with today's parameters; not now if others are busy with theirs."""
        if passwords.is_outdated(user.hash):
            try:
                kept = passwords.renewed(password)
            except passwords.Busy:
                return
            with self._database.begin() as conn:
                users.set_hash(conn, user.name, kept)

    def _known(self, person: Person) -> bool:
        """Have the user be as the provider says; False when we keep them out."""
        now, by = self._clock.now(), f"{person.name} (web)"
        with self._database.begin() as conn:
            before = users.get(conn, person.name)
            if before is None:
                users.add(conn, User(person.name, person.shown, person.role.word, "", True, now))
                tell(conn, now, by, "user add", user=person.name, role=person.role.word)
                return True
            if before.active and before.role != person.role.word:
                users.set_role(conn, person.name, person.role.word)
                sessions.end_all(conn, person.name)
                tell(conn, now, by, "user role", user=person.name, role=person.role.word, before=before.role)
            if before.active and before.shown != person.shown:
                users.set_shown(conn, person.name, person.shown)
            return before.active

    def _come_in(self, name: str, proven: str) -> bool:
        """Begin a session under a new key, in place of the one this browser may have had.

        Not if somebody has changed the password, of which `proven` is the hash, or keeps them out since they were
        looked at: whoever is signed out at that moment must not slip in behind.
        """
        now, key, before = self._clock.now(), keys.fresh(), _cookies().key()
        with self._database.begin() as conn:
            user = users.get(conn, name)
            if user is None or not user.active or user.hash != proven:
                return False
            sessions.end(conn, keys.digest(before))
            sessions.begin(conn, Session(keys.digest(key), name, now, now))
            users.seen(conn, name, now)
            tell(conn, now, f"{name} (web)", "sign in")
        _cookies().give(key)
        return True

    def _returning(self) -> str:
        """The address the provider sends people back to; it must be registered there."""
        public_url = self._desk.web.public_url
        path: str = url_for(".back")
        return f"{public_url.rstrip('/')}{path}" if public_url else f"{request.host_url.rstrip('/')}{path}"


def _cookies() -> Cookies:
    return door_of(current_app).cookies


def _onward(wanted: str) -> Any:
    return redirect(f"{request.script_root}{checked(wanted)}", HTTPStatus.SEE_OTHER)
