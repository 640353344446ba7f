"""Work that takes longer than a page may: it goes on in a thread of the web process, and every page can tell how far.

One of a kind is under way at a time, in whatever process. Its row in the store lives by signs of life: a process that
dies leaves one that is soon shown as lost, and the work itself must be such that it can be started again. Whoever was
given up for lost and still lives ends at its next report. When somebody is erased meanwhile, what was found is dropped,
for it may speak of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, Final

import structlog

from connector.admin.desk import Desk
from connector.engine.bridge import Progress
from connector.errors import BridgeError, Refused
from connector.storage import errands, tombstones
from connector.storage.errands import End, Errand, Order, State, Step

Work = Callable[[Progress], Mapping[str, Any]]  # reports now and then; what it finds is JSON

_LOOK_EVERY_S: Final = 1.0
_QUIET_LOOKS: Final = 10  # a sign of life at least so often, whether or not it went on
_ERASED: Final = "somebody was erased while this was under way, so what was found was not kept; ask again"
_log = structlog.stdlib.get_logger(__name__)


def begin(desk: Desk, order: Order, work: Work) -> int:
    """Start work in the background; the id of its errand. `work` gets a report function like `Bridge.progress`.

    Raises:
        Refused: when one of that kind is under way already.
    """
    with desk.database.begin() as conn:
        errand_id = errands.start(conn, order, desk.clock.now())
        erased = tombstones.count(conn)
    if errand_id is None:
        raise Refused(f"another {order.kind} is under way; wait until it has ended")
    started = _Started(desk, errand_id, erased)
    Thread(target=started.work, args=(work,), name=f"errand-{errand_id}", daemon=True).start()
    return errand_id


def look(desk: Desk, errand_id: int) -> Errand | None:
    """How it stands with an errand; None where there is none of that id, or it is forgotten."""
    with desk.database.read() as conn:
        return errands.by_id(conn, errand_id, desk.clock.now())


def latest(desk: Desk, kind: str) -> Errand | None:
    """The latest errand of a kind."""
    with desk.database.read() as conn:
        return errands.latest(conn, kind, desk.clock.now())


@dataclass
class _Started:
    """One errand at work, and beside it whoever gives the signs of life."""

    desk: Desk
    id: int
    erased: int  # tombstones when it began
    step: Step = field(default_factory=Step)
    over: Event = field(default_factory=Event)
    given_up: bool = False

    def work(self, work: Work) -> None:
        beating = Thread(target=self._beat, name=f"errand-{self.id}-pulse", daemon=True)
        beating.start()
        try:
            end = self._worked(work)
        finally:
            self.over.set()
            beating.join()
        self._conclude(end)

    def report(self, doing: str, number: int, total: int | None) -> None:
        """Say how far it is.

        Raises:
            Refused: when it was given up for lost, and others may be at it.
        """
        self.step = Step(doing, number, total)
        if self.given_up:
            raise Refused("this was not heard of for a while and given up; start it again")

    def _worked(self, work: Work) -> End:
        try:
            return End(State.DONE, work(self.report))
        except BridgeError as error:
            return End(State.FAILED, None, str(error))
        except Exception as error:  # noqa: BLE001  # whatever it was, the page must not wait for ever
            _log.exception("background work failed", errand=self.id)
            return End(State.FAILED, None, f"an unexpected fault ({type(error).__name__}); the log says more")

    def _beat(self) -> None:
        told, quiet = self.step, 0
        while not self.over.wait(_LOOK_EVERY_S):
            quiet += 1
            if self.step != told or quiet >= _QUIET_LOOKS:
                told, quiet = self.step, 0
                self._said(told)

    def _said(self, step: Step) -> None:
        try:
            with self.desk.database.begin() as conn:
                self.given_up = not errands.beat(conn, self.id, self.desk.clock.now(), step)
        except Exception:  # noqa: BLE001  # the store is away for a moment; readiness tells of that
            _log.exception("background work could not give a sign of life", errand=self.id)

    def _conclude(self, end: End) -> None:
        try:
            with self.desk.database.begin() as conn:
                if tombstones.count(conn) != self.erased:
                    errands.clear(conn, self.id)
                    end = End(end.state, None, end.problem or _ERASED)
                errands.finish(conn, self.id, self.desk.clock.now(), end)
        except Exception:  # noqa: BLE001  # it will be given up for lost, which is how it looks
            _log.exception("what background work found could not be kept", errand=self.id)
