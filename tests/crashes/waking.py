"""A worker that freezes at a chosen point, and goes on when others have worked beside it for longer than its lease."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from greenlet import getcurrent, greenlet

from connector.errors import Refused
from tests.crashes.killing import Fate
from tests.crashes.stage import LEASE_S, Process, Stage


def woken(stage: Stage, at: int, meanwhile: Callable[[Process], None]) -> None:
    """Freeze the story's process at that point, let another one work beside it, and wake it."""

    def life() -> None:
        with suppress(Refused):  # a person is told that it has been done meanwhile
            stage.story.run(stage.town)

    sleeper = greenlet(life)
    stage.restored(at, strike=getcurrent().switch)
    sleeper.switch()
    assert not sleeper.dead
    stage.outside.clock.sleep(LEASE_S)
    other = Process(stage.outside, stage.store.beside(Fate()), Fate(), agreed=stage.story.agreed)
    meanwhile(other)
    sleeper.switch()
    assert sleeper.dead
    stage.town = other
    stage.outside.clock.sleep(LEASE_S)
