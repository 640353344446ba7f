"""What came in and waits to be read; what was read and not understood; counts that outlive a process."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connector.storage import inbox, tallies
from connector.storage.database import Database
from connector.storage.inbox import Post


@pytest.fixture
def post(now: datetime) -> Post:
    return Post("hubspot", now, "a1b2", b'[{"objectId":1}]\x00\xff', {"content-type": "application/json"})


def put(database: Database, *posts: Post) -> list[int]:
    """Keep requests and say which rows they became."""
    with database.begin() as conn:
        inbox.put(conn, *posts)
        return [one.id for one in inbox.unread(conn, 100)]


def test_a_request_is_read_as_it_came(database: Database, post: Post):
    put(database, post)
    with database.begin() as conn:
        (found,) = inbox.unread(conn, 10)
    assert found.post == post
    assert found.problem == ""


def test_requests_are_read_in_the_order_they_came_and_a_portion_at_a_time(
    database: Database, post: Post, now: datetime
):
    posts = [Post("events", now + timedelta(seconds=number), f"r{number}", b"{}") for number in range(5)]
    put(database, *posts)
    with database.begin() as conn:
        assert [one.post.request_id for one in inbox.unread(conn, 3)] == ["r0", "r1", "r2"]
        assert inbox.count(conn) == 5
        assert inbox.oldest(conn) == now


def test_a_row_that_is_done_is_gone(database: Database, post: Post):
    first, second = put(database, post, post)
    with database.begin() as conn:
        assert inbox.done(conn, [first]) == 1
        assert [one.id for one in inbox.unread(conn, 10)] == [second]
        assert inbox.done(conn, []) == 0


def test_an_empty_inbox_has_no_oldest(database: Database):
    with database.read() as conn:
        assert inbox.oldest(conn) is None
        assert inbox.count(conn) == 0


def test_what_was_not_understood_waits_for_a_person_and_is_not_read_again(database: Database, post: Post):
    first, second = put(database, post, post)
    with database.begin() as conn:
        inbox.keep(conn, first, "conversation.newMessage is not a kind\0 we know")
        assert [one.id for one in inbox.unread(conn, 10)] == [second]
        assert inbox.count(conn) == 1
        assert inbox.not_understood(conn) == 1
        (kept,) = inbox.kept(conn)
    assert (kept.id, kept.post, kept.problem) == (first, post, "conversation.newMessage is not a kind we know")


def test_a_problem_is_never_empty_and_never_longer_than_an_index_takes(database: Database, post: Post):
    first, second = put(database, post, post)
    with database.begin() as conn:
        inbox.keep(conn, first, " \0")
        inbox.keep(conn, second, "ä" * 9000)
        assert [one.problem for one in inbox.kept(conn)] == ["not understood", "ä" * inbox.PROBLEM_MAX]


def test_after_an_update_what_was_not_understood_is_read_once_more(database: Database, post: Post):
    (first,) = put(database, post)
    with database.begin() as conn:
        inbox.keep(conn, first, "unknown")
        assert inbox.again(conn) == 1
        assert [one.id for one in inbox.unread(conn, 10)] == [first]
        assert inbox.again(conn) == 0


def test_what_was_not_understood_is_not_kept_for_ever(database: Database, post: Post, now: datetime):
    first, second = put(database, post, post)
    with database.begin() as conn:
        inbox.keep(conn, first, "unknown")
        assert inbox.expire(conn, now) == 0
        assert inbox.expire(conn, now + timedelta(seconds=1)) == 1
        assert inbox.kept(conn) == []
        assert [one.id for one in inbox.unread(conn, 10)] == [second], "what nobody has read is never thrown away"


def test_who_is_erased_is_erased_from_what_was_not_understood(database: Database, now: datetime):
    """Whole ids only; Salesforce's in both their forms."""
    gone = [b'[{"objectId":33451}]', b"<Id>00Q5f000005bwLFEAY</Id>", b'{"id":"00Q5f000005bwLF"}']
    stays = [b'[{"objectId":334510}]', b'[{"objectId":133451}]', b'{"id":"00Q5f000005bwLFABC"}', b""]
    ids = put(database, *(Post("hubspot", now, "r", body) for body in (*gone, *stays)))
    with database.begin() as conn:
        for row in ids:
            inbox.keep(conn, row, "unknown")
        assert inbox.forget(conn, []) == 0
        assert inbox.forget(conn, ["33451", "00Q5f000005bwLFEAY"]) == 3
        assert [one.id for one in inbox.kept(conn)] == ids[3:]


def test_only_what_was_not_understood_can_be_dropped_by_a_person(database: Database, post: Post):
    first, second = put(database, post, post)
    with database.begin() as conn:
        inbox.keep(conn, first, "unknown")
        assert inbox.drop(conn, [first, second, 4711]) == 1
        assert inbox.one(conn, first) is None
        found = inbox.one(conn, second)
    assert found is not None
    assert found.post == post


def test_two_readers_never_read_the_same_request(shared_database: Database, post: Post):
    """On PostgreSQL they share the rows; on SQLite the second waits until the first has marked and left."""
    put(shared_database, post, post, post)
    if shared_database.dialect == "sqlite":
        with shared_database.begin() as conn:
            inbox.done(conn, [one.id for one in inbox.unread(conn, 2)])
        with shared_database.begin() as conn:
            assert len(inbox.unread(conn, 2)) == 1
        return
    with shared_database._engine.begin() as one, shared_database._engine.begin() as other:
        first, second = inbox.unread(one, 2), inbox.unread(other, 2)
    assert (len(first), len(second)) == (2, 1)
    assert not {row.id for row in first} & {row.id for row in second}


def test_tallies_add_up(database: Database):
    with database.begin() as conn:
        tallies.add(conn, "refused.hubspot.signature")
        tallies.add(conn, "folded", 100)
        tallies.add_all(conn, {"folded": 5, "nothing": 0})
        assert tallies.all(conn) == {"folded": 105, "refused.hubspot.signature": 1}
