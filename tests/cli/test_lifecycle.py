"""lifecycle show, check, replay: the definition as both teams read it, and what another would have made of the past."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from connector.cli.csv_file import writing
from connector.core.journey import Seen
from connector.core.lifecycle import Kind, Mover
from tests.cli.desk_of_journeys import DAY, HOUR, MONDAY, MQL, Archive, contact, ruled

CRITERIA = "      # criteria: hubspot.hubspotscore >= 80 && hubspot.email != null && loops < 3"
BY_MARKETING = "{from: [subscriber, lead], to: mql, kind: forward, by: [marketing, automatic]}"
BY_RULE = "{from: [subscriber, lead], to: mql, kind: forward, by: automatic}"


def by_job(past: Archive, job: str = "buyer") -> str:
    """A lifecycle.yaml in which only a job title makes an MQL."""
    rule = f"      criteria: hubspot.jobtitle == '{job}'"
    return past.variant("lifecycle.yaml", (CRITERIA, rule), (BY_MARKETING, BY_RULE))


def test_both_teams_read_stages_spellings_and_who_may_move_whom(past: Archive):
    said = past.run("lifecycle", "show")
    assert said.code == 0
    assert "Fits, and is interested enough for a rep to spend time on." in said.out
    assert "handed to sales here" in said.out
    assert "HubSpot contacts: lifecyclestage = lead, hs_lead_status = BAD_TIMING" in said.out
    assert "Salesforce Lead and Salesforce Contact: HubSpot_Lifecycle_Stage__c = Recycled" in said.out
    row = next(line for line in said.out.splitlines() if line.split()[:2] == ["Recycled", "recycle"])
    assert row.split()[2:] == ["automatic,", "sales", "reason"]
    assert max(map(len, said.out.splitlines())) < 130


def test_the_definition_as_json_has_every_stage_and_every_move(past: Archive):
    data = past.data("lifecycle", "show")
    assert [stage["id"] for stage in data["stages"]][:4] == ["subscriber", "lead", "mql", "sal"]
    mql = data["stages"][2]
    assert (mql["band"], mql["team"], mql["handoff"]) == ("mofu", "marketing", True)
    assert mql["spelling"]["salesforce:Lead"] == [{"HubSpot_Lifecycle_Stage__c": ["MQL"]}]
    assert {"from": "mql", "to": "recycled", "kind": "recycle", "meaning": "ends the pass, for later",
            "by": ["automatic", "sales"], "needs": ["reason"]} in data["moves"]  # fmt: skip
    assert data["reasons"]["timing"]["class"] == "recycle"


def test_the_picture_is_drawn_from_the_files_of_the_folder(past: Archive):
    lifecycle = past.file("lifecycle.yaml")
    lifecycle.write_text(lifecycle.read_text().replace("name: SAL", "name: 'Taken <up> & tried'"))
    target = past.folder / "picture.svg"
    assert past.run("lifecycle", "show", "--svg", str(target)).code == 0
    texts = [one.text for one in ET.fromstring(target.read_text()).iter() if one.text]
    assert "Taken <up> &" in texts


@pytest.mark.parametrize("arguments", [("lifecycle", "show"), ("lifecycle", "check"), ("sla", "list"), ("objectives",)])
def test_without_a_lifecycle_a_command_says_how_to_begin(past: Archive, arguments: tuple[str, ...]):
    past.file("lifecycle.yaml").unlink()
    said = past.run(*arguments)
    assert said.code == 1
    assert "no lifecycle.yaml stands in the mappings folder" in said.err


def test_the_shipped_files_are_lawful(past: Archive):
    said = past.run("lifecycle", "check", "--offline")
    assert said.code == 0
    assert "as far as the files tell; no CRM was asked" in said.out
    assert past.data("lifecycle", "check", "--offline")["connected"] is False


def test_a_stage_nobody_can_come_to_is_told_with_its_line(past: Archive):
    lifecycle = past.file("lifecycle.yaml")
    text = lifecycle.read_text().replace("first: any", "first: [subscriber, lead]")
    way = "    - {from: customer, to: evangelist, kind: forward, by: [marketing, sales]}\n"
    assert way in text
    lifecycle.write_text(text.replace(way, ""))
    found = past.data("lifecycle", "check", "--offline")["findings"]
    (one,) = [one for one in found if one["key"] == "lifecycle.stages.evangelist" and one["severity"] != "info"]
    assert one["file"] == "mappings/lifecycle.yaml"
    assert text.splitlines()[one["line"] - 1].strip() == "evangelist:"


def test_a_broken_file_is_told_with_every_problem(past: Archive):
    past.file("lifecycle.yaml").write_text("lifecycle: {stages: 3, moves: 4}\n")
    said = past.run("lifecycle", "check", "--offline")
    assert said.code == 2
    assert "mappings/lifecycle.yaml:1" in said.err


def test_another_rule_is_tried_on_the_past_lead_by_lead(past: Archive):
    past.mql(1, jobtitle="buyer")
    past.mql(2, jobtitle="clerk")
    past.lead(3, MONDAY, jobtitle="buyer")
    data = past.data("lifecycle", "replay", "--definition", by_job(past))
    assert (data["people"], data["was"], data["would_be"]) == (3, 2, 2)
    assert (data["gained"], data["lost"], data["moved"]) == (1, 1, 1)
    leads = {lead["person"][0].rpartition(":")[2]: lead for lead in data["leads"]}
    assert leads["1"]["change"] == "moved"  # the rule would have held a day before marketing said so
    assert leads["1"]["would_be_at"] == (MONDAY - DAY).isoformat()
    assert leads["2"]["why"] == "from Lead to MQL only automatic may move people, not marketing"
    assert leads["2"]["said"] == {"hubspot.jobtitle": "clerk"}
    assert leads["3"]["why"] == "criteria hold: hubspot.jobtitle == 'buyer'"


def test_the_numbers_are_said_in_a_sentence(past: Archive):
    past.mql(1, jobtitle="buyer")
    past.mql(2, jobtitle="clerk")
    said = past.run("lifecycle", "replay", "--definition", by_job(past), "--limit", "1")
    assert "1 person would have become MQL, not 2" in said.out
    assert "... and 1 more; see them with --limit 2 or --csv FILE" in said.out


def test_only_entries_of_the_time_asked_for_count(past: Archive):
    past.mql(1, MONDAY)
    past.mql(2, MONDAY + 10 * DAY)
    data = past.data("lifecycle", "replay", "--since", "2026-11-10", "--until", "2026-12-01")
    assert (data["was"], data["would_be"], data["leads"]) == (1, 1, [])


def test_history_of_before_the_lifecycle_is_nobodys_mql(past: Archive):
    old = MONDAY - 100 * DAY
    first = ruled("mql", Mover.MARKETING, None, first=True)
    past.remember(contact(9), (old, Seen({"lifecyclestage": MQL}, first=True)), (old, first))
    data = past.data("lifecycle", "replay")
    assert (data["people"], data["was"], data["would_be"]) == (1, 0, 0)


def test_a_field_nobody_watched_is_said_to_be_missing(past: Archive):
    past.mql(1)
    rule = ("      criteria: hubspot.shoe_size > 40", "  also_read: {hubspot: {shoe_size: number}}")
    other = past.variant("lifecycle.yaml", (CRITERIA, rule[0]), ("  also_read: {}", rule[1]), (BY_MARKETING, BY_RULE))
    said = past.run("lifecycle", "replay", "--definition", other)
    assert "not in the history: hubspot.shoe_size of 1 person; it was not watched then and counts as blank" in said.out
    assert past.data("lifecycle", "replay", "--definition", other)["leads"][0]["not_in_history"] == [
        "hubspot.shoe_size"
    ]


def test_a_field_that_was_seen_late_only_is_said_to_be_blank_before(past: Archive):
    past.mql(1)
    past.lead(2, MONDAY + 40 * DAY, jobtitle="buyer")
    late = {"hubspot.jobtitle": (MONDAY + 40 * DAY).isoformat()}
    assert past.data("lifecycle", "replay", "--definition", by_job(past))["in_history_since"] == late
    said = past.run("lifecycle", "replay", "--definition", by_job(past)).out
    assert "in the history since 2026-12-12 only: hubspot.jobtitle; before, it was blank for all or not" in said
    since = past.data("lifecycle", "replay", "--definition", by_job(past), "--since", "2026-12-12")
    assert since["in_history_since"] == {}
    past.lead(3, datetime(2026, 10, 1, 12, tzinfo=UTC), jobtitle="clerk")
    assert past.data("lifecycle", "replay", "--definition", by_job(past))["in_history_since"] == {}


def test_an_exported_history_replays_as_the_store_does(past: Archive):
    past.mql(1, jobtitle="buyer")
    past.mql(2, jobtitle="clerk")
    history = past.folder / "history.jsonl"
    assert past.run("lifecycle", "replay", "--export", str(history)).code == 0
    head, *people = map(json.loads, history.read_text().splitlines())
    assert (head["history"], head["version"], len(people)) == ("smarketing", 1, 2)
    there = past.data("lifecycle", "replay", "--definition", by_job(past))
    here = past.data("lifecycle", "replay", "--definition", by_job(past), "--against", str(history))
    assert here == there
    assert here["lost"] == 1


def test_leads_go_into_a_table(past: Archive, folder: Path):
    past.mql(1, jobtitle="clerk")
    target = folder / "leads.csv"
    assert past.run("lifecycle", "replay", "--definition", by_job(past), "--csv", str(target)).code == 0
    (row,) = csv.DictReader(target.read_text().splitlines())
    assert (row["change"], row["hubspot"], row["would_be_at"]) == ("lost", "hubspot:contacts:1", "")
    assert row["said"] == "hubspot.jobtitle=clerk"
    assert row["was_at"] == MONDAY.isoformat()


def test_a_cell_that_a_spreadsheet_would_run_is_quoted(folder: Path):
    with writing(folder / "table.csv") as table:
        table({"why": "=HYPERLINK(evil)", "number": -3, "text": "a=b"})
    (row,) = csv.DictReader((folder / "table.csv").read_text().splitlines())
    assert row == {"why": "'=HYPERLINK(evil)", "number": "'-3", "text": "a=b"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{}", "is no history; write one with"),
        ('{"history": "smarketing", "version": 9}', "is a history of version 9; this bridge reads version 1"),
        ("nonsense", "line 1: is no JSON"),
        ('{"history": "smarketing", "version": 1}\n{"person": ["x"], "entries": []}', "line 2: is no person's journey"),
    ],
)
def test_a_file_that_is_no_history_is_refused_in_words(past: Archive, line: str, words: str):
    target = past.folder / "history.jsonl"
    target.write_text(line)
    said = past.run("lifecycle", "replay", "--against", str(target))
    assert said.code == 1
    assert words in said.err.replace("\n", " ")


def test_a_stage_that_is_none_is_refused_with_those_there_are(past: Archive):
    said = past.run("lifecycle", "replay", "--stage", "mqls")
    assert said.code == 1
    assert "there is no stage 'mqls'; there are: subscriber, lead, mql" in said.err


def test_who_comes_back_counts_as_a_person_once(past: Archive):
    ref = past.mql(1)
    back = MONDAY + timedelta(days=30)
    past.remember(ref, (MONDAY + HOUR, ruled("recycled", Mover.SALES, Kind.RECYCLE, reason="timing")))
    past.remember(ref, (back, ruled("mql", Mover.AUTOMATIC, Kind.RE_ENTER)))
    data = past.data("lifecycle", "replay")
    assert (data["was"], data["entries_was"]) == (1, 2)
