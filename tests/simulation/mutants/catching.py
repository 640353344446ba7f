"""Playing with a planted bug until the oracle objects, for the right reason.

A bug is caught by a seed when one of its own invariants objects with the bug, and none of these objects to the very
same play without it: what is wrong anyway catches nothing. Other objections are told, and the next seed is played.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from unittest.mock import patch

from connector.bootstrap import Installation
from connector.config.load import Loaded
from connector.core.refs import Side
from connector.salesforce import changes
from connector.sandbox.services import Fault
from tests.simulation import circumstances, stage, weather
from tests.simulation.agreements import LIFECYCLE
from tests.simulation.mutants.planting import Mutant, Situation
from tests.simulation.oracle import INVARIANTS, Broken, evidence
from tests.simulation.play import Play
from tests.simulation.stage import Stage

DRAINS = "drains"  # the invariant that needs no evidence: the world comes to rest
STALE = frozenset({"TypeError", "AttributeError", "NameError"})  # what is replaced has changed: no bug is planted
NOTHING = -1  # rows of which an org may show no more and still be a quiet one
ERRORS = ("Endless",)  # errors that are what a bug ends in, not accidents of planting it


@dataclass(frozen=True)
class Catch:
    """How a bug was caught.

    Attributes:
        seeds: how many seeds were played, the catching one included.
        by: the bug's own invariants that objected.
        others: which else objected in the same play.
        wrong: the first line of what is wrong.
    """

    seed: int
    seeds: int
    by: tuple[str, ...]
    others: tuple[str, ...]
    wrong: str


def caught(mutant: Mutant, seeds: Sequence[int]) -> Catch | None:
    """The first of the seeds that catches a bug; None when none does."""
    for number, seed in enumerate(seeds, 1):
        lines = objections(mutant, seed, planted=True)
        assert invariant(lines[0]) not in STALE if lines else True, f"{mutant.name} is planted wrongly: {lines[0]}"
        heads = dict.fromkeys(invariant(line) for line in lines)
        if not set(heads) & set(mutant.caught_by):
            continue
        anyway = {invariant(line) for line in objections(mutant, seed, planted=False)}
        by = tuple(head for head in heads if head in mutant.caught_by and head not in anyway)
        if by:
            others = tuple(head for head in heads if head not in by)
            return Catch(seed, number, by, others, next(line for line in lines if invariant(line) in by))
    return None


def objections(mutant: Mutant, seed: int, *, planted: bool) -> list[str]:
    """What is wrong in the end of a play with a bug, or of the same play without it; a line each."""
    with mutant.plant() if planted else nullcontext(), _in_its(mutant.situation):
        play = _play(mutant, seed)
        try:
            play.run()
        except Broken as broken:
            return str(broken).splitlines()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # whatever ends a play is what the play has found
            return [f"{type(error).__name__}: {error}"]
        finally:
            for worker in play.workers:
                worker.turns.kill()
    return []


def invariant(line: str) -> str:
    """Which invariant objects in a line: the head of the line, or the name of an error nobody expected."""
    head = line.partition(":")[0]
    return head if head in INVARIANTS or head.isidentifier() else DRAINS


def _play(mutant: Mutant, seed: int) -> Play:
    wanted = mutant.situation
    play = Play(LIFECYCLE.start + seed if wanted.handing else seed)
    drawn = play.theme
    play.theme = replace(
        drawn,
        acts={**({} if wanted.alone else drawn.acts), **wanted.acts},
        trouble={**drawn.trouble, **wanted.trouble},
        burst=wanted.burst or drawn.burst,
        meddling=drawn.meddling if wanted.meddling is None else wanted.meddling,
    )
    if wanted.variant:
        play.stage.variants_held.clear()
        play.stage.holds(wanted.variant)
    return play


@contextmanager
def _in_its(situation: Situation) -> Iterator[None]:
    """Whatever a play draws, what a bug's plays stand on holds."""

    def settles_down(ground: Stage) -> str:
        told = drawn(ground)
        ground.closeness = ground.closeness if situation.closeness is None else situation.closeness
        for side, settings in situation.ground.items():
            for name, value in settings.items():
                setattr(getattr(ground.world, side).settings, name, value)
        return told

    def sync(opened: Installation, mode: str, *, by: str, **more: Any) -> Any:
        only_once = situation.listening and by in ("one", "two")
        return asked(opened, "once" if only_once else mode, by=by, **more)

    def read(variant: str) -> Loaded:
        if variant not in limited:
            as_written, calls = as_read(variant), {"calls_per_day": situation.calls_per_day}
            sides = {side.value: getattr(as_written.settings, side.value).model_copy(update=calls) for side in Side}
            limited[variant] = replace(as_written, settings=as_written.settings.model_copy(update=sides))
        return limited[variant]

    drawn, asked = circumstances.settles_down, Installation.sync
    as_read, limited = stage.loaded, dict[str, Loaded]()
    with (
        patch.object(circumstances, "settles_down", settles_down),
        patch.object(weather, "turns_bad", partial(_loses, situation.lost) if situation.lost else weather.turns_bad),
        patch.object(Installation, "sync", sync),
        patch.object(changes, "QUIET_ROWS", NOTHING if situation.crowded else changes.QUIET_ROWS),
        patch.object(stage, "loaded", read if situation.calls_per_day else stage.loaded),
        patch.object(evidence, "loaded", read if situation.calls_per_day else evidence.loaded),
    ):
        yield


def _loses(what: str, ground: Stage) -> str:
    """Of every write to one side the request or the answer gets lost, until the line is good again."""
    after = ground.dice.choice(weather.LOST)
    name = after if what == "answers" else after.removesuffix("-after")
    rule = weather.KINDS[name]
    ground.world.services.faults.add(Fault(**rule, path=weather.PLACES[rule["side"]]["on writes"]))
    return f"the line turns bad: {name} on every write"
