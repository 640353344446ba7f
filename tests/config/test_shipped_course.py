"""People steered by what ships: whatever anybody writes, all comes to rest, and both sides say where they stand."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from connector.config.definition import definition_of
from connector.config.init import write_starter
from connector.config.load import load
from connector.core.course import standing
from connector.core.definition import Definition, Pool
from connector.core.journey import Channel, Dealt, Seen, Touched
from connector.core.spelling import stage_of
from connector.core.steered import Agreement
from tests.config.definitions import HUBSPOT_STAGES, HUBSPOT_STATUSES, STAGE_LABELS
from tests.core.courses import ANNE, BEGAN, BOB, CONTACT, HS, LEAD, QUEUE, SF, SF_CONTACT, Person

ENV = {"HUBSPOT_TOKEN": "t", "SALESFORCE_CLIENT_SECRET": "s"}
SEEDS = range(150)


@pytest.fixture(scope="module")
def definition(tmp_path_factory) -> Definition:
    folder = tmp_path_factory.mktemp("shipped")
    write_starter(folder)
    found = definition_of(load(folder / "config.yaml", ENV))
    assert found is not None
    assert found.handoff is not None
    return replace(found, handoff=replace(found.handoff, fallback=Pool("reps", (ANNE, BOB))))


def words(definition: Definition, side):
    """What people write on a side: fields with values, sensible ones and others."""
    feedback, personas = definition.feedback, definition.personas
    answers = feedback.answers
    stage = ("lifecyclestage", HUBSPOT_STAGES) if side is HS else ("HubSpot_Lifecycle_Stage__c", STAGE_LABELS)
    other = ("hs_lead_status", HUBSPOT_STATUSES) if side is HS else ("OwnerId", (ANNE, BOB, QUEUE))
    return [
        *([stage] * 3),
        other,
        (answers.verdict[side], (*answers.spelling[side].values(), "perhaps")),
        (answers.reason[side], tuple(answers.reasons[side].values())),
        (answers.comment[side], ("x",)),
        (answers.revisit[side], ("2026-11-06", "2026-12-01", "2020-01-01")),
        (personas.held_in[side], (*personas.names, "wizard")),
    ]


def written(dice: Random, pool) -> dict[str, str | None]:
    some = dice.sample(pool, dice.choice([1, 1, 2, 3]))
    return {name: dice.choice([*values, values[0], None]) for name, values in some}


def lived(definition: Definition, seed: int) -> Person:
    dice, person, theirs = Random(seed), Person(Agreement(definition, BEGAN)), LEAD
    old = {"createdate": "2020-01-01T00:00:00.000Z"} if dice.random() < 0.3 else {}
    person.edit(CONTACT, lifecyclestage=dice.choice([*HUBSPOT_STAGES, None]), **old).go()
    for number in range(dice.randint(2, 16)):
        act = dice.choice(["hubspot"] * 5 + ["salesforce"] * 5 + ["wait", "convert", "deal", "call", "deaf", "hears"])
        if act == "hubspot":
            person.edit(CONTACT, **written(dice, words(definition, HS)))
        elif act == "salesforce":
            person.edit(theirs, **written(dice, words(definition, SF)))
        elif act == "wait":
            person.later(days=dice.choice([1, 5, 40])).go()
        elif act == "convert" and LEAD in person.values:
            theirs = SF_CONTACT
            person.edit(theirs, **person.values.pop(LEAD))
        elif act == "deal":
            deal = Dealt(dice.choice("12"), "x", closed=dice.random() < 0.5, won=dice.random() < 0.5)
            person.later(1).learn(CONTACT, deal, f"deal {number}")
        elif act == "call":
            person.later(1).learn(CONTACT, Touched(Channel.CALL, outbound=True, human=True), f"call {number}")
        else:
            person.deaf = {HS, SF} if act == "deaf" else set()
        if dice.random() < 0.5:
            person.go()
    person.deaf.clear()
    return person.go()


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_written_all_comes_to_rest_and_both_sides_say_where_somebody_stands(definition, seed):
    person = lived(definition, seed).go()
    assert [entry for entry in person.last.entries if not isinstance(entry.what, Seen)] == []
    rest = person.look()
    assert (rest.entries, rest.effects) == ((), ())
    stands, shown = standing(definition, person.journey).stage, {issue.side for issue in rest.issues}
    for side in (HS, SF):
        reading = person.reading(side)
        if reading is not None:
            wished = {name: wish.value for name, wish in rest.wishes[side].items()}
            assert {name: reading.values.get(name) for name in wished} == wished
            told = stage_of(definition.spellings[side, reading.ref.object], reading.values)
            assert told == stands or side in shown
