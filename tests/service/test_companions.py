"""One listener of all processes: the lease, the takeover, and what a guard survives."""

import time
from contextlib import ExitStack
from datetime import timedelta

import pytest

from connector.service.listeners import LEASE, Companion
from connector.storage import duties
from tests.salesforce.bus import Watch, until
from tests.service.lines import town


@pytest.fixture
def here(tmp_path):
    with town(tmp_path, pubsub=False) as here:
        yield here


class Listening:
    """A listener that does nothing but note when it runs."""

    def __init__(self, name):
        self.name, self.running, self.runs, self.broken = name, False, 0, None

    def __call__(self, stopping):
        self.runs += 1
        if self.broken:
            error, self.broken = self.broken, None
            raise error
        self.running = True
        while not stopping(0.01):
            pass
        self.running = False


def companion(here, listener, clock=None):
    database = here.installation.bridge.database
    return Companion("pubsub", database, clock or Watch(), listener, {"state": "listening"}, beat_s=0.05)


def test_of_several_processes_one_listens_and_another_takes_over_when_it_ends(here):
    one, other = Listening("one"), Listening("other")
    with ExitStack() as closing:
        first = closing.enter_context(ExitStack())
        first.enter_context(companion(here, one).at_work())
        until(lambda: one.running)
        closing.enter_context(companion(here, other).at_work())
        time.sleep(0.3)
        assert (one.running, other.running) == (True, False)
        first.close()
        until(lambda: other.running)
        assert not one.running
    assert not other.running


class Ahead(Watch):
    """A clock whose time of day can be moved on."""

    def now(self):
        return super().now() + timedelta(seconds=self.ahead)


def test_who_died_with_the_lease_is_taken_over_from_when_it_runs_out(here):
    database = here.installation.bridge.database
    clock = Ahead()
    with database.begin() as conn:
        duties.ensure(conn, ["listen.pubsub"], clock.now())
        duties.begin(conn, "listen.pubsub", clock.now(), clock.now() + LEASE)
    listener = Listening("heir")
    with companion(here, listener, clock).at_work():
        time.sleep(0.3)
        assert not listener.running
        clock.ahead = LEASE.total_seconds() + 1
        until(lambda: listener.running)


def test_a_frozen_listener_that_wakes_finds_its_lease_taken_and_stops(here):
    listener, database, clock = Listening("frozen"), here.installation.bridge.database, Ahead()
    with companion(here, listener, clock).at_work():
        until(lambda: listener.running)
        later = clock.now() + LEASE * 2
        with database.begin() as conn:
            held = duties.get(conn, "listen.pubsub")
            duties.free(conn, "listen.pubsub", clock.now())
            assert duties.begin(conn, "listen.pubsub", clock.now() + timedelta(seconds=1), later)
        assert held
        until(lambda: not listener.running)


def test_a_listener_that_breaks_is_begun_anew(here):
    listener = Listening("broken")
    listener.broken = RuntimeError("a bug")
    with companion(here, listener).at_work():
        until(lambda: listener.running)
    assert listener.runs == 2


def test_a_store_that_is_away_for_a_moment_does_not_end_the_guard(here, monkeypatch):
    listener = Listening("patient")
    with companion(here, listener).at_work():
        until(lambda: listener.running)
        renew = duties.renew
        failures = []

        def away(*given):
            if len(failures) < 3:
                failures.append(1)
                raise OSError("the store is away")
            return renew(*given)

        monkeypatch.setattr(duties, "renew", away)
        until(lambda: len(failures) == 3)
        time.sleep(0.2)
        assert listener.running
