"""One listener of all processes: the lease, the takeover, and what a guard survives."""

import time
from contextlib import ExitStack
from datetime import timedelta

import pytest

from connector.salesforce.pubsub.listener import Heard
from connector.service.listeners import LEASE, Companion, InboxKeeper
from connector.storage import duties, inbox, state, tallies
from tests.salesforce.bus import Watch, until


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


def companion(database, listener, clock=None):
    return Companion("pubsub", database, clock or Watch(), listener, {"state": "listening"}, beat_s=0.05)


def test_of_several_processes_one_listens_and_another_takes_over_when_it_ends(database):
    one, other = Listening("one"), Listening("other")
    with ExitStack() as closing:
        first = closing.enter_context(ExitStack())
        first.enter_context(companion(database, one).at_work())
        until(lambda: one.running)
        closing.enter_context(companion(database, other).at_work())
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


def test_who_died_with_the_lease_is_taken_over_from_when_it_runs_out(database):
    clock = Ahead()
    with database.begin() as conn:
        duties.ensure(conn, ["listen.pubsub"], clock.now())
        duties.begin(conn, "listen.pubsub", clock.now(), clock.now() + LEASE)
    listener = Listening("heir")
    with companion(database, listener, clock).at_work():
        time.sleep(0.3)
        assert not listener.running
        clock.ahead = LEASE.total_seconds() + 1
        until(lambda: listener.running)


def test_a_frozen_listener_that_wakes_finds_its_lease_taken_and_stops(database):
    listener, clock = Listening("frozen"), Ahead()
    with companion(database, listener, clock).at_work():
        until(lambda: listener.running)
        later = clock.now() + LEASE * 2
        with database.begin() as conn:
            held = duties.get(conn, "listen.pubsub")
            duties.free(conn, "listen.pubsub", clock.now())
            assert duties.begin(conn, "listen.pubsub", clock.now() + timedelta(seconds=1), later)
        assert held
        until(lambda: not listener.running)


def test_a_listener_that_breaks_is_begun_anew(database):
    listener = Listening("broken")
    listener.broken = RuntimeError("a bug")
    with companion(database, listener).at_work():
        until(lambda: listener.running)
    assert listener.runs == 2


def test_a_store_that_is_away_for_a_moment_does_not_end_the_guard(database, monkeypatch):
    listener = Listening("patient")
    with companion(database, listener).at_work():
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


def test_what_was_heard_and_the_place_behind_it_are_kept_together_or_not_at_all(database, monkeypatch):
    keeper = InboxKeeper(database, Watch(), "00D1", "/data/ChangeEvents", {})
    assert keeper.place() is None
    keeper.keep(Heard([{"entityName": "Lead"}], "", b"\x00\x01"))
    keeper.keep(Heard([], "", b"\x00\x02"))
    assert keeper.place() == b"\x00\x02"

    def away(*_):
        raise OSError("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(state, "put", away)
        with pytest.raises(OSError, match="away"):
            keeper.keep(Heard([{"entityName": "Contact"}], "", b"\x00\x03"))
    assert keeper.place() == b"\x00\x02"
    with database.begin() as conn:
        (kept,) = inbox.unread(conn, 10)
        assert tallies.all(conn) == {"pubsub.events": 1}
    assert b'"entityName":"Lead"' in kept.post.body
    keeper.keep(Heard([], "lost", None))
    assert keeper.place() is None
    with database.begin() as conn:
        assert b'"sweep":"lost"' in inbox.unread(conn, 10)[-1].post.body


def test_a_place_is_of_one_org_and_one_channel(database):
    InboxKeeper(database, Watch(), "00D1", "/data/ChangeEvents", {}).keep(Heard([], "", b"\x01"))
    assert InboxKeeper(database, Watch(), "00D2", "/data/ChangeEvents", {}).place() is None
    assert InboxKeeper(database, Watch(), "00D1", "/data/Bridge__chn", {}).place() is None
    assert InboxKeeper(database, Watch(), "00D1", "/data/ChangeEvents", {}).place() == b"\x01"
