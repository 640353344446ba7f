"""The numbers both teams are held to: clocks, promises, the funnel, feedback; from the reading copy alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from connector.admin.api import shapes
from connector.admin.api.operations import Call, Operation
from connector.admin.api.questions import FeedbackOf, NextHandoffs, PromisesOf, WhichClocks, Window
from connector.admin.roles import Role
from connector.reports import shelf

_WINDOW: Final = timedelta(days=90)


def clocks(call: Call[WhichClocks]) -> shapes.Clocks:
    """Open clocks."""
    with call.desk.database.read() as conn:
        found = shelf.board(conn, shelf.BoardAsked(**call.asked.model_dump()), call.desk.clock.now())
    return shapes.Clocks(clocks=[shapes.Clock.model_validate(one) for one in found.rows], after=found.after)


def attainment(call: Call[PromisesOf]) -> shapes.Attainment:
    """How promises were kept."""
    since, until = _window(call)
    with call.desk.database.read() as conn:
        found = shelf.attainment(conn, since, until, call.desk.clock.now(), call.asked.by)
    return shapes.Attainment(since=since, until=until, kept=[shapes.Kept.model_validate(one) for one in found])


def funnel(call: Call[Window]) -> shapes.Funnel:
    """People by stage."""
    since, until = _window(call)
    agreement = call.desk.office.bridge().agreement
    order = {stage: place for place, stage in enumerate(agreement.definition.lifecycle.stages)} if agreement else {}
    with call.desk.database.read() as conn:
        found = shelf.funnel(conn, since, until)
    stages = sorted(found.stages, key=lambda one: order.get(one.stage, len(order)))
    told_stages = [shapes.Stage.model_validate(one) for one in stages]
    return shapes.Funnel(since=since, until=until, people=found.people, stages=told_stages)


def feedback(call: Call[FeedbackOf]) -> shapes.Feedback:
    """What sales said."""
    since, until = _window(call)
    with call.desk.database.read() as conn:
        found = shelf.answers(conn, since, until, call.asked.by)
    return shapes.Feedback(since=since, until=until, answers=[_answered(one) for one in found])


def unanswered(call: Call[NextHandoffs]) -> shapes.Handoffs:
    """Handoffs that wait."""
    with call.desk.database.read() as conn:
        found = shelf.unanswered(conn, call.asked.after, call.asked.limit)
    return shapes.Handoffs(handoffs=[shapes.Handoff.model_validate(one) for one in found.rows], after=found.after)


def _answered(found: shelf.Answers) -> shapes.Answered:
    row = {name: getattr(found, name) for name in shapes.Answered.model_fields if name != "reasons"}
    reasons = [shapes.Reason(group=group, reason=reason, times=times) for group, reason, times in found.reasons]
    return shapes.Answered(**row, reasons=reasons)


def _window(call: Call[Any]) -> tuple[datetime, datetime]:
    until = call.asked.until or call.desk.clock.now()
    return call.asked.since or until - _WINDOW, until


_V: Final = Role.VIEWER
OPERATIONS: Final = (
    Operation(
        "clocks", "GET", "/clocks", _V, "Promises", "Open clocks, by due time.", WhichClocks, shapes.Clocks, clocks
    ),
    Operation(
        "attainment",
        "GET",
        "/attainment",
        _V,
        "Promises",
        "How promises were kept.",
        PromisesOf,
        shapes.Attainment,
        attainment,
    ),
    Operation(
        "funnel", "GET", "/funnel", _V, "Lifecycle", "People by stage, and who moved on.", Window, shapes.Funnel, funnel
    ),
    Operation(
        "feedback",
        "GET",
        "/feedback",
        _V,
        "Feedback",
        "What sales said of handoffs.",
        FeedbackOf,
        shapes.Feedback,
        feedback,
    ),
    Operation(
        "unanswered",
        "GET",
        "/handoffs/unanswered",
        _V,
        "Feedback",
        "Handoffs that wait for an answer.",
        NextHandoffs,
        shapes.Handoffs,
        unanswered,
    ),
)
