"""Effects: each is sent once at most, whoever works, sleeps or dies; what nobody knows of is shown and rests."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from connector.core.policy import ActionKind
from connector.core.refs import hubspot, salesforce
from connector.core.steered import Effect
from connector.storage import effects
from connector.storage.database import Database
from connector.storage.effects import LEASE, Settled, State, Stored

ANN, BOB = hubspot("contacts", "1"), salesforce("Lead", "00Q000000000002")
MINUTE = timedelta(minutes=1)
NOTICE = Effect("first-touch:1:breach", ActionKind.NOTIFY, "sales", ANN, "Ann is late", "by an hour", {"state": "late"})
TASK = replace(NOTICE, kind=ActionKind.TASK, about=BOB, to="005000000000001AAA")
WEBHOOK = replace(NOTICE, key="first-touch:1:webhook", kind=ActionKind.WEBHOOK, to="ops")


def claimed(
    database: Database, now: datetime, kind: ActionKind = ActionKind.NOTIFY, to: str | None = None
) -> list[Stored]:
    with database.begin() as conn:
        return effects.claim(conn, kind, now, 10, to)


def added(database: Database, now: datetime, *new: Effect) -> int:
    with database.begin() as conn:
        return effects.add(conn, new, now)


def settled(database: Database, *those: Settled) -> int:
    with database.begin() as conn:
        return effects.settle(conn, those)


def counts(database: Database) -> dict[State, int]:
    with database.read() as conn:
        return effects.counts(conn)


def expired(database: Database, now: datetime) -> list[Stored]:
    with database.begin() as conn:
        return effects.expire(conn, now, "a worker died", "look whether it arrived")


def shown(database: Database, state: State) -> list[Stored]:
    with database.read() as conn:
        return effects.listed(conn, state)


def test_an_effect_is_added_once_however_often_it_is_asked_for(database: Database, now: datetime) -> None:
    assert added(database, now, NOTICE, NOTICE, TASK, WEBHOOK) == 3
    assert added(database, now + MINUTE, NOTICE, replace(TASK, subject="other words")) == 0
    (one,) = claimed(database, now)
    assert (one.effect, one.state, one.attempts, one.added_at) == (NOTICE, State.SENDING, 1, now)
    settled(database, Settled(one, State.DONE))
    assert added(database, now, NOTICE) == 0, "not even when it was sent long ago"
    assert counts(database) == {State.DONE: 1, State.WAITING: 2}


def test_the_same_promise_to_two_people_is_two_effects(database: Database, now: datetime) -> None:
    assert added(database, now, NOTICE, replace(NOTICE, about=BOB)) == 2


def test_moves_of_the_journey_are_no_messages(database: Database, now: datetime) -> None:
    moves = [replace(NOTICE, kind=kind) for kind in (ActionKind.REASSIGN, ActionKind.RETURN)]
    assert added(database, now, *moves) == 0


def test_there_is_something_to_do_while_any_is_due_or_left_by_the_dead(database: Database, now: datetime) -> None:
    def pending(at: datetime) -> bool:
        with database.read() as conn:
            return effects.pending(conn, at)

    assert not pending(now)
    added(database, now, NOTICE)
    assert (pending(now - MINUTE), pending(now)) == (False, True)
    (claim,) = claimed(database, now)
    assert (pending(now + LEASE / 2), pending(now + LEASE)) == (False, True)
    settled(database, Settled(claim, State.DONE))
    assert not pending(now + LEASE)


def test_what_is_claimed_is_nobody_elses(database: Database, now: datetime) -> None:
    added(database, now, NOTICE)
    assert [one.effect for one in claimed(database, now)] == [NOTICE]
    assert claimed(database, now + 2 * LEASE) == [], "not even when the lease is over"


def test_claims_are_of_one_kind_and_where_asked_for_of_one_address(database: Database, now: datetime) -> None:
    other = replace(NOTICE, key="another", to="marketing")
    added(database, now, NOTICE, other, TASK, WEBHOOK)
    assert [one.effect for one in claimed(database, now, to="marketing")] == [other]
    assert [one.effect for one in claimed(database, now, ActionKind.TASK)] == [TASK]
    with database.read() as conn:
        assert effects.due(conn, ActionKind.NOTIFY, now) == {"sales": 1}
        assert effects.due(conn, ActionKind.WEBHOOK, now - MINUTE) == {}


def test_one_that_waits_is_due_later(database: Database, now: datetime) -> None:
    added(database, now, NOTICE)
    (one,) = claimed(database, now)
    assert settled(database, Settled(one, State.WAITING, "refused: HTTP 500", due_at=now + 2 * MINUTE)) == 1
    assert claimed(database, now + MINUTE) == []
    with database.read() as conn:
        assert effects.next_due(conn) == now + 2 * MINUTE
    (again,) = claimed(database, now + 2 * MINUTE)
    assert (again.effect, again.attempts, again.reason) == (NOTICE, 2, "refused: HTTP 500")
    with database.read() as conn:
        assert effects.next_due(conn) is None


def test_words_are_dropped_once_they_arrived_and_kept_for_people_where_they_did_not(
    database: Database, now: datetime
) -> None:
    added(database, now, NOTICE, WEBHOOK)
    notice, webhook = *claimed(database, now), *claimed(database, now, ActionKind.WEBHOOK)
    settled(database, Settled(notice, State.DONE), Settled(webhook, State.FAILED, "refused: HTTP 404", "mend the URL"))
    (done,), (failed,) = shown(database, State.DONE), shown(database, State.FAILED)
    assert done.effect == replace(NOTICE, subject="", body="", facts={})
    assert (failed.effect, failed.reason, failed.hint) == (WEBHOOK, "refused: HTTP 404", "mend the URL")


def test_who_died_while_sending_leaves_what_nobody_knows(database: Database, now: datetime) -> None:
    added(database, now, NOTICE, WEBHOOK, TASK)
    for kind in effects.SENT:
        claimed(database, now, kind)
    assert expired(database, now + LEASE / 2) == [], "it may still be at it"
    over = {one.effect.kind: one.state for one in expired(database, now + LEASE)}
    assert over == {
        ActionKind.NOTIFY: State.UNKNOWN,
        ActionKind.WEBHOOK: State.UNKNOWN,
        ActionKind.TASK: State.WAITING,
    }
    assert expired(database, now + 9 * LEASE) == []
    assert claimed(database, now + 9 * LEASE) == []
    assert [one.effect for one in claimed(database, now + 9 * LEASE, ActionKind.TASK)] == [TASK]


def test_who_was_only_slow_still_says_what_became_of_it(database: Database, now: datetime) -> None:
    added(database, now, NOTICE)
    (slow,) = claimed(database, now)
    expired(database, now + LEASE)
    assert settled(database, Settled(slow, State.DONE)) == 1
    assert counts(database) == {State.DONE: 1}


def test_a_claim_taken_over_by_another_is_not_settled_by_the_first(database: Database, now: datetime) -> None:
    added(database, now, TASK)
    (first,) = claimed(database, now, ActionKind.TASK)
    expired(database, now + LEASE)
    (second,) = claimed(database, now + LEASE, ActionKind.TASK)
    assert settled(database, Settled(first, State.FAILED, "late")) == 0
    assert settled(database, Settled(second, State.DONE)) == 1
    assert settled(database, Settled(second, State.FAILED, "twice")) == 0


@pytest.mark.parametrize("state", [State.FAILED, State.UNKNOWN])
def test_a_person_has_it_sent_again_or_lets_it_rest(database: Database, now: datetime, state: State) -> None:
    added(database, now, NOTICE, replace(NOTICE, about=BOB))
    one, other = claimed(database, now)
    settled(database, Settled(one, state, "why"), Settled(other, state, "why"))
    with database.begin() as conn:
        assert effects.decide(conn, [one.key], state, now + MINUTE, again=True) == 1
        assert effects.decide(conn, [one.key, other.key], state, now + MINUTE, again=False) == 1
    assert [each.key for each in claimed(database, now + MINUTE)] == [one.key]
    (rests,) = shown(database, State.DONE)
    assert (rests.key, rests.effect.subject) == (other.key, "")


def test_of_people_who_are_erased_nothing_is_sent_or_kept(database: Database, now: datetime) -> None:
    added(database, now, NOTICE, WEBHOOK, TASK)
    (sending,) = claimed(database, now)
    with database.begin() as conn:
        effects.forget(conn, [ANN])
    assert settled(database, Settled(sending, State.FAILED, "why")) == 0
    assert counts(database) == {State.WAITING: 1}
    assert shown(database, State.WAITING)[0].effect == TASK


def test_people_see_them_page_by_page(database: Database, now: datetime) -> None:
    many = [replace(NOTICE, key=f"{number:02}") for number in range(5)]
    added(database, now, *many)
    with database.read() as conn:
        first = effects.listed(conn, State.WAITING, 3)
        rest = effects.listed(conn, State.WAITING, 3, first[-1].key)
    assert [one.effect.key for one in (*first, *rest)] == ["00", "01", "02", "03", "04"]


def test_words_may_hold_anything(database: Database, now: datetime) -> None:
    odd = replace(NOTICE, subject="\x00 Ähm", body="'; --", facts={"a": "\x00"})
    added(database, now, odd)
    assert [one.effect for one in claimed(database, now)] == [odd]


def test_workers_at_the_same_time_never_add_or_claim_one_twice(shared_database: Database, now: datetime) -> None:
    breaches = [replace(NOTICE, key=f"{number:03}") for number in range(100)]

    def worked(order: Sequence[Effect]) -> tuple[int, list[str]]:
        new, mine = added(shared_database, now, *order), []
        while portion := claimed(shared_database, now):
            mine += [one.key for one in portion]
        return new, mine

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(worked, [breaches, breaches[::-1], breaches, breaches[::-1]]))
    assert sum(new for new, _ in done) == 100
    assert sorted(key for _, mine in done for key in mine) == [effects.name(one) for one in breaches]
