"""Feedback: what sales made of what marketing handed over, by source, campaign, persona and rep; what waits; voices.

The accept rate is accepted / (accepted + rejected + expired): who was not answered in the time promised counts against
sales, and reasons that feedback.yaml excuses count for nobody (product, section 5). It is said beside the number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Blueprint, render_template, request

from connector.admin.asked import DAYS, Window, in_list, one_of, place, texts, window
from connector.admin.desk import Desk
from connector.admin.named import reps, words_of
from connector.admin.roles import Role, needs
from connector.engine.bridge import Bridge
from connector.reports import shelf, voices
from connector.reports.handoff_words import CLASSES, age
from connector.reports.shelf import Answers
from connector.storage.voices import Which

BY: Final = ("source", "campaign", "persona", "owner")
ANSWERS: Final = ("accepted", "rejected", "recycled", "disqualified", "taken back")
_COUNTED: Final = (
    "handed",
    "waiting",
    "accepted",
    "rejected",
    "recycled",
    "disqualified",
    "taken_back",
    "ever_accepted",
    "against_marketing",
    "expired",
)


def pages(desk: Desk) -> Blueprint:
    """The pages below /admin/feedback."""
    blueprint = Blueprint("feedback", __name__)

    @blueprint.get("/feedback")
    @needs(Role.VIEWER)
    def index() -> Any:
        bridge = desk.office.bridge()
        if bridge.agreement is None:
            return render_template("feedback/off.html")
        return render_template("feedback/index.html", **words_of(bridge), **_numbers(bridge), **_waiting(bridge))

    @blueprint.get("/feedback/voices")
    @needs(Role.VIEWER)
    def said() -> Any:
        bridge = desk.office.bridge()
        if bridge.agreement is None:
            return render_template("feedback/off.html")
        return render_template("feedback/voices.html", **words_of(bridge), **_voices(bridge))

    return blueprint


def _numbers(bridge: Bridge) -> Mapping[str, Any]:
    """What became of the handoffs of a window: all together, by reason, and by one of four ways."""
    over, by = window(bridge.clock.now()), one_of("by", BY)
    with bridge.database.read() as conn:
        found = shelf.answers(conn, over.since, over.until, by)
    rows = sorted(found, key=lambda one: -one.handed)
    return {
        "rows": rows,
        "whole": _together(rows),
        "by_class": _by_class(rows),
        "by": by,
        "manners": BY,
        "window": over,
        "windows": DAYS,
    }


def _together(rows: Sequence[Answers]) -> Answers:
    """All rows as one."""
    return Answers("", *(sum(getattr(one, name) for one in rows) for name in _COUNTED))


def _by_class(rows: Sequence[Answers]) -> list[tuple[str, list[tuple[str, int]]]]:
    """Reasons with their numbers under what their class means; classes without a reason are left out."""
    numbers: Counter[tuple[str, str]] = Counter()
    for one in rows:
        for group, reason, number in one.reasons:
            numbers[group, reason] += number
    grouped = (
        (meaning, [(reason, number) for (of, reason), number in numbers.most_common() if of == group])
        for group, meaning in CLASSES.items()
    )
    return [(meaning, those) for meaning, those in grouped if those]


def _waiting(bridge: Bridge) -> Mapping[str, Any]:
    """Handoffs without an answer, the longest first, and how many each rep has."""
    now, after = bridge.clock.now(), place()
    with bridge.database.read() as conn:
        with in_list():
            found = shelf.unanswered(conn, after)
        by_rep = [one for one in shelf.by_rep(conn, now) if one.waiting]
    ages = {(one.ref, one.at): age(now - one.at) for one in found.rows}
    by_rep.sort(key=lambda one: -one.waiting)
    return {"unanswered": found, "ages": ages, "waiting_by_rep": by_rep, "is_later": bool(after)}


def _voices(bridge: Bridge) -> Mapping[str, Any]:
    """What reps answered, in their own words."""
    assert bridge.agreement is not None, "asked before"
    over, wanted = window(bridge.clock.now()), texts("answer", "reason", "source", "campaign", "persona", "owner")
    with bridge.database.read() as conn, in_list():
        found = voices.latest(conn, bridge.agreement.definition, _which(over, wanted), place())
    words = words_of(bridge)
    return {
        "found": found,
        "asked": {name: value for name, value in wanted.items() if value},
        "window": over,
        "windows": DAYS,
        "is_later": bool(request.args.get("after")),
        "choices": {
            "answer": [(one, one) for one in ANSWERS],
            "reason": list(words["reasons"].items()),
            "persona": list(words["personas"].items()),
            "owner": reps(words["names"]),
        },
    }


def _which(over: Window, wanted: Mapping[str, str]) -> Which:
    return Which(over.since, over.until, **wanted)
