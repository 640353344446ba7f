"""What both teams agreed on is carried out: seen, decided once, written with everything else, and looked at again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from connector import ports
from connector.core.definition import Pool
from connector.core.journey import Channel, Dealt, Entry, Named, Touched
from connector.core.mapping import Policy
from connector.core.plan import IssueKind
from connector.core.refs import Ref, id18
from connector.core.values import Kind
from connector.engine import apply as applying
from connector.engine import commands, planfile, sync
from connector.engine.cases import cases_of
from connector.engine.rota import Rota
from connector.engine.run import Run
from connector.errors import Transient
from connector.storage import dirty, effects, journeys, timers
from tests.contract.fake_side import Fault
from tests.core.courses import ANNE, BOB, HANDOFF, HS, POOL, ROBOT
from tests.engine.agreeing import AGREED, agree, both, decisions, effects_of, in_hubspot, in_salesforce, journey, sights
from tests.engine.agreeing import timer as next_timer
from tests.engine.town import BACK, Town, pair, rule

HOUR = timedelta(hours=1)


@pytest.fixture
def agreed(town: Town) -> Town:
    agree(town)
    return town


def hand_over(town: Town, contact: Ref) -> Run:
    town.hubspot.edit(contact, score="60")
    return town.once()


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


def never(*_: object) -> bool:
    return False


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


# Workers, crashes, lost answers.


def meanwhile(town: Town, monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Something happens once, between the planning and the writing of a batch."""
    waiting = [act]
    real = applying._prepare

    def prepare(*args: Any) -> Any:
        while waiting:
            waiting.pop()()
        return real(*args)

    monkeypatch.setattr(applying, "_prepare", prepare)


