"""Records that become one, or another: merges on both sides, conversions, and chains of them."""

from __future__ import annotations

from connector.core.refs import Side
from tests.simulation.people.screens import Person, deals_with, does, pair, some_side, somebody, two_people
from tests.simulation.stage import Stage


def merges(stage: Stage) -> str | None:
    """Somebody merges two records of one object, of one person or of two."""
    people = two_people(stage, some_side(stage))
    return people and _merged(stage, *people)


def _merged(stage: Stage, first: Person, second: Person) -> str:
    if first.side is Side.HUBSPOT:
        done = does(stage, first.side, "merge", object="contacts", primary=first.id, other=second.id)
    else:
        chosen = {name: second.values[name] for name in ("Title", "Phone") if second.values.get(name)}
        values = chosen if stage.dice.random() < 0.4 else {}  # now and then
        done = does(stage, first.side, "merge", ids=[first.id, second.id], values=values)
    if done:
        deals_with(stage, str(done["id"]))
    return f"{first.side.value} {second.id} merged into {first.id}: {done['id'] if done else 'no'}"


def merges_chain(stage: Stage) -> str | None:
    """What came out of a merge is merged again, or swallowed."""
    side = some_side(stage)
    said = []
    for _ in range(2):
        people = two_people(stage, side)
        if people:
            said.append(_merged(stage, *people))
    return "; ".join(said) or None


def merges_both(stage: Stage) -> str | None:
    """Both sides merge the same two people, perhaps into different ones."""
    first, second = pair(stage), pair(stage)
    if not first or not second or first[0].id == second[0].id or first[1].object != second[1].object:
        return None
    said = []
    for place in stage.dice.sample(range(2), 2):
        one, other = stage.dice.sample((first[place], second[place]), 2)
        if one.id != other.id:
            said.append(_merged(stage, one, other))
    return "; ".join(said)


def converts(stage: Stage) -> str | None:
    """A rep converts a Lead, into a new Contact or into one that is there."""
    lead = somebody(stage, Side.SALESFORCE, "Lead")
    return lead and _converted(stage, lead, somebody(stage, Side.SALESFORCE, "Contact") if _rarely(stage) else None)


def _converted(stage: Stage, lead: Person, contact: Person | None) -> str:
    done = does(
        stage,
        Side.SALESFORCE,
        "convert_lead",
        id=lead.id,
        contact_id=contact.id if contact else None,
        account_id=contact.values["AccountId"] if contact else None,
        opportunity="a deal" if _rarely(stage) else None,
        field_mapping=not _rarely(stage),
        clear_lead_fields=_rarely(stage),
    )
    for name in ("contactId", "contact_id"):
        if done and done.get(name):
            deals_with(stage, str(done[name]))
    return f"salesforce {lead.id} converted: {done or 'no'}"


def converts_the_other(stage: Stage) -> str | None:
    """A rep converts a Lead into the Contact that has the same address."""
    people = [Person(Side.SALESFORCE, *each) for each in stage.people(Side.SALESFORCE)]
    leads = [each for each in people if each.object == "Lead" and each.email]
    fits = [
        (lead, contact)
        for lead in leads
        for contact in people
        if contact.object == "Contact" and contact.email.lower() == lead.email.lower()
    ]
    return _converted(stage, *stage.dice.choice(fits)) if fits else None


def merges_then_converts(stage: Stage) -> str | None:
    """Two Leads are merged and what comes out is converted at once."""
    leads = [Person(Side.SALESFORCE, *each) for each in stage.people(Side.SALESFORCE) if each[0] == "Lead"]
    if len(leads) < 2:  # a merge takes two
        return None
    first, second = stage.dice.sample(leads, 2)
    return f"{_merged(stage, first, second)}; {_converted(stage, first, None)}"


def _rarely(stage: Stage) -> bool:
    return stage.dice.random() < 0.3  # how rarely
