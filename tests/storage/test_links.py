"""Links: a record is linked at most once, and memory advances only from the version it was read at."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from sqlalchemy import Connection, select

from connector.core.plan import Agreed, Memory
from connector.core.refs import Side, hubspot, salesforce
from connector.storage import links
from connector.storage.database import Database
from connector.storage.links import NewLink
from connector.storage.tables import links as table

LEADS = "contacts/Lead"


def new(number: int, lead: int | None = None, memory: Memory | None = None) -> NewLink:
    lead = number if lead is None else lead
    return NewLink(LEADS, hubspot("contacts", str(number)), salesforce("Lead", f"00Q{lead:012d}"), memory or Memory())


def insert_one(conn: Connection, row: NewLink, now: datetime) -> int:
    (link_id,) = links.insert(conn, [row], now)
    assert link_id is not None
    return link_id


def test_a_link_is_found_from_either_side_with_all_it_remembers(database: Database, now: datetime) -> None:
    memory = Memory({"phone": Agreed("+44", None)}, {Side.HUBSPOT: {"phone": ("+44",)}})
    row = new(7, memory=memory)
    with database.begin() as conn:
        link_id = insert_one(conn, row, now)
    with database.read() as conn:
        found = links.by_refs(conn, [row.hubspot, row.salesforce, hubspot("contacts", "8")])
    assert set(found) == {row.hubspot, row.salesforce}
    link = found[row.hubspot]
    assert link == found[row.salesforce]
    assert (link.id, link.pair, link.memory, link.version, link.stopped) == (link_id, LEADS, memory, 1, False)


def test_records_of_other_objects_with_the_same_id_are_not_confused(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        links.insert(conn, [new(7)], now)
        assert links.by_refs(conn, [hubspot("companies", "7")]) == {}


def test_a_record_that_is_linked_already_is_not_linked_again(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        first = insert_one(conn, new(1, lead=1), now)
        made = links.insert(conn, [new(2, lead=2), new(1, lead=3), new(4, lead=1), new(1, lead=1)], now)
        assert made[0] is not None
        assert made[1:] == [None, None, None]
        assert links.count(conn) == 2
        assert links.by_refs(conn, [hubspot("contacts", "1")])[hubspot("contacts", "1")].id == first


def test_of_two_links_of_one_batch_that_share_a_record_only_one_is_made(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        made = links.insert(conn, [new(1, lead=1), new(1, lead=1), new(1, lead=2)], now)
        assert [one is not None for one in made].count(True) == 1
        assert links.count(conn) == 1


def test_ids_come_back_in_the_order_of_the_rows(database: Database, now: datetime) -> None:
    rows = [new(number) for number in (9, 2, 30, 4)]
    with database.begin() as conn:
        ids = links.insert(conn, rows, now)
        found = links.by_ids(conn, [one for one in ids if one is not None])
    assert [found[one].hubspot for one in ids if one is not None] == [row.hubspot for row in rows]


def test_a_batch_larger_than_a_statement_is_stored_and_found_whole(database: Database, now: datetime) -> None:
    rows = [new(number) for number in range(11_000)]
    with database.begin() as conn:
        assert None not in links.insert(conn, rows, now)
        assert len(links.by_refs(conn, [row.salesforce for row in rows])) == 11_000


def test_memory_is_saved_only_from_the_version_it_was_read_at(database: Database, now: datetime) -> None:
    memory = Memory({"phone": Agreed("1", "1")})
    with database.begin() as conn:
        fresh, stale = (insert_one(conn, new(number), now) for number in (1, 2))
        assert links.save(conn, [(stale, 1, Memory())]) == {stale}
        assert links.save(conn, [(stale, 1, memory), (fresh, 1, memory), (999, 1, memory)]) == {fresh}
        found = links.by_ids(conn, [fresh, stale])
    assert (found[fresh].memory, found[fresh].version) == (memory, 2)
    assert (found[stale].memory, found[stale].version) == (Memory(), 2)


def test_of_many_workers_saving_the_same_version_exactly_one_wins(shared_database: Database, now: datetime) -> None:
    with shared_database.begin() as conn:
        ids = [insert_one(conn, new(number), now) for number in range(20)]

    def save(worker: int) -> set[int]:
        order = ids if worker % 2 else ids[::-1]
        memory = Memory({"worker": Agreed(str(worker), None)})
        with shared_database.begin() as conn:
            return links.save(conn, [(link_id, 1, memory) for link_id in order])

    with ThreadPoolExecutor(6) as pool:
        won = Counter(link_id for saved in pool.map(save, range(6)) for link_id in saved)
    assert won == dict.fromkeys(ids, 1)


def test_a_converted_lead_goes_on_as_a_contact_under_the_pair_of_contacts(database: Database, now: datetime) -> None:
    contact = salesforce("Contact", "003000000000001")
    with database.begin() as conn:
        link_id = insert_one(conn, new(1), now)
        assert links.relink(conn, link_id, 1, contact)
        link = links.by_refs(conn, [contact])[contact]
    assert (link.id, link.pair, link.version) == (link_id, "contacts/Contact", 2)


def test_relinking_to_a_linked_record_is_refused_and_the_transaction_goes_on(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        link_id = insert_one(conn, new(1), now)
        links.insert(conn, [new(2)], now)
        assert not links.relink(conn, link_id, 1, hubspot("contacts", "2"))
        assert not links.relink(conn, link_id, 9, hubspot("contacts", "3"))
        assert not links.relink(conn, 999, 1, hubspot("contacts", "3"))
        assert links.by_ids(conn, [link_id])[link_id].hubspot == hubspot("contacts", "1")
        assert links.count(conn) == 2


def test_a_link_is_forgotten_only_at_the_version_it_was_read_at(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        link_id = insert_one(conn, new(1), now)
        assert not links.delete(conn, link_id, 2)
        assert links.delete(conn, link_id, 1)
        assert links.count(conn) == 0


def test_the_id_of_a_forgotten_link_is_never_given_again(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        forgotten = insert_one(conn, new(1), now)
        links.delete(conn, forgotten, 1)
        assert insert_one(conn, new(1), now) != forgotten


def test_a_link_can_be_stopped_and_taken_up_again(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        link_id = insert_one(conn, new(1), now)
        assert links.stop(conn, link_id)
        assert links.by_ids(conn, [link_id])[link_id].stopped
        assert links.resume(conn, link_id)
        assert not links.by_ids(conn, [link_id])[link_id].stopped
        assert not links.stop(conn, 999)


def test_paging_visits_every_link_once_in_the_order_of_ids(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        ids = links.insert(conn, [new(number) for number in range(7)], now)
        visited: list[int] = []
        while page := links.page(conn, visited[-1] if visited else 0, 3):
            visited += [link.id for link in page]
    assert visited == sorted(one for one in ids if one is not None)


def test_links_spread_evenly_over_the_shards(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        links.insert(conn, [new(number) for number in range(640)], now)
        shards = Counter(conn.scalars(select(table.c.shard)))
    assert set(shards) == set(range(64))
    assert max(shards.values()) <= 11
