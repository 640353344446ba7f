"""The passes people start: once (until nothing is dirty), full (compare everything), and one turn of the loop.

`tick` polls and reconciles what is dirty and due at a given time; it never sleeps and never asks the time. `once` turns
it until nothing is left that can be done now. `full` sweeps everything first. All three are the same reconcile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.engine import agreement, facts, reshelving
from connector.engine.apply import Applied, apply
from connector.engine.bridge import Bridge
from connector.engine.deadlines import ring
from connector.engine.effects import set_off
from connector.engine.erase import scrub, without_erased
from connector.engine.evidence import take_in
from connector.engine.making import adopt
from connector.engine.observe import observe
from connector.engine.reconcile import PATIENCE, drain, heed_fault, reconcile_due
from connector.engine.run import Run
from connector.engine.standing import all_compared, begin_comparing, begin_polling, heed, hold, owes_full
from connector.engine.sweep import batches, refreshed, set_aside, swept
from connector.engine.underway import tell_left
from connector.errors import BridgeError, Refused, Unauthorised
from connector.storage import dirty, links, runs, spool, tombstones

UNDER_WAY = 2  # batches of a full run carried out at a time; bounds memory


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn did."""

    marked: int
    reconciled: int
    later: int  # refs waiting for their backoff


def tick(bridge: Bridge, run: Run) -> Turn:
    """Poll both sides, reconcile one batch of what is dirty and due, and set off what follows."""
    with _setting_off(bridge, run):
        marked = observe(bridge) + take_in(bridge, run) + ring(bridge)
        done = reconcile_due(bridge, run)
    return Turn(marked, done.claimed, done.waiting)


def sync(bridge: Bridge, run: Run, mode: str) -> None:
    """What was asked for (`once` or `full`), or a full pass where only that can know what there is to do."""
    if mode == "full" or owes_full(bridge):
        full(bridge, run)
    else:
        once(bridge, run)


def once(bridge: Bridge, run: Run, patience: timedelta = PATIENCE) -> None:
    """Take in what changed, and sync until nothing is dirty that can be done now."""
    with _setting_off(bridge, run):
        heed(bridge, run)
        observe(bridge)
        take_in(bridge, run)  # before the clocks: who was in touch in time is not late
        ring(bridge)
        _tell_pages(bridge, run)
        drain(bridge, run, patience)
    _count_waiting(bridge, run)


def full(bridge: Bridge, run: Run) -> None:
    """Compare everything and bring it in step. What changed meanwhile is polled by the next run.

    Raises:
        Unauthorised, RateLimited: when a side lets us write no longer; the next run is then full again.
    """
    with _setting_off(bridge, run):
        compare_all(bridge, run)
        _tell_pages(bridge, run)
        drain(bridge, run)
    _count_waiting(bridge, run)


def compare_all(bridge: Bridge, run: Run) -> None:
    """The full pass alone; whatever was marked meanwhile is left to whoever drains.

    Raises:
        Unauthorised, RateLimited: as `full`.
    """
    heed(bridge, run)
    begin_comparing(bridge)
    adopt(bridge)
    begin_polling(bridge)
    take_in(bridge, run)
    ring(bridge)
    read_at = bridge.clock.now()
    with swept(bridge, run.id):
        run.population = _population(bridge, run.id)
        if not run.held:
            _bring_in_step(bridge, run, read_at)
    if not run.held:
        all_compared(bridge)


@contextmanager
def _setting_off(bridge: Bridge, run: Run) -> Iterator[None]:
    """Work, then set off what follows. What is due goes out though a side is down; the fault of the work is told."""
    try:
        yield
    except BridgeError:
        with suppress(BridgeError):
            set_off(bridge, run)
        raise
    set_off(bridge, run)


def _bring_in_step(bridge: Bridge, run: Run, read_at: datetime) -> None:
    """Apply batches while the next is planned, where an executor allows; ends early when a guard holds.

    Two batches are under way at a time, so that a side keeps busy while the other, or a bulk job, is waited for.
    """
    ahead: deque[Future[Applied]] = deque()
    try:
        for cases in batches(bridge, run.id):
            ready = without_erased(bridge, refreshed(bridge, cases, read_at))
            while len(ahead) >= UNDER_WAY:
                heed_fault(bridge, ahead.popleft().result())
            if run.held:
                return
            set_aside(bridge, run.id, ready)
            bridge.progress("bringing in step", run.counts["considered"], run.population)
            if bridge.executor:
                ahead.append(bridge.executor.submit(apply, bridge, ready, run))
            else:
                heed_fault(bridge, apply(bridge, ready, run))
    finally:
        wait(ahead)  # what was begun is concluded before the run ends, whatever ends it
        for begun in ahead:
            heed_fault(bridge, begun.result())


def _population(bridge: Bridge, run_id: int) -> int:
    with bridge.database.read() as conn:
        return max(links.count(conn), sum(spool.count(conn, run_id).values()))


def _tell_pages(bridge: Bridge, run: Run) -> None:
    """Tell the reading copy anew, where that is needed; who is looked at for it is marked."""
    if run.untold:
        reshelving.tell_anew(bridge)


def _count_waiting(bridge: Bridge, run: Run) -> None:
    """Say how many refs are still dirty: held back, or waiting for a pause to end."""
    with bridge.database.read() as conn:
        waiting = dirty.count(conn)
    if waiting:
        run.counts["waiting"] = waiting


def start(bridge: Bridge, kind: str, by: str, *, approved: bool = False) -> Run:
    """Open a run."""
    with bridge.database.begin() as conn:
        run_id = runs.start(conn, kind, bridge.clock.now(), by, bridge.mapping.digest)
        population, erased = links.count(conn), tombstones.count(conn)
        agreement.begin(conn, bridge)
        untold = bool(reshelving.begin(conn, bridge)["step"])
    tell_left(bridge)
    return Run(run_id, bridge.limits, population=population, approved=approved, erased=erased, untold=untold)


def finish(bridge: Bridge, run: Run, outcome: str) -> None:
    """Close a run with its counts; a held run is held until a person lets it go on."""
    if run.held:
        hold(bridge, run)
    with bridge.database.begin() as conn:
        runs.finish(conn, run.id, bridge.clock.now(), outcome, run.summary())
    scrub(bridge)


@contextmanager
def recorded(bridge: Bridge, kind: str, by: str, *, approved: bool = False) -> Iterator[Run]:
    """A run that is closed whatever happens: done, held, or cut short by an error or a person.

    A side that refuses a whole call may not be any more what it was when last asked: the next opening asks anew.
    """
    run = start(bridge, kind, by, approved=approved)
    try:
        yield run
    except BaseException as error:
        if isinstance(error, Refused | Unauthorised):
            facts.outdate(bridge.database)
        finish(bridge, run, "cut short")
        raise
    finish(bridge, run, "held" if run.held else "done")
