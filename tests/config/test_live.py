"""A mapping held against the live schemas: what is found, and what is left to work with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.config.compile import compile_mappings
from connector.config.live import Severity, adapt, compare
from connector.core.mapping import Direction
from connector.core.refs import Side
from connector.core.values import Kind
from connector.ports import FieldSchema, ObjectSchema, Option

MAPPING = """\
mapping: people
hubspot: contacts
salesforce: [Lead]
identity: {salesforce_field: HubSpot_Contact_Id__c, hubspot_property: salesforce_record_id}
match:
  email: {hubspot: [email, hs_additional_emails], salesforce: [Email], kind: email}
create: {to_salesforce: {Lead: hubspot.score > 5}}
also_read: {hubspot: {score: number}}
fields:
  email: {hubspot: email, salesforce: Email, kind: email}
  last_name: {hubspot: lastname, salesforce: LastName, on_create: {salesforce: (unknown)}, too_long: truncate}
"""
TEXT = frozenset({Kind.TEXT, Kind.EMAIL, Kind.PICKLIST})


def field(name: str, *kinds: Kind, **more) -> FieldSchema:
    return FieldSchema(name, name, "string", frozenset(kinds) or TEXT, **more)


def options(*values: str) -> tuple[Option, ...]:
    return tuple(Option(value, value.title()) for value in values)


HUBSPOT = [
    field("salesforce_record_id", unique=True),
    field("email"),
    field("hs_additional_emails"),
    field("lastname"),
    field("score", Kind.NUMBER),
]
SALESFORCE = [
    field("HubSpot_Contact_Id__c", unique=True, external_id=True),
    field("Email", length=10),
    field("LastName", length=5, required=True),
]


def schemas(hubspot=(), salesforce=()):
    """The live schemas, with some fields added or replaced; a name alone removes a field."""
    found = {}
    for side, obj, own, changed in (
        (Side.HUBSPOT, "contacts", HUBSPOT, hubspot),
        (Side.SALESFORCE, "Lead", SALESFORCE, salesforce),
    ):
        fields = {each.name: each for each in own}
        for each in changed:
            if isinstance(each, str):
                del fields[each]
            else:
                fields[each.name] = each
        found[side, obj] = ObjectSchema(obj, fields)
    return found


@pytest.fixture
def fit(folder):
    def fitted(live, rule=""):
        folder.write("mappings/people.yaml", MAPPING + (f"  x: {rule}\n" if rule else ""))
        loaded = folder.load()
        mappings, findings = adapt(compile_mappings(loaded), live, loaded)
        assert compare(compile_mappings(loaded), live, loaded) == findings
        texts = [f"{finding.severity} {finding}".replace("mappings/people.yaml:", "") for finding in findings]
        return (mappings.pairs[0] if mappings.pairs else None), [text for text in texts if "takes at most" not in text]

    return fitted


def test_a_mapping_that_fits_is_left_as_it_is(fit):
    pair, findings = fit(schemas())
    assert findings == []
    assert [rule.name for rule in pair.rules] == ["email", "last_name"]
    assert (pair.hubspot_key, pair.extra_fields) == ("salesforce_record_id", {Side.HUBSPOT: {"score": Kind.NUMBER}})


def test_an_object_out_of_reach_takes_its_pair_along(fit):
    live = schemas()
    del live[Side.SALESFORCE, "Lead"]
    pair, findings = fit(live)
    assert pair is None
    assert findings == [
        "error 3 salesforce: Salesforce object 'Lead' does not exist there, or the credentials may not see it"
    ]


def test_texts_are_held_to_the_live_lengths(fit):
    pair, _ = fit(schemas())
    email, name = pair.rules
    assert name.to_salesforce("Featherstone") == "Feath"
    assert email.to_salesforce("a@x.test") == "a@x.test"
    assert email.to_salesforce("longer@example.test").code == "TOO_LONG"
    assert name.to_hubspot("Featherstone") == "Featherstone"


def test_fields_that_may_be_too_short_are_told_in_one_line(folder):
    folder.write("mappings/people.yaml", MAPPING)
    loaded = folder.load()
    (finding,) = compare(compile_mappings(loaded), schemas(), loaded)
    assert (finding.severity, str(finding).removeprefix("mappings/people.yaml:")) == (
        Severity.INFO,
        ("9 fields: Lead takes at most these characters: Email 10; longer values wait for a person (too_long: reject)"),
    )


def test_a_field_that_keeps_fewer_decimals_is_told_and_its_rule_rounds(fit):
    live = schemas([field("revenue", Kind.MONEY)], [field("Revenue__c", Kind.MONEY, scale=0, precision=18)])
    pair, findings = fit(live, "{hubspot: revenue, salesforce: Revenue__c, kind: money}")
    assert findings == [
        "info 9 fields: Lead keeps only these decimals: Revenue__c 0; finer numbers are rounded on the way there"
    ]
    assert pair.rules[-1].to_salesforce("32000.4") == "32000"


def test_an_email_is_never_cut_even_when_the_rule_says_truncate(fit):
    pair, _ = fit(
        schemas([field("work")], [field("Work__c", length=4)]),
        "{hubspot: work, salesforce: Work__c, kind: email, too_long: truncate}",
    )
    assert pair.rules[-1].to_salesforce("a@x.test").code == "TOO_LONG"


@pytest.mark.parametrize(
    ("optional", "severity", "then"), [("false", "error", ""), ("true", "info", "; the rule sleeps")]
)
def test_a_rule_without_its_field_sleeps_in_sight(fit, optional, severity, then):
    pair, findings = fit(schemas([field("a")]), f"{{hubspot: a, salesforce: Emial, optional: {optional}}}")
    assert [rule.name for rule in pair.rules] == ["email", "last_name"]
    assert findings == [
        (
            f"{severity} 12 fields.x.salesforce: Salesforce Lead.Emial does not exist or is hidden from"
            f" the credentials{then}; did you mean 'Email'?"
        )
    ]


def test_a_field_that_cannot_hold_the_kind_stops_the_rule(fit):
    live = schemas([field("a")], [replace(field("A__c", Kind.NUMBER, Kind.MONEY), type="double")])
    pair, findings = fit(live, "{hubspot: a, salesforce: A__c, kind: picklist}")
    assert "x" not in [rule.name for rule in pair.rules]
    assert findings == [
        ("error 12 fields.x.kind: Salesforce Lead.A__c is of type double, which carries money, number, not picklist")
    ]


@pytest.mark.parametrize(
    ("kind", "types", "direction", "fits"),
    [
        ("money", {Kind.TEXT}, "both", True),
        ("date", {Kind.DATETIME}, "to_salesforce", True),
        ("date", {Kind.DATETIME}, "both", False),
        ("datetime", {Kind.DATE}, "to_salesforce", False),
    ],
)
def test_free_text_holds_any_kind_and_a_moment_tells_its_day(fit, kind, types, direction, fits):
    live = schemas([field("a", *types)], [field("A__c", Kind(kind))])
    pair, findings = fit(live, f"{{hubspot: a, salesforce: A__c, kind: {kind}, direction: {direction}}}")
    assert ("x" in [rule.name for rule in pair.rules], findings == []) == (fits, fits)


READ_ONLY = {"creatable": False, "updatable": False}


def test_a_two_way_rule_with_a_read_only_end_goes_one_way(fit):
    pair, findings = fit(schemas([field("a", **READ_ONLY)], [field("A__c")]), "{hubspot: a, salesforce: A__c}")
    assert pair.rules[-1].direction is Direction.TO_SALESFORCE
    assert findings == [
        (
            "warning 12 fields.x.direction: HubSpot contacts.a is read-only, so the rule goes one way;"
            " write direction: to_salesforce to say so"
        )
    ]


@pytest.mark.parametrize(("optional", "severity"), [("false", "error"), ("true", "info")])
def test_a_one_way_rule_into_a_read_only_field_sleeps(fit, optional, severity):
    rule = f"{{hubspot: a, salesforce: A__c, direction: to_salesforce, optional: {optional}}}"
    pair, findings = fit(schemas([field("a")], [field("A__c", **READ_ONLY)]), rule)
    assert "x" not in [rule.name for rule in pair.rules]
    assert findings == [
        (
            f"{severity} 12 fields.x.direction: Salesforce Lead.A__c is read-only and the rule writes"
            " nowhere else, so it sleeps; turn it or remove it"
        )
    ]


def test_a_field_that_can_only_be_set_on_creation_is_still_written(fit):
    pair, findings = fit(schemas([field("a")], [field("A__c", updatable=False)]), "{hubspot: a, salesforce: A__c}")
    assert pair.rules[-1].direction is Direction.BOTH
    assert findings == []


def test_picklist_values_without_a_counterpart_are_named_in_both_directions(fit):
    live = schemas(
        [field("a", options=options("lead", "customer", "odd"), restricted=True)],
        [field("A__c", options=options("Lead", "Partner"), restricted=True)],
    )
    _, findings = fit(live, "{hubspot: a, salesforce: A__c, kind: picklist, values: {lead: Lead, customer: Customer}}")
    assert findings == [
        "warning 12 fields.x: HubSpot values without a place in `values`: 'odd'; they wait for a person",
        "warning 12 fields.x: Salesforce A__c does not offer 'Customer'; add them there or map to others",
        "warning 12 fields.x: Salesforce values without a place in `values`: 'Partner'; they wait for a person",
    ]


def test_an_open_picklist_takes_any_value_and_an_inactive_option_offers_nothing(fit):
    live = schemas(
        [field("a", options=(*options("lead"), Option("old", "Old", active=False)))],
        [field("A__c", options=options("Lead"))],
    )
    assert fit(live, "{hubspot: a, salesforce: A__c, kind: picklist}")[1] == []
    closed = schemas([field("a", options=options("lead"))], [field("A__c", options=options("Lead"), restricted=True)])
    assert len(fit(closed, "{hubspot: a, salesforce: A__c, kind: picklist}")[1]) == 1


def test_a_value_map_is_checked_even_where_the_source_is_free_text(fit):
    live = schemas([field("a")], [field("A__c", options=options("Lead"), restricted=True)])
    _, findings = fit(live, "{hubspot: a, salesforce: A__c, values: {l: Lead, c: Client}, direction: to_salesforce}")
    assert findings == ["warning 12 fields.x: Salesforce A__c does not offer 'Client'; add them there or map to others"]


@pytest.mark.parametrize(
    ("salesforce", "finding"),
    [
        (
            ["HubSpot_Contact_Id__c"],
            (
                "error 4 identity.salesforce_field: Salesforce Lead.HubSpot_Contact_Id__c does not exist or"
                " is hidden from the credentials"
            ),
        ),
        (
            [field("HubSpot_Contact_Id__c", unique=False, external_id=True)],
            ("error 4 identity.salesforce_field: Salesforce Lead.HubSpot_Contact_Id__c must be a unique external id"),
        ),
        (
            [field("HubSpot_Contact_Id__c", unique=True)],
            ("error 4 identity.salesforce_field: Salesforce Lead.HubSpot_Contact_Id__c must be a unique external id"),
        ),
    ],
)
def test_the_salesforce_id_field_must_be_a_unique_external_id(fit, salesforce, finding):
    assert fit(schemas(salesforce=salesforce))[1] == [finding]


@pytest.mark.parametrize(
    ("hubspot", "fault"),
    [
        (["salesforce_record_id"], "does not exist or is hidden from the credentials; the bridge does without"),
        ([field("salesforce_record_id")], "must have unique values; the bridge does without it"),
    ],
)
def test_the_bridge_does_without_the_hubspot_id_property(fit, hubspot, fault):
    pair, findings = fit(schemas(hubspot))
    assert pair.hubspot_key is None
    assert findings == [f"warning 4 identity.hubspot_property: HubSpot contacts.salesforce_record_id {fault}"]


def test_a_required_field_must_be_filled_on_creation(fit):
    live = schemas([field("a")], [field("Company", required=True), field("Status", required=True)])
    _, findings = fit(live, "{hubspot: a, salesforce: Company}")
    assert findings == [
        ("warning 12 fields.x: Salesforce Lead.Company is required; without on_create, records lacking it are refused"),
        (
            "error 7 create.to_salesforce.Lead: Salesforce Lead.Status is required, and no rule fills it;"
            " map it, with on_create"
        ),
    ]


def test_a_match_field_that_is_missing_is_not_matched_by(fit):
    pair, findings = fit(schemas(["hs_additional_emails"]))
    assert pair.match[0].hubspot == ("email",)
    assert findings == [
        (
            "warning 6 match.email.hubspot: HubSpot contacts.hs_additional_emails does not exist or is"
            " hidden from the credentials; it is not matched by"
        )
    ]


def test_a_condition_on_a_missing_field_is_an_error_and_reads_blank(fit):
    pair, findings = fit(schemas(["score"]))
    assert pair.extra_fields == {Side.HUBSPOT: {}}
    assert findings == [
        (
            "error 8 also_read.hubspot.score: HubSpot contacts.score does not exist or is hidden from the"
            " credentials; conditions see it as blank"
        )
    ]
