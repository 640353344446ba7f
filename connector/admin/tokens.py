"""API tokens: what scripts may do, and since when they were not used; for admins. A token itself is shown once."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from connector.admin.desk import Desk
from connector.admin.roles import Role, needs
from connector.admin.users import ROLES, accounts_of, once, role_typed
from connector.errors import Refused
from connector.storage import tokens

SHORTEST = 30  # days
LASTS = [(str(SHORTEST), "30 days"), ("90", "90 days"), ("365", "a year"), ("", "for ever")]


def pages(desk: Desk) -> Blueprint:
    """The pages below /admin/tokens."""
    found = Blueprint("tokens", __name__)
    rooms = Rooms(desk)
    found.add_url_rule("/tokens", "index", needs(Role.ADMIN)(rooms.index))
    found.add_url_rule("/tokens", "add", needs(Role.ADMIN)(rooms.add), methods=["POST"])
    found.add_url_rule("/tokens/remove", "remove", needs(Role.ADMIN)(rooms.remove), methods=["POST"])
    return found


class Rooms:
    """The views."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def index(self) -> Any:
        """All tokens."""
        return self._page()

    def add(self) -> Any:
        """Make a token, and show it once."""
        name, days = request.form.get("name", ""), request.form.get("days", "?")
        lasts = None if days == "" else next((int(one) for one, _ in LASTS if one == days), SHORTEST)
        try:
            made = accounts_of(self._desk).add_token(name, role_typed(), lasts)
        except Refused as why:
            return self._page(str(why), name)
        return once(f"The token {name.strip()} is made", "Token", made, url_for(".index"))

    def remove(self) -> Any:
        """Refuse a token from now on."""
        name = request.form.get("name", "")
        try:
            accounts_of(self._desk).remove_token(name)
        except Refused as why:
            return self._page(str(why))
        flash(f"The token {name} is refused from now on.", "good")
        return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)

    def _page(self, problem: str = "", typed: str = "") -> tuple[str, int]:
        with self._desk.database.read() as conn:
            known = tokens.every(conn)
        shown = {"tokens": known, "roles": ROLES, "lasts": LASTS, "now": self._desk.clock.now()}
        status = HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK
        return render_template("tokens/list.html", **shown, problem=problem, typed=typed), status
