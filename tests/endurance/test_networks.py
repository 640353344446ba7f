"""Two workers on two machines, as far as the network can tell, one of which loses its line to the database.

It goes on reaching both CRMs, believes that it still holds its records, and learns the truth when the line is mended.
Prints how the two were kept apart: in network namespaces, or, where the machine allows none, by two loopback addresses.
"""

from __future__ import annotations

import time

import pytest
from sqlalchemy import make_url

from tests.endurance.judging import Judge
from tests.endurance.lengths import Length
from tests.endurance.networks import Place, namespaces_allowed, places
from tests.endurance.people import People
from tests.endurance.postgres import Postgres
from tests.endurance.processes import Process
from tests.endurance.stage import Stage

NAMES = ("here", "there")


def _worker(stage: Stage, name: str, place: Place) -> Process:
    """A worker in its place, with a configuration that names the database as seen from there."""
    url = make_url(stage.database).set(host=place.host, port=place.port).render_as_string(hide_password=False)
    folder = stage.config.parent / name
    folder.mkdir()
    config = folder / "config.yaml"
    mappings = f"mappings: {stage.config.parent / 'mappings'}"
    told = stage.config.read_text().replace(stage.database, url).replace("mappings: mappings", mappings)
    assert url in told
    config.write_text(told)
    return stage.process("worker", name, config=config, inside=place.inside)


def test_a_worker_cut_off_from_the_database_is_taken_over_and_does_no_harm_when_it_is_back(
    on_postgres: Stage, server: Postgres, long: Length, capsys: pytest.CaptureFixture[str]
) -> None:
    stage, people = on_postgres, People(on_postgres, seed=5)
    judge = Judge.of(stage, people)
    with capsys.disabled():
        print(f"\ntwo workers in two {'network namespaces' if namespaces_allowed() else 'loopback addresses'}")
    with places(stage, server, NAMES) as where:
        workers = {name: _worker(stage, name, where[name]) for name in NAMES}
        stage.start(stage.process("web"), *workers.values())
        with people.at_work():
            for _ in range(long.rounds):
                people.for_a_while(long.edits)
                call = stage.witness.caught(NAMES, within_s=90)
                held = {*call.touched, *stage.witness.hands_of(call.who)}
                at = where[call.who].cut()
                took = judge.taken_over(held, call.who, at)
                print(f"taken over from a worker without its database after {took:.1f} s")
                time.sleep(max(0.0, at + long.cut_s - time.monotonic()))
                where[call.who].mend()
                people.for_a_while(long.edits // 2)
        judge.in_order()
        assert all(one.alive for one in workers.values()), "they outlive a lost line"
        judge.ended_well()
