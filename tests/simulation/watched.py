"""The witness of who knew what: which write of a worker came after which of its readings, by place in the write log.

The write log of the sandbox is the one order of everything that took effect. A worker that writes over a value it could
not have seen is in the open window between reading and writing that neither API can close; one that writes over a value
it had seen has lost an edit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.core.readings import Reading
from connector.core.refs import Ref
from connector.ports import Crm, View
from connector.sandbox.services import WriteLog


@dataclass
class Witness:
    """What each worker had read when it wrote.

    Attributes:
        read: (worker, side, record id) -> place in the log before the latest reading of that record was asked for.
        writes: place in the log of a worker's write -> (worker, what it had read of that record by then).
    """

    read: dict[tuple[str, str, str], int] = field(default_factory=dict)
    writes: dict[int, tuple[str, int]] = field(default_factory=dict)
    heard: int = 0

    def saw(self, worker: str, ref: Ref, place: int) -> None:
        """A worker was told of a record what was so at a place in the log, or later."""
        self.read[worker, ref.side.value, ref.id] = place

    def wrote(self, worker: str, log: WriteLog) -> None:
        """A call of a worker took effect; everything new in the log is its doing, or was there before it."""
        if len(log) == self.heard:
            return
        for entry in log.entries(self.heard):
            if entry["actor"].startswith("api:"):
                seen = self.read.get((worker, entry["side"], entry["id"]), 0)
                self.writes[entry["seq"]] = (worker, seen)
        self.heard = len(log)


class Watched:
    """A CRM whose readings are witnessed."""

    def __init__(self, inner: Crm, worker: str, witness: Witness, log: WriteLog) -> None:
        self._inner, self._worker, self._witness, self._log = inner, worker, witness, log
        self.side = inner.side

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _told(self, readings: Sequence[Reading], place: int) -> None:
        for reading in readings:
            self._witness.saw(self._worker, reading.ref, place)

    def _asking(self, name: str, *asked: Any, **more: Any) -> Any:
        place = len(self._log)
        readings = getattr(self._inner, name)(*asked, **more)
        self._told(readings, place)
        return readings

    def read(self, *asked: Any, **more: Any) -> list[Reading]:
        return self._asking("read", *asked, **more)

    def read_many(self, *asked: Any) -> list[Reading]:
        return self._asking("read_many", *asked)

    def find(self, *asked: Any) -> list[Reading]:
        return self._asking("find", *asked)

    def find_many(self, *asked: Any) -> list[Reading]:
        return self._asking("find_many", *asked)

    def scan(self, view: View) -> Iterator[Sequence[Reading]]:
        place = len(self._log)
        for portion in self._inner.scan(view):
            self._told(portion, place)
            yield portion
