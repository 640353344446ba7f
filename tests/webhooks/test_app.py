"""The application from outside: what is taken, what is refused and in which words, and what stays of either."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest

from connector.config.service import Web, Webhooks
from connector.core.refs import Side
from connector.sandbox.outbound import acknowledged
from connector.storage import bindings
from connector.storage.database import Database, migrate, open_database
from tests.webhooks.doorstep import (
    EVENT,
    EVENTS_SECRET,
    HUBSPOT_SECRET,
    LEAD,
    ORG,
    ORG_18,
    OUTBOUND_SECRET,
    Doorstep,
    Loaded,
    Watch,
    all_webhooks,
    knock,
    message,
    secret,
)
from webhooks.app import House, create_app
from webhooks.inbox import Writer

RECORDS = {"records": [{"object": "Lead", "id": LEAD}]}


def soon(claim: Callable[[], Any]) -> Any:
    """What is so at once, or within the second that tallies wait for company."""
    end = time.monotonic() + 5
    while not (found := claim()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def test_a_signed_batch_is_stored_as_it_came_and_then_answered(doorstep: Doorstep):
    answer = doorstep.hubspot([EVENT])
    assert (answer.status_code, answer.data) == (200, b"")
    (row,) = doorstep.stored()
    assert (row.post.source, row.post.received_at) == ("hubspot", doorstep.clock.at)
    assert row.post.body == b'[{"eventId":1,"portalId":62515,"subscriptionType":"contact.creation","objectId":123}]'
    assert row.post.headers == {"content-type": "application/json"}
    assert row.post.request_id == answer.headers["X-Request-Id"]
    assert doorstep.counted() == {"taken.hubspot": 1}


def test_a_batch_of_more_than_a_hundred_events_is_taken(doorstep: Doorstep):
    assert doorstep.hubspot([EVENT] * 250).status_code == 200
    assert len(doorstep.stored()) == 1


def test_an_outbound_message_is_acknowledged_in_the_very_words(doorstep: Doorstep):
    answer = doorstep.outbound(message())
    assert acknowledged(answer.status_code, answer.data)
    assert answer.content_type == "text/xml; charset=utf-8"
    (row,) = doorstep.stored()
    assert (row.post.source, row.post.body) == ("outbound", message())
    assert OUTBOUND_SECRET not in repr((row.post.headers, row.post.request_id))


def test_events_of_a_flow_are_taken(doorstep: Doorstep):
    assert doorstep.events(RECORDS).status_code == 200
    assert doorstep.events({**RECORDS, "organization": ORG}).status_code == 200
    assert [row.post.source for row in doorstep.stored()] == ["events", "events"]


@pytest.mark.parametrize("org", [ORG, ORG_18])
def test_an_org_is_the_same_in_its_short_and_its_long_form(doorstep: Doorstep, org: str):
    assert doorstep.outbound(message(org)).status_code == 200


@pytest.mark.parametrize(
    ("knock_at", "counted"),
    [
        pytest.param(lambda at: at.hubspot([EVENT], key="wrong"), "refused.hubspot.signature", id="hubspot"),
        pytest.param(lambda at: at.post("/webhooks/hubspot", b"[]", {"Content-Type": "application/json"}),
                     "refused.hubspot.missing", id="hubspot unsigned"),
        pytest.param(lambda at: at.outbound(message(), key="guessed"), "refused.outbound.signature", id="outbound"),
        pytest.param(lambda at: at.outbound(message("00D5f000000zzzz")), "refused.outbound.org", id="another org"),
        pytest.param(lambda at: at.events(RECORDS, key="wrong"), "refused.events.signature", id="events"),
        pytest.param(lambda at: at.events({**RECORDS, "organization": "00D5f000000zzzz"}), "refused.events.org",
                     id="events of another org"),
    ],
)  # fmt: skip
def test_of_a_request_that_is_not_believed_nothing_stays_but_a_count(
    doorstep: Doorstep, knock_at: Callable[[Doorstep], Any], counted: str
):
    answer = knock_at(doorstep)
    assert answer.status_code == 401
    assert answer.data.count(b"\n") == 1
    assert soon(doorstep.counted) == {counted: 1}
    assert doorstep.stored() == []


@pytest.mark.parametrize(
    ("knock_at", "status", "words"),
    [
        pytest.param(lambda at: at.hubspot(b'{"a":1}'), 400, "no JSON list of events", id="an object"),
        pytest.param(lambda at: at.hubspot(b"[1,"), 400, "no JSON", id="no JSON"),
        pytest.param(lambda at: at.hubspot(b"[" * 60_000), 400, "no JSON", id="deep JSON"),
        pytest.param(lambda at: at.hubspot(b'["\xff"]'), 400, "no JSON", id="no UTF-8"),
        pytest.param(lambda at: at.outbound(b"<a/>"), 400, "holds no notification", id="another document"),
        pytest.param(lambda at: at.outbound(b"hello"), 400, "cannot be read as XML", id="no XML"),
        pytest.param(lambda at: at.events(b"[]"), 400, '"records"', id="events without records"),
        pytest.param(lambda at: at.hubspot(b"[" + b" " * 70_000 + b"]"), 413, "at most 64 KiB", id="too much"),
    ],
)
def test_a_request_that_is_not_what_it_should_be_is_told_so_in_a_line(
    store: Database, writer: Writer, knock_at: Callable[[Doorstep], Any], status: int, words: str
):
    doorstep = knock(Web(body_max_kib=64), all_webhooks(), store, writer)
    answer = knock_at(doorstep)
    assert answer.status_code == status
    assert words in answer.text
    assert answer.text.count("\n") == 1
    assert doorstep.stored() == []


def test_a_body_whose_length_is_not_told_is_not_read_beyond_the_limit(store: Database, writer: Writer):
    doorstep = knock(Web(body_max_kib=64), all_webhooks(), store, writer)
    chunked = {"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    client = doorstep.app.test_client()
    for size, status in ((64 * 1024, 401), (64 * 1024 + 1, 413), (70_000, 413)):
        answer = client.post(
            "/webhooks/hubspot", data=b"x" * size, content_type="application/json", environ_overrides=chunked
        )
        assert answer.status_code == status


@pytest.mark.parametrize("headers", [{"Content-Type": "text/plain"}, {"Content-Encoding": "gzip"}])
def test_another_kind_of_body_is_refused(doorstep: Doorstep, headers: dict[str, str]):
    answer = replace(doorstep, headers=headers).hubspot(gzip.compress(b"[]"))
    assert (answer.status_code, answer.text) == (415, "send application/json, not compressed\n")


def test_a_webhook_that_is_not_configured_does_not_exist(store: Database, writer: Writer):
    doorstep = knock(Web(), Webhooks(), store, writer)
    for answer in (doorstep.hubspot([EVENT]), doorstep.outbound(message()), doorstep.events(RECORDS)):
        assert (answer.status_code, answer.text) == (404, "not found\n")


def test_another_method_is_refused(doorstep: Doorstep):
    answer = doorstep.get("/webhooks/hubspot")
    assert (answer.status_code, answer.text) == (405, "method not allowed\n")
    assert "POST" in answer.headers["Allow"]


def test_before_the_first_run_an_outbound_message_is_asked_to_come_again(store: Database):
    """The org it should come from is not known yet: that is not the sender's fault, and Salesforce tries for a day."""
    database = open_database("sqlite://")
    migrate(database)
    with Writer(database) as writer:
        doorstep = knock(Web(), all_webhooks(), database, writer)
        assert doorstep.outbound(message()).status_code == 503
        with database.begin() as conn:
            bindings.bind(conn, Side.SALESFORCE, ORG_18)
        assert doorstep.outbound(message()).status_code == 200
    database.close()


