"""Writes under way: remembered ahead for the story, so that a value can be explained whatever came between.

`sent` lets a crash or a lost answer cost no edit; it does not say which value gave way, or why. So the changes of a
batch are written ahead as one row, in the transaction that remembers `sent`, and dropped by the one that concludes the
batch. What a dead worker leaves is told as `unanswered` by a later run. Records in the making have rows of their own
(`making`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connector.core.refs import Ref, Side
from connector.engine.bridge import Bridge
from connector.engine.job import Job
from connector.engine.making import UNDER_WAY_FOR
from connector.engine.story import LOST, UNANSWERED, change_row
from connector.storage import events, links, state
from connector.storage.events import Event

_PREFIX = "underway:"  # of names in storage.state


def write_ahead(conn: Connection, batch: str, jobs: Iterable[Job], now: datetime) -> None:
    """Remember what a batch is about to change of linked records; `batch` is `run id:number`."""
    rows = [row for job in jobs if job.link_id is not None for row in _rows(job)]
    if rows:
        state.put(conn, _PREFIX + batch, {"at": now.isoformat(), "rows": rows})


def concluded(conn: Connection, batch: str) -> None:
    """The story tells of that batch now."""
    state.delete(conn, [_PREFIX + batch])


def tell_left(bridge: Bridge) -> None:
    """Tell what dead workers had under way; of links that are no more nothing is told."""
    with bridge.database.read() as conn:
        found = _dead(conn, bridge.clock.now())
    if not found:
        return
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        left = _dead(conn, now)  # but for what another worker has told meanwhile
        told = [_event(name, row, now) for name, rows in left.items() for row in rows]
        linked = links.by_refs(conn, [event.hubspot for event in told if event.hubspot])
        events.append(conn, [event for event in told if event.hubspot in linked])
        state.delete(conn, list(left))


def of_run(conn: Connection, run_id: int) -> bool:
    """Whether a run has changes under way of which nobody has told yet."""
    return bool(state.named(conn, f"{_PREFIX}{run_id}:"))


def names(conn: Connection, ref: Ref) -> bool:
    """Whether changes of this record are written ahead."""
    return any(str(ref) in row["refs"] for kept in state.named(conn, _PREFIX).values() for row in kept["rows"])


def forget(conn: Connection, refs: Collection[Ref]) -> None:
    """Remove what was written ahead of these records, for it holds values of people."""
    gone = {str(ref) for ref in refs}
    for name, kept in state.named(conn, _PREFIX).items():
        rows = [row for row in kept["rows"] if gone.isdisjoint(row["refs"])]
        if len(rows) < len(kept["rows"]):
            state.put(conn, name, {**kept, "rows": rows})


def _rows(job: Job) -> Iterator[dict[str, Any]]:
    changes = [change for task in job.tasks if task is not job.made for change in task.changes if change.rule]
    if changes:
        yield {"refs": [str(ref) for ref in job.case.refs], "changes": [change_row(change) for change in changes]}


def _dead(conn: Connection, now: datetime) -> dict[str, list[Mapping[str, Any]]]:
    kept = state.named(conn, _PREFIX)
    return {name: row["rows"] for name, row in kept.items() if now - datetime.fromisoformat(row["at"]) > UNDER_WAY_FOR}


def _event(name: str, row: Mapping[str, Any], now: datetime) -> Event:
    refs = {ref.side: ref for ref in map(Ref.parse, row["refs"])}
    run_id = int(name.removeprefix(_PREFIX).split(":")[0])
    payload = {"reason": LOST, "changes": row["changes"]}
    return Event(now, UNANSWERED, refs.get(Side.HUBSPOT), refs.get(Side.SALESFORCE), run_id, payload)
