"""smarketing forecast: what a day costs, whether it fits, and what to change where it does not."""

import pytest

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
