"""The shared definition as compiled: what ships, short forms, what is watched, which rules rest, the digest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.config.compile import compile_mappings
from connector.config.definition import definition_of
from connector.config.handing import pools_of
from connector.config.init import write_starter
from connector.config.load import Loaded, load
from connector.core.definition import Definition, OnUnlawful, ReasonClass, Spelling
from connector.core.journey import Verdict
from connector.core.lifecycle import Band, Kind, Move, Mover, Need, cells
from connector.core.refs import Side
from connector.core.situation import Situation
from connector.core.values import Kind as FieldKind
from connector.ports import Owner
from tests.config.conftest import Folder
from tests.config.definitions import PLACES, SMALL

ENV = {"HUBSPOT_TOKEN": "t", "SALESFORCE_CLIENT_SECRET": "s"}
HUBSPOT, LEAD, CONTACT = PLACES


@pytest.fixture
def shipped(tmp_path) -> Loaded:
    write_starter(tmp_path)
    return load(tmp_path / "config.yaml", ENV)


@pytest.fixture
def definition(shipped) -> Definition:
    found = definition_of(shipped)
    assert found is not None
    return found


def test_the_shipped_lifecycle_has_the_stages_and_decides_about_every_way(shipped, definition):
    bands = {name: stage.band for name, stage in definition.lifecycle.stages.items()}
    assert bands == {
        **dict.fromkeys(("subscriber", "lead"), Band.TOFU),
        **dict.fromkeys(("mql", "sal"), Band.MOFU),
        **dict.fromkeys(("sql", "opportunity"), Band.BOFU),
        **dict.fromkeys(("customer", "evangelist"), Band.AFTER),
        **dict.fromkeys(("recycled", "disqualified"), Band.BESIDE),
    }
    assert definition.lifecycle.reachable() == set(bands)
    decided = shipped.lifecycle.written.decided()
    assert [(start, end) for start, end, _ in cells(definition.lifecycle) if (start, end) not in decided] == []
    assert definition.on_unlawful is OnUnlawful.PUT_BACK


@pytest.mark.parametrize(
    ("start", "end", "move"),
    [
        ("lead", "mql", Move(Kind.FORWARD, frozenset({Mover.MARKETING, Mover.AUTOMATIC}))),
        ("mql", "sal", Move(Kind.FORWARD, frozenset({Mover.SALES}))),
        ("mql", "recycled", Move(Kind.RECYCLE, frozenset({Mover.SALES, Mover.AUTOMATIC}), frozenset({Need.REASON}))),
        ("recycled", "mql", Move(Kind.RE_ENTER, frozenset({Mover.MARKETING, Mover.AUTOMATIC}))),
        ("sal", "mql", None),
        ("disqualified", "mql", None),
        ("customer", "evangelist", Move(Kind.FORWARD, frozenset({Mover.MARKETING, Mover.SALES}))),
    ],
)
def test_shipped_ways(definition, start, end, move):
    assert definition.lifecycle.moves.get((start, end)) == move


def test_each_place_tells_the_shipped_stages(definition):
    assert set(definition.spellings) == set(PLACES)
    for spellings in definition.spellings.values():
        assert {one.stage for one in spellings} == set(definition.lifecycle.stages)
    sql = [one for one in definition.spellings[HUBSPOT] if one.stage == "sql"]
    assert sql == [
        Spelling("sql", {"lifecyclestage": ("salesqualifiedlead",), "hs_lead_status": ("CONNECTED",)}),
        Spelling("sql", {"lifecyclestage": ("salesqualifiedlead",)}),
    ]


def test_the_shipped_reasons_have_their_properties(definition):
    reasons = definition.feedback.reasons
    finer = {f"not_a_fit_{one}" for one in ("size", "industry", "geography", "product")}
    finer |= {f"junk_{one}" for one in ("student", "partner", "job_seeker", "competitor")}
    assert len(set(reasons) - finer) == 10
    timing = reasons["timing"]
    assert (timing.group, timing.cool_down, timing.re_enter) == (ReasonClass.RECYCLE, timedelta(days=90), "mql")
    assert timing.needs == {Need.REVISIT}
    assert not timing.counts_against_marketing
    assert reasons["unreachable"].after_attempts == 5
    size = reasons["not_a_fit_size"]
    assert (size.label, size.group, size.verdicts) == (
        "Not a fit: size",
        ReasonClass.REJECT,
        reasons["not_a_fit"].verdicts,
    )
    values = definition.feedback.answers.reasons
    assert values[Side.HUBSPOT]["not_a_fit_size"] == "not_a_fit_size"
    assert values[Side.SALESFORCE]["junk_job_seeker"] == "Junk: job seeker"
    assert values[Side.SALESFORCE]["competitor"] == "Competitor or locked in"
    assert definition.feedback.leads_to == {
        Verdict.ACCEPT: "sal",
        Verdict.REJECT: "recycled",
        Verdict.RECYCLE: "recycled",
        Verdict.DISQUALIFY: "disqualified",
    }


@pytest.mark.parametrize(
    ("title", "persona"),
    [
        ("Chief Marketing Officer", "executive"),
        ("managing director EMEA", "executive"),
        ("Head of IT", "technical"),
        ("Senior Software Engineer", "technical"),
        ("Growth Lead", "marketing"),
        ("Sales Manager", "sales"),
        ("Gardener", None),
        ("Editor", None),
        (None, None),
    ],
)
def test_the_shipped_personas_go_by_the_job_title(definition, title, persona):
    here = Situation(fields={Side.HUBSPOT: {"jobtitle": title}})
    assert next((rule.persona for rule in definition.personas.rules if rule.when.holds(here)), None) == persona


def test_every_field_named_anywhere_is_watched_with_its_kind(definition):
    contact = definition.watched[HUBSPOT]
    assert contact["lifecyclestage"] is FieldKind.PICKLIST
    assert contact["smarketing_revisit_on"] is FieldKind.DATE
    assert contact["smarketing_feedback_at"] is FieldKind.DATETIME
    assert contact["hubspotscore"] is FieldKind.NUMBER  # "why this lead" tells it
    assert contact["jobtitle"] is FieldKind.TEXT  # personas ask for it
    for place in (LEAD, CONTACT):
        assert definition.watched[place]["OwnerId"] is FieldKind.OWNER
        assert definition.watched[place]["Smarketing_Why__c"] is FieldKind.TEXT


def test_fields_that_others_ask_for_are_watched_where_a_rule_maps_them(shipped):
    found = definition_of(shipped, watched={Side.SALESFORCE: {"Company": FieldKind.TEXT, "Rating": FieldKind.TEXT}})
    assert ("Company" in found.watched[LEAD], "Company" in found.watched[CONTACT]) == (True, False)
    assert "Rating" in found.watched[LEAD]
    assert "Rating" in found.watched[CONTACT]


def test_short_forms_mean_what_they_say(folder: Folder):
    folder.write("mappings/lifecycle.yaml", SMALL)
    found = definition_of(folder.load())
    assert found.lifecycle.first == {"lead", "mql"}
    assert found.spellings[LEAD] == (
        Spelling("lead", {"Stage__c": ("Lead",)}),
        Spelling("mql", {"Stage__c": ("MQL", "Marketing")}),
    )
    assert found.spellings[CONTACT][1] == Spelling("mql", {"Contact_Stage__c": ("MQL",)})
    assert "Contact_Stage__c" not in found.watched[LEAD]
    assert (found.personas, found.handoff, found.feedback) == (None, None, None)


HANDOFF = """\
  handoff:
    stages: mql
    rules:
      rich: {when: hubspot.email != null, pool: inbound}
    pools:
      inbound: {owners: [ada@acme.test, gone@acme.test, bridge@acme.test, New Leads], per_day: 3, zone: Europe/Berlin}
    fallback: New Leads
    never: ben@acme.test
