"""My account: one's own password, and where one is signed in.

The password is changed by whoever knows it, not by whoever finds a browser open: it is asked for, and guesses are
counted like those of the sign-in form. All other sessions end with it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from connector.admin import passwords
from connector.admin.accounts import tell
from connector.admin.address import Callers
from connector.admin.desk import Desk
from connector.admin.keys import Secret
from connector.admin.roles import Role, needs, visitor
from connector.admin.throttle import Throttle
from connector.admin.users import accounts_of
from connector.admin.words import full
from connector.errors import Refused
from connector.storage import sessions, users
from connector.storage.users import User


def pages(desk: Desk) -> Blueprint:
    """The pages below /admin/account."""
    found = Blueprint("account", __name__)
    own = Own(desk)
    found.add_url_rule("/account", "index", needs(Role.VIEWER)(own.index))
    found.add_url_rule("/account", "password", needs(Role.VIEWER)(own.password), methods=["POST"])
    found.add_url_rule("/account/elsewhere", "elsewhere", needs(Role.VIEWER)(own.elsewhere), methods=["POST"])
    return found


class Own:
    """The views."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._throttle = Throttle(desk.database, Secret(desk.database))
        self._callers = Callers(desk.web.trusted_proxies)

    def index(self) -> Any:
        """Who I am here."""
        return self._page()

    def password(self) -> Any:
        """Take another password, once the present one is given."""
        problem = self._refusal()
        if problem:
            return self._page(problem)
        flash("Your password is changed; wherever else you were signed in, you are signed out.", "good")
        return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)

    def elsewhere(self) -> Any:
        """Sign out everywhere but here."""
        name = visitor().name
        with self._desk.database.begin() as conn:
            ended = sessions.end_all(conn, name, g.session.key)
            tell(conn, self._desk.clock.now(), f"{name} (web)", "user sign out", user=name, sessions=ended)
        flash(f"Signed out elsewhere: {ended}.", "good")
        return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)

    def _refusal(self) -> str:
        """Change the password; why not, if it is not changed."""
        name, form = visitor().name, request.form
        if form.get("new", "") != form.get("again", ""):
            return "The new password was typed in two different ways."
        address = self._callers.caller(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))
        until = self._throttle.begin(name, address, self._desk.clock.now())
        if until is not None:
            return f"Too many attempts have failed. Try again after {full(until)}."
        try:
            if not passwords.checked(self._user().hash, form.get("present", "")):
                return "The present password is another one."
            self._throttle.succeeded(name, address)
            accounts_of(self._desk).set_password(name, form.get("new", ""), but=g.session.key)
        except passwords.Busy:
            self._throttle.take_back(name, address)
            return "Too many passwords are being checked at this moment. Try again in a few seconds."
        except Refused as why:
            return str(why)
        return ""

    def _page(self, problem: str = "") -> tuple[str, int]:
        with self._desk.database.read() as conn:
            places = sessions.of_user(conn, visitor().name)
        status = HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK
        shown = {"user": self._user(), "sessions": places, "here": g.session.key, "problem": problem}
        return render_template("account/account.html", **shown), status

    def _user(self) -> User:
        with self._desk.database.read() as conn:
            found = users.get(conn, visitor().name)
        assert found is not None, "the doorkeeper has found them a moment ago"
        return found
