"""plan writes nothing and says everything; apply does what was seen; sync leaves nothing to do."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from connector.sandbox.services import Fault
from tests.cli.desk import SECRETS, UNMATCHED_OWNER, Desk


@pytest.fixture(scope="module")
def people(office: Desk) -> dict[str, str]:
    """Ada is on both sides, Bob only in HubSpot (with an owner nobody knows), Cy only in Salesforce, Dee twice."""
    office.rep_adds(Email="dee@acme.example", LastName="Dee")
    office.rep_adds(Email="dee@acme.example", LastName="Dee", Company="Other")
    return {
        "ada": office.marketer_adds(email="ada@acme.example", firstname="Ada", lastname="Lovelace"),
        "ada there": office.rep_adds(Email="ADA@acme.example", LastName="Lovelace", Title="Countess"),
        "bob": office.marketer_adds(email="bob@acme.example", lastname="Bobson", hubspot_owner_id=UNMATCHED_OWNER),
        "cy": office.rep_adds(Email="cy@acme.example", LastName="Cyrus", FirstName="Cy"),
        "dee": office.marketer_adds(email="dee@acme.example", lastname="Dee"),
    }


@pytest.fixture(scope="module")
def saved(office: Desk, people: dict[str, str]) -> str:
    """A saved plan."""
    path = office.folder / "plan.jsonl"
    assert office.run("plan", "--out", str(path)).code == 3
    return str(path)


def test_a_plan_spells_out_records_fields_and_rules_and_writes_nothing(office: Desk, people: dict[str, str]):
    before = office.writes()
    said = office.run("plan")
    assert said.code == 3
    assert f"ada@acme.example  {people['ada']} = {people['ada there']}" in said.out
    assert "  link as the same record, by email" in said.out
    assert "    jobtitle: blank -> Countess  rule job_title: fills a blank" in said.out
    assert "  create Salesforce Lead" in said.out
    assert "Nothing was written." in said.out
    assert office.writes() == before


def test_a_plan_says_what_would_wait_for_a_person(office: Desk, people: dict[str, str]):
    said = office.run("plan")
    assert "1 parked  Salesforce OwnerId: this owner has no active counterpart (NO_OWNER)" in said.out
    assert f"for example {people['bob']}: {UNMATCHED_OWNER} Emeka Okafor" in said.out
    assert "mend it: add the pair to owners.yaml, or name a fallback there" in said.out
    assert "1 ambiguous  2 records have the same email" in said.out


def test_a_plan_as_json_counts_forecasts_and_groups(office: Desk, people: dict[str, str]):
    data = office.run("plan", "--json").data
    assert set(data) == {"counts", "calls", "groups", "records"}
    assert data["counts"]["created_salesforce"] == 1
    assert data["counts"]["created_hubspot"] == 1
    assert data["counts"]["linked"] == 1
    assert data["calls"]["hubspot"] > 0
    assert {group["kind"]: group["count"] for group in data["groups"]} == {"parked": 1, "ambiguous": 1}
    ada = next(row for row in data["records"] if row["who"] == "ada@acme.example")
    assert set(ada["records"]) == {people["ada"], people["ada there"]}


@pytest.mark.parametrize(
    ("options", "who"),
    [
        (("--ref", "ada@acme.example"), {"ada@acme.example"}),
        (("--ref", "cy@acme.example"), {"cy@acme.example"}),
        (("--kind", "create", "--all"), {"bob@acme.example", "cy@acme.example"}),
        (("--kind", "link", "--all"), {"ada@acme.example"}),
        (("--object", "Contact", "--all"), set()),
        (("--since", "2020-01-01", "--kind", "create", "--all"), {"bob@acme.example", "cy@acme.example"}),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_a_plan_can_be_asked_for_less(office: Desk, people: dict[str, str], options: tuple[str, ...], who: set[str]):
    rows = office.run("plan", "--json", *options).data["records"]
    assert {row["who"] for row in rows} == who


def test_a_long_plan_is_cut_with_a_count(office: Desk, people: dict[str, str]):
    assert "... and 3 more records; see them with --all or --kind" in office.run("plan", "--limit", "1").out


def test_a_saved_plan_is_for_its_owner_and_names_its_mapping(office: Desk, saved: str):
    lines = [json.loads(line) for line in Path(saved).read_text().splitlines()]
    assert lines[0]["smarketing_plan"] == 1
    assert lines[0]["mapping"]
    assert len(lines) == 5
    assert (office.folder / "plan.jsonl").stat().st_mode & 0o077 == 0


def test_apply_skips_what_changed_and_does_the_rest(office: Desk, people: dict[str, str], saved: str):
    office.rep_edits(people["cy"], Title="Captain")
    said = office.run("apply", saved, "--json")
    assert said.code == 3
    assert said.data["skipped"] == [{"ref": people["cy"], "why": "changed in salesforce since the plan was made"}]
    assert said.data["counts"]["created_salesforce"] == 1
    assert said.data["counts"]["updated_hubspot"] >= 1
    assert said.data["calls"]["salesforce"]["calls"] > 0
    shown = office.run("show", people["ada"], "--json").data
    assert next(row for row in shown["rules"] if row["rule"] == "job_title")["hubspot"] == "Countess"


def test_sync_then_leaves_nothing_to_do(office: Desk, people: dict[str, str], saved: str):
    first = office.run("sync")
    assert "Something needs a person" in first.out
    office.run("sync")  # HubSpot gives a new contact a lifecycle stage of its own accord, which travels
    for mode in ("--once", "--full"):
        before = office.writes()
        said = office.run("sync", mode, "--json")
        assert not [key for key in said.data["counts"] if key.startswith(("created", "updated", "archived"))]
        assert office.writes() == before
    assert re.search(
        r"Nothing else is to be done; \d+ things from earlier still wait for a person", office.run("sync").out
    )
    made = office.run("show", "cy@acme.example", "--json").data
    assert made["linked"]
    assert next(row for row in made["rules"] if row["rule"] == "job_title")["hubspot"] == "Captain"


def test_a_guard_holds_a_run_until_somebody_has_looked(office: Desk, people: dict[str, str], saved: str):
    strict = office.folder / "strict.yaml"
    strict.write_text(office.config.read_text().replace("number: 1000", "number: 0"))
    office.marketer_adds(email="eve@acme.example", lastname="Eve")
    held = office.run("sync", "--full", config=strict)
    assert held.code == 3
    assert "Held: would create 1 records; the limit is 0" in held.out
    assert "smarketing sync --approve" in held.out
    assert "things for a person:\n  1 held  would create 1 records; the limit is 0" in office.run("status").out
    approved = office.run("sync", "--full", "--approve", "--json", config=strict)
    assert approved.data["counts"]["created_salesforce"] == 1
    assert "held" not in office.run("status").out.partition("Latest runs")[0]


def test_a_plan_of_another_mapping_is_refused(office: Desk, saved: str):
    mapping = office.folder / "mappings" / "contacts.yaml"
    text = mapping.read_text()
    mapping.write_text(text.replace("  mobile:\n", "  mobile:\n    policy: hubspot\n"))
    try:
        said = office.run("apply", saved)
    finally:
        mapping.write_text(text)
    assert said.code == 1
    assert "was made with another mapping; make a new one with: smarketing plan --out" in said.err


def test_a_run_that_is_stopped_says_so_and_the_next_goes_on(office: Desk, saved: str):
    faults, counters = office.running.world.services.faults, office.running.world.counters["hubspot"]
    before = counters.as_dict()
    number = faults.add(Fault("slow", side="hubspot", params={"seconds": 5.0}))
    program = [Path(sys.executable).parent / "smarketing", "sync", "--full", "--config", str(office.config)]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True, env={**os.environ, **SECRETS}) as process:
        while counters.as_dict() == before and process.poll() is None:
            Event().wait(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    faults.clear(number)
    assert process.returncode == 1
    assert "Stopped. Nothing is lost" in said
    assert office.run("sync").code in (0, 3)
