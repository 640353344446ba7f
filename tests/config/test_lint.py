"""What is lawful in a shared definition and cannot be meant, and what the CRMs lack of it; what they lack sleeps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.config.definition import definition_of
from connector.config.findings import Finding, Severity
from connector.config.fitting import fitted_definition
from connector.config.init import write_starter
from connector.config.lint import lint
from connector.config.load import Loaded, load
from connector.core.journey import Verdict
from connector.core.refs import Side
from connector.core.values import Kind
from connector.ports import ObjectSchema, Option, Owner
from tests.config.conftest import Folder
from tests.config.definitions import HUBSPOT_STAGES, HUBSPOT_STATUSES, PLACES, SMALL, STAGE_LABELS, live, one

ENV = {"HUBSPOT_TOKEN": "t", "SALESFORCE_CLIENT_SECRET": "s"}
HUBSPOT, LEAD, CONTACT = PLACES
OFFERS = {
    "lifecyclestage": HUBSPOT_STAGES,
    "hs_lead_status": HUBSPOT_STATUSES,
    "HubSpot_Lifecycle_Stage__c": STAGE_LABELS,
}


@pytest.fixture
def shipped(tmp_path) -> Loaded:
    write_starter(tmp_path)
    return load(tmp_path / "config.yaml", ENV)


def schemas(loaded: Loaded) -> dict[Any, ObjectSchema]:
    """CRMs in which everything is there that the definition names, with the stages they ship with."""
    definition = definition_of(loaded)
    assert definition is not None
    return live(definition.watched, OFFERS)


def without(found: dict[Any, ObjectSchema], place: Any, *names: str) -> dict[Any, ObjectSchema]:
    kept = {name: end for name, end in found[place].fields.items() if name not in names}
    return found | {place: ObjectSchema(place[1], kept)}


def told(findings: list[Finding], *severities: Severity) -> list[str]:
    return [str(finding) for finding in findings if finding.severity in (severities or tuple(Severity))]


def of(folder: Folder, text: str) -> list[str]:
    """What is told of one lifecycle, the line of each row left out; without its having no handoff."""
    folder.write("mappings/lifecycle.yaml", text)
    return [line.partition(" ")[2] for line in told(lint(folder.load())) if "there is no `handoff`" not in line]


def test_what_ships_is_clean_and_fits_crms_that_have_its_fields(shipped):
    assert told(lint(shipped), Severity.ERROR, Severity.WARNING) == []
    found = lint(shipped, schemas(shipped))
    assert told(found, Severity.ERROR, Severity.WARNING) == []
    assert {finding.key for finding in found if finding.file.endswith("contacts.yaml")} == {"fields.lifecycle_stage"}
    fitted = fitted_definition(definition_of(shipped), schemas(shipped))
    assert fitted == replace(
        definition_of(shipped), **{name: getattr(fitted, name) for name in ("criteria", "deals", "personas", "handoff")}
    )
    assert fitted.personas.held_in == {Side.HUBSPOT: "smarketing_persona", Side.SALESFORCE: "Smarketing_Persona__c"}


def test_a_default_portal_and_an_org_without_any_field_of_ours_get_no_errors(shipped):
    bare = schemas(shipped)
    for place in PLACES:
        ours = [name for name in bare[place].fields if name.lower().startswith(("smarketing", "hubspot_lifecycle"))]
        bare = without(bare, place, *ours)
    found = lint(shipped, bare)
    assert told(found, Severity.ERROR, Severity.WARNING) == []
    assert any("Salesforce Lead.Smarketing_Why__c does not exist or is hidden" in line for line in told(found))
    fitted = fitted_definition(definition_of(shipped), bare)
    assert set(fitted.spellings) == {HUBSPOT}
    assert fitted.personas.held_in == {Side.HUBSPOT: None, Side.SALESFORCE: None}
    assert (fitted.handoff.why_field, fitted.handoff.touches_field) == (None, None)
    assert set(fitted.feedback.answers.verdict.values()) == {None}
    assert set(fitted.feedback.told.status.values()) == {None}
    assert {
        name for fields in fitted.watched.values() for name in fields if name.lower().startswith("smarketing")
    } == set()


def test_a_field_that_only_one_object_has_is_watched_there_alone(shipped):
    fitted = fitted_definition(definition_of(shipped), without(schemas(shipped), CONTACT, "Smarketing_Why__c"))
    assert fitted.handoff.why_field == "Smarketing_Why__c"
    assert "Smarketing_Why__c" in fitted.watched[LEAD]
    assert "Smarketing_Why__c" not in fitted.watched[CONTACT]


def test_a_stage_sleeps_where_its_field_is_missing_or_its_value_is_not_offered(shipped):
    lacking = without(schemas(shipped), HUBSPOT, "hs_lead_status")
    stage = one("HubSpot_Lifecycle_Stage__c", Kind.PICKLIST, [label for label in STAGE_LABELS if label != "SAL"])
    lacking[LEAD] = ObjectSchema("Lead", lacking[LEAD].fields | {stage.name: stage})
    fitted = fitted_definition(definition_of(shipped), lacking)
    assert [spelling.stage for spelling in fitted.spellings[HUBSPOT]] == [
        *("subscriber", "lead", "mql", "sql", "opportunity", "customer", "evangelist")
    ]
    assert "sal" not in {spelling.stage for spelling in fitted.spellings[LEAD]}
    assert "sal" in {spelling.stage for spelling in fitted.spellings[CONTACT]}


def test_a_spelling_that_the_picklist_does_not_offer_is_an_error_with_what_is_near(shipped):
    found = schemas(shipped)
    stages = one("lifecyclestage", Kind.PICKLIST, ["subscribers", *HUBSPOT_STAGES[1:], "partner"])
    found[HUBSPOT] = ObjectSchema("contacts", found[HUBSPOT].fields | {stages.name: stages})
    lines = lint(shipped, found)
    (error,) = told(lines, Severity.ERROR)
    assert "lifecycle.stages.subscriber.hubspot" in error
    assert "HubSpot contacts.lifecyclestage does not offer 'subscriber'; did you mean 'subscribers'?" in error
    assert any(
        "lifecyclestage offers 'subscribers', 'partner' too, which tells no stage" in line for line in told(lines)
    )


def test_answers_reasons_and_personas_that_a_picklist_does_not_offer_are_told(shipped):
    found = schemas(shipped)
    ends = {
        "Smarketing_Answer__c": ("Accepted", "Rejected", "Recycled", "Disqualify"),
        "Smarketing_Reason__c": [reason.label for reason in shipped.feedback.written.reasons.values()][1:],
        "Smarketing_Persona__c": ("Executive", "Technical", "Marketing", "Sales"),
    }
    for place in (LEAD, CONTACT):
        changed = {name: one(name, Kind.PICKLIST, offers) for name, offers in ends.items()}
        found[place] = ObjectSchema(place[1], found[place].fields | changed)
    warnings = told(lint(shipped, found), Severity.WARNING)
    assert len(warnings) == 6
    assert any(
        "Lead.Smarketing_Answer__c does not offer 'Disqualified'; did you mean 'Disqualify'?" in one for one in warnings
    )
    assert any(
        "feedback.reasons.unreachable: Salesforce Contact.Smarketing_Reason__c does not offer" in one
        for one in warnings
    )
    assert any("personas.rules.technical: " in one and "did you mean 'Technical'?" in one for one in warnings)


def test_details_are_asked_for_only_where_some_of_them_are_offered(shipped):
    found = schemas(shipped)
    labels = [reason.label for reason in shipped.feedback.written.reasons.values()]
    reasons = one("Smarketing_Reason__c", Kind.PICKLIST, [*labels, "Not a fit: size"])
    found[LEAD] = ObjectSchema("Lead", found[LEAD].fields | {reasons.name: reasons})
    warnings = told(lint(shipped, found), Severity.WARNING)
    assert [line.partition("offer ")[2].partition(";")[0] for line in warnings] == [
        *("'Not a fit: industry'", "'Not a fit: geography'", "'Not a fit: product'")
    ]


def test_fields_of_another_type_or_that_nobody_may_write_are_told_and_sleep(shipped):
    found = schemas(shipped)
    ends = {
        "smarketing_revisit_on": one("smarketing_revisit_on", Kind.BOOLEAN),
        "smarketing_loops": one("smarketing_loops", Kind.NUMBER, creatable=False, updatable=False),
    }
    found[HUBSPOT] = ObjectSchema("contacts", found[HUBSPOT].fields | ends)
    assert [line.partition("hubspot: ")[2] for line in told(lint(shipped, found), Severity.WARNING)] == [
        "HubSpot contacts.smarketing_revisit_on is of type boolean, which holds no date, so this sleeps",
        "HubSpot contacts.smarketing_loops is read-only, so nothing can be told there",
    ]
    fitted = fitted_definition(definition_of(shipped), found)
    assert fitted.feedback.answers.revisit == {Side.HUBSPOT: None, Side.SALESFORCE: "Smarketing_Revisit_On__c"}


def test_an_inactive_choice_is_not_offered(shipped):
    found = schemas(shipped)
    stages = replace(
        found[HUBSPOT].fields["lifecyclestage"],
        options=tuple(Option(value, value, active=value != "evangelist") for value in HUBSPOT_STAGES),
    )
    found[HUBSPOT] = ObjectSchema("contacts", found[HUBSPOT].fields | {stages.name: stages})
    assert "does not offer 'evangelist'" in told(lint(shipped, found), Severity.ERROR)[0]


def test_names_in_the_handoff_that_nobody_has_are_told(folder: Folder):
    handoff = "  handoff: {stages: mql, pools: {inbound: {owners: [a@x.test, b@x.test]}}, fallback: Desk}\n"
    folder.write("mappings/lifecycle.yaml", SMALL + handoff)
    owners = {Side.HUBSPOT: (), Side.SALESFORCE: (Owner("005000000000001AAA", "a@x.test", "Ada"),)}
    found = told(lint(folder.load(), owners=owners), Severity.WARNING)
    assert [line.partition(": ")[0].partition(" ")[2] for line in found] == [
        "lifecycle.handoff.pools.inbound.owners",
        "lifecycle.handoff.fallback",
    ]
    assert "no active user or queue 'b@x.test'" in found[0]


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        (
            "  moves:",
            "  first: mql\n  moves:",
            "lifecycle.stages.lead: nobody can get here: `first` does not list it, and no way leads to it from there",
        ),
        (
            "{lifecyclestage: mql}",
            "{lifecyclestage: lead}",
            "lifecycle.stages.mql.hubspot: HubSpot contacts tells mql just as it tells lead; give one of them another",
        ),
        (
            "Contact: {Contact_Stage__c: MQL}",
            "",
            "lifecycle.stages.mql: Salesforce Contact cannot tell this stage; who is in it, shows another there",
        ),
        (
            "[marketing, automatic]}",
            "marketing}\n  converted: mql",
            "lifecycle.converted: moves nobody: `moves` has no automatic way that needs nothing to that stage",
        ),
        (
            "{lifecyclestage: lead}",
            "{lifecyclestage: lead}\n      criteria: hubspot.email != null",
            "lifecycle.stages.lead.criteria: moves nobody: `moves` has no automatic way that needs nothing here",
        ),
        (
            "  moves:",
            "  handoff: {stages: mql}\n  moves:",
            "lifecycle.handoff: has neither rules nor a fallback, so nobody gets anybody; name a queue or a pool",
        ),
        (
            "  moves:",
            "  handoff: {stages: lead, fallback: Desk}\n  moves:",
            "lifecycle.handoff.stages: no way leads to lead, so nobody is ever handed over there",
        ),
    ],
)
def test_what_works_and_leads_nowhere_is_told(folder: Folder, right, wrong, expected):
    assert right in SMALL
    found = of(folder, SMALL.replace(right, wrong, 1))
    assert any(line.startswith(expected) for line in found), found


def test_ways_that_nobody_decided_about_are_listed_until_somebody_has(folder: Folder):
    message = (
        "nothing is decided from mql to lead, so nobody may go there; add a row, or one with kind: never to say that"
    )
    assert any(message in line for line in of(folder, SMALL))
    assert not any(message in line for line in of(folder, SMALL + "    - {from: mql, to: lead, kind: never}\n"))


FEEDBACK = """\
feedback:
  answer: {verdict: {salesforce: Answer__c}}
  verdicts:
    accept: {leads_to: sal}
    recycle: {leads_to: recycled, needs: reason}
  reasons:
    timing: {label: Timing, verdicts: recycle, class: recycle, cool_down_days: 30, re_enter: mql}