def test_a_journey_that_has_gone_on_meanwhile_is_looked_at_again(agreed: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    contact, lead = both(agreed, life="lead")
    agreed.hubspot.edit(contact, score="60")

    def named() -> None:
        with agreed.database.begin() as conn:
            now = agreed.clock.now()
            journeys.append(conn, [Entry(contact, now, now, Named("user"))])

    meanwhile(agreed, monkeypatch, named)
    run = agreed.once()
    assert run.counts["raced"] == 1
    assert decisions(agreed, contact, lead) == ["lead", "mql", f"to {ANNE}"]
    assert in_salesforce(agreed, lead)["Persona"] == "The User"


def test_a_decision_that_another_worker_took_at_the_same_moment_is_taken_once(
    agreed: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact, lead = both(agreed, life="lead")
    agreed.hubspot.edit(contact, score="60")
    (mine,) = cases_of(agreed.bridge, [contact])
    agreed.once()
    monkeypatch.setattr(journeys, "latest", lambda *_: dict(mine.following.latest))  # not committed yet, as it looks
    with sync.recorded(agreed.bridge, "once", "late", approved=True) as run:
        applying.apply(agreed.bridge, [mine], run)
    assert run.counts["raced"] == 1
    assert decisions(agreed, contact, lead) == ["lead", "mql", f"to {ANNE}"]
    with agreed.database.read() as conn:
        assert {claim.ref for claim in dirty.sample(conn, 10)} == {contact, lead}


def test_a_write_that_was_lost_is_wished_again_and_nothing_is_decided_twice(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    agreed.hubspot.edit(contact, score="60")
    agreed.salesforce.faults.append(Fault("write", Transient("gone"), times=1))
    agreed.once()
    agreed.once()
    assert in_salesforce(agreed, lead)["Stage"] == "MQL"
    assert decisions(agreed, contact, lead) == ["lead", "mql", f"to {ANNE}"]
    assert agreed.dirty() == 0


def test_a_crash_between_remembering_and_writing_costs_another_pass_only(
    agreed: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact, lead = both(agreed, life="lead")
    agreed.hubspot.edit(contact, score="60")
    with monkeypatch.context() as crashing:
        crashing.setattr(applying, "carry_out", _crash)
        with pytest.raises(KeyboardInterrupt):
            agreed.once()
    assert decisions(agreed, contact, lead) == ["lead", "mql", f"to {ANNE}"]
    agreed.once()
    assert in_salesforce(agreed, lead)["OwnerId"] == ANNE
    assert decisions(agreed, contact, lead) == ["lead", "mql", f"to {ANNE}"]
    writes = agreed.writes()
    agreed.once()
    agreed.full()
    assert agreed.writes() == writes


def _crash(*_: object) -> None:
    raise KeyboardInterrupt


def test_tasks_are_kept_with_the_decision_that_sets_them_off(agreed: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    contact, _ = both(agreed, life="lead")
    agreed.hubspot.edit(contact, score="60")
    with monkeypatch.context() as crashing:
        crashing.setattr(applying, "carry_out", _crash)
        with pytest.raises(KeyboardInterrupt):
            agreed.once()
    assert len(effects_of(agreed)) == 1
    agreed.once()
    assert len(agreed.salesforce.todos) == 1


# Turns.


def handed(town: Town, *owners: str) -> None:
    with town.database.begin() as conn:
        for number, owner in enumerate(owners):
            now = town.clock.now()
            ref = Ref(HS, "contacts", f"old{number}")
            journeys.append(conn, [Entry(ref, now, now, journeys.Handed(owner, "reps"), "handed:0")])


def test_those_handed_over_in_one_batch_take_turns_with_the_reps(agreed: Town) -> None:
    people = [agreed.contact(email=f"p{number}@x.com", lastname="P", life="mql") for number in range(4)]
    agreed.full()
    owners = [decisions(agreed, ref)[-1] for ref in people]
    assert sorted(owners) == [f"to {ANNE}", f"to {ANNE}", f"to {BOB}", f"to {BOB}"]


def test_whose_last_one_lies_longest_ago_is_next(agreed: Town) -> None:
    handed(agreed, ANNE, BOB, ANNE)
    rota = Rota(agreed.bridge, agreed.clock.now())
    assert [rota.choose(POOL, frozenset()) for _ in range(3)] == [BOB, ANNE, BOB]


def test_nobody_gets_more_than_the_pool_allows_in_one_of_its_days(agreed: Town) -> None:
    handed(agreed, ANNE, ANNE, BOB)
    pool = replace(POOL, per_day=2, zone="Europe/Berlin")
    rota = Rota(agreed.bridge, agreed.clock.now())
    assert [rota.choose(pool, frozenset()) for _ in range(2)] == [BOB, None]
    tomorrow = Rota(agreed.bridge, agreed.clock.now() + 24 * HOUR)
    assert tomorrow.choose(pool, frozenset()) in {ANNE, BOB}


def test_who_has_left_or_must_never_own_a_lead_is_not_chosen(agreed: Town) -> None:
    agreed.bridge = replace(agreed.bridge, reps=frozenset({BOB, ROBOT}))
    pool = Pool("all", (ROBOT, ANNE, BOB))
    assert Rota(agreed.bridge, agreed.clock.now()).choose(pool, frozenset()) == BOB
    assert Rota(agreed.bridge, agreed.clock.now()).choose(pool, frozenset({BOB})) is None


def test_whom_nobody_can_be_found_for_is_shown_and_tried_again_by_the_clock(agreed: Town) -> None:
    agree(agreed, handoff=replace(HANDOFF, fallback=None))
    agreed.bridge = replace(agreed.bridge, reps=frozenset())
    agreed.contact(email="ann@x.com", lastname="Archer", life="mql")
    assert agreed.full().needs_a_person
    ((_, lead),) = agreed.links()
    assert [stored.issue.kind for stored in agreed.issues()] == [IssueKind.UNOWNED]
    agreed.bridge = replace(agreed.bridge, reps=frozenset({BOB}))
    agreed.clock.sleep(2 * HOUR.total_seconds())
    agreed.once()
    assert in_salesforce(agreed, lead)["OwnerId"] == BOB
    assert agreed.issues() == []
    assert next_timer(agreed) is None


# Clocks and evidence.


def test_a_clock_that_is_due_has_its_person_looked_at_once(agreed: Town) -> None:
    contact, _ = both(agreed, life="lead")
    agreed.once()
    with agreed.database.begin() as conn:
        timers.put(conn, {contact: agreed.clock.now() + HOUR})
    assert agreed.once().counts["considered"] == 0
    agreed.clock.sleep(HOUR.total_seconds())
    assert agreed.once().counts["considered"] == 1
    assert next_timer(agreed) is None
    assert agreed.once().counts["considered"] == 0


def called(ref: Ref, at: datetime, key: str) -> Entry:
    return Entry(ref, at, at, Touched(Channel.CALL, outbound=True, human=True, by=ANNE), key)


def test_what_people_did_is_taken_in_once_and_has_its_person_looked_at(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    hand_over(agreed, contact)
    agreed.once()
    touch = called(lead, agreed.clock.now(), "touch:00T1")
    agreed.salesforce.done += [touch, touch]
    assert agreed.once().counts["considered"] == 1
    assert in_salesforce(agreed, lead)["Touches"]
    agreed.salesforce.done.append(touch)
    assert agreed.once().counts["considered"] == 0
    assert sum(isinstance(entry.what, Touched) for entry in journey(agreed, lead)) == 1


def test_evidence_from_before_the_first_look_is_not_asked_for(agreed: Town) -> None:
    lead = agreed.lead(Email="ann@x.com", LastName="Archer")
    agreed.salesforce.done.append(called(lead, agreed.clock.now(), "touch:00T1"))
    agreed.full()
    agreed.once()
    assert not any(isinstance(entry.what, Touched) for entry in journey(agreed, lead))


def test_nobody_is_asked_for_evidence_that_nothing_depends_on(town: Town) -> None:
    agree(town, deals={}, handoff=None, feedback=None)
    both(town, life="lead")
    town.once()
    assert town.hubspot.calls["evidence"] == town.salesforce.calls["evidence"] == 0


def test_a_won_deal_moves_its_person(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    for stage in ("SAL", "SQL"):
        agreed.salesforce.edit(lead, Stage=stage)
        agreed.once()
    won = Dealt("006A", "Closed Won", closed=True, won=True)
    agreed.salesforce.done.append(Entry(lead, agreed.clock.now(), agreed.clock.now(), won, "deal:006A:won"))
    agreed.once()
    assert decisions(agreed, contact, lead)[-1] == "customer"
    assert in_hubspot(agreed, contact)["life"] == "customer"


# People who go on as others, and who are forgotten.


def test_a_converted_leads_journey_goes_on_with_the_contact(agreed: Town) -> None:
    agree(agreed, converted="")
    contact, lead = both(agreed, life="lead")
    agreed.salesforce.edit(lead, Stage="SAL")
    agreed.once()
    person = agreed.salesforce.convert(lead, "Contact", Email="ann@x.com", LastName="Archer", **{BACK: contact.id})
    agreed.once()
    assert agreed.links() == [(contact, person)]
    assert decisions(agreed, contact, person) == ["lead", "sal"]
    assert in_salesforce(agreed, person)["Stage"] == "SAL"
    assert in_hubspot(agreed, contact)["life"] == "sql"


def test_people_merged_in_hubspot_have_one_journey(agreed: Town) -> None:
    agreed.remapped(pair("Lead", create_in_salesforce=never), pair("Contact"))
    winner = agreed.contact(email="ann@x.com", lastname="Archer", life="lead")
    loser = agreed.contact(email="ann@y.com", lastname="Archer", life="lead")
    agreed.full()
    agreed.hubspot.merge(winner, loser)
    agreed.once()
    with agreed.database.read() as conn:
        assert journeys.formers(conn, [winner]) == {winner: [loser]}
        assert [who for who, _ in journeys.people(conn)] == [(winner,)]


def test_nothing_of_an_erased_persons_journey_stays(agreed: Town) -> None:
    contact, _lead = both(agreed, life="lead")
    agreed.bridge = replace(agreed.bridge, reps=frozenset())
    hand_over(agreed, contact)
    with agreed.database.begin() as conn:
        timers.put(conn, {contact: agreed.clock.now() + HOUR})
    agreed.hubspot.erase(contact)
    agreed.once()
    with agreed.database.read() as conn:
        assert list(journeys.people(conn)) == []
        assert timers.count(conn) == 0
        assert effects.counts(conn) == {}
    agreed.hubspot.done.append(called(contact, agreed.clock.now(), "touch:1"))
    agreed.once()
    assert journey(agreed, contact) == []


def test_who_is_archived_on_both_sides_is_looked_at_no_more(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    with agreed.database.begin() as conn:
        timers.put(conn, {contact: agreed.clock.now() + HOUR})
    agreed.hubspot.archive(contact)
    agreed.salesforce.archive(lead)
    agreed.once()
    assert next_timer(agreed) is None


# What is agreed on changes.


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
