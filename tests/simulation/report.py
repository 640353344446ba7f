"""What a session of plays tells people: progress while it lasts, failures by kind, and what all plays together did."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.simulation.playing import Ended

SHOWN = {
    "steps": "steps",
    "moments": "moments at which a worker could be interrupted",
    "runs": "runs of workers",
    "calls": "API calls",
    "faults struck": "calls struck by a fault",
    "writes": "writes by the bridge",
    "edits": "writes by people and other software",
    "messages": "messages to the chat room and the address",
    "kill": "workers killed",
    "freeze": "workers frozen",
    "remap": "mappings edited",
}


@dataclass
class Session:
    """All plays so far."""

    began: float = field(default_factory=time.monotonic)
    seeds: int = 0
    cpu_s: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    failures: list[Ended] = field(default_factory=list)

    def add(self, ended: Ended) -> None:
        """One more play has ended."""
        self.seeds += 1
        self.cpu_s += ended.cpu_s
        self.counts += ended.counts
        self.excused += ended.excused
        if ended.wrong:
            self.failures.append(ended)

    @property
    def rate(self) -> float:
        """Seeds a second of wall-clock time."""
        return self.seeds / max(time.monotonic() - self.began, 1e-9)

    @property
    def rate_per_core(self) -> float:
        """Seeds a second of processor time, founding worlds included."""
        return self.seeds / max(self.cpu_s, 1e-9)

    @property
    def by_kind(self) -> dict[str, list[Ended]]:
        """Failures by what is wrong, the most frequent first."""
        found: dict[str, list[Ended]] = {}
        for failure in sorted(self.failures, key=lambda each: each.script.seed):
            for kind in failure.kinds:
                found.setdefault(kind, []).append(failure)
        return dict(sorted(found.items(), key=lambda each: -len(each[1])))

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        failures = [
            {"seed": each.script.seed, "replay": each.script.replay, "kinds": each.kinds, "wrong": each.wrong}
            for each in sorted(self.failures, key=lambda each: each.script.seed)
        ]
        return {
            "seeds": self.seeds,
            "seeds_per_s": round(self.rate, 2),
            "seeds_per_cpu_s": round(self.rate_per_core, 2),
            "counts": dict(sorted(self.counts.items())),
            "excused": dict(sorted(self.excused.items())),
            "failures": failures,
        }


@contextmanager
def progress(session: Session, total: int | None, console: Console) -> Iterator[Any]:
    """A bar: seeds done, rate, failures. Gives what is called after each play."""
    columns = (
        SpinnerColumn(),
        TextColumn("seeds"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total, rate="")

        def more() -> None:
            failed = len(session.failures)
            words = f"{session.rate:.1f}/s, {failed} failed" if failed else f"{session.rate:.1f}/s, none failed"
            bar.update(task, completed=session.seeds, rate=words)

        yield more


def tell_failures(session: Session, console: Console) -> None:
    """Every failing seed with its replay line, grouped by kind; of each kind the first play's marked lines."""
    shown: set[int] = set()
    for kind, failures in session.by_kind.items():
        _plain(console, f"\n{len(failures)} x {kind}")
        for failure in failures:
            _plain(console, f"  {failure.script.replay}")
            first = next((line for line, of in zip(failure.wrong, failure.kinds, strict=False) if of == kind), "")
            _plain(console, f"      {first or failure.wrong[0]}")
        if failures[0].trace and failures[0].script.seed not in shown:
            shown.add(failures[0].script.seed)
            tell_trace(failures[0], console)


def tell_trace(ended: Ended, console: Console) -> None:
    """One play's trace, and what the oracle found."""
    _plain(console, "\n".join(("", "        time  step  who      what", *ended.trace)))
    for line in ended.wrong or ("nothing is wrong",):
        _plain(console, f"{'>' if ended.wrong else ' '} {'oracle':>28}  {line}")
    _plain(console, f"hash {ended.fingerprint}")


def tell_summary(session: Session, console: Console) -> None:
    """What all plays together did."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    table.add_row(str(session.seeds), f"seeds, of which {len(session.failures)} failed")
    table.add_row(f"{session.rate:.1f}", "seeds a second")
    table.add_row(f"{session.rate_per_core:.1f}", "seeds a second of processor time")
    for name, words in SHOWN.items():
        table.add_row(f"{session.counts[name]:,}", words)
    for title, counts in (("acts", _acts(session)), ("excused by the oracle", session.excused)):
        if counts:
            table.add_row("", "")
            table.add_row("", f"{title}:")
        for words, times in counts.most_common():
            table.add_row(f"{times:,}", words)
    console.print(table)


def _acts(session: Session) -> Counter[str]:
    return Counter({name[5:]: times for name, times in session.counts.items() if name.startswith("act: ")})


def _plain(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)
