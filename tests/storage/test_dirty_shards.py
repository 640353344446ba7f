"""Shards: both records of a link wait in one, so that workers with different shards never meet at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zlib import crc32

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from connector.core.refs import Ref, hubspot, salesforce
from connector.storage import codec, dirty, links
from connector.storage.database import Database, migrate, open_database
from connector.storage.links import NewLink
from connector.storage.sharding import group, shard_of
from connector.storage.tables import SHARDS

MINUTE = timedelta(minutes=1)
ALL = tuple(range(SHARDS))


@pytest.fixture
def postgres(new_database_url: Callable[[str], str]) -> Iterator[Database]:
    database = open_database(new_database_url("postgres"))
    migrate(database)
    yield database
    database.close()


def contact(number: int) -> Ref:
    return salesforce("Contact", f"003{number:012}")


def linked(database: Database, count: int, now: datetime) -> list[tuple[Ref, Ref]]:
    pairs = [(hubspot("contacts", str(number)), contact(number)) for number in range(count)]
    with database.begin() as conn:
        links.insert(conn, [NewLink("contacts/Contact", *pair) for pair in pairs], now)
    return pairs


def where(database: Database, shards: tuple[int, ...], now: datetime) -> set[Ref]:
    with database.begin() as conn:
        claims = dirty.claim(conn, now, 10_000, now + MINUTE, shards)
        dirty.release(conn, claims)
    return {claim.ref for claim in claims}


def test_both_records_of_a_link_wait_in_the_shard_of_its_hubspot_key(postgres: Database, now: datetime) -> None:
    pairs = linked(postgres, 200, now)
    with postgres.begin() as conn:
        dirty.mark(conn, [ref for pair in pairs for ref in pair], now)
    for shard in ALL:
        of_shard = {ref for pair in pairs if crc32(str(pair[0]).encode()) % SHARDS == shard for ref in pair}
        assert where(postgres, (shard,), now) == of_shard


def test_a_record_without_a_link_waits_in_the_shard_of_its_own_key(database: Database, now: datetime) -> None:
    loose = [hubspot("contacts", "1"), contact(1)]
    with database.begin() as conn:
        dirty.mark(conn, loose, now)
    for ref in loose:
        assert where(database, (shard_of(str(ref)),), now) >= {ref}


def test_a_record_marked_again_after_it_was_linked_waits_with_its_counterpart(
    postgres: Database, now: datetime
) -> None:
    number = next(n for n in range(99) if shard_of(str(contact(n))) != shard_of(f"hubspot:contacts:{n}"))
    with postgres.begin() as conn:
        dirty.mark(conn, [contact(number)], now)
    linked(postgres, 100, now)
    with postgres.begin() as conn:
        dirty.mark(conn, [contact(number)], now)
    assert where(postgres, (shard_of(f"hubspot:contacts:{number}"),), now) == {contact(number)}
    assert where(postgres, (shard_of(str(contact(number))),), now) == set()


def test_who_has_no_shards_claims_from_all(database: Database, now: datetime) -> None:
    refs = {hubspot("contacts", str(number)) for number in range(100)}
    with database.begin() as conn:
        dirty.mark(conn, refs, now)
        assert {claim.ref for claim in dirty.claim(conn, now, 999, now + MINUTE)} == refs


def test_groups_share_all_shards_out_and_each_to_one() -> None:
    for groups in (1, 2, 3, 16):
        shared = [shard for number in range(groups) for shard in group(number, groups)]
        assert sorted(shared) == list(ALL)


def test_whether_anything_is_due_is_said_of_the_shards_asked_for(database: Database, now: datetime) -> None:
    ann = hubspot("contacts", "1")
    mine = shard_of(str(ann))
    others = [shard for shard in ALL if shard != mine]
    with database.begin() as conn:
        dirty.mark(conn, [ann], now, due_at=now + MINUTE)
        assert not dirty.any_due(conn, now, ALL)
        assert dirty.any_due(conn, now + MINUTE, [mine])
        assert not dirty.any_due(conn, now + MINUTE, others)
        dirty.claim(conn, now + MINUTE, 9, now + 3 * MINUTE)
        assert not dirty.any_due(conn, now + 2 * MINUTE, [mine]), "it is leased"


def test_a_record_is_moved_to_the_shard_that_is_named(database: Database, now: datetime) -> None:
    ann, bob = hubspot("contacts", "1"), hubspot("contacts", "2")
    there = (shard_of(str(ann)) + 1) % SHARDS
    with database.begin() as conn:
        dirty.mark(conn, [ann], now, due_at=now + MINUTE)
        dirty.move(conn, [dirty.Place(ann, there), dirty.Place(bob, there)], now, 1, "elsewhere")
    assert where(database, (there,), now) == {ann, bob}


def test_a_record_moved_by_who_works_on_it_is_free_for_the_others_at_once(database: Database, now: datetime) -> None:
    ann = hubspot("contacts", "1")
    there = (shard_of(str(ann)) + 1) % SHARDS
    with database.begin() as conn:
        dirty.mark(conn, [ann], now)
        mine = dirty.claim(conn, now, 9, now + 5 * MINUTE, [shard_of(str(ann))])
        dirty.move(conn, [dirty.Place(ann, there)], now, 1, "elsewhere")
        (theirs,) = dirty.claim(conn, now, 9, now + MINUTE, [there])
        assert dirty.done(conn, mine) == 0
        assert dirty.done(conn, [theirs]) == 1


def test_a_record_linked_and_marked_while_somebody_works_on_it_can_be_taken_from_his_shards(
    postgres: Database, now: datetime
) -> None:
    """Else it would wait for the end of a dead worker's lease in shards of which nobody has died."""
    number = next(n for n in range(99) if shard_of(str(contact(n))) != shard_of(f"hubspot:contacts:{n}"))
    his = [shard_of(str(contact(number)))]
    with postgres.begin() as conn:
        dirty.mark(conn, [contact(number)], now)
        assert dirty.claim(conn, now, 9, now + 5 * MINUTE, his)
    linked(postgres, 100, now)
    with postgres.begin() as conn:
        dirty.mark(conn, [contact(number)], now)
        assert dirty.free(conn, his) == 1
        (again,) = dirty.claim(conn, now, 9, now + MINUTE, his)
        dirty.release(conn, [again])
        dirty.mark(conn, [contact(number)], now)
    assert where(postgres, tuple(his), now) == set(), "nobody worked on it, so it has moved to its counterpart"


