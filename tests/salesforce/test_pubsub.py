"""Listening to Salesforce's event bus, against the sandbox's: what is heard, and what becomes of every fault."""

import socket
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connector.salesforce.pubsub.line import Access
from connector.salesforce.pubsub.listener import Listener, Wanted
from connector.sandbox.acts import act
from connector.sandbox.salesforce.pubsub import PubSubServer
from connector.sandbox.world import World
from tests.salesforce.bus import Even, Kept, Stop, Tokens, Watch, listening, until


@pytest.fixture
def world():
    world = World(3, lambda: datetime.now(UTC))
    world.salesforce.settings.change_keepalive_s = 0.05
    return world


@pytest.fixture
def org(world):
    return world.salesforce


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def server(org):
    with PubSubServer(org) as server:
        yield server


def lead(world, name="Doe"):
    values = {"LastName": name, "Company": "Acme", "Email": "secret@acme.test"}
    return act(world, "salesforce", "create", {"sobject": "Lead", "values": values})["id"]


def begun(kept):
    until(lambda: kept.replay_id and kept.states and kept.states[-1].name == "listening")


def test_a_change_is_heard_within_a_second(world, org, server, kept):
    with listening(org, server.address, kept):
        begun(kept)
        made = lead(world)
        until(lambda: kept.ids == [made], 1.0)
    assert (kept.changes[0]["entityName"], kept.changes[0]["changeType"]) == ("Lead", "CREATE")


def test_nothing_of_a_person_is_taken_over(world, org, server, kept):
    with listening(org, server.address, kept):
        begun(kept)
        lead(world)
        until(lambda: kept.changes)
    assert "secret" not in str(kept.heard)
    assert set(kept.changes[0]) == {"entityName", "recordIds", "changeType", "changeOrigin", "commitTimestamp"}


def test_our_own_changes_are_heard_as_well(world, org, server, kept):
    made = lead(world)
    with listening(org, server.address, kept):
        begun(kept)
        with org.lock:
            table = org.catalogue["Lead"]
            ours = replace(org.person(), actor="api:smarketing-bridge")
            org.writer.update(ours, table, made, {"Title": "CEO"})
        until(lambda: kept.ids == [made])
    assert kept.changes[0]["changeOrigin"].endswith("client=smarketing-bridge")


def test_beginning_asks_for_one_poll_of_everything(org, server, kept):
    with listening(org, server.address, kept):
        begun(kept)
        until(lambda: len(kept.heard) > 3)
    assert len(kept.sweeps) == 1
    assert kept.heard[0].sweep


def test_keep_alives_move_the_place_on(world, org, server, kept):
    with listening(org, server.address, kept):
        begun(kept)
        lead(world)
        until(lambda: kept.changes)
        place = kept.replay_id
        until(lambda: kept.replay_id != place)


def test_more_events_than_are_fetched_at_a_time_all_come(world, org, server, kept):
    with listening(org, server.address, kept, fetch=3):
        begun(kept)
        made = [lead(world, f"Doe{number}") for number in range(20)]
        until(lambda: len(kept.ids) == 20)
    assert kept.ids == made
    assert max(len(heard.changes) for heard in kept.heard) <= 3


def test_a_listener_that_is_killed_and_begun_again_misses_nothing(world, org, server, kept):
    with listening(org, server.address, kept):
        begun(kept)
        first = lead(world)
        until(lambda: kept.ids == [first])
    missed = [lead(world), lead(world)]
    with listening(org, server.address, kept):
        until(lambda: kept.ids == [first, *missed])
    assert len(kept.sweeps) == 1


def test_what_could_not_be_kept_is_heard_again(world, org, server, kept):
    with listening(org, server.address, kept):
        begun(kept)
    kept.broken = RuntimeError("the store is away")
    made = lead(world)
    wanted = Wanted("/data/ChangeEvents", 100, 60.0)
    with pytest.raises(RuntimeError):
        Listener(Access(server.address, Tokens(org), org.id), wanted, kept, (Watch(), Even())).run(Stop())
    assert kept.ids == []
    with listening(org, server.address, kept):
        until(lambda: kept.ids == [made])


