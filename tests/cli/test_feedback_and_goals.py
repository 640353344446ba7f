"""feedback list, objectives, status: what both teams look at every week, from journeys made by hand."""

from __future__ import annotations

import pytest

from connector.core.journey import Asked, Dealt, Verdict
from connector.core.policy import ActionKind
from connector.core.refs import salesforce
from connector.core.steered import Effect
from connector.storage import effects
from tests.cli.desk_of_journeys import ANNE, DAY, HOUR, MONDAY, Archive, contact

PAID, ORGANIC = {"hs_analytics_source": "PAID_SEARCH"}, {"hs_analytics_source": "ORGANIC_SEARCH"}


@pytest.fixture
def week(past: Archive) -> Archive:
    """One accepted, one rejected, one excused, one expired, one asked about."""
    past.answer(past.mql(1, **ORGANIC), MONDAY + HOUR, Verdict.ACCEPT)
    past.answer(past.mql(2, **PAID), MONDAY + HOUR, Verdict.REJECT, "not_a_fit")
    past.answer(past.mql(3, **PAID), MONDAY + HOUR, Verdict.RECYCLE, "timing")
    past.mql(4, **PAID)
    past.remember(past.mql(5, **ORGANIC), (MONDAY + HOUR, Asked(Verdict.REJECT, ("reason",))))
    return past


def test_handoffs_are_counted_by_what_became_of_them(week: Archive):
    data = week.data("feedback", "list")
    assert data["statuses"] == {"waiting": 1, "asked": 1, "accepted": 1, "rejected": 1, "recycled": 1}
    assert {"class": "reject", "reason": "not_a_fit", "count": 1} in data["reasons"]
    assert [one["person"][0].rpartition(":")[2] for one in data["handoffs"]][:2] == ["4", "5"]


def test_who_was_not_answered_in_time_counts_against_sales_and_excused_reasons_for_nobody(week: Archive):
    data = week.data("feedback", "list")
    assert (data["accepted"], data["rejected"], data["expired"]) == (1, 1, 2)
    assert data["accept_rate"] == 0.25
    assert data["by_source"]["PAID_SEARCH"] == {"accepted": 0, "rejected": 1, "expired": 1, "accept_rate": 0.0}
    said = week.run("feedback", "list").out
    assert "accept rate 25%" in said
    assert "the handoff was wrong: Not a fit 1" in said
    assert "later: Timing 1" in said


def test_an_unfinished_answer_that_was_taken_back_leaves_the_handoff_waiting(week: Archive):
    week.remember(contact(5), (MONDAY + 2 * HOUR, Asked(Verdict.REJECT, ())))
    found = week.data("feedback", "list", "--waiting")["handoffs"]
    assert [(one["person"][0], one["missing"]) for one in found] == [
        ("hubspot:contacts:4", []),
        ("hubspot:contacts:5", []),
    ]
    assert week.data("feedback", "list", "--asked")["handoffs"] == []


@pytest.mark.parametrize(
    ("arguments", "people"),
    [
        (("--waiting",), ["4"]),
        (("--waiting", "--asked"), ["4", "5"]),
        (("--answered", "--source", "ORGANIC_SEARCH"), ["1"]),
        (("--class", "reject"), ["2"]),
        (("--reason", "timing"), ["3"]),
        (("--since", "2026-11-03"), []),
    ],
)
def test_handoffs_are_narrowed(week: Archive, arguments: tuple[str, ...], people: list[str]):
    found = week.data("feedback", "list", *arguments)["handoffs"]
    assert sorted(one["person"][0].rpartition(":")[2] for one in found) == people


def test_a_handoff_tells_to_whom_why_and_what_the_rep_said(week: Archive):
    (one,) = week.data("feedback", "list", "--reason", "not_a_fit")["handoffs"]
    assert (one["owner"], one["why"], one["stage"], one["status"]) == (ANNE, ["Score: 90"], "mql", "rejected")
    assert (one["class"], one["comment"], one["by"]) == ("reject", "so it is", "Anne")
    assert "asked for: reason" in week.run("feedback", "list", "--asked").out


def test_a_reason_that_is_none_is_refused_with_those_there_are(past: Archive):
    said = past.run("feedback", "list", "--reason", "bad")
    assert said.code == 1
    assert "there is no reason 'bad'; there are: unreachable, bad_data" in said.err


def with_goals(past: Archive, text: str) -> None:
    past.file("objectives.yaml").write_text(f"objectives:\n  calendar: office\n  goals:\n{text}")


GOALS = """\
    people:
      name: Qualified people
      team: marketing
      period: month
      target: 1000
      unit: EUR
      counts:
        - {stage: mql, value: 100, at_least: 3}
    quality:
      name: Accept rate
      team: marketing
      period: month
      accept_rate: {at_least: 70%, stage: mql, enough: 2}
    revenue:
      name: Revenue
      team: both
      period: quarter
      target: 5000
      unit: EUR
      counts:
        - {what: won, value: amount}
"""


def test_a_month_of_the_past_is_shown_as_it_ended(week: Archive):
    with_goals(week, GOALS)
    week.remember(contact(1), (MONDAY + DAY, Dealt("D1", "closedwon", closed=True, won=True, amount="4000")))
    people, quality, revenue = week.data("objectives", "--period", "2026-11-02")
    assert (people["actual"], people["target"], people["counts"][0]["count"]) == (500, 1000, 5)
    assert people["working_days"] == 21
    assert (quality["rates"][0]["part"], quality["rates"][0]["among"], quality["rates"][0]["holds"]) == (1, 4, False)
    assert (revenue["actual"], revenue["period"]) == (4000, "quarter")


def test_who_is_behind_is_told_in_words(week: Archive):
    with_goals(week, GOALS)
    said = week.run("objectives", "--period", "2026-11-02")
    assert said.code == 3
    assert "Qualified people" in said.out
    assert "500 EUR" in said.out
    assert "25%  accept rate, agreed 70% (1 of 4)" in said.out


def test_nothing_of_another_month_counts(week: Archive):
    with_goals(week, GOALS)
    people, quality, revenue = week.data("objectives", "--period", "2026-07-02")
    assert (people["actual"], quality["rates"][0]["share"], revenue["actual"]) == (0, None, 0)


def test_without_goals_it_says_so(past: Archive):
    past.file("objectives.yaml").unlink()
    said = past.run("objectives")
    assert said.code == 1
    assert "no objective is agreed on" in said.err


def test_status_shows_the_funnel(week: Archive):
    week.lead(6)
    data = week.data("status")["lifecycle"]
    assert (data["people"], data["stages"]["mql"], data["stages"]["sal"], data["stages"]["lead"]) == (6, 2, 1, 1)
    assert data["bands"] == {"mofu": 3, "beside": 2, "tofu": 1}
    assert (data["waiting_for_feedback"], data["asked_for_more"]) == (1, 1)
    assert data["breached"] > 0
    said = week.run("status").out
    assert "Lifecycle  6 people, 0 in no stage" in said
    assert "1 handoff without an answer, 1 asked for more" in said


def test_status_can_be_quick(week: Archive):
    assert week.data("status", "--quick")["lifecycle"] is None
    assert "Lifecycle" not in week.run("status", "--quick").out


def test_status_counts_what_was_set_off(past: Archive):
    about = salesforce("Lead", "00Q5g00000AbcdeEAB")
    with past.database.begin() as conn:
        effects.add(conn, [Effect("k", ActionKind.NOTIFY, "sales", about, "late")], MONDAY)
    assert past.data("status")["effects"] == {"waiting": 1}
