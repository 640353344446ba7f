"""One turn of one duty, and which are due: the same for a loop in one process and for jobs of many.

A fault never ends more than the turn. A side that refuses us is stopped (`stopped`); a fault that passes, and one of
our own, is tried again after a pause that grows with each in a row. What became of a turn stands in the duty's row for
people and metrics: when it last went well, what went wrong last, how often in a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from connector.engine import facts, stopped
from connector.engine.duties import CLOCKS, DRAIN, FULL, POLL, Duty, Stopping, Turned, Work
from connector.engine.pacing import after_fault
from connector.errors import BridgeError, Refused, Unauthorised
from connector.storage import duties, tallies
from connector.storage.duties import Duty as Row

WAITING = (CLOCKS, DRAIN, FULL)  # for both sides to let us in
_LONGEST = timedelta(minutes=5)  # between two tries of what fails
_REST = timedelta(seconds=30)
_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Survey:
    """Which duties are due, in their order, and when the next one is; None: nothing is foreseen."""

    due: Sequence[Duty]
    next_at: datetime | None


def survey(conn: Connection, table: Iterable[Duty], now: datetime) -> Survey:
    """Look what is to be done. Costs one question for the rows and one for each duty that is fed."""
    rows = {row.name: row for row in duties.all(conn)}
    moments = [(duty, _moment(conn, duty, rows.get(duty.name), now)) for duty in table]
    later = [moment for _, moment in moments if moment is not None and moment > now]
    return Survey([duty for duty, moment in moments if moment is not None and moment <= now], min(later, default=None))


def _moment(conn: Connection, duty: Duty, row: Row | None, now: datetime) -> datetime | None:
    own = max(row.due_at, row.leased_until or row.due_at) if row else now
    if duty.feed is None or own > now:
        return own
    fed = duty.feed(conn)
    return None if fed is None else max(own, fed)


def turn(work: Work, duty: Duty) -> Turned | None:
    """Do one turn of a duty; None when somebody else is at it, or it waits for a side that refuses us.

    Raises:
        Stopping: when the process shall end; the duty is due at once for the next one.
    """
    now = work.bridge.clock.now()
    row = _begin(work, duty, now)
    if row is None:
        return None
    kept = row.body.get("kept", {})
    try:
        turned = duty.act(work, now, kept)
    except Stopping:
        _end(work, duty, row, Turned(now, 0, kept), {})
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, the service goes on
        turned, said = _failed(work, duty, error, row)
    else:
        said = {"ended_at": work.bridge.clock.now().isoformat(), "did": turned.did}
        _lift(work, duty)
    _end(work, duty, row, turned, said)
    return turned


def _begin(work: Work, duty: Duty, now: datetime) -> Row | None:
    """The duty's row, leased where it needs to be; None when the duty is not to be done now."""
    with work.bridge.database.read() as conn:
        row = duties.get(conn, duty.name) or Row(duty.name, now)
        refused = [one.next_at for one in stopped.standing(conn) if one.by in POLL.values()]
    if refused and duty.needs_both:  # the poll that is let in again asks for it
        with work.bridge.database.begin() as conn:
            duties.put(conn, duty.name, max(*refused, now + _REST), row.body)
        return None
    if duty.feed is not None:
        return row
    with work.bridge.database.begin() as conn:
        duties.ensure(conn, [duty.name], now)
        return duties.begin(conn, duty.name, now, now + duty.lease)


def _end(work: Work, duty: Duty, row: Row, turned: Turned, said: Mapping[str, Any]) -> None:
    body = {**said, "kept": dict(turned.body)}
    if duty.feed is None:
        with work.bridge.database.begin() as conn:
            duties.end(conn, row, turned.due_at, body)
    elif _worth_keeping(row, turned, said, work.bridge.clock.now()):
        with work.bridge.database.begin() as conn:
            duties.put(conn, duty.name, turned.due_at, body)


def _worth_keeping(row: Row, turned: Turned, said: Mapping[str, Any], now: datetime) -> bool:
    """Whether a fed duty has anything to remember; in good days it writes no row."""
    return (
        turned.due_at > now
        or bool(turned.body)
        or any("fault" in body or body.get("kept") for body in (row.body, said))
    )


def _failed(work: Work, duty: Duty, error: Exception, row: Row) -> tuple[Turned, dict[str, Any]]:
    """What a fault comes to: when to try again, and what is said of it."""
    now = work.bridge.clock.now()
    failures = int(row.body.get("failures", 0))
    due_at = after_fault(error, failures, _LONGEST, now, work.bridge.dice.roll())
    if isinstance(error, Unauthorised) and error.side is not None:
        with work.bridge.database.begin() as conn:
            due_at = stopped.stop(conn, (error.side, duty.name, str(error)), work.channels, now).next_at
    if isinstance(error, Refused | Unauthorised):  # the side may not be any more what it was when last asked
        facts.outdate(work.bridge.database)
    said = {**row.body, "failures": failures + 1, "fault": _words(error), "failed_at": now.isoformat()}
    keys = {"duty": duty.name, "failures": failures + 1, "again_at": due_at.isoformat()}
    if isinstance(error, BridgeError):
        _LOG.warning("a duty failed", reason=str(error), kind=type(error).__name__, **keys)
    else:
        _LOG.error("a duty failed unexpectedly; this is a fault of the bridge", exc_info=error, **keys)
    with work.bridge.database.begin() as conn:
        tallies.add(conn, f"failed.{duty.name}.{type(error).__name__}")
    return Turned(due_at, 0, row.body.get("kept", {})), said


def _words(error: Exception) -> str:
    """An error of ours speaks for itself; of another only its kind is kept, for its words may name a person."""
    return str(error) if isinstance(error, BridgeError) else type(error).__name__


def _lift(work: Work, duty: Duty) -> None:
    """What succeeds is stopped no more, and what waited for it is done now."""
    with work.bridge.database.read() as conn:
        if not stopped.of(conn, duty.name):
            return
    with work.bridge.database.begin() as conn:
        now = work.bridge.clock.now()
        over = stopped.lift(conn, duty.name, work.channels, now)
        for name in sorted(WAITING):
            duties.ask(conn, name, now)
    for one in over:
        _LOG.info("a side lets us in again", side=one.side.value, since=one.since.isoformat())
