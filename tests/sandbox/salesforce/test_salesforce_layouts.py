"""Layouts are a customer's own documents: retrieved whole over SOAP, deployed whole, lost if somebody is careless."""

from __future__ import annotations

import re
from html import unescape

import pytest

from connector.sandbox.exchange import Request
from connector.sandbox.salesforce import actions, administration, customizing
from tests.sandbox.salesforce.deploying import (
    NAMESPACE,
    TIER,
    deploy,
    fields,
    manifest,
    problem,
    retrieve,
    said,
    soap,
    together,
    xml,
)

LEAD = "layouts/Lead-Lead Layout.layout"
SECTION = (
    "<layoutSections><customLabel>true</customLabel><detailHeading>true</detailHeading>"
    "<editHeading>true</editHeading><label>Feedback</label><layoutColumns><layoutItems>"
    "<behavior>Readonly</behavior><field>Tier__c</field></layoutItems></layoutColumns><layoutColumns/>"
    "<style>TwoColumnsTopToBottom</style></layoutSections>"
)


def labels(layout: bytes) -> list[str]:
    sections = re.findall(r"<layoutSections>.*?</layoutSections>", layout.decode(), re.DOTALL)
    return [said(each, "label") for each in sections]


def parcel(layout: bytes, name: str = "Lead-Lead Layout") -> dict[str, bytes]:
    return {f"layouts/{name}.layout": layout, "package.xml": manifest(Layout=[name])}


def with_section(layout: bytes) -> bytes:
    return layout.replace(b"<layoutSections>", SECTION.encode() + b"<layoutSections>", 1)


def names(told: str) -> list[str]:
    return re.findall(r"<fullName>([^<]*)</fullName>", told)


def test_a_layout_is_retrieved_whole_with_all_that_its_admins_put_there(api) -> None:
    files, told = retrieve(api, Layout=["Lead-Lead Layout"])
    assert sorted(files) == [LEAD, "package.xml"]
    assert labels(files[LEAD]) == [
        "Lead Information", "Address Information", "Field Sales Qualification", "System Information",
        "Description Information", "Custom Links",
    ]  # fmt: skip
    for foreign in (b"<customButtons>", b"<relatedLists>", b"<quickActionList>", b"<customLink>", b"<emptySpace>"):
        assert foreign in files[LEAD]
    assert names(told) == ["Lead-Lead Layout"]
    assert said(told, "fileName") == f"unpackaged/{LEAD}"


def test_what_was_retrieved_can_be_deployed_and_changes_nothing(api, org) -> None:
    files, _ = retrieve(api, Layout=["*"])
    assert len(files) == 6
    digest = org.digest()
    result = deploy(api, files)
    assert result["status"] == "Succeeded", result
    assert not any(each["changed"] or each["created"] for each in result["details"]["componentSuccesses"])
    assert org.digest() == digest


def test_a_section_put_into_the_retrieved_document_leaves_the_rest_alone(api) -> None:
    before = retrieve(api, Layout=["Lead-Lead Layout"])[0][LEAD]
    changed = parcel(with_section(before))
    assert problem(api, changed) == "In field: field - no CustomField named Lead.Tier__c found"
    assert deploy(api, together(fields(TIER), changed))["status"] == "Succeeded"
    after = retrieve(api, Layout=["Lead-Lead Layout"])[0][LEAD]
    assert labels(after) == ["Feedback", *labels(before)]
    squeezed = re.sub(rb"\s+", b"", after).replace(b"<layoutColumns></layoutColumns>", b"<layoutColumns/>")
    assert squeezed.replace(SECTION.encode(), b"", 1) == re.sub(rb"\s+", b"", before).replace(
        b"<layoutColumns></layoutColumns>", b"<layoutColumns/>"
    )


