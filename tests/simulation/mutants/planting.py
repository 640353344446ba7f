"""How a bug is planted: production code is replaced in process, for as long as a play lasts, and nothing else is.

A bug is a generator function that replaces something, yields once, and says in its docstring which mistake of real life
it stands for; its name, spaced, is what people call it. What is replaced is replaced wherever production code has
imported it. The sandbox (the witness) and the oracle (the judge) are never touched, nor is anything else of the
simulation. A bug that needs a rare situation says so openly: which acts and troubles its plays are full of, on which
mapping and ground.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

# Production code, and the screens of those who run it themselves; never what bears witness.
OURS = re.compile(r"connector\.(?!sandbox)|tests\.simulation\.people\.operators$")
ANYWHERE = 40  # seeds within which a bug is caught that says nothing else

Bug = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Situation:
    """What the plays of a bug are full of, beside what their seeds draw; all of it openly, none of it needed by most.

    Attributes:
        acts, trouble: weights beside (or over) the drawn ones.
        alone: whether nobody does anything else than these acts.
        variant: the mapping; "" for the drawn one.
        ground: settings of both CRMs, by side.
        burst: how many moments a turn has, about; 0 for the drawn number. The more, the more runs a play has.
        meddling: how often somebody acts right before a write.
        closeness: how often an act is about somebody whom the last ones were about.
        lost: what every fault is: all `answers` of a side to writes get lost, or all `requests`; "" for any fault.
        calls_per_day: the most that the settings let the bridge call each side a day; 0 for no such setting.
        handing: whether these are plays of the lifecycle, in which people are handed over.
        crowded: whether Salesforce is polled as where much changes: late commits are counted, and not read again.
        listening: whether workers only listen for changes, and ask for no full pass once the first is through.
    """

    acts: Mapping[str, float] = field(default_factory=dict)
    trouble: Mapping[str, float] = field(default_factory=dict)
    alone: bool = False
    variant: str = ""
    ground: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    burst: int = 0
    meddling: float | None = None
    closeness: float | None = None
    lost: str = ""
    listening: bool = False
    handing: bool = False
    crowded: bool = False
    calls_per_day: int = 0

    def __str__(self) -> str:
        settings = [f"{name} {value}" for told in self.ground.values() for name, value in told.items()]
        also = {
            "nothing else": self.alone,
            f"mapping: {self.variant}": bool(self.variant),
            f"bursts of {self.burst}": bool(self.burst),
            "acts right before writes": bool(self.meddling),
            "acts about the same people": bool(self.closeness),
            f"{self.lost} lost": bool(self.lost),
            "no full passes": self.listening,
            "people are handed over": self.handing,
            "polled as where much changes": self.crowded,
            f"{self.calls_per_day} calls a day": bool(self.calls_per_day),
        }
        return ", ".join((*self.acts, *self.trouble, *settings, *(words for words, told in also.items() if told)))


@dataclass(frozen=True)
class Mutant:
    """One planted bug.

    Attributes:
        plant: plants it for as long as the context lasts.
        caught_by: the invariants of which one must object; anything else is not what the bug stands for.
        within: seeds within which it must be caught.
        first: the seed from which the tests play, near one that catches it; the command measures from 0 on.
        family: what it is a bug in: the module it stands in.
    """

    name: str
    story: str
    plant: Bug
    caught_by: tuple[str, ...]
    within: int
    situation: Situation
    first: int = 0
    family: str = ""


MUTANTS: dict[str, Mutant] = {}


def caught_by(
    *invariants: str, within: int = ANYWHERE, first: int = 0, **situation: Any
) -> Callable[[Callable[[], Iterator[None]]], Bug]:
    """Make a planted bug of a generator function. `situation`: what its plays are full of (`Situation`)."""

    def made(planting: Callable[[], Iterator[None]]) -> Bug:
        name = planting.__name__.replace("_", " ")
        story = " ".join((planting.__doc__ or "").split())
        plant = contextmanager(planting)
        assert name not in MUTANTS
        family = planting.__module__.rpartition(".")[2]
        MUTANTS[name] = Mutant(name, story, plant, invariants, within, Situation(**situation), first, family)
        return plant

    return made


@contextmanager
def replaced(original: Any, stand_in: Any) -> Iterator[None]:
    """Put something else in the place of a function of production code, wherever it was imported to."""
    modules = [module for name, module in list(sys.modules.items()) if OURS.match(name) and module is not None]
    places = [(module, name) for module in modules for name, held in vars(module).items() if held is original]
    assert places, f"{original} is nowhere in production code"
    with ExitStack() as planted:
        for module, name in places:
            planted.enter_context(patch.object(module, name, stand_in))
        yield


def method(owner: type, name: str, stand_in: Any) -> AbstractContextManager[Any]:
    """Put something else in the place of a method or property of a class of production code."""
    assert OURS.match(owner.__module__), f"{owner} is no production code"
    return patch.object(owner, name, stand_in)
