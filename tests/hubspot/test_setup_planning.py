"""Wanted properties held against those that are there: what is made, what is added, what is left to a person."""

from __future__ import annotations

from typing import Any

import pytest

from connector.core.refs import Side
from connector.core.values import Kind
from connector.hubspot.setup.by_hand import by_hand
from connector.hubspot.setup.planning import Doing, Live, Plan, planned
from connector.wanted import Audience, Choice, Section, Wanted


def wanted(kind: Kind = Kind.TEXT, *options: str, name: str = "smarketing_x", **more: Any) -> Wanted:
    choices = tuple(Choice(each, each.capitalize()) for each in options)
    told = {"description": "what it is", "why": "feedback.yaml:12 feedback.x", "section": Section.FEEDBACK, **more}
    return Wanted(Side.HUBSPOT, "contacts", name, "X", kind, options=choices, **told)


def told(type_: str = "string", field_type: str = "text", **more: Any) -> dict[str, Any]:
    return {"name": "smarketing_x", "label": "X", "type": type_, "fieldType": field_type, "groupName": "smarketing",
            "options": [], **more}  # fmt: skip


def options(*values: str, hidden: str = "") -> list[dict[str, Any]]:
    return [{"value": each, "label": each.upper(), "displayOrder": 0, "hidden": each == hidden} for each in values]


def plan(one: Wanted, there: dict[str, Any] | None = None, gone: dict[str, Any] | None = None) -> Plan:
    properties = {one.name: there} if there else {}
    archived = {one.name: gone} if gone else {}
    return planned([(Live("contacts", properties, archived, frozenset({"smarketing"})), [one])])


@pytest.mark.parametrize(
    ("one", "shape"),
    [
        (wanted(), ("string", "text")),
        (wanted(length=32_768), ("string", "textarea")),
        (wanted(Kind.PHONE), ("string", "phonenumber")),
        (wanted(Kind.MONEY), ("number", "number")),
        (wanted(Kind.DATE), ("date", "date")),
        (wanted(Kind.DATETIME), ("datetime", "date")),
        (wanted(Kind.BOOLEAN), ("bool", "booleancheckbox")),
        (wanted(Kind.PICKLIST, "a", "b"), ("enumeration", "select")),
        (wanted(Kind.MULTIPICKLIST, "a"), ("enumeration", "checkbox")),
        (wanted(Kind.REFERENCE), ("string", "text")),
    ],
    ids=lambda each: each.kind.value if isinstance(each, Wanted) else "-".join(each),
)
def test_each_kind_is_made_in_the_shape_that_holds_it(one: Wanted, shape: tuple[str, str]):
    [act] = plan(one).acts
    assert act.doing is Doing.CREATE
    assert (act.body["type"], act.body["fieldType"]) == shape
    assert plan(one, there={**act.body, "hasUniqueValue": False}).acts == ()  # what is made so is what is wanted


def test_every_kind_has_a_shape():
    assert all(plan(wanted(kind, "a")).acts for kind in Kind)


def test_the_group_comes_first_and_once_an_object():
    live = Live("contacts", {}, {}, frozenset({"contactinformation"}))
    made = planned([(live, [wanted(), wanted(name="smarketing_y")])])
    assert [(act.doing, act.name) for act in made.acts] == [
        (Doing.GROUP, "smarketing"), (Doing.CREATE, "smarketing_x"), (Doing.CREATE, "smarketing_y"),
    ]  # fmt: skip
    assert planned([(live, [])]).acts == ()


def test_a_group_of_nothing_but_an_id_does_not_promise_feedback():
    live = Live("deals", {}, {}, frozenset())
    made = planned([(live, [wanted(name="salesforce_record_id", section=Section.IDS, unique=True)])])
    assert (made.acts[0].body["label"], made.acts[1].body["hasUniqueValue"]) == ("Salesforce", True)


def test_what_is_as_it_should_be_is_counted_and_nothing_more():
    assert plan(wanted(), told()) == Plan((), (), (), 1)


