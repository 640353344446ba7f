"""Whatever the accounts are like, and whatever changes in mid-run: both sides end in step, and edits arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.misbehaviour.moods import JWT, MOODS
from tests.misbehaviour.play import play, prepare
from tests.misbehaviour.rig import rig


@pytest.mark.parametrize("mood", MOODS)
def test_both_sides_end_in_step(tmp_path: Path, mood: str) -> None:
    play(tmp_path, seed=2, mood=MOODS[mood])


def test_a_signed_assertion_signs_in(tmp_path: Path) -> None:
    now = datetime.now(UTC) - timedelta(
        hours=1, minutes=1
    )  # an assertion carries the real time; a rig is an hour older
    with rig(tmp_path, people=20, start=now, **JWT) as stage:
        prepare(stage)
        run = stage.sync("full")
        assert run is not None
        assert run.counts["linked"] > 0
