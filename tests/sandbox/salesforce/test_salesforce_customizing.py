"""What an org is made of beyond its rows: the mapping of converted leads, and an org before anything was made."""

from __future__ import annotations

from connector.sandbox.salesforce import actions, customizing
from tests.sandbox.salesforce.deploying import TIER, deploy, fields, problem, together, whole


def test_the_lead_mapping_carries_fields_that_nobody_may_see(api, org) -> None:
    mapping = {
        "allowOwnerChange": True,
        "objectMapping": {
            "inputObject": "Lead",
            "mappingFields": {"inputField": "Tier__c", "outputField": "Tier__c"},
            "outputObject": "Contact",
        },
    }
    path, name = "LeadConvertSettings/LeadConvertSettings.LeadConvertSetting", "LeadConvertSettings"
    settings = whole("LeadConvertSettings", path, name, mapping)
    assert "no CustomField named Lead.Tier__c" in problem(api, settings)
    both = together(fields(TIER), {**fields({**TIER, "length": 5}, sobject="Contact")})
    assert problem(api, together(both, settings)) == (
        "Lead.Tier__c cannot be mapped to Contact.Tier__c: their types do not fit"
    )
    deploy(api, together(fields(TIER), fields(TIER, sobject="Contact")))

    def tier_of_the_contact() -> object:
        [lead] = org.load("Lead", [{"LastName": "A", "Company": "B", "Tier__c": "gold"}])
        contact = actions.convert_lead(org, lead)["contactId"]
        return org.snapshot("Contact", contact)["Tier__c"]

    assert tier_of_the_contact() is None
    assert deploy(api, settings)["status"] == "Succeeded"
    assert tier_of_the_contact() == "gold"


def test_an_org_can_be_made_bare(api, org) -> None:
    removed = customizing.remove_custom_fields(org)["removed"]
    assert "Lead.HubSpot_Contact_Id__c" in removed
    assert not [field["name"] for field in api.call("GET", "sobjects/Lead/describe")[1]["fields"] if field["custom"]]
    assert api.call("GET", "tooling/query", query="q=SELECT Id FROM CustomField")[1]["records"] == []
