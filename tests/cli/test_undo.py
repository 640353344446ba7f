"""undo: the plan first, then the deed, and what stays is told."""

from __future__ import annotations

import pytest

from tests.cli.desk import Desk


def twins(office: Desk, name: str) -> tuple[str, str]:
    """One person on both sides; only HubSpot knows a title."""
    ours = office.marketer_adds(email=f"{name}@acme.example", lastname=name, jobtitle="Analyst")
    return ours, office.rep_adds(Email=f"{name}@acme.example", LastName=name)


def synced(office: Desk) -> int:
    """A full sync; its run's number."""
    office.run("sync", "--full", "--approve")
    return int(office.run("status", "--json").data["runs"][0]["id"])


def title(office: Desk, ref: str) -> object:
    rows = office.run("show", ref, "--json").data["rules"]
    return next(row["salesforce"] for row in rows if row["rule"] == "job_title")


def test_a_plan_shows_what_would_be_written_and_writes_nothing(office: Desk):
    ours, theirs = twins(office, "ada")
    run, before = synced(office), office.writes()
    said = office.run("undo", str(run), "--record", ours, "--plan")
    assert said.code == 0
    assert f"update Salesforce {theirs.partition(':')[2].replace(':', ' ')}" in said.out
    assert "Title: Analyst -> blank" in said.out
    assert "2 records to change, 0 records to archive. Nothing was written." in said.out
    assert office.writes() == before
    assert title(office, ours) == "Analyst"


def test_a_record_is_undone_and_the_next_sync_writes_nothing(office: Desk):
    ours, _ = twins(office, "bob")
    run = synced(office)
    office.run("sync")
    said = office.run("undo", str(run), "--record", "bob@acme.example", "--field", "job_title")
    assert said.code == 0
    assert "1 record changed back, 0 records archived again." in said.out
    assert "Everything that was chosen is as it was before." in said.out
    assert "Undo this with: smarketing undo" in said.err
    before = office.writes()
    office.run("sync", "--full")
    assert office.writes() == before
    assert title(office, ours) is None
    assert "undone" in office.run("why", ours, "job_title").out


def test_what_a_person_has_edited_since_stays_and_is_listed_with_exit_code_3(office: Desk):
    ours, theirs = twins(office, "cy")
    run = synced(office)
    office.rep_edits(theirs, Title="Countess")
    said = office.run("undo", str(run), "--record", ours)
    assert said.code == 3
    assert f"stays {theirs} Title: somebody else has changed it since by" in said.out
    assert "it says Countess; the bridge wrote Analyst" in said.out
    [refused] = office.run("undo", str(run), "--record", ours, "--json").data["refused"]
    assert (refused["ref"], refused["field"], refused["now"]) == (theirs, "Title", "Countess")


def test_a_guard_holds_what_would_archive_too_many_until_a_person_has_seen_it(office: Desk):
    refs = [office.marketer_adds(email=f"d{number}@acme.example", lastname="Dee") for number in range(3)]
    run = synced(office)
    text = office.config.read_text()
    usual = "  archives:\n    number: 100\n    percent: 5\n"
    assert usual in text
    office.config.write_text(text.replace(usual, "  archives: {number: 1, percent: null}\n"))
    before = office.writes()
    said = office.run("undo", str(run))
    assert said.code == 3
    assert "A guard holds it:" in said.out
    assert office.writes() == before
    assert "Held" not in office.run("sync").out  # a guard over an undo holds nobody else
    said = office.run("undo", str(run), "--approve", "--json")
    assert said.data["counts"]["archived_salesforce"] >= len(refs)
    assert office.run("undo", str(run), "--approve").out.startswith("0 records to change, 0 records to archive.")
    office.config.write_text(text)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "say what shall be undone"),
        (("99999",), "there is no run 99999"),
        (("--field", "no_such_field", "--until", "2001-01-01"), "the story tells of nothing"),
        (("--since", "yesterday-ish"), "is no time"),
    ],
)
def test_what_cannot_be_undone_is_said_with_what_to_do(office: Desk, arguments: tuple[str, ...], words: str):
    said = office.run("undo", *arguments)
    assert said.code == 1
    assert words in said.err