"""
STAGE = """\
    %s:
      name: %s
      definition: So.
      band: mofu
      team: sales
      hubspot: {lifecyclestage: %s}
      salesforce: {Stage__c: %s}
"""
WAYS = """\
    - {from: mql, to: sal, kind: forward, by: sales}
    - {from: mql, to: recycled, kind: recycle, by: sales, needs: reason}
    - {from: recycled, to: mql, kind: re_enter, by: automatic}
  handoff: {stages: mql, fallback: Desk}
"""


@pytest.mark.parametrize(
    ("file", "right", "wrong", "expected"),
    [
        ("lifecycle", "", "", None),
        (
            "lifecycle",
            "kind: forward, by: sales",
            "kind: forward, by: marketing",
            "where `moves` does not let sales go",
        ),
        (
            "lifecycle",
            "    - {from: mql, to: sal, kind: forward, by: sales}\n",
            "",
            "leads from mql to sal, where `moves` has no way",
        ),
        (
            "lifecycle",
            "by: sales, needs: reason",
            "by: sales, needs: [reason, comment]",
            "does not need comment, but the way from mql",
        ),
        (
            "lifecycle",
            "kind: re_enter, by: automatic",
            "kind: re_enter, by: sales",
            "`moves` has no automatic way from recycled to mql",
        ),
        ("feedback", "cool_down_days: 30, ", "", "comes back at once; give it cool_down_days"),
        (
            "feedback",
            "verdicts: recycle, class",
            "verdicts: accept, class",
            "needs a reason, but no reason may be given with it",
        ),
    ],
)
def test_answers_that_would_be_refused_are_told(folder: Folder, file, right, wrong, expected):
    stages = "".join(STAGE % ((name,) * 4) for name in ("sal", "recycled"))
    texts = {"lifecycle": SMALL.replace("  moves:\n", f"{stages}  moves:\n") + WAYS, "feedback": FEEDBACK}
    assert right in texts[file]
    texts[file] = texts[file].replace(right, wrong, 1)
    for name, text in texts.items():
        folder.write(f"mappings/{name}.yaml", text)
    found = [line for line in told(lint(folder.load()), Severity.WARNING) if "feedback.yaml" in line]
    assert len(found) == (1 if expected else 0), found
    assert expected is None or expected in found[0]


def test_personas_and_feedback_without_a_lifecycle_say_that_they_do_nothing(folder: Folder):
    folder.write("mappings/feedback.yaml", FEEDBACK)
    assert told(lint(folder.load())) == [
        "mappings/feedback.yaml:1 feedback: does nothing without a lifecycle.yaml beside it"
    ]
    assert Verdict.ACCEPT in folder.load().feedback.written.verdicts
