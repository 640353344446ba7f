"""Values held to what the live fields have room for, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.config.mappings import FieldRule, OwnerMap
from connector.config.room import Room, room_findings
from connector.config.rules import Staff, Written, rule_for
from connector.core.agreement import sending, settle
from connector.core.mapping import OnArchive
from connector.core.plan import Archive, IssueKind, Memory, Raise, Update
from connector.core.planning import Subject, plan
from connector.core.readings import Presence, Reading
from connector.core.values import Kind
from connector.ports import FieldSchema
from tests.core.builders import CONTACT, LEAD, contact, lead, pair, remembers

EURO = "annual_revenue"


def room(kind: str = "money", *, length=None, scale=None, precision=None, source=None, **written: Any) -> Room:
    """A rule on a HubSpot property without decimal limits (or those of `source`) and a Salesforce field with some."""
    rule = FieldRule.model_validate({"hubspot": EURO, "salesforce": "Revenue__c", "kind": kind, **written})
    compiled = rule_for(Written(EURO, rule, "m.yaml:1"), "Lead", Staff(None, OwnerMap()))
    kinds = frozenset(Kind)
    there = FieldSchema("Revenue__c", "", "double", kinds, length=length, scale=scale, precision=precision)
    return Room(compiled, rule, replace(FieldSchema(EURO, "", "number", kinds), **(source or {})), there)


WHOLE = room(scale=0, precision=18).held()


def pass_over(left: str | None, right: str | None, memory: Memory, rule=WHOLE):
    """What is planned for the two values: by field."""
    made = plan(pair(rule), Subject(contact(annual_revenue=left), lead(Revenue__c=right), memory))
    steps = [step for step in made.steps if isinstance(step, Update)]
    return made, {change.field: change.after for step in steps for change in step.changes}


def test_a_finer_number_is_rounded_on_the_way_and_its_echo_stays_where_it_is():
    made, told = pass_over("32000.4", None, remembers(annual_revenue=(None, None)))
    assert told == {"Revenue__c": "32000"}
    (step,) = made.steps
    memory = settle(sending(remembers(annual_revenue=(None, None)), made), made, step.changes)
    after, told = pass_over("32000.4", "32000", memory)
    assert (after.steps, told) == ((), {})


def test_what_an_older_version_sent_too_fine_comes_back_as_an_echo():
    agreed = remembers(annual_revenue=("32000.4", "32000.4"))
    assert pass_over("32000.4", "32000", agreed)[0].steps == ()
    unrecorded = Memory(remembers(annual_revenue=("1", "1")).base, {LEAD.side: {EURO: ("32000.4",)}})
    assert pass_over("32000.4", "32000", unrecorded)[0].steps == ()


EDITS = {
    "an edit below the coarser side's decimals is nobody's business": ("32000.3", "32000", {}),
    "an edit above them travels": ("32000.6", "32000", {"Revenue__c": "32001"}),
    "half is rounded up": ("32000.5", "32000", {"Revenue__c": "32001"}),
    "an edit on the coarser side travels": ("32000.4", "33000", {EURO: "33000"}),
    "it travels even when the finer side moved below the decimals": ("32000.3", "33000", {EURO: "33000"}),
}


@pytest.mark.parametrize(("left", "right", "told"), EDITS.values(), ids=EDITS)
def test_a_finer_and_a_coarser_field_compare_at_the_coarser_ones_decimals(left, right, told):
    assert pass_over(left, right, remembers(annual_revenue=("32000.4", "32000")))[1] == told


TYPES = [
    ("number", 0, "-2.5", "-3"),  # int
    ("number", 2, "49.505", "49.51"),  # percent, double
    ("number", 0, "-0.4", "0"),
    ("money", 2, "0.125", "0.13"),
    ("money", 4, "0.00125", "0.0013"),  # a price of less than a cent
    ("number", 3, "0.12", "0.12"),
]


@pytest.mark.parametrize(("kind", "scale", "value", "there"), TYPES)
def test_numbers_of_every_type_are_rounded_half_up(kind, scale, value, there):
    rule = room(kind, scale=scale).held()
    assert (rule.to_salesforce(value), rule.to_hubspot(value)) == (there, value)
    assert rule.comparison(value) == rule.comparison(there)


def test_prices_finer_than_a_cent_differ_where_the_field_keeps_them():
    prices = room(scale=4).held()
    assert pass_over("0.0014", "0.0012", remembers(annual_revenue=("0.0012", "0.0012")), prices)[1] == {
        "Revenue__c": "0.0014"
    }


def test_a_number_with_too_many_digits_waits_before_it_is_sent():
    rule = room(scale=2, precision=5).held()
    assert (rule.to_salesforce("-999.99"), rule.to_salesforce("0.001")) == ("-999.99", "0")
    refusals = [rule.to_salesforce(value) for value in ("1000", "999.995")]  # rounding may add a digit
    assert {refusal.code for refusal in refusals} == {"TOO_LARGE"}
    assert refusals[0].reason == "more than the 3 digits before the point that the other side takes"
    assert refusals[0].hint == "correct the number, or widen the field"


def test_a_side_that_is_only_read_limits_nothing():
    rule = room("number", scale=0, direction="to_hubspot").held()
    assert (rule.to_hubspot("1.5"), rule.comparison("1.5")) == ("1.5", "1.5")


def test_values_by_table_are_names_and_compare_as_they_are():
    rule = room("number", scale=0, values={"0.4": "2", "0.5": "1"}).held()
    assert (rule.to_salesforce("0.4"), rule.comparison("0.4")) == ("2", "0.4")


def test_without_a_told_scale_nothing_is_rounded():
    rule = room("number").held()
    assert (rule.to_salesforce("1.25"), rule.comparison("1.25")) == ("1.25", "1.25")
    assert room("money").held().comparison("1.255") == "1.26"


FOUND = {
    "whole numbers": (room("number", scale=0), ["Lead keeps only these decimals: Revenue__c 0"]),
    "whole money": (room("money", scale=0), ["Lead keeps only these decimals: Revenue__c 0"]),
    "cents lose nothing of money": (room("money", scale=2), []),
    "they do of a number": (room("number", scale=2), ["Lead keeps only these decimals: Revenue__c 2"]),
    "a source no finer": (room("number", scale=2, source={"scale": 2}), []),
    "nothing told": (room("number"), []),
    "not written there": (room("number", scale=0, direction="to_hubspot"), []),
    "a text": (room("text", scale=0), []),
    "a short text": (room("text", length=5), ["Lead takes at most these characters: Revenue__c 5"]),
    "a text that is cut": (room("text", length=5, too_long="truncate"), []),
    "a short source": (room("text", length=5, source={"length": 5}), []),
    "a short text only read": (room("text", length=5, direction="to_hubspot"), []),
}


@pytest.mark.parametrize(("found", "told"), FOUND.values(), ids=FOUND)
def test_fields_with_too_little_room_are_told_in_one_line(found, told):
    assert [line.partition(";")[0] for line in room_findings("Lead", [found])] == told


def test_the_lines_name_all_fields_and_say_what_becomes_of_values():
    other = room("number", scale=1)
    rooms = [room(scale=0), replace(other, salesforce=replace(other.salesforce, name="Score__c"))]
    (line,) = room_findings("Lead", rooms)
    assert line == (
        "Lead keeps only these decimals: Revenue__c 0, Score__c 1; finer numbers are rounded on the way there"
    )


def test_a_rounded_echo_is_no_edit_that_could_beat_a_deletion():
    gone = Reading(CONTACT, Presence.ARCHIVED)
    subject = Subject(gone, lead(Revenue__c="32000"), remembers(annual_revenue=("32000.4", "32000.4")))
    first, _ = plan(pair(WHOLE, on_archive=OnArchive.ARCHIVE), subject).steps
    assert first == Archive(LEAD, f"{CONTACT} is archived")
    edited = replace(subject, salesforce=lead(Revenue__c="33000"))
    shown = plan(pair(WHOLE, on_archive=OnArchive.ARCHIVE), edited).steps[-1]
    assert isinstance(shown, Raise)
    assert shown.issue.kind is IssueKind.EDIT_BEATS_DELETION
