"""settle, unpark, retry, link, unlink, resync, forget: what a person decides is what the next sync does."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from tests.cli.desk import UNMATCHED_OWNER, Desk


@pytest.fixture(scope="module", autouse=True)
def manual(office: Desk) -> None:
    """Job titles are settled by people here."""
    mapping = office.folder / "mappings" / "contacts.yaml"
    text = mapping.read_text()
    assert "  job_title:\n" in text
    mapping.write_text(text.replace("  job_title:\n", "  job_title:\n    policy: manual\n"))


def twins(office: Desk, name: str) -> tuple[str, str]:
    """One person on both sides, with different job titles."""
    ours = office.marketer_adds(email=f"{name}@acme.example", lastname=name, jobtitle="Ours")
    return ours, office.rep_adds(Email=f"{name}@acme.example", LastName=name, Title="Theirs")


def title(office: Desk, ref: str) -> tuple[Any, Any]:
    rules = office.run("show", ref, "--json").data["rules"]
    row = next(row for row in rules if row["rule"] == "job_title")
    return row["hubspot"], row["salesforce"]


def open_numbers(office: Desk, ref: str, kind: str) -> list[int]:
    return [issue["id"] for issue in office.run("show", ref, "--json").data["issues"] if issue["kind"] == kind]


def test_a_settled_conflict_goes_to_the_loser_and_the_lost_value_stays_in_the_story(office: Desk):
    ours, _ = twins(office, "ada")
    office.run("sync", "--full")
    assert title(office, ours) == ("Ours", "Theirs")
    [number] = open_numbers(office, ours, "conflict")
    said = office.run("settle", str(number), "salesforce")
    assert said.code == 0
    assert f"#{number} {ours} job_title: salesforce wins." in said.err
    office.run("sync")
    assert title(office, ours) == ("Theirs", "Theirs")
    assert open_numbers(office, ours, "conflict") == []
    assert "the value that gave way: Ours" in office.run("why", ours, "job_title").out


def test_all_conflicts_of_a_rule_are_settled_at_once(office: Desk):
    pairs = [twins(office, name) for name in ("bob", "cy")]
    office.run("sync", "--full")
    said = office.run("settle", "--rule", "job_title", "hubspot")
    assert said.err.count("hubspot wins.") == 2
    office.run("sync")
    assert [title(office, ours) for ours, _ in pairs] == [("Ours", "Ours")] * 2


def test_a_parked_value_is_tried_again_when_a_person_says_so(office: Desk):
    ref = office.marketer_adds(email="dee@acme.example", lastname="Dee", hubspot_owner_id=UNMATCHED_OWNER)
    office.run("sync", "--full")
    numbers = open_numbers(office, ref, "parked")
    assert numbers
    said = office.run("unpark", *map(str, numbers))
    assert said.code == 0
    assert f"{len(numbers)} refused value" in said.err
    taker, owners = office.colleague("inbound"), office.folder / "mappings" / "owners.yaml"
    owners.write_text(owners.read_text().replace("fallback: {}", "fallback: {salesforce: inbound@acme.example}"))
    assert "owners.fallback" not in office.run("check").out
    office.run("sync")
    assert open_numbers(office, ref, "parked") == []
    rows = {row["rule"]: row for row in office.run("show", ref, "--json").data["rules"]}
    assert rows["owner"]["salesforce"] == taker


@pytest.mark.parametrize("options", [("--all",), ("--field", "OwnerId")], ids=" ".join)
def test_many_parked_values_are_released_together(office: Desk, options: tuple[str, ...]):
    said = office.run("unpark", *options)
    assert said.code == 0
    assert "will be tried again. The next smarketing sync does it." in said.err


def test_unlinked_records_stay_apart_until_linked_again(office: Desk):
    ours, theirs = twins(office, "eve")
    office.run("sync", "--full")
    said = office.run("unlink", ours)
    assert said.code == 0
    assert f"undo with: smarketing link {ours} {theirs}" in said.err
    office.marketer_edits(ours, city="Turin")
    office.run("sync", "--full")
    shown = office.run("show", ours, "--json").data
    assert not shown["linked"]
    assert "kept apart by a person" in office.run("show", ours).out
    assert office.run("link", theirs, ours).code == 0
    office.run("sync", "--full")
    rows = {row["rule"]: row for row in office.run("show", ours, "--json").data["rules"]}
    assert rows["city"]["salesforce"] == "Turin"


def test_an_ambiguous_person_is_linked_by_a_person(office: Desk):
    ours, theirs = twins(office, "flo")
    office.rep_adds(Email="flo@acme.example", LastName="flo", Company="Other")
    office.run("sync", "--full")
    assert office.run("status", "--kind", "ambiguous", "--json").data["open_total"] == 1
    assert office.run("link", ours, theirs).code == 0
    assert office.run("status", "--kind", "ambiguous", "--json").data["open_total"] == 0


def test_a_resync_looks_again_and_who_asked_is_in_the_story(office: Desk):
    ours, _ = twins(office, "gus")
    office.run("sync", "--full")
    said = office.run("resync", ours)
    assert said.code == 0
    assert "1 record will be looked at again." in said.err
    assert "act resync by grace" in office.run("show", ours).out
    counts = office.run("sync", "--json").data["counts"]
    assert counts["considered"] >= 1


def test_retry_without_anything_waiting_is_fine(office: Desk):
    office.run("sync")
    said = office.run("retry")
    assert (said.code, said.err) == (0, "0 records are due now. The next smarketing sync does it.\n")


def test_a_forgotten_person_leaves_no_trace_in_the_store(office: Desk):
    ours, theirs = twins(office, "hal9000")
    office.run("sync", "--full")
    assert kept_of(office, "hal9000")
    assert office.run("forget", ours, "--yes").code == 0
    assert kept_of(office, "hal9000") == []
    shown = office.run("show", theirs, "--json").data
    assert shown["story"] == []
    assert not shown["linked"]


def kept_of(office: Desk, text: str) -> list[str]:
    """The tables of the store that hold a text in any row."""
    with sqlite3.connect(office.folder / "smarketing.db") as conn:
        tables = [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = [
            table
            for table in tables
            for row in conn.execute(f'SELECT * FROM "{table}"')
            if any(text.encode() in (cell if isinstance(cell, bytes) else str(cell).encode()) for cell in row)
        ]
    conn.close()
    return sorted(set(found))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("settle", "99999", "hubspot"), "there is no open issue 99999; see smarketing status"),
        (("settle", "hubspot"), "name the conflicts (see smarketing status --kind conflict), or use --rule"),
        (("settle", "--rule", "nothing", "hubspot"), "rule 'nothing' has no open conflict"),
        (("unpark",), "name the issues (see smarketing status --kind parked), or use --field or --all"),
        (("unpark", "99999"), "there is no open issue 99999"),
        (("unlink", "ada9@acme.example"), "nobody answers to 'ada9@acme.example' on either side"),
        (("resync", "hubspot:contacts"), "names no record"),
        (
            ("link", "hubspot:contacts:1", "hubspot:contacts:2"),
            "a link joins one HubSpot record and one Salesforce record",
        ),
        (("resync", "hubspot:contakts:1"), "is of no mapped object; of hubspot there are: contacts"),
        (("resync", "elsewhere:contacts:1"), "is not a ref"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_what_cannot_be_done_is_told_with_what_can(office: Desk, command: tuple[str, ...], words: str):
    said = office.run(*command)
    assert said.code == 1
    assert words in said.err
