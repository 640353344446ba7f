"""The pages, put together: every module of pages is a function of the desk that makes one blueprint below /admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Flask
from werkzeug.routing import IntegerConverter, ValidationError

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
from connector.admin.asked import is_number
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


class RowNumber(IntegerConverter):
    """`<int:...>` in an address: the number of a row; what no row can have is an address that is not there."""

    def to_python(self, value: str) -> int:
        """The number."""
        if not is_number(value):
            raise ValidationError
        return int(super().to_python(value))


def install(app: Flask, desk: Desk, doorkeeper: Doorkeeper) -> None:
    """Put the pages and the API on a web application."""
    app.url_map.converters["int"] = RowNumber
    doorkeeper(app, desk)
    admin = Blueprint("admin", __name__, url_prefix="/admin", template_folder="templates", static_folder="static")
    furnish(app, admin, desk)
    for pages in PAGES:
        admin.register_blueprint(pages(desk))
    app.register_blueprint(admin)
    app.register_blueprint(api(desk))
