"""Other people's software: automations that tidy a synced field, workflows that fight, integrations that copy ids.

Fields that software writes are noted in `stage.rewritten`, since nobody can then say what they will end as. What never
comes to rest by itself (two that fight) is switched off when all becomes calm.
"""

from __future__ import annotations

from connector.core.refs import Side
from tests.simulation.people.admins import lasts
from tests.simulation.people.screens import CROSS_IDS, Person, does, edit, make, some_side, somebody, token
from tests.simulation.stage import Stage

TIDY = {
    "Lead": ("Title", "FirstName", "LastName", "City"),
    "Contact": ("Title", "FirstName", "LastName", "MailingCity"),
}
TIDIED = ("jobtitle", "firstname", "lastname", "city")
DELAYS_S = (0.0, 2.0, 45.0)


def _rests(stage: Stage) -> None:
    """Stop workflows where others answer them: for ever, with a bridge between or without.

    What rewrites within the very write stays: both sides may normalise, and the world must come to rest all the same.
    """
    rules = list(stage.world.hubspot.state.rules)
    if len(rules) > 1 or stage.world.salesforce.rules.automations:
        for rule in rules:
            does(stage, Side.HUBSPOT, "remove_rule", rule=rule.number)


def _rewrites(stage: Stage, side: Side, obj: str, name: str) -> None:
    stage.rewritten.add((side, obj, name))


def tidies_in_salesforce(stage: Stage) -> str:
    """An admin lets Salesforce rewrite a field in every save: capitals, small letters, titles."""
    obj, how = stage.dice.choice(("Lead", "Contact")), stage.dice.choice(("upper", "lower", "title"))
    name = stage.dice.choice(TIDY[obj])
    does(stage, Side.SALESFORCE, "add_automation", sobject=obj, assign={name: {how: name}})
    _rewrites(stage, Side.SALESFORCE, obj, name)
    return f"salesforce now writes every {obj}.{name} in {how} letters"


def stamps_in_salesforce(stage: Stage) -> str:
    """A flow copies one synced field into another, or sets a constant where another is blank."""
    obj = stage.dice.choice(("Lead", "Contact"))
    assign, when = stage.dice.choice(
        (
            ({"Title": {"copy": "FirstName"}}, None),
            ({"Title": "Friend"}, "Title = null"),
            ({"Phone": {"copy": "MobilePhone"}}, "MobilePhone != null"),
            ({"FirstName": None}, "Title = null"),
        )
    )
    does(stage, Side.SALESFORCE, "add_automation", sobject=obj, assign=assign, when=when)
    for name in assign:
        _rewrites(stage, Side.SALESFORCE, obj, name)
    return f"salesforce now sets {assign} of every {obj} where {when or 'anything is saved'}"


def tidies_in_hubspot(stage: Stage) -> str:
    """A marketer builds a workflow that rewrites a field some while after it changed."""
    name = stage.dice.choice(TIDIED)
    how, text = stage.dice.choice(
        (("upper", ""), ("lower", ""), ("title", ""), ("strip", ""), ("prefix", "~"), ("suffix", "!"), ("set", "fixed"))
    )
    delay = stage.dice.choice(DELAYS_S)
    does(stage, Side.HUBSPOT, "add_rule", object="contacts", property=name, rewrite=how, text=text, delay_s=delay)
    _rewrites(stage, Side.HUBSPOT, "contacts", name)
    lasts(stage, "workflows that others answer are stopped", lambda: _rests(stage))
    return f"a hubspot workflow now rewrites {name} ({how} {text}), {delay} s after it changes"


def normalises_in_hubspot(stage: Stage) -> str:
    """HubSpot normalises a property within the write itself, or no longer does."""
    name, how = stage.dice.choice(
        (("phone", "phone"), ("mobilephone", "phone"), ("email", "lower"), ("jobtitle", "title"), ("city", "strip"))
    )
    rewrite = how if ("contacts", name) not in stage.world.hubspot.state.normalisers else ""
    does(stage, Side.HUBSPOT, "set_normaliser", object="contacts", name=name, rewrite=rewrite)
    _rewrites(stage, Side.HUBSPOT, "contacts", name)
    return f"hubspot {f'now normalises {name}: {rewrite}' if rewrite else f'no longer normalises {name}'}"


def computes(stage: Stage) -> str | None:
    """HubSpot writes what it alone may: a score, a source, a persona, that somebody opted out."""
    person = somebody(stage, Side.HUBSPOT)
    if person is None:
        return None
    stage.tokens += 1
    values = stage.dice.choice(
        (
            {"hubspotscore": f"{stage.tokens}"},
            {"hs_analytics_source": stage.dice.choice(("PAID_SOCIAL", "ORGANIC_SEARCH"))},
            {"hs_persona": stage.dice.choice(("persona_1", "persona_2"))},
            {"hs_email_optout": stage.dice.choice(("true", "true", "false"))},
        )
    )
    does(stage, Side.HUBSPOT, "calculate", object="contacts", id=person.id, properties=values)
    return f"hubspot computes for {person.id}: {values}"