"""


def test_owners_become_ids_once_salesforce_is_connected_and_who_cannot_own_drops_out(folder: Folder):
    folder.write("mappings/lifecycle.yaml", SMALL + HANDOFF.replace("never: ben@acme.test", "never: [ben@acme.test]"))
    people = (
        Owner("005000000000001AAA", "ada@acme.test", "Ada"),
        Owner("005000000000002AAA", "gone@acme.test", "Gone", active=False),
        Owner("005000000000003AAA", "bridge@acme.test", "Bridge", ours=True),
        Owner("005000000000004AAA", "ben@acme.test", "Ben"),
        Owner("00G000000000001AAA", "", "New Leads", queue=True),
    )
    owners = {Side.HUBSPOT: (), Side.SALESFORCE: people}
    handoff = definition_of(folder.load(), owners).handoff
    pool = handoff.rules[0].pool
    assert pool.owners == ("005000000000001AAA", "00G000000000001AAA")
    assert (pool.per_day, pool.zone) == (3, "Europe/Berlin")
    assert handoff.fallback.owners == ("00G000000000001AAA",)
    assert handoff.never == {"005000000000003AAA", "005000000000004AAA"}
    assert pools_of(folder.load(), None)["inbound"].owners[0] == "ada@acme.test"


def test_rules_rest_that_touch_a_field_of_the_lifecycle_and_only_while_it_is_on(folder: Folder):
    mapping = (folder.path / "mappings" / "people.yaml").read_text()
    rule = "  stage: {hubspot: stage, salesforce: {Lead: Stage__c, Contact: Other_Stage__c}}\n"
    folder.write(
        "mappings/people.yaml", mapping.replace("fields:", "scope: {when: salesforce.Stage__c != 'x'}\nfields:") + rule
    )

    def rules() -> list[list[str]]:
        return [[rule.name for rule in pair.rules] for pair in folder.compile().pairs]

    assert rules() == [["email", "stage"], ["email", "stage"]]
    folder.write("mappings/lifecycle.yaml", SMALL)
    assert rules() == [["email"], ["email", "stage"]]
    lead, contact = folder.compile().pairs
    assert lead.extra_fields == {Side.SALESFORCE: {"Stage__c": FieldKind.TEXT}}  # the scope still asks for it
    assert contact.extra_fields == {}
    folder.write("mappings/lifecycle.yaml", SMALL.replace("mapping: people", "mapping: people\n  enabled: false"))
    assert rules() == [["email", "stage"], ["email", "stage"]]


def test_the_digest_changes_with_what_both_teams_agreed_on_but_not_with_comments(folder: Folder):
    bare = folder.load().digest
    folder.write("mappings/lifecycle.yaml", SMALL)
    small, version = folder.load().digest, definition_of(folder.load()).version
    folder.write("mappings/lifecycle.yaml", "# agreed in May\n" + SMALL)
    assert (folder.load().digest, definition_of(folder.load()).version) == (small, version)
    folder.write("mappings/lifecycle.yaml", SMALL.replace("Fits.", "Fits well."))
    assert folder.load().digest not in (bare, small)
    assert definition_of(folder.load()).version != version
    folder.write("mappings/lifecycle.yaml", SMALL.replace("mapping: people", "mapping: people\n  enabled: false"))
    assert folder.load().digest == bare
    assert definition_of(folder.load()) is None


def test_a_file_that_extends_the_default_changes_what_it_names(tmp_path):
    write_starter(tmp_path)
    (tmp_path / "mappings" / "lifecycle.yaml").write_text(
        "extends: default\n"
        "lifecycle:\n"
        "  stages:\n"
        "    mql: {name: Qualified, hubspot: {lifecyclestage: '12345'}, criteria: hubspot.hubspotscore >= 50}\n"
        "    customer: {deal: null}\n"
    )
    found = definition_of(load(tmp_path / "config.yaml", ENV))
    assert found.lifecycle.stages["mql"].name == "Qualified"
    assert [one for one in found.spellings[HUBSPOT] if one.stage == "mql"] == [
        Spelling("mql", {"lifecyclestage": ("12345",)})
    ]
    assert set(found.criteria) == {"mql"}
    assert set(found.deals) == {"opportunity"}
    assert len(found.lifecycle.stages) == 10
    assert compile_mappings(load(tmp_path / "config.yaml", ENV)).pairs


@pytest.mark.parametrize("name", ["lifecycle", "personas", "feedback"])
def test_a_file_that_only_extends_the_default_says_the_same(tmp_path, name):
    write_starter(tmp_path)
    shipped = getattr(load(tmp_path / "config.yaml", ENV), name).written
    (tmp_path / "mappings" / f"{name}.yaml").write_text(f"extends: default\n{name}: {{}}\n")
    assert getattr(load(tmp_path / "config.yaml", ENV), name).written == shipped


def test_of_deals_that_are_kept_in_step_salesforces_count(tmp_path):
    write_starter(tmp_path)
    assert definition_of(load(tmp_path / "config.yaml", ENV)).deals_of is None
    deals = tmp_path / "mappings" / "deals.yaml"
    deals.write_text(deals.read_text().replace("enabled: false", "enabled: true"))
    assert definition_of(load(tmp_path / "config.yaml", ENV)).deals_of is Side.SALESFORCE
