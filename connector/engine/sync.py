"""The passes people start: once (until nothing is dirty), full (compare everything), and one turn of the loop.

`tick` polls and reconciles what is dirty and due at a given time; it never sleeps and never asks the time. `once` turns
it until nothing is left that can be done now. `full` sweeps everything first. All three are the same reconcile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.core.backoff import delay
from connector.core.refs import Side
from connector.engine.apply import Applied, apply
from connector.engine.bridge import Bridge
from connector.engine.cases import cases_of
from connector.engine.erase import without_erased
from connector.engine.observe import observe
from connector.engine.run import Run
from connector.engine.sweep import batches, refreshed, swept
from connector.errors import RateLimited, Transient
from connector.storage import cursors, dirty, issues, links, runs, spool
from connector.storage.dirty import Claim

_LEASE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn did."""

    marked: int
    reconciled: int
    later: int  # refs waiting for their backoff


def tick(bridge: Bridge, run: Run) -> Turn:
    """Poll both sides, then reconcile one batch of what is dirty and due."""
    return Turn(observe(bridge), *reconcile_due(bridge, run))


def reconcile_due(bridge: Bridge, run: Run) -> tuple[int, int]:
    """Claim a batch of dirty refs, reconcile it, release it. Returns how many were claimed, and how many wait."""
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        claims = dirty.claim(conn, now, bridge.batch_records, now + _LEASE)
    if not claims:
        return 0, 0
    try:
        cases = without_erased(bridge, cases_of(bridge, [claim.ref for claim in claims]))
        applied = apply(bridge, cases, run)
    except Transient as fault:
        _postpone(bridge, claims, fault)
        return len(claims), len(claims)
    return len(claims), _release(bridge, claims, applied)


def _release(bridge: Bridge, claims: Sequence[Claim], applied: Applied) -> int:
    """Forget the marks that were worked off; keep, with a pause, those whose outcome nobody knows."""
    later = set(applied.later)
    waiting = [claim for claim in claims if claim.ref in later]
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        if waiting:
            dirty.retry(conn, waiting, _due(bridge, waiting, now), "outcome unknown")
        missing = later - {claim.ref for claim in claims}
        dirty.mark(conn, sorted(missing), now, reason="outcome unknown")
        dirty.done(conn, [claim for claim in claims if claim.ref not in later])
    return len(waiting)


def _postpone(bridge: Bridge, claims: Sequence[Claim], fault: Transient) -> None:
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        due = fault.until if isinstance(fault, RateLimited) else _due(bridge, claims, now)
        dirty.retry(conn, claims, due, str(fault))


def _due(bridge: Bridge, claims: Sequence[Claim], now: datetime) -> datetime:
    return now + delay(max(claim.attempts for claim in claims), bridge.backoff, bridge.dice.roll())


def once(bridge: Bridge, run: Run, patience: timedelta = timedelta(minutes=2)) -> None:
    """Take in what changed, and sync until nothing is dirty that can be done now."""
    observe(bridge)
    drain(bridge, run, patience)


def drain(bridge: Bridge, run: Run, patience: timedelta = timedelta(minutes=2)) -> None:
    """Reconcile until nothing is dirty that can be done now; waits out short backoffs, up to `patience`."""
    start = bridge.clock.now()
    while not run.held:
        claimed, _ = reconcile_due(bridge, run)
        bridge.progress("reconciling", run.counts["considered"], None)
        if claimed:
            continue
        with bridge.database.read() as conn:
            due = dirty.next_due(conn)
        now = bridge.clock.now()
        if due is None or due - start > patience:
            return
        bridge.clock.sleep(max(0.05, (due - now).total_seconds()))


def full(bridge: Bridge, run: Run) -> None:
    """Compare everything and bring it in step. What changed meanwhile is polled by the next run."""
    starts = _starting_cursors(bridge)
    read_at = bridge.clock.now()
    with swept(bridge, run.id):
        run.population = _population(bridge, run.id)
        for applied in _applied(bridge, run, read_at):
            _mark_later(bridge, applied)
    with bridge.database.begin() as conn:
        for side, cursor in starts.items():
            cursors.put(conn, side, cursor, bridge.clock.now())
    drain(bridge, run)


def _applied(bridge: Bridge, run: Run, read_at: datetime) -> Iterator[Applied]:
    """Apply each batch while the next is planned, where an executor allows."""
    ahead: Future[Applied] | None = None
    for cases in batches(bridge, run.id):
        ready = without_erased(bridge, refreshed(bridge, cases, read_at))
        if ahead:
            yield ahead.result()
            ahead = None
        bridge.progress("bringing in step", run.counts["considered"], run.population)
        if bridge.executor:
            ahead = bridge.executor.submit(apply, bridge, ready, run)
        else:
            yield apply(bridge, ready, run)
    if ahead:
        yield ahead.result()


def _mark_later(bridge: Bridge, applied: Applied) -> None:
    if applied.later:
        with bridge.database.begin() as conn:
            dirty.mark(conn, applied.later, bridge.clock.now(), reason="outcome unknown")


def _starting_cursors(bridge: Bridge) -> dict[Side, dict[str, object]]:
    """Where polling starts once a first full pass is through; a side that has a cursor keeps it."""
    with bridge.database.read() as conn:
        fresh = [side for side in Side if cursors.get(conn, side) is None]
    return {side: dict(bridge.crms[side].changes(bridge.views_of(side), None, lambda *_: 0).cursor) for side in fresh}


def never_read(bridge: Bridge) -> bool:
    """Whether a side has no cursor yet: then only a full pass can know what there is."""
    with bridge.database.read() as conn:
        return any(cursors.get(conn, side) is None for side in Side)


def _population(bridge: Bridge, run_id: int) -> int:
    with bridge.database.read() as conn:
        return max(links.count(conn), sum(spool.count(conn, run_id).values()))


def start(bridge: Bridge, kind: str, by: str, *, approved: bool = False) -> Run:
    """Open a run."""
    with bridge.database.begin() as conn:
        run_id = runs.start(conn, kind, bridge.clock.now(), by, bridge.mapping.digest)
        population = links.count(conn)
    return Run(run_id, bridge.limits, population=population, approved=approved)


def finish(bridge: Bridge, run: Run, outcome: str) -> None:
    """Close a run with its counts; a held run leaves an issue."""
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        if run.held:
            issues.raise_issues(conn, [run.held_issue()], now, run.id)
        runs.finish(conn, run.id, now, outcome, run.summary())
