"""Everybody acts: each act finds somebody to be done to, is told, and leaves nothing that the calm cannot put right.

A play draws a few acts out of eighty, so an act that never happens would go unnoticed for long.
"""

from __future__ import annotations

import pytest

from tests.simulation import people, weather
from tests.simulation.people import ACTS, COMPANIONS, RARE, USUAL
from tests.simulation.people.reps import arrives_as_contact, doubles
from tests.simulation.play import Play

TRIES = 40
PEOPLE = 8
TURNS = 12
BEFORE = {  # acts that need what other acts and the bridge have made by then
    "settles": ("edits both",),
    "converts the other": ("doubles",),
}


@pytest.mark.parametrize("name", sorted(ACTS))
def test_every_act_happens_to_somebody_and_is_told(name: str) -> None:
    play = Play(sorted(ACTS).index(name), 0)
    stage = play.stage
    stage.holds("a person decides" if name == "settles" else "as shipped")
    stage.closeness = 0.0
    for number in range(PEOPLE):
        stage.dice.seed(f"arrival:{number}")
        people.arrives(stage)
    arrives_as_contact(stage)
    doubles(stage)
    before = (*BEFORE.get(name, ()), *((COMPANIONS[name],) if name in COMPANIONS else ()))
    said = None
    for number in range(TRIES):
        stage.dice.seed(f"{name}:{number}")
        for each in before:
            ACTS[each](stage)
        said = ACTS[name](stage)
        if said:
            break
        for _ in range(TURNS):
            play._turn()
        stage.clock.advance(1)
    assert said
    assert people.calms(stage).startswith("put right: ")
    assert not stage.endings


def test_companions_are_acts_themselves() -> None:
    assert set(COMPANIONS) | set(COMPANIONS.values()) <= set(RARE)
    assert not set(RARE) & set(USUAL)


def test_every_fault_confined_to_a_place_can_be_put_in_force() -> None:
    play = Play(1, 0)
    for number in range(TRIES):
        play.stage.dice.seed(number)
        assert weather.turns_bad(play.stage).startswith("the line turns bad: ")
    assert weather.storms(play.stage).count(",") == weather.STORM - 1
    assert len(play.stage.world.services.faults.active()) == TRIES + weather.STORM
    weather.clears_up(play.stage)
    assert not play.stage.world.services.faults.active()
