"""The agreement as both teams read it: told from what is compiled, in words without abbreviations."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from connector.config.calendars import CalendarsWritten
from connector.config.definition import definition_of
from connector.config.init import write_starter
from connector.config.load import load
from connector.core.policy import Span, Unit
from connector.reports import charter, diagram
from tests.cli.desk import SECRETS


@pytest.fixture(scope="module")
def definition(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("starter")
    write_starter(folder)
    return definition_of(load(folder / "config.yaml", SECRETS))


def test_stages_stand_in_their_bands_with_who_may_move_whom_where(definition):
    bands = charter.stages(definition)
    assert [band["band"] for band in bands] == ["tofu", "mofu", "bofu", "after", "beside"]
    mql = next(stage for band in bands for stage in band["stages"] if stage["id"] == "mql")
    assert mql["team"] == "marketing"
    assert mql["handoff"] is True
    assert {
        "side": "salesforce",
        "where": "Salesforce Lead and Contact",
        "words": "HubSpot_Lifecycle_Stage__c = MQL",
    } in mql["shown_as"]
    moves = {move["to"]: move for move in mql["moves"]}
    assert moves["SAL"]["by"] == ["sales"]
    assert moves["Recycled"]["needs"] == ["reason"]


def test_a_reason_says_what_follows_from_it(definition):
    found = {one["id"]: one for one in charter.reasons(definition)}
    timing = found["timing"]
    assert (timing["class"], timing["meaning"]) == ("recycle", "later")
    assert any("comes back to MQL after 90 days, 3 times at most" in one for one in timing["follows"])
    assert timing["follows"][0] == "needs a date to look again"


def test_an_answer_says_where_it_leads(definition):
    assert {"answer": "reject", "leads_to": "Recycled", "needs": ["reason"]} in charter.answers(definition)


def test_times_are_told_without_abbreviations():
    assert charter.span_words(Span(1, Unit.BUSINESS_DAYS)) == "1 working day"
    assert charter.span_words(Span(4, Unit.BUSINESS_HOURS)) == "4 working hours"


def test_a_calendar_tells_its_week_and_the_days_of_this_year_that_are_otherwise():
    written = CalendarsWritten.model_validate(
        {
            "named": {
                "berlin": {
                    "zone": "Europe/Berlin",
                    "week": {"mon-thu": ["09:00-12:00", "13:00-17:00"], "fri": "09:00-15:00"},
                    "holidays": {"country": "DE", "subdivision": "BY"},
                    "dates": {"2026-12-05": "10:00-14:00"},
                },
                "night": {"week": {"mon-sun": "00:00-24:00"}},
                "both": {"together": ["berlin", "night"]},
            }
        }
    )
    berlin, night, both = charter.calendars(written, date(2026, 11, 2))
    assert berlin["hours"] == [
        {"days": "Monday to Thursday", "hours": "09:00 to 12:00, 13:00 to 17:00"},
        {"days": "Friday", "hours": "09:00 to 15:00"},
        {"days": "Saturday to Sunday", "hours": "closed"},
    ]
    days = {one["date"]: one for one in berlin["days"]}
    assert days["2026-01-06"]["hours"] == "closed"
    assert days["2026-01-06"]["name"]
    assert days["2026-12-05"]["hours"] == "10:00 to 14:00"
    assert night["hours"] == [{"days": "Monday to Sunday", "hours": "all day"}]
    assert both["together"] == ["berlin", "night"]


def test_the_picture_without_its_style_has_none_and_its_style_sheet_reaches_nothing_else(definition):
    plain = diagram.svg(definition.lifecycle, styled=False)
    assert "<style" not in plain
    assert "style=" not in plain
    sheet = diagram.style_sheet(".diagram")
    rules = [one for one in sheet.replace("@media (prefers-color-scheme:dark){", "").split("}") if one.strip()]
    assert len(rules) > 20
    assert all(part.strip().startswith(".diagram ") for rule in rules for part in rule.split("{")[0].split(","))
