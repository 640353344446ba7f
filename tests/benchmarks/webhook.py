"""Webhooks under load, and the way of a change to the other side: the service in real processes, timed from outside.

First signed HubSpot batches over real HTTP, open-loop, from a process of their own; then the time until the service has
looked at every record that it was told of. `lost` counts records of acknowledged requests that it never read from
HubSpot afterwards, and requests that it never took: the sandbox bears witness, not the bridge. Then people edit at a
steady pace on both sides, and the sandbox's log of writes says when the bridge brought each edit to the other side.

SQLite is one `smarketing run`; PostgreSQL is a `smarketing web` and a `smarketing worker`. Load, sandbox and service
share the cores of one machine. Quotas are lifted; the pace of the worker (quiet time, longest wait) is the default.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from connector.core.refs import Side
from tests.endurance.postgres import new_database, postgres
from tests.endurance.processes import Process
from tests.endurance.stage import SECRETS, Stage, stage

STORES = ("sqlite", "postgres")
DRAINED_WITHIN_S = 900.0
P99_AIM_MS, P95_AIM_S = 50.0, 5.0


@dataclass(frozen=True)
class Load:
    """The webhook part on one store. Milliseconds for an answer, seconds for the rest."""

    store: str
    events: int
    requests: int
    wall_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    worst_ms: float
    refused: int
    drained_s: float
    records: int
    lost: int
    cpu_s: float


@dataclass(frozen=True)
class Way:
    """How long edits of one side took to the other."""

    store: str
    edited_on: str
    edits: int
    p50_s: float
    p95_s: float
    worst_s: float
    lost: int


def main() -> None:
    """Measure what was asked for; exit code 1 when anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=[*STORES, "both"], default="both")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the load lasts")
    parser.add_argument("--rate", type=float, default=2000.0, help="events a second")
    parser.add_argument("--batch", type=int, default=0, help="events in a request; 0: 1 to 100, 40 on average")
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--changes", type=float, default=50.0, help="edits a second in the second part; 0: none")
    parser.add_argument("--changes-seconds", type=float, default=30.0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    told = list(measured(asked))
    if asked.json:
        print(json.dumps({"cores": os.cpu_count(), "rows": [asdict(each) for each in told]}))
    raise SystemExit(any(each.lost for each in told))


def measured(asked: argparse.Namespace) -> Iterator[Load | Way]:
    """Every row, each told as soon as it is known."""
    tell = (lambda *_: None) if asked.json else _tell
    if not asked.json:
        print(f"{os.cpu_count()} cores for load, sandbox and service; {asked.people} people")
    for store in STORES if asked.store == "both" else (asked.store,):
        with installed(store, asked.people) as one:
            for number, row in enumerate(rows(one, store, asked)):
                tell(row, number)
                yield row


@contextmanager
def installed(store: str, people: int) -> Iterator[Stage]:
    """A world in step with a service that runs."""
    with ExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder / 'store.db'}"
        if store == "postgres":
            url = new_database(ending.enter_context(postgres()), "benchmark")
        one = ending.enter_context(stage(folder, url, people=people, shape="benchmark"))
        one.start(*(one.process(command) for command in (("web", "worker") if store == "postgres" else ("run",))))
        one.drained(DRAINED_WITHIN_S)
        yield one


def rows(one: Stage, store: str, asked: argparse.Namespace) -> Iterator[Load | Way]:
    """Both parts on one store."""
    yield loaded(one, store, asked)
    if asked.changes:
        yield from changed(one, store, asked.changes, asked.changes_seconds)


def loaded(one: Stage, store: str, asked: argparse.Namespace) -> Load:
    """The load, and the time until nothing of it is left to do."""
    contacts, spent = [int(each) for each in one.people(Side.HUBSPOT)], _cpu_s(one.processes)
    start = time.monotonic()
    sent = _sent(one, contacts, asked)
    wall = time.monotonic() - start
    one.postman.told.update({("hubspot", contact): at for contact, at in sent["acknowledged"].items()})
    drained = one.drained(DRAINED_WITHIN_S)
    overlooked = one.witness.overlooked(one.postman.told)
    in_order = sorted(1000 * each for each in sent["latencies"])
    return Load(
        store,
        sent["events"],
        sent["requests"],
        wall,
        *(quantile(in_order, share) for share in (0.5, 0.95, 0.99, 1.0)),
        sent["refused"],
        drained,
        len(sent["acknowledged"]),
        len(overlooked) + sent["given_up"],
        _cpu_s(one.processes) - spent,
    )


