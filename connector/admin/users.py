"""Users: who may sign in, as what; for admins. A password that an admin gives is shown once, to be handed over.

Nobody changes themselves here, so whoever uses these pages cannot leave the bridge without an admin. Whoever comes in
by the identity provider has the role their groups say; they can be kept out here all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from connector.admin import keys
from connector.admin.accounts import Accounts
from connector.admin.desk import Desk
from connector.admin.roles import Role, needs, visitor
from connector.errors import Refused
from connector.storage import sessions, users
from connector.storage.users import User

ROLES: Final = [
    ("viewer", "viewer: looks"),
    ("operator", "operator: also decides about records"),
    ("admin", "admin: also changes what was agreed, and users"),
]
YOURSELF = "You cannot change yourself here; ask another admin. Your password is under your name, above."


def pages(desk: Desk) -> Blueprint:
    """The pages below /admin/users."""
    found = Blueprint("users", __name__)
    rooms = Rooms(desk)
    for path, view, methods in (
        ("/users", rooms.index, ["GET"]),
        ("/users", rooms.add, ["POST"]),
        ("/users/one", rooms.one, ["GET"]),
        ("/users/one", rooms.act, ["POST"]),
        ("/users/remove", rooms.before_removing, ["GET"]),
    ):
        found.add_url_rule(path, view.__name__, needs(Role.ADMIN)(view), methods=methods)
    return found


class Rooms:
    """The views."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def index(self) -> Any:
        """Everybody who may sign in."""
        return self._list()

    def add(self) -> Any:
        """Let somebody sign in with a password that is shown once."""
        password, name = keys.fresh_password(), request.form.get("name", "")
        try:
            user = self._accounts().add(name, role_typed(), password)
        except Refused as why:
            return self._list(str(why), name)
        return once(f"{user.name} can sign in", "Password", password, url_for(".index"))

    def one(self) -> Any:
        """One user, with what can be done about them."""
        user = self._user(request.args.get("name", ""))
        with self._desk.database.read() as conn:
            places = sessions.of_user(conn, user.name)
        shown = {"user": user, "sessions": places, "roles": ROLES, "yourself": user.name == visitor().name}
        return render_template("users/one.html", **shown)

    def before_removing(self) -> Any:
        """What removing somebody means, before it is done."""
        return render_template("users/remove.html", user=self._user(request.args.get("name", "")))

    def act(self) -> Any:
        """Do something about a user."""
        user, doing = self._user(request.form.get("name", "")), request.form.get("act", "")
        back = redirect(url_for(".one", name=user.name), HTTPStatus.SEE_OTHER)
        if user.name == visitor().name:
            flash(YOURSELF, "warn")
            return back
        if doing not in self._acts:
            abort(HTTPStatus.BAD_REQUEST, "say what is to be done")
        try:
            return self._acts[doing](self, user) or back
        except Refused as why:
            flash(str(why), "bad")
            return back

    def _role(self, user: User) -> None:
        role = role_typed()
        self._accounts().set_role(user.name, role)
        flash(f"{user.shown} is {role.word} now, and has to sign in again.", "good")

    def _keep_out(self, user: User) -> None:
        self._accounts().set_active(user.name, active=False)
        flash(f"{user.shown} may not come in any more.", "good")

    def _let_in(self, user: User) -> None:
        self._accounts().set_active(user.name, active=True)
        flash(f"{user.shown} may come in again.", "good")

    def _sign_out(self, user: User) -> None:
        self._accounts().sign_out(user.name)
        flash(f"{user.shown} is signed out everywhere.", "good")

    def _password(self, user: User) -> Any:
        password = keys.fresh_password()
        self._accounts().set_password(user.name, password)
        return once(f"{user.shown} has a new password", "Password", password, url_for(".one", name=user.name))

    def _remove(self, user: User) -> Any:
        self._accounts().remove(user.name)
        flash(f"{user.shown} is removed.", "good")
        return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)

    _acts: Mapping[str, Callable[[Rooms, User], Any]] = {
        "role": _role,
        "keep out": _keep_out,
        "let in": _let_in,
        "sign out": _sign_out,
        "password": _password,
        "remove": _remove,
    }

    def _list(self, problem: str = "", typed: str = "") -> tuple[str, int]:
        with self._desk.database.read() as conn:
            known = users.everyone(conn)
        status = HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK
        return render_template("users/list.html", users=known, roles=ROLES, problem=problem, typed=typed), status

    def _user(self, name: str) -> User:
        with self._desk.database.read() as conn:
            found = users.get(conn, name)
        if found is None:
            abort(HTTPStatus.NOT_FOUND)
        return found

    def _accounts(self) -> Accounts:
        return accounts_of(self._desk)


def accounts_of(desk: Desk) -> Accounts:
    """The acts of whoever is asking."""
    return Accounts(desk.database, desk.clock, f"{visitor().name} (web)")


def role_typed() -> Role:
    """The role that a form names; the least, where it names none."""
    typed = request.form.get("role", "")
    return next((role for role in Role if role.word == typed), Role.VIEWER)


def once(title: str, what: str, secret: str, back: str) -> str:
    """A page that shows what is shown once."""
    return render_template("users/once.html", title=title, what=what, secret=secret, back=back)
