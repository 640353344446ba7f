"""A bridge whose user may do what setup's permission set grants and nothing else, as an integration user (7.2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.config.init import write_starter
from connector.salesforce import topics
from tests.cli.desk import Desk, desk

KIM = "kim.sales@example.test"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An org that an admin has set up, and the bridge's user with a profile that opens nothing."""
    folder = tmp_path_factory.mktemp("bare")
    with desk(folder) as opened:
        write_starter(folder)
        opened.does("salesforce", "remove_custom_fields")
        opened.does("salesforce", "set_settings", deploy_polls=0, bridge_may_customize=False, bridge_profile_bare=True)
        admin = opened.does("salesforce", "open_session", user="ada.admin@example.test")["token"]
        made = opened.run("setup", "salesforce", "--rep", KIM, env={"SALESFORCE_ADMIN_TOKEN": admin})
        assert made.code == 0, made.err
        assert opened.run("setup", "hubspot").code == 0
        yield opened


def in_salesforce(office: Desk, email: str) -> dict[str, dict[str, object]]:
    """Live leads and contacts of an address, by object."""
    org = office.running.world.salesforce
    found = {}
    for name in ("Lead", "Contact"):
        table = org.catalogue[name]
        rows = [table.kind.values(table.rows[each]) for each in table.ids]
        found.update((name, row) for row in rows if row["Email"] == email and not row["IsDeleted"])
    return found


def in_hubspot(office: Desk, email: str) -> dict[str, object]:
    table = office.running.world.hubspot.state.tables["contacts"]
    [values] = [table.records[each].values for each in table.live if table.records[each].values.get("email") == email]
    return dict(values)


def test_the_bridges_user_may_not_set_up(office: Desk):
    said = office.run("setup", "salesforce", "--plan")
    assert said.code != 0
    assert "SALESFORCE_ADMIN_TOKEN" in said.err


def test_what_setup_grants_is_enough_for_people_in_both_directions(office: Desk):
    contact = office.marketer_adds(
        email="hal@acme.example", firstname="Hal", lastname="Hubs", company="Acme", city="Bonn",
        lifecyclestage="marketingqualifiedlead",
    )  # fmt: skip
    lead = office.rep_adds(Email="ann@acme.example", FirstName="Ann", Phone="+49 30 1", City="Ulm")
    assert "INVALID_FIELD" not in office.run("sync").err
    told = in_salesforce(office, "hal@acme.example")["Lead"]
    assert (told["City"], told["HubSpot_Lifecycle_Stage__c"]) == ("Bonn", "MQL")
    assert f"hubspot:contacts:{told['HubSpot_Contact_Id__c']}" == contact
    ann = in_hubspot(office, "ann@acme.example")
    assert (ann["firstname"], ann["phone"], ann["city"]) == ("Ann", "+49 30 1", "Ulm")
    office.rep_edits(lead, City="Jena")
    office.run("sync")
    assert in_hubspot(office, "ann@acme.example")["city"] == "Jena"
    assert office.run("doctor").out.count("security") == 0


def test_a_converted_lead_takes_its_link_along_though_nobody_else_sees_it(office: Desk):
    lead = office.rep_adds(Email="cid@acme.example", FirstName="Cid")
    office.run("sync")
    office.does("salesforce", "convert_lead", id=lead.rpartition(":")[2])
    office.run("sync")
    found = in_salesforce(office, "cid@acme.example")
    assert found["Contact"]["HubSpot_Contact_Id__c"] == found["Lead"]["HubSpot_Contact_Id__c"] is not None


def test_nothing_that_evidence_is_read_from_is_hidden(office: Desk):
    org = office.running.world.salesforce
    asked = [topics.TASKS, topics.EVENTS, topics.BEGUN, topics.DEALS, topics.ROLES, topics.LEADS]
    hidden = {each.name: set(each.fields) & org.access.hidden(org.bridge_user, each.object) for each in asked}
    assert hidden == {each.name: set() for each in asked}
