"""Runs: what the bridge did when, for whom, with what outcome; and one run with everything it wrote, and why.

What takes back, plans anew or lets a run go on is in `undoing`, on the same blueprint.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, abort, render_template, request, url_for

from connector.admin import background, errands
from connector.admin.desk import Desk
from connector.admin.named import names_of
from connector.admin.queue_acts import as_number
from connector.admin.roles import Role, needs
from connector.admin.undoing import undoing
from connector.reports import runs as reports
from connector.reports.annals import because
from connector.storage import runs
from connector.storage.errands import State
from connector.storage.runs import RunsAsked

PAGE: Final = 50


def pages(desk: Desk) -> Blueprint:
    """The pages below /admin/runs."""
    blueprint = Blueprint("runs", __name__)

    @blueprint.get("/runs")
    @needs(Role.VIEWER)
    def index() -> str:
        return _list(desk)

    @blueprint.get("/runs/<int:number>")
    @needs(Role.VIEWER)
    def one(number: int) -> str:
        return _one(desk, number)

    undoing(blueprint, desk)
    return blueprint


def _list(desk: Desk) -> str:
    kind, people = request.args.get("kind", ""), request.args.get("people", "") == "yes"
    before = as_number(request.args["before"]) if request.args.get("before") else None
    with desk.database.read() as conn:
        kinds = [(one, reports.KINDS.get(one, one)) for one in runs.kinds(conn)]
        kind = kind if kind in dict(kinds) else ""
        found = runs.page(conn, RunsAsked(kind, people=people, before=before), PAGE + 1)
    kept: dict[str, Any] = {"kind": kind or None, "people": "yes" if people else None}
    more = len(found) > PAGE
    return render_template(
        "runs/index.html",
        rows=[(run, reports.records_written(run.counts)) for run in found[:PAGE]],
        kinds=[("", "Every kind"), *kinds],
        kind=kind,
        people=people,
        words=reports.KINDS,
        outcomes=reports.OUTCOMES,
        next_url=url_for(".index", before=found[PAGE - 1].id, **kept) if more else "",
        first_url=url_for(".index", **kept) if before else "",
        at_work=_at_work(desk),
    )


def _at_work(desk: Desk) -> list[Any]:
    """What goes on in the background."""
    found = (background.latest(desk, kind) for kind in (errands.SURVEY, errands.UNDO, errands.PLAN, errands.APPROVAL))
    return [one for one in found if one is not None and one.state in {State.RUNNING, State.LOST}]


def _one(desk: Desk, number: int) -> str:
    after = as_number(request.args.get("after", "0"))
    bridge = desk.office.bridge()
    names = names_of(bridge)
    with bridge.database.read() as conn:
        found = reports.shown(conn, bridge.mapping, names, number, (after, PAGE))
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    outcome = reports.OUTCOMES.get(found.run.outcome or "", (found.run.outcome, "quiet"))
    return render_template(
        "runs/run.html",
        found=found,
        names=names,
        because=because,
        kind=reports.KINDS.get(found.run.kind, found.run.kind),
        outcome=outcome,
        next_url=url_for(".one", number=number, after=found.after) if found.after else "",
        first_url=url_for(".one", number=number) if after else "",
    )
