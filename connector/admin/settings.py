"""Settings as they are in force, for admins: only shown, with file and line; of a secret, where it comes from."""

from __future__ import annotations

from flask import Blueprint, render_template

from connector.admin.desk import Desk
from connector.admin.roles import Role, needs
from connector.config.explained import sections


def pages(desk: Desk) -> Blueprint:
    """The page at /admin/settings."""
    found = Blueprint("settings", __name__)

    @needs(Role.ADMIN)
    def index() -> str:
        settings = desk.office.loaded().settings
        return render_template("settings/index.html", sections=sections(desk.path, settings), file=desk.path.name)

    found.add_url_rule("/settings", "index", index)
    return found
