"""Whatever a CRM makes of a value it is given is an echo: never carried back, never an edit.

The remotes are the sandbox's own: its Salesforce trims, rounds, orders, drops milliseconds (Salesforce fact sheet 1.9);
its HubSpot folds addresses and cuts moments to days (HubSpot fact sheet 2.2, 5). A value travels through the rule as it
is compiled and held to the live fields, as JSON on the wire, and comes back as the adapters read it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest

from connector.config.mappings import FieldRule, OwnerMap
from connector.config.room import Room
from connector.config.rules import Staff, Written, rule_for
from connector.core.agreement import sending, settle
from connector.core.mapping import OnArchive, Rule
from connector.core.plan import Agreed, Archive, Memory, Update
from connector.core.planning import Subject, plan
from connector.core.readings import Presence, Reading
from connector.core.refs import Side
from connector.core.values import Kind, Value, canonical
from connector.ports import FieldSchema
from connector.salesforce.rows import json_renders, json_row
from connector.sandbox.hubspot.properties import Property
from connector.sandbox.hubspot.values import stored
from connector.sandbox.salesforce.cleaning import clean
from connector.sandbox.salesforce.fields import Choice, Field
from tests.core.builders import CONTACT, LEAD, contact, lead, pair

CHOICES = [Choice("b"), Choice("a"), Choice("c")]


def as_it_is(held: Any) -> Any:
    return held


def crlf(text: Any) -> Any:
    """A text area that stores both characters of a line end."""
    return text.replace("\n", "\r\n") if isinstance(text, str) else text


@dataclass(frozen=True)
class Trip:
    """A value on its way from one side to the other and what stands at both ends.

    Attributes:
        value: as the first side's JSON has it.
        keeps: what the second side then reads, canonical.
    """

    value: Any
    keeps: Value
    kind: str = "text"
    there: Field = field(default_factory=lambda: Field("X__c", "string", length=80))
    ours: Property = field(default_factory=lambda: Property("x", "X"))
    written: dict[str, Any] = field(default_factory=dict)
    rewrite: Callable[[Any], Any] = as_it_is

    @property
    def rule(self) -> Rule:
        rule = FieldRule.model_validate({"hubspot": "x", "salesforce": "X__c", "kind": self.kind, **self.written})
        compiled = rule_for(Written("x", rule, "m.yaml:1"), "Lead", Staff(None, OwnerMap()))
        there, kinds = self.there, frozenset(Kind)
        number = there.type in {"int", "double", "currency", "percent"}
        limits = {"scale": there.scale, "precision": there.precision} if number else {"length": there.length or None}
        here = FieldSchema("x", "", self.ours.type, kinds, length=65_536)
        return Room(compiled, rule, here, FieldSchema("X__c", "", there.type, kinds, **limits)).held()

    def salesforce_keeps(self, value: Value) -> Value:
        row = json_row({"X__c": value}, json_renders({"X__c": self.there.type}))
        held = self.rewrite(clean(self.there, orjson.loads(orjson.dumps(row))["X__c"]))
        return canonical(Kind(self.kind), orjson.loads(orjson.dumps(held)))

    def hubspot_keeps(self, value: Value) -> Value:
        return canonical(Kind(self.kind), self.rewrite(stored(self.ours, value or "")))


def money(scale: int, kind: str = "currency") -> Field:
    return Field("X__c", kind, precision=18, scale=scale)


DATES = Property("x", "X", "date", "date")
MOMENTS = Property("x", "X", "datetime", "date")
NUMBERS = Property("x", "X", "number", "number")
MANY = Field("X__c", "multipicklist", length=255, choices=CHOICES)
AREA = Field("X__c", "textarea", length=255)
SHORT = Field("X__c", "string", length=6)
CUT = {"too_long": "truncate"}

TO_SALESFORCE = {
    "blanks around a text are trimmed": Trip("  Ada ", "Ada"),
    "a text of blanks is blank": Trip("x \t", "x"),
    "a text too long is cut": Trip("Featherstone", "Feathe", there=SHORT, written=CUT),
    "a text cut after a word loses the blank too": Trip("Tower Bridge", "Tower", there=SHORT, written=CUT),
    "a cut text loses the line end it was cut at": Trip("Tower\nBridge", "Tower", there=SHORT, written=CUT),
    "line ends get a second character": Trip("one\ntwo", "one\r\ntwo", there=AREA, rewrite=crlf),
    "line ends lose a character": Trip(
        "one\r\ntwo", "one\ntwo", rewrite=lambda text: text.replace("\r", ""), there=AREA
    ),
    "a cut text of several lines": Trip("one\ntwo", "one\r\ntw", there=SHORT, written=CUT, rewrite=crlf),
    "a whole amount": Trip("32000.4", "32000", "money", money(0), NUMBERS),
    "an amount in cents": Trip("0.125", "0.13", "money", money(2), NUMBERS),
    "a price below a cent": Trip("0.00125", "0.0013", "money", money(4), NUMBERS),
    "a great amount is printed with an exponent": Trip("350000000", "350000000", "money", money(0), NUMBERS),
    "a percentage": Trip("49.5", "50", "number", money(0, "percent"), NUMBERS),
    "a whole number": Trip("-2.5", "-3", "number", money(0, "int"), NUMBERS),
    "a decimal": Trip("1.005", "1.01", "number", money(2, "double"), NUMBERS),
    "many digits are kept as a machine number": Trip(
        "1234567890123456.78", "1234567890123456.8", "number", money(2, "double"), NUMBERS
    ),
    "milliseconds are dropped": Trip(
        "2026-11-02T08:15:30.987Z", "2026-11-02T08:15:30.000Z", "datetime", Field("X__c", "datetime"), MOMENTS
    ),
    "a moment as a day in a text": Trip(
        "2026-11-02T08:15:30Z",
        "2026-11-02T00:00:00.000Z",
        "datetime",
        ours=MOMENTS,
        written={"transforms": ["date_of_datetime"], "direction": "to_salesforce"},
    ),
    "a moment as a day": Trip(
        "2026-11-02T23:59:59Z", "2026-11-02", "date", Field("X__c", "date"), MOMENTS, {"direction": "to_salesforce"}
    ),
    "a day": Trip("2026-11-02", "2026-11-02", "date", Field("X__c", "date"), DATES),
    "choices in the order of the definition": Trip("a;b", "a;b", "multipicklist", MANY),
    "choices of which several become one": Trip(
        "x;y;z",
        "a;b",
        "multipicklist",
        MANY,
        written={"values": {"x": "a", "y": "b", "z": "a"}, "values_to_hubspot": {"a": "x"}},
    ),
    "a ticked box": Trip("true", "true", "boolean", Field("X__c", "boolean")),
    "a box as yes in a text": Trip("true", "true", "boolean", written={"transforms": ["yes_no"]}),
    "a box as a digit in a text": Trip("true", "true", "boolean", written={"transforms": ["one_zero"]}),
    "an id of fifteen characters": Trip(
        "003000000000001", "003000000000001AAA", "reference", Field("X__c", "reference", refers_to=("Contact",))
    ),
    "a phone number in the org's own spelling": Trip(
        "+33 1 40 20 00 00", "01 40 20 00 00", "phone", written={"region": "FR"}, rewrite=lambda _: "01 40 20 00 00"
    ),
    "a mapped value": Trip("new", "Open", "picklist", written={"values": {"new": "Open", "done": " Closed "}}),
    "a mapped value with blanks around it": Trip(
        "done", "Closed", "picklist", written={"values": {"done": " Closed "}}
    ),
}
TO_HUBSPOT = {
    "an address is folded": Trip("Ada@X.test", "ada@x.test", "email", ours=Property("email", "E-mail")),
    "a number": Trip(1.50, "1.5", "number", money(2), NUMBERS),
    "a great amount": Trip(3.5e8, "350000000", "money", money(0), NUMBERS),
    "a moment": Trip(
        "2026-11-02T08:15:30.000+0000", "2026-11-02T08:15:30.000Z", "datetime", Field("X__c", "datetime"), MOMENTS
    ),
    "a moment as a day": Trip(
        "2026-11-02T23:59:59.000+0000",
        "2026-11-02",
        "date",
        Field("X__c", "datetime"),
        DATES,
        {"direction": "to_hubspot"},
    ),
    "a day told as milliseconds": Trip(1793577600000, "2026-11-02", "date", Field("X__c", "date"), DATES),
    "choices in another order": Trip(
        "b;a",
        "a;b",
        "multipicklist",
        MANY,
        Property("x", "X", "enumeration", "checkbox", options=[{"label": one, "value": one} for one in "ab"]),
    ),
    "line ends lose a character": Trip(
        "one\r\ntwo", "one\ntwo", there=AREA, rewrite=lambda text: text.replace("\r", "")
    ),
    "a ticked box": Trip(
        True, "true", "boolean", Field("X__c", "boolean"), Property("x", "X", "bool", "booleancheckbox")
    ),
}
TRIPS = [
    pytest.param(side, trip, id=f"to {side.value}: {name}")
    for side, trips in ((Side.SALESFORCE, TO_SALESFORCE), (Side.HUBSPOT, TO_HUBSPOT))
    for name, trip in trips.items()
]
NEVER = Memory({"x": Agreed(None, None)})


@dataclass(frozen=True)
class Story:
    """The trip made: the two readings, and the memory once the process died before it was recorded, and recorded."""

    memories: tuple[Memory, ...]
    hubspot: Reading
    salesforce: Reading

    @classmethod
    def of(cls, towards: Side, trip: Trip) -> Story:
        said = canonical(Kind(trip.kind), trip.value)
        there = towards is Side.SALESFORCE
        left, right = contact(x=said if there else None), lead(X__c=None if there else said)
        made = plan(pair(trip.rule), Subject(left, right, NEVER))
        (step,) = made.steps
        assert isinstance(step, Update)
        (change,) = step.changes
        assert change.side is towards
        died = sending(NEVER, made)
        if there:
            right = lead(X__c=trip.salesforce_keeps(change.after))
        else:
            left = contact(x=trip.hubspot_keeps(change.after))
        told = {} if there else {(towards, change.field): left.values["x"]}  # only HubSpot says what it holds
        recorded = [settle(died, made, step.changes, told=said) for said in ({}, told)]
        return cls((died, *recorded), left, right)


@pytest.mark.parametrize(("towards", "trip"), TRIPS)
def test_what_a_side_makes_of_a_value_is_known_for_an_echo(towards: Side, trip: Trip) -> None:
    story = Story.of(towards, trip)
    held = story.salesforce.values["X__c"] if towards is Side.SALESFORCE else story.hubspot.values["x"]
    assert held == trip.keeps
    for memory in story.memories:
        made = plan(pair(trip.rule), Subject(story.hubspot, story.salesforce, memory))
        assert (made.steps, made.left_alone) == ((), ())


@pytest.mark.parametrize(("towards", "trip"), TRIPS)
def test_what_a_side_makes_of_a_value_does_not_beat_a_deletion(towards: Side, trip: Trip) -> None:
    story = Story.of(towards, trip)
    gone = {towards.other.value: Reading(CONTACT if towards is Side.SALESFORCE else LEAD, Presence.ARCHIVED)}
    for memory in story.memories:
        subject = replace(Subject(story.hubspot, story.salesforce, memory), **gone)
        assert isinstance(plan(pair(trip.rule, on_archive=OnArchive.ARCHIVE), subject).steps[0], Archive)
