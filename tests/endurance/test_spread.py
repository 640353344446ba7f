"""`smarketing web` and two `smarketing worker` on PostgreSQL: undisturbed, and with web or database pulled away."""

from __future__ import annotations

import pytest

from tests.endurance.lengths import Length
from tests.endurance.postgres import Mode, Postgres
from tests.endurance.processes import until
from tests.endurance.spread import Spread


def test_two_workers_share_the_work_and_never_write_one_record_at_once(spread: Spread, long: Length) -> None:
    with spread.people.at_work():
        spread.people.for_a_while(2 * long.edits)
    spread.judge.in_order()
    witness = spread.stage.witness
    assert all(witness.calls_of(one.name) for one in spread.workers), "one of them did nothing at all"
    assert witness.collisions == []
    spread.judge.ended_well()


def test_a_web_killed_while_it_is_told_of_changes_loses_nothing_that_it_has_acknowledged(
    spread: Spread, long: Length
) -> None:
    with spread.people.at_work():
        for _ in range(long.rounds):
            spread.people.for_a_while(long.edits)
            spread.web.kill()
            spread.people.for_a_while(20)
            spread.stage.start(spread.web)
            spread.people.for_a_while(long.edits // 2)
            spread.web.kill_working()
            until(lambda: spread.stage.works(spread.web), "its guardian has started another", 30.0)
        spread.people.for_a_while(long.edits // 2)
    spread.judge.in_order()
    assert spread.stage.postman.refused, "nothing was sent while it was dead"
    spread.judge.ended_well()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_of_postgresql_is_survived(spread: Spread, server: Postgres, long: Length, mode: Mode) -> None:
    with spread.people.at_work():
        for _ in range(long.rounds):
            spread.people.for_a_while(long.edits)
            spread.caught()
            server.stop(mode)
            spread.people.for_a_while(20)
            server.start()
            spread.people.for_a_while(long.edits // 2)
    spread.judge.in_order()
    assert all(one.alive for one in (spread.web, *spread.workers)), "they outlive their database"
    spread.judge.ended_well()
