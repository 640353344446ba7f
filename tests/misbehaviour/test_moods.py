"""Whatever the accounts are like, and whatever changes in mid-run: both sides end in step, and edits arrive."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.misbehaviour.moods import MOODS
from tests.misbehaviour.play import play


@pytest.mark.parametrize("mood", MOODS)
def test_both_sides_end_in_step(tmp_path: Path, mood: str) -> None:
    play(tmp_path, seed=2, mood=MOODS[mood])