def test_a_missing_option_is_added_and_those_there_are_not_spoken_of():
    [act] = plan(wanted(Kind.PICKLIST, "a", "b", "c"), told("enumeration", "select", options=options("b", "own"))).acts
    assert (act.doing, [each["value"] for each in act.body["options"]]) == (Doing.OPTIONS, ["a", "c"])
    assert act.words == "contacts.smarketing_x offers 'a', 'c' too"


def test_labels_of_ones_own_are_left_alone():
    there = told("enumeration", "radio", label="Antwort", description="", options=options("a"))
    assert plan(wanted(Kind.PICKLIST, "a"), there) == Plan((), (), (), 1)


@pytest.mark.parametrize(
    ("one", "there", "words"),
    [
        (wanted(Kind.DATE), told("datetime", "date"), "is of type datetime, which cannot hold a date"),
        (wanted(), told("enumeration", "select"), "is of type enumeration, which cannot hold a text"),
        (wanted(Kind.PICKLIST, "a"), told("number", "number"), "is of type number, which cannot hold a picklist"),
        (wanted(unique=True), told(), "exists without unique values"),
        (wanted(), told(modificationMetadata={"readOnlyValue": True}), "is read-only"),
        (wanted(Kind.NUMBER), told("number", "number", calculated=True), "is read-only"),
        (
            wanted(Kind.PICKLIST, "a", "b"),
            told("enumeration", "select", options=options("a"), modificationMetadata={"readOnlyOptions": True}),
            "lacks 'b', and HubSpot lets nobody add options",
        ),
        (
            wanted(Kind.PICKLIST, "a", "b"),
            told("enumeration", "select", options=options("a", "b", hidden="b")),
            "hides 'b', so nobody can pick it",
        ),
    ],
)  # fmt: skip
def test_what_nobody_can_change_is_left_to_a_person_with_what_to_do(one: Wanted, there: dict[str, Any], words: str):
    made = plan(one, there)
    assert made.acts == ()
    [left] = made.left
    assert words in left.title
    assert "feedback.yaml" in " ".join(left.steps)
    assert left.success
    assert made.fine == 0


def test_what_the_bridge_only_reads_may_be_read_only():
    assert plan(wanted(written_by_bridge=False), told(modificationMetadata={"readOnlyValue": True})).left == ()


def test_free_text_holds_a_list_and_says_that_a_list_would_be_better():
    made = plan(wanted(Kind.PICKLIST, "a"), told())
    assert (made.acts, made.left, made.fine) == ((), (), 1)
    assert made.kept == (
        "contacts.smarketing_x is free text, where a list would be easier to pick from and to filter by",
    )


def test_a_property_that_an_admin_has_moved_stays_where_it_is():
    made = plan(wanted(), told(groupName="sales"))
    assert (made.acts, made.kept) == ((), ("contacts.smarketing_x stands in the group 'sales', not in 'smarketing'",))


def test_an_archived_property_comes_back_with_the_options_and_the_shape_it_had():
    gone = told("enumeration", "radio", options=options("old", "a"))
    [act] = plan(wanted(Kind.PICKLIST, "a", "b"), gone=gone).acts
    assert act.doing is Doing.RESTORE
    assert act.body["fieldType"] == "radio"
    assert [each["value"] for each in act.body["options"]] == ["old", "a", "b"]


def test_an_archived_property_of_another_type_is_left_to_a_person():
    made = plan(wanted(Kind.DATE), gone=told("number", "number"))
    assert (made.acts, made.left[0].title) == (
        (), "contacts.smarketing_x is of type number, which cannot hold a date",
    )  # fmt: skip


def test_a_name_that_hubspot_takes_nowhere_is_told_before_it_is_sent():
    made = plan(wanted(name="Smarketing X"))
    assert made.acts == ()
    assert "takes no property named 'Smarketing X'" in made.left[0].title


def test_nobody_is_told_to_make_a_view_of_what_is_not_there():
    shown = frozenset({Audience.MARKETERS})
    assert [one.title for one in by_hand([wanted(shown_to=shown)], {}, "")] == [
        "A card 'Sales feedback' on the page of contacts"
    ]
    assert list(by_hand([wanted()], {}, "")) == []  # nothing that a marketer reads
