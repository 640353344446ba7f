"""Other stand-ins of both CRMs than our sandbox, and both sides end in step all the same.

Several differences stand together in one play, those that are alike in different ones, because a play takes a second;
`python -m tests.misbehaviour.test_standins` plays each by itself.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from connector.bootstrap import Surroundings, open_installation
from connector.core.refs import Side
from tests.misbehaviour import hubspot_standins, salesforce_standins
from tests.misbehaviour.bending import Twist, on
from tests.misbehaviour.moods import Mood
from tests.misbehaviour.play import play
from tests.misbehaviour.rig import BACK, EvenDice, Rig, WorldClock, rig

Standins = dict[str, tuple[Twist, ...]]


def together(standins: Standins, plays: int) -> list[Standins]:
    """The differences dealt out to so many plays."""
    named = list(standins.items())
    return [dict(named[place::plays]) for place in range(plays)]


def alike(standins: Standins) -> tuple[Twist, ...]:
    """All twists of some differences, refusals outermost."""
    return tuple(twist for twists in reversed(standins.values()) for twist in twists)


@pytest.mark.parametrize("standins", together(hubspot_standins.STANDINS, 14), ids=", ".join)
def test_another_hubspot_will_do(tmp_path: Path, standins: Standins) -> None:
    play(tmp_path, bend=on("hubspot", *alike(standins)))


@pytest.mark.parametrize("standins", together(salesforce_standins.STANDINS, 10), ids=", ".join)
def test_another_salesforce_will_do(tmp_path: Path, standins: Standins) -> None:
    play(tmp_path, bend=on("salesforce", *alike(standins)))


@pytest.mark.parametrize("standin", salesforce_standins.BULK)
def test_a_salesforce_without_bulk_jobs_will_do(tmp_path: Path, standin: str) -> None:
    mood = Mood(settings={"salesforce": {"bulk_from_rows": 1}})
    play(tmp_path, mood=mood, bend=on("salesforce", *salesforce_standins.BULK[standin]))


@pytest.mark.parametrize("standin", ["searches without total", "a total of nothing", "small search pages"])
def test_more_changes_than_a_search_page_holds_are_all_taken_in(tmp_path: Path, standin: str) -> None:
    with rig(tmp_path, people=300, bend=on("hubspot", *hubspot_standins.STANDINS[standin])) as stage:
        stage.sync("full")
        stage.clock.advance(600)
        stage.sync("once")
        for one in stage.people(Side.HUBSPOT):
            stage.act(Side.HUBSPOT, "edit", object="contacts", id=one, properties={"jobtitle": f"Number {one}"})
        stage.clock.advance(30)
        stage.sync("once")
        linked = [row for row in stage.people(Side.SALESFORCE).values() if row[BACK] in stage.people(Side.HUBSPOT)]
        assert len(linked) > 200
        assert [row["Title"] for row in linked] == [f"Number {row[BACK]}" for row in linked]


@pytest.mark.parametrize("standin", ["an opaque cursor", "lists by offset", "lists newest first", "short list pages"])
def test_a_long_list_is_whole_whatever_its_cursor_means(tmp_path: Path, standin: str) -> None:
    people = 3_000
    with rig(
        tmp_path, people=people, shape="benchmark", bend=on("hubspot", *hubspot_standins.STANDINS[standin])
    ) as stage:
        assert listed(stage) == stage.people(Side.HUBSPOT).keys()


def listed(stage: Rig) -> set[str]:
    around = Surroundings(stage.secrets, WorldClock(stage.clock), EvenDice())
    with open_installation(stage.config, around) as opened:
        view = opened.bridge.views[Side.HUBSPOT, "contacts"]
        return {reading.ref.id for page in opened.bridge.crms[Side.HUBSPOT].scan(view) for reading in page}


if __name__ == "__main__":
    for side, known in (("hubspot", hubspot_standins.STANDINS), ("salesforce", salesforce_standins.STANDINS)):
        for name, twists in known.items():
            with tempfile.TemporaryDirectory() as place:
                play(Path(place), bend=on(side, *twists), people=200)
            print(f"{side}, {name}: in step")
