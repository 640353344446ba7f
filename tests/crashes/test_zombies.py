"""A worker freezes at any point for longer than its lease, another does the work, and then the first goes on.

It is not frozen inside a transaction: there it would hold the store, and whoever waits for it waits. What it does when
it wakes must be as if it had died: nobody is made twice, no edit is lost, no base regresses.
"""

from __future__ import annotations

import pytest

from tests.crashes.conftest import Staged
from tests.crashes.killing import AFTER_COMMIT, BEFORE_COMMIT
from tests.crashes.stage import Process, Stage, pictured, verified
from tests.crashes.stories import STORIES, Incremental, Story
from tests.crashes.waking import woken


def _does_no_harm(stage: Stage) -> int:
    """Freeze wherever something new is left behind or was learned; how often that was."""
    frozen = 0

    def meanwhile(other: Process) -> None:
        stage.story.again(other)
        other.sync()

    for at, what in enumerate(stage.life.trail, start=1):
        if what == BEFORE_COMMIT or (what.startswith("before") and what != "before write"):
            continue
        try:
            woken(stage, at, meanwhile)
            verified(stage.story, stage.town, stage.store)
            assert pictured(stage.town) == stage.undisturbed
        except BaseException as error:
            error.add_note(f"{type(stage.story).__name__} froze {what}, at point {at}")
            raise
        frozen += 1
    return frozen


@pytest.mark.parametrize("kind", STORIES)
def test_a_worker_that_wakes_when_others_have_done_its_work_does_no_harm(kind: type[Story], staged: Staged) -> None:
    stage = staged(kind, "memory")
    awoken = _does_no_harm(stage)
    assert awoken >= 4
    assert AFTER_COMMIT in stage.life.trail


@pytest.mark.parametrize("store", ["file", "postgres"])
def test_a_worker_that_wakes_does_no_harm_on_any_database(store: str, staged: Staged) -> None:
    assert _does_no_harm(staged(Incremental, store)) >= 20
