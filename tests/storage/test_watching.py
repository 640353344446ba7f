"""What was written again and again, and what audits found."""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.core.looping import Author, Hand, Rewrite, Written
from connector.core.plan import Because, Change, Memory
from connector.core.refs import Side, hubspot, salesforce
from connector.engine.story import change_row
from connector.storage import dirty, drift, events, links, rewrites
from connector.storage.database import Database
from connector.storage.drift import Row
from connector.storage.events import Event
from connector.storage.links import NewLink
from connector.storage.rewrites import Kept

ANN, LEAD, BOB = hubspot("contacts", "1"), salesforce("Lead", "00Q000000000001"), hubspot("contacts", "11")
MINUTE = timedelta(minutes=1)


def wrote(at: datetime, side: Side, kind: str = "updated", *, person: bool = True) -> Event:
    change = Change(side, "jobtitle" if side is Side.HUBSPOT else "Title", "title", "é", None, Because.EDITED)
    return Event(at, kind, ANN if person else None, LEAD, 3, {"changes": [change_row(change)]})


def test_what_we_wrote_is_told_by_record_in_order_and_not_what_it_was_made_of(database: Database, now: datetime):
    with database.begin() as conn:
        events.append(conn, [wrote(now - MINUTE, Side.HUBSPOT), wrote(now, Side.HUBSPOT, "created")])
        events.append(conn, [wrote(now, Side.SALESFORCE), wrote(now + MINUTE, Side.HUBSPOT, "unanswered")])
        events.append(conn, [Event(now, "updated", BOB)])
        title = Written(now, Side.SALESFORCE, "Title", "title", "é", None)
        jobtitle = Written(now + MINUTE, Side.HUBSPOT, "jobtitle", "title", "é", None)
        assert rewrites.told(conn, [ANN, BOB], now) == {ANN: [title, jobtitle], BOB: []}
        assert rewrites.told(conn, [LEAD], now + MINUTE) == {LEAD: [jobtitle]}
        assert rewrites.told(conn, [], now) == {}


def test_on_which_side_a_pair_was_written_is_told_without_its_story(database: Database, now: datetime):
    with database.begin() as conn:
        events.append(conn, [wrote(now, Side.SALESFORCE), wrote(now, Side.SALESFORCE)])
        assert rewrites.written_on(conn, Side.SALESFORCE, [ANN, LEAD, BOB], now) == {ANN, LEAD}
        assert rewrites.written_on(conn, Side.HUBSPOT, [ANN, LEAD], now) == set()
        assert rewrites.written_on(conn, Side.SALESFORCE, [ANN], now + MINUTE) == set()


def test_rounds_are_kept_by_record_and_field_and_replaced(database: Database, now: datetime):
    by = Author(Hand.PERSON, "Ada", now)
    rounds = (Rewrite(now, None, "CTO"), Rewrite(now + MINUTE, "B", None, by))
    with database.begin() as conn:
        rewrites.put(conn, {(ANN, "jobtitle"): Kept(rounds), (LEAD, "Title"): Kept((), parked=True)}, now)
        assert rewrites.of(conn, [(ANN, "jobtitle"), (LEAD, "Title"), (ANN, "city")]) == {
            (ANN, "jobtitle"): Kept(rounds),
            (LEAD, "Title"): Kept((), parked=True),
        }
        rewrites.put(conn, {(ANN, "jobtitle"): Kept(rounds[1:], parked=True)}, now + MINUTE)
        assert rewrites.of(conn, [(ANN, "jobtitle")]) == {(ANN, "jobtitle"): Kept(rounds[1:], parked=True)}
        rewrites.put(conn, {}, now)


def test_old_rounds_are_found_and_dropped(database: Database, now: datetime):
    with database.begin() as conn:
        assert rewrites.oldest(conn) is None
        rewrites.put(conn, {(ANN, "jobtitle"): Kept(())}, now)
        rewrites.put(conn, {(LEAD, "Title"): Kept(())}, now + MINUTE)
        assert rewrites.oldest(conn) == now
        assert rewrites.old(conn, now, 10) == {}
        assert rewrites.old(conn, now + MINUTE, 10) == {(ANN, "jobtitle"): Kept(())}
        assert len(rewrites.old(conn, now + 2 * MINUTE, 1)) == 1
        rewrites.drop(conn, [(ANN, "jobtitle")])
        assert rewrites.oldest(conn) == now + MINUTE


def test_a_record_is_forgotten_with_all_its_fields_and_nobody_else(database: Database, now: datetime):
    keys = [(ANN, "jobtitle"), (ANN, "city"), (BOB, "city"), (LEAD, "Title")]
    with database.begin() as conn:
        rewrites.put(conn, {key: Kept(()) for key in keys}, now)
        rewrites.forget(conn, [ANN, LEAD])
        assert rewrites.of(conn, keys).keys() == {(BOB, "city")}


def test_audits_are_kept_newest_first_and_so_many_only(database: Database, now: datetime):
    with database.begin() as conn:
        assert drift.latest(conn, 3) == []
        for number in range(drift.KEPT + 3):
            drift.add(conn, Row(now + number * MINUTE, 200, number, {"fields": 9}))
        assert drift.latest(conn, 1) == [Row(now + (drift.KEPT + 2) * MINUTE, 200, drift.KEPT + 2, {"fields": 9})]
        assert len(drift.latest(conn, 1000)) == drift.KEPT


def test_audits_forget_the_refs_of_a_person(database: Database, now: datetime):
    rows = [[str(ANN), str(LEAD), "title"], [str(BOB), "salesforce:Lead:00Q000000000002AAA", ""]]
    with database.begin() as conn:
        drift.add(conn, Row(now, 2, 2, {"drifted": rows}))
        drift.add(conn, Row(now, 2, 0, {"drifted": []}))
        drift.forget(conn, [ANN])
        assert [row.body["drifted"] for row in drift.latest(conn, 5)] == [[], rows[1:]]
        assert drift.latest(conn, 5)[1].differing == 2


def test_an_audit_asks_where_links_end_and_who_is_marked(database: Database, now: datetime):
    with database.begin() as conn:
        assert drift.last_link(conn) == 0
        (made,) = links.insert(conn, [NewLink("contacts/Lead", ANN, LEAD, Memory())], now)
        assert drift.last_link(conn) == made
        dirty.mark(conn, [ANN], now)
        assert drift.marked(conn, [ANN, BOB, LEAD]) == {ANN}
        assert drift.marked(conn, []) == set()
