"""What reps, marketers, admins and other people's software do meanwhile, on the CRMs' own screens.

Every act is a function from the stage to words for the trace, or None when there is nobody to do it to. Values carry a
token each (`t17`), so that every value in the end names the one edit it comes from. An act that the CRM itself refuses
is told and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connector.core.refs import Side
from connector.sandbox.acts import act
from tests.simulation.stage import Stage

Doing = Callable[[Stage], str | None]

FIELDS: Mapping[Side, tuple[str, ...]] = {
    Side.HUBSPOT: ("firstname", "lastname", "jobtitle", "city", "company"),
    Side.SALESFORCE: ("FirstName", "LastName", "Title", "City", "Company"),
}
CONTACT_NAMES = {"City": "MailingCity", "Company": None}  # a Contact's; its company is its Account
ADDRESSES = 9


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


def somebody(stage: Stage, side: Side, obj: str = "") -> tuple[str, str, dict[str, Any]] | None:
    """(object, id, values) of a live person; None when there is none."""
    people = [each for each in stage.people(side) if not obj or each[0] == obj]
    return stage.dice.choice(people) if people else None


def arrives(stage: Stage) -> str | None:
    """Somebody new, or somebody the other side has too, or a second record of one person."""
    side = stage.dice.choice(list(Side))
    email = f"p{stage.dice.randrange(ADDRESSES)}@x.test"
    mail, last = (email, token(stage)) if stage.dice.random() < 0.9 else (None, token(stage))
    if side is Side.HUBSPOT:
        values = {"email": mail or "", "lastname": last, "firstname": token(stage)}
        made = does(stage, side, "create", object="contacts", properties={k: v for k, v in values.items() if v})
    else:
        row = {"Email": mail, "LastName": last, "Company": token(stage)}
        made = does(stage, side, "create", sobject="Lead", values={k: v for k, v in row.items() if v})
    return f"{email if mail else 'somebody without address'} arrives in {side.value}: {made['id'] if made else 'no'}"


def edits(stage: Stage) -> str | None:
    """Somebody edits one or two fields of a person."""
    side = stage.dice.choice(list(Side))
    found = somebody(stage, side)
    if found is None:
        return None
    obj, record, _ = found
    names = stage.dice.sample(FIELDS[side], stage.dice.choice((1, 1, 2)))
    values = {}
    for name in names:
        own = CONTACT_NAMES.get(name, name) if obj == "Contact" else name
        if own:
            values[own] = token(stage)
    return _edit(stage, side, obj, record, values)


def edits_both(stage: Stage) -> str | None:
    """A rep and a marketer edit the same field of the same person, moments apart."""
    pairs = stage.pairs()
    if not pairs:
        return None
    contact, person = stage.dice.choice(pairs)
    place = stage.dice.randrange(3)  # names and title, which every object has
    first, second = stage.dice.sample(list(Side), 2)
    said = []
    for side in (first, second):
        obj, record = ("contacts", contact) if side is Side.HUBSPOT else ("", person)
        said.append(_edit(stage, side, obj, record, {FIELDS[side][place]: token(stage)}))
        stage.clock.advance(stage.dice.choice((0.2, 1.5, 3.0)))
    return "; ".join(said)


def _edit(stage: Stage, side: Side, obj: str, record: str, values: Mapping[str, Any]) -> str:
    if side is Side.HUBSPOT:
        done = does(stage, side, "edit", object=obj, id=record, properties=values)
    else:
        done = does(stage, side, "edit", id=record, values=values)
    return f"{side.value} {record} edited: {dict(values)}{'' if done else ' (refused)'}"


def moves_address(stage: Stage) -> str | None:
    """Somebody gets another e-mail address."""
    side = stage.dice.choice(list(Side))
    found = somebody(stage, side)
    if found is None:
        return None
    email = f"{token(stage)}@x.test"
    name = "email" if side is Side.HUBSPOT else "Email"
    return _edit(stage, side, found[0], found[1], {name: email})


def clears(stage: Stage) -> str | None:
    """Somebody empties a field."""
    side = stage.dice.choice(list(Side))
    found = somebody(stage, side)
    if found is None:
        return None
    name = {Side.HUBSPOT: "jobtitle", Side.SALESFORCE: "Title"}[side]
    return _edit(stage, side, found[0], found[1], {name: "" if side is Side.HUBSPOT else None})


def archives(stage: Stage) -> str | None:
    """Somebody deletes a record."""
    side = stage.dice.choice(list(Side))
    found = somebody(stage, side)
    if found is None:
        return None
    if side is Side.HUBSPOT:
        does(stage, side, "archive", object="contacts", id=found[1])
    else:
        does(stage, side, "delete", id=found[1])
    return f"{side.value} {found[1]} deleted"


def merges(stage: Stage) -> str | None:
    """Somebody merges two records of one object."""
    side = stage.dice.choice(list(Side))
    first = somebody(stage, side)
    second = somebody(stage, side, first[0]) if first else None
    if not first or not second or first[1] == second[1]:
        return None
    if side is Side.HUBSPOT:
        done = does(stage, side, "merge", object="contacts", primary=first[1], other=second[1])
    else:
        done = does(stage, side, "merge", ids=[first[1], second[1]])
    return f"{side.value} {second[1]} merged into {first[1]}: {done['id'] if done else 'no'}"


def converts(stage: Stage) -> str | None:
    """A rep converts a Lead, into a new Contact or into one that is there."""
    lead = somebody(stage, Side.SALESFORCE, "Lead")
    if lead is None:
        return None
    contact = somebody(stage, Side.SALESFORCE, "Contact") if stage.dice.random() < 0.3 else None
    done = does(
        stage,
        Side.SALESFORCE,
        "convert_lead",
        id=lead[1],
        contact_id=contact[1] if contact else None,
        account_id=contact[2]["AccountId"] if contact else None,
    )
    return f"salesforce {lead[1]} converted: {done}"


def erases(stage: Stage) -> str | None:
    """A person asks to be forgotten, in HubSpot."""
    found = somebody(stage, Side.HUBSPOT)
    if found is None:
        return None
    does(stage, Side.HUBSPOT, "erase", id=found[1])
    return f"hubspot {found[1]} erased"


ACTS: Mapping[str, Doing] = {
    "arrives": arrives,
    "edits": edits,
    "edits both": edits_both,
    "moves address": moves_address,
    "clears": clears,
    "archives": archives,
    "merges": merges,
    "converts": converts,
    "erases": erases,
}
USUAL = {"arrives": 3.0, "edits": 8.0, "edits both": 3.0}
RARE = {"moves address": 0.7, "clears": 0.7, "archives": 0.5, "merges": 0.7, "converts": 0.8, "erases": 0.3}
