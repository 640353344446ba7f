"""One record as the store knows it: values that are remembered, and the story in lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.core.journey import Channel as By
from connector.core.journey import Entry, Named, Touched
from connector.core.mapping import Pair, Rule
from connector.core.plan import Agreed, Because, Memory
from connector.core.readings import Reading
from connector.core.refs import Side, hubspot, salesforce
from connector.core.values import Kind
from connector.reports import annals
from connector.reports.names import Names, called
from connector.reports.record import remembered, rows
from connector.reports.story import changes_in
from connector.storage.events import Event
from connector.storage.links import Link

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
ADA, LEAD = hubspot("contacts", "1"), salesforce("Lead", "00Q000000000001AAA")


def rule(name: str, one: str, other: str, kind: Kind = Kind.TEXT) -> Rule:
    return Rule(name, one, other, kind, str, str, str)  # type: ignore[arg-type]  # these are never asked to translate


RULES = (
    rule("title", "jobtitle", "Title"),
    rule("phone", "phone", "Phone"),
    rule("email", "email", "Email", Kind.EMAIL),
    rule("owner", "hubspot_owner_id", "OwnerId", Kind.OWNER),
)
PAIR = Pair("people", "contacts", "Lead", RULES, None, "HubSpot_Id__c", (), *[lambda *_: True] * 3)
MEMORY = Memory(
    base={"title": Agreed("CEO", "CEO"), "phone": Agreed(None, None), "email": Agreed("a@x.test", "a@x.test")},
    sent={Side.SALESFORCE: {"title": ("CTO", "Founder")}},
)
LINK = Link(1, PAIR.name, ADA, LEAD, MEMORY, 1, stopped=False)


def test_what_a_side_was_sent_since_is_what_is_remembered_of_it():
    one, other = remembered(PAIR, LINK)
    assert (one.values["jobtitle"], other.values["Title"]) == ("CEO", "Founder")
    assert (one.values["email"], other.values["Email"]) == ("a@x.test", "a@x.test")
    assert other.values["OwnerId"] is None  # the two never met on it


def test_a_row_knows_whether_both_sides_say_what_was_agreed_and_whether_there_is_anything_to_see():
    title, phone, email, owner = rows(PAIR, *remembered(PAIR, LINK), MEMORY)
    assert [row.as_now for row in (title, phone, email, owner)] == [False, True, True, False]
    assert [row.is_blank for row in (title, phone, email, owner)] == [False, True, False, True]
    assert title.row()["base"] == ["CEO", "CEO"]
    assert owner.row()["base"] is None


def test_a_field_that_a_side_does_not_let_us_read_is_not_taken_for_blank():
    told = Reading(ADA, values={"jobtitle": None, "email": None, "hubspot_owner_id": None})
    row = next(one for one in rows(PAIR, told, None, None) if one.rule.name == "phone")
    assert (row.hubspot, row.hubspot_read, row.is_blank) == (None, False, False)


def test_people_are_called_by_their_address_and_owners_by_their_name():
    one, other = remembered(PAIR, LINK)
    assert called(PAIR, one, other) == "a@x.test"
    assert called(PAIR, None, Reading(LEAD, values={"Title": "CEO"})) == "CEO"
    names = Names({"005A": "Grace Hopper"}, frozenset({"owner"}))
    assert names.spelt("005A", "owner") == ("005A", "Grace Hopper")
    assert names.spelt("005A", "title") == ("005A", "")
    assert names.spelt("one\ntwo") == ("one; two", "")


def test_the_story_is_told_as_it_was_learnt_with_since_when_it_was_so():
    touch = Touched(By.CALL, outbound=True, human=True, by="005A")
    journey = [
        Entry(LEAD, NOON - timedelta(hours=3), NOON + timedelta(seconds=30), touch),
        Entry(ADA, NOON, NOON + timedelta(seconds=50), Named("buyer")),
    ]
    events = [
        Event(NOON, "linked", ADA, LEAD, 7, {"by": "email"}),
        Event(NOON + timedelta(minutes=1), "act", ADA, LEAD, None, {"act": "resync", "by": "ann (web)"}),
    ]
    told = annals.lines(events, journey, Names({"005A": "Grace"}))
    assert [line.said for line in told] == [
        "linked the two as the same",
        "call to them, by Grace",
        "persona chosen by hand: buyer",
        "asked for another look",
    ]
    assert [line.since for line in told] == [None, NOON - timedelta(hours=3), None, None]
    assert (told[0].why, told[0].run_id, told[3].by) == ("by email", 7, "ann (web)")


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"act": "settle", "rule": "title", "winner": "hubspot"}, "settled title: the value of HubSpot stands"),
        ({"act": "unpark", "field": "Email"}, "asked to try Email again"),
        ({"act": "persona", "persona": "buyer"}, "chose the persona buyer"),
        ({"act": "persona", "persona": ""}, "left the persona to the rules"),
        ({"act": "unlink"}, "said to keep the two apart"),
        ({"act": "something new"}, "something new"),
    ],
)
def test_what_people_did_is_told_in_words(payload: dict[str, str], said: str):
    (line,) = annals.lines([Event(NOON, "act", ADA, None, None, {**payload, "by": "ann"})], [], Names())
    assert (line.said, line.by) == (said, "ann")


@pytest.mark.parametrize(
    ("because", "contest", "words"),
    [
        (Because.NEWEST, True, "both were edited, and the later edit wins"),
        (Because.SETTLED, True, "a person settled it"),
        (Because.EDITED, False, "it was edited there, and not here"),
        ("unheard of", False, "unheard of"),
    ],
)
def test_a_change_says_in_plain_words_why_and_whether_a_value_lost(because: str, contest: bool, words: str):  # noqa: FBT001  # a case
    row = {"side": "salesforce", "field": "Title", "rule": "title", "before": "CFO", "after": "CTO", "because": because}
    (change,) = changes_in(Event(NOON, "updated", ADA, LEAD, 3, {"changes": [row]}))
    assert (annals.because(change), annals.is_contest(change)) == (words, contest)
    assert (change.record, change.before, change.origin) == (LEAD, "CFO", "CTO")
