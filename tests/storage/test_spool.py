"""The spool: what a full pass read, streamed back with its links and its relations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from connector.core.readings import Presence, Reading
from connector.core.refs import Ref, Side, hubspot, salesforce
from connector.storage import links, spool
from connector.storage.database import Database
from connector.storage.links import NewLink
from connector.storage.spool import SpoolRow

RUN, OTHER_RUN = 1, 2


def person(number: int) -> Ref:
    return hubspot("contacts", f"{number:04d}")


def lead(number: int) -> Ref:
    return salesforce("Lead", f"00Q{number:012d}")


def row(ref: Ref, cross_id: str | None = None, email: str | None = None) -> SpoolRow:
    keys: Sequence[tuple[str, str]] = [("email", email)] if email else ()
    return SpoolRow(Reading(ref, values={"email": email, "phone": None}), cross_id, keys)


def refs_of(readings: Sequence[Reading]) -> list[Ref]:
    return [reading.ref for reading in readings]


def related(conn: Connection, asked: SpoolRow) -> list[Ref]:
    spool.seal(conn, RUN)
    return [reading.ref for reading, _ in spool.related(conn, RUN, [asked])]


def test_a_spooled_reading_comes_back_as_it_was(database: Database, now: datetime) -> None:
    plain = Reading(person(1), values={"email": "ann@example.com", "phone": None}, modified_at=now)
    gone = Reading(person(2), presence=Presence.MOVED, unreadable={"age": "old"}, moved_to=person(1), aliases=("3",))
    with database.begin() as conn:
        spool.add(conn, RUN, [SpoolRow(plain, None), SpoolRow(gone, None)])
        assert spool.unlinked(conn, RUN, Side.HUBSPOT, "contacts", "", 10) == [plain, gone]


def test_a_later_reading_replaces_the_earlier_one_and_what_it_was_recognised_by(database: Database) -> None:
    with database.begin() as conn:
        spool.add(conn, RUN, [row(person(1), email="old@example.com")])
        spool.add(conn, RUN, [row(person(1), email="new@example.com")])
        assert spool.count(conn, RUN) == {(Side.HUBSPOT, "contacts"): 1}
        spool.seal(conn, RUN)
        assert spool.related(conn, RUN, [row(lead(1), email="old@example.com")]) == []
        ((found, _),) = spool.related(conn, RUN, [row(lead(1), email="new@example.com")])
        assert found.values["email"] == "new@example.com"


def test_the_later_of_two_readings_in_one_portion_stands(database: Database) -> None:
    with database.begin() as conn:
        spool.add(conn, RUN, [row(person(1), email="old@example.com"), row(person(1), email="new@example.com")])
        (found,) = spool.unlinked(conn, RUN, Side.HUBSPOT, "contacts", "", 10)
        assert found.values["email"] == "new@example.com"


def test_links_come_with_both_readings_and_none_where_a_record_was_not_listed(
    database: Database, now: datetime
) -> None:
    with database.begin() as conn:
        links.insert(conn, [NewLink("contacts/Lead", person(number), lead(number)) for number in (1, 2, 3, 4)], now)
        spool.add(conn, RUN, [row(person(1)), row(lead(1)), row(person(2)), row(lead(3))])
        spool.add(conn, OTHER_RUN, [row(person(4)), row(lead(4))])
        rows = spool.linked(conn, RUN, 0, 10)
        read = {link.hubspot: (left and left.ref, right and right.ref) for link, left, right in rows}
        pages, after = [], 0
        while page := spool.linked(conn, RUN, after, 3):
            pages.append(len(page))
            after = page[-1][0].id
    assert read == {
        person(1): (person(1), lead(1)),
        person(2): (person(2), None),
        person(3): (None, lead(3)),
        person(4): (None, None),
    }
    assert pages == [3, 1]


def test_the_loose_records_of_an_object_are_walked_once_in_the_order_of_their_ids(
    database: Database, now: datetime
) -> None:
    with database.begin() as conn:
        spool.add(conn, RUN, [row(person(number)) for number in (5, 3, 1, 4, 2)])
        spool.add(conn, RUN, [row(hubspot("companies", "0001")), row(hubspot("contacts_more", "0001")), row(lead(1))])
        spool.add(conn, OTHER_RUN, [row(person(9))])
        links.insert(conn, [NewLink("contacts/Lead", person(2), lead(2))], now)
        spool.claim(conn, RUN, [person(4)])
        walked: list[Ref] = []
        while page := spool.unlinked(conn, RUN, Side.HUBSPOT, "contacts", walked[-1].id if walked else "", 2):
            walked += refs_of(page)
        assert walked == [person(1), person(3), person(5)]
        assert refs_of(spool.unlinked(conn, RUN, Side.SALESFORCE, "Lead", "", 9)) == [lead(1)]


def test_a_counterpart_is_found_by_the_id_a_record_carries_in_both_directions(database: Database) -> None:
    with database.begin() as conn:
        spool.add(conn, RUN, [row(person(1)), row(lead(2), cross_id=person(2).id), row(lead(3), cross_id="9999")])
        assert related(conn, row(lead(1), cross_id=person(1).id)) == [person(1)]
        assert related(conn, row(person(2))) == [lead(2)]


def test_counterparts_and_rivals_that_share_a_key_are_found_claimed_or_not_but_not_oneself(
    database: Database, now: datetime
) -> None:
    ann = "ann@example.com"
    asked = row(person(1), email=ann)
    with database.begin() as conn:
        spool.add(conn, RUN, [asked, row(person(2), email=ann), row(lead(1), email=ann), row(lead(2), email=ann)])
        spool.add(conn, RUN, [row(lead(3), email="bob@example.com"), row(lead(4))])
        spool.add(conn, OTHER_RUN, [row(lead(5), email=ann)])
        links.insert(conn, [NewLink("contacts/Lead", person(2), lead(2))], now)
        spool.claim(conn, RUN, [lead(1)])
        spool.seal(conn, RUN)
        near = {reading.ref: claimed for reading, claimed in spool.related(conn, RUN, [asked])}
        assert near == {person(2): False, lead(1): True, lead(2): False}
        assert spool.related(conn, RUN, []) == []


def test_a_key_of_one_name_is_not_taken_for_another_or_for_an_id(database: Database) -> None:
    with database.begin() as conn:
        spool.add(conn, RUN, [SpoolRow(Reading(lead(1)), None, [("domain", "0001"), ("phone", "7")])])
        asked = SpoolRow(Reading(person(1)), None, [("phone", "0001"), ("domain", "7")])
        assert related(conn, asked) == []


def test_clearing_a_run_leaves_the_others(database: Database) -> None:
    with database.begin() as conn:
        for run_id in (RUN, OTHER_RUN):
            spool.add(conn, run_id, [row(person(1), email="ann@example.com")])
            spool.seal(conn, run_id)
        spool.clear(conn, RUN)
        assert spool.count(conn, RUN) == {}
        assert spool.related(conn, RUN, [row(lead(1), email="ann@example.com")]) == []
        assert spool.count(conn, OTHER_RUN) == {(Side.HUBSPOT, "contacts"): 1}
        assert len(spool.related(conn, OTHER_RUN, [row(lead(1), email="ann@example.com")])) == 1


def test_a_record_is_held_until_it_is_forgotten_whatever_run_spooled_it(database: Database) -> None:
    with database.begin() as conn:
        spool.add(conn, RUN, [row(person(1)), row(person(2))])
        spool.add(conn, OTHER_RUN, [row(person(1))])
        assert [spool.holds(conn, person(number)) for number in (1, 2, 3)] == [True, True, False]
        spool.forget(conn, [person(1)])
        assert [spool.holds(conn, person(number)) for number in (1, 2)] == [False, True]


def test_a_run_sealed_again_finds_what_was_spooled_since(database: Database) -> None:
    with database.begin() as conn:
        spool.add(conn, RUN, [row(person(1), email="ann@example.com")])
        spool.seal(conn, RUN)
        spool.add(conn, RUN, [row(person(2), email="ann@example.com")])
        assert related(conn, row(lead(1), email="ann@example.com")) == [person(1), person(2)]


def test_texts_no_database_could_be_searched_by_do_not_stop_a_pass(database: Database) -> None:
    """A NUL is no lawful text in PostgreSQL; quotes and other scripts are, and a key may come twice."""
    odd = "a\0b@example.com"
    keys = [("email", odd), ("domain", 'x"y\\é\u2028'), ("domain", 'x"y\\é\u2028')]
    spooled = SpoolRow(Reading(person(1), values={"email": odd}), None, keys)
    with database.begin() as conn:
        spool.add(conn, RUN, [spooled])
        assert related(conn, SpoolRow(Reading(lead(1)), None, keys[:1])) == []
        assert related(conn, SpoolRow(Reading(lead(1)), None, keys[1:])) == [person(1)]
        assert spool.unlinked(conn, RUN, Side.HUBSPOT, "contacts", "", 1) == [spooled.reading]


def test_a_large_spool_is_sealed_and_every_counterpart_found(database: Database) -> None:
    total = 6_000
    with database.begin() as conn:
        spool.add(conn, RUN, [row(person(number), email=f"p{number}@example.com") for number in range(total)])
        spool.add(conn, RUN, [row(lead(number), email=f"p{number}@example.com") for number in range(total)])
        spool.seal(conn, RUN)
        asked = [row(person(number), email=f"p{number}@example.com") for number in range(total)]
        assert [reading.ref for reading, _ in spool.related(conn, RUN, asked)] == [
            lead(number) for number in range(total)
        ]
