"""Journeys, timers and editions: what the lifecycle and the SLA are told from, on every kind of store."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from connector.core.journey import (
    Answered,
    Asked,
    Channel,
    Dealt,
    Entry,
    Fired,
    Handed,
    Named,
    Ruled,
    Seen,
    Told,
    Touched,
    Verdict,
    What,
)
from connector.core.lifecycle import Kind, Mover
from connector.core.plan import Memory
from connector.core.refs import Ref, hubspot, salesforce
from connector.storage import editions, journeys, links, timers
from connector.storage.database import Database
from connector.storage.entries import KINDS, what, what_bytes
from connector.storage.journeys import Sights
from connector.storage.links import NewLink

ANN, BOB = hubspot("contacts", "1"), hubspot("contacts", "2")
LEAD, CONTACT = salesforce("Lead", "00Q000000000001"), salesforce("Contact", "003000000000001")
HOUR = timedelta(hours=1)

EVERYTHING: tuple[What, ...] = (
    Seen({"lifecyclestage": "lead", "hs_lead_status": None}, first=True),
    Seen({"lifecyclestage": "lead"}),
    Told({"HubSpot_Lifecycle_Stage__c": "MQL"}),
    Touched(Channel.CALL, outbound=True, human=True, by="005A"),
    Dealt("006A", "Closed Won", closed=True, won=True, amount="1200.50"),
    Ruled(
        "mql",
        Mover.AUTOMATIC,
        Kind.FORWARD,
        "",
        "score 60",
        "timing",
        date(2027, 1, 2),
        "später",
        "v1",
        start="lead",
        first=True,
    ),
    Ruled("sql", Mover.SALES, None, "there is no way"),
    Answered(Verdict.REJECT, "not_a_fit", "too small", date(2027, 3, 1), "005A"),
    Asked(Verdict.RECYCLE, ("reason", "revisit")),
    Handed("005A", "by country", ("asked for a demo", "works at Müller"), "first_touch"),
    Named("buyer"),
    Fired("sla:first_touch:1:breach"),
)


def said(ref: Ref, at: datetime, said: What, key: str = "") -> Entry:
    return Entry(ref, at, at, said, key)


@pytest.mark.parametrize("one", EVERYTHING, ids=lambda one: type(one).__name__)
def test_what_an_entry_says_is_read_as_it_was_written(one: What) -> None:
    assert what(KINDS[type(one)], what_bytes(one)) == one


def test_a_journey_is_told_in_the_order_of_the_sources_time(database: Database, now: datetime) -> None:
    late, early = said(ANN, now, Named("buyer")), said(LEAD, now - HOUR, Named("user"))
    same = said(ANN, now, Named("third"))
    with database.begin() as conn:
        assert journeys.append(conn, [late, early, same, said(BOB, now, Named("other"))]) == []
        assert journeys.of_refs(conn, [ANN, LEAD]) == [early, late, same]
        assert journeys.by_ref(conn, [ANN, LEAD, CONTACT]) == {ANN: [late, same], LEAD: [early]}


def test_it_is_known_how_far_each_records_own_entries_go(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        assert journeys.known(conn, [ANN]) == {}
        journeys.append(conn, [said(ANN, now, Named("a")), said(LEAD, now, Named("b")), said(ANN, now, Named("c"))])
        journeys.go_on(conn, [(LEAD, CONTACT)])
        known = journeys.known(conn, [ANN, CONTACT, BOB])
        assert {ref: one.latest for ref, one in known.items()} == {ANN: known[ANN].entries[-1].id, CONTACT: 0}
        assert [entry.what for entry in known[CONTACT].entries] == [Named("b")]
        assert journeys.latest(conn, [ANN, CONTACT, BOB]) == {ANN: known[ANN].latest}
        journeys.append(conn, [said(ANN, now - HOUR, Named("d"))])
        assert journeys.latest(conn, [ANN])[ANN] > known[ANN].latest


def test_fields_are_as_they_were_learnt_last_whatever_the_clock_of_their_source(
    database: Database, now: datetime
) -> None:
    with database.begin() as conn:
        journeys.append(
            conn,
            [
                said(ANN, now, Seen({"stage": "lead", "title": None})),
                said(ANN, now + HOUR, Told({"stage": "mql"})),
                said(ANN, now + HOUR, Named("a")),
                said(ANN, now, Seen({"stage": "sql"})),
                said(BOB, now, Seen({"stage": "lead"})),
            ],
        )
        found = journeys.sights(conn, [ANN, LEAD])
        assert found == {ANN: Sights({"stage": "sql", "title": None}, {})}
        journeys.append(
            conn, [said(ANN, now, Told({"stage": "mql", "title": "x"})), said(ANN, now, Seen({"title": "x"}))]
        )
        assert journeys.sights(conn, [ANN])[ANN] == Sights({"stage": "sql", "title": "x"}, {"stage": "mql"})


def test_a_key_is_taken_once_and_its_second_writer_is_told(database: Database, now: datetime) -> None:
    first, other = said(ANN, now, Named("a"), "ruled:0"), said(BOB, now, Named("b"), "ruled:0")
    second = said(ANN, now, Named("c"), "ruled:0")
    free = said(ANN, now, Named("d"))
    with database.begin() as conn:
        assert journeys.append(conn, [first, other]) == []
        assert journeys.append(conn, [free, second, said(ANN, now, Named("e"), "ruled:1")]) == [second]
        assert [entry.what for entry in journeys.of_refs(conn, [ANN])] == [Named("a"), Named("d"), Named("e")]
        assert [entry.key for entry in journeys.of_refs(conn, [ANN])] == ["ruled:0", "", "ruled:1"]


def test_an_entry_of_a_kind_only_a_later_version_knows_is_kept_and_passed_over(
    database: Database, now: datetime
) -> None:
    with database.begin() as conn:
        journeys.append(conn, [said(ANN, now, Named("a"))])
        conn.exec_driver_sql("UPDATE journeys SET kind = 'dreamt'")
        assert journeys.of_refs(conn, [ANN]) == []
        assert conn.exec_driver_sql("SELECT count(*) FROM journeys").scalar() == 1


def test_who_a_record_once_was_belongs_to_its_journey(database: Database, now: datetime) -> None:
    older = salesforce("Lead", "00Q000000000002")
    entries = [
        said(older, now, Named("a")),
        said(LEAD, now + HOUR, Named("b")),
        said(CONTACT, now + 2 * HOUR, Named("c")),
    ]
    with database.begin() as conn:
        journeys.append(conn, entries)
        journeys.go_on(conn, [(LEAD, CONTACT), (older, LEAD)])
        journeys.go_on(conn, [(LEAD, CONTACT)])
        assert journeys.of_refs(conn, [CONTACT]) == entries
        assert journeys.formers(conn, [CONTACT, ANN]) == {CONTACT: [LEAD, older]}


def test_everybody_is_told_once_with_all_their_records(database: Database, now: datetime) -> None:
    alone = hubspot("contacts", "10")
    with database.begin() as conn:
        links.insert(conn, [NewLink("contacts/Contact", ANN, CONTACT, Memory())], now)
        journeys.go_on(conn, [(LEAD, CONTACT), (BOB, alone)])
        entries = [said(ref, now, Named(str(number))) for number, ref in enumerate((ANN, LEAD, CONTACT, BOB, alone))]
        journeys.append(conn, entries)
        found = dict(journeys.people(conn))
    assert found == {(ANN, CONTACT): entries[:3], (alone,): entries[3:]}


def test_people_are_told_beyond_one_page(database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journeys, "_PAGE", 2)
    refs = [hubspot("contacts", str(number)) for number in range(5)]
    with database.begin() as conn:
        journeys.append(conn, [said(ref, now, Named("a")) for ref in refs])
        assert [who for who, _ in journeys.people(conn)] == [(ref,) for ref in refs]


def test_what_owners_were_given_is_counted_since_a_moment(database: Database, now: datetime) -> None:
    handed = [
        said(ANN, now - HOUR, Handed("005A", "r"), "handed:0"),
        said(BOB, now, Handed("005A", "r"), "handed:0"),
        said(LEAD, now - HOUR, Handed("005B", "r"), "handed:0"),
    ]
    with database.begin() as conn:
        journeys.append(conn, handed)
        ids = {entry.ref: entry.id for entry in journeys.of_refs(conn, [ANN, BOB, LEAD])}
        found = journeys.given(conn, ["005A", "005B", "005C"], now)
    assert found == {"005A": (1, ids[BOB]), "005B": (0, ids[LEAD]), "005C": (0, 0)}


def test_forgotten_people_have_no_journey(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        journeys.append(conn, [said(ANN, now, Named("a")), said(BOB, now, Named("b"))])
        journeys.go_on(conn, [(ANN, BOB)])
        journeys.forget(conn, [ANN])
        assert journeys.of_refs(conn, [BOB]) == [said(BOB, now, Named("b"))]
        assert journeys.formers(conn, [BOB]) == {}


def test_timers_are_due_in_their_order_and_the_latest_word_counts(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        timers.put(conn, {ANN: now, BOB: now - HOUR, LEAD: now + HOUR, CONTACT: now - HOUR})
        timers.put(conn, {CONTACT: None, LEAD: now + 2 * HOUR})
        assert timers.due(conn, now, 10) == [BOB, ANN]
        assert timers.due(conn, now, 1) == [BOB]
        assert timers.next_due(conn) == now - HOUR
        timers.forget(conn, [ANN, BOB])
        assert timers.next_due(conn) == now + 2 * HOUR
        assert timers.count(conn) == 1
        timers.hurry(conn, now)
        assert timers.next_due(conn) == now
        timers.forget(conn, [LEAD])
        assert timers.next_due(conn) is None


def test_editions_follow_each_other_and_none_is_lost(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        editions.put(conn, "v1", "policies: {müde: 1}", now)
        editions.put(conn, "v2", "", now + HOUR, open_too=True)
        editions.put(conn, "v1", "policies: {müde: 1}", now + 2 * HOUR)
        found = editions.all(conn)
    assert [(one.version, one.since, one.open_too) for one in found] == [
        ("v1", now, False),
        ("v2", now + HOUR, True),
        ("v1", now + 2 * HOUR, False),
    ]
    assert found[0].body == "policies: {müde: 1}"


def test_the_lifecycle_is_followed_since_its_first_run(database: Database, now: datetime) -> None:
    with database.begin() as conn:
        assert editions.followed_since(conn) is None
        assert editions.follow(conn, now) == now
        assert editions.follow(conn, now + HOUR) == now
        assert editions.followed_since(conn) == now
