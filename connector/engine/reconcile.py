"""Work off what is dirty: claim a batch, read both sides afresh, plan, apply, release.

A claim is given back whatever happens: done when its work is, put back with a pause when nobody knows the outcome or a
side does not answer, as it was when a guard holds or an error ends the run. So no mark is lost, and nothing spins: a
side that refuses our credentials, or asks to wait longer than our patience, ends the run with that error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.core.backoff import delay
from connector.core.refs import Ref
from connector.engine.apply import Applied, apply
from connector.engine.bridge import Bridge
from connector.engine.cases import cases_of
from connector.engine.erase import without_erased
from connector.engine.hot import HOT
from connector.engine.making import adopt
from connector.engine.run import Run
from connector.engine.sharing import only_ours
from connector.errors import BridgeError, RateLimited, Transient, Unauthorised
from connector.storage import dirty
from connector.storage.dirty import Claim

_LEASE = timedelta(minutes=5)
_TOLD_MAX = 20  # refs that a line of the log names
PATIENCE = timedelta(minutes=2)
_LOOKS_MAX = 20  # at one ref in one run; a record that others keep writing to settles in two or three
_REST = timedelta(minutes=15)
_NAP_S = 0.05  # the shortest wait for what is about to fall due


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What became of one batch: refs claimed, refs that wait for a pause to end, and the fault they wait for.

    `refs`: the first of them, for the log.
    """

    claimed: int = 0
    waiting: int = 0
    fault: BridgeError | None = None
    refs: tuple[Ref, ...] = ()


def reconcile_due(bridge: Bridge, run: Run, shards: Collection[int] | None = None) -> Reconciled:
    """Claim a batch of dirty refs, reconcile it, release it. Who waits for a rep's call goes first, in a lane of calls.

    shards: only those that are at home there; None: all.

    Raises:
        Unauthorised: when a side refuses us; the claims are given back.
    """
    if run.held:
        return Reconciled()
    adopt(bridge)
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        claims = dirty.claim(conn, now, bridge.batch_records, now + _LEASE, None if shards is None else sorted(shards))
    if not claims:
        return Reconciled()
    claims, spared = _spared(bridge, run, claims)
    rest = [claim for claim in claims if claim.lane > HOT]
    try:
        first = _carried_out(bridge.urgent, run, [claim for claim in claims if claim.lane <= HOT], shards)
    except BaseException:
        _give_back(bridge, rest)
        raise
    then = _carried_out(bridge, run, rest, shards)
    return Reconciled(
        first.claimed + then.claimed + spared,
        first.waiting + then.waiting + spared,
        then.fault or first.fault,
        tuple(claim.ref for claim in claims[:_TOLD_MAX]),
    )


def _carried_out(bridge: Bridge, run: Run, claims: list[Claim], shards: Collection[int] | None) -> Reconciled:
    """One batch of one lane."""
    if not claims:
        return Reconciled()
    try:
        refs = [claim.ref for claim in claims]
        cases = cases_of(bridge, refs)
        ours = cases if shards is None else only_ours(bridge, cases, claims, shards)
        applied = apply(bridge, without_erased(bridge, ours), run, claimed=refs)
    except Transient as fault:
        _put_back(bridge, claims, fault)
        return Reconciled(len(claims), len(claims), fault)
    except BaseException:
        _give_back(bridge, claims)
        raise
    waiting = _release(bridge, claims, applied)
    if isinstance(applied.fault, Unauthorised):
        raise applied.fault
    return Reconciled(len(claims), waiting, applied.fault)


def _spared(bridge: Bridge, run: Run, claims: Sequence[Claim]) -> tuple[list[Claim], int]:
    """The claims to work on, and how many refs are left for later because one run has looked at them again and again.

    Whatever keeps marking them (two records that mark each other, an automation that answers us) must not keep a run
    from ending.
    """
    run.looks.update(claim.ref for claim in claims)
    tired = [claim for claim in claims if run.looks[claim.ref] > _LOOKS_MAX]
    if tired:
        run.count("spared", len(tired))
        with bridge.database.begin() as conn:
            dirty.retry(conn, tired, bridge.clock.now() + _REST, "looked at again and again in one run")
    return [claim for claim in claims if run.looks[claim.ref] <= _LOOKS_MAX], len(tired)


def drain(bridge: Bridge, run: Run, patience: timedelta = PATIENCE) -> None:
    """Reconcile until nothing is dirty that can be done now; waits out short pauses, up to `patience`.

    Raises:
        Transient: when something is left because a side kept failing or asks to wait longer than that.
    """
    start = bridge.clock.now()
    fault: BridgeError | None = None
    while not run.held:
        turn = reconcile_due(bridge, run)
        bridge.progress("reconciling", run.counts["considered"], None)
        fault = turn.fault or fault
        in_time = bridge.clock.now() - start <= patience
        if turn.claimed > turn.waiting or (turn.claimed and in_time):
            continue
        with bridge.database.read() as conn:
            due = dirty.next_due(conn)
        now = bridge.clock.now()
        if due is None:
            return
        if max(due, now) - start > patience:
            if fault is not None:
                raise fault
            return
        bridge.clock.sleep(max(_NAP_S, (due - now).total_seconds()))


def heed_fault(bridge: Bridge, applied: Applied) -> None:
    """Wait out a short pause; end the run when a side lets us write no longer. What it left undone is marked dirty.

    Raises:
        Unauthorised, RateLimited: those.
    """
    fault = applied.fault
    if isinstance(fault, RateLimited):
        wait = fault.until - bridge.clock.now()
        if wait > PATIENCE:
            raise fault
        bridge.clock.sleep(max(0.0, wait.total_seconds()))
    elif isinstance(fault, Unauthorised):
        raise fault


def _release(bridge: Bridge, claims: Sequence[Claim], applied: Applied) -> int:
    """Forget the marks that were worked off; keep those that were held, and with a pause those of unknown outcome."""
    later, held = set(applied.later), set(applied.held)
    waiting = [claim for claim in claims if claim.ref in later]
    if waiting:
        _put_back(bridge, waiting, applied.fault)
    if held:
        with bridge.database.begin() as conn:
            dirty.release(conn, [claim for claim in claims if claim.ref in held])
    with bridge.database.begin() as conn:
        dirty.done(conn, [claim for claim in claims if claim.ref not in later and claim.ref not in held])
    return len(waiting)


def _give_back(bridge: Bridge, claims: Sequence[Claim]) -> None:
    with bridge.database.begin() as conn:
        dirty.release(conn, claims)


def _put_back(bridge: Bridge, claims: Sequence[Claim], fault: BridgeError | None) -> None:
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        dirty.retry(conn, claims, _due(bridge, claims, fault, now), str(fault or "outcome unknown"))


def _due(bridge: Bridge, claims: Iterable[Claim], fault: BridgeError | None, now: datetime) -> datetime:
    if isinstance(fault, RateLimited):
        return fault.until
    return now + delay(max(claim.attempts for claim in claims), bridge.backoff, bridge.dice.roll())
