"""Every invariant of the lifecycle fails on a world in which it does not hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from random import Random

import pytest

from connector.core.journey import Answered, Entry, Fired, Handed, Ruled, Seen, Verdict, What
from connector.core.lifecycle import Kind, Mover
from connector.core.refs import Side
from tests.simulation.doctoring import after as afterwards
from tests.simulation.doctoring import edit, end, write, wrong
from tests.simulation.oracle import Evidence, drain, gather, judge
from tests.simulation.oracle.courses import Courses, Person
from tests.simulation.oracle.evidence import key_of
from tests.simulation.oracle.rules import NOBODY
from tests.simulation.people.screens import does
from tests.simulation.stage import Stage, new_store, new_world

VARIANT = "agreed, late leads make a task"
STAGE = "HubSpot_Lifecycle_Stage__c"


@cache
def world() -> Evidence:
    """Somebody was handed over, a rep rejected them, marketing found them again, and nobody was in touch since."""
    stage = Stage(0, Random(0), new_world(0), new_store(), VARIANT)
    drain(stage, 9)
    ada = {"email": "ada@x.test", "lastname": "t1", "lifecyclestage": "marketingqualifiedlead"}
    contact = does(stage, Side.HUBSPOT, "create", object="contacts", properties=ada)
    drain(stage, 9)
    (lead,) = [one for _, one, _ in stage.people(Side.SALESFORCE)]
    given = {"Smarketing_Answer__c": "Rejected", "Smarketing_Reason__c": "Duplicate", "Smarketing_Comment__c": "t2"}
    does(stage, Side.SALESFORCE, "edit", id=lead, values=given)
    drain(stage, 9)
    assert contact
    return gather(stage)


@pytest.fixture
def evidence() -> Evidence:
    return replace(world(), excused=Counter())


def courses(evidence: Evidence) -> Courses:
    assert evidence.courses is not None
    return evidence.courses


def also(evidence: Evidence, what: What, key: str = "", of: Side = Side.HUBSPOT) -> Evidence:
    """The same with one entry more, at the end of the journey."""
    told = courses(evidence)
    last = max(told.entries, key=lambda one: one.id)
    ref = next(ref for ref in told.people[0].refs if ref.side is of)
    entry = Entry(ref, last.at + timedelta(hours=1), last.seen_at + timedelta(hours=1), what, key, last.id + 1)
    people = [Person(one.refs, [*one.entries, entry]) for one in told.people]
    return replace(evidence, courses=replace(told, entries=[*told.entries, entry], people=people))


def without(evidence: Evidence, leaves: Callable[[Entry], bool]) -> Evidence:
    told = courses(evidence)
    people = [Person(one.refs, [each for each in one.entries if not leaves(each)]) for one in told.people]
    entries = [each for each in told.entries if not leaves(each)]
    return replace(evidence, courses=replace(told, entries=entries, people=people))


def moved(stage: str, by: Mover, start: str = "recycled", kind: Kind = Kind.RE_ENTER) -> Ruled:
    return Ruled(stage, by, kind, start=start)


def test_a_lead_that_came_back_in_order_has_nothing_wrong(evidence: Evidence) -> None:
    assert judge(evidence) == []
    assert [one.what.stage for one in courses(evidence).people[0].made] == ["mql", "recycled"]  # type: ignore[union-attr]
    assert {message.to for message in courses(evidence).messages} == {"sales", "crm_team"}


def test_a_move_that_nobody_agreed_on_is_found(evidence: Evidence) -> None:
    said = wrong(also(evidence, moved("evangelist", Mover.SALES)), "stages")
    assert any("from recycled to evangelist by sales, which nobody agreed on" in line for line in said)


def test_a_move_without_its_reason_is_found(evidence: Evidence) -> None:
    made = moved("recycled", Mover.AUTOMATIC, "mql", Kind.RECYCLE)
    assert any("without a reason" in line for line in wrong(also(evidence, made), "stages"))


def test_a_stage_that_nobody_has_set_is_found(evidence: Evidence) -> None:
    said = wrong(also(evidence, moved("sal", Mover.SALES)), "stages")
    assert any("moved to sal by sales, and nobody has set that in salesforce" in line for line in said)


def test_a_side_that_tells_another_stage_is_found(evidence: Evidence) -> None:
    lead = next(ref for ref in courses(evidence).people[0].refs if ref.side is Side.SALESFORCE)
    said = wrong(afterwards(evidence, edit(Side.SALESFORCE, lead.id, **{STAGE: "SQL"})), "stages")
    assert any("tells the stage sql" in line and "recycled is where they stand" in line for line in said)


def test_a_breach_before_its_time_is_found(evidence: Evidence) -> None:
    last = max(courses(evidence).entries, key=lambda one: one.id)
    key = f"first_touch|{(last.at + timedelta(minutes=55)).isoformat()}|breach|notify:sales"
    assert any("too early" in line for line in wrong(also(evidence, Fired(key)), "promises"))


def test_a_message_that_was_sent_twice_is_found(evidence: Evidence) -> None:
    told = courses(evidence)
    for to, words in (("crm_team", "was told 2 times"), ("sales", "and 1 are decided")):
        twice = next(message for message in told.messages if message.to == to)
        doctored = replace(evidence, courses=replace(told, messages=[*told.messages, twice]))
        assert any(words in line for line in wrong(doctored, "promises")), wrong(doctored, "promises")


def test_a_task_that_was_made_twice_is_found(evidence: Evidence) -> None:
    (line, *_) = [one for one in evidence.entries if one["object"] == "Task"]
    seq = len(evidence.entries) + 1
    again = {**line, "seq": seq}
    doctored = replace(
        evidence, entries=[*evidence.entries, again], writes={**evidence.writes, seq: evidence.writes[line["seq"]]}
    )
    assert any("was made 2 times" in said for said in wrong(doctored, "promises"))


def test_what_is_decided_and_not_sent_is_found(evidence: Evidence) -> None:
    told = courses(evidence)
    doctored = replace(evidence, courses=replace(told, effects=told.effects[1:]))
    assert any("is decided, and nothing is to be sent" in line for line in wrong(doctored, "promises"))
    waiting = [replace(told.effects[0], state="waiting"), *told.effects[1:]]
    doctored = replace(evidence, courses=replace(told, effects=waiting))
    assert any("is still waiting" in line for line in wrong(doctored, "promises"))


def test_a_forgotten_lead_of_whom_nobody_is_told_is_found(evidence: Evidence) -> None:
    doctored = without(
        evidence, lambda one: isinstance(one.what, Fired) or getattr(one.what, "stage", "") == "recycled"
    )
    assert any("nobody was in touch, and nobody is told" in line for line in wrong(doctored, "promises"))


def test_an_answer_that_nobody_gave_is_found(evidence: Evidence) -> None:
    last = max(courses(evidence).entries, key=lambda one: one.id)
    later = also(evidence, Answered(Verdict.ACCEPT))
    assert any("nobody said so" in line for line in wrong(later, "replies"))
    assert last.id < max(courses(later).entries, key=lambda one: one.id).id


def test_an_answer_that_marketing_never_hears_of_is_found(evidence: Evidence) -> None:
    contact = courses(evidence).people[0].refs[0]
    lost = afterwards(evidence, write(Side.HUBSPOT, contact.id, smarketing_comment=""))
    assert any("was answered rejected duplicate 't2'" in line for line in wrong(lost, "replies"))


def test_a_lead_handed_to_the_bridge_or_to_a_stranger_is_found(evidence: Evidence) -> None:
    for owner, words in ((NOBODY, "the bridge itself"), ("005STRANGER", "who takes no turns")):
        said = wrong(also(evidence, Handed(owner, "in_turn"), "handed:9"), "handing")
        assert any(words in line for line in said)


def test_a_lead_that_its_rep_does_not_get_is_found(evidence: Evidence) -> None:
    lead = next(ref for ref in courses(evidence).people[0].refs if ref.side is Side.SALESFORCE)
    taken = afterwards(evidence, write(Side.SALESFORCE, lead.id, OwnerId="0055f0000000006AAA"))
    assert any("0055f0000000006AAA owns them" in line for line in wrong(taken, "handing"))


def test_a_decision_that_was_made_twice_is_found(evidence: Evidence) -> None:
    said = wrong(also(evidence, moved("lead", Mover.AUTOMATIC), "ruled:0"), "decided once")
    assert any("'ruled:0' is decided twice" in line for line in said)


def test_what_is_left_of_somebody_erased_is_found(evidence: Evidence) -> None:
    contact = courses(evidence).people[0].refs[0]
    erased = afterwards(evidence, end(Side.HUBSPOT, contact.id, how="erase"))
    assert wrong(erased, "erased") == [f"{contact} was erased, and the store holds an effect"] or any(
        "was erased, and the store holds" in line for line in wrong(erased, "erased")
    )
    assert key_of(contact) not in erased.live


def test_nothing_is_said_of_plays_without_an_agreement(evidence: Evidence) -> None:
    silent = replace(also(evidence, Seen({})), courses=None)
    families = ("stages", "promises", "replies", "handing", "decided once", "erased")
    assert [line for family in families for line in wrong(silent, family)] == []
