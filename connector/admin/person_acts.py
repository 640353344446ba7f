"""What people may do about one record: each act shows its effect first, then does it and says what comes next.

All of it is `engine.commands`, as on the command line; what a CRM has to be asked for says so when it does not answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from connector.admin.asked import ref_of
from connector.admin.desk import Desk
from connector.admin.named import names_of, personas
from connector.admin.roles import Role, needs, visitor
from connector.core.refs import Ref
from connector.engine import commands
from connector.engine.bridge import Bridge
from connector.engine.case import Case
from connector.engine.naming import resolve
from connector.engine.peeking import if_linked
from connector.engine.planfile import line
from connector.errors import BridgeError, Refused
from connector.reports import shelf
from connector.reports.names import NAMES
from connector.reports.record import Record, record, rows
from connector.reports.shelf import Face

NEXT: Final = "The next pass does it."
_STORY: Final = 10_000  # events that are counted before they are forgotten


@dataclass(frozen=True, slots=True)
class Whom:
    """The record an act is about."""

    ref: Ref
    record: Record
    face: Face | None

    @property
    def name(self) -> str:
        """What people call them."""
        return (self.face and (self.face.name or self.face.email)) or str(self.record.refs[0])


def acts(blueprint: Blueprint, desk: Desk) -> None:
    """Put the acts on the pages about people."""
    _resync(blueprint, desk)
    _unlink(blueprint, desk)
    _link(blueprint, desk)
    _persona(blueprint, desk)
    _forget(blueprint, desk)


def _resync(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.route("/people/<ref>/resync", methods=["GET", "POST"])
    @needs(Role.OPERATOR)
    def resync(ref: str) -> Any:
        bridge = desk.office.bridge()
        whom = _whom(bridge, ref)
        if request.method == "POST":
            commands.resync(bridge, whom.record.refs, _by())
            return _done(whom, f"It will be looked at again. {NEXT}")
        return _effect(whom, "Look at it again", _RESYNC, "Look again", "primary")


def _unlink(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.route("/people/<ref>/unlink", methods=["GET", "POST"])
    @needs(Role.OPERATOR)
    def unlink(ref: str) -> Any:
        bridge = desk.office.bridge()
        whom = _whom(bridge, ref)
        if request.method == "POST":
            try:
                held = commands.unlink(bridge, whom.ref, _by())
            except Refused as refusal:
                return _back(whom, refusal)
            return _done(whom, f"{held.hubspot} and {held.salesforce} are kept apart. Linking them undoes it.")
        if not whom.record.is_linked:
            return _back(whom, Refused(f"{whom.ref} is not linked"))
        told = [words.format(*whom.record.refs) for words in _UNLINK]
        return _effect(whom, "Keep the two apart", told, "Keep them apart", "danger")


def _link(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/people/<ref>/link")
    @needs(Role.OPERATOR)
    def link(ref: str) -> Any:
        whom, asked = _whom(desk.office.bridge(), ref), request.args.get("to", "").strip()
        if not asked:
            return _ask_for_other(whom)
        try:
            bridge = desk.office.live()
            other = resolve(bridge, asked)
            case = if_linked(bridge, whom.ref, other)
        except BridgeError as error:
            return _ask_for_other(whom, asked, str(error)), HTTPStatus.UNPROCESSABLE_ENTITY
        return _show_link(bridge, whom, other, case)

    @blueprint.post("/people/<ref>/link")
    @needs(Role.OPERATOR)
    def linked(ref: str) -> Any:
        whom = _whom(desk.office.bridge(), ref)
        try:
            other = Ref.parse(request.form.get("to", ""))
            commands.link(desk.office.live(), whom.ref, other, _by())
        except (BridgeError, ValueError) as error:
            return _back(whom, error)
        return _done(whom, f"{whom.ref} and {other} are linked. The next pass brings their values in step.")


def _persona(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.route("/people/<ref>/persona", methods=["GET", "POST"])
    @needs(Role.OPERATOR)
    def persona(ref: str) -> Any:
        bridge = desk.office.bridge()
        whom, known = _whom(bridge, ref), personas(bridge)
        if not known or not whom.record.journey:
            return _back(whom, Refused("there are no personas, or the lifecycle has not met this record"))
        if request.method == "GET":
            return render_template(
                "people/persona.html", whom=whom, choices=known, known=dict(known), held=_held_in(bridge)
            )
        chosen = request.form.get("persona", "")
        try:
            commands.name_persona(bridge, whom.ref, chosen, _by())
        except Refused as refusal:
            return _back(whom, refusal)
        said = f"Their persona is {dict(known)[chosen]} from now on" if chosen else "The rules say their persona again"
        return _done(whom, f"{said}. {NEXT}")


def _forget(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.route("/people/<ref>/forget", methods=["GET", "POST"])
    @needs(Role.ADMIN)
    def forget(ref: str) -> Any:
        whom = _whom(desk.office.bridge(), ref)
        names = {str(one).casefold() for one in whom.record.refs}
        names |= {whom.face.email.casefold()} if whom.face and whom.face.email else set()
        if request.method == "GET":
            return render_template("people/forget.html", whom=whom, error="")
        if request.form.get("typed", "").strip().casefold() not in names:
            error = "That is not this person's e-mail address or ref; nothing was forgotten."
            return render_template("people/forget.html", whom=whom, error=error), HTTPStatus.UNPROCESSABLE_ENTITY
        try:
            commands.forget(desk.office.live(), whom.ref, _by())
        except BridgeError as error:
            return _back(whom, error)
        flash("The person is forgotten by the bridge; in the CRMs they still are.", "good")
        return redirect(url_for("admin.people.index"))


_RESYNC: Final = (
    "The next pass reads both sides afresh, whether or not anything changed, and carries out what follows from that.",
    "What that would be at this moment, the record's page tells: press “Read both sides now”.",
    "What waits for its pause after a fault is tried at once.",
    "Your name is kept with it in the record's story.",
)
_UNLINK: Final = (
    "{0} and {1} are no longer kept in step: an edit on one side stays there.",
    "Neither is changed or deleted in its CRM, and neither is matched or made a second time.",
    "Linking the two again undoes it. Your name is kept with it in the record's story.",
)


def _whom(bridge: Bridge, text: str) -> Whom:
    """The record an address names; what was never heard of is nowhere."""
    ref = ref_of(text)
    with bridge.database.read() as conn:
        found = record(conn, bridge.mapping, ref, _STORY)
        if found is None:
            abort(HTTPStatus.NOT_FOUND)
        return Whom(ref, found, shelf.face(conn, ref))


def _by() -> str:
    return f"{visitor().name} (web)"


def _held_in(bridge: Bridge) -> list[tuple[str, str]]:
    """The fields in which both CRMs are told somebody's persona: (CRM, field)."""
    known = bridge.agreement.definition.personas if bridge.agreement else None
    return [(NAMES[side.value], name) for side, name in known.held_in.items() if name] if known else []


def _page(whom: Whom) -> str:
    return url_for("admin.people.record", ref=str(whom.ref))


def _done(whom: Whom, words: str) -> Any:
    flash(words, "good")
    return redirect(_page(whom))


def _back(whom: Whom, error: Exception) -> Any:
    flash(str(error), "bad")
    return redirect(_page(whom))


def _effect(whom: Whom, title: str, told: Any, words: str, kind: str) -> str:
    """What an act would do, and the button that does it."""
    return render_template("people/effect.html", whom=whom, title=title, told=told, words=words, kind=kind)


def _ask_for_other(whom: Whom, asked: str = "", error: str = "") -> str:
    return render_template("people/link.html", whom=whom, asked=asked, error=error, other=NAMES[whom.ref.side.other])


def _show_link(bridge: Bridge, whom: Whom, other: Ref, case: Case) -> str:
    """Both records beside each other, and what the next pass would write."""
    values = [one for one in rows(case.pair, case.subject.hubspot, case.subject.salesforce, None) if not one.is_blank]
    return render_template(
        "people/linked.html", whom=whom, other=other, values=values, steps=line(case)["steps"], names=names_of(bridge)
    )
