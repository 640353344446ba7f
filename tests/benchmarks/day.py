"""A day of the running service over many people: what it spent on each side, against what was forecast.

Everything is real but time: the loop and its duties, the adapters over HTTP, the sandbox's two servers. One per cent of
the people is edited in the day, half on each side, at any time. Calls are counted by the sandbox.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import structlog

from connector.core.refs import Side
from tests.service.day import running
from tests.service.test_idle_day import edits, forecast


def main() -> None:
    """Play one day and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--changes", type=int, help="default: 1 % of the people")
    parser.add_argument("--lifecycle", action="store_true", help="with the shared lifecycle as it ships")
    asked = parser.parse_args()
    changes = asked.people // 100 if asked.changes is None else asked.changes
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with running(Path(folder), people=asked.people, agreed=asked.lifecycle) as days:
            print(f"first sync of {asked.people:,} people: {time.perf_counter() - began:.0f} s", flush=True)
            foreseen = forecast(days, changes=changes).day
            days.forget_calls()
            began = time.perf_counter()
            days.run(timedelta(days=1), edits(days, changes))
            print(f"a day with {changes:,} changes, played in {time.perf_counter() - began:.0f} s")
            print(f"{'':<12}{'spent':>8}{'forecast':>10}{'off by':>8}")
            for side in Side:
                spent, told = days.calls()[side.value].total(), foreseen.total(side)
                print(f"{side.value:<12}{spent:>8,}{told:>10,}{(told - spent) / spent:>8.1%}")
                parts = ", ".join(f"{name} {round(number):,}" for name, number in foreseen.parts[side].items())
                print(f"{'':<12}forecast: {parts}")
                for line, number in days.calls()[side.value].most_common(8):
                    print(f"{'':<12}{number:>8,}  {line}")


if __name__ == "__main__":
    main()
