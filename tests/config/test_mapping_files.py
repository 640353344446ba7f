"""Mapping files: what an admin may write, and what it compiles to."""

from __future__ import annotations

import pytest

from connector.config.compile import compile_mappings
from connector.core.mapping import Blank, Direction, OnArchive, OnLeaving, Policy, Refusal
from connector.core.readings import Reading
from connector.core.refs import Side, hubspot, salesforce
from connector.core.values import Kind

HEAD = """\
mapping: people
hubspot: contacts
salesforce: [Lead, Contact]
identity: {salesforce_field: HubSpot_Contact_Id__c}
"""
PLAIN = HEAD + "fields:\n  email: {hubspot: email, salesforce: Email, kind: email}\n"


def rule(folder, text, name="x", obj="Lead"):
    folder.write("mappings/people.yaml", f"{HEAD}fields:\n  {name}: {text}\n")
    (pair,) = [pair for pair in folder.compile().pairs if pair.salesforce == obj]
    return next(rule for rule in pair.rules if rule.name == name)


def test_a_pair_is_made_for_each_object_in_creating_order(folder):
    folder.write("mappings/people.yaml", PLAIN + "create: {to_salesforce: {Contact: true, Lead: true}}\n")
    assert [pair.name for pair in folder.compile().pairs] == ["contacts/Contact", "contacts/Lead"]


def test_everything_an_admin_says_reaches_the_pair(folder):
    folder.write(
        "mappings/people.yaml",
        HEAD.replace("identity: {", "identity: {hubspot_property: salesforce_record_id, ")
        + "match:\n  email: {hubspot: [email, hs_additional_emails], salesforce: Email, kind: email}\n"
        "create:\n  to_salesforce: {Lead: hubspot.email != null}\n  to_hubspot: {Contact: true}\n"
        "scope: {when: hubspot.score >= 50, on_leaving: archive}\non_archive: archive\n"
        "also_read: {hubspot: {score: number}}\n"
        "fields:\n  title: {hubspot: jobtitle, policy: manual, blank: clear,"
        " salesforce: {Lead: Title, Contact: Job__c}}\n",
    )
    lead, contact = folder.compile().pairs
    assert (lead.hubspot_key, lead.salesforce_key) == ("salesforce_record_id", "HubSpot_Contact_Id__c")
    assert (lead.on_leaving, lead.on_archive) == (OnLeaving.ARCHIVE, OnArchive.ARCHIVE)
    assert [(key.name, key.hubspot, key.salesforce, key.kind) for key in lead.match] == [
        ("email", ("email", "hs_additional_emails"), ("Email",), Kind.EMAIL)
    ]
    assert lead.extra_fields == {Side.HUBSPOT: {"score": Kind.NUMBER, "email": Kind.EMAIL}}
    assert contact.extra_fields == {Side.HUBSPOT: {"score": Kind.NUMBER}}
    known = Reading(hubspot("contacts", "1"), values={"email": "a@x.test", "score": "51"})
    unknown = Reading(hubspot("contacts", "2"), values={"email": None, "score": "7"})
    theirs = Reading(salesforce("Contact", "003000000000001AAA"))
    assert (lead.in_scope(known, None), lead.in_scope(unknown, None)) == (True, False)
    assert (lead.create_in_salesforce(known, None), lead.create_in_salesforce(unknown, None)) == (True, False)
    assert (lead.create_in_hubspot(None, theirs), contact.create_in_hubspot(None, theirs)) == (False, True)
    assert contact.create_in_salesforce(known, None) is False
    (title,) = contact.rules
    assert (title.salesforce, title.policy, title.blank) == ("Job__c", Policy.MANUAL, Blank.CLEAR)
    assert title.source == "mappings/people.yaml:14"


def test_an_object_that_a_rule_leaves_out_does_not_get_it(folder):
    folder.write("mappings/people.yaml", PLAIN + "  company: {hubspot: company, salesforce: {Lead: Company}}\n")
    lead, contact = folder.compile().pairs
    assert [rule.name for rule in lead.rules] == ["email", "company"]
    assert [rule.name for rule in contact.rules] == ["email"]


def test_a_condition_on_a_field_of_another_object_does_not_read_it_there(folder):
    folder.write(
        "mappings/people.yaml",
        PLAIN
        + "  company: {hubspot: company, salesforce: {Lead: Company}}\nscope: {when: salesforce.Company != 'X'}\n",
    )
    lead, contact = folder.compile().pairs
    assert (lead.extra_fields, contact.extra_fields) == ({}, {})


def test_values_travel_both_ways_and_the_first_of_several_is_written(folder):
    found = rule(folder, "{hubspot: a, salesforce: A__c, values: {lead: [Lead, Prospect], other: Other}}")
    assert found.to_salesforce("lead") == "Lead"
    assert (found.to_hubspot("Lead"), found.to_hubspot("Prospect")) == ("lead", "lead")
    assert found.to_salesforce(None) is None


def test_numbers_and_booleans_are_values_like_any_text(folder):
    found = rule(folder, "{hubspot: a, salesforce: A__c, values: {51439524: Custom, true: 1, 007: Bond}}")
    assert [found.to_salesforce(value) for value in ("51439524", "true", "007")] == ["Custom", "1", "Bond"]


