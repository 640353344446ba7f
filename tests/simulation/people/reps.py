"""What reps and marketers do to one person: edit, correct, clear, fill in, fetch back, mistype, and all of it at once.

Reps sit in Salesforce and marketers in HubSpot; both do the same sorts of things, so an act draws its side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.core.refs import Side
from tests.simulation.people.fields import PLACES, PLAIN, TYPED, Place, respelt, spelt_phone
from tests.simulation.people.screens import ADDRESSES, Person, edit, make, pair, some_side, somebody, token
from tests.simulation.stage import Stage

PAUSES_S = (0.0, 0.2, 1.5, 3.0)
BARE = {"last_name"}  # nobody can clear it in Salesforce
TOO_LONG = 300


def arrives(stage: Stage) -> str | None:
    """Somebody new, or somebody the other side has too, or a second record of one person."""
    side = some_side(stage)
    email = f"p{stage.dice.randrange(ADDRESSES)}@x.test" if stage.dice.random() < 0.9 else ""  # rarely
    if side is Side.HUBSPOT:
        made = make(stage, side, "contacts", {"email": email, "lastname": token(stage), "firstname": token(stage)})
    else:
        made = make(stage, side, "Lead", {"Email": email, "LastName": token(stage), "Company": token(stage)})
    return f"{email or 'somebody without address'} arrives in {side.value}: {made or 'no'}"


def arrives_as_contact(stage: Stage) -> str | None:
    """A rep makes a Contact by hand, without a Lead before."""
    email = f"p{stage.dice.randrange(ADDRESSES)}@x.test"
    made = make(stage, Side.SALESFORCE, "Contact", {"Email": email, "LastName": token(stage)})
    return f"{email} is made a Contact by hand: {made or 'no'}"


def arrives_filled(stage: Stage) -> str | None:
    """Somebody new with every field filled in, as imports and forms make them."""
    side = some_side(stage)
    obj = "contacts" if side is Side.HUBSPOT else stage.dice.choice(("Lead", "Contact"))
    nobody = Person(side, obj, "", {})
    values = {place.on(nobody): place.write(stage, side) for place in PLACES.values() if place.on(nobody)}
    values["email" if side is Side.HUBSPOT else "Email"] = f"p{stage.dice.randrange(ADDRESSES)}@x.test"
    return f"somebody arrives in {side.value} with {values}: {make(stage, side, obj, values) or 'no'}"


def twins(stage: Stage) -> str | None:
    """The same new person on both sides at once."""
    email, said = f"{token(stage)}@x.test", []
    for side in stage.dice.sample(list(Side), 2):
        if side is Side.HUBSPOT:
            made = make(stage, side, "contacts", {"email": email, "lastname": token(stage)})
        else:
            obj = stage.dice.choice(("Lead", "Lead", "Contact"))
            company = token(stage) if obj == "Lead" else None
            made = make(stage, side, obj, {"Email": email.upper(), "LastName": token(stage), "Company": company})
        said.append(f"{side.value} {made}")
        stage.clock.advance(stage.dice.choice(PAUSES_S))
    return f"{email} arrives on both sides: {', '.join(said)}"


def doubles(stage: Stage) -> str | None:
    """A second Lead, or a Contact beside the Lead, with an address that is there already."""
    person = somebody(stage, Side.SALESFORCE)
    if person is None or not person.email:
        return None
    obj = stage.dice.choice(("Lead", "Contact"))
    company = token(stage) if obj == "Lead" else None
    values = {"Email": respelt(stage, person.email).strip(), "LastName": token(stage), "Company": company}
    return f"a second record of {person.email} is made, a {obj}: {make(stage, Side.SALESFORCE, obj, values) or 'no'}"


def edits(stage: Stage) -> str | None:
    """Somebody edits one or two fields of a person."""
    return _edits(stage, PLAIN)


def edits_typed(stage: Stage) -> str | None:
    """Somebody edits fields that are more than text: phones, money, stages, owners, countries, lines."""
    return _edits(stage, TYPED)


def _edits(stage: Stage, names: Sequence[str]) -> str | None:
    person = somebody(stage, some_side(stage))
    if person is None:
        return None
    return edit(stage, person, _drawn(stage, person, stage.dice.sample(names, stage.dice.choice((1, 1, 2)))))


def edits_many(stage: Stage) -> str | None:
    """Somebody fills in the whole form anew."""
    person = somebody(stage, some_side(stage))
    return person and edit(stage, person, _drawn(stage, person, stage.dice.sample(sorted(PLACES), 7)))


def _drawn(stage: Stage, person: Person, names: Sequence[str]) -> Mapping[str, Any]:
    places = [PLACES[name] for name in names]
    return {place.on(person): place.write(stage, person.side) for place in places if place.on(person)}


def edits_both(stage: Stage) -> str | None:
    """A rep and a marketer edit the same field of the same person, moments apart."""
    return _both(stage, PLAIN)


def edits_both_typed(stage: Stage) -> str | None:
    """Both edit one field that is more than text."""
    return _both(stage, TYPED)


def _both(stage: Stage, names: Sequence[str]) -> str | None:
    people = pair(stage)
    if people is None:
        return None
    place, said = PLACES[stage.dice.choice(names)], []
    for person in stage.dice.sample(people, 2):
        if place.on(person):
            said.append(edit(stage, person, {place.on(person): place.write(stage, person.side)}))
        stage.clock.advance(stage.dice.choice(PAUSES_S))
    return "; ".join(said)


def agrees(stage: Stage) -> str | None:
    """Both write the same into the same field, each for himself."""
    people, value = pair(stage), token(stage)
    place = PLACES[stage.dice.choice(PLAIN)]
    if people is None:
        return None
    return "; ".join(edit(stage, each, {place.on(each): value}) for each in people if place.on(each))


def takes_back(stage: Stage) -> str | None:
    """Somebody edits a field and then puts the old value back; what happens between is drawn."""
    person = somebody(stage, some_side(stage))
    place = PLACES[stage.dice.choice(PLAIN)]
    if person is None or not place.on(person):
        return None
    old = person.values.get(place.on(person))
    first = edit(stage, person, {place.on(person): token(stage)})
    stage.clock.advance(stage.dice.choice((0.0, 1.5, 30.0)))
    return f"{first}; taken back: {edit(stage, person, {place.on(person): old})}"


def copies_other(stage: Stage) -> str | None:
    """Somebody types over what the other side says, by hand."""
    people = pair(stage)
    place = PLACES[stage.dice.choice((*PLAIN, "phone", "street"))]
    if people is None:
        return None
    source, target = stage.dice.sample(people, 2)
    if not place.on(source) or not place.on(target):
        return None
    return f"by hand: {edit(stage, target, {place.on(target): source.values.get(place.on(source))})}"


def respells(stage: Stage) -> str | None:
    """Somebody writes the same in other letters: no edit to the eye, another value to the wire."""
    person = somebody(stage, some_side(stage))
    place = Place("email", "Email", "Email", PLACES["city"].write)
    place = stage.dice.choice((place, *(PLACES[name] for name in (*PLAIN, "phone", "mobile"))))
    if person is None or not place.on(person):
        return None
    old = str(person.values.get(place.on(person)) or "")
    digits = "".join(each for each in old if each.isdigit())[-10:]
    new = spelt_phone(stage, digits) if "hone" in place.on(person) and digits else respelt(stage, old)
    return edit(stage, person, {place.on(person): new}) if old else None


def clears(stage: Stage) -> str | None:
    """Somebody empties a field."""
    person = somebody(stage, some_side(stage))
    place = PLACES[stage.dice.choice([name for name in PLACES if name not in BARE and name != "owner"])]
    if person is None or not place.on(person):
        return None
    return edit(stage, person, {place.on(person): None})


def clears_and_fills(stage: Stage) -> str | None:
    """Somebody empties a field and fills it again."""
    person = somebody(stage, some_side(stage))
    place = PLACES[stage.dice.choice(("job_title", "city", "phone"))]
    if person is None:
        return None
    first = edit(stage, person, {place.on(person): None})
    stage.clock.advance(stage.dice.choice((0.0, 1.5, 30.0)))
    return f"{first}; {edit(stage, person, {place.on(person): place.write(stage, person.side)})}"


def moves_address(stage: Stage) -> str | None:
    """Somebody gets another e-mail address, or none."""
    person = somebody(stage, some_side(stage))
    if person is None:
        return None
    email = stage.dice.choice((f"{token(stage)}@x.test", f"p{stage.dice.randrange(ADDRESSES)}@x.test", None))
    return edit(stage, person, {"email" if person.side is Side.HUBSPOT else "Email": email})


def swaps_addresses(stage: Stage) -> str | None:
    """The addresses of two people were mixed up, and somebody puts them right on one side."""
    side = some_side(stage)
    first, second = somebody(stage, side), somebody(stage, side)
    if not first or not second or first.id == second.id or not (first.email and second.email):
        return None
    name = "email" if side is Side.HUBSPOT else "Email"
    between = edit(stage, first, {name: f"{token(stage)}@x.test"})
    return f"{between}; {edit(stage, second, {name: first.email})}; {edit(stage, first, {name: second.email})}"


def mistypes(stage: Stage) -> str | None:
    """Somebody writes what this side takes and the other refuses, or cuts: too long, no address, no such value."""
    person = somebody(stage, some_side(stage))
    if person is None:
        return None
    long = f"{token(stage)} " + "x" * TOO_LONG
    if person.side is Side.SALESFORCE:
        values = stage.dice.choice(
            ({"Email": f"{token(stage)}@intranet.local"}, {"LastName": f"{token(stage)} " + "x" * 70}, {"Phone": "n/a"})
        )
        return edit(stage, person, values)
    values = stage.dice.choice(
        (
            {"jobtitle": long},
            {"lastname": long},
            {"city": long},
            {"zip": long},
            {"website": "not a website"},
            {"annualrevenue": f"about {token(stage)}"},
            {"phone": "call me maybe"},
            {"industry": "no such industry"},
            {"email": f"{token(stage)}+{'y' * 70}@x.test"},
        )
    )
    return edit(stage, person, values)


def moves_stage(stage: Stage) -> str | None:
    """Somebody moves a lifecycle stage, forward or back."""
    person = somebody(stage, some_side(stage))
    place = PLACES["lifecycle_stage"]
    return person and edit(stage, person, {place.on(person): place.write(stage, person.side)})


def moves_stage_both(stage: Stage) -> str | None:
    """Both sides move the stage of one person, moments apart."""
    return _both(stage, ("lifecycle_stage",))


def gives_owner(stage: Stage) -> str | None:
    """A record gets another owner, perhaps a queue."""
    person = somebody(stage, some_side(stage))
    place = PLACES["owner"]
    return person and edit(stage, person, {place.on(person): place.write(stage, person.side)})


def opts_out(stage: Stage) -> str | None:
    """A person opts out of e-mail, or in again, in Salesforce."""
    person = somebody(stage, Side.SALESFORCE)
    return person and edit(stage, person, {"HasOptedOutOfEmail": stage.dice.random() < 0.7})  # mostly out


def adds_address(stage: Stage) -> str | None:
    """A marketer adds further addresses to a contact, perhaps one that a Lead has."""
    person = somebody(stage, Side.HUBSPOT)
    if person is None:
        return None
    further = [f"p{stage.dice.randrange(ADDRESSES)}@x.test", f"{token(stage)}@x.test"]
    chosen = stage.dice.sample(further, stage.dice.choice((1, 2)))
    return edit(stage, person, {"hs_additional_emails": ";".join(chosen)})
