"""Listening beside the worker: from a change in Salesforce to a mark in our store, one listener of all processes."""

import builtins
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from connector.core.refs import salesforce
from connector.errors import Misconfigured
from connector.sandbox.salesforce.pubsub import PubSubServer
from connector.service import listeners
from connector.service.listeners import LEASE, companions, shown
from connector.storage import duties, pulses, state
from tests.salesforce.bus import until
from tests.service.lines import reopened, town


@pytest.fixture
def here(tmp_path):
    with town(tmp_path) as here:
        yield here


def listens(here):
    """The listener is subscribed, and what it asked for in the beginning is done."""
    until(lambda: place(here))
    while here.fold():
        pass


def quick(here):
    """The listener, with a guard that looks often."""
    made = listeners._pubsub(here.installation)
    made.beat_s = 0.05
    return made.at_work()


def states(here):
    database, now = here.installation.bridge.database, here.installation.bridge.clock.now()
    with database.read() as conn:
        return [body["state"] for body in shown(conn, now).values()]


def place(here):
    return (here.state("pubsub.place") or {}).get("replay_id")


def test_a_change_in_salesforce_is_marked_within_a_second(here):
    with companions(here.installation):
        listens(here)
        began = time.monotonic()
        ref = salesforce("Lead", here.lead())
        until(lambda: here.fold() and ref in here.dirty(), 1.0)
        assert time.monotonic() - began < 1.0


def test_a_listener_that_ends_and_begins_again_misses_nothing_of_what_happened_between(here):
    with companions(here.installation):
        listens(here)
        first = salesforce("Lead", here.lead())
        until(lambda: here.fold() and first in here.dirty())
    missed = {salesforce("Lead", here.lead(f"Roe{number}")) for number in range(30)}
    assert not missed & here.dirty()
    with reopened(here), companions(here.installation):
        until(lambda: [here.fold()] and missed <= here.dirty())


def test_a_kill_before_the_place_is_kept_keeps_nothing_and_it_is_heard_again(here, monkeypatch):
    with companions(here.installation):
        listens(here)
    put, killed = state.put, Event()

    def torn(conn, name, value):
        put(conn, name, value)
        if name == "pubsub.place" and not killed.is_set():
            killed.set()
            raise RuntimeError("killed between both writes")

    before = place(here)
    ref = salesforce("Lead", here.lead())
    monkeypatch.setattr(state, "put", torn)
    with quick(here):
        until(killed.is_set)
        assert place(here) == before
        until(lambda: [here.fold()] and ref in here.dirty())


def test_a_server_that_is_killed_is_found_again_and_nothing_is_missed(here):
    org = here.running.world.salesforce
    with ExitStack() as closing:
        server = closing.enter_context(PubSubServer(org))
        settings = here.installation.settings
        pubsub = settings.salesforce.pubsub.model_copy(update={"address": server.address})
        salesforce_settings = settings.salesforce.model_copy(update={"pubsub": pubsub})
        here.installation = replace(
            here.installation, settings=settings.model_copy(update={"salesforce": salesforce_settings})
        )
        with companions(here.installation):
            listens(here)
            server.stop()
            ref = salesforce("Lead", here.lead())
            with PubSubServer(org, server.port):
                until(lambda: [here.fold()] and ref in here.dirty(), 15.0)


def test_an_overflow_and_a_lost_place_ask_for_a_poll_of_salesforce(here):
    with companions(here.installation):
        until(lambda: place(here))
        until(lambda: [here.fold()] and here.asked("poll.salesforce"))
    _done(here, "poll.salesforce")
    with companions(here.installation):
        here.act("salesforce", "change_event_overflow", sobject="Lead")
        until(lambda: [here.fold()] and _due(here, "poll.salesforce"))
    _done(here, "poll.salesforce")
    here.act("salesforce", "lose_change_events")
    with companions(here.installation):
        until(lambda: [here.fold()] and _due(here, "poll.salesforce"))


def _done(here, name):
    bridge = here.installation.bridge
    while here.fold():
        pass
    with bridge.database.begin() as conn:
        duties.put(conn, name, bridge.clock.now() + timedelta(hours=1), {})


def _due(here, name):
    return here.duty(name).due_at <= here.installation.bridge.clock.now()


def test_a_gap_marks_whom_it_names(here):
    ref = salesforce("Lead", here.lead())
    with companions(here.installation):
        listens(here)
        here.act("salesforce", "change_event_gap", sobject="Lead", ids=[ref.id])
        until(lambda: [here.fold()] and ref in here.dirty())


def test_a_place_of_another_channel_is_not_gone_on_from(here):
    with companions(here.installation):
        listens(here)
    bridge = here.installation.bridge
    with bridge.database.begin() as conn:
        state.put(conn, "pubsub.place", {**state.get(conn, "pubsub.place"), "channel": "/data/Other__chn"})
    with companions(here.installation):
        until(lambda: (here.state("pubsub.place") or {}).get("channel") == "/data/ChangeEvents")
        assert any(b'"sweep":"listening begins' in row.post.body for row in here.inbox())


def test_an_event_that_is_no_change_event_is_kept_and_polled_around(here):
    with companions(here.installation):
        listens(here)
        _done(here, "poll.salesforce")
        here.act("salesforce", "publish_platform_event", sobject="Lead")
        until(lambda: [here.fold()] and any(row.problem for row in here.inbox()))
        assert "Order__e is no change event" in next(row.problem for row in here.inbox() if row.problem)
        assert _due(here, "poll.salesforce")
        ref = salesforce("Lead", here.lead())
        until(lambda: [here.fold()] and ref in here.dirty())


def test_a_channel_that_is_none_is_shown_until_it_is_one(here):
    org = here.running.world.salesforce
    settings = here.installation.settings
    pubsub = settings.salesforce.pubsub.model_copy(update={"channel": "/data/Bridge__chn"})
    changed = settings.model_copy(update={"salesforce": settings.salesforce.model_copy(update={"pubsub": pubsub})})
    with companions(replace(here.installation, settings=changed)):
        until(here.issues)
        (issue,) = here.issues()
        assert "Salesforce's event bus tells us nothing" in issue.reason
        assert "Change Data Capture" in issue.reason
    org.settings.change_channels = {"/data/Bridge__chn": ["Lead"]}
    with companions(replace(here.installation, settings=changed)):
        until(lambda: not here.issues())


def test_without_the_setting_nobody_listens(tmp_path):
    with town(tmp_path, pubsub=False) as here, companions(here.installation):
        assert here.duty("listen.pubsub") is None


def test_without_the_extra_it_is_said_what_to_install(here, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.startswith("connector.salesforce.pubsub"):
            raise ModuleNotFoundError("No module named 'grpc'", name="grpc")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with (
        pytest.raises(Misconfigured, match=r"pip install 'smarketing-connector\[pubsub\]'"),
        companions(here.installation),
    ):
        pass


def test_people_see_who_listens_and_who_stands_by(here):
    with quick(here):
        until(lambda: states(here) == ["listening"])
        with here.installation.bridge.database.read() as conn:
            alive = pulses.alive(conn, here.installation.bridge.clock.now(), LEASE)
        (pulse,) = [one for one in alive if one.kind == "pubsub"]
        assert pulse.body["channel"] == "/data/ChangeEvents"
    assert states(here) == []


def test_it_stops_within_two_seconds(here):
    with companions(here.installation):
        listens(here)
        began = time.monotonic()
    assert time.monotonic() - began < 2.0
