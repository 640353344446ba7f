"""Duties and pulses on every kind of store: who is at what, what is due when, who is alive."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connector.storage import duties, pulses
from connector.storage.database import Database
from connector.storage.pulses import Pulse

MINUTE = timedelta(minutes=1)


@pytest.fixture
def poll(database: Database, now: datetime) -> str:
    """A duty that is due now."""
    with database.begin() as conn:
        duties.ensure(conn, ["poll", "fold"], now)
        duties.put(conn, "fold", now + MINUTE, {})
    return "poll"


def test_a_duty_is_due_until_somebody_is_at_it_and_again_when_he_says(database: Database, poll: str, now: datetime):
    with database.begin() as conn:
        assert duties.due(conn, now) == [poll]
        held = duties.begin(conn, poll, now, now + 5 * MINUTE)
        assert held is not None
        assert duties.begin(conn, poll, now, now + 5 * MINUTE) is None
        assert duties.due(conn, now) == []
        assert duties.end(conn, held, now + 2 * MINUTE, {"rest_s": 30})
        assert duties.next_due(conn) == now + MINUTE
        assert duties.due(conn, now + 2 * MINUTE) == ["fold", poll]
        again = duties.begin(conn, poll, now + 2 * MINUTE, now + 5 * MINUTE)
        assert again is not None
        assert again.body == {"rest_s": 30}


def test_what_a_dead_process_was_at_is_due_when_its_lease_is_over(database: Database, poll: str, now: datetime):
    with database.begin() as conn:
        duties.begin(conn, poll, now, now + MINUTE)
    with database.begin() as conn:
        assert duties.due(conn, now + MINUTE - timedelta(seconds=1)) == []
        assert poll in duties.due(conn, now + MINUTE)


def test_who_stays_longer_says_so_and_who_has_lost_his_lease_is_told(database: Database, poll: str, now: datetime):
    with database.begin() as conn:
        held = duties.begin(conn, poll, now, now + MINUTE)
        assert held is not None
        longer = duties.renew(conn, held, now + 3 * MINUTE)
        assert longer is not None
        assert duties.due(conn, now + 2 * MINUTE) == ["fold"]
        assert duties.begin(conn, poll, now + 3 * MINUTE, now + 9 * MINUTE) is not None
        assert duties.renew(conn, longer, now + 5 * MINUTE) is None
        assert not duties.end(conn, longer, now, {})


@pytest.mark.parametrize("longer", [False, True])
def test_what_is_asked_for_while_somebody_is_at_it_is_done_once_more(
    database: Database, poll: str, now: datetime, *, longer: bool
):
    with database.begin() as conn:
        held = duties.begin(conn, poll, now, now + MINUTE)
        assert held is not None
        duties.ask(conn, poll, now + timedelta(seconds=1))
        if longer:
            held = duties.renew(conn, held, now + 2 * MINUTE)
            assert held is not None
        assert duties.end(conn, held, now + 5 * MINUTE, {})
        assert duties.due(conn, now + timedelta(seconds=1)) == [poll]


def test_asking_makes_a_duty_due_sooner_and_never_later_and_makes_one_that_is_not_there(
    database: Database, poll: str, now: datetime
):
    with database.begin() as conn:
        duties.ask(conn, poll, now + MINUTE)
        duties.ask(conn, "fold", now)
        duties.ask(conn, "new", now)
        assert duties.due(conn, now) == ["fold", "new", poll]


def test_what_is_held_by_somebody_who_works_no_more_is_freed(database: Database, poll: str, now: datetime):
    with database.begin() as conn:
        held = duties.begin(conn, poll, now, now + 99 * MINUTE)
        assert held is not None
        assert duties.free(conn, poll, now)
        assert duties.due(conn, now) == [poll]
        assert not duties.end(conn, held, now + MINUTE, {})


def test_a_duty_that_is_put_off_keeps_what_it_is_told_and_nothing_that_was_before(database: Database, now: datetime):
    with database.begin() as conn:
        duties.put(conn, "drain", now, {"a": 1})
        duties.put(conn, "drain", now + MINUTE, {"b": 2})
        found = duties.get(conn, "drain")
        assert found == duties.Duty("drain", now + MINUTE, None, {"b": 2})
        assert [found] == duties.all(conn)


def test_a_process_is_alive_while_it_is_heard_of(database: Database, now: datetime):
    one = Pulse("run@here:1", "run", now, now, {"pid": 1})
    other = Pulse("worker@there:2", "worker", now, now)
    with database.begin() as conn:
        pulses.beat(conn, one, now)
        pulses.beat(conn, other, now)
        pulses.beat(conn, one, now + MINUTE)
        assert [(pulse.name, pulse.seen_at, pulse.body) for pulse in pulses.alive(conn, now + MINUTE, MINUTE)] == [
            ("run@here:1", now + MINUTE, {"pid": 1})
        ]
        assert [pulse.name for pulse in pulses.alive(conn, now + MINUTE, 2 * MINUTE)] == [
            "run@here:1",
            "worker@there:2",
        ]


def test_who_says_goodbye_is_gone_and_who_is_silent_for_long_is_forgotten(database: Database, now: datetime):
    with database.begin() as conn:
        for number in range(3):
            pulses.beat(conn, Pulse(f"worker@here:{number}", "worker", now, now), now + number * MINUTE)
        pulses.gone(conn, "worker@here:2")
        assert pulses.forget(conn, now + MINUTE) == 1
        assert [pulse.name for pulse in pulses.alive(conn, now + MINUTE, 9 * MINUTE)] == ["worker@here:1"]
