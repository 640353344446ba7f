"""Play one story from its given to its last claim, and see that the bridge is quiet afterwards."""

from __future__ import annotations

from pathlib import Path

from tests.scenarios import acts, passes, undoing
from tests.scenarios.claims import claims, settled
from tests.scenarios.stage import stage
from tests.scenarios.stories import Story

assert passes.acts is undoing.acts is acts.acts  # their phrases are learnt by loading them


def play(story: Story, folder: Path, database: str) -> None:
    """Carry the story out.

    Raises:
        StoryProblem: when a step cannot be understood or done; AssertionError when a claim does not hold.
    """
    told = [claims.understand(line) for line in story.then]
    for line in (*story.given, *story.when):
        acts.understood(line)
    with stage(folder, database, story.settings) as here:
        acts.run(here, story.given)
        acts.run(here, story.when)
        for claim in told:
            claim(here)
        if not story.work_is_left:
            written = settled(here)
            assert not written, f"{story.place}: nothing has changed, and yet the bridge writes {written}"
