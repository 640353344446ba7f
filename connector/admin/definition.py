"""The definition: the lifecycle as both teams read it, with personas, reasons, promises, working hours and goals.

What is shown is what is in force, told in plain words beside the conditions themselves; the picture is drawn from the
table of moves. It is one page, so that it can be printed and hung on a wall.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template
from markupsafe import Markup

from connector.admin.desk import Desk
from connector.admin.roles import Role, needs
from connector.config.calendars import CalendarsWritten
from connector.core.definition import Definition
from connector.engine.bridge import Bridge
from connector.reports import charter, diagram, goals
from connector.reports.definition import unlawful_words
from connector.storage import editions, state


def pages(desk: Desk) -> Blueprint:
    """The pages below /admin/definition."""
    found = Blueprint("definition", __name__)
    room = Room(desk)
    found.add_url_rule("/definition", "index", needs(Role.VIEWER)(room.index))
    found.add_url_rule("/definition/diagram.css", "style", needs(Role.VIEWER)(_style))
    return found


class Room:
    """The view, and the calendars of the bridge for which they were read last."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._read: tuple[Bridge, CalendarsWritten | None] | None = None

    def index(self) -> Any:
        """The whole agreement."""
        bridge, now = self._desk.office.bridge(), self._desk.clock.now()
        agreement = bridge.agreement
        if agreement is None:
            return render_template("definition/off.html")
        definition = agreement.definition
        with self._desk.database.read() as conn:
            since, counted = editions.followed_since(conn), state.get(conn, goals.COUNTED) or {}
            kept = editions.all(conn)
        edition = agreement.book[-1] if agreement.book else None
        return render_template(
            "definition/index.html",
            definition=definition,
            picture=_picture(definition),
            bands=charter.stages(definition),
            unlawful=unlawful_words(definition),
            personas=charter.personas(definition),
            answers=charter.answers(definition),
            reasons=charter.reasons(definition),
            policies=charter.policies(edition),
            proposed=edition is not None and edition.version != (kept[-1].version if kept else ""),
            calendars=charter.calendars(self._calendars(bridge), now.date()),
            goals=[one.objective for one in bridge.goals],
            progress={row["id"]: row for row in counted.get("goals", ())},
            year=now.year,
            since=since,
        )

    def _calendars(self, bridge: Bridge) -> CalendarsWritten | None:
        """As they are written; read once for each bridge, for reading takes longer than all the rest."""
        if self._read is None or self._read[0] is not bridge:
            source = self._desk.office.loaded().calendars
            self._read = bridge, source.written if source else None
        return self._read[1]


def _picture(definition: Definition) -> Markup:
    """The lifecycle as SVG for this page, which allows no style of its own; every text in it is escaped."""
    handoff = definition.handoff.stages if definition.handoff else frozenset()
    return Markup(diagram.svg(definition.lifecycle, handoff, styled=False))  # noqa: S704  # escaped where it is drawn


def _style() -> Response:
    return Response(diagram.style_sheet(".diagram"), mimetype="text/css")