def test_a_layout_of_ones_own_making_replaces_the_customers(api) -> None:
    items = "".join(
        f"<layoutItems><behavior>Required</behavior><field>{name}</field></layoutItems>"
        for name in ("Name", "Company", "Status")
    )
    section = f"<layoutColumns>{items}</layoutColumns><style>OneColumn</style>"
    own = f'<Layout xmlns="{NAMESPACE}"><layoutSections>{section}</layoutSections></Layout>'
    assert deploy(api, parcel(own.encode()))["status"] == "Succeeded"
    assert labels(retrieve(api, Layout=["Lead-Lead Layout"])[0][LEAD]) == [""]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"<field>Company</field>", b"<field>Fax2</field>", "In field: field - no field named Lead.Fax2 found"),
        (b"<field>Title</field>", b"<field>Company</field>", "The field Company appears more than once"),
        (b"<field>Company</field>", b"<emptySpace>true</emptySpace>", "required layout field: Company"),
        (b"<behavior>Required</behavior>", b"<behavior>Readonly</behavior>", "must be Required: Name"),
        (b"<behavior>Required</behavior>", b"<behavior>Shown</behavior>", "for the enum 'UiBehavior'"),
        (b"<style>TwoColumnsTopToBottom</style>", b"<style>OneColumn</style>", "style OneColumn has 1 columns"),
        (b"<style>TwoColumnsTopToBottom</style>", b"", "Required field is missing: style"),
        (b"<field>Title</field>", b"<field>Title</field><page>P</page>", "A layout item must be one thing"),
        (b"<label>Lead Information</label>", b"<label>" + b"x" * 81 + b"</label>", "maximum length is:80"),
        (b"<label>Field Sales Qualification</label>", b"", "Must specify a label"),
    ],
)  # fmt: skip
def test_a_layout_that_makes_no_sense_is_refused(api, old, new, words) -> None:
    layout = retrieve(api, Layout=["Lead-Lead Layout"])[0][LEAD]
    assert old in layout
    assert words in problem(api, parcel(layout.replace(old, new, 1)))


def test_a_layout_of_no_object_or_of_a_package_cannot_be_deployed(api, org) -> None:
    layout = retrieve(api, Layout=["Lead-Lead Layout"])[0][LEAD]
    assert "begins with its object" in problem(api, parcel(layout, "Lead Layout"))
    assert "'Shoe' cannot be found" in problem(api, parcel(layout, "Shoe-Shoe Layout"))
    customizing.add_layout(org, "Lead-acme__Night Layout", like="Lead-Lead Layout")
    assert "Cannot modify managed object" in problem(api, parcel(layout, "Lead-acme__Night Layout"))
    told = soap(api, listing("Layout"))[1]
    assert said(told, "namespacePrefix") == "acme"


def test_an_admin_who_rearranges_a_layout_is_seen_in_the_next_retrieve(api, org) -> None:
    told = customizing.add_layout_section(
        org, "Lead-Lead Layout", "Hunting", ["HubSpot_Score__c", "HubSpot_Persona__c"]
    )
    assert told["sections"][-1] == "Hunting"
    assert labels(retrieve(api, Layout=["Lead-Lead Layout"])[0][LEAD])[-1] == "Hunting"
    with pytest.raises(ValueError, match="more than once"):
        customizing.add_layout_section(org, "Lead-Lead Layout", "Again", ["HubSpot_Score__c"])
    with pytest.raises(LookupError, match="there is no layout"):
        customizing.add_layout_section(org, "Lead-Other", "Again", [])
    with pytest.raises(ValueError, match="is there already"):
        customizing.add_layout(org, "Lead-Lead Layout", like="Lead-Partner Lead Layout")


def test_a_field_that_goes_leaves_the_layouts_and_a_renamed_one_stays_on_them(api, org) -> None:
    actions.rename_field(org, "Lead", "Budget__c", "Means__c")
    actions.remove_field(org, "Lead", "Demo_At__c")
    layout = retrieve(api, Layout=["Lead-Lead Layout"])[0][LEAD]
    assert b"<field>Means__c</field>" in layout
    assert b"Budget__c" not in layout
    assert b"Demo_At__c" not in layout
    assert len(labels(layout)) == 6


def listing(of_type: str) -> str:
    return f'<listMetadata xmlns="{NAMESPACE}"><queries><type>{of_type}</type></queries></listMetadata>'


