"""Every invariant of the oracle fails on a world in which it does not hold: edits that are written over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.refs import Side, hubspot, salesforce
from connector.storage.events import Event
from tests.simulation.doctoring import OURS, REP, a_life, after, edit, make, read, told, write, wrong
from tests.simulation.oracle import Evidence


def _overwritten(evidence: Evidence, ada: str, *events: Event, **had: str | None) -> Evidence:
    """Somebody wrote t97 into ada's title, and the bridge wrote t7 over it, having read what is said."""
    edited = after(evidence, edit(Side.HUBSPOT, ada, jobtitle="t97"))
    seen = read(edited, hubspot("contacts", ada), **had) if had else ()
    over = after(edited, write(Side.HUBSPOT, ada, jobtitle="t7"), seen=seen)
    return replace(over, events=[*over.events, *events])


ROW = {"side": "hubspot", "field": "jobtitle", "rule": "job_title", "before": "t97", "after": "t7"}


def test_an_edit_written_over_without_a_word_has_vanished(evidence: Evidence, ada: str) -> None:
    (said,) = wrong(_overwritten(evidence, ada, jobtitle="t97"), "vanished")
    assert said == f"hubspot {ada} jobtitle: 't97' was written over: the story does not say so"


def test_an_edit_written_over_as_if_it_were_none_has_vanished(evidence: Evidence, ada: str, lead: str) -> None:
    (said,) = wrong(_overwritten(evidence, ada, told(ada, lead, "edited", **ROW), jobtitle="t97"), "vanished")
    assert "never was on the other side" in said


def test_a_plan_from_a_reading_that_nobody_had_is_found(evidence: Evidence, ada: str, lead: str) -> None:
    row = ROW | {"before": "t50"}
    (said,) = wrong(_overwritten(evidence, ada, told(ada, lead, "edited", **row), jobtitle="t97"), "vanished")
    assert "which the writer had not read of late" in said


def test_a_plan_from_a_reading_that_lagged_behind_is_excused(evidence: Evidence, ada: str, lead: str) -> None:
    edited = after(evidence, edit(Side.HUBSPOT, ada, jobtitle="t97"))
    lagged = read(edited, hubspot("contacts", ada), jobtitle="t50") + read(
        edited, hubspot("contacts", ada), jobtitle="t97"
    )
    over = after(edited, write(Side.HUBSPOT, ada, jobtitle="t7"), seen=lagged)
    over = replace(over, events=[*over.events, told(ada, lead, "edited", **ROW | {"before": "t50"})])
    assert wrong(over, "vanished") == []
    assert over.excused["written over in the open window: a reading lagged behind"] == 1


@pytest.mark.parametrize("rewritten", [True, False])
def test_what_software_made_of_an_edit_in_the_same_save_may_come_back(
    evidence: Evidence, ada: str, lead: str, *, rewritten: bool
) -> None:
    other = make(Side.SALESFORCE, "00Q901", REP[Side.SALESFORCE], HubSpot_Contact_Id__c=ada)  # of somebody merged, say
    lines = edit(Side.HUBSPOT, ada, jobtitle="t97"), other, edit(Side.SALESFORCE, lead, Title="T97")
    made = after(evidence, *lines)
    over = after(
        made, write(Side.HUBSPOT, ada, jobtitle="T97"), seen=read(made, hubspot("contacts", ada), jobtitle="t97")
    )
    event = told(ada, lead, "edited", **ROW | {"after": "T97"})
    fields = frozenset({(Side.SALESFORCE, "Lead", "Title")} if rewritten else ())
    over = replace(over, events=[*over.events, event], rewritten=fields)
    assert (wrong(over, "vanished") == []) is rewritten


@pytest.mark.parametrize(("actor", "lawful"), [(REP[Side.HUBSPOT], True), (OURS[Side.HUBSPOT], False)])
def test_only_who_was_given_a_key_by_others_may_be_written_over_as_if_made(
    evidence: Evidence, ada: str, lead: str, actor: str, *, lawful: bool
) -> None:
    edited = after(evidence, edit(Side.HUBSPOT, ada, jobtitle="t97"))
    seen = read(edited, hubspot("contacts", ada), jobtitle="t97")
    named = after(edited, (Side.HUBSPOT, actor, "update", ada, {"salesforce_record_id": "00Q902"}))
    over = after(named, write(Side.HUBSPOT, ada, jobtitle="t7"), seen=seen)
    over = replace(over, events=[*over.events, told(ada, lead, "creates", **ROW | {"before": None})])
    assert (wrong(over, "vanished") == []) is lawful


