"""The fields both teams agreed on, written into an org: values, picklists, and Leads that were converted meanwhile."""

import pytest

from connector.core.values import Kind
from connector.ports import Absent, Done, Rejected, View, Write
from connector.sandbox.salesforce import actions
from tests.salesforce.sandbox import Scene

FIELDS = {
    "HubSpot_Lifecycle_Stage__c": Kind.PICKLIST,
    "Status": Kind.PICKLIST,
    "Smarketing_Persona__c": Kind.TEXT,
    "Smarketing_Why__c": Kind.TEXT,
    "Smarketing_Answer__c": Kind.PICKLIST,
    "Smarketing_Reason__c": Kind.PICKLIST,
    "Smarketing_Revisit_On__c": Kind.DATE,
    "Smarketing_SLA_State__c": Kind.TEXT,
    "Smarketing_SLA_Due__c": Kind.DATETIME,
    "Smarketing_SLA_Lateness__c": Kind.NUMBER,
    "OwnerId": Kind.OWNER,
}
LEAD = View("Lead", FIELDS)
CONTACT = View("Contact", {name: kind for name, kind in FIELDS.items() if name != "Status"})


@pytest.fixture
def org():
    return Scene()


def written(org, view, ref, **values):
    (outcome,) = org.crm.write(view, [Write(ref, values)])
    return outcome


@pytest.mark.parametrize("view", [LEAD, CONTACT], ids=lambda view: view.object)
def test_what_is_written_is_read_and_a_clear_clears(org, view):
    ref = org.lead() if view is LEAD else org.contact()
    values = {
        "HubSpot_Lifecycle_Stage__c": "Recycled",
        "Smarketing_Why__c": "Came back.\nAsked for a price.",
        "Smarketing_Answer__c": "Recycled",
        "Smarketing_Reason__c": "Competitor or locked in",
        "Smarketing_Revisit_On__c": "2026-12-01",
        "Smarketing_SLA_Due__c": "2026-11-03T15:30:00.000Z",
        "Smarketing_SLA_Lateness__c": "95",
    }
    assert written(org, view, ref, **values) == Done(ref)
    (reading,) = org.crm.read(view, [ref.id])
    assert {name: reading.values[name] for name in values} == values
    assert written(org, view, ref, **dict.fromkeys(values)) == Done(ref)
    (reading,) = org.crm.read(view, [ref.id])
    assert not any(reading.values[name] for name in values)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("HubSpot_Lifecycle_Stage__c", "Sales Accepted"),
        ("Smarketing_Answer__c", "Perhaps"),
        ("Smarketing_Reason__c", "unreachable"),
    ],
)
def test_a_value_outside_the_picklist_is_refused_by_name_and_leaves_the_row_as_it_was(org, field, value):
    ref = org.lead(Smarketing_Persona__c="Executive")
    outcome = written(org, LEAD, ref, **{field: value, "Smarketing_Persona__c": "Developer"})
    assert isinstance(outcome, Rejected)
    assert [(each.field, each.code) for each in outcome.rejections] == [
        (field, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    ]
    assert org.held(ref)["Smarketing_Persona__c"] == "Executive"


def test_a_status_of_conversion_converts_nobody_and_is_refused_by_name(org):
    outcome = written(org, LEAD, org.lead(), Status="Closed - Converted")
    assert [each.field for each in outcome.rejections] == ["Status"]


def test_a_lead_that_was_converted_meanwhile_is_told_to_be_its_contact_and_its_neighbours_are_written(org):
    lead, other = org.lead("Ada"), org.lead("Bob")
    became = org.convert(lead)
    stage = {"HubSpot_Lifecycle_Stage__c": "SAL"}
    gone, done = org.crm.write(LEAD, [Write(lead, stage), Write(other, stage)])
    assert isinstance(gone, Absent)
    assert (gone.reading.moved_to, gone.reading.converted) == (became, True)
    assert done == Done(other)
    assert written(org, CONTACT, became, **stage) == Done(became)


def test_an_answer_on_the_lead_goes_over_to_the_contact_it_becomes(org):
    lead = org.lead(Smarketing_Answer__c="Accepted", Smarketing_Persona__c="Executive")
    became = org.convert(lead)
    (reading,) = org.crm.read(CONTACT, [became.id])
    assert (reading.values["Smarketing_Answer__c"], reading.values["Smarketing_Persona__c"]) == (
        "Accepted",
        "Executive",
    )


def test_a_field_an_org_lacks_is_told_and_the_others_are_written(org):
    actions.remove_field(org.org, "Lead", "Smarketing_SLA_State__c")
    ref = org.lead()
    outcome = written(org, LEAD, ref, Smarketing_SLA_State__c="met", Smarketing_Persona__c="Executive")
    assert [(each.field, each.code) for each in outcome.not_taken] == [("Smarketing_SLA_State__c", "INVALID_FIELD")]
    assert org.held(ref)["Smarketing_Persona__c"] == "Executive"


def test_a_new_owner_who_has_left_is_refused_by_name(org):
    outcome = written(org, LEAD, org.lead(), OwnerId=org.org.catalogue["User"].ids[6])
    assert [(each.field, each.code) for each in outcome.rejections] == [("OwnerId", "INACTIVE_OWNER_OR_USER")]
