"""`smarketing run` on SQLite: one process that is killed and asked to end, while people work and both CRMs tell."""

from __future__ import annotations

from tests.endurance.judging import Judge
from tests.endurance.lengths import Length
from tests.endurance.people import People
from tests.endurance.processes import until
from tests.endurance.stage import Stage

ENDS_WITHIN_S = 30.0


def test_killed_in_the_middle_of_writing_and_started_again_it_loses_and_doubles_nothing(
    on_sqlite: Stage, long: Length
) -> None:
    run, people = on_sqlite.process("run"), People(on_sqlite, seed=1)
    judge = Judge.of(on_sqlite, people)
    on_sqlite.start(run)
    for number in range(2 * long.rounds):
        with people.at_work():
            people.for_a_while(long.edits)
            on_sqlite.witness.caught([run.name], within_s=90)
            if number % 2:
                run.kill_working()
                until(lambda: on_sqlite.works(run), "its guardian has started another", 30.0)
            else:
                run.kill()
                people.for_a_while(10)
                on_sqlite.start(run)
            people.for_a_while(long.edits // 2)
        judge.in_order()
    assert on_sqlite.postman.refused, "nothing was sent while it was dead"
    judge.ended_well()


def test_asked_to_end_in_the_middle_of_writing_it_finishes_what_it_holds_and_goes_on_later(
    on_sqlite: Stage, long: Length
) -> None:
    run, people = on_sqlite.process("run"), People(on_sqlite, seed=2)
    judge = Judge.of(on_sqlite, people)
    on_sqlite.start(run)
    for _ in range(long.rounds):
        with people.at_work():
            people.for_a_while(long.edits)
            on_sqlite.witness.caught([run.name], within_s=90)
            run.ask_to_end()
            assert run.ended(ENDS_WITHIN_S) == 0
            assert on_sqlite.leased() == 0, "it has ended and left something claimed"
            people.for_a_while(10)
            on_sqlite.start(run)
            people.for_a_while(long.edits // 2)
        judge.in_order()
    judge.ended_well()