def test_a_server_killed_in_mid_stream_is_found_again_and_nothing_is_missed(world, org, kept):
    with PubSubServer(org) as server:
        port = server.port
        stop = Stop()
        with listening(org, server.address, kept, stop=stop):
            begun(kept)
            server.stop()
            made = lead(world)
            until(lambda: kept.states[-1].name == "waiting")
            assert "the stream of change events ended" in kept.states[-1].reason
            with PubSubServer(org, port):
                until(lambda: kept.ids == [made])
                assert kept.states[-1].name == "listening"
    assert len(kept.sweeps) == 1


def test_waits_grow_and_are_jittered_while_nobody_answers(org, kept):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        stop = Stop(0.001)
        with listening(org, f"127.0.0.1:{closed.getsockname()[1]}", kept, stop=stop):
            until(lambda: len([wait for wait in stop.waits if wait]) >= 9)
    assert stop.waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(stop.waits) == 60.0


def test_a_line_that_says_nothing_any_more_is_dead(world, org, server, kept):
    org.settings.change_keepalive_s = 0.05
    clock = Watch()
    with listening(org, server.address, kept, clock=clock, silence_s=60.0):
        begun(kept)
        org.settings.change_keepalive_s = 3600.0
        time.sleep(0.3)
        clock.ahead += 61
        until(lambda: kept.states[-1].name == "waiting")
        assert "silent for 60 s" in kept.states[-1].reason
        org.settings.change_keepalive_s = 0.05
        until(lambda: kept.states[-1].name == "listening")
        made = lead(world)
        until(lambda: kept.ids == [made])


def test_a_session_that_ends_is_renewed_at_once(world, org, server, kept):
    tokens, stop = Tokens(org), Stop()
    with listening(org, server.address, kept, tokens=tokens, stop=stop, fetch=1):
        begun(kept)
        with org.lock:
            org.sessions.expire()
        made = [lead(world), lead(world)]
        until(lambda: kept.ids == made)
    assert tokens.sign_ins == 2
    assert stop.waits == []


def test_a_session_that_is_refused_although_it_is_new_is_for_a_person(org, server, kept):
    class Elsewhere(Tokens):
        def renewed(self, stale):
            self._token = replace(super().renewed(stale), instance_url="https://other.my.salesforce.com")
            return self._token

    tokens, stop = Elsewhere(org), Stop(0.05)
    with listening(org, server.address, kept, tokens=tokens, stop=stop):
        until(lambda: kept.states)
    assert "although it is new" in kept.states[0].reason
    assert stop.waits[0] >= 300


@pytest.mark.parametrize("lose", ["older", "set up anew"])
def test_a_place_that_is_lost_asks_for_a_poll_of_everything_and_goes_on_from_now(world, org, server, kept, lose):
    with listening(org, server.address, kept):
        begun(kept)
    if lose == "older":
        world.services.clock.advance(72 * 3600 + 1)
    else:
        act(world, "salesforce", "lose_change_events", {})
    place, sweeps = kept.replay_id, len(kept.sweeps)
    with listening(org, server.address, kept):
        until(lambda: kept.replay_id not in (None, place))
        begun(kept)
        made = lead(world)
        until(lambda: kept.ids == [made])
    assert len(kept.sweeps) == sweeps + 2
    assert "does not know the place" in kept.sweeps[sweeps]


def test_a_gap_names_whom_to_look_at_and_an_overflow_nobody(world, org, server, kept):
    made = lead(world)
    with listening(org, server.address, kept):
        begun(kept)
        act(world, "salesforce", "change_event_gap", {"sobject": "Lead", "ids": [made]})
        act(world, "salesforce", "change_event_overflow", {"sobject": "Contact"})
        act(world, "salesforce", "change_event_wildcard", {"sobject": "Account"})
        until(lambda: len(kept.changes) == 3)
    assert [(each["changeType"], each["recordIds"]) for each in kept.changes] == [
        ("GAP_UPDATE", [made]),
        ("GAP_OVERFLOW", ["000000000000000AAA"]),
        ("UPDATE", ["001*"]),
    ]


