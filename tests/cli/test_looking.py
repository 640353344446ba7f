"""show, why, status: what a RevOps admin sees."""

from __future__ import annotations

import pytest

from tests.cli.desk import UNMATCHED_OWNER, Desk


@pytest.fixture(scope="module")
def refs(office: Desk) -> dict[str, str]:
    """Two contacts whose owner nobody knows, synced; the first then edited in Salesforce, and synced again."""
    named = {
        name: office.marketer_adds(
            email=f"{name}@acme.example", lastname=name.title(), jobtitle="Clerk", hubspot_owner_id=UNMATCHED_OWNER
        )
        for name in ("ada", "bob")
    }
    assert office.run("sync").code == 3
    there = office.run("show", named["ada"], "--json").data["plan"]["records"]
    named["ada there"] = next(ref for ref in there if ref.startswith("salesforce"))
    office.rep_edits(named["ada there"], Title="Analyst")
    assert office.run("sync", "--full").code == 3
    return named


@pytest.mark.parametrize("form", ["e-mail", "ref", "number", "Salesforce id", "short Salesforce id"])
def test_a_record_is_found_by_all_its_names(office: Desk, refs: dict[str, str], form: str):
    name = {
        "e-mail": "ada@acme.example",
        "ref": refs["ada"],
        "number": refs["ada"].rpartition(":")[2],
        "Salesforce id": refs["ada there"].rpartition(":")[2],
        "short Salesforce id": refs["ada there"].rpartition(":")[2][:15],
    }[form]
    said = office.run("show", name)
    assert said.code == 0
    assert f"ada@acme.example  {refs['ada']} = {refs['ada there']}  linked" in said.out


def test_a_record_is_shown_with_both_sides_plan_issues_and_story(office: Desk, refs: dict[str, str]):
    said = office.run("show", "ada@acme.example").out
    assert "job_title" in said
    assert "as now" in said
    assert "blank on both sides: first_name, phone, mobile," in said
    assert "never yet" in said  # the owners have never agreed
    assert "parked salesforce" in said or "parked hubspot" in said
    assert "mend it: add the pair to owners.yaml, or name a fallback there" in said
    assert "HubSpot jobtitle: Clerk -> Analyst  Salesforce was edited" in said


def test_a_record_as_json_has_everything_the_screen_has(office: Desk, refs: dict[str, str]):
    data = office.run("show", refs["ada"], "--json").data
    assert set(data) == {"ref", "who", "linked", "rules", "plan", "issues", "story", "journey"}
    title = next(row for row in data["rules"] if row["rule"] == "job_title")
    assert title["base"] == ["Analyst", "Analyst"]
    assert data["story"][0]["kind"] == "created"


def test_why_names_the_change_its_cause_and_the_value_that_gave_way(office: Desk, refs: dict[str, str]):
    said = office.run("why", "ada@acme.example", "job_title")
    assert said.code == 0
    assert f"{refs['ada']} jobtitle: Clerk -> Analyst" in said.out
    assert "rule job_title, edited: Salesforce was edited" in said.out
    assert "the value that gave way: Clerk" in said.out
    rows = office.run("why", refs["ada"], "Title", "--json").data
    assert [(row["before"], row["after"], row["rule"]) for row in rows] == [
        (None, "Clerk", "job_title"),
        ("Clerk", "Analyst", "job_title"),
    ]


def test_why_says_when_the_bridge_had_no_hand_in_it(office: Desk, refs: dict[str, str]):
    said = office.run("why", refs["ada"], "city")
    assert "has never written city" in said.out
    assert "HubSpot says blank; Salesforce says blank" in said.out


@pytest.mark.parametrize(("field", "advice"), [("jobtitel", "did you mean 'jobtitle'?"), ("zzz", "there are: email,")])
def test_why_helps_with_names_of_fields(office: Desk, refs: dict[str, str], field: str, advice: str):
    said = office.run("why", refs["ada"], field)
    assert said.code == 1
    assert advice in said.err


def test_status_puts_alike_things_together_with_an_example_and_a_cure(office: Desk, refs: dict[str, str]):
    said = office.run("status")
    assert said.code == 3
    assert "2 linked pairs; nothing waits to be looked at" in said.out
    assert "2 parked  " in said.out
    assert "this owner has no active counterpart (NO_OWNER)" in said.out
    assert f"most often {UNMATCHED_OWNER} Emeka Okafor (2)" in said.out
    assert said.out.count("mend it: add the pair to owners.yaml") == 1
    assert "by grace" in said.out


def test_status_lists_single_issues_on_request(office: Desk, refs: dict[str, str]):
    said = office.run("status", "--kind", "parked", "--limit", "1")
    assert said.code == 3
    assert said.out.count("mend it:") == 1
    assert "... and 1 more; see them with --limit 2" in said.out
    assert "Nothing of that sort" in office.run("status", "--kind", "conflict").out
    assert office.run("status", "--field", "Email", "--json").data["open_total"] == 0


def test_status_as_json_is_what_the_docs_say(office: Desk, refs: dict[str, str]):
    data = office.run("status", "--json").data
    numbers = {"links", "dirty", "oldest_dirty", "read_until", "calls_today", "runs", "waiting"}
    assert set(data) == numbers | {"issues", "groups", "open", "open_total", "lifecycle", "effects"}
    assert data["issues"] == {"parked": 2}
    assert data["open_total"] == 2
    assert data["groups"][0]["count"] == 2
    assert data["calls_today"]["hubspot"] > 0


def test_status_calls_no_crm(office: Desk, refs: dict[str, str]):
    before = [office.running.world.counters[side].as_dict() for side in ("hubspot", "salesforce")]
    office.run("status")
    assert [office.running.world.counters[side].as_dict() for side in ("hubspot", "salesforce")] == before
