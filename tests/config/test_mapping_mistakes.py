"""Mistakes in mapping files, each by file, line, key and what would be right."""

from __future__ import annotations

import pytest

from connector.config.extends import shipped_text

HEAD = """\
mapping: people
hubspot: contacts
salesforce: [Lead, Contact]
identity: {salesforce_field: HubSpot_Contact_Id__c}
"""
PLAIN = HEAD + "fields:\n  email: {hubspot: email, salesforce: Email, kind: email}\n"


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
