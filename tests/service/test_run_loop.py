"""The loop of one worker: it rests, wakes, stops, and outlives whatever befalls it. On fakes, with real SQL."""

from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest

from connector.engine.doing import DUTIES
from connector.engine.duties import Stopping
from connector.service.loop import Bell, Loop
from tests.engine.town import Town
from tests.engine.working import Crew


class Waiting(Bell):
    """A bell at which the town's clock passes instead of ours."""

    def __init__(self, town, rounds=1000):
        super().__init__()
        self.town, self.rests, self.left = town, [], rounds

    def wait(self, seconds):
        self.rests.append(seconds)
        self.town.clock.at += timedelta(seconds=seconds)
        self.left -= 1
        if self.left <= 0:
            self.stop()


@pytest.fixture
def town():
    found = Town()
    found.contact(email="ada@x.com", lastname="Lovelace")
    yield found
    found.database.close()


def played(town, rounds, table=DUTIES, work=None):
    """A loop that ran for so many rests."""
    crew, bell = Crew(town), Waiting(town, rounds)
    loop = Loop(work or (lambda: crew.work), bell, table)
    loop.run()
    return crew, bell


def lead_of(town):
    (ref,) = town.salesforce.rows
    return town.salesforce.rows[ref]


def test_it_brings_in_step_and_closes_its_run(town):
    played(town, 30)
    assert lead_of(town).values["LastName"] == "Lovelace"
    assert all(run.outcome == "done" for run in town.runs())


def test_at_rest_it_looks_now_and_then_and_calls_nobody(town):
    played(town, 400)
    calls = town.hubspot.calls.total()
    _, bell = played(town, 20)
    assert town.hubspot.calls.total() - calls <= 3
    assert set(bell.rests) == {0.5}


def test_a_store_that_is_away_is_waited_for_longer_and_longer(town):
    crew = Crew(town)
    faults = iter([OSError("away"), OSError("away"), OSError("away")])

    def work():
        for fault in faults:
            raise fault
        return crew.work

    _, bell = played(town, 40, work=work)
    assert bell.rests[:6:2] == [2.0, 4.0, 8.0]
    assert lead_of(town).values["LastName"] == "Lovelace"


def test_a_worker_without_an_installation_rests(town):
    _, bell = played(town, 5, work=lambda: None)
    assert bell.rests == [0.5] * 5


def test_what_is_under_way_when_it_shall_stop_is_given_back_and_its_run_is_closed(town):
    crew, bell = Crew(town), Bell()

    def stops(work, now, body):
        work.stretch.run()
        bell.stop()
        raise Stopping

    table = [replace(DUTIES[0], act=stops), *DUTIES[1:]]
    Loop(lambda: crew.work, bell, table).run()
    assert crew.row(DUTIES[0].name).leased_until is None
    assert [run.outcome for run in town.runs()] == ["done"]
    assert town.writes() == 0


def test_a_bell_that_rings_wakes_it_at_once_and_one_that_stops_it_ends_it(town):
    bell, heard = Bell(), []

    def rests():
        while not bell.stopping:
            bell.wait(60)
            heard.append("woken")

    thread = Thread(target=rests, daemon=True)
    thread.start()
    bell.ring()
    while not heard:
        thread.join(0.01)
    bell.stop()
    thread.join(5)
    assert not thread.is_alive()
    assert heard == ["woken", "woken"]
