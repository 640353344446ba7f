"""Bugs in what the sides answer, what is told to people, and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.config.owners import owner_table
from connector.core import planning
from connector.core.plan import Change, IssueKind
from connector.core.planning import Parked
from connector.engine import record
from connector.hubspot import batch_writing
from connector.ports import Done, Rejected
from connector.salesforce import sending
from connector.salesforce.sending import Told
from connector.storage import events, issues
from connector.transport.budget import Budget
from tests.simulation import opening
from tests.simulation.mutants.planting import caught_by, method, replaced

QUESTIONS = (IssueKind.CONFLICT, IssueKind.PARKED, IssueKind.AMBIGUOUS)
REFUSALS = {"acts": {"mistypes": 8.0, "rules out": 1.0}, "burst": 8, "closeness": 0.85}


@caught_by("in step", "vanished", "fields", **REFUSALS, first=7)
def salesforce_refusals_of_single_rows_are_not_read() -> Iterator[None]:
    """The call was answered with 200, so every row of it is taken for written."""

    sent = sending.sent

    def all_done(api: Any, job: Any) -> list[Told]:
        return [
            Told(row.id) if row.id and one.faults and not one.error else one
            for row, one in zip(job[1], sent(api, job), strict=True)
        ]

    with replaced(sent, all_done):
        yield


@caught_by("in step", "vanished", **REFUSALS, within=100, first=9)
def hubspot_refusals_of_single_rows_are_not_read() -> Iterator[None]:
    """What HubSpot's answer calls refused is taken for written."""
    send = batch_writing.BatchWriter.send

    def sent(self: Any, shape: Any, operation: Any, items: Mapping[str, Any]) -> dict[str, Any]:
        told = send(self, shape, operation, items)
        return {
            trace: Done(items[trace].ref) if isinstance(one, Rejected) and items[trace].ref else one
            for trace, one in told.items()
        }

    with method(batch_writing.BatchWriter, "send", sent):
        yield


@caught_by("in step", acts={"edits both": 10.0}, variant="a person decides")
def questions_are_closed_at_once() -> Iterator[None]:
    """An issue is closed by the very pass that opened it."""
    recorded = record.record

    def closed(conn: Any, jobs: Any, run: Any, now: Any) -> Any:
        found = recorded(conn, jobs, run, now)
        refs = [ref for job in jobs for ref in job.case.refs]
        issues.close_for(conn, refs, QUESTIONS, now, "the reason is gone")
        return found

    with replaced(recorded, closed):
        yield


@caught_by("story")
def updates_are_not_told() -> Iterator[None]:
    """What was written over existing values is not in the story."""
    append = events.append

    def told(conn: Any, rows: Sequence[Any]) -> None:
        append(conn, [row for row in rows if row.kind != "updated"])

    with replaced(append, told):
        yield


@caught_by("fields", "in step", acts={"gives owner": 10.0}, burst=8)
def owners_are_mixed_up() -> Iterator[None]:
    """Each owner's records go to the owner next to the right one."""

    def shifted(*asked: Any) -> dict[str, str | None]:
        table = owner_table(*asked)
        there = sorted({one for one in table.values() if one})
        return {one: other and there[(there.index(other) + 1) % len(there)] for one, other in table.items()}

    opening._fitted.clear()
    with replaced(owner_table, shifted):
        yield
    opening._fitted.clear()


@caught_by("in step", "vanished", acts={"mistypes": 4.0, "edits": 8.0}, alone=True, burst=8, closeness=0.85, first=2)
def a_refused_value_is_refused_for_ever() -> Iterator[None]:
    """Once a field was refused, no other value of it is tried either."""

    def left(changes: list[Change], parked: Parked, out: list[str]) -> list[Change]:
        barred = {(side, name) for side, name, _ in parked}
        out += [change.rule for change in changes if (change.side, change.field) in barred]
        return [change for change in changes if (change.side, change.field) not in barred]

    with replaced(planning._unparked, left):
        yield


@caught_by("budgets", acts={"edits": 6.0}, alone=True, burst=8, calls_per_day=50)
def calls_are_not_counted() -> Iterator[None]:
    """The day's budget is asked of nobody."""
    with method(Budget, "take", lambda *_: None):
        yield


@caught_by("refused again", **REFUSALS, first=7)
def what_was_refused_is_forgotten() -> Iterator[None]:
    """What a side refused is shown to people, and sent again in each pass all the same."""
    with replaced(issues.parked, lambda *_: {}):
        yield