def test_leases_taken_away_leave_their_holder_nothing_to_report(database: Database, now: datetime) -> None:
    ann, bob = hubspot("contacts", "1"), hubspot("contacts", "2")
    mine = shard_of(str(ann))
    assert mine != shard_of(str(bob))
    with database.begin() as conn:
        dirty.mark(conn, [ann, bob], now)
        claims = dirty.claim(conn, now, 9, now + 5 * MINUTE)
        assert dirty.free(conn, [mine]) == 1
        assert dirty.free(conn, [mine]) == 0
        (again,) = dirty.claim(conn, now + MINUTE, 9, now + 2 * MINUTE, ALL)
        assert again.ref == ann
        assert dirty.done(conn, claims) == 1, "only the other is still held by that lease"
        assert dirty.done(conn, [again]) == 1


def test_workers_of_different_shards_share_all_keys_and_never_one(shared_database: Database, now: datetime) -> None:
    refs = [hubspot("contacts", str(number)) for number in range(400)]

    def work(shards: tuple[int, ...]) -> list[Ref]:
        found: list[Ref] = []
        for _ in range(20):
            with shared_database.begin() as conn:
                claims = dirty.claim(conn, now, 20, now + MINUTE, shards)
                dirty.mark(conn, [claim.ref for claim in claims], now)
                found += [claim.ref for claim in claims]
        return found

    with shared_database.begin() as conn:
        dirty.mark(conn, refs, now)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, [group(number, 4) for number in range(4)]))
    assert sorted(ref for part in found for ref in part) == sorted(refs)


def test_what_waited_before_there_were_shards_gets_its_own(empty_database: Database, now: datetime) -> None:
    ann, other = hubspot("contacts", "7"), contact(7)
    loose = contact(8)
    with empty_database.begin() as conn:
        config = Config()
        config.set_main_option("script_location", "connector.storage:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
        links.insert(conn, [NewLink("contacts/Contact", ann, other)], now)
        row = "INSERT INTO dirty VALUES (:key, 1, 5, 1, 0, 0, 5, '')"
        conn.execute(text(row), [{"key": codec.key(ref)} for ref in (ann, other, loose)])
    migrate(empty_database)
    assert where(empty_database, (shard_of(str(ann)),), now) == {ann, other}
    assert where(empty_database, (shard_of(str(loose)),), now) == {loose}
