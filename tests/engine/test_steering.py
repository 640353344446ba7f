"""What both teams agreed on is carried out: seen, decided once, written with everything else, and looked at again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connector import ports
from connector.core.mapping import Policy
from connector.core.plan import IssueKind
from connector.core.refs import id18
from connector.core.values import Kind
from connector.engine import commands, planfile, sync
from connector.engine.cases import cases_of
from tests.core.courses import ANNE, BOB
from tests.engine.agreeing import (
    AGREED,
    agree,
    both,
    decisions,
    hand_over,
    handed,
    in_hubspot,
    in_salesforce,
    journey,
    never,
    sights,
)
from tests.engine.agreeing import timer as next_timer
from tests.engine.town import Town, pair, rule

HOUR = timedelta(hours=1)


def test_a_stage_reaches_the_other_side_in_the_one_write_that_makes_the_record(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead", title="CFO")
    assert [(operation, ref) for operation, ref, _ in agreed.salesforce.log] == [("create", lead)]
    assert in_salesforce(agreed, lead)["Stage"] == "LEAD"
    assert in_salesforce(agreed, lead)["Persona"] == "The Buyer"
    assert in_hubspot(agreed, contact)["persona"] == "buyer"


def test_what_was_told_to_a_new_record_is_no_word_of_sales(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    agreed.salesforce.edit(lead, Title="CEO")
    agreed.once()
    assert sights(agreed, lead) == [("Told", {"Stage": "LEAD"}), ("Seen", {"Stage": "LEAD"})]
    assert decisions(agreed, contact, lead) == ["lead"]


def test_who_is_handed_over_gets_an_owner_and_the_why_in_one_write_a_record(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead", title="CFO")
    before = agreed.writes()
    hand_over(agreed, contact)
    assert agreed.writes() - before == 2
    assert decisions(agreed, contact, lead) == ["lead", "mql", f"to {ANNE}"]
    told = in_salesforce(agreed, lead)
    assert (told["Stage"], told["OwnerId"], told["Status"]) == ("MQL", ANNE, "waiting")
    assert told["Why"] == "MQL: criteria hold: score >= 50\nPersona: Buyer\nScore of 50 or more"
    assert in_hubspot(agreed, contact)["life"] == "mql"


def test_a_second_pass_writes_nothing_and_adds_nothing(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead", title="CFO")
    hand_over(agreed, contact)
    agreed.once()
    writes, entries = agreed.writes(), journey(agreed, contact, lead)
    agreed.once()
    agreed.full()
    assert agreed.writes() == writes
    assert journey(agreed, contact, lead) == entries


def test_the_echo_of_what_was_told_is_noted_without_another_look(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    hand_over(agreed, contact)
    run = agreed.once()
    assert run.counts["considered"] == 0
    assert sights(agreed, lead)[-1] == (
        "Seen",
        {
            "Stage": "MQL",
            "OwnerId": ANNE,
            "Why": "MQL: criteria hold: score >= 50\nScore of 50 or more",
            "Status": "waiting",
        },
    )


def test_a_watched_field_that_no_rule_maps_has_its_person_looked_at(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    agreed.once()
    agreed.salesforce.edit(lead, Stage="SAL")
    assert agreed.once().counts["considered"] == 1
    assert decisions(agreed, contact, lead) == ["lead", "sal"]
    assert in_hubspot(agreed, contact)["life"] == "sql"
    assert in_hubspot(agreed, contact)["status"] == "OPEN"


def test_a_stage_set_back_to_what_it_was_is_seen(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    agreed.salesforce.edit(lead, Stage="SAL")
    agreed.once()
    agreed.once()
    agreed.hubspot.edit(contact, life="lead", status=None)
    run = agreed.once()
    assert run.counts["unlawful_move"] == 1
    assert decisions(agreed, contact, lead) == ["lead", "sal", "not lead"]
    assert in_hubspot(agreed, contact)["life"] == "sql"


def test_an_unlawful_stage_is_shown_and_no_longer_once_it_is_put_right(agreed: Town) -> None:
    _contact, lead = both(agreed, life="lead")
    agreed.salesforce.edit(lead, Stage="CUSTOMER")
    agreed.once()
    (shown,) = agreed.issues()
    assert shown.issue.kind is IssueKind.UNLAWFUL
    assert in_salesforce(agreed, lead)["Stage"] == "LEAD"
    agreed.salesforce.edit(lead, Stage="SAL")
    agreed.once()
    assert agreed.issues() == []


def test_without_an_agreement_there_are_no_journeys(town: Town) -> None:
    contact, lead = both(town)
    assert journey(town, contact, lead) == []
    assert next_timer(town) is None


def test_who_was_there_before_the_lifecycle_is_history_and_handed_to_nobody(town: Town) -> None:
    agree(town)
    town.bridge = replace(town.bridge, agreement=None)
    contact, lead = both(town, life="mql")
    agree(town, since=town.clock.now() + HOUR)
    town.full()
    assert decisions(town, contact, lead) == ["mql"]
    assert in_salesforce(town, lead).get("OwnerId") is None


def test_the_lifecycle_wins_over_a_rule_of_the_mapping(agreed: Town) -> None:
    rules = (*pair("Lead").rules, rule("why", "form", "Why"))
    agreed.remapped(pair("Lead", rules=rules), pair("Contact", rules=rules))
    contact, lead = both(agreed, life="lead", form="demo")
    assert in_salesforce(agreed, lead)["Why"] == "demo"
    agreed.hubspot.edit(contact, score="60", form="price list")
    agreed.once()
    assert (
        in_salesforce(agreed, lead)["Why"]
        == "MQL: criteria hold: score >= 50\nScore of 50 or more\nLast form: price list"
    )


def test_who_is_given_to_a_rep_has_that_rep_on_both_sides_after_one_run(agreed: Town) -> None:
    agreed.hubspot.schemas["contacts"] = {**agreed.hubspot.schemas["contacts"], "hubspot_owner_id": Kind.TEXT}
    rules = (*pair("Lead").rules, rule("owner", "hubspot_owner_id", "OwnerId", policy=Policy.SALESFORCE))
    agreed.remapped(pair("Lead", rules=rules), pair("Contact", rules=rules))
    contact, lead = both(agreed, life="lead", hubspot_owner_id=BOB)
    hand_over(agreed, contact)
    assert in_salesforce(agreed, lead)["OwnerId"] == ANNE
    assert in_hubspot(agreed, contact)["hubspot_owner_id"] == ANNE


def test_who_is_handed_over_gets_a_record_though_the_mapping_makes_none(agreed: Town) -> None:
    agreed.remapped(pair("Lead", create_in_salesforce=never), pair("Contact"))
    contact = agreed.contact(email="ann@x.com", lastname="Archer", life="lead")
    agreed.full()
    assert agreed.links() == []
    hand_over(agreed, contact)
    ((_, lead),) = agreed.links()
    assert in_salesforce(agreed, lead)["OwnerId"] == ANNE
    assert in_salesforce(agreed, lead)["Stage"] == "MQL"
    assert agreed.once().counts["raced"] == 0


def test_why_a_handed_over_person_has_no_record_is_shown_until_one_can_be_made(agreed: Town) -> None:
    agreed.remapped(pair("Lead", create_in_salesforce=never), pair("Contact"))
    contact = agreed.contact(
        email="ann@x.com", lastname="Archer", life="mql", salesforce_record_id=id18("00Q000000000099")
    )
    agreed.full()
    (shown,) = [stored.issue for stored in agreed.issues() if stored.issue.code == "NO_RECORD"]
    assert shown.refs == (contact,)
    assert "carries the id" in shown.reason
    agreed.hubspot.edit(contact, salesforce_record_id=None)
    agreed.once()
    assert [known for known, _ in agreed.links()] == [contact]
    assert agreed.issues() == []


def test_a_person_without_a_salesforce_record_has_a_stage_all_the_same(agreed: Town) -> None:
    agreed.remapped(pair("Lead", create_in_salesforce=never), pair("Contact"))
    contact = agreed.contact(email="ann@x.com", lastname="Archer", life="lead", title="CFO")
    agreed.full()
    assert decisions(agreed, contact) == ["lead"]
    assert in_hubspot(agreed, contact)["persona"] == "buyer"


def test_who_is_kept_apart_or_out_of_scope_is_left_alone(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    commands.unlink(agreed.bridge, contact, "a test")
    entries = len(journey(agreed, contact, lead))
    hand_over(agreed, contact)
    assert len(journey(agreed, contact, lead)) == entries
    outsider = agreed.contact(email="bob@x.com", lastname="Bo", life="mql")
    agreed.remapped(pair("Lead", in_scope=never), pair("Contact", in_scope=never))
    agreed.once()
    assert journey(agreed, outsider) == []


def test_a_refused_value_is_not_sent_again_and_stays_shown(agreed: Town) -> None:
    refusal = ports.Rejection("Stage", "INVALID_OPTION", "no such value", "add it")
    agreed.salesforce.refusals["Lead", "Stage", "LEAD"] = refusal
    contact, lead = both(agreed, life="lead")
    agreed.salesforce.edit(lead, Title="CEO")
    agreed.once()
    writes = len(agreed.salesforce.log)
    agreed.full()
    (shown,) = agreed.issues()
    assert (shown.issue.kind, shown.issue.field, shown.issue.value) == (IssueKind.PARKED, "Stage", "LEAD")
    assert len(agreed.salesforce.log) == writes
    assert decisions(agreed, contact, lead) == ["lead"]
    agreed.salesforce.refusals.clear()
    commands.unpark(agreed.bridge, [shown.id], "a test")
    agreed.once()
    assert in_salesforce(agreed, lead)["Stage"] == "LEAD"
    assert agreed.issues() == []


def test_a_value_its_side_rewrites_is_not_written_for_ever(agreed: Town) -> None:
    agreed.salesforce.rewrite["Lead", "Why"] = lambda value: value and value[:5]
    contact, lead = both(agreed, life="lead")
    hand_over(agreed, contact)
    writes = agreed.writes()
    for _ in range(3):
        assert agreed.once().counts["considered"] == 0
    assert agreed.writes() == writes
    assert in_salesforce(agreed, lead)["Why"] == "MQL: "


def test_a_plan_on_paper_shows_what_follows_and_remembers_nothing(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    agreed.once()
    entries = journey(agreed, contact, lead)
    agreed.hubspot.edit(contact, score="60")
    (case,) = cases_of(agreed.bridge, [contact])
    told = {change.field: change for step in case.plan.steps for change in step.changes}
    assert told["Stage"].after == "MQL"
    assert "by automatic" in told["Stage"].evidence
    assert told["OwnerId"].rule == "handoff"
    assert journey(agreed, contact, lead) == entries
    assert next_timer(agreed) is None


def test_a_saved_plan_is_carried_out_though_another_rep_has_the_turn_by_then(agreed: Town) -> None:
    contact, _ = both(agreed, life="lead")
    agreed.hubspot.edit(contact, score="60", lastname="Other")
    (case,) = cases_of(agreed.bridge, [contact])
    line = planfile.line(case)
    row = planfile.PlannedRecord(tuple(case.refs), line["records"], planfile._deeds(line["steps"]))
    handed(agreed, ANNE)
    with sync.recorded(agreed.bridge, "apply", "a test", approved=True) as run:
        planfile.apply_saved(agreed.bridge, [row], run)
    assert decisions(agreed, contact)[-1] == f"to {BOB}"
    assert run.skipped == []


def test_another_definition_owes_a_look_at_everybody(agreed: Town) -> None:
    _contact, _lead = both(agreed, life="lead", score="20")
    agreed.sync()
    agree(agreed, version="v2", criteria={"mql": AGREED.criteria["mql"]})
    assert agreed.sync().counts["considered"] == 1
    assert agreed.sync().counts["considered"] == 0


def test_a_persona_chosen_by_hand_is_told_on(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead", title="CFO")
    commands.name_persona(agreed.bridge, contact, "user", "a test")
    agreed.once()
    assert in_salesforce(agreed, lead)["Persona"] == "The User"
    assert in_hubspot(agreed, contact)["persona"] == "user"
