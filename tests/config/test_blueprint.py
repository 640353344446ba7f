"""What the files ask of both CRMs: the fields of the bridge's own, and nothing that is the CRM's or its admin's."""

from __future__ import annotations

import pytest

from connector.config.blueprint import Audience, Blueprint, Section, Wanted, blueprint, lacking
from connector.config.extends import shipped_text
from connector.core.definition import ReasonClass
from connector.core.refs import Side
from connector.core.sla import State
from connector.core.values import Kind
from connector.ports import FieldSchema, ObjectSchema, Option
from tests.config.agreed import Agreed
from tests.config.conftest import Folder

SLA = shipped_text("sla.yaml")
PEOPLE = """\
mapping: people
hubspot: contacts
salesforce: [Lead, Contact]
identity: {salesforce_field: HubSpot_Contact_Id__c, hubspot_property: salesforce_record_id}
fields:
  email: {hubspot: email, salesforce: Email, kind: email}
  budget: {hubspot: budget, salesforce: Budget__c, kind: money}
  score: {hubspot: hubspotscore, salesforce: {Lead: HubSpot_Score__c}, kind: number, direction: to_salesforce}
  plan: {hubspot: smarketing_plan, salesforce: Smarketing_Plan__c, kind: picklist, values: {a: [Alpha, A], b: Beta}}
"""


@pytest.fixture
def shipped(folder: Folder) -> Blueprint:
    """What the shipped files ask for."""
    return blueprint(Agreed(folder).load(SLA))


def one(asked: Blueprint, side: Side, obj: str, name: str) -> Wanted:
    return next(each for each in asked.on(side, obj) if each.name == name)


def values(wanted: Wanted) -> list[str]:
    return [each.value for each in wanted.options]


def names(asked: Blueprint, side: Side, obj: str) -> set[str]:
    return {each.name for each in asked.on(side, obj)}


def test_a_bare_mapping_asks_for_ids_and_for_what_bears_the_bridges_mark(folder: Folder):
    folder.write("mappings/people.yaml", PEOPLE)
    asked = blueprint(folder.load())
    assert names(asked, Side.HUBSPOT, "contacts") == {"salesforce_record_id", "smarketing_plan"}
    assert names(asked, Side.SALESFORCE, "Lead") == {"HubSpot_Contact_Id__c", "HubSpot_Score__c", "Smarketing_Plan__c"}
    assert names(asked, Side.SALESFORCE, "Contact") == {"HubSpot_Contact_Id__c", "Smarketing_Plan__c"}
    assert asked.objects(Side.SALESFORCE) == ("Lead", "Contact")


def test_what_is_the_crms_or_its_admins_is_looked_for_and_never_made(folder: Folder):
    folder.write("mappings/people.yaml", PEOPLE)
    asked = blueprint(folder.load())
    assert asked.checked_on(Side.HUBSPOT) == (
        ("contacts", "email"),
        ("contacts", "budget"),
        ("contacts", "hubspotscore"),
    )
    assert ("Lead", "Budget__c") in asked.checked_on(Side.SALESFORCE)


def test_ids_are_unique_and_salesforces_is_an_external_id(shipped: Blueprint):
    ours = one(shipped, Side.HUBSPOT, "contacts", "salesforce_record_id")
    assert (ours.unique, ours.external_id, ours.kind, ours.length) == (True, False, Kind.TEXT, 64)
    assert (ours.section, ours.written_by_people, ours.shown_to) == (Section.IDS, False, {Audience.ADMINS})
    for obj in ("Lead", "Contact"):
        theirs = one(shipped, Side.SALESFORCE, obj, "HubSpot_Contact_Id__c")
        assert (theirs.unique, theirs.external_id) == (True, True)


def test_answers_reasons_and_personas_are_lists_in_the_words_of_each_side(shipped: Blueprint):
    answer = one(shipped, Side.HUBSPOT, "contacts", "smarketing_answer")
    assert [(each.value, each.label) for each in answer.options] == [
        ("accepted", "Accepted"), ("rejected", "Rejected"), ("recycled", "Recycled"), ("disqualified", "Disqualified"),
    ]  # fmt: skip
    assert answer.written_by_people
    reason = one(shipped, Side.SALESFORCE, "Lead", "Smarketing_Reason__c")
    assert values(reason)[:5] == ["Unreachable", "Bad data", "Duplicate", "Not a fit", "Not a fit: size"]
    persona = one(shipped, Side.HUBSPOT, "contacts", "smarketing_persona")
    assert [(each.value, each.label) for each in persona.options][1] == ("technical", "Technical buyer")
    assert values(one(shipped, Side.SALESFORCE, "Contact", "Smarketing_Persona__c"))[1] == "Technical buyer"


def test_what_the_core_says_in_words_of_its_own_is_a_list_of_all_of_them(shipped: Blueprint):
    status = one(shipped, Side.SALESFORCE, "Lead", "Smarketing_Feedback_Status__c")
    assert values(status) == ["waiting", "asked", "accepted", "rejected", "recycled", "disqualified", "expired"]
    assert not status.written_by_people
    assert values(one(shipped, Side.HUBSPOT, "contacts", "smarketing_sla_state")) == [each.value for each in State]
    assert values(one(shipped, Side.HUBSPOT, "contacts", "smarketing_reason_class")) == [
        each.value for each in ReasonClass
    ]


def test_names_that_change_with_the_files_are_text_so_that_no_new_one_waits_for_a_setup(shipped: Blueprint):
    for name in ("smarketing_sla_policy", "smarketing_track"):
        wanted = one(shipped, Side.HUBSPOT, "contacts", name)
        assert (wanted.kind, wanted.options) == (Kind.TEXT, ())


