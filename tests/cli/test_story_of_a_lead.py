"""A lead from form to rejection on both sandboxes: what show, why, status and lifecycle check say of them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from connector.config.init import write_starter
from tests.cli.desk import Desk


@dataclass
class Lead:
    """One person on both sides."""

    contact: str
    lead: str


@pytest.fixture(scope="module")
def agreed(office: Desk) -> Desk:
    """The office, with the shipped agreement in its mappings folder and a pool of reps who take turns."""
    write_starter(office.folder)
    office.colleague("kim")
    lifecycle = office.folder / "mappings" / "lifecycle.yaml"
    text = lifecycle.read_text()
    for old, new in (
        ("    pools: {}", "    pools: {inbound: {owners: [kim@acme.example]}}"),
        ("    # fallback: Inbound Queue", "    fallback: inbound"),
        ("      keep_their_rep: {when: owner != null, keep: true}", "      all: {when: in_hubspot, pool: inbound}"),
    ):
        assert old in text
        text = text.replace(old, new)
    lifecycle.write_text(text)
    return office


@pytest.fixture(scope="module")
def ada(agreed: Desk) -> Lead:
    """Handed over, and rejected by the rep."""
    agreed.run("sync", "--approve")
    contact = agreed.marketer_adds(email="ada@acme.example", lastname="King", company="Acme", lifecyclestage="lead")
    agreed.run("sync")
    agreed.marketer_edits(contact, lifecyclestage="marketingqualifiedlead")
    agreed.run("sync")
    records = agreed.run("show", contact, "--json").data["plan"]["records"]
    lead = next(ref for ref in records if ref.startswith("salesforce"))
    agreed.rep_edits(lead, Smarketing_Answer__c="Rejected", Smarketing_Reason__c="Not a fit")
    agreed.run("sync")
    return Lead(contact, lead)


def test_the_spellings_are_held_against_the_live_picklists(agreed: Desk):
    said = agreed.run("lifecycle", "check")
    assert said.code == 0
    assert "Lawful, and as the CRMs are" in said.out


def test_a_spelling_no_picklist_has_is_told(agreed: Desk):
    lifecycle = agreed.folder / "mappings" / "lifecycle.yaml"
    text = lifecycle.read_text()
    spelled = "salesforce: {HubSpot_Lifecycle_Stage__c: Evangelist}"
    assert spelled in text
    lifecycle.write_text(text.replace(spelled, "salesforce: {HubSpot_Lifecycle_Stage__c: Fan}"))
    try:
        findings = agreed.run("lifecycle", "check", "--json").data["findings"]
        offline = agreed.run("lifecycle", "check", "--offline", "--json").data["findings"]
    finally:
        lifecycle.write_text(text)
    assert [one for one in findings if "Fan" in one["message"] and one["severity"] != "info"]
    assert not [one for one in offline if "Fan" in one["message"]]


def test_check_says_what_is_agreed_on(agreed: Desk):
    data = agreed.run("check", "--json").data["lifecycle"]
    assert (data["stages"], "first_touch" in data["policies"]) == (10, True)
    assert "lifecycle: 10 stages," in agreed.run("check").out


def test_a_story_has_the_journey_in_it_where_it_was_learnt(agreed: Desk, ada: Lead):
    story = agreed.run("show", ada.contact).out.partition("Story")[2]
    told = [
        "is Lead, by marketing",
        "moved on to MQL, by marketing",
        "handed to kim Desk",
        "recycled: Recycled, by sales",
    ]
    places = [story.index(words) for words in told]
    assert places == sorted(places)
    assert story.index("moved on to MQL") < story.index("HubSpot_Lifecycle_Stage__c: Lead -> MQL")
    assert "HubSpot shows hs_lead_status = blank, lifecyclestage = marketingqualifiedlead" in story
    assert "answer: reject, reason not_a_fit" in story
    assert "was told" not in story  # the bridge's own words are told by what it wrote


def test_the_journey_is_in_the_json_with_every_entry(agreed: Desk, ada: Lead):
    kinds = [one["is"] for one in agreed.run("show", ada.contact, "--json").data["journey"]]
    assert {"seen", "told", "ruled", "handed", "answered"} <= set(kinds)


@pytest.mark.parametrize(
    ("field", "rule", "evidence"),
    [
        ("lead HubSpot_Lifecycle_Stage__c", "lifecycle", "Recycled since"),
        ("contact smarketing_reason_class", "feedback", "feedback: rejected"),
        ("lead Smarketing_SLA_State__c", "sla", "running"),
        ("lead OwnerId", "handoff", "by rule all"),
    ],
)
def test_why_says_what_a_value_follows_from(agreed: Desk, ada: Lead, field: str, rule: str, evidence: str):
    side, _, field = field.partition(" ")
    rows = agreed.run("why", getattr(ada, side), field, "--json").data
    assert rows[-1]["rule"] == rule
    assert evidence in rows[-1]["evidence"]
    said = agreed.run("why", getattr(ada, side), field).out
    assert f"rule {rule}, follows: " in said
    assert "made from the other side's" not in said


def test_why_of_a_field_that_was_never_asked_for(agreed: Desk, ada: Lead):
    said = agreed.run("why", ada.contact, "smarketing_asked_for")
    assert said.code == 0
    assert "has never written smarketing_asked_for" in said.out


def test_the_promise_can_be_asked_for_by_e_mail(agreed: Desk, ada: Lead):
    said = agreed.run("sla", "show", "ada@acme.example", "--json").data
    assert said["person"] == [ada.contact, ada.lead]
    states = {one["policy"]: one["state"] for one in said["cycles"]}
    assert states["disposition"] == "met"


def test_an_owner_is_named_by_e_mail(agreed: Desk, ada: Lead):
    assert agreed.run("sla", "list", "--owner", "kim@acme.example").code == 0
    said = agreed.run("sla", "list", "--owner", "nobody@acme.example")
    assert said.code == 1
    assert "is nobody in Salesforce" in said.err


def test_what_the_crms_tell_is_what_follows(agreed: Desk, ada: Lead):
    assert agreed.run("sla", "recompute").code == 0
    assert agreed.run("lifecycle", "replay", "--json").data["leads"] == []


def test_status_shows_them_in_the_funnel(agreed: Desk, ada: Lead):
    data = agreed.run("status", "--json").data["lifecycle"]
    assert (data["people"], data["stages"]["recycled"], data["waiting_for_feedback"]) == (1, 1, 0)
