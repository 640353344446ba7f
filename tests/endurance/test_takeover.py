"""One of two workers is killed or frozen in the middle of a write: the other takes over, and nothing comes of it."""

from __future__ import annotations

import time

from tests.endurance.lengths import Length
from tests.endurance.spread import Spread


def test_a_killed_workers_records_are_taken_over(spread: Spread, long: Length) -> None:
    with spread.people.at_work():
        for _ in range(long.rounds):
            spread.people.for_a_while(long.edits)
            struck, held = spread.caught()
            at = struck.kill()
            took = spread.judge.taken_over(held, struck.name, at)
            print(f"taken over from a killed worker after {took:.1f} s")
            spread.stage.start(struck)
    spread.judge.in_order()
    spread.judge.ended_well()


def test_a_frozen_workers_records_are_taken_over_and_it_does_no_harm_when_it_goes_on(
    spread: Spread, long: Length
) -> None:
    with spread.people.at_work():
        for _ in range(long.rounds):
            spread.people.for_a_while(long.edits)
            struck, held = spread.caught()
            at = struck.freeze()
            took = spread.judge.taken_over(held, struck.name, at)
            print(f"taken over from a frozen worker after {took:.1f} s")
            time.sleep(max(0.0, at + long.frozen_s - time.monotonic()))
            struck.thaw()
            spread.people.for_a_while(long.edits // 2)
    spread.judge.in_order()
    spread.judge.ended_well()