def copies_in_hubspot(stage: Stage) -> str:
    """A workflow copies one synced field into another."""
    source, target = stage.dice.sample(TIDIED, 2)
    delay = stage.dice.choice(DELAYS_S)
    does(
        stage,
        Side.HUBSPOT,
        "add_rule",
        object="contacts",
        property=source,
        rewrite="strip",
        target=target,
        delay_s=delay,
    )
    _rewrites(stage, Side.HUBSPOT, "contacts", target)
    lasts(stage, "workflows that others answer are stopped", lambda: _rests(stage))
    return f"a hubspot workflow now copies {source} into {target}, {delay} s after it changes"


def fights(stage: Stage) -> str:
    """Two automations want one field otherwise, one on each side, until all is calm."""
    obj = stage.dice.choice(("Lead", "Contact"))
    ours = does(
        stage,
        Side.HUBSPOT,
        "add_rule",
        object="contacts",
        property="jobtitle",
        rewrite="set",
        text="hers",
        delay_s=20.0,
    )
    does(stage, Side.SALESFORCE, "add_automation", sobject=obj, assign={"Title": "his"})
    _rewrites(stage, Side.HUBSPOT, "contacts", "jobtitle")
    _rewrites(stage, Side.SALESFORCE, obj, "Title")
    lasts(
        stage,
        f"the flow over {obj} titles is stopped",
        lambda: does(stage, Side.SALESFORCE, "remove_rules", sobject=obj),
    )
    if ours:
        number = ours["rule"]
        lasts(stage, f"workflow {number} is stopped", lambda: does(stage, Side.HUBSPOT, "remove_rule", rule=number))
    return f"a workflow and a flow fight over jobtitle and {obj}.Title"


def stops_software(stage: Stage) -> str:
    """Somebody switches all automations of one side off."""
    side = some_side(stage)
    if side is Side.SALESFORCE:
        for obj in TIDY:
            does(stage, side, "remove_rules", sobject=obj)
    else:
        for rule in list(stage.world.hubspot.state.rules):
            does(stage, side, "remove_rule", rule=rule.number)
    return f"{side.value} has no automations any more"


def third_party_writes(stage: Stage) -> str | None:
    """An integration writes its own idea of a field into a record."""
    side = some_side(stage)
    person = somebody(stage, side)
    if person is None:
        return None
    name = "city" if side is Side.HUBSPOT else {"Lead": "City", "Contact": "MailingCity"}[person.object]
    return f"an integration: {edit(stage, person, {name: stage.dice.choice((token(stage), 'Springfield', None))})}"


def clears_cross_id(stage: Stage) -> str | None:
    """An integration empties the field that holds the other side's id."""
    person = somebody(stage, some_side(stage))
    if person is None:
        return None
    stage.miswritten.add((person.side, person.id))
    return f"an integration: {edit(stage, person, {CROSS_IDS[person.side]: None})}"


def miswrites_cross_id(stage: Stage) -> str | None:
    """An integration writes somebody else's id into a record, an id of nobody, or plain nonsense."""
    person = somebody(stage, some_side(stage))
    if person is None:
        return None
    others = [each[1] for each in stage.people(person.side.other)]
    wrong = stage.dice.choice((*others, "999999", "00Q000000000000AAA", "not an id"))
    stage.miswritten.add((person.side, person.id))
    return f"an integration: {edit(stage, person, {CROSS_IDS[person.side]: wrong})}"


def clones(stage: Stage) -> str | None:
    """Somebody clones a record, cross id and all; where that must be unique, the clone takes it from the original."""
    person = somebody(stage, some_side(stage))
    if person is None or not person.values.get(CROSS_IDS[person.side]):
        return None
    key = CROSS_IDS[person.side]
    taken = edit(stage, person, {key: None}) if stage.dice.random() < 0.5 else "as it is"  # either
    made = make(stage, person.side, person.object, {**_cloned(person, token(stage)), key: person.values[key]})
    if made:
        stage.miswritten |= {(person.side, person.id), (person.side, made)}
    return f"{person.side.value} {person.id} is cloned with its cross id ({taken}): {made or 'no'}"


def _cloned(person: Person, name: str) -> dict[str, object]:
    if person.side is Side.HUBSPOT:
        return {"lastname": name, "jobtitle": person.values.get("jobtitle")}
    kept = {"LastName": name, "Email": person.email or None, "Title": person.values.get("Title")}
    return kept | ({"Company": name} if person.object == "Lead" else {})
