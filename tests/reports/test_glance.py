"""One glance says what is wrong and what to do; where nothing is wrong it says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.config.init import write_starter
from connector.config.load import load
from connector.config.settings import Settings
from connector.core import refs
from connector.core.plan import Issue, IssueKind
from connector.core.refs import Side
from connector.reports.glance import Glance, SideSeen, Trouble, glance, troubles
from connector.reports.metrics import STOPPED, UNOPENED
from connector.storage import budgets, cursors, dirty, drift, issues, pulses, runs, state
from connector.storage.database import Database, migrate, open_database
from connector.storage.gauges import Audit
from connector.storage.pulses import Pulse

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SECRETS = {"HUBSPOT_TOKEN": "token", "SALESFORCE_CLIENT_SECRET": "secret"}
RUNNING = Pulse("run@office:1", "run", NOW, NOW)
HUBSPOT = SideSeen(Side.HUBSPOT, NOW, calls=10, most=100, ordinary=90)
SALESFORCE = SideSeen(Side.SALESFORCE, NOW, calls=10, most=None, ordinary=None)
WELL = Glance(NOW, 5, 0, None, (RUNNING,), (HUBSPOT, SALESFORCE), None, audit=Audit(NOW, 200, 2))


def told(seen: Glance) -> list[tuple[str, str]]:
    return [(one.tone, one.words) for one in troubles(seen)]


def test_a_bridge_that_reads_writes_and_keeps_up_is_well():
    assert troubles(WELL) == []
    parked = replace(WELL, issues={IssueKind.PARKED: 30})
    assert troubles(parked) == [], "what people must decide is no trouble of the bridge's"
    assert WELL.differing == 0.01
    assert [HUBSPOT.name, HUBSPOT.spent, SALESFORCE.spent] == ["HubSpot", 0.1, None]


@pytest.mark.parametrize(
    ("seen", "tone", "words", "place"),
    [
        (replace(WELL, processes=()), "bad", "No worker is running, so nothing is synced.", ""),
        (
            replace(WELL, unopened=NOW),
            "bad",
            "The installation cannot be opened, so nothing is synced.",
            "settings",
        ),
        (
            replace(WELL, sides=(HUBSPOT, replace(SALESFORCE, refuses="INVALID_GRANT"))),
            "bad",
            "Salesforce refuses us: INVALID_GRANT",
            "queue",
        ),
        (
            replace(WELL, issues={IssueKind.HELD: 1}),
            "bad",
            "A run is held: it would change more than the guards allow.",
            "queue",
        ),
        (
            replace(WELL, waiting=1200, due_since=NOW - 20 * MINUTE),
            "warn",
            "1,200 records wait to be looked at, the first for 20 minutes.",
            "runs",
        ),
        (
            replace(WELL, waiting=7, due_since=NOW - 3 * HOUR),
            "bad",
            "7 records wait to be looked at, the first for 3 h 0 min.",
            "runs",
        ),
        (
            replace(WELL, sides=(replace(HUBSPOT, read_until=None), SALESFORCE)),
            "warn",
            "HubSpot was never read yet.",
            "runs",
        ),
        (
            replace(WELL, sides=(replace(HUBSPOT, read_until=NOW - 16 * MINUTE), SALESFORCE)),
            "warn",
            "HubSpot was last read 16 minutes ago.",
            "runs",
        ),
        (
            replace(WELL, sides=(replace(HUBSPOT, calls=90), SALESFORCE)),
            "warn",
            "The day's ordinary API calls to HubSpot are used up.",
            "settings",
        ),
        (
            replace(WELL, sides=(replace(HUBSPOT, calls=100), SALESFORCE)),
            "bad",
            "The day's API calls to HubSpot are used up.",
            "settings",
        ),
        (
            replace(WELL, audit=Audit(NOW, 200, 3)),
            "warn",
            "3 of 200 compared pairs differ, and nobody can say why.",
            "queue",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(seen: Glance, tone: str, words: str, place: str):
    (found,) = troubles(seen)
    assert isinstance(found, Trouble)
    assert (found.tone, found.words, found.place) == (tone, words, place)
    assert found.hint.endswith((".", "?"))


def test_what_has_waited_for_minutes_is_no_trouble_and_what_is_due_later_waits_for_nothing():
    assert told(replace(WELL, waiting=9, due_since=NOW - 15 * MINUTE)) == []
    assert told(replace(WELL, waiting=9, due_since=NOW + HOUR)) == []
    assert replace(WELL, due_since=NOW + HOUR).behind == timedelta()


def test_the_worst_stands_first():
    found = told(replace(WELL, audit=Audit(NOW, 100, 50), processes=()))
    assert [tone for tone, _ in found] == ["bad", "warn"]


def test_a_web_process_alone_brings_nothing_in_step():
    assert len(troubles(replace(WELL, processes=(Pulse("web@office:2", "web", NOW, NOW),)))) == 1


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_starter(tmp_path)
    path = tmp_path / "config.yaml"
    text = path.read_text().replace("#calls_per_day: 30000", "calls_per_day: 30000")
    path.write_text(text)
    return load(path, SECRETS).settings


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path / 'smarketing.db'}")
    migrate(database)
    yield database
    database.close()


def looked(store: Database, settings: Settings) -> Glance:
    with store.read() as conn:
        return glance(conn, settings, {Side.SALESFORCE: "Pacific/Auckland"}, NOW)


def test_an_empty_store_is_seen_as_it_is(store: Database, settings: Settings):
    seen = looked(store, settings)
    assert (seen.links, seen.waiting, seen.run, seen.audit, seen.differing) == (0, 0, None, None, None)
    assert [one.read_until for one in seen.sides] == [None, None]
    assert len(troubles(seen)) == 3, "no worker, and two sides that were never read"


def test_a_store_is_seen_with_all_that_it_knows(store: Database, settings: Settings):
    with store.begin() as conn:
        pulses.beat(conn, RUNNING, NOW)
        pulses.beat(conn, Pulse("run@gone:1", "run", NOW, NOW), NOW - 2 * MINUTE)
        state.put(conn, STOPPED, {"salesforce poll.salesforce": {"why": "INVALID_GRANT"}})
        state.put(conn, UNOPENED, {"since": (NOW - HOUR).isoformat()})
        cursors.put(conn, Side.HUBSPOT, {}, NOW - MINUTE)
        run = runs.start(conn, "once", NOW - MINUTE, "anne", "digest")
        contact = refs.hubspot("contacts", "1")
        issues.raise_issues(conn, [Issue(IssueKind.PARKED, (contact,), reason="too long")], NOW, run)
        dirty.mark(conn, [contact], NOW - HOUR)
        drift.add(conn, drift.Row(NOW - HOUR, 200, 3, {}))
        budgets.spend(conn, Side.SALESFORCE, datetime(2026, 11, 2, 22, tzinfo=UTC).date(), 70)
    seen = looked(store, settings)
    assert [one.name for one in seen.processes] == ["run@office:1"]
    assert seen.unopened == NOW - HOUR
    assert seen.run is not None
    assert seen.run.id == run
    assert seen.issues == {IssueKind.PARKED: 1}
    assert (seen.waiting, seen.behind) == (1, HOUR)
    assert seen.audit == Audit(NOW - HOUR, 200, 3)
    hubspot, salesforce = seen.sides
    assert (hubspot.read_until, hubspot.calls, hubspot.most) == (NOW - MINUTE, 0, None)
    assert (salesforce.refuses, salesforce.calls, salesforce.ordinary) == ("INVALID_GRANT", 70, 27_000)


def test_calls_are_counted_by_the_days_of_the_account(store: Database, settings: Settings):
    evening = datetime(2026, 11, 2, 20, tzinfo=UTC)  # in Auckland it is the third already
    with store.begin() as conn:
        budgets.spend(conn, Side.SALESFORCE, datetime(2026, 11, 3, tzinfo=UTC).date(), 7)
    with store.read() as conn:
        seen = glance(conn, settings, {Side.SALESFORCE: "Pacific/Auckland"}, evening)
    assert seen.sides[1].calls == 7
