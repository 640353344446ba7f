"""Playing seeds: one after the other or on several processes, and what came of each.

A script says which seed is played and how much of it; it prints as the command that plays it again. What came of it
goes from process to process, so it holds plain values only. Failures are told apart by kind: what is wrong, without
the records and values it is wrong of.
"""

from __future__ import annotations

import re
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import count, islice
from multiprocessing import get_context

from connector.memory import settle_memory
from tests.simulation.oracle import Broken
from tests.simulation.play import STEPS, Play

STUCK_S = 300  # a play takes a fraction of a second
RECORD = re.compile(r"\b(hubspot|salesforce)[: ]\w+[: ]\w*\d\w*")
DETAIL = re.compile(r"'[^']*'|\"[^\"]*\"|\b\w*\d[\w.]*\b|\bNone\b")
OURS = re.compile(r"(connector|webhooks|tests)/")


class Stuck(BaseException):
    """A play does not end, and not for want of turns: the code loops."""


@dataclass(frozen=True)
class Script:
    """Which seed, and how much of it. `only`: the steps that are played (None: all); `without`: what never happens."""

    seed: int
    steps: int = STEPS
    without: tuple[str, ...] = ()
    only: tuple[int, ...] | None = None

    def play(self) -> Play:
        """The play, not yet run."""
        return Play(self.seed, self.steps, self.without, self.only)

    @property
    def replay(self) -> str:
        """The command that plays it again and shows its trace."""
        without = f' --without "{",".join(self.without)}"' if self.without else ""
        only = f" --only {','.join(map(str, self.only))}" if self.only is not None else ""
        return f"scripts/simulate --seed {self.seed} --steps {self.steps}{without}{only} --trace"


@dataclass(frozen=True)
class Ended:
    """How a play ended.

    Attributes:
        wrong: what did not hold, a line each; empty when all is well.
        kinds: the same without records and values, for grouping.
        cpu_s: processor time it took, founding its world included.
        fingerprint: of everything that happened; "" when it was not asked for.
        trace: as text; empty when it was not asked for.
    """

    script: Script
    wrong: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    counts: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    cpu_s: float = 0.0
    fingerprint: str = ""
    trace: tuple[str, ...] = ()


def played(script: Script, tell: str = "") -> Ended:
    """Play a script to its end, whatever that is.

    `tell`: "" for no trace, `marked` for the lines about what is wrong, `all`, or `verbose` for transactions too.
    """
    began = time.process_time()
    play = script.play()
    with _listening(play) if tell == "verbose" else nullcontext():
        wrong, kinds = _judged(play)
    trace = play.stage.trace
    lines = trace.written(wrong, marked_only=tell == "marked") if tell else ()
    return Ended(
        script,
        wrong,
        kinds,
        play.counts,
        Counter(play.stage.excused),
        time.process_time() - began,
        play.fingerprint if tell else "",
        tuple(lines),
    )


def failures(scripts: Iterable[Script]) -> list[str]:
    """What failed, a line each with the command that shows it."""
    return [f"{script.replay}: {'; '.join(wrong)}" for script in scripts if (wrong := played(script).wrong)]


def played_on(scripts: Iterator[Script], jobs: int, enough: Callable[[], bool]) -> Iterator[Ended]:
    """Play scripts on so many processes until there are no more or `enough` says so; as they end, not in order."""
    if jobs == 1:
        for script in scripts:
            if enough():
                return
            yield played(script)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=settle_memory) as pool:
        under_way: set[Future[Ended]] = set()
        while True:
            free = 0 if enough() else 3 * jobs - len(under_way)
            under_way |= {pool.submit(played, script) for script in islice(scripts, max(0, free))}
            if not under_way:
                return
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for each in done:
                yield each.result()


def scripts_from(first: int, steps: int, seeds: int | None) -> Iterator[Script]:
    """One script a seed, without end when `seeds` is None."""
    return (Script(seed, steps) for seed in (count(first) if seeds is None else range(first, first + seeds)))


def _judged(play: Play) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is wrong, and of which kinds."""
    try:
        with _watch():
            play.run()
    except Broken as broken:
        wrong = tuple(str(broken).splitlines())
        return wrong, tuple(dict.fromkeys(kind(line) for line in wrong))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # whatever ends a play is what the play has found
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if OURS.search(frame.filename)] or frames
        at = " <- ".join(f"{_short(frame.filename)}:{frame.lineno}" for frame in reversed(ours[-6:]))
        return (f"{type(error).__name__}: {error} ({at})",), (f"{type(error).__name__} in {_short(ours[-1].filename)}",)
    return (), ()


def kind(line: str) -> str:
    """What a line of the oracle says, without records and values."""
    return DETAIL.sub("..", RECORD.sub("..", line))


def _short(path: str) -> str:
    found = OURS.search(path)
    return path[found.start() :] if found else path.rsplit("/", 1)[-1]


@contextmanager
def _listening(play: Play) -> Iterator[None]:
    """Have the trace told of every statement."""
    with closing(play.stage.store._engine.raw_connection()) as lent:
        raw = lent.driver_connection
        raw.set_trace_callback(play.stage.trace.statement)
    try:
        yield
    finally:
        raw.set_trace_callback(None)


@contextmanager
def _watch() -> Iterator[None]:
    """Raise Stuck where a play does not end."""

    def stuck(*_: object) -> None:
        raise Stuck(f"not done after {STUCK_S} s")

    before = signal.signal(signal.SIGALRM, stuck)
    signal.alarm(STUCK_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
