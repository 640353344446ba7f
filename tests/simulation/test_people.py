"""Everybody acts: each act finds somebody to be done to, is told, and leaves nothing that the calm cannot put right.

A play draws a few acts out of eighty, so an act that never happens would go unnoticed for long.
"""

from __future__ import annotations

import pytest

from connector.core.refs import Side
from connector.engine import facts
from tests.simulation import people, weather
from tests.simulation.people import ACTS, COMPANIONS, RARE, USUAL, admins
from tests.simulation.people.reps import arrives_as_contact, doubles
from tests.simulation.play import CALM_S, Play
from tests.simulation.stage import Alone, Stage

TRIES = 40
PEOPLE = 8
TURNS = 12
BEFORE = {  # acts that need what other acts and the bridge have made by then
    "settles": ("edits both",),
    "converts the other": ("doubles",),
    "closes a deal": ("opens a deal",),
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


def test_a_cross_id_given_back_in_the_calm_is_seen_by_the_very_next_run() -> None:
    stage = Play(1, 0).stage
    while "none" not in admins.hides_cross_id(stage):
        pass
    facts.outdate(stage.store)
    with stage.installation("one", Alone(stage.clock)):
        assert len(_blind_to(stage)) == 1  # a worker has asked while it was hidden, and died before its run
    people.calms(stage)
    stage.clock.advance(CALM_S)
    with stage.installation("calm", Alone(stage.clock)) as opened:
        opened.sync("once", by="calm", approved=True)
    assert _blind_to(stage) == []


def _blind_to(stage: Stage) -> list[str]:
    known = facts.recall(stage.store)
    assert known is not None
    told = known.schemas[Side.SALESFORCE]
    return [obj for obj in admins.PEOPLE if admins.CROSS_ID not in told[obj].fields]


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
