"""A worker freezes when it is about to write, and wakes after people edited the same fields and others synced them.

What it writes then is old, and nobody can call it back. It must not look like somebody's edit: the newer edit wins.
"""

from __future__ import annotations

import pytest

from tests.crashes.conftest import Staged
from tests.crashes.killing import AFTER_COMMIT
from tests.crashes.stage import Process, Stage, pictured
from tests.crashes.stories import Apply, Erasure, FirstSync, Full, Incremental, Story
from tests.crashes.waking import woken

LATE = (AFTER_COMMIT, "before write", "after write")


@pytest.mark.parametrize("kind", [FirstSync, Incremental, Full, Apply, Erasure])
def test_what_a_late_worker_writes_never_undoes_a_newer_edit(kind: type[Story], staged: Staged) -> None:
    stage = staged(kind, "memory")
    expected = _without_a_late_worker(stage)
    late = [at for at, what in enumerate(stage.life.trail, start=1) if what in LATE]
    for at in late:
        woken(stage, at, lambda other: _live_on(stage, other))
        stage.town.sync()
        stage.town.sync("full")
        assert pictured(stage.town) == expected, f"froze {stage.life.trail[at - 1]}, at point {at}"
    assert len(late) >= 10


def _without_a_late_worker(stage: Stage) -> dict[str, object]:
    stage.restored(0)
    stage.story.run(stage.town)
    _live_on(stage, stage.town)
    stage.town.sync("full")
    return pictured(stage.town)


def _live_on(stage: Stage, other: Process) -> None:
    stage.story.again(other)
    other.sync()
    stage.story.later(other)
    other.sync()
