"""Owner maps: by e-mail, with a table and a fallback; never a guess, never in the way of the rest."""

from __future__ import annotations

from connector.config.compile import compile_mappings
from connector.config.live import owner_findings
from connector.core.mapping import Refusal
from connector.core.refs import Side
from connector.ports import Owner

ADA, BOB, QUEUE = "005000000000001AAA", "005000000000002AAA", "00G000000000009AAA"
OWNERS = {
    Side.HUBSPOT: [
        Owner("11", "Ada@Acme.test", "Ada"),
        Owner("12", "bob@acme.test", "Bob"),
        Owner("13", "cy@acme.test", "Cy"),
        Owner("14", "twin@acme.test", "Twin"),
        Owner("15", "left@acme.test", "Left", active=False),
    ],
    Side.SALESFORCE: [
        Owner(ADA, "ada@acme.test", "Ada"),
        Owner(BOB, "bob@acme.test", "Bob", active=False),
        Owner("005000000000003AAA", "twin@acme.test", "Twin One"),
        Owner("005000000000004AAA", "twin@acme.test", "Twin Two"),
        Owner("005000000000005AAA", "left@acme.test", "Left"),
        Owner(QUEUE, "", "Inbound Queue", queue=True),
    ],
}
RULE = """\
mapping: people
hubspot: contacts
salesforce: Lead
identity: {salesforce_field: HubSpot_Contact_Id__c}
fields:
  owner: {hubspot: hubspot_owner_id, salesforce: OwnerId, kind: owner}
"""


def owner_rule(folder, owners_yaml="owners: {}\n", owners=OWNERS):
    folder.write("mappings/people.yaml", RULE)
    folder.write("mappings/owners.yaml", owners_yaml)
    (pair,) = compile_mappings(folder.load(), owners).pairs
    return pair.rules[0]


def code(found):
    return found.code if isinstance(found, Refusal) else found


def test_owners_meet_by_email_whatever_its_case(folder):
    rule = owner_rule(folder)
    assert rule.to_salesforce("11") == ADA
    assert rule.to_hubspot(ADA) == "11"
    assert rule.to_salesforce(None) is None


def test_an_inactive_counterpart_is_refused_rather_than_given_records(folder):
    rule = owner_rule(folder)
    assert code(rule.to_salesforce("12")) == "NO_OWNER"


def test_an_inactive_owner_still_says_who_it_was(folder):
    assert owner_rule(folder).to_salesforce("15") == "005000000000005AAA"


def test_two_users_of_one_email_are_not_guessed_between(folder):
    assert code(owner_rule(folder).to_salesforce("14")) == "NO_OWNER"


def test_the_table_speaks_first_by_email_id_or_queue_name(folder):
    table = f"{{cy@acme.test: {ADA[:15]}, '14': 005000000000004AAA, bob@acme.test: inbound queue}}"
    yaml = f"owners: {{table: {table}}}\n"
    rule = owner_rule(folder, yaml)
    assert [rule.to_salesforce(each) for each in ("13", "14", "12")] == [ADA, "005000000000004AAA", QUEUE]


def test_the_way_back_prefers_the_owner_of_the_same_email_over_a_table_entry(folder):
    """Cy's records go to Ada in Salesforce; Ada's own records are still Ada's in HubSpot."""
    rule = owner_rule(folder, f"owners: {{table: {{cy@acme.test: {ADA}}}}}\n")
    assert (rule.to_salesforce("13"), rule.to_hubspot(ADA)) == (ADA, "11")


def test_the_fallback_takes_whoever_has_no_counterpart(folder):
    rule = owner_rule(folder, "owners: {fallback: {salesforce: Inbound Queue, hubspot: ada@acme.test}}\n")
    assert [rule.to_salesforce(each) for each in ("12", "13", "14")] == [QUEUE] * 3
    assert rule.to_hubspot(QUEUE) == "11"


def test_without_a_connection_owners_are_refused_and_nothing_else(folder):
    rule = owner_rule(folder, owners=None)
    assert code(rule.to_salesforce("11")) == "OWNERS_UNKNOWN"
    assert rule.to_salesforce(None) is None


def test_entries_that_name_nobody_active_are_found(folder):
    owner_rule(
        folder,
        "owners:\n  table:\n    zoe@acme.test: ada@acme.test\n    cy@acme.test: bob@acme.test\n"
        "    ada@acme.test: twin@acme.test\n  fallback:\n    hubspot: nobody\n",
    )
    found = [str(finding).removeprefix("mappings/owners.yaml:") for finding in owner_findings(folder.load(), OWNERS)]
    assert found == [
        "3 owners.table.zoe@acme.test: HubSpot has no owner 'zoe@acme.test'",
        "4 owners.table.cy@acme.test: the Salesforce owner 'bob@acme.test' is inactive; name an active one",
        "5 owners.table.ada@acme.test: Salesforce has no single owner 'twin@acme.test'; name one by e-mail or id",
        "7 owners.fallback.hubspot: HubSpot has no single owner 'nobody'; name one by e-mail or id",
    ]


def test_a_second_owners_file_and_unknown_keys_are_refused(folder):
    folder.write("mappings/owners.yaml", "owners: {}\n")
    folder.write("mappings/owners2.yaml", "owners: {}\n")
    assert folder.problems() == [
        "mappings/owners2.yaml:1 owners: stands in mappings/owners.yaml already; keep one of the two"
    ]
    folder.write("mappings/owners2.yaml", "owners: {fallbak: {}}\n")
    assert folder.problems() == ["mappings/owners2.yaml:1 owners.fallbak: is not known here; did you mean 'fallback'?"]


def test_an_owner_who_joined_since_is_refused_and_not_given_to_the_fallback(folder):
    yaml = "owners:\n  fallback: {salesforce: ada@acme.test, hubspot: ada@acme.test}\n"
    rule = owner_rule(folder, yaml)
    assert [code(rule.to_salesforce("12")), code(rule.to_salesforce("99"))] == [ADA, "UNKNOWN_OWNER"]
    assert code(rule.to_hubspot("005000000000099AAA")) == "UNKNOWN_OWNER"
