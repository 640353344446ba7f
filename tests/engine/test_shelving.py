"""The reading copy of people follows what happens to them, in the very transactions that store it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, event, func, select

from connector.core.lifecycle import Band
from connector.core.refs import Ref
from connector.engine import commands, reshelving
from connector.engine.doing import DUTIES
from connector.engine.duties import SHELF
from connector.engine.reshelving import tell_anew
from connector.reports import shelf
from connector.reports.shelf import Asked, Face
from connector.storage import links, state
from connector.storage.admin_tables import cycles, handoffs, passes, people
from tests.core.courses import ANNE, LIFECYCLE, stage
from tests.core.promises import asks, edition, hours, policy
from tests.engine.agreeing import AGREED, agree, both, hand_over
from tests.engine.town import Town, pair
from tests.simulation.oracle.shelves import misshelved

TABLES = (people, passes, cycles, handoffs)


@pytest.fixture
def town() -> Town:
    made = Town()
    agree(made)
    return made


def faces(town: Town, words: str = "") -> list[Face]:
    with town.database.read() as conn:
        return list(shelf.search(conn, Asked(words)).rows)


def face(town: Town, ref: Ref) -> Face | None:
    with town.database.read() as conn:
        return shelf.face(conn, ref)


def rows(town: Town) -> list[int]:
    with town.database.read() as conn:
        return [int(conn.scalar(select(func.count()).select_from(table)) or 0) for table in TABLES]


def emptied(town: Town) -> None:
    """As an upgraded store is: it has no reading copy yet."""
    with town.database.begin() as conn:
        for table in TABLES:
            conn.execute(delete(table))
        state.delete(conn, ["shelf"])


def test_a_person_is_there_with_both_records_as_soon_as_they_are_linked(town):
    contact, lead = both(town, firstname="Ann", life="lead")
    one = face(town, contact)
    assert one == face(town, lead)
    assert (one.ref, one.hubspot, one.salesforce, one.pair) == (contact, contact, lead, "contacts/Lead")
    assert (one.name, one.email, one.stage, one.band) == ("Ann Archer", "ann@x.com", "lead", "tofu")
    assert misshelved(town.bridge) == []


def test_without_a_lifecycle_linked_people_are_there_and_stand_nowhere():
    town = Town()
    contact, lead = both(town, firstname="Ann")
    (one,) = faces(town)
    assert (one.hubspot, one.salesforce, one.stage, one.since) == (contact, lead, "", None)


def test_what_is_not_people_is_not_there():
    town = Town(pairs=[pair("Lead", mapping="companies", hubspot="contacts")])
    agree(town)
    town.contact(email="ann@x.com", lastname="Archer")
    town.full()
    assert len(town.links()) == 1
    assert faces(town) == []


def test_who_has_one_record_is_there_by_it_until_they_are_linked():
    town = Town(pairs=[pair("Lead", create_in_salesforce=lambda *_: False, create_in_hubspot=lambda *_: False)])
    agree(town)
    lead = town.lead(Email="ann@x.com", LastName="Archer", Stage="LEAD")
    town.full()
    (alone,) = faces(town)
    assert (alone.ref, alone.hubspot, alone.salesforce, alone.stage) == (lead, None, lead, "lead")
    contact = town.contact(email="ann@x.com", lastname="Archer")
    town.sync("full")
    (linked,) = faces(town)
    assert (linked.ref, linked.salesforce, linked.stage) == (contact, lead, "lead")
    assert rows(town)[:2] == [1, 1]
    assert misshelved(town.bridge) == []


def test_a_new_name_is_there_at_once_whichever_side_says_it(town):
    contact, lead = both(town, firstname="Ann")
    town.hubspot.edit(contact, lastname="Byron")
    town.once()
    assert face(town, contact).name == "Ann Byron"
    town.salesforce.edit(lead, FirstName="Ada")
    town.once()
    assert face(town, contact).name == "Ada Byron"
    assert [one.name for one in faces(town, "ADA byr")] == ["Ada Byron"]
    assert faces(town, "archer") == []


def test_a_handoff_is_there_and_what_sales_said_of_it(town):
    contact, lead = both(town, life="lead")
    hand_over(town, contact)
    assert (face(town, contact).stage, face(town, contact).answer, face(town, contact).owner) == (
        "mql",
        "waiting",
        ANNE,
    )
    town.salesforce.edit(lead, Answer="Accepted")
    town.once()
    assert face(town, contact).answer == "accepted"
    assert misshelved(town.bridge) == []


def test_a_clock_turns_by_time_alone_and_the_copy_with_it():
    four = policy(start=asks("s.stage == 'mql'"), stop=asks("s.stage == 'sal'"), targets=(hours(4),))
    clocked = Town()
    agree(clocked, book=(edition("1", clocked.clock.now(), four),))
    contact, _ = both(clocked, life="lead")
    hand_over(clocked, contact)
    assert face(clocked, contact).clock == "running"
    due = face(clocked, contact).due_at
    clocked.clock.at = due + timedelta(minutes=1)
    clocked.once()
    assert (face(clocked, contact).clock, face(clocked, contact).due_at) == ("breached", due)
    assert misshelved(clocked.bridge) == []


def test_who_is_converted_is_the_same_person_under_the_new_record(town):
    contact, lead = both(town, life="lead")
    there = town.salesforce.convert(lead, "Contact")
    town.once()
    (one,) = faces(town)
    assert (one.ref, one.salesforce, one.pair) == (contact, there, "contacts/Contact")
    assert misshelved(town.bridge) == []


def test_of_two_that_are_merged_one_is_left_and_the_counterpart_of_the_other_is_alone(town):
    first, _ = both(town, life="lead")
    second, left_over = both(town, email="bea@x.com", life="lead")
    assert {one.ref for one in faces(town)} == {first, second}
    town.hubspot.merge(first, second)
    town.sync("full")
    assert {one.ref for one in faces(town)} == {first, left_over}
    assert misshelved(town.bridge) == []


def test_who_is_archived_leaves_and_the_one_who_stays_is_there_alone(town):
    contact, lead = both(town, life="lead")
    town.hubspot.archive(contact)
    town.once()
    (one,) = faces(town)
    assert (one.ref, one.hubspot, one.salesforce) == (lead, None, lead)
    assert misshelved(town.bridge) == []


@pytest.mark.parametrize("how", ["erased in HubSpot", "forgotten by a person"])
def test_whoever_is_erased_is_gone_from_every_table(town, how):
    contact, _ = both(town, life="lead")
    hand_over(town, contact)
    assert rows(town)[0] == 1
    if how == "erased in HubSpot":
        town.hubspot.erase(contact)
        town.once()
        assert not {contact} & {one.hubspot for one in faces(town)}
    else:
        commands.forget(town.bridge, contact, "ada")
        assert rows(town) == [0, 0, 0, 0]


def test_one_about_whom_nothing_is_new_costs_no_write(town):
    both(town, life="lead")
    told: list[str] = []
    event.listen(town.database._engine, "before_cursor_execute", lambda *said: told.append(said[2]))
    town.sync("full")
    assert [one for one in told if "INTO people" in one or "INTO passes" in one] == []


def test_what_was_decided_is_there_before_anything_is_written_to_a_side(town):
    contact, _ = both(town, life="lead")
    town.hubspot.edit(contact, score="60")
    seen: list[str] = []
    writes = town.salesforce.write

    def write(*asked):
        seen.append(face(town, contact).stage)
        return writes(*asked)

    town.salesforce.write = write
    town.once()
    assert seen[0] == "mql"


@pytest.fixture(params=["file", "postgres"])
def upgraded(request: pytest.FixtureRequest, new_database_url: Callable[[str], str]) -> Town:
    """A town whose store has no reading copy yet: linked people, and one who is not."""
    made = Town(
        new_database_url(request.param),
        pairs=[pair("Lead", create_in_hubspot=lambda *_: False), pair("Contact", create_in_hubspot=lambda *_: False)],
    )
    agree(made)
    for number in range(5):
        made.contact(email=f"p{number}@x.com", lastname=f"Archer {number}", life="lead")
    made.lead(Email="alone@x.com", LastName="Alone", Stage="MQL")
    made.full()
    assert len(faces(made)) == 6
    emptied(made)
    yield made
    made.database.close()


def test_an_upgraded_store_fills_itself_without_asking_anybody_but_for_those_nobody_knows(upgraded, monkeypatch):
    monkeypatch.setattr(reshelving, "_PORTION", 2)
    calls = upgraded.hubspot.calls, upgraded.salesforce.calls
    while tell_anew(upgraded.bridge, 1):
        pass
    assert (upgraded.hubspot.calls, upgraded.salesforce.calls) == calls
    assert [one.name for one in faces(upgraded)] == [f"Archer {number}" for number in range(5)]
    assert {one.stage for one in faces(upgraded)} == {"lead"}
    assert upgraded.dirty() == 1
    upgraded.once()
    assert len(faces(upgraded)) == 6
    assert misshelved(upgraded.bridge) == []


def test_a_run_fills_an_upgraded_store_as_well(upgraded):
    upgraded.once()
    assert len(faces(upgraded)) == 6
    assert misshelved(upgraded.bridge) == []


def test_the_service_fills_a_portion_at_a_time_and_rests_when_all_is_told(upgraded, monkeypatch):
    monkeypatch.setattr("connector.engine.doing.PORTIONS", 1)
    act = next(one.act for one in DUTIES if one.name == SHELF)
    work = type("Work", (), {"bridge": upgraded.bridge})
    turns = []
    while not turns or turns[-1].did:
        turns.append(act(work, upgraded.clock.now(), {}))
    assert len(turns) > 3
    assert len(faces(upgraded)) == 5


def test_an_edit_of_the_lifecycle_tells_everybody_anew(upgraded):
    upgraded.once()
    renamed = replace(LIFECYCLE, stages={**LIFECYCLE.stages, "lead": replace(stage("lead", Band.TOFU), band=Band.MOFU)})
    agreement = replace(upgraded.bridge.agreement, definition=replace(AGREED, version="2", lifecycle=renamed))
    upgraded.bridge = replace(upgraded.bridge, agreement=agreement)
    tell_anew(upgraded.bridge)
    assert {one.band for one in faces(upgraded) if one.stage == "lead"} == {"mofu"}
    assert not tell_anew(upgraded.bridge)
    assert misshelved(upgraded.bridge) == []


def test_whoever_is_left_on_the_shelf_and_is_nobody_any_more_leaves_it(upgraded):
    upgraded.once()
    with upgraded.database.begin() as conn:
        held = links.page(conn, 0, 1)[0]
        links.delete(conn, held.id, held.version)
        conn.exec_driver_sql("DELETE FROM journeys")
        state.delete(conn, ["shelf"])
    tell_anew(upgraded.bridge)
    assert len(faces(upgraded)) == 4