def test_what_metadata_there_is_can_be_listed(api) -> None:
    status, told = soap(api, listing("Layout"))
    assert status == 200
    assert names(told) == [
        "Account-Account Layout", "Contact-Contact Layout", "Lead-Lead Layout", "Lead-Partner Lead Layout",
        "Opportunity-Opportunity Layout",
    ]  # fmt: skip
    deploy(api, fields(TIER, sobject="Activity"))
    listed = names(soap(api, listing("CustomField"))[1])
    assert "Activity.Tier__c" in listed
    assert "Lead.HubSpot_Contact_Id__c" in listed
    assert not [each for each in listed if each.startswith(("Task.", "Event."))]
    assert "INVALID_TYPE" in soap(api, listing("Shoe"))[1]


def test_parts_of_an_object_come_in_one_file_and_what_is_missing_is_said(api) -> None:
    deploy(api, together(fields(TIER), fields(TIER, sobject="Activity")))
    files, told = retrieve(
        api, CustomField=["Lead.Tier__c", "Lead.Budget__c", "Activity.Tier__c", "Lead.Gone__c"],
        ListView=["Lead.AllOpenLeads"], PermissionSet=["Nobody"], LeadConvertSettings=["*"], Shoe=["x"],
    )  # fmt: skip
    assert sorted(files) == ["objects/Activity.object", "objects/Lead.object", "package.xml"]
    assert names(files["objects/Lead.object"].decode()) == ["Tier__c", "Budget__c", "AllOpenLeads"]
    assert re.findall(r"<problem>([^<]*)</problem>", unescape(told)) == [
        "Entity of type 'CustomField' named 'Lead.Gone__c' cannot be found",
        "Entity of type 'PermissionSet' named 'Nobody' cannot be found",
        "Entity type: 'Shoe' is unknown",
    ]
    whole = retrieve(api, CustomObject=["Lead"], Workflow=["*"])[0]
    assert {"Tier__c", "Budget__c", "MyUnreadLeads"} <= set(names(whole["objects/Lead.object"].decode()))


def test_everything_retrieved_of_fields_can_be_deployed_again(api) -> None:
    files, _ = retrieve(api, CustomObject=["Lead", "Contact", "Account", "Opportunity"])
    result = deploy(api, files)
    assert result["status"] == "Succeeded", result["details"]["componentFailures"]
    assert not any(each["changed"] for each in result["details"]["componentSuccesses"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (f'<dance xmlns="{NAMESPACE}"/>', "No operation available for request"),
        ('<listMetadata xmlns="urn:other"/>', "No operation available for request"),
        (f'<retrieve xmlns="{NAMESPACE}"/>', "Required field is missing: retrieveRequest"),
        (f'<retrieve xmlns="{NAMESPACE}"><retrieveRequest/></retrieve>', "Required field is missing: apiVersion"),
        (f'<checkRetrieveStatus xmlns="{NAMESPACE}">{xml("asyncProcessId", "0")}</checkRetrieveStatus>', "INVALID_CR"),
        (f'<listMetadata xmlns="{NAMESPACE}"/>', "LIMIT_EXCEEDED"),
        ("<a/><b/>", "one operation in its body is expected"),
        ("<a>", "Error parsing file"),
    ],
)  # fmt: skip
def test_soap_calls_that_make_no_sense_are_faults(api, body, code) -> None:
    status, told = soap(api, body)
    assert status == 500
    assert code in told
    assert "<faultcode>sf:" in told


def test_soap_needs_a_session_a_version_and_the_right_to_customize(api, org) -> None:
    assert "INVALID_SESSION_ID" in soap(api, listing("Layout"), token="nonsense")[1]
    assert "UNSUPPORTED_API_VERSION" in soap(api, listing("Layout"), version=20)[1]
    rep = administration.open_session(org, "kim.sales@example.test")["token"]
    assert "INSUFFICIENT_ACCESS" in soap(api, listing("Layout"), token=rep)[1]
    assert org.handle(Request("GET", "/services/Soap/m/67.0", "", {}, b"")).status == 500
    org.settings.daily_api_requests = org.usage.used
    assert "REQUEST_LIMIT_EXCEEDED" in soap(api, listing("Layout"))[1]
