"""Taking back what the bridge wrote, and letting a held run go on: seen first, then decided, done in the background.

Each piece of work has a page of its own that tells how far it is, outlives reloads and processes, and says so when
whoever worked on it is gone. Only what was seen there can be confirmed, and a guard that holds it must be let through
in so many words.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from connector.admin import background, errands
from connector.admin.desk import Desk
from connector.admin.named import names_of
from connector.admin.roles import Role, needs, visitor
from connector.core.refs import Ref
from connector.engine.bridge import Bridge
from connector.engine.deeds import Asked
from connector.engine.naming import moment, resolve
from connector.engine.undo import both
from connector.errors import BridgeError, Refused
from connector.reports import runs as reports
from connector.storage.errands import Errand, State

_LONGEST: Final = 200  # characters somebody may name a record, a field or a time with


def undoing(blueprint: Blueprint, desk: Desk) -> None:
    """Put these pages on the blueprint of runs."""
    _ask(blueprint, desk)
    _confirm(blueprint, desk)

    @blueprint.get("/runs/work/<int:number>")
    @needs(Role.OPERATOR)
    def work(number: int) -> str:
        found = _errand(desk, number)
        shown = {"found": found, "names": names_of(desk.office.bridge()), "wrote": reports.wrote}
        return render_template(f"runs/{found.order.kind}.html", **shown)


def _ask(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/runs/undo")
    @needs(Role.OPERATOR)
    def ask() -> str:
        return _form(request.args)

    @blueprint.post("/runs/undo")
    @needs(Role.OPERATOR)
    def survey() -> Any:
        try:
            asked = _asked(desk, request.form)
            number = errands.survey(desk, asked, _by())
        except Refused as refusal:
            return _form(request.form, str(refusal)), HTTPStatus.UNPROCESSABLE_ENTITY
        return redirect(url_for(".work", number=number))

    @blueprint.post("/runs/plan")
    @needs(Role.OPERATOR)
    def plan() -> Any:
        return _begun(desk, errands.PLAN, lambda: errands.plan(desk, _by()))


def _confirm(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.post("/runs/work/<int:number>/undo")
    @needs(Role.OPERATOR)
    def take_back(number: int) -> Any:
        seen = _errand(desk, number)
        if seen.order.kind != errands.SURVEY or seen.state is not State.DONE or not seen.end.found:
            abort(HTTPStatus.CONFLICT, "look first at what would be undone")
        if seen.end.found["held"] and request.form.get("approve") != "yes":
            flash("A guard holds this. Tick that you have seen it, to let it through.", "warn")
            return redirect(url_for(".work", number=number))
        return _begun(desk, errands.UNDO, lambda: errands.take_back(desk, seen, _by()))

    @blueprint.post("/runs/work/<int:number>/go-on")
    @needs(Role.OPERATOR)
    def go_on(number: int) -> Any:
        seen = _errand(desk, number)
        if seen.order.kind != errands.PLAN or seen.state is not State.DONE or not seen.end.found:
            abort(HTTPStatus.CONFLICT, "look first at what would be written")
        if not seen.end.found["held"]:
            abort(HTTPStatus.CONFLICT, "nothing was held when this plan was made")
        return _begun(desk, errands.APPROVAL, lambda: errands.let_go_on(desk, seen.end.found["held"], _by()))


def _begun(desk: Desk, kind: str, begin: Any) -> Any:
    """To the page of the work that was begun, or of the one that is under way already."""
    try:
        number = begin()
    except Refused as refusal:
        under_way = background.latest(desk, kind)
        flash(f"{str(refusal)[:1].upper()}{str(refusal)[1:]}.", "warn")
        number = under_way.id if under_way else 0
    return redirect(url_for(".work", number=number))


def _errand(desk: Desk, number: int) -> Errand:
    found = background.look(desk, number)
    if found is None or found.order.kind not in _KINDS:
        abort(HTTPStatus.NOT_FOUND)
    return found


_KINDS: Final = frozenset({errands.SURVEY, errands.UNDO, errands.PLAN, errands.APPROVAL})


def _asked(desk: Desk, form: Any) -> Asked:
    """What somebody wants undone.

    Raises:
        Refused: where it cannot be understood.
    """
    typed = {name: form.get(name, "").strip() for name in ("run", "record", "field", "since", "until")}
    if any(len(one) > _LONGEST for one in typed.values()):
        raise Refused("that is too long to be a record, a field or a time")
    if not any(typed.values()):
        raise Refused("say what shall be undone: a run, a record, a field, or from when until when")
    run = typed["run"]
    if run and not (run.isascii() and run.isdigit() and len(run) < 19):  # noqa: PLR2004  # what a run's number can be
        raise Refused(f"{run!r} is no run's number")
    now = desk.clock.now()
    since, until = (moment(typed[name], now) if typed[name] else None for name in ("since", "until"))
    return Asked(int(run) if run else None, _refs(desk, typed["record"]), typed["field"], since, until)


def _refs(desk: Desk, record: str) -> frozenset[Ref] | None:
    """The record somebody means, with its counterpart; a ref needs no CRM to be understood."""
    if not record:
        return None
    bridge: Bridge = desk.office.bridge()
    try:
        return both(bridge, resolve(bridge if ":" in record else desk.office.live(), record))
    except Refused:
        raise
    except BridgeError as error:
        raise Refused(f"the CRM that knows {record!r} cannot be asked: {error}") from error


def _form(typed: Any, error: str = "") -> str:
    said = {name: typed.get(name, "") for name in ("run", "record", "field", "since", "until")}
    return render_template("runs/ask.html", said=said, error=error)


def _by() -> str:
    return f"{visitor().name} (web)"
