"""What all pages share: the way from one to another, words and charts for templates, and pages for what went wrong.

A page appears in the navigation once its blueprint is there and the visitor's role may open it. Where something fails
the page says what to do next; the reason of a fault that is ours stands in the log under the request's id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby
from typing import Any, Final

import structlog
from flask import Blueprint, Flask, abort, current_app, g, render_template, request
from werkzeug.exceptions import HTTPException

from connector.admin import charts, words
from connector.admin.desk import Desk
from connector.admin.roles import Role, Visitor
from connector.errors import BridgeError, Misconfigured, Transient

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the navigation; `name` is its blueprint and its icon, `path` what follows /admin/."""

    name: str
    path: str
    shown: str
    role: Role
    group: str


PLACES: Final = (
    Place("overview", "", "Overview", Role.VIEWER, "Today"),
    Place("queue", "queue", "Queue", Role.VIEWER, "Today"),
    Place("people", "people", "People", Role.VIEWER, "Both teams"),
    Place("sla", "sla", "SLA board", Role.VIEWER, "Both teams"),
    Place("feedback", "feedback", "Feedback", Role.VIEWER, "Both teams"),
    Place("definition", "definition", "Definition", Role.VIEWER, "What was agreed"),
    Place("mappings", "mappings", "Mappings", Role.VIEWER, "What was agreed"),
    Place("runs", "runs", "Runs", Role.VIEWER, "The bridge"),
    Place("audit", "audit", "Audit", Role.VIEWER, "The bridge"),
    Place("settings", "settings", "Settings", Role.ADMIN, "The bridge"),
    Place("users", "users", "Users", Role.ADMIN, "Who may enter"),
    Place("tokens", "tokens", "API tokens", Role.ADMIN, "Who may enter"),
)
_ADVICE: Final = {
    HTTPStatus.BAD_REQUEST: ("That did not fit", "Go back, load the page again and repeat what you did."),
    HTTPStatus.UNAUTHORIZED: ("Please sign in", "You are not signed in, or your session has ended."),
    HTTPStatus.FORBIDDEN: ("That is not yours to do", "Ask an admin of the bridge for the role, or to do it for you."),
    HTTPStatus.NOT_FOUND: ("Nothing is here", "What you look for was never here, or is gone. Try the search."),
    HTTPStatus.CONFLICT: ("Somebody was faster", "It has changed since you looked. Look again, then decide anew."),
    HTTPStatus.TOO_MANY_REQUESTS: ("Slow down, please", "Too many tries. Wait a few minutes, then try again."),
}
_BRIEF: Final = ("That did not work", "Go back and try again; if it stays so, tell an admin the id below.")


def furnish(app: Flask, admin: Blueprint, desk: Desk) -> None:
    """Give templates their words, and the blueprint of all pages its pages for what went wrong."""
    environment = app.jinja_env
    environment.filters.update(
        number=words.number, money=words.money, percent=words.percent, counted=words.counted, spell=words.spell,
        full=words.full, relative=lambda at: words.relative(at, desk.clock.now()),
    )  # fmt: skip
    environment.globals.update(places=places, admin_path=admin_path, line_chart=charts.line, is_place=is_place)
    environment.globals.update(sheet=(charts.WIDE, charts.TALL), bridge_name=_named(desk))
    admin.add_url_rule("/<path:anything>", "nowhere", _nowhere)
    admin.register_error_handler(HTTPException, _wrong)
    admin.register_error_handler(BridgeError, _refused)
    admin.register_error_handler(Exception, _failed)


def places() -> list[tuple[str, list[tuple[Place, str, bool]]]]:
    """The navigation of whoever is asking: by group, each place with its address and whether it is open now."""
    visitor: Visitor | None = g.get("visitor")
    if visitor is None:
        return []
    here = (request.blueprint or "").removeprefix("admin.")
    open_to = [one for one in PLACES if one.role <= visitor.role and is_place(one.name)]
    by_group = groupby(open_to, key=lambda one: one.group)
    return [(group, [(one, admin_path(one.path), one.name == here) for one in some]) for group, some in by_group]


def is_place(name: str) -> bool:
    """Whether there are pages of that blueprint."""
    return f"admin.{name}" in current_app.blueprints


def admin_path(path: str = "") -> str:
    """The address of a page, wherever a proxy has put the application."""
    return f"{request.script_root}/admin/{path}"


def _named(desk: Desk) -> Callable[[], str]:
    """What the installation is called; nothing, while its files cannot be read."""
    known: list[str] = []

    def name() -> str:
        if not known:
            try:
                known.append(desk.office.loaded().settings.bridge.name)
            except Exception:  # noqa: BLE001  # a page that tells of a fault must not fail for want of a name
                return ""
        return known[0]

    return name


def _nowhere(anything: str) -> str:  # noqa: ARG001  # what was asked for is in the address
    abort(HTTPStatus.NOT_FOUND)


def _wrong(error: HTTPException) -> Any:
    """A page for 4xx; what carries its own answer (a redirect) is that answer."""
    if error.response is not None or error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error
    status = HTTPStatus(error.code)
    title, advice = _ADVICE.get(status, _BRIEF)
    return _page(status, title, advice, _said(error))


def _said(error: HTTPException) -> str:
    """Our own words, where a view gave some; a library's standard ones say nothing here."""
    return "" if error.description == type(error).description else str(error.description or "")


def _refused(error: BridgeError) -> Any:
    """What the bridge itself says is wrong, with what to do about it."""
    if isinstance(error, Misconfigured):
        advice = "The files of the configuration have mistakes; until they are mended this page cannot be shown."
        return _page(HTTPStatus.SERVICE_UNAVAILABLE, "The configuration needs mending", advice, problems=error.problems)
    advice = "Try again in a minute." if isinstance(error, Transient) else "An admin has to mend this first."
    return _page(HTTPStatus.SERVICE_UNAVAILABLE, "The bridge could not do that now", advice, str(error))


def _failed(error: Exception) -> Any:
    _log.error("a page could not be shown", exc_info=error, endpoint=request.endpoint)
    g.reason = "ours"
    advice = "This is a fault of the bridge, not yours. Tell an admin the id below: the log says more under it."
    return _page(HTTPStatus.INTERNAL_SERVER_ERROR, "Something broke", advice)


def _page(status: HTTPStatus, title: str, advice: str, said: str = "", problems: Any = ()) -> tuple[str, int]:
    shown = {"status": int(status), "title": title, "advice": advice, "said": said, "problems": problems}
    return render_template("error.html", **shown, request_id=g.get("request_id", "")), status
