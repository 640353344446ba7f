"""The dirty set: a thousand marks are one pass, and no mark is lost whoever works, sleeps or dies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from connector.core.refs import Ref, hubspot, salesforce
from connector.storage import dirty
from connector.storage.database import Database

ANN, BOB = hubspot("contacts", "1"), salesforce("Lead", "00Q000000000002")
MINUTE = timedelta(minutes=1)


def refs_of(claims: list[dirty.Claim]) -> list[Ref]:
    return [claim.ref for claim in claims]


def test_many_marks_of_one_record_are_one_claim(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ANN, ANN], now)
        dirty.mark(conn, [ANN], now)
        (claim,) = dirty.claim(conn, now, 10, now + MINUTE)
        assert (claim.ref, claim.generation, claim.attempts, claim.lane) == (ANN, 2, 0, 1)
        assert dirty.count(conn) == 1


def test_of_two_looks_at_one_record_the_sooner_holds(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        soon, late = dirty.Mark(ANN, now, "look again"), dirty.Mark(ANN, now + MINUTE, "outcome unknown")
        dirty.mark_all(conn, [soon, late, dirty.Mark(BOB, now + MINUTE, "outcome unknown")], now)
        waiting = {one.ref: (one.due_at, one.reason) for one in dirty.sample(conn, 10)}
        assert waiting == {ANN: (now, "look again"), BOB: (now + MINUTE, "outcome unknown")}


def test_a_leased_key_is_nobody_elses_until_the_lease_runs_out(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ANN], now)
        assert refs_of(dirty.claim(conn, now, 10, now + MINUTE)) == [ANN]
        assert dirty.claim(conn, now + MINUTE / 2, 10, now + 2 * MINUTE) == []
        assert refs_of(dirty.claim(conn, now + MINUTE, 10, now + 2 * MINUTE)) == [ANN]


def test_done_takes_a_key_off(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ANN, BOB], now)
        claims = dirty.claim(conn, now, 10, now + MINUTE)
        assert dirty.done(conn, claims) == 2
        assert dirty.count(conn) == 0
        assert dirty.done(conn, []) == 0


def test_a_key_marked_while_being_worked_on_stays_due(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ANN, BOB], now)
        claims = dirty.claim(conn, now, 10, now + MINUTE)
        dirty.mark(conn, [ANN], now)
        assert dirty.claim(conn, now, 10, now + MINUTE) == [], "a mark does not break a lease"
        assert dirty.done(conn, claims) == 1
        (again,) = dirty.claim(conn, now, 10, now + MINUTE)
        assert (again.ref, again.generation) == (ANN, 2)


def test_a_late_worker_takes_nothing_off_that_another_has_taken_over(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ANN], now)
        late = dirty.claim(conn, now, 10, now + MINUTE)
        dirty.claim(conn, now + 2 * MINUTE, 10, now + 3 * MINUTE)
        assert dirty.done(conn, late) == 0
        dirty.retry(conn, late, now + 9 * MINUTE, "late")
        assert dirty.claim(conn, now + 2 * MINUTE, 10, now + 3 * MINUTE) == [], "the other's lease stands"
        assert dirty.sample(conn, 1)[0].attempts == 0


def test_a_late_worker_does_not_take_off_a_mark_made_anew_since(database: Database, now: datetime) -> None:
    """The new mark has generation 1 like the old one; only the lease tells them apart."""
    with database.begin() as conn:
        dirty.mark(conn, [ANN], now)
        late = dirty.claim(conn, now, 10, now + MINUTE)
        dirty.done(conn, dirty.claim(conn, now + MINUTE, 10, now + 2 * MINUTE))
        dirty.mark(conn, [ANN], now + MINUTE)
        assert dirty.done(conn, late) == 0
        assert dirty.count(conn) == 1


def test_a_key_put_back_is_due_again_only_then_and_counts_its_attempts(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ANN], now)
        dirty.retry(conn, dirty.claim(conn, now, 10, now + MINUTE), now + 5 * MINUTE, "rate limited")
        assert dirty.claim(conn, now + 4 * MINUTE, 10, now + 9 * MINUTE) == []
        (claim,) = dirty.claim(conn, now + 5 * MINUTE, 10, now + 9 * MINUTE)
        assert (claim.attempts, claim.generation) == (1, 1)


def test_a_key_marked_again_before_it_is_put_back_stays_due(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ANN], now)
        claims = dirty.claim(conn, now, 10, now + MINUTE)
        dirty.mark(conn, [ANN], now)
        dirty.retry(conn, claims, now + 5 * MINUTE, "refused")
        assert refs_of(dirty.claim(conn, now, 10, now + MINUTE)) == [ANN]


def test_a_new_mark_makes_a_waiting_key_due_at_once(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ANN], now)
        dirty.retry(conn, dirty.claim(conn, now, 10, now + MINUTE), now + 60 * MINUTE, "rate limited")
        dirty.mark(conn, [ANN], now + MINUTE, reason="webhook")
        (claim,) = dirty.claim(conn, now + MINUTE, 10, now + 2 * MINUTE)
        assert (claim.ref, claim.attempts) == (ANN, 1)


def test_hot_lanes_go_first_then_the_longest_due(database: Database, now: datetime) -> None:
    people = [hubspot("contacts", str(number)) for number in range(4)]
    with database.begin() as conn:
        dirty.mark(conn, [people[0]], now + 2 * MINUTE, lane=1)
        dirty.mark(conn, [people[1]], now + MINUTE, lane=1)
        dirty.mark(conn, [people[2]], now + 2 * MINUTE, lane=0)
        dirty.mark(conn, [people[3]], now, lane=2)
        later = now + 3 * MINUTE
        assert refs_of(dirty.claim(conn, later, 3, later + MINUTE)) == [people[2], people[1], people[0]]
        assert refs_of(dirty.claim(conn, later, 3, later + MINUTE)) == [people[3]]


def test_the_faster_lane_of_two_marks_wins(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ANN, BOB], now, lane=1)
        dirty.mark(conn, [ANN], now, lane=0)
        dirty.mark(conn, [BOB], now, lane=2)
        assert [(claim.ref, claim.lane) for claim in dirty.claim(conn, now, 9, now + MINUTE)] == [(ANN, 0), (BOB, 1)]


def test_what_waits_is_shown_with_its_reason_and_since_when(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        assert dirty.oldest(conn) is None
        dirty.mark(conn, [BOB], now, reason="webhook")
        dirty.mark(conn, [ANN], now + MINUTE, lane=0, reason="poll")
        assert dirty.oldest(conn) == now
        assert dirty.sample(conn, 1) == [dirty.Waiting(ANN, 0, now + MINUTE, now + MINUTE, 0, "poll")]


def test_workers_side_by_side_share_the_keys_without_overlap_deadlock_or_loss(
    shared_database: Database, now: datetime
) -> None:
    people = [hubspot("contacts", str(number)) for number in range(300)]

    def mark(turn: int) -> None:
        with shared_database.begin() as conn:
            dirty.mark(conn, people[::-1] if turn % 2 else people, now)

    def work(_: int) -> list[Ref]:
        with shared_database.begin() as conn:
            return refs_of(dirty.claim(conn, now, 60, now + MINUTE))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(mark, range(12)))
        claimed = [ref for refs in pool.map(work, range(12)) for ref in refs]
    with shared_database.begin() as conn:
        claimed += refs_of(dirty.claim(conn, now, 300, now + MINUTE))
    assert sorted(claimed) == sorted(people)


def test_the_next_key_is_due_when_its_pause_and_its_lease_are_over(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        assert dirty.next_due(conn) is None
        dirty.mark(conn, [ANN], now)
        assert dirty.next_due(conn) == now
        claims = dirty.claim(conn, now, 1, now + MINUTE)
        assert dirty.next_due(conn) == now + MINUTE
        dirty.retry(conn, claims, now + 5 * MINUTE, "rate limited")
        assert dirty.next_due(conn) == now + 5 * MINUTE


def test_hurrying_makes_due_what_waits_but_breaks_no_lease(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ANN], now)
        dirty.retry(conn, dirty.claim(conn, now, 1, now + MINUTE), now + 5 * MINUTE, "rate limited")
        dirty.mark(conn, [BOB], now)
        dirty.claim(conn, now, 1, now + MINUTE)
        assert dirty.hurry(conn, now) == 1
        assert refs_of(dirty.claim(conn, now, 9, now + MINUTE)) == [ANN]


def test_forgotten_records_are_off_the_set_even_when_leased(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ANN, BOB], now)
        dirty.claim(conn, now, 9, now + MINUTE)
        dirty.forget(conn, [ANN])
        assert [waiting.ref for waiting in dirty.sample(conn, 9)] == [BOB]
