"""A decision against an edit that is not lawful is found: against the rule in force, or for what nobody meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.refs import Side, hubspot, salesforce
from connector.storage.events import Event
from tests.simulation.doctoring import START, a_life, after, edit, read, told, world, write, wrong
from tests.simulation.oracle import Evidence
from tests.simulation.oracle.rules import written

TITLE = ("jobtitle", "job_title")
CITY = ("city", "city")


def _beaten(
    evidence: Evidence, because: str, variant: str = "as shipped", field: tuple[str, str] = CITY, value: str = "t9"
) -> Evidence:
    """Somebody wrote t97 into ada's field, and the bridge wrote another value over it, for that reason."""
    ada, lead, name = world()[1], world()[2], field[0]
    edited = after(evidence, edit(Side.HUBSPOT, ada, **{name: "t97"}))
    seen = read(edited, hubspot("contacts", ada), **{name: "t97"})
    over = after(edited, write(Side.HUBSPOT, ada, **{name: value}), life=a_life(variant), seen=seen)
    row = {"side": "hubspot", "field": name, "rule": field[1], "before": "t97", "after": value}
    return replace(over, events=[*over.events, told(ada, lead, because, **row)])


def _says(evidence: Evidence) -> str:
    (said,) = wrong(evidence, "vanished")
    return said.split("was written over: ")[1]


def test_an_edit_written_over_by_an_older_one_as_the_newest_is_found(evidence: Evidence) -> None:
    assert _says(_beaten(evidence, "newest")) == "'t9' won as the newest, and is older"


def test_an_edit_beaten_by_policy_is_no_loss(evidence: Evidence) -> None:
    policy = _beaten(evidence, "wins by policy", "Salesforce wins", TITLE, "t7")
    rep = after(evidence, edit(Side.SALESFORCE, world()[2], Title="t96"))
    assert wrong(_beaten(rep, "wins by policy", "Salesforce wins", TITLE, "t96"), "vanished") == []
    assert _says(policy) == "it lost to 't7', which the bridge itself had written to the other side"


@pytest.mark.parametrize(
    ("because", "variant", "policy"),
    [
        ("wins by policy", "as shipped", "newest"),
        ("wins by policy", "HubSpot wins", "hubspot"),
        ("newest", "HubSpot wins", "hubspot"),
        ("newest", "a person decides", "manual"),
    ],
)
def test_a_decision_by_another_policy_than_the_writers_is_found(
    evidence: Evidence, because: str, variant: str, policy: str
) -> None:
    assert _says(_beaten(evidence, because, variant)) == f"it lost because of {because!r}, and the policy is {policy}"


def test_policy_decides_where_the_other_side_is_closed_to_the_bridge(evidence: Evidence) -> None:
    closed = replace(_beaten(evidence, "wins by policy"), asleep=frozenset({(Side.SALESFORCE, "Lead", "City")}))
    assert wrong(closed, "vanished") == []
    assert closed.excused["won by policy where the other side was closed to the bridge"] == 1


def test_a_rule_of_one_way_decides_by_policy_alone(evidence: Evidence) -> None:
    assert wrong(_beaten(evidence, "wins by policy", "titles to HubSpot only", TITLE, "t7"), "vanished") == []
    newest = _beaten(evidence, "newest", "titles to HubSpot only", TITLE, "t7")
    assert _says(newest) == "a rule of one way decides by 'newest'"


def test_an_edit_undone_by_a_rule_that_does_not_mirror_is_found(evidence: Evidence) -> None:
    assert _says(_beaten(evidence, "mirrors", "titles to HubSpot only", TITLE, "t7")) == "the rule does not mirror"
    assert wrong(_beaten(evidence, "mirrors", "HubSpot mirrors", TITLE, "t7"), "vanished") == []


def test_what_nobody_settled_is_found(evidence: Evidence) -> None:
    beaten = _beaten(evidence, "settled by a person", "a person decides")
    assert _says(beaten) == "nobody settled it"
    act = {"act": "settle", "rule": "city", "winner": "salesforce", "by": "somebody"}
    settled = Event(START, "act", hubspot("contacts", world()[1]), None, None, act)
    assert wrong(replace(beaten, events=[*beaten.events, settled]), "vanished") == []


def test_an_edit_beaten_by_the_bridges_own_copy_is_found(evidence: Evidence, ada: str) -> None:
    beaten = _beaten(evidence, "newest", field=TITLE, value="t7")
    assert _says(beaten) == "it lost to 't7', which the bridge itself had written to the other side"
    unlinked = Event(START, "unlinked", hubspot("contacts", ada), None, None, {"reason": "for a while"})
    again = replace(beaten, events=[*beaten.events, unlinked])
    assert _says(again) == "'t7' won as the newest, and is older"
    assert again.excused["lost to what the bridge had written on the other side: they were linked anew"] == 1


def test_a_value_that_the_other_side_held_long_before_was_not_carried_over(evidence: Evidence, ada: str) -> None:
    """t4 was in both cities once; a person who writes it again means it."""
    edited = after(evidence, edit(Side.HUBSPOT, ada, city="t4"))
    seen = read(edited, hubspot("contacts", ada), city="t4")
    over = after(edited, write(Side.HUBSPOT, ada, city="t9"), seen=seen)
    row = {"side": "hubspot", "field": "city", "rule": "city", "before": "t4", "after": "t9"}
    taken_back = replace(over, events=[*over.events, told(ada, world()[2], "edited", **row)])
    assert "never was on the other side" in _says(taken_back)


def test_what_was_carried_over_under_the_writers_mapping_was_carried(evidence: Evidence, ada: str) -> None:
    """The last mapping does not know the stage any more by which both sides agreed."""
    lead = world()[2]
    there = after(
        evidence,
        edit(Side.SALESFORCE, lead, HubSpot_Lifecycle_Stage__c="Other"),
        write(Side.HUBSPOT, ada, lifecyclestage="other"),
        edit(Side.HUBSPOT, ada, lifecyclestage="customer"),
    )
    seen = read(there, salesforce("Lead", lead), HubSpot_Lifecycle_Stage__c="Other")
    over = after(there, write(Side.SALESFORCE, lead, HubSpot_Lifecycle_Stage__c="Customer"), seen=seen)
    row = {"side": "salesforce", "field": "HubSpot_Lifecycle_Stage__c", "rule": "lifecycle_stage"}
    event = told(ada, lead, "edited", **row, before="Other", after="Customer")
    remapped = replace(over, events=[*over.events, event], mapping=written("other stages"))
    assert wrong(remapped, "vanished") == []


@pytest.mark.parametrize("whose", [Side.HUBSPOT, Side.SALESFORCE])
def test_who_was_forgotten_on_either_side_meets_anew(evidence: Evidence, ada: str, lead: str, whose: Side) -> None:
    forgotten = frozenset({(whose, ada if whose is Side.HUBSPOT else lead)})
    beaten = replace(_beaten(evidence, "newest", field=TITLE, value="t7"), kept_apart=forgotten)
    assert _says(beaten) == "'t7' won as the newest, and is older"
