"""A breach that two workers record at the same moment is set off once, whichever record each hangs it on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connector.core.journey import Entry, Fired
from connector.core.plan import Plan
from connector.core.planning import Subject
from connector.core.policy import ActionKind
from connector.core.readings import Presence, Reading
from connector.core.refs import Ref, hubspot, salesforce
from connector.core.steered import Effect, Steered
from connector.engine import journal
from connector.engine.case import Case, Following
from connector.engine.job import Job
from connector.storage import effects, journeys
from connector.storage.database import Database
from tests.engine.town import pair, store

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
ANN, LEAD = hubspot("contacts", "1"), salesforce("Lead", "00Q000000000001AAA")
NOTICE = Effect("first-touch:1:breach", ActionKind.NOTIFY, "sales", ANN, "Ann is late")


@pytest.fixture(params=["file", "postgres"])
def database(request: pytest.FixtureRequest, new_database_url: Callable[[str], str]) -> Iterator[Database]:
    database = store(new_database_url(request.param))
    yield database
    database.close()


def job(*set_off: Effect, known: int = 0) -> Job:
    entries = tuple(Entry(ANN, NOW, NOW, Fired(one.key), f"fired:{one.key}") for one in set_off)
    readings = [Reading(ref, Presence.PRESENT) for ref in (ANN, LEAD)]
    subject = Subject(*readings)
    following = Following(Steered(entries=entries, effects=set_off), {ANN: known, LEAD: 0})
    return Job(Case(pair("Lead"), subject, Plan("contacts/Lead", *readings), None, following=following))


def about(database: Database) -> list[tuple[Ref, str]]:
    with database.read() as conn:
        waiting = effects.listed(conn, effects.State.WAITING)
    return [(one.effect.about, one.effect.key) for one in waiting]


@pytest.mark.parametrize("other", [ANN, LEAD])
def test_a_breach_recorded_by_two_workers_at_once_fires_once(database: Database, other: Ref) -> None:
    decided, begun = threading.Event(), threading.Event()

    def first() -> list[Job]:
        with database.begin() as conn:
            late = journal.decided(conn, [job(NOTICE)], NOW)
            decided.set()
            begun.wait(5)
            threading.Event().wait(0.2)  # while the other waits for this transaction to end
        return late

    def second() -> list[Job]:
        decided.wait(5)
        begun.set()
        with database.begin() as conn:
            return journal.decided(conn, [job(replace(NOTICE, about=other))], NOW)

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(first), pool.submit(second)]
        late = [len(one.result()) for one in done]
    assert late == [0, 1], "the second looks again"
    assert about(database) == [(ANN, NOTICE.key)]


def test_what_was_set_off_is_not_set_off_by_who_looks_again(database: Database) -> None:
    for _ in range(2):
        with database.begin() as conn:
            journal.decided(conn, [job(NOTICE)], NOW)
    with database.begin() as conn:
        known = journeys.latest(conn, [ANN])[ANN]
        journal.decided(conn, [job(replace(NOTICE, about=LEAD), known=known)], NOW + timedelta(hours=1))
    assert about(database) == [(ANN, NOTICE.key)]


def test_an_effect_and_its_entry_are_stored_together_or_not_at_all(database: Database) -> None:
    with pytest.raises(RuntimeError, match="died"):
        _decided_by_one_who_dies(database)
    assert about(database) == []
    with database.begin() as conn:
        assert journal.decided(conn, [job(NOTICE)], NOW) == []
    assert about(database) == [(ANN, NOTICE.key)]


def _decided_by_one_who_dies(database: Database) -> None:
    with database.begin() as conn:
        journal.decided(conn, [job(NOTICE)], NOW)
        raise RuntimeError("died")