def test_an_org_that_the_configuration_names_is_known_at_once(writer: Writer):
    database = open_database("sqlite://")
    migrate(database)
    clock = Watch()
    house = House(database, writer, clock, Loaded(), org_id=ORG)
    doorstep = Doorstep(create_app(Web(), all_webhooks(), house), database, clock)
    assert doorstep.outbound(message(ORG_18)).status_code == 200
    database.close()


def test_while_the_store_is_away_senders_are_asked_to_come_again(tmp_path: Any):
    """A 4xx would be our fault called theirs."""
    database = open_database(f"sqlite:///{tmp_path}/no-such-folder/bridge.db")
    with Writer(database, patience_s=2) as writer:
        doorstep = knock(Web(), all_webhooks(), database, writer)
        for answer in (doorstep.hubspot([EVENT]), doorstep.outbound(message()), doorstep.events(RECORDS)):
            assert (answer.status_code, answer.text) == (503, "not now; send it again\n")
        assert doorstep.get("/ready").status_code == 503
        assert doorstep.get("/health").status_code == 200
    database.close()


def test_a_service_that_stops_takes_nothing_more(store: Database):
    with Writer(store) as writer:
        doorstep = knock(Web(), all_webhooks(), store, writer)
    assert doorstep.hubspot([EVENT]).status_code == 503


def test_ready_means_that_the_store_is_of_this_version():
    database = open_database("sqlite://")
    with Writer(database) as writer:
        doorstep = knock(Web(), all_webhooks(), database, writer)
        empty = doorstep.get("/ready")
        migrate(database)
        assert (empty.status_code, doorstep.get("/ready").status_code) == (503, 200)
        assert "migrate" in empty.text or "empty" in empty.text
    database.close()


def test_a_store_that_hangs_holds_one_thread_and_not_all(store: Database, writer: Writer):
    asked, go_on = Event(), Event()

    def hang() -> bytes:
        asked.set()
        assert go_on.wait(10)
        return b""

    house = House(store, writer, Watch(), Loaded(), metrics=hang)
    client = create_app(Web(), all_webhooks(), house).test_client
    first = Thread(target=lambda: client().get("/metrics"))
    first.start()
    assert asked.wait(10)
    assert [client().get(path).status_code for path in ("/ready", "/metrics", "/health")] == [503, 503, 200]
    go_on.set()
    first.join()
    assert client().get("/ready").status_code == 200