@pytest.mark.parametrize(("held", "carried"), [("70000001", True), ("70000003", False)])
def test_an_owner_who_has_left_since_was_carried_all_the_same(
    evidence: Evidence, ada: str, lead: str, held: str, *, carried: bool
) -> None:
    kim, lena = "0055f0000000003AAA", "0055f0000000004AAA"
    there = edit(Side.SALESFORCE, lead, OwnerId=kim), write(Side.HUBSPOT, ada, hubspot_owner_id=held)
    made = after(evidence, *there, edit(Side.HUBSPOT, ada, hubspot_owner_id="70000002"))
    over = after(
        made, write(Side.SALESFORCE, lead, OwnerId=lena), seen=read(made, salesforce("Lead", lead), OwnerId=kim)
    )
    row = {"side": "salesforce", "field": "OwnerId", "rule": "owner", "before": kim, "after": lena}
    active = {key: email for key, email in over.sellers.emails.items() if key[1] != kim}
    events = [*over.events, told(ada, lead, "edited", **row)]
    over = replace(over, events=events, sellers=replace(over.sellers, emails=active))
    assert (wrong(over, "vanished") == []) is carried


@pytest.mark.parametrize(("field", "lawful"), [("state", True), ("jobtitle", False)])
def test_a_cleared_field_gives_way_where_the_other_side_had_been_blank(
    evidence: Evidence, ada: str, lead: str, field: str, *, lawful: bool
) -> None:
    theirs, rule = {"state": ("State", "state"), "jobtitle": ("Title", "job_title")}[field]
    clears = [replace(one, said={**one.said, "blank": "clear"}) for one in evidence.mapping.rules]
    evidence = replace(evidence, mapping=replace(evidence.mapping, rules=tuple(clears)))
    made = after(evidence, edit(Side.SALESFORCE, lead, **{theirs: None}))
    over = after(
        made,
        edit(Side.HUBSPOT, ada, **{field: "t96"}),
        write(Side.SALESFORCE, lead, **{theirs: "t96"}),
        seen=read(made, salesforce("Lead", lead), **{theirs: None}),
    )
    row = {"side": "salesforce", "field": theirs, "rule": rule, "before": None, "after": "t96"}
    over = replace(over, events=[*over.events, told(ada, lead, "edited", **row)])
    assert (wrong(over, "vanished") == []) is lawful


def test_an_edit_in_the_open_window_is_excused_and_counted(evidence: Evidence, ada: str) -> None:
    unread = _overwritten(evidence, ada)
    assert wrong(unread, "vanished") == []
    assert unread.excused["written over in the open window"] == 1


def test_a_plan_that_only_an_erased_story_could_tell_of_is_excused(evidence: Evidence, ada: str, lead: str) -> None:
    later = told(ada, lead, "edited", **ROW | {"before": "t50"})
    erased = replace(_overwritten(evidence, ada, later, jobtitle="t97"), kept_apart=frozenset({(Side.HUBSPOT, ada)}))
    assert wrong(erased, "vanished") == []
    assert erased.excused["written over, and a person had the story forgotten"] == 1


@pytest.mark.parametrize(("held", "carried"), [("t97 " + 124 * "x", True), ("t96 " + 124 * "x", False), ("t97", False)])
def test_an_edit_that_was_cut_off_on_the_other_side_was_carried(
    evidence: Evidence, ada: str, lead: str, held: str, *, carried: bool
) -> None:
    long = "t97 " + 300 * "x"
    there = after(evidence, edit(Side.HUBSPOT, ada, jobtitle=long), write(Side.SALESFORCE, lead, Title=held))
    seen = read(there, hubspot("contacts", ada), jobtitle=long)
    over = after(there, edit(Side.SALESFORCE, lead, Title="t98"), write(Side.HUBSPOT, ada, jobtitle="t98"), seen=seen)
    event = told(ada, lead, "edited", **ROW | {"before": long, "after": "t98"})
    assert (wrong(replace(over, events=[*over.events, event]), "vanished") == []) is carried


def test_a_writer_who_died_before_the_story_is_excused_by_name(evidence: Evidence, ada: str) -> None:
    lost = _overwritten(evidence, ada, jobtitle="t97")
    last = lost.writes[len(lost.entries)]
    last.life.told, last.life.ended = [], "Killed"
    assert wrong(lost, "vanished") == []
    assert lost.excused["written over, and the writer ended before it told the story (Killed)"] == 1


