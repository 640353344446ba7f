"""Merging, converting, deleting and bringing back: people who become somebody else."""

from __future__ import annotations

import pytest

from connector.sandbox.salesforce import actions
from connector.sandbox.salesforce.refusals import Refusal


def everything(api, soql):
    return api.query(soql, "queryAll")["records"]


def test_losers_of_a_merge_point_at_the_survivor_and_their_children_follow(api, org) -> None:
    master, loser = api.lead(HubSpot_Contact_Id__c="1"), api.lead(HubSpot_Contact_Id__c="2")
    _, task = api.call("POST", "sobjects/Task", {"WhoId": loser})
    org.services.clock.advance(3)
    assert actions.merge(org, [master, loser])["id"] == master
    (gone,) = everything(
        api, "SELECT Id, MasterRecordId, SystemModstamp, HubSpot_Contact_Id__c FROM Lead WHERE MasterRecordId != null"
    )
    assert (gone["Id"], gone["MasterRecordId"], gone["SystemModstamp"]) == (
        loser,
        master,
        "2026-11-02T08:15:33.000+0000",
    )
    assert gone["HubSpot_Contact_Id__c"] == "2"
    survivor = api.read("Lead", master)
    assert (survivor["HubSpot_Contact_Id__c"], survivor["SystemModstamp"]) == ("1", "2026-11-02T08:15:33.000+0000")
    assert api.read("Task", task["id"])["WhoId"] == master
    assert [event.kind for event in org.events if event.id == loser][-1] == "merged"


def test_a_unique_value_chosen_from_a_loser_moves_to_the_survivor(api, org) -> None:
    master, loser = api.lead(HubSpot_Contact_Id__c="1"), api.lead(HubSpot_Contact_Id__c="2")
    actions.merge(org, [master, loser], values={"HubSpot_Contact_Id__c": "2", "Title": "Boss"})
    row = api.read("Lead", master)
    assert (row["HubSpot_Contact_Id__c"], row["Title"]) == ("2", "Boss")


@pytest.mark.parametrize("count", [1, 4])
def test_a_merge_takes_two_or_three(api, org, count) -> None:
    with pytest.raises(Refusal, match="merge takes 2 or 3"):
        actions.merge(org, [api.lead() for _ in range(count)])


def test_conversion_makes_contact_account_and_deal_and_leaves_a_pointer(api, org) -> None:
    lead = api.lead(FirstName="Ann", Email="a@b.example", City="Bonn", HubSpot_Contact_Id__c="1", Budget__c=5)
    _, task = api.call("POST", "sobjects/Task", {"WhoId": lead})
    made = actions.convert_lead(org, id=lead, opportunity="Big deal")
    row = api.read("Lead", lead)
    assert (row["IsConverted"], row["Status"], row["ConvertedDate"]) == (True, "Closed - Converted", "2026-11-02")
    assert row["ConvertedContactId"] == made["contactId"]
    assert row["HubSpot_Contact_Id__c"] == "1"
    contact = api.read("Contact", made["contactId"])
    wanted = {
        "Name": "Ann Doe",
        "Email": "a@b.example",
        "MailingCity": "Bonn",
        "HubSpot_Contact_Id__c": "1",
        "Budget__c": 5.0,
    }
    assert {name: contact[name] for name in wanted} == wanted
    assert contact["AccountId"] == made["accountId"] == row["ConvertedAccountId"]
    assert api.read("Opportunity", made["opportunityId"])["Name"] == "Big deal"
    roles = api.query("SELECT ContactId, IsPrimary FROM OpportunityContactRole")["records"]
    assert [(role["ContactId"], role["IsPrimary"]) for role in roles] == [(made["contactId"], True)]
    assert api.read("Task", task["id"])["WhoId"] == made["contactId"]


def test_a_converted_lead_is_read_only_unless_the_org_allows_editing(api, org) -> None:
    lead = api.lead()
    actions.convert_lead(org, id=lead)
    status, errors = api.call("PATCH", f"sobjects/Lead/{lead}", {"Title": "x"})
    assert (status, errors[0]["errorCode"], errors[0]["message"]) == (
        400,
        "CANNOT_UPDATE_CONVERTED_LEAD",
        "cannot reference converted lead",
    )
    org.settings.edit_converted_leads = True
    assert api.call("PATCH", f"sobjects/Lead/{lead}", {"Title": "x"})[0] == 204


def test_without_field_mapping_the_contact_has_no_hubspot_id(api, org) -> None:
    lead = api.lead(HubSpot_Contact_Id__c="1")
    made = actions.convert_lead(org, id=lead, field_mapping=False, clear_lead_fields=True)
    assert made["opportunityId"] is None
    assert api.read("Contact", made["contactId"])["HubSpot_Contact_Id__c"] is None
    assert api.read("Lead", lead)["HubSpot_Contact_Id__c"] is None


