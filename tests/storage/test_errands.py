"""Errands: one of a kind is under way, it lives by signs of life, and what it found is not kept for ever."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from connector.storage import errands
from connector.storage.database import Database
from connector.storage.errands import End, Order, State, Step

SURVEY = Order("survey", "ada (web)", {"run": 3})
SECOND = timedelta(seconds=1)


def test_an_errand_is_told_from_its_beginning_to_its_end(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        number = errands.start(conn, SURVEY, now)
        assert number is not None
        assert errands.beat(conn, number, now + SECOND, Step("looking", 5, 10))
        told = errands.by_id(conn, number, now + SECOND)
        assert told is not None
        assert (told.order, told.state, told.step, told.ended_at) == (
            SURVEY,
            State.RUNNING,
            Step("looking", 5, 10),
            None,
        )
        assert errands.finish(conn, number, now + 2 * SECOND, End(State.DONE, {"records": []}))
        ended = errands.latest(conn, "survey", now + 2 * SECOND)
    assert ended is not None
    assert (ended.id, ended.end, ended.ended_at) == (number, End(State.DONE, {"records": []}), now + 2 * SECOND)


def test_one_of_a_kind_is_under_way_at_a_time(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        first = errands.start(conn, SURVEY, now)
        assert first is not None
        assert errands.start(conn, SURVEY, now + SECOND) is None
        assert errands.start(conn, Order("undo", "ada (web)", {}), now) is not None
        errands.finish(conn, first, now, End(State.FAILED, None, "HubSpot is down"))
        assert errands.start(conn, SURVEY, now + SECOND) is not None


def test_whoever_is_not_heard_of_is_lost_makes_room_and_may_not_come_back(database: Database, now: datetime) -> None:
    later = now + errands.LOST_AFTER + SECOND
    with database.begin() as conn:
        first = errands.start(conn, SURVEY, now)
        assert first is not None
        assert [one.state for one in (errands.by_id(conn, first, at) for at in (now, later)) if one] == [
            State.RUNNING,
            State.LOST,
        ]
        second = errands.start(conn, SURVEY, later)
        assert second is not None
        assert not errands.beat(conn, first, later, Step())
        assert not errands.finish(conn, first, later, End(State.DONE))
        told = errands.by_id(conn, first, later)
        assert told is not None
        assert (told.state, told.ended_at) == (State.LOST, later)


def test_what_was_found_is_forgotten_after_a_week_or_when_somebody_is_erased(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        old, young = (_found(conn, at) for at in (now, now + errands.KEPT_FOR + SECOND))
        assert errands.by_id(conn, old, now) is None
        running = errands.start(conn, SURVEY, now) or 0
        errands.forget(conn)
        assert errands.by_id(conn, young, now) is None
        errands.clear(conn, running)
        told = errands.by_id(conn, running, now)
    assert told is not None
    assert (told.order.asked, told.state) == ({}, State.RUNNING)


def _found(conn: Connection, at: datetime) -> int:
    number = errands.start(conn, SURVEY, at) or 0
    assert errands.finish(conn, number, at, End(State.DONE, {"value": "Countess"}))
    return number
