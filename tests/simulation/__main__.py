"""The command line of the simulation; `scripts/simulate --help` says the rest. Exit code 1 when a seed failed."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import orjson
from rich.console import Console

from connector.memory import settle_memory
from tests.simulation.agreements import LIFECYCLE
from tests.simulation.play import STEPS
from tests.simulation.playing import Ended, Script, played, played_on, scripts_from
from tests.simulation.report import Session, progress, tell_failures, tell_summary, tell_trace
from tests.simulation.shrink import shrunk

SEEDS = 200
SHRINK_S = 120.0
TRACED_MAX = 10  # kinds of failures whose trace is shown after many seeds


def main() -> int:
    """Play what was asked for; 0 when nothing failed."""
    parser = _parser()
    asked = parser.parse_args()
    settle_memory()
    if asked.lifecycle:
        asked.seeds = asked.seeds if asked.seed is not None or asked.seeds or asked.minutes else SEEDS
        asked.seed = LIFECYCLE.start + (asked.seed or 0)
    one = asked.only is not None or asked.without or asked.trace or asked.verbose or asked.shrink
    if one or (asked.seed is not None and asked.seeds is None and asked.minutes is None):
        if asked.seed is None:
            parser.error("name the seed: --seed K")
        return _one(asked)
    return _many(asked)


def _one(asked: argparse.Namespace) -> int:
    """One seed: its trace, or the shortest play that fails like it."""
    only = None if asked.only is None else tuple(int(step) for step in asked.only.split(",") if step)
    without = tuple(name.strip() for name in asked.without.split(",")) if asked.without else ()
    script = Script(asked.seed, asked.steps, without, only)
    tell = "verbose" if asked.verbose else "all" if asked.trace else "marked"
    ended = played(script, tell)
    if asked.shrink and ended.wrong:
        print(
            f"{script.replay}\nfails: {'; '.join(ended.kinds)}\nleaving out what it can do without ...", file=sys.stderr
        )
        script = shrunk(ended, _after(60 * asked.minutes if asked.minutes else SHRINK_S))
        ended = played(script, tell)
    if asked.json:
        print(orjson.dumps(_plain(ended), option=orjson.OPT_INDENT_2).decode())
    else:
        console = Console()
        tell_trace(ended, console)
        print(script.replay)
    return 1 if ended.wrong else 0


def _many(asked: argparse.Namespace) -> int:
    """Many seeds: failures by kind, then what all did."""
    first = asked.seed or 0
    seeds = asked.seeds if asked.seeds is not None or asked.minutes else SEEDS
    enough = _after(60 * asked.minutes) if asked.minutes else lambda: False
    session, console = Session(), Console(stderr=True)
    with progress(session, seeds, console) as more:
        for ended in played_on(scripts_from(first, asked.steps, seeds), asked.jobs, enough):
            session.add(ended)
            more()
    _add_traces(session)
    if asked.json:
        print(orjson.dumps(session.as_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        console = Console()
        tell_failures(session, console)
        tell_summary(session, console)
    return 1 if session.failures else 0


def _add_traces(session: Session) -> None:
    """The first failure of each kind is played again, told."""
    firsts = {failures[0].script: failures[0] for failures in list(session.by_kind.values())[:TRACED_MAX]}
    for script, failure in firsts.items():
        again = played(script, "marked")
        place = session.failures.index(failure)
        session.failures[place] = replace(failure, trace=again.trace, fingerprint=again.fingerprint)


def _plain(ended: Ended) -> dict[str, object]:
    return {
        "seed": ended.script.seed,
        "replay": ended.script.replay,
        "kinds": ended.kinds,
        "wrong": ended.wrong,
        "counts": dict(sorted(ended.counts.items())),
        "excused": dict(sorted(ended.excused.items())),
        "hash": ended.fingerprint,
        "trace": ended.trace,
    }


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, metavar="N", help=f"how many seeds (default {SEEDS}, or 1 with --seed)")
    parser.add_argument("--seed", type=int, metavar="K", help="the first or only seed (default 0)")
    parser.add_argument(
        "--lifecycle", action="store_true", help="seeds of the shared lifecycle: K counts from 500000 on"
    )
    parser.add_argument("--steps", type=int, default=STEPS, metavar="S", help=f"steps of each play (default {STEPS})")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="J", help="processes (default: cores)")
    parser.add_argument("--minutes", type=float, metavar="M", help="stop after M minutes, whichever comes first")
    parser.add_argument("--json", action="store_true", help="print plain values instead of text")
    parser.add_argument("--trace", action="store_true", help="of one seed: everything that happened")
    parser.add_argument("--verbose", action="store_true", help="of one seed: what was written to the store as well")
    parser.add_argument("--shrink", action="store_true", help="of one seed: the shortest play that fails like it")
    parser.add_argument("--without", metavar="A,B", help="acts and kinds of trouble that do not happen")
    parser.add_argument("--only", metavar="1,2", help="the steps that are played; all others are left out")
    return parser


if __name__ == "__main__":
    sys.exit(main())
