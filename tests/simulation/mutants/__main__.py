"""Measure how fast planted bugs are caught, from seed 0 on.

python -m tests.simulation.mutants [--name WORDS] [--seeds N] [--from K]
"""

from __future__ import annotations

import argparse
import sys
import time

from connector.memory import settle_memory
from tests.simulation.mutants import MUTANTS
from tests.simulation.mutants.catching import caught


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("--name", default="", help="only bugs whose name has these words in it")
    parser.add_argument("--seeds", type=int, help="seeds to play at most (default: what each bug allows)")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed (default 0)")
    asked = parser.parse_args()
    settle_memory()
    survived = 0
    for mutant in MUTANTS.values():
        if asked.name not in mutant.name:
            continue
        began = time.process_time()
        found = caught(mutant, range(asked.first, asked.first + (asked.seeds or mutant.within)))
        took = time.process_time() - began
        survived += found is None
        if found is None:
            print(f"SURVIVED | {mutant.name} | {asked.seeds or mutant.within} seeds | {took:.1f} s", flush=True)
        else:
            by = ", ".join(found.by) + (f" (also {', '.join(found.others)})" if found.others else "")
            print(f"{found.seeds:>8} | {mutant.name} | {by} | {took:.1f} s | {found.wrong[:150]}", flush=True)
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
