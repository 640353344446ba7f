"""The instruments are tried before they are believed: each of them must be able to say no."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from connector.sandbox import signing
from connector.sandbox.exchange import Request, Response
from connector.sandbox.server import Server
from tests.benchmarks.load import Planned, planned, sending
from tests.endurance.networks import _loopback
from tests.endurance.witness import WatchedServer, Witness, call_of

READ = b'{"inputs": [{"id": "501"}, {"id": "502"}], "properties": ["email"]}'
FOUND = b'{"idProperty": "email", "inputs": [{"id": "a@example.test"}]}'
COLLECTED = b'{"ids": ["00Q5f0000000001EAA", "0035f0000000001AAA"], "fields": ["Id"]}'
UPDATED = (
    b'{"allOrNone": false, "records": [{"attributes": {"type": "Lead"}, "id": "00Q5f0000000001EAA", "Title": "x"}]}'
)


@pytest.mark.parametrize(
    ("side", "path", "body", "read", "written"),
    [
        ("hubspot", "/crm/objects/2026-09/contacts/batch/read", READ, {"501", "502"}, set()),
        ("hubspot", "/crm/objects/2026-09/contacts/batch/read", FOUND, set(), set()),
        ("hubspot", "/crm/objects/2026-09/contacts/batch/update", READ, set(), {"501", "502"}),
        ("hubspot", "/crm/objects/2026-09/contacts/search", READ, set(), set()),
        ("salesforce", "/composite/sobjects/Lead", COLLECTED, {"00Q5f0000000001EAA", "0035f0000000001AAA"}, set()),
        ("salesforce", "/composite/sobjects", UPDATED, set(), {"00Q5f0000000001EAA"}),
    ],
)
def test_the_witness_tells_reading_by_id_from_finding_and_writing(
    side: str, path: str, body: bytes, read: set[str], written: set[str]
) -> None:
    call = call_of("ada", side, Request("POST", path, body=body))
    assert call.read == {(side, one) for one in read}
    assert call.written == {(side, one) for one in written}


def test_the_witness_knows_which_process_asks() -> None:
    witness = Witness()
    door = WatchedServer(lambda _: Response(200, b"{}"), lambda: datetime.now(UTC), watch=(witness, "hubspot"))
    asking = "import sys, requests; requests.post(sys.argv[1], data=sys.argv[2].encode())"
    with door as server:
        url = f"{server.url}/crm/objects/2026-09/contacts/batch/read"
        waiting = f"import time; time.sleep(0.3); {asking}"
        with subprocess.Popen([sys.executable, "-c", waiting, url, READ.decode()]) as other:
            witness.processes["ada"] = other.pid
        requests.post(url, data=READ, timeout=5)
    assert witness.calls_of("ada") == witness.calls_of("somebody") == 2


def test_what_was_read_before_it_was_told_of_counts_as_overlooked() -> None:
    witness = Witness()
    witness.begins(call_of("ada", "hubspot", Request("POST", "/objects/contacts/batch/read", body=READ)))
    now = time.monotonic()
    told = {("hubspot", "501"): now - 60, ("hubspot", "502"): now + 60, ("hubspot", "503"): now - 60}
    assert witness.overlooked(told).keys() == {("hubspot", "502"), ("hubspot", "503")}


def test_two_processes_that_write_one_record_at_once_are_seen() -> None:
    witness, update = Witness(), Request("POST", "/objects/contacts/batch/update", body=READ)
    one, other = call_of("ada", "hubspot", update), call_of("bob", "hubspot", update)
    witness.begins(one)
    witness.ends(one)
    witness.begins(other)
    assert witness.collisions == []
    witness.begins(one)
    assert len(witness.collisions) == 1


def test_nobody_takes_over_by_having_been_there_before() -> None:
    witness, read = Witness(), Request("POST", "/objects/contacts/batch/read", body=READ)
    witness.begins(call_of("bob", "hubspot", read))
    struck = time.monotonic()
    held = [("hubspot", "501")]
    assert witness.taken_over(held, "ada", struck) == {}
    witness.begins(call_of("ada", "hubspot", read))
    assert witness.taken_over(held, "ada", struck) == {}
    witness.begins(call_of("bob", "hubspot", read))
    assert 0 < witness.taken_over(held, "ada", struck)["hubspot", "501"] < 5


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that says what it hears."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            line, _ = listener.accept()
            with line:
                while heard := line.recv(100):
                    line.sendall(heard)

        thread = Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(timeout=10)


def test_a_cut_line_passes_nothing_on_and_breaks_no_connection(echo: int) -> None:
    server: Any = SimpleNamespace(port=echo)
    with _loopback(server, 0) as line, socket.create_connection((line.host, line.port), timeout=0.3) as caller:
        assert line.host == "127.0.0.2"
        caller.sendall(b"before")
        assert caller.recv(100) == b"before"
        line.cut()
        time.sleep(0.2)
        caller.sendall(b"after")
        with pytest.raises(TimeoutError):
            caller.recv(100)
        line.mend()
        caller.settimeout(5)
        assert caller.recv(100) == b"after"


def test_the_load_keeps_its_pace_and_draws_the_same_plan_again() -> None:
    plan = planned(10.0, 2000.0, list(range(1000)))
    assert plan == planned(10.0, 2000.0, list(range(1000)))
    assert 20_000 <= sum(len(one.contacts) for one in plan) < 20_100
    assert {len(one.contacts) for one in plan} == {1, 10, 25, 64, 100}
    assert plan[-1].at < 10.0


def test_a_receiver_that_stands_still_shows_in_the_latency_of_all_that_was_planned_meanwhile() -> None:
    standing, bad = [0.5], []

    def receive(request: Request) -> Response:
        stamp = int(request.headers["x-hubspot-request-timestamp"])
        url = f"http://{request.headers['host']}{request.path}"
        if signing.v3("secret", "POST", url, request.body, stamp) != request.headers["x-hubspot-signature-v3"]:
            bad.append(request)
        return Response(200, delay_s=standing.pop() if standing else 0.0)

    plan = [Planned(0.0, [1]), Planned(0.1, [2, 3]), Planned(0.2, [2])]
    with Server(receive, lambda: datetime.now(UTC)) as server:
        sent = asyncio.run(sending(f"{server.url}/webhooks/hubspot", "secret", 7, plan, connections=1))
    assert not bad
    assert (sent.events, sent.refused, sent.given_up, sent.acknowledged.keys()) == (4, 0, 0, {1, 2, 3})
    first, second, third = sent.latencies
    assert first >= 0.5
    assert second >= 0.35
    assert third >= 0.25


def test_what_is_not_acknowledged_is_sent_again() -> None:
    answers = [503, 200]
    with Server(lambda _: Response(answers.pop(0)), lambda: datetime.now(UTC)) as server:
        sent = asyncio.run(sending(f"{server.url}/webhooks/hubspot", "secret", 7, [Planned(0.0, [1])]))
    assert (sent.refused, sent.given_up, len(sent.latencies)) == (1, 0, 1)
