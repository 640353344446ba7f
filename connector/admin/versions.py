"""The history of the mapping files: who let them be so, when and why, what differs, and the way back to any of them.

Going back is an edit like any other: it begins a draft with the files as they were, which is checked, tried out and
saved in the same way, so that what was undone stays in the history, too.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from connector.admin.asked import is_number
from connector.admin.desk import Desk
from connector.admin.differing import changes
from connector.admin.drafts import Drafts
from connector.admin.roles import Role, needs, visitor
from connector.config.texts import digest_of
from connector.storage import versions

PAGE: Final = 50


def shelve(found: Blueprint, desk: Desk) -> None:
    """Add the pages of the history to those of the mappings."""
    rooms = Rooms(desk)
    for path, view, role, method in (
        ("/mappings/versions", rooms.history, Role.VIEWER, "GET"),
        ("/mappings/versions/<int:version_id>", rooms.version, Role.VIEWER, "GET"),
        ("/mappings/versions/<int:version_id>/back", rooms.back, Role.ADMIN, "POST"),
    ):
        found.add_url_rule(path, view.__name__, needs(role)(view), methods=[method])


class Rooms:
    """The views."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._drafts = desk, Drafts(desk)

    def history(self) -> Any:
        """Versions, the newest first."""
        typed = request.args.get("before", "")
        before = int(typed) if is_number(typed) else None
        stands = digest_of(self._drafts.here().texts)
        with self._desk.database.read() as conn:
            rows = versions.page(conn, before, PAGE + 1)
        more = rows[PAGE - 1].id if len(rows) > PAGE else None
        return render_template("mappings/history.html", rows=rows[:PAGE], more=more, before=before, stands=stands)

    def version(self, version_id: int) -> Any:
        """One version: what it changed, and what is otherwise now."""
        here = self._drafts.here().texts
        version = self._version(version_id)
        with self._desk.database.read() as conn:
            known = versions.of_digest(conn, version.was) if version.was else None
            before = versions.get(conn, known) if known else None
        since_then = changes(version.texts, here)
        return render_template(
            "mappings/version.html", version=version, before=before, since_then=since_then,
            differing=changes(before.texts if before else {}, version.texts),
            may_go_back=visitor().role >= Role.ADMIN and self._desk.web.admin.edit_mappings,
        )  # fmt: skip

    def back(self, version_id: int) -> Any:
        """Begin a draft with the files as they were."""
        if not self._desk.web.admin.edit_mappings:
            abort(HTTPStatus.FORBIDDEN, "config.yaml says that mappings are not edited here")
        version, here = self._version(version_id), self._drafts.here().texts
        if version.texts == here:
            flash("The files are as they were in that version already.")
            return redirect(url_for(".version", version_id=version_id), HTTPStatus.SEE_OTHER)
        draft = self._drafts.begin(visitor().name, here, version.texts)
        flash(f"This draft holds the files as they were in version {version_id}. Look at the effect, then save it.")
        return redirect(url_for(".draft", draft_id=draft.id), HTTPStatus.SEE_OTHER)

    def _version(self, version_id: int) -> versions.Version:
        with self._desk.database.read() as conn:
            found = versions.get(conn, version_id)
        return found or abort(HTTPStatus.NOT_FOUND, f"there is no version {version_id}")
