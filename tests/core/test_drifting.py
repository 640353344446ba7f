"""What is drift, and what only differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from connector.core import drifting
from connector.core.drifting import Compared, Drift, Known, Tally, Why, compare
from connector.core.mapping import Blank, Direction, OnLeaving, Policy, Refusal, Rule
from connector.core.merge import Merge
from connector.core.plan import Memory
from connector.core.readings import Presence, Reading
from connector.core.refs import Side
from tests.core.builders import CONTACT, LEAD, always, at, contact, lead, never, pair, remembers, rule

PHONE = rule()
MET = remembers(phone=("a", "a"))


def found(
    left: str | None, right: str | None, known: Known | None = None, rule_: Rule = PHONE, **changes: object
) -> Compared:
    """The comparison of two that agreed on a phone number once."""
    return compare(pair(rule_, **changes), known or Known(MET), contact(phone=left), lead(Phone__c=right))


def test_two_that_say_the_same_do_not_differ() -> None:
    assert found("a", "a") == Compared(CONTACT, LEAD, 1)
    assert found("b", "b", Known(Memory())) == Compared(CONTACT, LEAD, 1)


@pytest.mark.parametrize(
    ("left", "right", "lags"),
    [
        pytest.param("b", "a", Side.SALESFORCE, id="HubSpot was edited and nobody came"),
        pytest.param("a", "b", Side.HUBSPOT, id="Salesforce was edited and nobody came"),
    ],
)
def test_an_edit_that_nobody_carried_over_is_drift_of_the_other_side(left: str, right: str, lags: Side) -> None:
    assert found(left, right).drifted == (Drift("phone", lags),)


def test_a_conflict_that_is_not_shown_is_drift_of_nobody() -> None:
    manual = replace(PHONE, policy=Policy.MANUAL)
    assert found("b", "c", rule_=manual).drifted == (Drift("phone", None),)


def test_a_refusal_that_is_not_shown_is_drift_of_nobody() -> None:
    picky = replace(PHONE, to_salesforce=lambda value: Refusal("NO", f"{value} is not allowed", "choose another"))
    assert found("b", "a", rule_=picky).drifted == (Drift("phone", None),)


EXPLAINED = [
    pytest.param(Known(MET, asked={"phone"}), Why.CONFLICT, id="people are asked"),
    pytest.param(Known(MET, parked={("phone", Side.SALESFORCE, "Phone__c")}), Why.PARKED, id="the rule's value"),
    pytest.param(Known(MET, parked={("", Side.SALESFORCE, "Phone__c")}), Why.PARKED, id="the field's value"),
    pytest.param(Known(MET, parked={("", Side.SALESFORCE, "")}), Why.PARKED, id="the whole record"),
    pytest.param(Known(MET, parked={("city", None, "City")}), None, id="another rule's value"),
    pytest.param(Known(MET, parked={("", Side.HUBSPOT, "city")}), None, id="another field's value"),
    pytest.param(Known(MET, asked={"city"}), None, id="people are asked of another rule"),
    pytest.param(Known(MET, pending=True), Why.PENDING, id="somebody will look"),
    pytest.param(Known(MET, heard={Side.HUBSPOT: at(8)}), Why.YOUNG, id="the edit came after the last poll"),
    pytest.param(Known(MET, heard={Side.HUBSPOT: at(9)}), None, id="the edit was there at the last poll"),
    pytest.param(Known(MET, heard={Side.SALESFORCE: at(8)}), None, id="only the other side was saved after its poll"),
]


@pytest.mark.parametrize(("known", "why"), EXPLAINED)
def test_a_difference_is_explained_by_what_is_shown_or_about_to_be_done(known: Known, why: Why | None) -> None:
    one = found("b", "a", known)
    assert (one.explained.get("phone"), bool(one.drifted)) == (why, why is None)


def test_an_edit_of_salesforce_is_young_by_its_own_poll() -> None:
    assert found("a", "b", Known(MET, heard={Side.SALESFORCE: at(8)})).explained == {"phone": Why.YOUNG}


def test_what_a_mirror_undoes_is_young_by_the_receiving_sides_poll() -> None:
    mirror = replace(PHONE, direction=Direction.TO_SALESFORCE, mirror=True)
    assert found("a", "b", Known(MET, heard={Side.SALESFORCE: at(8)}), mirror).explained == {"phone": Why.YOUNG}
    assert found("a", "b", Known(MET, heard={Side.HUBSPOT: at(8)}), mirror).drifted


def test_two_edits_are_young_when_either_is() -> None:
    manual = replace(PHONE, policy=Policy.MANUAL)
    assert found("b", "c", Known(MET, heard={Side.SALESFORCE: at(8)}), manual).explained == {"phone": Why.YOUNG}


STANDING: list[object] = [
    pytest.param(PHONE, remembers(phone=("b", "c")), "b", "c", Why.AS_MET, id="it stood so when they agreed"),
    pytest.param(replace(PHONE, direction=Direction.TO_HUBSPOT), MET, "b", "a", Why.ONE_WAY, id="against the rule"),
    pytest.param(PHONE, MET, None, "a", Why.BLANK, id="cleared, which is no edit"),
    pytest.param(
        replace(PHONE, on_create={Side.SALESFORCE: "-"}), Memory(), None, "-", Why.BLANK, id="a default is a blank"
    ),
    pytest.param(
        replace(PHONE, on_create={Side.SALESFORCE: "-"}, blank=Blank.CLEAR),
        Memory(),
        None,
        "-",
        Why.BLANK,
        id="a default is a blank at a first meeting though blanks count",
    ),
]


@pytest.mark.parametrize(("rule_", "memory", "left", "right", "why"), STANDING)
def test_a_difference_that_nobody_will_ever_touch_is_standing(
    rule_: Rule, memory: Memory, left: str | None, right: str | None, why: Why
) -> None:
    for known in (Known(memory), Known(memory, pending=True)):
        assert found(left, right, known, rule_).explained == {"phone": why}


def test_a_difference_that_nothing_is_done_about_is_drift_where_nothing_explains_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The audit does not believe the merge."""
    monkeypatch.setattr(drifting, "merge", lambda *_: Merge(left_alone=["phone"]))
    assert found("b", "a").drifted == (Drift("phone", None),)
    assert found("b", "a", Known(MET, pending=True)).explained == {"phone": Why.PENDING}
    one_way = replace(PHONE, direction=Direction.TO_SALESFORCE)
    assert found("b", "a", rule_=one_way).drifted == (Drift("phone", None),)
    cleared = replace(PHONE, blank=Blank.CLEAR)
    assert found(None, "a", rule_=cleared).drifted == (Drift("phone", None),)


