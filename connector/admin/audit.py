"""The audit: who did what, when, about which record. Nothing here can be changed.

The export is sent as it is read, page by page, so that years of it need no memory; a cell that a spreadsheet would take
for a formula is quoted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, abort, render_template, request, url_for

from connector.admin.desk import Desk
from connector.admin.roles import Role, needs
from connector.core.refs import Ref
from connector.engine.naming import moment
from connector.errors import Misconfigured, Refused
from connector.reports import acts as reports
from connector.reports.acts import KNOWN, Asked, Page
from connector.reports.queue import called_as
from connector.reports.spreadsheet import row

PAGE: Final = 50
_PORTION: Final = 1_000  # rows of an export that are read at a time
_KEPT: Final = ("by", "act", "since", "until")
_LONGEST: Final = 200


def pages(desk: Desk) -> Blueprint:
    """The pages below /admin/audit."""
    blueprint = Blueprint("audit", __name__)

    @blueprint.get("/audit")
    @needs(Role.VIEWER)
    def index() -> Any:
        try:
            asked = _asked(desk)
        except Refused as refusal:
            return _shown(desk, Page((), ""), str(refusal)), HTTPStatus.UNPROCESSABLE_ENTITY
        return _shown(desk, _page(desk, asked, PAGE))

    @blueprint.get("/audit.csv")
    @needs(Role.VIEWER)
    def export() -> Response:
        try:
            asked = _asked(desk)
        except Refused as refusal:
            abort(HTTPStatus.BAD_REQUEST, str(refusal))
        head = {"Content-Disposition": f'attachment; filename="audit-{desk.clock.now():%Y-%m-%d}.csv"'}
        return Response(_lines(desk, replace(asked, after="")), mimetype="text/csv", headers=head)

    return blueprint


def _asked(desk: Desk) -> Asked:
    """What the address asks for.

    Raises:
        Refused: when a time cannot be understood.
    """
    typed = {name: request.args.get(name, "").replace("\0", "").strip()[:_LONGEST] for name in _KEPT}
    now = desk.clock.now()
    since, until = (_moment(typed[name], now) for name in ("since", "until"))
    return Asked(typed["by"], typed["act"], since, until, request.args.get("after", ""))


def _moment(typed: str, now: datetime) -> datetime | None:
    return moment(typed, now) if typed else None


def _page(desk: Desk, asked: Asked, limit: int) -> Page:
    try:
        with desk.database.read() as conn:
            return reports.page(conn, asked, limit)
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST, "this list has no such place")


def _shown(desk: Desk, found: Page, error: str = "") -> str:
    kept: dict[str, Any] = {name: request.args[name] for name in _KEPT if request.args.get(name)}
    return render_template(
        "audit/index.html",
        deeds=found.deeds,
        called=_called(desk, found),
        asked={name: request.args.get(name, "") for name in _KEPT},
        error=error,
        kinds=[("", "Everything"), *KNOWN.items()],
        next_url=url_for(".index", after=found.after, **kept) if found.after else "",
        first_url=url_for(".index", **kept) if request.args.get("after") else "",
        export_url=url_for(".export", **kept),
    )


def _called(desk: Desk, found: Page) -> dict[Ref, str]:
    """What records are called; while the configuration is mended, nothing: what people did is shown all the same."""
    try:
        bridge = desk.office.bridge()
    except Misconfigured:
        return {}
    with bridge.database.read() as conn:
        return called_as(conn, bridge.mapping, [ref for deed in found.deeds for ref in deed.refs])


def _lines(desk: Desk, asked: Asked) -> Iterator[str]:
    yield row(("when (UTC)", "who", "act", "what", "HubSpot record", "Salesforce record", "run"))
    while True:
        with desk.database.read() as conn:
            found = reports.page(conn, asked, _PORTION)
        for deed in found.deeds:
            by_side = {ref.side.value: ref for ref in deed.refs}
            ends = (by_side.get("hubspot"), by_side.get("salesforce"))
            yield row((f"{deed.at:%Y-%m-%d %H:%M:%S}", deed.by, deed.act, deed.words, *ends, deed.run))
        if not found.after:
            return
        asked = replace(asked, after=found.after)