def test_stages_are_options_in_their_order_and_the_resting_rule_adds_none(shipped: Blueprint):
    stage = one(shipped, Side.SALESFORCE, "Lead", "HubSpot_Lifecycle_Stage__c")
    assert values(stage) == [
        "Subscriber", "Lead", "MQL", "SAL", "SQL", "Opportunity", "Customer", "Evangelist", "Recycled", "Disqualified",
    ]  # fmt: skip
    assert "lifecyclestage" not in names(shipped, Side.HUBSPOT, "contacts")


def test_kinds_lengths_and_scales_follow_what_is_told(shipped: Blueprint):
    told = {
        name: one(shipped, Side.SALESFORCE, "Lead", name)
        for name in ("Smarketing_Revisit_On__c", "Smarketing_SLA_Due__c", "Smarketing_SLA_Lateness__c",
                     "Smarketing_Comment__c", "Smarketing_Asked_For__c", "HubSpot_Score__c")
    }  # fmt: skip
    assert {name: (each.kind.value, each.length, each.scale) for name, each in told.items()} == {
        "Smarketing_Revisit_On__c": ("date", None, None),
        "Smarketing_SLA_Due__c": ("datetime", None, None),
        "Smarketing_SLA_Lateness__c": ("number", None, 0),
        "Smarketing_Comment__c": ("text", 32_768, None),
        "Smarketing_Asked_For__c": ("text", 255, None),
        "HubSpot_Score__c": ("number", None, 2),
    }


def test_a_rules_picklist_has_the_values_of_its_side(folder: Folder):
    folder.write("mappings/people.yaml", PEOPLE)
    asked = blueprint(folder.load())
    assert values(one(asked, Side.HUBSPOT, "contacts", "smarketing_plan")) == ["a", "b"]
    assert values(one(asked, Side.SALESFORCE, "Lead", "Smarketing_Plan__c")) == ["Alpha", "A", "Beta"]


def test_a_picklist_that_names_no_values_is_text(folder: Folder):
    folder.write("mappings/people.yaml", PEOPLE.replace(", values: {a: [Alpha, A], b: Beta}", ""))
    assert one(blueprint(folder.load()), Side.HUBSPOT, "contacts", "smarketing_plan").kind is Kind.TEXT


def test_a_field_that_two_rules_speak_of_is_wanted_once_with_the_options_of_both(folder: Folder):
    back = "kind: picklist, direction: to_hubspot, values: {c: C}"
    other = f"  back: {{hubspot: plan, salesforce: Smarketing_Plan__c, {back}}}\n"
    folder.write("mappings/people.yaml", PEOPLE.replace("values: {a", "direction: to_salesforce, values: {a") + other)
    plan = one(blueprint(folder.load()), Side.SALESFORCE, "Lead", "Smarketing_Plan__c")
    assert values(plan) == ["Alpha", "A", "Beta", "C"]
    assert (plan.written_by_bridge, plan.written_by_people) == (True, True)


def test_a_mapping_that_is_off_asks_for_nothing(folder: Folder):
    folder.write("mappings/deals.yaml", shipped_text("deals.yaml"))
    assert "deals" not in blueprint(folder.load()).objects(Side.HUBSPOT)
    folder.write("mappings/deals.yaml", shipped_text("deals.yaml").replace("enabled: false", "enabled: true"))
    asked = blueprint(folder.load())
    assert names(asked, Side.HUBSPOT, "deals") == {"salesforce_record_id"}
    assert names(asked, Side.SALESFORCE, "Opportunity") == {"HubSpot_Deal_Id__c"}


def test_another_name_for_an_answer_is_asked_for_by_that_name(folder: Folder):
    feedback = shipped_text("feedback.yaml").replace("Smarketing_Answer__c", "Rep_Verdict__c")
    asked = blueprint(Agreed(folder).load(SLA, feedback=feedback))
    assert one(asked, Side.SALESFORCE, "Lead", "Rep_Verdict__c").label == "Sales answer"
    assert "Smarketing_Answer__c" not in names(asked, Side.SALESFORCE, "Lead")


def test_everything_says_which_line_asks_for_it_and_what_it_is(shipped: Blueprint):
    answer = one(shipped, Side.HUBSPOT, "contacts", "smarketing_answer")
    assert answer.why == "mappings/feedback.yaml:12 feedback.answer.verdict.hubspot"
    assert all(each.label and each.description and each.why for each in shipped.wanted)


def test_no_object_has_two_fields_of_one_name_or_one_label(shipped: Blueprint):
    for side in Side:
        for obj in shipped.objects(side):
            those = shipped.on(side, obj)
            assert len({each.name for each in those}) == len({each.label for each in those}) == len(those)


def test_what_setup_would_add_is_what_is_not_there_or_lacks_an_option(shipped: Blueprint):
    """A field of free text lacks nothing: whatever is told can stand in it."""
    live = {each.name: field(each.name, *values(each)) for each in shipped.on(Side.HUBSPOT, "contacts")}
    del live["smarketing_track"]
    live["smarketing_reason"] = field("smarketing_reason", "unreachable")
    live["smarketing_answer"] = field("smarketing_answer")
    schemas = {(Side.HUBSPOT, "contacts"): ObjectSchema("contacts", live)}
    assert {each.name for each in lacking(shipped, schemas)} == {"smarketing_track", "smarketing_reason"}


def field(name: str, *options: str) -> FieldSchema:
    return FieldSchema(name, name, "any", frozenset(), options=tuple(Option(each, each) for each in options))