def _sent(one: Stage, contacts: list[int], asked: argparse.Namespace) -> dict[str, Any]:
    """What the load's own process says of its work."""
    told = {
        "--url": f"{one.web_url}/webhooks/hubspot",
        "--secret": SECRETS["HUBSPOT_CLIENT_SECRET"],
        "--portal": one.world.hubspot.settings.portal_id,
        "--seconds": asked.seconds,
        "--rate": asked.rate,
        "--batch": asked.batch,
    }
    options = [str(part) for option in told.items() for part in option]
    command = [sys.executable, "-m", "tests.benchmarks.load", *options]
    done = subprocess.run(command, input=json.dumps(contacts).encode(), stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout))


def changed(one: Stage, store: str, rate: float, seconds: float) -> Iterator[Way]:
    """Edits on both sides in turn, and how long each took to the other side."""
    seen, pairs = len(one.world.services.log), one.pairs()
    edits = min(int(rate * seconds), len(pairs))  # nobody twice: two edits of one field travel as one
    start = time.monotonic()
    for number, pair in enumerate(Random("changes").sample(pairs, edits)):
        time.sleep(max(0.0, start + number / rate - time.monotonic()))
        _edit(one, pair, number)
    one.drained(DRAINED_WITHIN_S)
    entries = one.world.services.log.entries(seen)
    for side in Side:
        typed = dict(_values(entries, side, ours=False))
        arrived = dict(_values(entries, side.other, ours=True))
        took = sorted((arrived[value] - at).total_seconds() for value, at in typed.items() if value in arrived)
        lost = len(typed) - len(took)
        yield Way(store, side.value, len(typed), *(quantile(took, share) for share in (0.5, 0.95, 1.0)), lost)


def _edit(one: Stage, pair: tuple[str, str], number: int) -> None:
    ours, theirs = pair
    if number % 2 == 0:
        edit = {"object": "contacts", "id": ours, "properties": {"jobtitle": f"changed {number}"}}
        one.act(Side.HUBSPOT, "edit", **edit)
    else:
        city = "MailingCity" if theirs.startswith("003") else "City"
        one.act(Side.SALESFORCE, "edit", id=theirs, values={city: f"changed {number}"})


def _values(entries: Iterable[dict[str, Any]], side: Side, *, ours: bool) -> Iterator[tuple[str, datetime]]:
    """The values that the bridge (ours) or people wrote on a side, each with its moment."""
    for entry in entries:
        if entry["side"] == side.value and entry["actor"].startswith("api:") is ours:
            for value in entry["changes"].values():
                if str(value).startswith("changed "):
                    yield str(value), datetime.fromisoformat(entry["at"])


def quantile(in_order: Sequence[float], share: float) -> float:
    """The value that so large a share does not exceed; nought of nothing."""
    return in_order[min(len(in_order) - 1, int(len(in_order) * share))] if in_order else 0.0


def _cpu_s(processes: Iterable[Process]) -> float:
    """Processor time of the service so far: its processes, and those that they have made."""
    ticks = 0
    for one in processes:
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                columns = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            if int(columns[3]) == one.pid:  # the session: each process of ours begins one
                ticks += int(columns[11]) + int(columns[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _tell(row: Load | Way, number: int) -> None:
    if isinstance(row, Load):
        print(
            f"\n{'store':<10}{'events':>8}{'requests':>10}{'events/s':>10}{'p50 ms':>8}{'p95 ms':>8}{'p99 ms':>8}"
            f"{'worst':>8}{'refused':>8}{'drained s':>10}{'records':>9}{'lost':>6}{'cpu s':>7}\n"
            f"{row.store:<10}{row.events:>8}{row.requests:>10}{row.events / row.wall_s:>10.0f}{row.p50_ms:>8.1f}"
            f"{row.p95_ms:>8.1f}{row.p99_ms:>8.1f}{row.worst_ms:>8.1f}{row.refused:>8}{row.drained_s:>10.1f}"
            f"{row.records:>9}{row.lost:>6}{row.cpu_s:>7.1f}"
            f"{'' if row.p99_ms <= P99_AIM_MS else f'   p99 is over the aim of {P99_AIM_MS:g} ms'}",
            flush=True,
        )
        return
    if number == 1:
        print(f"{'store':<10}{'edited on':<12}{'edits':>7}{'p50 s':>8}{'p95 s':>8}{'worst s':>9}{'lost':>6}")
    print(
        f"{row.store:<10}{row.edited_on:<12}{row.edits:>7}{row.p50_s:>8.2f}{row.p95_s:>8.2f}{row.worst_s:>9.2f}"
        f"{row.lost:>6}{'' if row.p95_s <= P95_AIM_S else f'   p95 is over the aim of {P95_AIM_S:g} s'}",
        flush=True,
    )


if __name__ == "__main__":
    main()
