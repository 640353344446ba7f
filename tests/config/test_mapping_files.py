"""Mapping files: what an admin may write, what it compiles to, and how every mistake reads."""

from __future__ import annotations

import pytest

from connector.config.compile import compile_mappings
from connector.config.extends import shipped_text
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


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ("{hubspot: a}", "fields.x.salesforce: is missing"),
        ("{hubspot: a, salesforce: B, kidn: text}", "fields.x.kidn: is not known here; did you mean 'kind'?"),
        (
            "{hubspot: a, salesforce: B, kind: fone}",
            (
                "fields.x.kind: 'fone' is not one of text, email, phone, number, money, boolean, date, datetime,"
                " picklist,"
                " multipicklist, owner, reference; did you mean 'phone'?"
            ),
        ),
        (
            "{hubspot: a, salesforce: B, mirror: true}",
            "fields.x.mirror: is for one-way rules; set direction: to_salesforce or to_hubspot",
        ),
        (
            "{hubspot: a, salesforce: B, only: [b]}",
            "fields.x.only: is for one-way rules; set direction: to_salesforce or to_hubspot",
        ),
        ("{hubspot: a, salesforce: B, mirror: maybe}", "fields.x.mirror: 'maybe' is neither true nor false"),
        (
            "{hubspot: a, salesforce: B, unmapped: keep}",
            "fields.x.unmapped: needs `values`: without a value map nothing is unmapped",
        ),
        (
            "{hubspot: a, salesforce: B, values: {a: b}, unmapped: kep}",
            "fields.x.unmapped: must be reject, keep, blank or {default: VALUE}; did you mean 'keep'?",
        ),
        (
            "{hubspot: a, salesforce: B, values: {a: Z, b: Z}}",
            "fields.x.values.b: 'Z' already stands for 'a'; say under values_to_hubspot which it becomes",
        ),
        ("{hubspot: a, salesforce: B, values: {a: []}}", "fields.x.values.a: is empty; give it at least one entry"),
        (
            "{hubspot: a, salesforce: B, region: FR}",
            "fields.x.region: belongs to rules of kind phone; this one is of kind text",
        ),
        (
            "{hubspot: a, salesforce: {Leed: B}}",
            "fields.x.salesforce.Leed: 'Leed' is not an object of this mapping (Lead, Contact)",
        ),
        (
            "{hubspot: a, salesforce: B, on_create: {salesforce: {Account: z}}}",
            "fields.x.on_create.salesforce.Account: 'Account' is not an object of this mapping (Lead, Contact)",
        ),
        (
            "{hubspot: a, salesforce: B, transforms: [trimm]}",
            "fields.x.transforms[0]: 'trimm' is not a transform; did you mean 'trim'?",
        ),
        (
            "{hubspot: a, salesforce: B, transforms: [trim, domain]}",
            "fields.x.transforms[1]: 'domain' cannot be undone; set direction: to_salesforce or to_hubspot",
        ),
        (
            "{hubspot: a, salesforce: B, transforms: trim}",
            "fields.x.transforms: text stands where a list (`[a, b]`, or lines starting with -) belongs",
        ),
        ("", "fields.x: is empty; give it a value or remove the line"),
        ("just text", "fields.x: text stands where a group of settings (`name: value` lines) belongs"),
    ],
)
def test_a_mistake_in_a_rule_names_its_line_and_what_would_be_right(folder, field, problem):
    folder.write("mappings/people.yaml", f"{HEAD}fields:\n  x: {field}\n")
    assert folder.problems() == [f"mappings/people.yaml:6 {problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "scope: {when: hubspot.email = 'x'}\n",
            "scope.when: \"hubspot.email = 'x'\" at character 15: '=' compares nothing; write '==' for equal",
        ),
        (
            "create: {to_salesforce: {Account: true}}\n",
            "create.to_salesforce.Account: 'Account' is not an object of this mapping (Lead, Contact)",
        ),
        (
            "create: {to_hubspot: {Lead: salesforce.Emial != null}}\n",
            (
                "create.to_hubspot.Lead: 'salesforce.Emial != null' at character 12: no rule maps 'salesforce.Emial'"
                " and"
                " also_read does not list it; did you mean 'Email'?"
            ),
        ),
        ("on_archive: delete\n", "on_archive: 'delete' is not one of unlink, archive"),
        ("extends: defalt\n", "extends: 'defalt' is not one of default; did you mean 'default'?"),
        ("match: {email: {hubspot: email}}\n", "match.email.salesforce: is missing"),
        ("also_read: {sugar: {a: text}}\n", "also_read.sugar: 'sugar' is not one of hubspot, salesforce"),
    ],
)
def test_a_mistake_outside_the_rules_names_its_line_too(folder, text, problem):
    folder.write("mappings/people.yaml", PLAIN + text)
    assert folder.problems() == [f"mappings/people.yaml:7 {problem}"]


