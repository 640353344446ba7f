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

LASTS = [("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "for ever")]


def pages(desk: Desk) -> Blueprint:
    """The pages below /admin/tokens."""
    found = Blueprint("tokens", __name__)

    def page(problem: str = "", typed: str = "") -> tuple[str, int]:
        with desk.database.read() as conn:
            known = tokens.every(conn)
        shown = {
            "tokens": known,
            "roles": ROLES,
            "lasts": LASTS,
            "problem": problem,
            "typed": typed,
            "now": desk.clock.now(),
        }
        status = HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK
        return render_template("tokens/list.html", **shown), status

    @found.get("/tokens")
    @needs(Role.ADMIN)
    def index() -> Any:
        return page()

    @found.post("/tokens")
    @needs(Role.ADMIN)
    def add() -> Any:
        name, days = request.form.get("name", ""), request.form.get("days", "")
        try:
            made = accounts_of(desk).add_token(name, role_typed(), int(days) if days in dict(LASTS) and days else None)
        except Refused as why:
            return page(str(why), name)
        return once(f"The token {name.strip()} is made", "Token", made, url_for(".index"))

    @found.post("/tokens/remove")
    @needs(Role.ADMIN)
    def remove() -> Any:
        name = request.form.get("name", "")
        try:
            accounts_of(desk).remove_token(name)
        except Refused as why:
            return page(str(why))
        flash(f"The token {name} is refused from now on.", "good")
        return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)

    return found
