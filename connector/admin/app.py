"""The pages, put together: every module of pages is a function of the desk that makes one blueprint below /admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Flask

from connector.admin import (
    account,
    audit,
    definition,
    entry,
    feedback,
    mappings,
    overview,
    people,
    queue,
    runs,
    settings,
    sla,
    tokens,
    users,
)
from connector.admin.api.wire import api
from connector.admin.desk import Desk
from connector.admin.frame import furnish

Doorkeeper = Callable[[Flask, Desk], None]  # says before every request of the pages who is asking (g.visitor)
PAGES: Final[tuple[Callable[[Desk], Blueprint], ...]] = (
    entry.pages,
    account.pages,
    overview.pages,
    users.pages,
    tokens.pages,
    definition.pages,
    mappings.pages,
    queue.pages,
    runs.pages,
    audit.pages,
    settings.pages,
    people.pages,
    sla.pages,
    feedback.pages,
)


def install(app: Flask, desk: Desk, doorkeeper: Doorkeeper) -> None:
    """Put the pages and the API on a web application."""
    doorkeeper(app, desk)
    admin = Blueprint("admin", __name__, url_prefix="/admin", template_folder="templates", static_folder="static")
    furnish(app, admin, desk)
    for pages in PAGES:
        admin.register_blueprint(pages(desk))
    app.register_blueprint(admin)
    app.register_blueprint(api(desk))
