"""Fields that other people's automation changes back, as an admin sees it: stopped, named, tried again on demand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.desk import Desk

TIMES = 5  # as config.yaml ships it


@pytest.fixture(scope="module")
def pair(office: Desk) -> tuple[str, str]:
    """Ada, on both sides."""
    person = office.marketer_adds(email="ada@acme.example", lastname="Lovelace", jobtitle="Analyst")
    assert office.run("sync").code == 0
    there = office.run("show", person, "--json").data["plan"]["records"]
    return person, next(ref for ref in there if ref.startswith("salesforce"))


def writes(office: Desk, name: str) -> int:
    """How often the bridge has written a field."""
    entries = office.running.world.services.log.entries()
    return sum(entry["actor"].startswith("api") and name in (entry.get("changes") or {}) for entry in entries)


def parked(office: Desk) -> list[dict[str, Any]]:
    """The open questions about parked fields."""
    found: list[dict[str, Any]] = office.run("status", "--kind", "parked", "--json").data["open"]
    return found


def test_a_workflow_and_a_flow_that_answer_each_other_through_the_bridge_are_stopped_and_named(
    office: Desk, pair: tuple[str, str]
):
    person, _ = pair
    office.does("hubspot", "add_rule", object="contacts", property="jobtitle", rewrite="append", text="x")
    office.does("salesforce", "add_automation", sobject="Lead", assign={"Title": {"upper": "Title"}})
    office.marketer_edits(person, jobtitle="countess")
    before = writes(office, "jobtitle"), writes(office, "Title")
    for _ in range(3 * TIMES):
        office.run("sync")
    assert writes(office, "jobtitle") - before[0] <= TIMES
    assert writes(office, "Title") - before[1] <= TIMES + 1
    (issue,) = parked(office)
    assert issue["code"] == "LOOP"
    assert "with no person between" in issue["reason"]
    assert "a HubSpot workflow (AUTOMATION_PLATFORM enrollmentId:1) (5 times)" in issue["reason"]
    assert "a flow, trigger or rule in Salesforce that runs when the bridge writes (4 times)" in issue["reason"]
    shown = office.run("show", person).out
    assert "smarketing unpark --field" in shown


def test_what_was_parked_is_tried_again_once_somebody_says_so(office: Desk, pair: tuple[str, str]):
    person, lead = pair
    office.does("salesforce", "remove_rules", sobject="Lead")
    (issue,) = parked(office)
    assert office.run("unpark", "--field", issue["field"]).code == 0
    office.rep_edits(lead, Title="Countess of Lovelace")
    office.run("sync")
    office.run("sync")
    assert parked(office) == []
    data = {row["rule"]: row for row in office.run("show", person, "--json").data["rules"]}
    assert data["job_title"]["hubspot"] == data["job_title"]["salesforce"]
