"""The SLA board: every open clock by when it is due, late ones first; by rep; and how promises were kept.

The list comes from the reading copy; by how much business time a clock is late, or how much is left, is judged for the
clocks of the page alone. What is open past its due time counts as late wherever a number is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, render_template, request

from connector.admin.asked import DAYS, in_list, is_part, one_of, partly, place, texts, window
from connector.admin.desk import Desk
from connector.admin.named import reps, words_of
from connector.admin.roles import Role, needs
from connector.engine.bridge import Bridge
from connector.reports import shelf
from connector.reports.pressing import by_policy, pressing
from connector.reports.promises import span_words
from connector.reports.shelf import BoardAsked

STATES: Final = (("breached", "late"), ("warned", "warned"), ("running", "running"), ("paused", "paused"))
BY: Final = ("policy", "owner", "persona", "source")


def pages(desk: Desk) -> Blueprint:
    """The page /admin/sla."""
    blueprint = Blueprint("sla", __name__)

    @blueprint.get("/sla")
    @needs(Role.VIEWER)
    def index() -> Any:
        bridge = desk.office.bridge()
        if bridge.agreement is None:
            return render_template("sla/off.html")
        kept = {} if is_part() else _kept(bridge)
        return partly("sla/index.html", "sla/_board.html", **_board(bridge), **kept)

    return blueprint


def policies(bridge: Bridge) -> dict[str, str]:
    """What policies are called, of every edition; the latest one says."""
    book = bridge.agreement.book if bridge.agreement else ()
    return {one.id: one.name for edition in book for one in edition.policies.values()}


def _board(bridge: Bridge) -> dict[str, Any]:
    """Open clocks, and who has them."""
    assert bridge.agreement is not None, "asked before"
    now, wanted = bridge.clock.now(), texts("state", "owner", "policy", "team")
    asked = BoardAsked(
        state=wanted["state"] if wanted["state"] in dict(STATES) else "",
        owner=wanted["owner"],
        policy=wanted["policy"],
        team=wanted["team"],
        after=place(),
    )
    with bridge.database.read() as conn:
        with in_list():
            found = shelf.board(conn, asked, now)
        judged = pressing(conn, bridge.agreement, found.rows, now)
        by_rep, promises = shelf.by_rep(conn, now), by_policy(conn, now)
    left = {
        key: span_words(cycle.lateness) + " late" if cycle.lateness else span_words(cycle.remaining) + " left"
        for key, cycle in judged.items()
    }
    words, known = words_of(bridge), policies(bridge)
    return {
        **words,
        "found": found,
        "left": left,
        "by_rep": by_rep,
        "by_policy": promises,
        "totals": {name: sum(getattr(one, name) for one in by_rep) for name in (*dict(STATES), "waiting")},
        "policies": known,
        "asked": {name: value for name, value in wanted.items() if value},
        "is_later": bool(request.args.get("after")),
        "states": list(STATES),
        "choices": {"owner": reps(words["names"]), "policy": list(known.items())},
        "by": one_of("by", BY),
        "window": window(now),
    }


def _kept(bridge: Bridge) -> Mapping[str, Any]:
    """How promises due in a window were kept."""
    over, by = window(bridge.clock.now()), one_of("by", BY)
    with bridge.database.read() as conn:
        attained = shelf.attainment(conn, over.since, over.until, over.until, by)
    decided = sum(one.met + one.breached for one in attained)
    return {
        "attained": attained,
        "overall": sum(one.met for one in attained) / decided if decided else None,
        "manners": BY,
        "windows": DAYS,
    }