def test_a_condition_over_several_lines_names_the_line_of_the_fault(folder):
    folder.write(
        "mappings/people.yaml", PLAIN + "scope:\n  when: |\n    hubspot.email != null &&\n    hubspot.emial != null\n"
    )
    assert folder.problems() == [
        (
            "mappings/people.yaml:10 scope.when: 'hubspot.email != null &&\\nhubspot.emial != null' at character 9:"
            " no rule maps 'hubspot.emial' and also_read does not list it; did you mean 'email'?"
        )
    ]


def test_two_rules_that_write_one_field_are_refused(folder):
    folder.write(
        "mappings/people.yaml",
        PLAIN + "  second: {hubspot: work_email, salesforce: Email, direction: to_salesforce}\n"
        "  third: {hubspot: other, salesforce: Email, direction: to_hubspot}\n",
    )
    assert folder.problems() == [
        (
            "mappings/people.yaml:7 fields.second.salesforce: writes Email as rule 'email' does; let one of them go the"
            " other way only"
        )
    ]


def test_a_name_used_twice_and_a_pair_mapped_twice_are_refused(folder):
    folder.write("mappings/twin.yaml", PLAIN)
    assert folder.problems() == [
        (
            "mappings/twin.yaml:1 mapping: 'people' is already the name of mappings/people.yaml; rename or"
            " remove one of them"
        )
    ]
    folder.write("mappings/twin.yaml", PLAIN.replace("mapping: people", "mapping: others"))
    assert folder.problems() == [
        (
            "mappings/twin.yaml:3 salesforce: contacts/Contact is already kept in step by mapping 'people';"
            " disable one of"
            " the two"
        ),
        (
            "mappings/twin.yaml:3 salesforce: contacts/Lead is already kept in step by mapping 'people'; disable one of"
            " the two"
        ),
    ]


def test_problems_of_all_mappings_are_told_at_once_when_compiling(folder):
    folder.write("mappings/people.yaml", PLAIN + "scope: {when: hubspot.email}\n")
    other = PLAIN.replace("mapping: people", "mapping: firms").replace("contacts", "companies")
    folder.write("mappings/firms.yaml", other + "create: {to_hubspot: {Lead: '('}}\n")
    assert folder.problems() == [
        "mappings/firms.yaml:7 create.to_hubspot.Lead: '(' at character 2: it ends too early",
        (
            "mappings/people.yaml:7 scope.when: 'hubspot.email' at character 1: does not ask a question; its"
            " answer must be"
            " true or false"
        ),
    ]


def test_a_fault_in_what_was_inherited_points_into_the_shipped_file(folder):
    folder.write(
        "mappings/people.yaml", "mapping: contacts\nextends: default\nmatch: {email: null}\nfields: {email: null}\n"
    )
    problems = folder.problems()
    line = next(
        n for n, text in enumerate(shipped_text("contacts.yaml").splitlines(), 1) if "Lead: hubspot.email" in text
    )
    assert problems[0] == (
        f"(shipped) contacts.yaml:{line} create.to_salesforce.Lead: 'hubspot.email != null' at character 9:"
        " no rule maps 'hubspot.email' and also_read does not list it"
    )
    assert len(problems) == 3  # the three conditions that asked for it


def test_extending_what_does_not_ship_says_what_does(folder):
    folder.write("mappings/people.yaml", "mapping: contact\nextends: default\n")
    assert folder.problems() == [
        "mappings/people.yaml:1 mapping: 'contact' has no shipped default to extend; did you mean 'contacts'?"
    ]


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
