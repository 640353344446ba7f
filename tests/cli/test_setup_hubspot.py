"""setup hubspot from a portal that knows no bridge to feedback in it; run again; and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.config.init import write_starter
from tests.cli.desk import Desk, desk

LIMITED = "sandbox-hubspot-contacts-only"
CONTACTS = "/crm/v3/properties/contacts"


@pytest.fixture
def new_portal(tmp_path: Path) -> Iterator[Desk]:
    """The shipped agreement, and a HubSpot in which nobody has made anything for it."""
    with desk(tmp_path) as opened:
        write_starter(tmp_path)
        opened.does("hubspot", "without_bridge")
        yield opened


def properties(opened: Desk) -> dict[str, Any]:
    """Every contact property as HubSpot holds it."""
    schema = opened.running.world.hubspot.state.tables["contacts"].schema
    return {name: schema.shown(each) for name, each in schema.live.items()}


def group_label(opened: Desk) -> str:
    return opened.running.world.hubspot.state.tables["contacts"].schema.groups["smarketing"].label


def with_a_pool(opened: Desk) -> None:
    """A rep who is given whom marketing hands over."""
    opened.colleague("kim")
    lifecycle = opened.folder / "mappings" / "lifecycle.yaml"
    text = lifecycle.read_text()
    for old, new in (
        ("    pools: {}", "    pools: {inbound: {owners: [kim@acme.example]}}"),
        ("    # fallback: Inbound Queue", "    fallback: inbound"),
        ("      keep_their_rep: {when: owner != null, keep: true}", "      all: {when: in_hubspot, pool: inbound}"),
    ):
        assert old in text
        text = text.replace(old, new)
    lifecycle.write_text(text)


def test_a_plan_shows_everything_and_makes_nothing(new_portal: Desk):
    before = properties(new_portal)
    said = new_portal.run("setup", "hubspot", "--plan")
    assert said.code == 0
    assert "would make  the group 'Sales feedback' of contacts (smarketing)" in said.out
    assert "would make  contacts.smarketing_answer 'Sales answer': one of a list, 4 options" in said.out
    assert "would make  contacts.salesforce_record_id 'Salesforce record id': text, unique values" in said.out
    assert "Would make 20 things. Nothing was written" in said.err
    assert properties(new_portal) == before


def test_everything_is_made_and_a_second_run_changes_nothing_and_says_so(new_portal: Desk):
    said = new_portal.run("setup", "hubspot")
    assert said.code == 0
    assert "Made 20 things, and read them back." in said.err
    made = properties(new_portal)
    assert group_label(new_portal) == "Sales feedback"
    assert {name for name, each in made.items() if each["groupName"] == "smarketing"} == {
        *(f"smarketing_{one}" for one in ("answer", "reason", "comment", "revisit_on", "persona", "track", "loops")),
        *(f"smarketing_feedback_{one}" for one in ("status", "by", "at")),
        *(f"smarketing_{one}" for one in ("reason_class", "asked_for", "recycle_on")),
        *(f"smarketing_sla_{one}" for one in ("policy", "state", "due", "breached_since", "lateness")),
        "salesforce_record_id",
    }
    assert made["salesforce_record_id"]["hasUniqueValue"] is True
    assert made["smarketing_comment"]["fieldType"] == "textarea"
    reasons = {each["value"]: each["label"] for each in made["smarketing_reason"]["options"]}
    assert reasons["not_a_fit"] == "Not a fit"
    assert reasons["not_a_fit_size"] == "Not a fit: size"
    again = new_portal.run("setup", "hubspot", "--json")
    assert again.code == 0
    assert (again.data["planned"], again.data["left"], again.data["fine"]) == ([], [], 19)
    assert "Nothing to make: everything is there." in new_portal.run("setup", "hubspot").err
    assert properties(new_portal) == made


def test_check_says_what_setup_would_add_until_it_has(new_portal: Desk):
    before = new_portal.run("check")
    assert "setup HubSpot: 19 fields of the bridge's own to make or widen (contacts.smarketing_answer, " in before.out
    assert len(new_portal.run("check", "--json").data["setup"]["hubspot"]) == 19
    new_portal.run("setup", "hubspot")
    assert new_portal.run("check", "--json").data["setup"]["hubspot"] == []


def test_from_nothing_to_feedback_in_hubspot(new_portal: Desk):
    """The purpose: a rep answers in Salesforce, and a marketer reads in HubSpot why, in fields setup has made."""
    assert new_portal.run("setup", "hubspot").code == 0
    with_a_pool(new_portal)
    new_portal.run("sync", "--approve")
    contact = new_portal.marketer_adds(email="ada@acme.example", lastname="King", company="Acme", lifecyclestage="lead")
    new_portal.run("sync")
    new_portal.marketer_edits(contact, lifecyclestage="marketingqualifiedlead")
    new_portal.run("sync")
    held = new_portal.running.world.hubspot.state.tables["contacts"].records[int(contact.rpartition(":")[2])].values
    assert held["smarketing_feedback_status"] == "waiting"
    records = new_portal.run("show", contact, "--json").data["plan"]["records"]
    lead = next(ref for ref in records if ref.startswith("salesforce"))
    assert held["salesforce_record_id"] == lead.rpartition(":")[2]
    new_portal.rep_edits(lead, Smarketing_Answer__c="Rejected", Smarketing_Reason__c="Not a fit")
    new_portal.run("sync")
    table = new_portal.running.world.hubspot.state.tables["contacts"]
    held = table.records[int(contact.rpartition(":")[2])].values
    told = {name: held.get(f"smarketing_{name}") for name in ("answer", "reason", "feedback_status", "reason_class")}
    assert told == {
        "answer": "rejected", "reason": "not_a_fit", "feedback_status": "rejected", "reason_class": "reject",
    }  # fmt: skip
    waiting = [one["field"] for one in new_portal.run("status", "--json").data["groups"]]
    assert waiting == [
        "hubspot_owner_id"
    ]  # kim has no account in HubSpot; nothing that setup has made refused anything


def test_options_of_ones_own_stay_and_missing_ones_come_after_them(new_portal: Desk):
    new_portal.run("setup", "hubspot")
    own = [{"label": "Ours", "value": "ours", "displayOrder": 0}, {"label": "Nope", "value": "junk", "displayOrder": 1}]
    new_portal.does("hubspot", "set_options", object="contacts", name="smarketing_reason", options=own)
    said = new_portal.run("setup", "hubspot")
    assert "made  contacts.smarketing_reason offers 'unreachable', 'bad_data'," in said.out
    options = properties(new_portal)["smarketing_reason"]["options"]
    assert [(each["value"], each["label"]) for each in options[:3]] == [
        ("ours", "Ours"), ("junk", "Nope"), ("unreachable", "Unreachable"),
    ]  # fmt: skip
    assert len(options) == 19


def test_a_missing_scope_is_told_by_name(new_portal: Desk):
    said = new_portal.run("setup", "hubspot", env={"HUBSPOT_TOKEN": LIMITED})
    assert said.code == 1
    assert "crm.schemas.contacts.write" in said.err
    assert "smarketing" not in new_portal.running.world.hubspot.state.tables["contacts"].schema.groups


def test_a_property_that_cannot_be_made_unique_any_more_is_left_to_a_person(new_portal: Desk):
    plain = {"name": "salesforce_record_id", "label": "Id", "type": "string", "fieldType": "text"}
    new_portal.does("hubspot", "add_property", object="contacts", definition=plain)
    said = new_portal.run("setup", "hubspot")
    assert said.code == 3
    assert "contacts.salesforce_record_id exists without unique values, which HubSpot lets nobody change" in said.out
    assert "Name another property in mappings/contacts.yaml:43" in said.out
    assert "smarketing_answer" in properties(new_portal)  # the rest was made
    again = new_portal.run("setup", "hubspot")
    assert again.code == 3
    assert "Nothing to make: everything is there but for what is left to a person." in again.err


def test_what_hubspot_refuses_is_told_in_its_words_and_the_rest_is_made(new_portal: Desk):
    """An account has room for so many unique properties and no more (HubSpot fact sheet 2.6)."""
    for number in range(10):
        unique = {"name": f"unique_{number}", "hasUniqueValue": True}
        new_portal.does("hubspot", "add_property", object="contacts", definition=unique)
    said = new_portal.run("setup", "hubspot")
    assert said.code == 1
    assert "not made  contacts.salesforce_record_id" in said.out
    assert "At most 10 properties with unique values are allowed" in said.out
    assert "made  contacts.smarketing_answer" in said.out
    assert "20 things to make, 1 of them refused." in said.err
    [again] = new_portal.run("setup", "hubspot", "--json").data["planned"]
    assert (again["name"], again["made"]) == ("salesforce_record_id", False)
    assert again["refused"] == "At most 10 properties with unique values are allowed"


def test_the_card_the_views_and_the_subscriptions_are_told_step_by_step(new_portal: Desk):
    text = new_portal.config.read_text()
    for old, new in (
        ("\n  #public_url:", "\n  public_url: https://bridge.acme.example #"),
        ("\nweb:", "\nwebhooks: {hubspot: {secrets: [env:HUBSPOT_TOKEN]}}\nweb:"),
    ):
        assert old in text
        text = text.replace(old, new)
    new_portal.config.write_text(text)
    by_hand = {one["title"]: one for one in new_portal.run("setup", "hubspot", "--plan", "--json").data["by_hand"]}
    assert list(by_hand) == [
        "A card 'Sales feedback' on the page of contacts",
        "A view 'Waiting for feedback'",
        "A view 'Due today'",
        "Webhooks of the app (a service key has none; without them the bridge polls)",
    ]
    hooks = by_hand["Webhooks of the app (a service key has none; without them the bridge polls)"]["steps"]
    assert "target URL https://bridge.acme.example/webhooks/hubspot" in hooks[0]
    watched = next(step for step in hooks if step.startswith("Property changes of contacts: "))
    assert "smarketing_answer" in watched
    assert "lifecyclestage" in watched


def test_another_account_than_the_configured_one_is_left_alone(new_portal: Desk):
    config = new_portal.config.read_text()
    new_portal.config.write_text(config.replace("hubspot:\n", "hubspot:\n  portal_id: 999\n", 1))
    said = new_portal.run("setup", "hubspot")
    assert said.code == 2
    assert "these credentials are of account 1234567, but config.yaml names 999" in said.err
    assert "smarketing_answer" not in properties(new_portal)