def test_a_field_that_an_admin_adds_meanwhile_does_no_harm(world, org, server, kept):
    with listening(org, server.address, kept):
        begun(kept)
        first = lead(world)
        field = {"type": "Text", "length": 20, "label": "Shoe"}
        act(world, "salesforce", "add_field", {"sobject": "Lead", "name": "Shoe__c", "metadata": field})
        second = lead(world)
        act(world, "salesforce", "edit", {"id": first, "values": {"Shoe__c": "44"}})
        until(lambda: kept.ids == [first, second, first])


def test_a_used_up_day_lets_polling_do_the_work_for_an_hour_and_then_goes_on(world, org, server, kept):
    stop = Stop(0.01)
    with listening(org, server.address, kept, stop=stop):
        begun(kept)
        org.settings.change_delivered_max = 1
        act(world, "salesforce", "set_delivered_events", {"events": 1})
        made = lead(world)
        until(lambda: kept.states[-1].name == "waiting")
        state = kept.states[-1]
        assert "polling alone" in state.reason
        assert 3500 < (state.until - datetime.now(UTC)).total_seconds() < 4000
        assert stop.waits[-1] > 3500
        act(world, "salesforce", "set_delivered_events", {"events": 0})
        until(lambda: kept.ids == [made])


def test_a_channel_that_is_none_is_for_a_person(org, server, kept):
    stop = Stop()
    with listening(org, server.address, kept, channel="/data/Nothing__chn", stop=stop):
        until(lambda: kept.states)
        assert "salesforce.pubsub.channel" in kept.states[0].reason
        assert stop.waits[0] >= 300


def test_it_stops_at_once_while_it_listens_and_while_it_waits(org, server, kept):
    for address in (server.address, "127.0.0.1:9"):
        began = time.monotonic()
        with listening(org, address, kept, stop=Stop(3600)):
            until(lambda: kept.states)
            began = time.monotonic()
        assert time.monotonic() - began < 2.0


def test_no_thread_is_left_behind(org, server, kept):
    before = {thread.name for thread in threading.enumerate()}
    for _ in range(3):
        with listening(org, server.address, kept):
            begun(kept)
    until(lambda: not {t.name for t in threading.enumerate() if t.name == "pubsub-stream"} - before)


def test_a_stream_that_the_bus_ends_without_a_word_is_opened_again(world, org, server, kept, monkeypatch):
    with listening(org, server.address, kept) as stop:
        begun(kept)
        monkeypatch.setattr(PubSubServer, "_fed", lambda *_: False)
        until(lambda: kept.states[-1].name == "waiting")
        assert "has ended the stream" in kept.states[-1].reason
        monkeypatch.undo()
        made = lead(world)
        until(lambda: kept.ids == [made])
    assert stop.waits


def test_a_topic_that_may_not_be_subscribed_to_is_for_a_person(org, server, kept, monkeypatch):
    told = PubSubServer._topic
    monkeypatch.setattr(PubSubServer, "_topic", lambda *given: {**told(*given), "can_subscribe": False})
    with PubSubServer(org) as other, listening(org, other.address, kept) as stop:
        until(lambda: kept.states)
        assert "View All" in kept.states[0].reason
        assert kept.states[0].lasting
        assert stop.waits[0] >= 300


def test_a_schema_that_the_bus_does_not_give_leaves_the_event_unread_and_not_unsaid(world, org, server, kept):
    with listening(org, server.address, kept):
        begun(kept)
        org.bus.schemas = _Forgetful()
        lead(world)
        until(lambda: kept.changes)
    assert "refuses" in kept.changes[0]["unknown"]


class _Forgetful(dict):
    """Schemas that are there for writing and not for those who ask."""

    def get(self, *_):
        return None
