"""First sync, echo, idle pass, one per cent changed, a hundred changes: people a second, calls against the floor.

The floor is full batches: HubSpot 100 records a call for reading and for writing; Salesforce 2,000 for reading and 200
for writing (Bulk jobs may take less). Calls to sign in and to learn the schema, about a dozen, come on top.

With `--lifecycle` everything is played twice, first without and then with the shared lifecycle as it ships, and what
the lifecycle adds is told. Its first sync writes more: each side is told the stages and personas it does not know yet.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import starmap
from pathlib import Path
from typing import Any

from tests.benchmarks.install import Installation, Measured, Sandbox, sandbox

LATENCY_S = 0.2


@dataclass(frozen=True)
class Row:
    """One measured phase."""

    name: str
    people: int
    measured: Measured
    hubspot: int
    salesforce: int
    floor: tuple[int, int] | None = None
    writes: int = 0
    throttled: int = 0


def main() -> None:
    """Measure what was asked for, and print it as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--real", action="store_true", help="200 ms a call, HubSpot's real quotas")
    parser.add_argument("--database", default="", help="postgresql+psycopg://...; default: SQLite")
    parser.add_argument("--lifecycle", action="store_true", help="without the shared lifecycle, then with it")
    asked = parser.parse_args()
    if asked.lifecycle and asked.database:
        parser.error("--lifecycle plays two installations, each with an SQLite file of its own; leave --database out")
    print(
        f"{'phase':<26}{'people':>8}{'wall s':>8}{'cpu s':>7}{'MiB':>6}{'people/s':>10}"
        f"{'HubSpot':>9}{'floor':>7}{'Salesforce':>11}{'floor':>7}{'writes':>8}{'429':>5}"
    )
    for people in asked.people:
        plain = [*_told(phases(people, real=asked.real, database=asked.database))]
        if asked.lifecycle:
            print(f"with the lifecycle, {people} people:")
            agreed = [*_told(phases(people, real=asked.real, database="", agreed=True))]
            print("what the lifecycle costs (with it / without it):")
            print("\n".join(starmap(compared, zip(plain, agreed, strict=True))), flush=True)


def _told(rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        tell(row)
        yield row


def compared(without: Row, with_it: Row) -> str:
    """The same phase without and with the lifecycle: processor time, peak memory, calls, writes."""
    one, other = without.measured, with_it.measured
    more = (other.cpu_s - one.cpu_s) / without.people * 1_000_000
    return (
        f"{without.name:<26}cpu {other.cpu_s / one.cpu_s:.2f} ({more:+.0f} us a person)"
        f"  MiB {other.peak_mib / one.peak_mib:.2f}"
        f"  calls {with_it.hubspot + with_it.salesforce} / {without.hubspot + without.salesforce}"
        f"  writes {with_it.writes} / {without.writes}"
    )


def tell(row: Row) -> None:
    """Print one row."""
    one, floor = row.measured, row.floor or ("", "")
    print(
        f"{row.name:<26}{row.people:>8}{one.wall_s:>8.1f}{one.cpu_s:>7.1f}{one.peak_mib:>6.0f}"
        f"{row.people / one.wall_s:>10.0f}{row.hubspot:>9}{floor[0]:>7}{row.salesforce:>11}{floor[1]:>7}"
        f"{row.writes:>8}{row.throttled:>5}",
        flush=True,
    )


def phases(people: int, *, real: bool, database: str, agreed: bool = False) -> Iterator[Row]:
    """All phases over one population."""
    with sandbox(people) as target, tempfile.TemporaryDirectory() as folder:
        shared = {"latency_s": LATENCY_S if real else 0.0, "quotas_enforced": real}
        target.admin("PATCH", "/settings/shared", shared)
        if not real:
            target.admin("PATCH", "/settings/hubspot", {"burst_per_10_s": 100_000, "search_per_s": 1_000})
        installed = Installation(Path(folder), target, database=database, quotas=real, agreed=agreed)
        first = phase(target, installed, "first two-way sync", people, "sync", "--full", "--approve")
        yield with_floor(first, people)
        settle(target)
        yield phase(target, installed, "echo of the first sync", people, "sync")
        settle(target)
        yield phase(target, installed, "idle pass", people, "sync")
        yield phase(target, installed, "unchanged full sync", people, "sync", "--full", "--approve")
        for number, changes in enumerate((people // 100, 100)):
            touch(target, changes, f"Head {number}")
            settle(target)
            yield phase(target, installed, f"{changes} changed in HubSpot", people, "sync", "--approve")
            settle(target)
            yield phase(target, installed, f"echo of {changes}", people, "sync")


def phase(target: Sandbox, installed: Installation, name: str, people: int, *command: str) -> Row:
    """Run one command and count what the sandbox saw."""
    target.admin("DELETE", "/counters")
    seen = _last_write(target)
    measured = installed.run(*command)
    if measured.code not in (0, 3):
        raise SystemExit(f"{name} ended with {measured.code}")
    counted = target.counters()
    return Row(
        name,
        people,
        measured,
        _calls(counted, "hubspot"),
        _calls(counted, "salesforce"),
        writes=_last_write(target) - seen,
        throttled=_throttled(counted),
    )


def with_floor(row: Row, people: int) -> Row:
    """The row with the calls that could not be fewer for what it read and wrote."""
    said = row.measured.said["counts"]
    share = people // 10
    read = (8 * share, {"Lead": 5 * share, "Contact": 3 * share})  # the benchmark population: 3 + 3 + 2 + 2 tenths
    written = {
        "hubspot": [said["updated_hubspot"], said["created_hubspot"], said["created_salesforce"]],
        "salesforce": [said["updated_salesforce"], said["created_salesforce"], said["created_hubspot"]],
    }
    hubspot = ceil(read[0], 100) + sum(ceil(rows, 100) for rows in written["hubspot"])
    salesforce = sum(ceil(rows, 2_000) for rows in read[1].values())
    salesforce += sum(ceil(rows, 200) for rows in written["salesforce"])
    return replace(row, floor=(hubspot, salesforce))


def ceil(rows: int, size: int) -> int:
    """Batches of `size` that `rows` fill."""
    return -(-rows // size)


def settle(target: Sandbox) -> None:
    """Let a quarter of an hour pass in both CRMs: search catches up, overlap windows move on."""
    target.admin("POST", "/clock/advance", {"seconds": 900})


def touch(target: Sandbox, people: int, title: str) -> None:
    """A marketer gives so many contacts a new title."""
    for contact in target.contacts(people):
        body = {"object": "contacts", "id": contact, "properties": {"jobtitle": title}}
        target.admin("POST", "/hubspot/do/edit", body)


def _last_write(target: Sandbox) -> int:
    return int(target.admin("GET", "/writes?after=0&limit=1")["count"])


def _calls(counted: Mapping[str, Any], side: str) -> int:
    return int(counted[side]["calls"])


def _throttled(counted: Mapping[str, Any]) -> int:
    return sum(int(counted[side]["too_many_requests"]) for side in ("hubspot", "salesforce"))


if __name__ == "__main__":
    main()
