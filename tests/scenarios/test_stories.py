"""Every story of this folder is a test; its title is its name. After its claims hold, the bridge must be quiet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenarios.play import play
from tests.scenarios.stories import Story, stories_in

FOLDER = Path(__file__).parent
STORIES = [story for path in sorted(FOLDER.glob("*.yaml")) for story in stories_in(path)]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: f"{story.complaint}: {story.title}")
def test_story(story: Story, tmp_path: Path, new_database_url: Callable[[str], str]) -> None:
    play(story, tmp_path, new_database_url(story.settings.get("store", "file")))