@pytest.mark.parametrize("died", [True, False])
def test_who_takes_back_a_write_that_nobody_heard_of_has_edited_nothing_that_could_be_seen(
    evidence: Evidence, ada: str, lead: str, *, died: bool
) -> None:
    life = replace(a_life(), told=[] if died else [10**6], ended="Killed" if died else "")
    made = after(evidence, edit(Side.HUBSPOT, ada, jobtitle="t60"), edit(Side.SALESFORCE, lead, Title="t61"))
    made = after(made, write(Side.HUBSPOT, ada, jobtitle="t61"), life=life)
    made = after(made, edit(Side.HUBSPOT, ada, jobtitle="t60"), edit(Side.SALESFORCE, lead, Title="t62"))
    seen = read(made, hubspot("contacts", ada), jobtitle="t60")
    over = after(made, write(Side.HUBSPOT, ada, jobtitle="t62"), seen=seen)
    over = replace(over, events=[*over.events, told(ada, lead, "edited", **ROW | {"before": "t60", "after": "t62"})])
    assert bool(wrong(over, "vanished")) is not died
    excuse = "taken back to what was agreed on, over a write of which the store never heard"
    assert over.excused[excuse] == died


def test_who_goes_back_to_what_the_bridge_had_written_has_edited_nothing(
    evidence: Evidence, ada: str, lead: str
) -> None:
    late = edit(Side.SALESFORCE, lead, Title="t41"), edit(Side.SALESFORCE, lead, Title="t47")
    made = after(evidence, *late, write(Side.HUBSPOT, ada, jobtitle="t41"))
    made = after(made, edit(Side.HUBSPOT, ada, jobtitle="t50"), edit(Side.HUBSPOT, ada, jobtitle="t41"))
    seen = read(made, hubspot("contacts", ada), jobtitle="t41")
    over = after(made, write(Side.HUBSPOT, ada, jobtitle="t47"), seen=seen)
    rows = [ROW | {"before": "t41", "after": "t47"}, ROW | {"before": "t7", "after": "t41"}]
    over = replace(over, events=[*over.events, *(told(ada, lead, "edited", **row) for row in rows)])
    assert wrong(over, "vanished") == []


def test_what_a_conversion_cut_off_was_said_by_the_other_side(evidence: Evidence, ada: str, lead: str) -> None:
    long, cut = "t97 " + 300 * "x", "t97 " + 76 * "x"
    made = after(evidence, write(Side.HUBSPOT, ada, jobtitle=long), edit(Side.SALESFORCE, lead, Title=cut))
    made = after(made, edit(Side.HUBSPOT, ada, jobtitle="t98"))
    over = after(made, write(Side.SALESFORCE, lead, Title="t98"), seen=read(made, salesforce("Lead", lead), Title=cut))
    row = {"side": "salesforce", "field": "Title", "rule": "job_title", "before": cut, "after": "t98"}
    over = replace(over, events=[*over.events, told(ada, lead, "edited", **row)])
    assert wrong(over, "vanished") == []


@pytest.mark.parametrize("rewritten", [True, False])
def test_an_edit_that_was_beaten_by_what_the_crm_rewrote_to_the_same_is_beaten(
    evidence: Evidence, ada: str, lead: str, *, rewritten: bool
) -> None:
    beaten = told(ada, lead, "wins by policy", **ROW | {"after": "T97"})
    fields = frozenset({(Side.HUBSPOT, "contacts", "jobtitle")} if rewritten else ())
    over = _overwritten(evidence, ada, replace(beaten, at=evidence.events[-1].at.replace(year=2027)), jobtitle="t97")
    later = told(ada, lead, "edited", **ROW)
    over = replace(over, events=[*over.events, later], rewritten=fields)
    assert (wrong(over, "vanished") == []) is rewritten


@pytest.mark.parametrize(("after_it", "lawful"), [("t7", True), ("t50", False)])
def test_an_edit_that_was_beaten_by_the_same_before_its_record_was_converted_is_beaten(
    evidence: Evidence, ada: str, lead: str, after_it: str, *, lawful: bool
) -> None:
    late = evidence.events[-1].at.replace(year=2027)
    beaten = replace(told(ada, lead, "wins by policy", **ROW | {"after": after_it}), at=late)
    over = _overwritten(evidence, ada, beaten, replace(told(ada, lead, "edited", **ROW), at=late), jobtitle="t97")
    assert (wrong(over, "vanished") == []) is lawful


@pytest.mark.parametrize("rewritten", [True, False])
def test_what_came_back_rewritten_and_was_rewritten_once_more_came_back(
    evidence: Evidence, ada: str, lead: str, *, rewritten: bool
) -> None:
    made = after(evidence, edit(Side.HUBSPOT, ada, jobtitle="t97"), edit(Side.SALESFORCE, lead, Title="his"))
    over = after(
        made, write(Side.HUBSPOT, ada, jobtitle="His"), seen=read(made, hubspot("contacts", ada), jobtitle="t97")
    )
    fields = {(Side.SALESFORCE, "Lead", "Title")} if rewritten else set()
    fields.add((Side.HUBSPOT, "contacts", "jobtitle"))
    over = replace(over, events=[*over.events, told(ada, lead, "edited", **ROW | {"after": "his"})])
    assert (wrong(replace(over, rewritten=frozenset(fields)), "vanished") == []) is rewritten
