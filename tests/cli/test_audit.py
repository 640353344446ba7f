"""audit: the drift number, what it is made of, and what came before."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.cli.desk import Desk


def polled_since(office: Desk) -> None:
    """Let it seem that both sides were polled a minute after now, and nothing was told."""
    with closing(sqlite3.connect(next(office.folder.glob("*.db")))) as store:
        store.execute("UPDATE cursors SET saved_at = saved_at + 600000000")
        store.commit()


@pytest.fixture(scope="module")
def refs(office: Desk) -> list[str]:
    """Three people on both sides."""
    named = [office.marketer_adds(email=f"p{number}@acme.example", lastname="Person") for number in range(3)]
    assert office.run("sync").code == 0
    return named


def test_before_the_first_audit_there_is_nothing_to_show(office: Desk):
    office.run("sync")
    said = office.run("audit", "--latest")
    assert said.code == 1
    assert "nothing was compared yet; run smarketing audit without --latest" in said.err


def test_an_audit_tells_the_number_what_it_is_made_of_and_what_to_do(office: Desk, refs: list[str]):
    said = office.run("audit")
    assert said.code == 0
    assert "Drift 0.0 %  0 of 3 linked pairs compared differ without a reason" in said.out
    office.marketer_edits(refs[1], jobtitle="Countess")
    polled_since(office)
    said = office.run("audit", "--all")
    assert said.code == 3
    assert "Drift 33.3 %  1 of 3 linked pairs compared differs without a reason" in said.out
    assert "everybody" in said.out
    assert "differing fields: contacts/Lead job_title 1" in said.out
    assert "lagging behind: Salesforce 1" in said.out
    assert f"{refs[1]} = salesforce:Lead:" in said.out
    assert f"see why: smarketing show {refs[1]}" in said.out
    assert "The audits before" in said.out
    assert "0.0 %  0 of 3" in said.out
    assert "Countess" not in said.out
    assert "smarketing sync" in said.err
    assert "drift" in office.run("status").out
    office.run("sync")
    said = office.run("audit", "--json")
    assert said.code == 0
    data = said.data
    assert (data["compared"], data["differing"], data["percent"], data["alarm"]) == (3, 0, 0.0, False)
    assert [one["percent"] for one in data["earlier"]] == [33.333, 0.0]
    assert "drift" not in office.run("status").out


def test_the_latest_audit_is_shown_without_a_call(office: Desk, refs: list[str]):
    before = office.run("audit", "--json").data
    assert office.run("audit", "--latest", "--json").data == before
    assert len(refs) == before["compared"]


def test_what_is_gone_and_what_does_not_heal_is_said(office: Desk, refs: list[str]):
    there = office.run("show", refs[2], "--json").data["plan"]["records"]
    lead = next(ref for ref in there if ref.startswith("salesforce"))
    office.does("salesforce", "delete", id=lead.rpartition(":")[2])
    said = office.run("audit", "--all").out
    assert "not there any more: Salesforce 1" in said
    assert "a record is not there any more" in said
    with closing(sqlite3.connect(next(office.folder.glob("*.db")))) as store:
        store.execute("DELETE FROM dirty")
        store.commit()
    said = office.run("audit", "--all")
    assert said.code == 3
    assert "1 pair does not heal: smarketing status --kind drift" in said.out
    listed = office.run("status", "--kind", "drift").out
    assert f"smarketing resync {refs[2]}" in listed
