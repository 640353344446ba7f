"""A play: one integer decides what happens, in which order, and where every worker is interrupted.

First the trouble: for so many steps somebody acts, a worker goes on for some moments, time passes, the line breaks, a
worker dies or freezes. Then the calm: no more faults, all workers but one end, and the world drains. Then the oracle
looks. The dice also choose what this play is about (few kinds of acts and of trouble at a time), since plays in which
everything happens rarely get deep into anything.

Every step has dice of its own, made of the seed and its number, and so has every run of a worker: a step that is left
out changes what the others find, never what they draw. A failing play can thus be made shorter (`shrink`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from connector.bootstrap import Installation
from connector.errors import BridgeError
from tests.simulation import circumstances, oracle, people, tables, weather
from tests.simulation.agreements import AGREEMENTS, LIFECYCLE
from tests.simulation.stage import SeededDice, Stage, new_store, new_world, sample
from tests.simulation.trace import PEOPLE
from tests.simulation.turns import Turns
from tests.simulation.variants import VARIANTS

STEPS = 200
DRAIN_PASSES = 25
BURSTS = (1, 1, 2, 4, 8)  # moments a turn, about; a run has some fifty
WRITING = re.compile(r"calls hubspot POST .*/batch/(?!read)|calls salesforce (PATCH|DELETE)|calls .*/sobjects$")
CALM_S = 3_000.0  # longer than any pause a worker makes
TROUBLE = {
    "kill": "fate",
    "freeze": "fate",
    "bad line": "weather",
    "good line": "weather",
    "storm": "weather",
    "remap": "admin",
}


@dataclass
class Theme:
    """What one play is about: weights of acts and of trouble, and how finely workers interleave.

    Attributes:
        meddling: how often somebody acts right before a worker's write leaves, when all it goes by has been read.
    """

    acts: dict[str, float]
    trouble: dict[str, float]
    burst: int
    meddling: float

    @classmethod
    def drawn(cls, dice: Random, *, handing: bool = False) -> Theme:
        """Of a play; `handing`: in which people are handed over."""
        trouble = {"act": 3.0, "turn": 9.0, "time": dice.choice((0.2, 3.0, 3.0))}
        if dice.random() < 0.5:
            trouble |= {"kill": 0.25}
        if dice.random() < 0.3:
            trouble |= {"freeze": 0.3}
        if dice.random() < 0.5:
            trouble |= {"bad line": 0.5, "good line": 0.4}
        if dice.random() < 0.1:
            trouble |= {"storm": 0.15, "good line": 0.4}
        if dice.random() < 0.15:
            trouble |= {"remap": 0.15}
        if handing:
            trouble |= {"remap": dice.choice((0.0, 0.0, 0.1))}
            return cls(people.handing_acts(dice), trouble, dice.choice(BURSTS[2:]), dice.choice((0.0, 0.0, 0.1, 0.5)))
        return cls(people.acts(dice), trouble, dice.choice(BURSTS), dice.choice((0.0, 0.0, 0.1, 0.5)))


@dataclass
class Worker:
    """One process of the bridge, which is begun anew when it has died."""

    name: str
    stage: Stage
    turns: Turns
    frozen_until: object = None
    lives: int = 0
    runs: int = 0
    ended_by: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.lives += 1
        self.turns.begin(self._live)

    def _live(self) -> None:
        """Open, sync now and then, and close; an error that passes ends one run, others the process."""
        stage = self.stage
        while True:
            born = f"{stage.seed}:{self.name}:{self.lives}:{self.runs}"
            with ExitStack() as closing:
                try:
                    opened = closing.enter_context(stage.installation(self.name, self.turns, SeededDice(born)))
                except BridgeError as fault:
                    stage.tell(f"cannot open: {type(fault).__name__}: {fault}", self.name)
                    self.turns.wait(30)
                    continue
                for _ in range(Random(born).randrange(1, 5)):
                    self._run(opened)

    def _run(self, opened: Installation) -> None:
        self.runs += 1
        stage, dice = self.stage, Random(f"{self.stage.seed}:{self.name}:{self.runs}")
        mode = "full" if dice.random() < 0.1 else "once"
        stage.tell(f"begins a run: {mode}", self.name)
        stage.trace.counts["runs"] += 1
        try:
            opened.sync(mode, by=self.name, approved=stage.approves)
        except BridgeError as fault:
            stage.tell(f"ends its run: {type(fault).__name__}: {fault}", self.name)
            self.ended_by.append(type(fault).__name__)
        else:
            stage.tell("ends its run", self.name)
        self.turns.wait(dice.choice((1, 5, 30)))


class Play:
    """One seed played, all of it or some.

    Attributes:
        without: acts and kinds of trouble that do not happen this time.
        only: the steps that are played; None for all.
    """

    def __init__(
        self, seed: int, steps: int = STEPS, without: Collection[str] = (), only: Collection[int] | None = None
    ) -> None:
        dice = Random(f"play:{seed}")
        self.seed, self.steps, self.dice = seed, steps, dice
        self.without = frozenset(without)
        self.only = frozenset(range(1, steps + 1) if only is None else only)
        self.variants = sorted(AGREEMENTS if seed in LIFECYCLE else VARIANTS)
        self.stage = Stage(seed, dice, new_world(seed), new_store(), dice.choice(self.variants))
        self.stage.holds(self.stage.variant)
        self.theme = Theme.drawn(dice, handing=seed in LIFECYCLE)
        self.workers = [Worker(name, self.stage, Turns(self.stage.clock)) for name in ("one", "two")]
        self.choices: dict[str, Callable[[], str | None]] = {
            "act": self._act,
            "turn": self._turn,
            "time": self._time,
            "kill": self._kill,
            "freeze": self._freeze,
            "bad line": lambda: weather.turns_bad(self.stage),
            "good line": lambda: weather.clears_up(self.stage),
            "storm": lambda: weather.storms(self.stage),
            "remap": self._remap,
        }

    def run(self) -> Play:
        """Trouble, calm, and the oracle's look."""
        self.stage.tell(f"seed {self.seed}, {self.steps} steps, mapping {self.stage.variant}, {self.theme}")
        self.stage.tell(circumstances.settles_down(self.stage))
        for number in range(self.dice.randrange(3, 9)):
            self.dice.seed(f"{self.seed}:arrival:{number}")
            self.stage.tell(people.arrives(self.stage) or "")
        for number in range(1, self.steps + 1):
            if number in self.only:
                self._step(number)
        self.stage.trace.step = self.steps + 1
        self._drain()
        oracle.look(self.stage)
        return self

    @property
    def fingerprint(self) -> str:
        """The same for the same seed, always and everywhere."""
        return self.stage.trace.fingerprint(self.stage.world.digest(), tables.digest(self.stage.store))

    @property
    def counts(self) -> Counter[str]:
        """What happened, by kind."""
        log = self.stage.world.services.log
        moments = sum(worker.turns.moments for worker in self.workers)
        writes = log.count("api:")
        more = {"steps": self.steps, "moments": moments, "writes": writes, "edits": len(log) - writes}
        return self.stage.trace.counts + Counter(more)

    def _step(self, number: int) -> None:
        self.dice.seed(f"{self.seed}:{number}")
        self.stage.trace.step = number
        kind = sample(self.dice, self.theme.trouble)
        done = None if kind in self.without else self.choices[kind]()
        if done:
            self.stage.trace.counts[kind] += 1
            self.stage.tell(done, TROUBLE.get(kind, PEOPLE))

    def _act(self) -> str | None:
        name = sample(self.dice, self.theme.acts)
        done = None if name in self.without else people.ACTS[name](self.stage)
        if done:
            self.stage.trace.counts[f"act: {name}"] += 1
        return done

    def _turn(self) -> str | None:
        """Some worker goes on for some moments; when all wait, time passes until one need not."""
        ready = [each for each in self.workers if self._ready(each)]
        if not ready:
            self._until_ready()
            return None
        worker = self.dice.choice(ready)
        if worker.turns.dead:
            worker.begin()
        for _ in range(self.dice.randrange(1, 2 * self.theme.burst + 1)):
            self._go_on(worker)
            if not worker.turns.ready():
                break
            if self.theme.meddling and WRITING.match(worker.turns.at) and self.dice.random() < self.theme.meddling:
                self.stage.tell(f"right before {worker.name} {worker.turns.at}: {self._act() or 'nothing'}")
        return None

    def _go_on(self, worker: Worker) -> None:
        self.stage.trace.going = worker.name
        worker.turns.go_on()
        self.stage.trace.going = PEOPLE
        if worker.turns.error:
            raise worker.turns.error

    def _ready(self, worker: Worker) -> bool:
        if worker.frozen_until is not None:
            if self.stage.clock.now() < worker.frozen_until:
                return False
            worker.frozen_until = None
        return worker.turns.dead or worker.turns.ready()

    def _until_ready(self) -> None:
        moments = [each.frozen_until or each.turns.wakes for each in self.workers]
        first = min(each for each in moments if each is not None)
        self.stage.clock.advance(max(0.0, (first - self.stage.clock.now()).total_seconds()))

    def _time(self) -> str | None:
        self.stage.clock.advance(self.dice.choice((0.05, 0.3, 1, 5, 20, 90, 400)))
        return None

    def _kill(self) -> str | None:
        worker = self.dice.choice(self.workers)
        if worker.turns.dead:
            return None
        at = worker.turns.at
        worker.turns.kill()
        return f"{worker.name} is killed before it {at}"

    def _freeze(self) -> str | None:
        worker = self.dice.choice(self.workers)
        if worker.turns.dead:
            return None
        worker.frozen_until = self.stage.clock.now() + timedelta(seconds=self.dice.choice((20, 400, 4000)))
        return f"{worker.name} freezes before it {worker.turns.at}, until {worker.frozen_until:%H:%M:%S}"

    def _remap(self) -> str:
        self.stage.holds(self.dice.choice(self.variants))
        return f"an admin edits the mapping: {self.stage.variant}"

    def _drain(self) -> None:
        """The trouble is over: one worker is left, and works until nothing is left to do."""
        stage = self.stage
        self.dice.seed(f"{self.seed}:calm")
        stage.tell(weather.clears_up(stage), "weather")
        stage.tell(people.calms(stage))
        for worker in self.workers:
            worker.turns.kill()
        stage.clock.advance(CALM_S)
        stage.tell("all is calm; one worker drains the world", "weather")
        stage.trace.going = "calm"
        oracle.drain(stage, DRAIN_PASSES)
        oracle.compared(stage)
