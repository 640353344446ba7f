"""The queue: what waits for a person, alike things together, and what a person may do about one of them or many.

An act on issues is shown before it is done (`engine.foreseeing`): which record gets which value where, by the planning
of every pass. What was closed between looking and acting is told and left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for

from connector.admin.desk import Desk
from connector.admin.named import names_of
from connector.admin.queue_acts import (
    AT_ONCE,
    BUTTONS,
    DONE,
    SHOWN,
    Act,
    Chosen,
    acts_on,
    as_number,
    carry_out,
    chosen_in,
    heap_named,
    numbers,
)
from connector.admin.roles import Role, needs, visitor
from connector.admin.words import counted
from connector.engine import commands, foreseeing, post, unsent
from connector.engine.bridge import Bridge
from connector.engine.foreseeing import Foreseen
from connector.engine.planfile import line
from connector.engine.several import Acted
from connector.reports import queue as reports
from connector.reports.names import NAMES
from connector.reports.queue import MEANINGS, Asked
from connector.storage import alike
from connector.storage.effects import State
from connector.storage.issues import StoredIssue

NEXT: Final = "The next pass does it."


def pages(desk: Desk) -> Blueprint:
    """The pages below /admin/queue."""
    blueprint = Blueprint("queue", __name__)

    @blueprint.get("/queue")
    @needs(Role.VIEWER)
    def index() -> str:
        asked = Asked(*(request.args.get(name, "").strip() for name in ("kind", "field", "words")))
        bridge = desk.office.bridge()
        with bridge.database.read() as conn:
            found = reports.queue(conn, asked)
            firsts = [heap.first for section in found.sections for heap in section.heaps]
            called = _called(bridge, conn, firsts)
        shown = {"found": found, "asked": asked, "called": called, "kinds": _kinds(found), "names": names_of(bridge)}
        return render_template("queue/index.html", **shown)

    @blueprint.get("/queue/<heap>")
    @needs(Role.VIEWER)
    def listed(heap: str) -> str:
        return _listed(desk, heap)

    @blueprint.get("/queue/<heap>/effect")
    @needs(Role.OPERATOR)
    def effect(heap: str) -> Any:
        return _effect(desk, heap)

    @blueprint.post("/queue/<heap>/act")
    @needs(Role.OPERATOR)
    def act(heap: str) -> Any:
        bridge = desk.office.bridge()
        chosen = chosen_in(bridge, heap, request.form)
        acted = carry_out(bridge, chosen, f"{visitor().name} (web)")
        flash(_told(chosen, acted), "good" if acted.done else "warn")
        return redirect(url_for("admin.queue.listed", heap=heap) if _left(bridge, heap) else url_for(".index"))

    _besides(blueprint, desk)
    return blueprint


def _besides(blueprint: Blueprint, desk: Desk) -> None:
    """What waits without being an issue: pauses, and post that was not understood."""

    @blueprint.post("/queue/retry")
    @needs(Role.OPERATOR)
    def retry() -> Any:
        number = commands.retry(desk.office.bridge(), f"{visitor().name} (web)")
        flash(f"{counted(number, 'record')} {'is' if number == 1 else 'are'} due now. {NEXT}", "good")
        return redirect(url_for(".index"))

    @blueprint.post("/queue/post/again")
    @needs(Role.OPERATOR)
    def read_again() -> Any:
        number = post.read_again(desk.database, desk.clock.now(), f"{visitor().name} (web)")
        flash(f"{counted(number, 'request')} will be read once more.", "good")
        return redirect(url_for(".index"))

    @blueprint.post("/queue/post/drop")
    @needs(Role.OPERATOR)
    def drop() -> Any:
        picked = numbers(request.form.getlist("pick"))
        if not picked:
            flash("Tick the requests first that are to be thrown away.", "warn")
        elif request.form.get("sure") != "yes":
            return render_template("queue/drop.html", picked=picked)
        else:
            number = post.drop(desk.database, picked, desk.clock.now(), f"{visitor().name} (web)")
            gone = "" if number == len(picked) else " The others were gone already."
            flash(f"{counted(number, 'request')} thrown away.{gone}", "good" if number else "warn")
        return redirect(url_for(".index"))


def _listed(desk: Desk, heap: str) -> str:
    """One heap, issue by issue."""
    heap = heap_named(heap)
    after = as_number(request.args.get("after", "0"))
    bridge = desk.office.bridge()
    with bridge.database.read() as conn:
        number, _ = alike.extent(conn, heap)
        found = alike.page(conn, heap, after, SHOWN + 1)
        called = _called(bridge, conn, found[:SHOWN])
    more = len(found) > SHOWN
    shown = {
        "heap": heap,
        "number": number,
        "rows": found[:SHOWN],
        "called": called,
        "acts": [(act, BUTTONS[act]) for act in acts_on(found[0].issue.kind)] if found else [],
        "meaning": MEANINGS[found[0].issue.kind] if found else None,
        "next_url": url_for(".listed", heap=heap, after=found[SHOWN - 1].id) if more else "",
        "first_url": url_for(".listed", heap=heap) if after else "",
        "mapped": set(bridge.views),
        "names": names_of(bridge),
    }
    return render_template("queue/heap.html", **shown)


def _effect(desk: Desk, heap: str) -> Any:
    """What an act would lead to, and the button that does it."""
    bridge = desk.office.bridge()
    chosen = chosen_in(bridge, heap, request.args)
    if not chosen.number:
        picked = "That was settled meanwhile; nothing is left to do." if chosen.stale else "Tick some rows first."
        flash(picked, "warn")
        return redirect(url_for(".listed", heap=heap))
    if chosen.act in {Act.SEND_AGAIN, Act.LET_REST}:
        told = [
            (one, unsent.shown(bridge, State(one.issue.field), one.issue.refs[0].id, SHOWN)) for one in chosen.first
        ]
        return render_template("queue/send.html", chosen=chosen, button=BUTTONS[chosen.act], told=told)
    foreseen = _foreseen(desk.office.live(), chosen)
    with bridge.database.read() as conn:
        called = _called(bridge, conn, chosen.first)
    papers = {one.stored.id: line(one.case) for one in foreseen if one.case}
    shown = {"chosen": chosen, "button": BUTTONS[chosen.act], "foreseen": foreseen, "papers": papers, "called": called}
    return render_template(
        "queue/effect.html", **shown, writes=_writes(foreseen), at_once=AT_ONCE, names=names_of(bridge)
    )


def _foreseen(bridge: Bridge, chosen: Chosen) -> list[Foreseen]:
    if chosen.act is Act.UNPARK:
        return foreseeing.if_unparked(bridge, chosen.first)
    if chosen.act is Act.LOOK_AGAIN:
        return foreseeing.if_looked_at(bridge, chosen.first)
    return foreseeing.if_settled(bridge, chosen.first, chosen.act.winner)


def _writes(foreseen: Sequence[Foreseen]) -> dict[str, int]:
    """Fields that would be written of the records shown, by side."""
    written = dict.fromkeys(NAMES, 0)
    cases = {id(one.case): one.case for one in foreseen if one.case}
    for case in cases.values():
        for step in line(case)["steps"]:
            for change in step.get("changes", ()):
                written[change["side"]] += 1
    return written


def _told(chosen: Chosen, acted: Acted) -> str:
    """What became of it, in words."""
    done = f"{counted(acted.done, 'thing')} {DONE[chosen.act]}." if acted.done else "Nothing was left to do."
    were = "was" if acted.stale == 1 else "were"
    stale = f" {acted.stale:,} {were} settled meanwhile and left alone." if acted.stale else ""
    following = f" {NEXT}" if acted.done and chosen.act is not Act.LET_REST else ""
    return done + stale + following


def _left(bridge: Bridge, heap: str) -> bool:
    with bridge.database.read() as conn:
        return alike.extent(conn, heap)[0] > 0


def _called(bridge: Bridge, conn: Any, some: Sequence[StoredIssue]) -> Mapping[Any, str]:
    return reports.called_as(conn, bridge.mapping, [ref for one in some for ref in one.issue.refs])


def _kinds(found: reports.Queue) -> list[tuple[str, str]]:
    """Kinds as choices, with how many of each are open."""
    told = [
        (kind.value, f"{MEANINGS[kind].title} ({found.counts[kind]:,})") for kind in MEANINGS if kind in found.counts
    ]
    return [("", "Everything"), *told]
