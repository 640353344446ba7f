"""Bugs in what follows from what both teams agreed on: stages, answers, handoffs, promises and what they set off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from connector.core import feedback, handoff, sighting, wishes
from connector.core.definition import Feedback, Handoff
from connector.core.feedback import Attempt
from connector.core.journey import Answered, Entry, Handed, Touched, Verdict
from connector.core.ledger import Ledger
from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.steered import Choose, Wish
from connector.core.walking import Course
from connector.engine import deadlines, evidence, journal
from connector.engine.bridge import Bridge
from connector.ports import Evidence
from connector.storage import effects, timers
from connector.storage.effects import State, Stored
from tests.simulation.mutants.planting import caught_by, replaced

MOVES = {"hands over": 6.0, "sets a stage": 6.0, "sets a stage in Salesforce": 6.0}
HANDS_OVER = {"hands over": 9.0, "hours pass": 3.0}
ANSWERS = {"hands over": 6.0, "answers": 9.0, "arrives as MQL": 3.0}


@caught_by("stages", handing=True, acts=MOVES)
def what_is_told_is_not_remembered_ahead() -> Iterator[None]:
    """The bridge does not note which stage it is about to write, and takes it for a rep's or a marketer's own word."""
    with replaced(journal._tell, lambda *_: None):
        yield


@caught_by("stages", handing=True, acts=MOVES)
def unlawful_stages_are_not_put_back() -> Iterator[None]:
    """A side that shows a stage nobody may be in keeps it, as if it were agreed on that it is only flagged."""
    put_right = wishes._stage

    def keeps(found: dict[str, Wish], ledger: Ledger, side: Side, reading: Reading | None) -> None:
        if reading is None or sighting.refused(ledger, reading) is None:
            put_right(found, ledger, side, reading)

    with replaced(put_right, keeps):
        yield


@caught_by("replies", handing=True, acts=ANSWERS)
def an_answer_loses_its_comment() -> Iterator[None]:
    """What a rep wrote beside verdict and reason is dropped on its way to marketing."""
    complete = feedback.complete

    def terse(agreed: Feedback, verdict: Verdict, made: Attempt, by: str) -> Answered:
        return complete(agreed, verdict, replace(made, comment=""), by)

    with replaced(complete, terse):
        yield


@caught_by("promises", first=26, handing=True, acts={**HANDS_OVER, "is in touch": 9.0}, alone=True)
def what_machines_send_keeps_a_promise() -> Iterator[None]:
    """A newsletter counts as if somebody had called, and nobody hears that a lead was forgotten."""
    stored = evidence.take_portion

    def store(bridge: Bridge, side: Side, portion: Evidence) -> int:
        return stored(bridge, side, replace(portion, entries=[_by_hand(entry) for entry in portion.entries]))

    with replaced(stored, store):
        yield


def _by_hand(entry: Entry) -> Entry:
    return replace(entry, what=replace(entry.what, human=True)) if isinstance(entry.what, Touched) else entry


@caught_by("listening", "promises", handing=True, acts=HANDS_OVER)
def clocks_that_ring_wake_nobody() -> Iterator[None]:
    """A clock that is due is taken off, and nobody looks at whose it was."""

    def ring(bridge: Bridge) -> int:
        with bridge.database.begin() as conn:
            timers.forget(conn, timers.due(conn, bridge.clock.now(), 2_000))
        return 0

    with replaced(deadlines.ring, ring):
        yield


@caught_by(
    "promises",
    first=20,
    handing=True,
    acts=HANDS_OVER,
    alone=True,
    trouble={"act": 2.0, "turn": 30.0, "time": 8.0, "kill": 2.0, "bad line": 0.0},
    burst=12,
)
def messages_of_the_dead_are_sent_again() -> Iterator[None]:
    """Whoever died after sending and before noting it is taken not to have sent: people are told twice."""
    expire = effects.expire

    def again(conn: Connection, now: datetime, reason: str, hint: str) -> list[Stored]:
        ended = expire(conn, now, reason, hint)
        effects.decide(conn, [one.key for one in ended], State.UNKNOWN, now, again=True)
        return []

    with replaced(expire, again):
        yield


@caught_by("promises", handing=True, acts=HANDS_OVER)
def what_is_decided_is_not_sent() -> Iterator[None]:
    """That something is set off is noted in the journey, and never handed to whoever sends it."""
    with replaced(journal._ours, lambda steered, lost: [one for one in steered.effects if one.kind != "webhook"]):
        yield


@caught_by("handing", handing=True, acts=HANDS_OVER)
def the_bridge_keeps_leads_for_itself() -> Iterator[None]:
    """A lead that the bridge has made is the bridge's own, and it counts as the rep who has them already."""
    handed = handoff.handed

    def kept(agreed: Handoff, course: Course, choose: Choose) -> Handed | None:
        first = replace(agreed.rules[0], keep=True)
        return handed(replace(agreed, never=frozenset(), rules=(first, *agreed.rules)), course, choose)

    with replaced(handed, kept):
        yield