@pytest.mark.parametrize(
    ("unmapped", "to_salesforce", "to_hubspot"),
    [
        ("reject", "UNMAPPED", "UNMAPPED"),
        ("keep", "new", "New"),
        ("blank", None, None),
        ("{default: Other}", "Other", "Other"),
        ("{to_salesforce: {default: Other}, to_hubspot: keep}", "Other", "New"),
        ("{to_salesforce: keep}", "new", "UNMAPPED"),
    ],
)
def test_an_unmapped_value_follows_the_policy_of_its_direction(folder, unmapped, to_salesforce, to_hubspot):
    found = rule(folder, f"{{hubspot: a, salesforce: A__c, values: {{lead: Lead}}, unmapped: {unmapped}}}")
    answers = [found.to_salesforce("new"), found.to_hubspot("New")]
    assert [each.code if isinstance(each, Refusal) else each for each in answers] == [to_salesforce, to_hubspot]


def test_several_choices_are_mapped_one_by_one(folder):
    found = rule(
        folder,
        "{hubspot: a, salesforce: A__c, kind: multipicklist, values: {b: Z, c: Y, d: Y}, values_to_hubspot: {Y: c}}",
    )
    assert found.to_salesforce("b;c;d") == "Y;Z"
    assert found.to_hubspot("Y;Z") == "b;c"
    assert found.to_salesforce("b;nope").code == "UNMAPPED"


def test_one_value_back_is_chosen_under_values_to_hubspot(folder):
    text = (
        "{hubspot: a, salesforce: A__c, values: {lead: Open, subscriber: Open}, values_to_hubspot: {Open: subscriber}}"
    )
    found = rule(folder, text)
    assert (found.to_salesforce("lead"), found.to_hubspot("Open")) == ("Open", "subscriber")


def test_transforms_are_undone_in_reverse_before_the_value_map(folder):
    found = rule(folder, "{hubspot: a, salesforce: A__c, transforms: [trim, yes_no], values: {'Yes': Y, 'No': N}}")
    assert found.to_salesforce(" true ") == "Y"
    assert found.to_hubspot("N") == "false"


def test_a_one_way_transform_works_in_the_way_the_rule_goes(folder):
    found = rule(folder, "{hubspot: domain, salesforce: Website, direction: to_hubspot, transforms: [domain]}")
    assert found.to_hubspot("https://www.acme.test/x") == "acme.test"
    found = rule(folder, "{hubspot: website, salesforce: Domain__c, direction: to_salesforce, transforms: [domain]}")
    assert found.to_salesforce("https://www.acme.test/x") == "acme.test"


def test_only_the_named_values_travel(folder):
    found = rule(folder, "{hubspot: out, salesforce: Out, kind: boolean, direction: to_salesforce, only: [true]}")
    assert (found.to_salesforce("true"), found.to_salesforce("false")) == ("true", None)


def test_defaults_on_creation_may_differ_by_object(folder):
    text = "{hubspot: lastname, salesforce: LastName, on_create: {salesforce: {Lead: (lead)}, hubspot: (none)}}"
    assert rule(folder, text).on_create == {Side.SALESFORCE: "(lead)", Side.HUBSPOT: "(none)"}
    assert rule(folder, text, obj="Contact").on_create == {Side.HUBSPOT: "(none)"}


def test_phones_compare_by_the_country_of_the_rule(folder):
    found = rule(folder, "{hubspot: phone, salesforce: Phone, kind: phone, region: FR}")
    assert found.comparison("01 40 20 00 00") == found.comparison("+33 1 40 20 00 00")


def test_a_rule_where_nothing_is_configured_passes_values_as_they_are(folder):
    found = rule(folder, "{hubspot: a, salesforce: A__c, direction: to_salesforce, mirror: true, optional: true}")
    assert (found.to_salesforce("x"), found.direction, found.mirror, found.optional) == (
        "x",
        Direction.TO_SALESFORCE,
        True,
        True,
    )


def test_the_digest_follows_what_is_said_and_nothing_else(folder):
    before = folder.load().digest
    folder.write("mappings/people.yaml", "# a comment\n" + folder.path.joinpath("mappings/people.yaml").read_text())
    assert folder.load().digest == before
    folder.write("mappings/people.yaml", PLAIN.replace("kind: email", "kind: text"))
    changed = folder.load().digest
    assert changed != before
    folder.write("mappings/owners.yaml", "owners: {fallback: {salesforce: x}}\n")
    assert folder.load().digest not in (before, changed)


def test_a_disabled_mapping_makes_no_pairs_but_is_checked(folder):
    folder.write("mappings/people.yaml", PLAIN + "enabled: false\n")
    assert folder.compile().pairs == ()
    folder.write("mappings/people.yaml", PLAIN + "enabled: false\nscope: {when: hubspot.nope == 1}\n")
    assert len(folder.problems()) == 1


def test_a_rule_that_only_changes_one_thing_keeps_the_rest(folder):
    folder.write(
        "mappings/people.yaml",
        "mapping: contacts\nextends: default\nidentity: {hubspot_property: null}\n"
        "fields:\n  lifecycle_stage: {values: {lead: Lead, customer: [Customer, Client]}}\n  industry: null\n",
    )
    lead, _ = compile_mappings(folder.load()).pairs
    rules = {rule.name: rule for rule in lead.rules}
    assert lead.hubspot_key is None
    assert "industry" not in rules
    stage = rules["lifecycle_stage"]
    assert stage.to_salesforce("subscriber").code == "UNMAPPED"  # tables are replaced whole
    assert (stage.policy, stage.optional) == (Policy.HUBSPOT, True)
    assert stage.source == "mappings/people.yaml:5"
    assert rules["email"].source.startswith("(shipped) contacts.yaml:")


def test_a_mapping_with_the_short_ending_is_read_too(folder):
    folder.write("mappings/firms.yml", PLAIN.replace("people", "firms").replace("contacts", "companies"))
    assert [pair.name for pair in folder.compile().pairs if pair.mapping == "firms"] == [
        "companies/Lead",
        "companies/Contact",
    ]
