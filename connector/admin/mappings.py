"""Mappings: the files that say what is kept in step and what was agreed, to be read, edited, tried out and saved.

Everybody reads them. An admin edits a draft: it is checked as a whole on every look, what it would change is worked out
in the background on the records there are, and it is saved as a version for every machine; all of it without a script.
Whatever is submitted brings the text along, so that nothing typed is lost on the way from one step to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from connector.admin import background
from connector.admin.asked import is_number
from connector.admin.desk import Checked, Desk
from connector.admin.differing import changes
from connector.admin.drafts import REPLAYED, SIMULATED, WHY_MAX, Draft, Drafts, about
from connector.admin.roles import Role, needs, visitor
from connector.admin.versions import shelve
from connector.config.texts import Kept, digest_of, kept, why_not_writable
from connector.engine import publishing, trying
from connector.engine.bridge import Bridge, Progress
from connector.engine.publishing import Overtaken
from connector.engine.trying import Scope
from connector.errors import Misconfigured, Refused
from connector.storage import previews, versions
from connector.storage.errands import Order

DAYS: Final = (30, 90, 180, 365)
_DAY_CHOICES: Final = [(str(days), f"the last {days} days") for days in DAYS]
_TOUCHED: Final = "The text was changed after it was last checked. It is checked now: look at it, then save."
_GONE: Final = "this draft is forgotten: drafts are kept for a day"


def pages(desk: Desk) -> Blueprint:
    """The pages below /admin/mappings."""
    found = Blueprint("mappings", __name__)
    rooms = Rooms(desk)
    for path, view, role, method in (
        ("/mappings", rooms.index, Role.VIEWER, "GET"),
        ("/mappings/files/<name>", rooms.file, Role.VIEWER, "GET"),
        ("/mappings/new", rooms.new, Role.ADMIN, "GET"),
        ("/mappings/edit", rooms.edit, Role.ADMIN, "POST"),
        ("/mappings/drafts/<int:draft_id>", rooms.draft, Role.ADMIN, "GET"),
        ("/mappings/effects/<int:errand_id>", rooms.effect, Role.ADMIN, "GET"),
        ("/mappings/folder", rooms.folder, Role.ADMIN, "POST"),
    ):
        found.add_url_rule(path, view.__name__, needs(role)(view), methods=[method])
    shelve(found, desk)
    return found


class Rooms:
    """The views."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._drafts = desk, Drafts(desk)

    def index(self) -> Any:
        """Every file with what it is about, and which version stands."""
        followed = publishing.follow(self._desk.path, self._desk.database, self._desk.clock.now())
        here = kept(self._desk.path)
        with self._desk.database.read() as conn:
            latest = versions.page(conn, None, 5)
            stands = versions.of_digest(conn, digest_of(here.texts))
        shown = {"files": [(name, about(text), text.count("\n")) for name, text in here.texts.items()]}
        edits = self._may_edit(here)
        return render_template(
            "mappings/index.html", **shown, here=here, latest=latest, stands=stands, edits=edits,
            trouble=followed.trouble, why_not=self._why_not(here),
        )  # fmt: skip

    def new(self) -> Any:
        """Begin another file."""
        return redirect(url_for(".file", name=request.args.get("name", "").strip() or "-", new="yes"))

    def file(self, name: str) -> Any:
        """One file to read; for an admin, to edit."""
        here = self._drafts.here()
        if name not in here.texts and not (request.args.get("new") and self._may_edit(here)):
            abort(HTTPStatus.NOT_FOUND, f"there is no file {name}")
        if not self._may_edit(here):
            text = here.texts[name]
            shown = {"name": name, "text": text, "what": about(text), "why_not": self._why_not(here)}
            return render_template("mappings/file.html", **shown)
        try:
            here.path(name)
        except Refused as why:
            flash(str(why), "bad")
            return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)
        return self._editor(Draft(0, visitor().name, here.texts, here.texts), name, here)

    def draft(self, draft_id: int) -> Any:
        """A draft, checked as a whole."""
        here, draft = self._drafts.here(), self._draft(draft_id)
        names = [*draft.texts, *draft.changed]
        name = request.args.get("file", "")
        return self._editor(draft, name if name in names else next(iter(draft.changed or names), ""), here)

    def _editor(self, draft: Draft, name: str, here: Kept) -> Any:
        try:
            checked = self._drafts.checked(draft) if draft.id else Checked((), ())
        except Refused as why:
            abort(HTTPStatus.BAD_REQUEST, str(why))
        called = here.called(name) if draft.texts else name
        mine = [one for one in checked.problems if one.file == called]
        return render_template(
            "mappings/edit.html", draft=draft, name=name, text=draft.texts.get(name, ""), checked=checked,
            about=about(draft.texts.get(name, "")), mine=mine, lines=draft.texts.get(name, "").split("\n"),
            others=[one for one in checked.problems if one not in mine], differing=changes(draft.before, draft.texts),
            meanwhile=changes(draft.before, here.texts), sorts=draft.sorts, replays=bool(draft.sorts & REPLAYED),
            days=_DAY_CHOICES, stages=self._stages(), why_not=why_not_writable(here), why_max=WHY_MAX,
            gone=name not in draft.texts and name in draft.before,
        )  # fmt: skip

    def _stages(self) -> list[tuple[str, str]]:
        """Stages to count entries into; the stage of the handoff first."""
        try:
            agreement = self._desk.office.bridge().agreement
        except Misconfigured:
            return []
        if agreement is None:
            return []
        handed = agreement.definition.handoff.stages if agreement.definition.handoff else ()
        stages = sorted(agreement.definition.lifecycle.stages.values(), key=lambda stage: stage.id not in handed)
        return [(stage.id, stage.name) for stage in stages]

    def edit(self) -> Any:
        """Take what was typed into the draft, then do what was asked for."""
        here = self._drafts.here()
        if not self._may_edit(here):
            abort(HTTPStatus.FORBIDDEN, self._why_not(here))
        name, doing = request.form.get("file", ""), request.form.get("do", "check")
        was = self._submitted()
        try:
            draft = self._typed(was, name, here)
        except Refused as why:
            flash(str(why), "bad")
            return self._to(was, name)
        self._drafts.keep(draft)
        does: dict[str, Callable[[Draft, str, Kept], Any]] = {
            "effect": self._try_out, "save": self._save, "remove": self._remove, "drop": self._drop, "onto": self._onto,
        }  # fmt: skip
        if doing.startswith("open:"):
            return self._to(draft, doing.removeprefix("open:"))
        return does[doing](draft, name, here) if doing in does else self._to(draft, name)

    def _submitted(self) -> Draft:
        """The draft that was edited; a new one is begun on the files that whoever typed had before them."""
        typed = request.form.get("draft") or "0"
        if typed != "0":
            return self._draft(int(typed)) if is_number(typed) else abort(HTTPStatus.NOT_FOUND, _GONE)
        with self._desk.database.read() as conn:
            opened = versions.of_digest(conn, request.form.get("opened", ""))
            version = versions.get(conn, opened) if opened else None
        if version is None:
            abort(HTTPStatus.CONFLICT, "the files on which you began are not known any more; load the page again")
        return self._drafts.begin(visitor().name, version.texts)

    def _typed(self, draft: Draft, name: str, here: Kept) -> Draft:
        if "text" not in request.form or (name in draft.before and name not in draft.texts):
            return draft  # a file that the draft removes is shown, and not typed
        if name not in draft.texts:
            here.path(name)
        return draft.typed(name, request.form["text"])

    def _try_out(self, draft: Draft, name: str, _here: Kept) -> Any:
        if self._drafts.checked(draft).problems:
            flash("Mend what is wrong first: only a draft without mistakes can be tried out.", "bad")
            return self._to(draft, name)
        days = request.form.get("days", 90, type=int)
        scope = Scope(
            request.form.get("who") == "everybody", request.form.get("stage", ""), days if days in DAYS else 90
        )
        by = f"{visitor().name} (web)"
        order = Order(previews.KIND, visitor().name, {"draft": draft.id, "everybody": scope.everybody})
        try:
            errand = background.begin(self._desk, order, lambda report: self._worked_out(draft, scope, by, report))
        except Refused as why:
            flash(str(why), "bad")
            return self._to(draft, name)
        return redirect(url_for(".effect", errand_id=errand), HTTPStatus.SEE_OTHER)

    def _worked_out(self, draft: Draft, scope: Scope, by: str, report: Progress) -> dict[str, Any]:
        """What a draft would change; runs in the background."""
        here = kept(self._desk.path)
        found: dict[str, Any] = {"digest": draft.digest, "everybody": scope.everybody, "files": draft.changed}
        with self._desk.office.trial(here.paths(draft.texts), report) as trial:
            found["plan"] = trying.planned(trial.bridge, self._today(), scope, by)
            tried = trial.bridge.agreement
            if not draft.sorts & (REPLAYED | SIMULATED):
                return found
            now = replace(self._desk.office.bridge(), progress=report)
            if tried and draft.sorts & REPLAYED:
                found["replay"] = trying.replay(now, tried.definition, scope)
            if draft.sorts & SIMULATED:
                found["sla"] = trying.simulated(now, tried)
        return found

    def _today(self) -> Bridge | None:
        """The bridge as it is; None where the files of today cannot be used."""
        try:
            return self._desk.office.live()
        except Misconfigured:
            return None

    def _save(self, draft: Draft, name: str, _here: Kept) -> Any:
        if request.form.get("checked") != draft.digest:
            flash(_TOUCHED, "warn")
            return self._to(draft, name)
        try:
            number = self._drafts.save(draft, f"{visitor().name} (web)", request.form.get("why", ""))
        except Overtaken:
            flash("Nothing was saved: the files have changed since you began. What changed is shown below.", "bad")
            return self._to(draft, name)
        except Refused as why:
            flash(f"Nothing was saved: {why}", "bad")
            return self._to(draft, name)
        flash(f"Saved as version {number}. Every process of the bridge takes it up within seconds.", "good")
        return redirect(url_for(".version", version_id=number), HTTPStatus.SEE_OTHER)

    def _remove(self, draft: Draft, name: str, _here: Kept) -> Any:
        draft = draft.without(name)
        self._drafts.keep(draft)
        return self._to(draft, name if name in draft.before else "")

    def _drop(self, draft: Draft, _name: str, _here: Kept) -> Any:
        self._drafts.drop(draft)
        flash("The draft is given up; nothing has changed.")
        return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)

    def _onto(self, draft: Draft, name: str, here: Kept) -> Any:
        moved, both = draft.onto(here.texts)
        self._drafts.keep(moved)
        if both:
            flash(
                f"{', '.join(both)}: both of you changed it. Your text stands below; compare it before you save.",
                "warn",
            )
        return self._to(moved, name)

    def effect(self, errand_id: int) -> Any:
        """What a draft would change, or how far working it out is."""
        errand = background.look(self._desk, errand_id)
        old = errand and errand.ended_at and self._desk.clock.now() - errand.ended_at >= previews.KEPT_FOR
        if errand is None or old or errand.order.kind != previews.KIND:
            abort(HTTPStatus.NOT_FOUND, "what a draft would change is kept for a day, or until somebody is erased")
        draft = self._drafts.get(int(errand.order.asked.get("draft", 0)))
        found = errand.end.found or {}
        same = draft is not None and found.get("digest") == draft.digest
        return render_template("mappings/effect.html", errand=errand, draft=draft, found=found, same=same)

    def folder(self) -> Any:
        """Settle what stands in a folder that does not hold what is published."""
        by, now = f"{visitor().name} (web)", self._desk.clock.now()
        if not self._desk.web.admin.edit_mappings:
            abort(HTTPStatus.FORBIDDEN, "config.yaml says that mappings are not edited here")
        try:
            if request.form.get("which") == "published":
                number = publishing.adopt_folder(self._desk.path, self._desk.database, by, now)
                flash(f"Version {number} stands in this folder now; what stood here before is in the history.", "good")
                return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)
        except Refused as why:
            flash(str(why), "bad")
            return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)
        with self._desk.database.read() as conn:
            over = versions.newest_published(conn)
        draft = self._drafts.begin(visitor().name, self._drafts.here().texts, over=over)
        flash("This folder's files stand here. Save them, and they are published for every machine.")
        return self._to(draft, "")

    def _may_edit(self, here: Kept) -> bool:
        return not self._why_not(here)

    def _why_not(self, here: Kept) -> str:
        """Why whoever is asking cannot edit; "" when they can."""
        if visitor().role < Role.ADMIN:
            return "An admin edits these files."
        if not self._desk.web.admin.edit_mappings:
            return "Mappings are not edited here: config.yaml says edit_mappings: false. Edit the files instead."
        return f"{here.problems[0]}" if here.problems else ""

    def _draft(self, draft_id: int) -> Draft:
        return self._drafts.get(draft_id) or abort(HTTPStatus.NOT_FOUND, _GONE)

    def _to(self, draft: Draft, name: str) -> Any:
        return redirect(url_for(".draft", draft_id=draft.id, file=name or None), HTTPStatus.SEE_OTHER)
