"""The reading copy and what pages ask of it, on both databases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from connector.core import refs
from connector.core.refs import Ref
from connector.core.shelved import HISTORY, Card, CycleRow, HandoffRow, PassRow, Rows, Stand
from connector.reports import shelf as asked_of
from connector.reports.shelf import Asked, BoardAsked
from connector.storage import links, shelf
from connector.storage.admin_tables import cycles, handoffs, passes
from connector.storage.database import Database
from connector.storage.links import NewLink
from connector.storage.shelf import Person

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WEEK = (NOW - 7 * DAY, NOW)


def contact(number: int) -> Ref:
    return refs.hubspot("contacts", f"{number}")


def lead(number: int) -> Ref:
    return refs.salesforce("Lead", f"00Q5g0000000{number:03}AAA")


def person(number: int, name: str = "", stand: Stand | None = None, **rows: Any) -> Person:
    who = Card(name or f"Ann {number:03}", f"ann{number}@x.com", "Engines")
    return Person(contact(number), lead(number), "contacts/Lead", who, Rows(stand or Stand("mql", "mofu"), **rows))


def stay(stage: str, entered_at: datetime, kind: str = "forward", *, onward: bool = False) -> PassRow:
    return PassRow(stage, entered_at, None, "", "", "ADS", "", kind, onward)


def cycle(state: str, due_at: datetime | None, *, ended: bool = False, **changes: Any) -> CycleRow:
    started = NOW - 5 * DAY
    ended_at, late_s = (started + HOUR, 0) if ended else (None, None)
    told = CycleRow("touch", 0, state, "005ANNE", "sales", "", "ADS", "mql", started, due_at, ended_at, late_s)
    return told._replace(**changes)


def handoff(at: datetime, answer: str = "waiting", outcome: str = "", **changes: Any) -> HandoffRow:
    return HandoffRow(at, "005ANNE", "buyer", "ADS", "spring", answer, "", "", None, outcome)._replace(**changes)


def put(database: Database, *persons: Person) -> None:
    with database.begin() as conn:
        known = shelf.digests(conn, [one.ref for one in persons])
        shelf.put(conn, {one.ref: (one, one.digest()) for one in persons}, known, NOW)


def found(database: Database, **asked: Any) -> list[str]:
    with database.read() as conn:
        return [one.name for one in asked_of.search(conn, Asked(**asked)).rows]


def lengths(database: Database) -> list[int]:
    with database.read() as conn:
        return [int(conn.scalar(select(func.count()).select_from(table)) or 0) for table in (passes, cycles, handoffs)]


def pages(ask: Any) -> Iterable[Any]:
    after, page = "", None
    while page is None or after:
        page = ask(after)
        after = page.after
        yield from page.rows


def test_a_person_is_written_as_a_whole_and_anew(database: Database) -> None:
    one = person(
        1,
        stand=Stand("mql", "mofu", NOW - DAY, "buyer", "ADS", "005ANNE", "waiting", "running", NOW + HOUR),
        passes=(stay("lead", NOW - 2 * DAY), stay("mql", NOW - DAY)),
        cycles=(cycle("running", NOW + HOUR),),
        handoffs=(handoff(NOW - DAY),),
    )
    put(database, one)
    with database.read() as conn:
        told = asked_of.face(conn, contact(1))
        assert shelf.digests(conn, [contact(1), contact(2)]) == {contact(1): one.digest()}
        assert shelf.cards(conn, [contact(1), contact(2)]) == {contact(1): one.card}
        assert shelf.count(conn) == 1
    assert told is not None
    assert (told.ref, told.hubspot, told.salesforce, told.pair) == (contact(1), contact(1), lead(1), "contacts/Lead")
    assert (told.stage, told.band, told.since, told.persona) == ("mql", "mofu", NOW - DAY, "buyer")
    assert (told.source, told.owner, told.answer) == ("ADS", "005ANNE", "waiting")
    assert (told.clock, told.due_at, told.seen_at) == ("running", NOW + HOUR, NOW)
    assert lengths(database) == [2, 1, 1]
    put(database, person(1, passes=(stay("lead", NOW),)))
    assert lengths(database) == [1, 0, 0]


def test_a_digest_tells_every_difference_and_nothing_else() -> None:
    one = person(1, passes=(stay("lead", NOW),))
    assert one.digest() == person(1, passes=(stay("lead", NOW),)).digest()
    others = [
        person(2, passes=(stay("lead", NOW),)),
        person(1, "Bea", passes=(stay("lead", NOW),)),
        person(1, passes=(stay("lead", NOW, onward=True),)),
        person(1, stand=Stand("mql", "mofu", NOW), passes=(stay("lead", NOW),)),
        person(1, passes=(stay("lead", NOW),), handoffs=(handoff(NOW),)),
        one._replace(salesforce=None),
    ]
    assert len({one.digest(), *(other.digest() for other in others)}) == len(others) + 1


def test_who_is_there_already_is_not_added_over(database: Database) -> None:
    put(database, person(1, "First", passes=(stay("lead", NOW),)))
    with database.begin() as conn:
        late = {one.ref: (one, one.digest()) for one in (person(1, "Late"), person(2, passes=(stay("mql", NOW),)))}
        shelf.add(conn, late, NOW)
        assert shelf.locked(conn, [contact(1), contact(3)]) == {contact(1)}
    assert found(database) == ["Ann 002", "First"]
    assert lengths(database) == [2, 0, 0]


def test_whoever_is_forgotten_goes_by_either_record(database: Database) -> None:
    rows = {"passes": (stay("lead", NOW),), "cycles": (cycle("running", None),), "handoffs": (handoff(NOW),)}
    put(database, *(person(number, **rows) for number in (1, 2, 3, 4)))
    with database.begin() as conn:
        shelf.forget(conn, [contact(1), lead(2)])
        shelf.drop(conn, [contact(3), lead(4)])
        assert shelf.page(conn, "", 10) == [contact(4)]
    assert lengths(database) == [1, 1, 1]


def test_every_word_must_be_there_in_whatever_case_and_none_is_a_pattern(database: Database) -> None:
    put(database, person(1, "Ada Byron"), person(2, "Bob Ada"), person(3, "100%_x"))
    assert found(database, words="ADA") == ["Ada Byron", "Bob Ada"]
    assert found(database, words="byron ada") == ["Ada Byron"]
    assert found(database, words="ann2@x") == ["Bob Ada"]
    assert found(database, words="engines") == ["100%_x", "Ada Byron", "Bob Ada"]
    assert found(database, words="00q5g0000000001aaa") == ["Ada Byron"]
    assert found(database, words="%_x") == ["100%_x"]
    assert found(database, words="%d") == []
    assert found(database, words="ada nobody") == []


def test_people_are_asked_for_by_all_that_is_said_of_them(database: Database) -> None:
    put(
        database,
        person(1, stand=Stand("mql", "mofu", persona="buyer", owner="005ANNE", answer="waiting", clock="running")),
        person(2, stand=Stand("mql", "mofu", owner="005BOB", answer="accepted", clock="breached")),
        person(3, stand=Stand("lead", "tofu")),
    )
    assert found(database, stage="mql") == ["Ann 001", "Ann 002"]
    assert found(database, persona="buyer") == ["Ann 001"]
    assert found(database, owner="005BOB") == ["Ann 002"]
    assert found(database, answer="waiting", stage="mql") == ["Ann 001"]
    assert found(database, clock="breached") == ["Ann 002"]
    assert found(database, clock="any") == ["Ann 001", "Ann 002"]
    assert found(database, stage="sal") == []


def test_people_come_in_pages_that_miss_nobody_and_tell_nobody_twice(database: Database) -> None:
    put(database, *(person(number, "Ann Same" if number % 2 else "Bob Same") for number in range(1, 8)))
    with database.read() as conn:
        told = [one.ref for one in pages(lambda after: asked_of.search(conn, Asked(after=after, limit=3)))]
    assert told == [contact(number) for number in (1, 3, 5, 7, 2, 4, 6)]


def test_a_person_is_known_by_either_record(database: Database) -> None:
    alone = Person(None, lead(9), "contacts/Lead", Card("Alone"), Rows())
    put(database, person(1), alone)
    with database.begin() as conn:
        links.insert(conn, [NewLink("contacts/Lead", contact(1), lead(1))], NOW)
        assert asked_of.face(conn, lead(1)) == asked_of.face(conn, contact(1)) is not None
        there = asked_of.face(conn, lead(9))
        assert there is not None
        assert (there.ref, there.hubspot, there.salesforce) == (lead(9), None, lead(9))
        assert asked_of.face(conn, lead(2)) is None
        assert asked_of.face(conn, contact(2)) is None


def on_the_board(database: Database) -> None:
    put(
        database,
        person(1, cycles=(cycle("running", NOW + HOUR), cycle("met", NOW, ended=True, policy="answer"))),
        person(2, cycles=(cycle("running", NOW - HOUR, owner="005BOB"), cycle("paused", None, policy="answer"))),
        person(
            3, cycles=(cycle("breached", NOW - DAY), cycle("warned", NOW + HOUR, policy="answer", team="marketing"))
        ),
        person(4, cycles=(cycle("breached", NOW - DAY, ended=True, late_s=60),)),
    )


def told_on(database: Database, **asked: str) -> list[tuple[str, str, str]]:
    with database.read() as conn:
        rows = pages(lambda after: asked_of.board(conn, BoardAsked(after=after, limit=2, **asked), NOW))
        return [(one.ref.id, one.policy, one.state) for one in rows]


def test_the_board_tells_open_clocks_by_due_time_and_what_is_past_due_is_late(database: Database) -> None:
    on_the_board(database)
    assert told_on(database) == [
        ("3", "touch", "breached"),
        ("2", "touch", "breached"),  # nobody has looked at it since it was due
        ("1", "touch", "running"),
        ("3", "answer", "warned"),
        ("2", "answer", "paused"),
    ]
    assert told_on(database, state="breached") == [("3", "touch", "breached"), ("2", "touch", "breached")]
    assert told_on(database, state="running") == [("1", "touch", "running")]
    assert told_on(database, owner="005BOB") == [("2", "touch", "breached")]
    assert told_on(database, policy="answer") == [("3", "answer", "warned"), ("2", "answer", "paused")]
    assert told_on(database, team="marketing") == [("3", "answer", "warned")]


def test_paused_clocks_have_pages_of_their_own_at_the_end(database: Database) -> None:
    put(database, person(1, cycles=(cycle("running", NOW + HOUR),)))
    put(database, *(person(number, cycles=(cycle("paused", None),)) for number in range(2, 7)))
    paused = [(str(number), "touch", "paused") for number in range(2, 7)]
    assert told_on(database) == [("1", "touch", "running"), *paused]
    assert told_on(database, state="paused") == paused


def test_a_row_of_the_board_says_whose_clock_it_is(database: Database) -> None:
    put(database, person(1, "Ada", cycles=(cycle("running", NOW + HOUR, persona="buyer"),)))
    with database.read() as conn:
        (one,) = asked_of.board(conn, BoardAsked(), NOW).rows
    assert (one.ref, one.name, one.company, one.owner, one.team) == (contact(1), "Ada", "Engines", "005ANNE", "sales")
    assert (one.persona, one.source, one.stage) == ("buyer", "ADS", "mql")
    assert (one.started_at, one.due_at) == (NOW - 5 * DAY, NOW + HOUR)


def test_a_clock_at_its_very_deadline_is_not_late(database: Database) -> None:
    put(database, person(1, cycles=(cycle("running", NOW),)))
    assert told_on(database) == [("1", "touch", "running")]


def test_reps_are_told_who_has_most_late_first(database: Database) -> None:
    on_the_board(database)
    put(database, person(5, handoffs=(handoff(NOW), handoff(NOW, "asked"), handoff(NOW, "accepted"))))
    put(database, person(6, handoffs=(handoff(NOW, owner="005CLEO"),)))
    with database.read() as conn:
        anne, bob, cleo = asked_of.by_rep(conn, NOW)
    assert (anne.owner, anne.running, anne.warned, anne.paused, anne.breached) == ("005ANNE", 1, 1, 1, 1)
    assert (anne.open, anne.waiting, anne.due_at) == (4, 2, NOW - DAY)
    assert (bob.owner, bob.breached, bob.waiting, bob.due_at) == ("005BOB", 1, 0, NOW - HOUR)
    assert (cleo.owner, cleo.open, cleo.waiting, cleo.due_at) == ("005CLEO", 0, 1, None)


def test_a_cohort_is_who_came_in_the_window_and_says_how_old_it_is(database: Database) -> None:
    early, late = NOW - 6 * DAY, NOW - DAY
    put(
        database,
        person(1, stand=Stand("sal", "mofu"), passes=(stay("mql", early, onward=True), stay("sal", late))),
        person(2, passes=(stay("mql", late, "start"),)),
        person(3, passes=(stay("mql", early, HISTORY), stay("mql", early, "backward"))),  # nobody's doing of the week
        person(4, stand=Stand(), passes=(stay("mql", NOW - 8 * DAY), stay("mql", NOW))),  # before it, and after it
    )
    with database.read() as conn:
        told = asked_of.funnel(conn, *WEEK)
    by = {one.stage: one for one in told.stages}
    assert (told.people, told.since, told.until) == (4, *WEEK)
    assert sorted(by) == ["", "mql", "sal"]
    assert (by["mql"].band, by["mql"].now, by["mql"].entered, by["mql"].moved_on) == ("mofu", 2, 2, 1)
    assert (by["mql"].oldest_at, by["mql"].newest_at, by["mql"].rate) == (early, late, 0.5)
    assert (by["sal"].now, by["sal"].entered, by["sal"].moved_on, by["sal"].rate) == (1, 1, 0, 0.0)
    assert (by[""].now, by[""].entered, by[""].rate, by[""].oldest_at) == (1, 0, None, None)


def test_what_is_open_past_its_due_time_counts_as_breached_and_pauses_and_cancellations_stand_apart(
    database: Database,
) -> None:
    due = NOW - DAY
    states = [
        cycle("met", due, ended=True),
        cycle("met", due, ended=True, owner="005BOB"),
        cycle("breached", due, ended=True),
        cycle("breached", due),
        cycle("warned", due),  # nobody has looked at it since it was due
        cycle("running", NOW + HOUR),
        cycle("cancelled", due, ended=True),
        cycle("paused", None),
        cycle("met", NOW - 8 * DAY, ended=True),  # due before
        cycle("met", NOW + 8 * DAY, ended=True),  # due after
    ]
    put(database, *(person(number, cycles=(one,)) for number, one in enumerate(states, start=1)))
    window = (NOW - 7 * DAY, NOW + 7 * DAY)
    with database.read() as conn:
        (one,) = asked_of.attainment(conn, *window, NOW)
        reps = asked_of.attainment(conn, *window, NOW, by="owner")
        assert asked_of.attainment(conn, NOW - 90 * DAY, NOW - 80 * DAY, NOW) == ()
        with pytest.raises(ValueError, match="'evidence' is none of policy, owner"):
            asked_of.attainment(conn, *window, NOW, by="evidence")
    assert (one.name, one.met, one.breached, one.late, one.running) == ("touch", 2, 3, 2, 1)
    assert (one.cancelled, one.paused, one.rate) == (1, 1, 0.4)
    assert [(each.name, each.met, each.breached) for each in reps] == [("005ANNE", 1, 3), ("005BOB", 1, 0)]
    assert replace(one, met=0, breached=0).rate is None


def test_who_expired_without_an_answer_counts_against_sales(database: Database) -> None:
    at = NOW - DAY
    given = [
        handoff(at, "accepted", "accepted"),
        handoff(at, "rejected", "rejected", reason="bad data", reason_class="reject"),
        handoff(at, "rejected", "rejected", reason="bad data", reason_class="reject"),
        handoff(at, "recycled", "accepted", reason="timing", reason_class="recycle"),  # accepted first
        handoff(at, "disqualified", "", reason="duplicate", reason_class="disqualify"),  # is nobody's fault
        handoff(at, "taken back"),
        handoff(at, "waiting", "expired"),
        handoff(at, "asked"),
        handoff(at, source="", campaign=""),
        handoff(NOW - 8 * DAY, "accepted", "accepted"),
    ]
    put(database, *(person(number, handoffs=(one,)) for number, one in enumerate(given, start=1)))
    with database.read() as conn:
        nowhere, ads = asked_of.answers(conn, *WEEK)
        campaigns = [one.name for one in asked_of.answers(conn, *WEEK, by="campaign")]
        with pytest.raises(ValueError, match="'stage' is none of source"):
            asked_of.answers(conn, *WEEK, by="stage")
    assert (nowhere.name, nowhere.handed, nowhere.waiting, nowhere.rate) == ("", 1, 1, None)
    assert (ads.name, ads.handed, ads.waiting, ads.accepted, ads.rejected) == ("ADS", 8, 2, 1, 2)
    assert (ads.recycled, ads.disqualified, ads.taken_back) == (1, 1, 1)
    assert (ads.ever_accepted, ads.against_marketing, ads.expired, ads.rate) == (2, 2, 1, 0.4)
    assert ads.reasons[0] == ("reject", "bad data", 2)
    assert set(ads.reasons[1:]) == {("recycle", "timing", 1), ("disqualify", "duplicate", 1)}
    assert campaigns == ["", "spring"]


def test_who_waits_for_an_answer_comes_in_pages_the_longest_first(database: Database) -> None:
    put(
        database,
        person(1, handoffs=(handoff(NOW - DAY), handoff(NOW, "accepted"))),
        person(2, "Bea", handoffs=(handoff(NOW - 2 * DAY, "asked"),)),
        person(3, handoffs=(handoff(NOW - DAY),)),
    )
    with database.read() as conn:
        told = list(pages(lambda after: asked_of.unanswered(conn, after, 1)))
    assert [(one.ref, one.answer) for one in told] == [
        (contact(2), "asked"),
        (contact(1), "waiting"),
        (contact(3), "waiting"),
    ]
    first = told[0]
    assert (first.name, first.company, first.at) == ("Bea", "Engines", NOW - 2 * DAY)
    assert (first.owner, first.persona, first.source) == ("005ANNE", "buyer", "ADS")
