"""Quiet time: somebody at work on a record saves more than once, and one look is enough for it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connector.core.refs import Ref, hubspot
from connector.storage import dirty
from connector.storage.database import Database
from connector.storage.dirty import Quiet

ANN = hubspot("contacts", "1")
SECOND = timedelta(seconds=1)
QUIET = Quiet(2 * SECOND, 30 * SECOND)
MINUTE = timedelta(minutes=1)


def due(database: Database, ref: Ref = ANN) -> datetime:
    with database.read() as conn:
        return {one.ref: one.due_at for one in dirty.sample(conn, 10)}[ref]


def told(database: Database, at: datetime, lane: int = 1, quiet: Quiet | None = QUIET) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ANN], at, lane=lane, quiet=quiet, reason="webhook")


def test_a_record_is_looked_at_once_nothing_more_was_told_for_a_moment(database: Database, now: datetime) -> None:
    told(database, now)
    assert due(database) == now + 2 * SECOND
    told(database, now + SECOND)
    assert due(database) == now + 3 * SECOND
    with database.begin() as conn:
        assert dirty.claim(conn, now + 2 * SECOND, 9, now + MINUTE) == []
        (claim,) = dirty.claim(conn, now + 3 * SECOND, 9, now + MINUTE)
        assert (claim.ref, claim.generation) == (ANN, 2)


def test_a_record_that_is_never_quiet_waits_no_longer_than_the_longest_wait(database: Database, now: datetime) -> None:
    for second in range(30):
        told(database, now + second * SECOND)
    assert due(database) == now + 30 * SECOND


def test_what_is_due_already_is_not_put_off(database: Database, now: datetime) -> None:
    told(database, now)
    told(database, now + 5 * SECOND)
    assert due(database) == now + 2 * SECOND


def test_a_mark_that_does_not_wait_ends_the_wait_and_is_not_put_off(database: Database, now: datetime) -> None:
    told(database, now)
    told(database, now + SECOND, quiet=None)
    assert due(database) == now + SECOND
    told(database, now + SECOND)
    assert due(database) == now + SECOND


def test_a_pause_after_a_fault_is_cut_short_by_what_is_told(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ANN], now)
        dirty.retry(conn, dirty.claim(conn, now, 9, now + MINUTE), now + 20 * SECOND, "no answer")
    told(database, now + 3 * SECOND)
    assert due(database) == now + 5 * SECOND
    told(database, now + 4 * SECOND)
    assert due(database) == now + 5 * SECOND, "a pause is never made longer"


@pytest.mark.parametrize("lane", [0, 1])
def test_nothing_hot_is_made_to_wait(database: Database, now: datetime, lane: int) -> None:
    told(database, now, lane=0)
    assert due(database) == now
    with database.begin() as conn:
        dirty.retry(conn, dirty.claim(conn, now, 9, now + MINUTE), now + 3 * SECOND, "no answer")
        dirty.claim(conn, now, 9, now + MINUTE)
    told(database, now + 2 * SECOND, lane=lane)
    assert due(database) == (now + 2 * SECOND if lane == 0 else now + 3 * SECOND)


def test_what_is_told_of_a_record_that_somebody_is_at_waits_anew(database: Database, now: datetime) -> None:
    """The work at hand is about what was told before; what comes in meanwhile waits and ages by itself."""
    told(database, now, quiet=None)
    with database.begin() as conn:
        claims = dirty.claim(conn, now, 9, now + 5 * MINUTE)
    later = now + MINUTE
    told(database, later)
    told(database, later + SECOND)
    with database.begin() as conn:
        assert dirty.oldest(conn) == later
        assert dirty.done(conn, claims) == 0
        assert dirty.claim(conn, later + 2 * SECOND, 9, later + MINUTE) == []
        assert len(dirty.claim(conn, later + 3 * SECOND, 9, later + MINUTE)) == 1


def test_a_wait_longer_than_the_longest_is_as_long_as_that(database: Database, now: datetime) -> None:
    told(database, now, quiet=Quiet(10 * SECOND, SECOND))
    assert due(database) == now + SECOND


def test_what_is_due_later_anyhow_is_not_hastened_by_the_quiet_time(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ANN], now, due_at=now + MINUTE, quiet=QUIET)
    assert due(database) == now + MINUTE
