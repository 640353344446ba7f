"""Calls that overlap: a call takes some hundred milliseconds, so batches go out side by side.

The executor is handed in: threads in production, None in simulation, where everything runs in the caller's turn.
Nothing submitted here ever waits for something else submitted here, so one small executor cannot lock itself up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Step = Callable[[Item], tuple[Answer, Sequence[Item]]]


@dataclass(frozen=True, slots=True)
class Timeout:
    """Seconds to wait for a connection, and for the next bytes of an answer."""

    connect_s: float = 5.0
    read_s: float = 60.0


class Calls:
    """Runs functions side by side on an executor, or one after the other without one."""

    def __init__(self, executor: Executor | None = None) -> None:
        self._executor = executor

    @property
    def overlap(self) -> bool:
        """Whether calls run side by side."""
        return self._executor is not None

    def map(self, function: Callable[[Item], Answer], items: Sequence[Item]) -> list[Answer]:
        """The answers, in the order of the items; the first fault is raised after all have ended."""
        if self._executor is None or len(items) <= 1:
            return [function(item) for item in items]
        futures = [self._executor.submit(function, item) for item in items]
        wait(futures)
        return [future.result() for future in futures]

    def walk(self, step: Step[Item, Answer], starts: Iterable[Item]) -> Iterator[Answer]:
        """Follow chains of pages at once: `step` answers a page and where to go on (nowhere: the end; twice: a fork).

        Pages come in the order of their arrival, one chain's pages in its own order. At most one page a chain is in
        flight or waiting, so memory stays bounded when the caller is slow.
        """
        if self._executor is None:
            yield from _one_by_one(step, starts)
            return
        pending: set[Future[tuple[Answer, Sequence[Item]]]] = {self._executor.submit(step, start) for start in starts}
        try:
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    answer, onward = future.result()
                    pending |= {self._executor.submit(step, each) for each in onward}
                    yield answer
        finally:
            for future in pending:
                future.cancel()


def _one_by_one(step: Step[Item, Answer], starts: Iterable[Item]) -> Iterator[Answer]:
    waiting = deque(starts)
    while waiting:
        answer, onward = step(waiting.popleft())
        waiting.extendleft(reversed(onward))
        yield answer
