"""Each side carries the other's id: what is corrected, what is shown, what is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.plan import IssueKind
from connector.core.planning import Subject, plan
from connector.core.readings import Reading
from connector.core.refs import Side
from tests.core.builders import CONTACT, CONTACT_ID, LEAD, LEAD_ID, contact, lead, linked, pair, rule, said


@pytest.mark.parametrize("carried", [None, "100"], ids=["blank", "of a contact merged into ours"])
def test_a_cross_id_on_salesforce_is_repaired(carried) -> None:
    left = replace(contact(phone="a"), aliases=("100",))
    found = plan(pair(rule()), linked(hubspot=left, salesforce=lead(Phone__c="a", HubSpot_Id__c=carried)))
    assert said(found) == [("salesforce", "HubSpot_Id__c", CONTACT_ID, "cross id")]


@pytest.mark.parametrize(
    "carried",
    [None, LEAD_ID[:15], "00Q5g00000OldlsEAB", "0035g00000AbcdeAAB"],
    ids=["blank", "short form", "of a lead merged into ours", "of another kind of record"],
)
def test_a_cross_id_on_hubspot_is_repaired(carried) -> None:
    right = replace(lead(Phone__c="a"), aliases=("00Q5g00000OldlsEAB",))
    found = plan(pair(rule()), linked(hubspot=contact(phone="a", salesforce_id=carried), salesforce=right))
    assert said(found) == [("hubspot", "salesforce_id", LEAD_ID, "cross id")]


def test_a_cross_id_of_somebody_else_is_shown_and_kept() -> None:
    found = plan(pair(rule()), linked(salesforce=lead(Phone__c="a", HubSpot_Id__c="999")))
    (step,) = found.steps
    assert (step.issue.kind, step.issue.code, step.issue.value) == (IssueKind.AMBIGUOUS, "CROSS_ID", "999")
    assert step.issue.refs == (LEAD, CONTACT)


def test_a_person_who_links_by_hand_overrules_a_cross_id() -> None:
    subject = Subject(contact(phone="a"), lead(Phone__c="a", HubSpot_Id__c="999"), by="a person")
    assert said(plan(pair(rule()), subject)) == [("salesforce", "HubSpot_Id__c", CONTACT_ID, "cross id")]


def test_a_cross_id_field_that_cannot_be_read_is_left_alone() -> None:
    left, right = Reading(CONTACT, values={"phone": "a"}), Reading(LEAD, values={"Phone__c": "a"})
    assert plan(pair(rule()), linked(hubspot=left, salesforce=right)).steps == ()
    assert plan(pair(rule(), hubspot_key=None), linked(salesforce=right)).steps == ()


def test_a_cross_id_a_side_refused_is_not_tried_again() -> None:
    subject = linked(
        salesforce=lead(Phone__c="a", HubSpot_Id__c=None),
        parked=frozenset({(Side.SALESFORCE, "HubSpot_Id__c", CONTACT_ID)}),
    )
    assert plan(pair(rule()), subject).steps == ()