def test_conversion_into_an_existing_contact_fills_only_what_is_blank(api, org) -> None:
    _, account = api.call("POST", "sobjects/Account", {"Name": "Acme"})
    known = {"LastName": "Doe", "AccountId": account["id"], "Title": "Boss"}
    _, contact = api.call("POST", "sobjects/Contact", known)
    lead = api.lead(Title="Clerk", Phone="5")
    made = actions.convert_lead(org, id=lead, account_id=account["id"], contact_id=contact["id"])
    assert made["contactId"] == contact["id"]
    row = api.read("Contact", contact["id"])
    assert (row["Title"], row["Phone"]) == ("Boss", "5")
    assert api.query("SELECT COUNT() FROM Account")["totalSize"] == 1


def test_a_conversion_that_fails_leaves_nothing_behind(api, org, log) -> None:
    lead = api.lead(HubSpot_Contact_Id__c="1")
    api.call("POST", "sobjects/Contact", {"LastName": "D", "HubSpot_Contact_Id__c": "1"})
    before, digest = len(log()), org.digest()
    with pytest.raises(Refusal, match="DUPLICATE_VALUE"):
        actions.convert_lead(org, id=lead)
    assert (len(log()), org.digest()) == (before, digest)


def test_an_account_takes_its_contacts_to_the_bin_and_back(api, org) -> None:
    _, account = api.call("POST", "sobjects/Account", {"Name": "Acme"})
    _, contact = api.call("POST", "sobjects/Contact", {"LastName": "D", "AccountId": account["id"]})
    actions.delete(org, id=account["id"])
    assert api.query("SELECT COUNT() FROM Contact")["totalSize"] == 0
    org.services.clock.advance(5)
    actions.undelete(org, id=account["id"])
    assert api.read("Contact", contact["id"])["SystemModstamp"] == "2026-11-02T08:15:35.000+0000"


def test_undeleting_a_row_whose_unique_value_was_taken_is_refused(api, org) -> None:
    lead = api.lead(HubSpot_Contact_Id__c="1")
    actions.delete(org, id=lead)
    api.lead(HubSpot_Contact_Id__c="1")
    with pytest.raises(Refusal, match="DUPLICATE_VALUE"):
        actions.undelete(org, id=lead)


def test_the_bin_is_emptied_after_fifteen_days(api, org) -> None:
    actions.delete(org, id=api.lead())
    org.services.clock.advance(15 * 86_400 + 601)
    api.token = api.login()
    assert everything(api, "SELECT Id FROM Lead") == []


def test_a_hard_delete_leaves_only_the_delete_log(api, org) -> None:
    lead = api.lead()
    org.services.clock.advance(60)
    actions.hard_delete(org, id=lead)
    assert everything(api, "SELECT Id FROM Lead") == []
    query = "start=2026-11-02T08:00:00%2B00:00&end=2026-11-02T09:00:00%2B00:00"
    deleted = api.call("GET", "sobjects/Lead/deleted/", query=query)[1]["deletedRecords"]
    assert deleted == [{"id": lead, "deletedDate": "2026-11-02T08:16:30.000+0000"}]


def test_a_mass_update_puts_many_rows_into_one_second(api, org, log) -> None:
    org.load(
        "Lead",
        ({"LastName": f"L{number}", "Company": "C", "SystemModstamp": "2026-10-01T00:00:00Z"} for number in range(500)),
    )
    done = actions.mass_update(org, "Lead", "LastName LIKE 'L%'", {"Rating": "Hot"}, user=org.catalogue["User"].ids[2])
    assert len(done["ids"]) == 500
    assert api.query("SELECT COUNT() FROM Lead WHERE SystemModstamp = 2026-11-02T08:15:30Z")["totalSize"] == 500
    assert {entry["actor"] for entry in log()} == {f"user:{org.catalogue['User'].ids[2]}"}


def test_one_contact_role_of_a_deal_is_primary(api) -> None:
    _, deal = api.call(
        "POST", "sobjects/Opportunity", {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-31"}
    )
    roles = []
    for name in "AB":
        _, contact = api.call("POST", "sobjects/Contact", {"LastName": name})
        role = {"OpportunityId": deal["id"], "ContactId": contact["id"], "IsPrimary": True}
        roles.append(api.call("POST", "sobjects/OpportunityContactRole", role)[1]["id"])
    assert [api.read("OpportunityContactRole", role)["IsPrimary"] for role in roles] == [False, True]
