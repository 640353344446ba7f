"""People: whoever the bridge knows, found by a few words; and one record with all that is known of it, and why.

A page never waits for a CRM: what both sides say now is read when somebody asks for it. What people may do about a
record stands in `person_acts`, on the same blueprint.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from connector.admin import person
from connector.admin.asked import partly, place, ref_of, texts
from connector.admin.desk import Desk
from connector.admin.named import Configured, names_of, personas, reps, words_of
from connector.admin.person import Fresh, Shown
from connector.admin.person_acts import acts
from connector.admin.queue_acts import BUTTONS, acts_on
from connector.admin.roles import Role, needs
from connector.core.alike import likeness
from connector.core.refs import Ref
from connector.engine.bridge import Bridge
from connector.errors import BridgeError
from connector.reports import annals, shelf, story
from connector.reports.record import record
from connector.reports.shelf import Asked
from connector.storage import journeys

ANSWERS = tuple(
    (one, one) for one in ("waiting", "asked", "accepted", "rejected", "recycled", "disqualified", "taken back")
)
CLOCKS = (
    ("any", "any open clock"),
    ("breached", "late"),
    ("warned", "warned"),
    ("running", "running"),
    ("paused", "paused"),
)
_KEPT = ("words", "stage", "persona", "owner", "answer", "clock")


def pages(desk: Desk) -> Blueprint:
    """The pages below /admin/people."""
    blueprint = Blueprint("people", __name__)
    configured = Configured(desk)

    @blueprint.get("/people")
    @needs(Role.VIEWER)
    def index() -> Any:
        return _list(desk)

    @blueprint.get("/people/<ref>")
    @needs(Role.VIEWER)
    def record(ref: str) -> Any:
        bridge, asked = desk.office.bridge(), ref_of(ref)
        with bridge.database.read() as conn:
            today = journeys.today(conn, [asked])[asked]
        if today != asked:  # merged or converted: they are found under their name of today
            return redirect(url_for("admin.people.record", ref=str(today)))
        found = person.shown(bridge, configured.settings(bridge), asked, whole=request.args.get("story") == "all")
        if found is None:
            abort(HTTPStatus.NOT_FOUND)
        return _page(bridge, found)

    @blueprint.get("/people/<ref>/now")
    @needs(Role.VIEWER)
    def now(ref: str) -> Any:
        bridge = desk.office.bridge()
        found = person.shown(bridge, configured.settings(bridge), ref_of(ref))
        if found is None:
            abort(HTTPStatus.NOT_FOUND)
        return _page(bridge, found, _fresh(desk, found))

    @blueprint.get("/people/<ref>/why/<field>")
    @needs(Role.VIEWER)
    def why(ref: str, field: str) -> str:
        return _why(desk, ref_of(ref), field)

    acts(blueprint, desk)
    return blueprint


def _list(desk: Desk) -> Any:
    bridge = desk.office.bridge()
    kept = texts(*_KEPT)
    wanted = Asked(
        words=kept["words"],
        stage=kept["stage"],
        persona=kept["persona"],
        owner=kept["owner"],
        answer=kept["answer"],
        clock=kept["clock"],
        after=place(),
    )
    with bridge.database.read() as conn:
        found = shelf.search(conn, wanted)
    words = words_of(bridge)
    names = words["names"]
    asked = {name: value for name, value in kept.items() if value}
    return partly(
        "people/index.html",
        "people/_found.html",
        **words,
        found=found,
        asked=asked,
        is_later=bool(request.args.get("after")),
        choices={"stage": list(names.stages.items()), "persona": personas(bridge), "owner": reps(names)},
        answers=ANSWERS,
        clocks=CLOCKS,
    )


def _page(bridge: Bridge, found: Shown, fresh: Fresh | None = None) -> Any:
    return partly(
        "people/record.html",
        "people/_now.html",
        **words_of(bridge),
        shown=found,
        fresh=fresh,
        ref=str(found.ref),
        issues=[(one, likeness(one.issue), acts_on(one.issue.kind)) for one in found.record.issues],
        buttons=BUTTONS,
        because=annals.because,
        is_contest=annals.is_contest,
    )


def _fresh(desk: Desk, found: Shown) -> Fresh:
    try:
        return person.fresh(desk.office.live(), found.record, desk.clock.now())
    except BridgeError as error:
        return person.unreachable(error)


def _why(desk: Desk, ref: Ref, field: str) -> str:
    """Every change of one field, the latest first."""
    bridge = desk.office.bridge()
    with bridge.database.read() as conn:
        found = record(conn, bridge.mapping, ref, person.STORY_MAX)
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    every = story.changes(found.events, story.field_names(found.pair, field) if found.pair else {field})
    rules = found.pair.rules if found.pair else ()
    rule = next((one for one in rules if field in (one.name, one.hubspot, one.salesforce)), None)
    if rule is None and not every:
        abort(HTTPStatus.NOT_FOUND)
    return render_template(
        "people/why.html", ref=str(ref), field=field, rule=rule, told=every[::-1], names=names_of(bridge),
        because=annals.because, is_contest=annals.is_contest,
    )  # fmt: skip
