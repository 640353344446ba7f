"""Answered handoffs in pages: the latest first, each once, narrowed by what is asked; and who of some records waits."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connector.core.refs import Ref, hubspot, salesforce
from connector.storage import codec, dirty, voices
from connector.storage.admin_tables import handoffs, people
from connector.storage.database import Database
from connector.storage.voices import Which

HOUR = timedelta(hours=1)
ADA, BOB = hubspot("contacts", "1"), salesforce("Lead", "00Q000000000002AAA")


def somebody(database: Database, ref: Ref, name: str, now: datetime, other: Ref | None = None) -> None:
    sides = {"hubspot": None, "salesforce": None} | {one.side.value: codec.key(one) for one in (ref, other) if one}
    told = {"key": codec.key(ref), "pair": "contacts/Lead", "name": name, "email": "", "company": "Acme", "words": ""}
    with database.begin() as conn:
        conn.execute(people.insert(), {**told, **sides, "seen_at": codec.micros(now), "digest": 0})


def handed(database: Database, ref: Ref, number: int, at: datetime, answer: str, **more: str) -> None:
    with database.begin() as conn:
        row = {"person": codec.key(ref), "number": number, "at": codec.micros(at), "answer": answer}
        conn.execute(handoffs.insert(), {**row, **more})


@pytest.fixture
def told(database: Database, now: datetime) -> Database:
    somebody(database, ADA, "Ada", now, BOB)
    somebody(database, hubspot("contacts", "2"), "Bea", now)
    handed(database, ADA, 0, now - 9 * HOUR, "rejected", reason="junk", source="EMAIL", owner="005A")
    handed(database, ADA, 1, now - HOUR, "waiting", source="EMAIL", owner="005A")
    handed(database, hubspot("contacts", "2"), 0, now - 3 * HOUR, "accepted", persona="buyer", campaign="Fair")
    handed(database, hubspot("contacts", "2"), 1, now - 3 * HOUR, "recycled", reason="timing")
    handed(database, hubspot("contacts", "2"), 2, now - 2 * HOUR, "asked")
    return database


def asked(database: Database, now: datetime, after: str = "", limit: int = 10, **more: str) -> list[voices.Given]:
    with database.read() as conn:
        return voices.answered(conn, Which(now - 10 * HOUR, now, **more), after, limit)


def test_answers_are_told_the_latest_first_and_what_waits_is_left_out(told: Database, now: datetime) -> None:
    found = asked(told, now)
    assert [(one.name, one.answer) for one in found] == [("Bea", "recycled"), ("Bea", "accepted"), ("Ada", "rejected")]
    assert found[-1].refs == (ADA, BOB)
    assert (found[-1].reason, found[-1].source, found[-1].owner, found[-1].campaign) == ("junk", "EMAIL", "005A", "")
    assert (found[-1].at, found[-1].answered_at) == (now - 9 * HOUR, None)


def test_page_by_page_each_answer_comes_once(told: Database, now: datetime) -> None:
    whole, seen, after = asked(told, now), [], ""
    while page := asked(told, now, after, 1):
        seen += page
        after = page[-1].place
    assert seen == whole


@pytest.mark.parametrize(
    ("which", "names"),
    [
        ({"answer": "accepted"}, ["Bea"]),
        ({"reason": "junk"}, ["Ada"]),
        ({"source": "EMAIL"}, ["Ada"]),
        ({"campaign": "Fair"}, ["Bea"]),
        ({"persona": "buyer"}, ["Bea"]),
        ({"owner": "005A"}, ["Ada"]),
        ({"owner": "005A", "answer": "accepted"}, []),
    ],
)
def test_answers_are_narrowed_by_all_that_is_asked(
    told: Database, now: datetime, which: dict[str, str], names: list[str]
) -> None:
    assert [one.name for one in asked(told, now, **which)] == names


def test_a_window_holds_what_was_handed_over_in_it(told: Database, now: datetime) -> None:
    with told.read() as conn:
        found = voices.answered(conn, Which(now - 9 * HOUR, now - 3 * HOUR), "", 10)
    assert [one.name for one in found] == ["Ada"]


@pytest.mark.parametrize("place", ["x", "1/2", "a/1/hubspot:contacts:1"])
def test_what_is_no_place_in_the_list_is_refused(told: Database, now: datetime, place: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        asked(told, now, place)


def test_of_some_records_those_that_wait_are_told_with_why(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        dirty.mark(conn, [ADA], now, reason="resync")
        dirty.mark(conn, [hubspot("contacts", "9")], now)
        found = dirty.waiting(conn, [BOB, ADA])
        assert [(one.ref, one.due_at, one.reason, one.attempts) for one in found] == [(ADA, now, "resync", 0)]
        assert dirty.waiting(conn, []) == []