def test_a_field_that_a_side_does_not_show_is_not_compared_in_silence() -> None:
    one = compare(pair(PHONE), Known(MET), contact(), lead(Phone__c="a"))
    assert one.explained == {"phone": Why.UNREAD}
    one = compare(pair(PHONE), Known(MET), contact(phone="a"), lead())
    assert one.explained == {"phone": Why.UNREAD}


def test_a_value_nobody_understands_is_drift_until_it_is_shown() -> None:
    garbled = replace(contact(), unreadable={"phone": "?"})
    assert compare(pair(PHONE), Known(MET), garbled, lead(Phone__c="a")).drifted == (Drift("phone", None),)
    there = replace(lead(), unreadable={"Phone__c": "?"})
    known = Known(MET, pending=True)
    assert compare(pair(PHONE), known, contact(phone="a"), there).explained == {"phone": Why.PENDING}


def test_a_record_without_a_time_is_not_young() -> None:
    timeless = replace(contact(phone="b"), modified_at=None)
    known = Known(MET, heard={Side.HUBSPOT: at(8)})
    assert compare(pair(PHONE), known, timeless, lead(Phone__c="a")).drifted


def test_a_record_that_is_gone_is_missing_unless_somebody_will_look() -> None:
    gone = Reading(LEAD, Presence.ARCHIVED)
    assert compare(pair(PHONE), Known(MET), contact(phone="a"), gone).missing == (Side.SALESFORCE,)
    assert compare(pair(PHONE), Known(MET, pending=True), contact(phone="a"), gone).missing == ()


@pytest.mark.parametrize(
    ("scope", "leaving", "apart"),
    [
        (never, OnLeaving.STOP, True),
        (never, OnLeaving.KEEP_UPDATING, False),
        (always, OnLeaving.STOP, False),
    ],
)
def test_who_left_the_scope_takes_no_part(scope: Callable[..., bool], leaving: OnLeaving, apart: bool) -> None:  # noqa: FBT001  # a row of the table
    assert found("b", "a", in_scope=scope, on_leaving=leaving).apart is apart


def test_a_tally_adds_up() -> None:
    both, tally = pair(PHONE, rule("city")), Tally()
    drifted = Compared(CONTACT, LEAD, 2, (Drift("phone", Side.SALESFORCE), Drift("city", None)))
    tally.add(both, drifted)
    tally.add(both, Compared(CONTACT, LEAD, 2, explained={"phone": Why.AS_MET, "city": Why.PENDING}))
    tally.add(both, Compared(CONTACT, LEAD, apart=True))
    tally.add(both, Compared(CONTACT, LEAD, 2))
    assert (tally.links, tally.differing, tally.fields, tally.differing_fields, tally.apart) == (3, 1, 6, 2, 1)
    assert tally.percent == pytest.approx(100 / 3)
    assert tally.by_rule == {"contacts/Lead phone": 1, "contacts/Lead city": 1}
    assert tally.by_side == {"salesforce": 1, "": 1}
    assert tally.explained == {Why.AS_MET: 1, Why.PENDING: 1}
    assert tally.standing == {"contacts/Lead phone": 1}
    assert tally.drifted == {(CONTACT, LEAD): ("phone", "city")}


def test_a_missing_record_is_looked_at_and_is_no_drift_of_fields() -> None:
    tally = Tally()
    tally.add(pair(PHONE), Compared(CONTACT, LEAD, missing=(Side.SALESFORCE,)))
    assert (tally.percent, tally.missing, tally.drifted) == (0.0, {"salesforce": 1}, {(CONTACT, LEAD): ("",)})


def test_nobody_compared_is_no_drift() -> None:
    assert Tally().percent == 0.0


def test_a_source_that_says_what_was_once_sent_to_it_explains_a_one_way_difference() -> None:
    one_way = replace(PHONE, direction=Direction.TO_SALESFORCE)
    sent = replace(MET, sent={Side.HUBSPOT: {"phone": ("b",)}})
    assert found("b", "a", Known(sent), one_way).explained == {"phone": Why.ONE_WAY}