def test_metrics_are_for_whoever_has_the_token(store: Database, writer: Writer):
    doorstep = knock(Web.model_construct(metrics_token=secret("scrape-me")), all_webhooks(), store, writer)
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer Zoë"}):
        answer = doorstep.get("/metrics", **headers)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    answer = doorstep.get("/metrics", Authorization="Bearer scrape-me")
    assert answer.status_code == 200
    assert answer.text.startswith("smarketing_links 7\n")


def test_metrics_tell_how_long_webhooks_took(doorstep: Doorstep):
    doorstep.hubspot([EVENT])
    doorstep.hubspot([EVENT], key="wrong")
    text = doorstep.get("/metrics").text
    assert 'smarketing_webhook_seconds_count{endpoint="hubspot",status="200"} 1.0' in text
    assert 'smarketing_webhook_seconds_count{endpoint="hubspot",status="401"} 1.0' in text


@pytest.mark.parametrize("given", ["a1b2c3d4", "0af7651916cd43dd8448eb211c80319c", "x" * 64])
def test_a_sane_request_id_is_kept(doorstep: Doorstep, given: str):
    doorstep.headers["X-Request-Id"] = given
    assert doorstep.hubspot([EVENT]).headers["X-Request-Id"] == given
    assert doorstep.stored()[0].post.request_id == given


@pytest.mark.parametrize("given", ["short", "x" * 65, "a b c d e f g h", "<script>alert</script>", "zoë-zoë-zoë"])
def test_another_request_id_is_replaced_by_one_of_ours(doorstep: Doorstep, given: str):
    doorstep.headers["X-Request-Id"] = given
    assert doorstep.hubspot([EVENT]).headers["X-Request-Id"] == "800000000000800000000000"


@pytest.mark.parametrize(
    ("public_url", "origin"),
    [
        ("https://bridge.acme.example", "https://bridge.acme.example"),
        ("https://bridge.acme.example/", "https://bridge.acme.example"),
        (None, "http://localhost"),
    ],
)
def test_hubspot_signs_the_address_it_calls(store: Database, writer: Writer, public_url: str | None, origin: str):
    doorstep = knock(Web(public_url=public_url), all_webhooks(), store, writer)
    path = "/webhooks/hubspot?src=hs%3Aapp%2Fv3&x=%28a%29&y=%20b"
    assert replace(doorstep, origin=origin).hubspot([EVENT], path=path).status_code == 200
    assert replace(doorstep, origin="https://evil.example").hubspot([EVENT], path=path).status_code == 401


@pytest.mark.parametrize(
    ("peer", "forwarded", "status"),
    [
        ("10.1.2.3", "bridge.acme.example", 200),
        ("::ffff:10.1.2.3", "bridge.acme.example", 200),
        ("10.1.2.3", "made-up.example, bridge.acme.example", 200),
        ("10.1.2.3", "bridge.acme.example, made-up.example", 401),
        ("192.0.2.1", "bridge.acme.example", 401),
        ("", "bridge.acme.example", 401),
    ],
)
def test_only_a_trusted_proxy_is_believed_about_the_address(
    store: Database, writer: Writer, peer: str, forwarded: str, status: int
):
    doorstep = knock(Web(trusted_proxies=["10.0.0.0/8"]), all_webhooks(), store, writer)
    headers = {"X-Forwarded-Proto": "http, https", "X-Forwarded-Host": forwarded}
    signing_so = replace(doorstep, origin="https://bridge.acme.example", peer=peer, headers=headers)
    assert signing_so.hubspot([EVENT]).status_code == status


def test_a_request_sent_again_later_is_not_believed(doorstep: Doorstep):
    """HubSpot signs each attempt anew, so only a stranger who has seen one sends an old one."""
    body, stamp = b"[]", int(doorstep.clock.at.timestamp() * 1000)
    from connector.sandbox import signing  # noqa: PLC0415  # the sandbox signs with its own code

    seen = signing.headers(HUBSPOT_SECRET, "http://localhost/webhooks/hubspot", body, stamp)
    doorstep.clock.at += timedelta(minutes=5, seconds=1)
    answer = doorstep.post("/webhooks/hubspot", body, seen)
    assert (answer.status_code, soon(doorstep.counted)) == (401, {"refused.hubspot.stale": 1})


@pytest.mark.parametrize("key", [OUTBOUND_SECRET, "an-older-secret-16"])
def test_while_an_address_is_replaced_both_are_right(doorstep: Doorstep, key: str):
    assert doorstep.outbound(message(), key=key).status_code == 200


def test_a_secret_is_never_logged(doorstep: Doorstep, caplog: pytest.LogCaptureFixture, capsys: Any):
    caplog.set_level("DEBUG")
    doorstep.outbound(message())
    doorstep.outbound(message(), key="a-guess-at-it-1234")
    doorstep.events(RECORDS)
    said = caplog.text + "".join(capsys.readouterr())
    assert "endpoint" in said
    for kept_quiet in (OUTBOUND_SECRET, "a-guess-at-it-1234", EVENTS_SECRET, LEAD):
        assert kept_quiet not in said
