"""What all acts stand on: somebody to be acted on, and the CRMs' own screens to act through.

An act is a function from the stage to words for the trace, or None when there is nobody to do it to. Values carry a
token each (`t17`), so that every value in the end names the one edit it comes from. What a CRM itself refuses is told
and changes nothing. Plays that come back to the same few people get deep, so acts turn to those whom the last acts were
about, as often as the stage's `closeness` says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from connector.core.refs import Side
from connector.sandbox.acts import act
from tests.simulation.stage import Stage

Doing = Callable[[Stage], str | None]
ADDRESSES = 9
REMEMBERED = 6  # ids of the last three people or so
CROSS_IDS = {Side.HUBSPOT: "salesforce_record_id", Side.SALESFORCE: "HubSpot_Contact_Id__c"}


class Person(NamedTuple):
    """A live record of somebody."""

    side: Side
    object: str
    id: str
    values: Mapping[str, Any]

    @property
    def email(self) -> str:
        """The address, "" when there is none."""
        return str(self.values.get("email") or self.values.get("Email") or "")


def token(stage: Stage) -> str:
    """A value that nobody wrote before."""
    stage.tokens += 1
    return f"t{stage.tokens}"


def does(stage: Stage, side: Side, doing: str, /, **arguments: Any) -> dict[str, Any] | None:
    """Do something on a side's screens; None when the side does not let anyone."""
    try:
        return act(stage.world, side.value, doing, arguments)
    except (ValueError, LookupError) as refusal:
        stage.tell(f"  {side.value} refuses: {str(refusal)[:90]}")
        return None


def some_side(stage: Stage) -> Side:
    """Either side."""
    return stage.dice.choice(list(Side))


def somebody(stage: Stage, side: Side, obj: str = "") -> Person | None:
    """A live person; None when there is none."""
    people = [Person(side, *each) for each in stage.people(side) if not obj or each[0] == obj]
    if stage.closeness and stage.dice.random() < stage.closeness:
        lately = set(stage.dealt[-REMEMBERED:])
        people = [each for each in people if lately & {each.id, each.values.get(CROSS_IDS[side])}] or people
    if not people:
        return None
    chosen = stage.dice.choice(people)
    deals_with(stage, chosen.id)
    return chosen


def two_people(stage: Stage, side: Side) -> tuple[Person, Person] | None:
    """Two live records of one object; None when there are none."""
    first = somebody(stage, side)
    others = [Person(side, *each) for each in stage.people(side) if first and each[0] == first.object]
    others = [each for each in others if first and each.id != first.id]
    if not first or not others:
        return None
    alike = [each for each in others if each.email.lower() == first.email.lower()]
    return first, stage.dice.choice(alike if alike and stage.dice.random() < 0.5 else others)  # even


def pair(stage: Stage) -> tuple[Person, Person] | None:
    """(HubSpot's record, Salesforce's record) of somebody both sides know as one; None when there is nobody."""
    contact = somebody(stage, Side.HUBSPOT)
    there = {each[1]: Person(Side.SALESFORCE, *each) for each in stage.people(Side.SALESFORCE)}
    named = contact and there.get(str(contact.values.get(CROSS_IDS[Side.HUBSPOT])))
    if contact and named:
        return contact, named
    people = {each[1]: Person(Side.HUBSPOT, *each) for each in stage.people(Side.HUBSPOT)}
    found = [(people[str(one)], each) for each in there.values() if (one := each.values.get(_ID)) in people]
    return stage.dice.choice(found) if found else None


_ID = CROSS_IDS[Side.SALESFORCE]


def deals_with(stage: Stage, record: str) -> None:
    """Remember whom an act was about."""
    stage.dealt[:] = [*stage.dealt[-REMEMBERED:], record]


def edit(stage: Stage, person: Person, values: Mapping[str, Any]) -> str:
    """Change a record on its side's screen, and say so."""
    if person.side is Side.HUBSPOT:
        blanks = {name: "" if value is None else value for name, value in values.items()}
        done = does(stage, person.side, "edit", object=person.object, id=person.id, properties=blanks)
    else:
        done = does(stage, person.side, "edit", id=person.id, values=values)
    return f"{person.side.value} {person.id} edited: {dict(values)}{'' if done else ' (refused)'}"


def make(stage: Stage, side: Side, obj: str, values: Mapping[str, Any]) -> str | None:
    """Make a record on a side's screen; its id, None when the side does not let anyone."""
    said = {name: value for name, value in values.items() if value not in {None, ""}}
    if side is Side.HUBSPOT:
        made = does(stage, side, "create", object=obj, properties=said)
    else:
        made = does(stage, side, "create", sobject=obj, values=said)
    if made is None:
        return None
    deals_with(stage, str(made["id"]))
    return str(made["id"])
