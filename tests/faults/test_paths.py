"""The table of kinds of call is whole: what a run asks is in it, and what is in it is asked and struck."""

from __future__ import annotations

from pathlib import Path

from tests.faults.gate import Gate
from tests.faults.matrix import FIRST_ONLY
from tests.faults.paths import PATHS
from tests.faults.scenes import SCENES
from tests.faults.trial import trial
from tests.misbehaviour.moods import Mood
from tests.misbehaviour.play import played, prepare
from tests.misbehaviour.rig import rig


def test_every_kind_of_call_is_struck_in_some_scene() -> None:
    assert {name for scene in SCENES for name in scene.shows} | {FIRST_ONLY} == PATHS.keys()


def test_every_call_of_every_scene_is_of_a_kind_in_the_table() -> None:
    met: set[str] = set()
    for scene in SCENES:
        with trial(scene, 2) as shown:
            shown.act()
            assert shown.run() is None
            missed = set(scene.shows) - shown.gate.names.keys()
            assert not missed, f"{scene.name} does not show {missed}"
            met |= shown.gate.ever
    assert met == PATHS.keys(), "calls without a kind, or kinds without a call"


def test_every_call_of_a_whole_play_is_of_a_kind_in_the_table(tmp_path: Path) -> None:
    gate = Gate()
    with rig(tmp_path, people=60, seed=5, bend=gate.bend, salesforce={"bulk_from_rows": 20}) as stage:
        prepare(stage)
        played(stage, Mood(), 5)
    assert not gate.ever - PATHS.keys()
