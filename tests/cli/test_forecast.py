"""smarketing forecast: what a day costs, whether it fits, and what to change where it does not."""

from zoneinfo import ZoneInfo

import pytest

from connector.clock import SystemClock
from connector.core.refs import Side
from connector.storage import budgets
from connector.storage.database import open_database
from tests.cli.desk import Desk


@pytest.fixture(scope="module")
def settled(office: Desk) -> Desk:
    office.marketer_adds(email="ada@acme.example", lastname="Lovelace")
    assert office.run("sync", "--full", "--approve").code in (0, 3)
    return office


def configured(desk: Desk, was: str, now: str):
    """The same installation under another config.yaml."""
    path = desk.folder / "another.yaml"
    text = desk.config.read_text()
    assert was in text
    path.write_text(text.replace(was, now))
    return path


def test_a_day_is_told_by_side_and_by_what_calls_are_for(settled: Desk):
    said = settled.run("forecast", "--people", "100000", "--changes-per-day", "1000", "--json")
    assert said.code == 0
    told = said.data
    assert (told["people"], told["changes_a_day"]) == (100_000, {"hubspot": 500.0, "salesforce": 500.0})
    for side in ("hubspot", "salesforce"):
        one = told["sides"][side]
        assert set(one["parts"]) == {"polls", "reading", "writing", "audit", "accounts"}
        assert abs(sum(one["parts"].values()) - one["calls"]) <= 5
        assert one["fits"]
        assert one["limit"] > 0  # as the account told it
    assert 1_900 < told["sides"]["salesforce"]["calls"] < 2_300
    assert told["full_run"]["hubspot"] == 2_000


def test_without_saying_anything_one_per_cent_of_the_linked_people_is_assumed(settled: Desk):
    told = settled.run("forecast", "--json").data
    assert told["people"] == 1
    assert sum(told["changes_a_day"].values()) == pytest.approx(0.01, abs=0.2)
    assert told["sides"]["salesforce"]["calls"] <= 300


def test_for_people_it_says_in_words_that_all_fits(settled: Desk):
    said = settled.run("forecast", "--people", "5000")
    assert said.code == 0
    assert "A day with 5,000 people and 50 changes" in said.out
    assert "Salesforce: fits, " in said.out
    assert "calls for ordinary work" in said.out


def test_what_does_not_fit_is_told_with_polls_that_would(settled: Desk):
    config = configured(settled, "#calls_per_day: 30000", "calls_per_day: 300")
    said = settled.run("forecast", "--changes-per-day", "50", config=config)
    assert said.code == 3
    assert "Salesforce: does not fit" in said.out
    assert "worker.polling least_s:" in said.out


def test_where_no_pace_would_do_the_calls_needed_are_told(settled: Desk):
    config = configured(settled, "#calls_per_day: 30000", "calls_per_day: 100")
    said = settled.run("forecast", "--changes-per-day", "2000", config=config)
    assert said.code == 3
    assert "raise calls_per_day or buy more calls: about" in said.out


def test_sides_that_tell_of_changes_are_polled_as_if_idle(settled: Desk):
    text = settled.config.read_text()
    path = settled.folder / "told.yaml"
    hook = "webhooks:\n  hubspot:\n    secrets: [env:HUBSPOT_TOKEN]\n"
    path.write_text(text + hook)
    quiet = settled.run("forecast", "--changes-per-day", "1000", "--json", config=path).data["sides"]["hubspot"][
        "parts"
    ]
    asked = settled.run("forecast", "--changes-per-day", "1000", "--json").data["sides"]["hubspot"]["parts"]
    assert quiet["polls"] < asked["polls"] / 2


@pytest.fixture
def spent(settled: Desk):
    """So many calls of today count as ours; taken back afterwards."""
    store = open_database(f"sqlite:///{settled.folder / 'smarketing.db'}")
    added: list[int] = []

    def spend(calls: int) -> None:
        added.append(calls)
        _spend(store, calls)

    yield spend
    _spend(store, -sum(added))
    store.close()


def _spend(store, calls: int) -> None:
    now = SystemClock().now()
    with store.begin() as conn:
        for zone in ("UTC", "Europe/Berlin", "America/New_York"):
            day = now.astimezone(ZoneInfo(zone)).date()
            if zone == "UTC" or day != now.date():
                budgets.spend(conn, Side.SALESFORCE, day, calls)


def test_a_full_run_that_the_day_cannot_hold_is_refused_before_it_begins_unless_it_is_approved(settled: Desk, spent):
    config = configured(settled, "#calls_per_day: 30000", "calls_per_day: 1000")
    spent(900)
    refused = settled.run("sync", "--full", config=config)
    assert refused.code == 1
    assert "today Salesforce has 0 calls left for it, and a full run takes 1 to read everybody" in refused.err
    assert "raise salesforce.calls_per_day" in refused.err
    limited = settled.run("sync", "--full", "--approve", config=config)
    assert "what is not done today goes on later" in limited.err


def test_status_says_who_goes_on_when_the_ordinary_calls_are_used_up(settled: Desk, spent):
    config = configured(settled, "#calls_per_day: 30000", "calls_per_day: 1000")
    assert "open clock go on" not in settled.run("status", config=config).out
    spent(900)
    assert "only people with an open clock go on" in settled.run("status", config=config).out
    spent(200)
    assert "used up: everything goes on when the account's next day begins" in settled.run("status", config=config).out
