"""One whole play: a first sync, people at work, another sync, and the proof that all ends in step."""

from __future__ import annotations

from pathlib import Path

from tests.misbehaviour.life import arrivals, kept, live
from tests.misbehaviour.moods import PUBLIC, Mood
from tests.misbehaviour.moods import SECRETS as MOOD_SECRETS
from tests.misbehaviour.rig import SECRETS, Before, Bend, Rig, rig, settled
from tests.misbehaviour.storms import storm


def played(stage: Rig, mood: Mood, seed: int, *, rate: float = 0.0) -> None:
    """Play on a stage; `rate` above nothing lets a storm rage until the end."""
    mood.before(stage)
    if rate:
        storm(stage, seed, rate)
    for mode in ("full", "once", "once"):
        stage.sync(mode)
    mood.midway(stage)
    live(stage, seed)
    arrivals(stage, seed)
    stage.sync("once")
    tokens = live(stage, seed + 1000)
    before = Before.of(stage)
    stage.calm()
    stage.clock.advance(3600 if rate else 60)
    settled(stage, before)
    if mood.edits_arrive:
        assert kept(stage, tokens) == []


def play(folder: Path, seed: int = 1, *, mood: Mood | None = None, bend: Bend | None = None, people: int = 60) -> None:
    """A play without a storm, in a world of one mood, before a bent sandbox."""
    mood = mood or Mood()
    settings = {section: dict(values) for section, values in mood.settings.items()}
    with rig(folder, people=people, seed=seed, bend=bend, serving=mood.serving, **settings) as stage:
        prepare(stage)
        played(stage, mood, seed)


def prepare(stage: Rig) -> None:
    """Secrets for every way of signing in."""
    stage.secrets = {**SECRETS, **MOOD_SECRETS}
    users = stage.world.salesforce.catalogue["User"]
    user = users.rows[users.ids[0]][users.kind.slot("Username")]
    stage.config.write_text(stage.config.read_text().replace("username: USER", f"username: {user}"))
    stage.world.salesforce.settings.jwt_public_key_pem = PUBLIC
