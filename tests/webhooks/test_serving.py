"""`smarketing web` as it runs: over real HTTP, under signals, against the sandbox's own deliveries."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
import urllib3

from connector.clock import SystemClock
from connector.core.refs import Side
from connector.sandbox import signing
from connector.sandbox.acts import act
from connector.sandbox.process import Plan, serve_in_thread
from connector.storage import inbox, pulses, tallies
from connector.storage.database import Database, open_database
from tests.webhooks.doorstep import EVENT, ORG
from tests.webhooks.serving import SECRETS, Served, command, configure, serving, until
from webhooks.readers import readers

NOW = SystemClock().now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    configure(tmp_path, ORG)
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{folder / 'smarketing.db'}")
    yield database
    database.close()


def post(served: Served, events: Any, pool: urllib3.PoolManager | None = None) -> urllib3.BaseHTTPResponse:
    url, body = served.url + "/webhooks/hubspot", orjson.dumps(events)
    headers = signing.headers(SECRETS["HUBSPOT_CLIENT_SECRET"], url, body, int(NOW().timestamp() * 1000))
    return (pool or urllib3.PoolManager()).request("POST", url, body=body, headers=headers, retries=False, timeout=15)


def waiting(store: Database) -> list[inbox.Received]:
    with store.begin() as conn:
        return inbox.unread(conn, 10_000)


def test_the_sandboxs_own_webhooks_arrive_whole_though_doubled_and_in_disorder(tmp_path: Path):
    """Every record that changed is named, and no other, however often and in whatever order HubSpot says so."""
    plan = Plan(seed=3, people=20, deliver=False)
    with serve_in_thread(NOW, plan) as running:
        world, settings = running.world, running.delivery.settings
        world.hubspot.settings.search_lag_s = 0.0
        config = configure(tmp_path, world.salesforce.id)
        with serving(config) as served:
            settings.hubspot_url = served.url + "/webhooks/hubspot?src=hs%3Aapp%2Fv3&x=%28a%29"
            secret = SECRETS["SALESFORCE_OUTBOUND_SECRET"]
            settings.salesforce_url = f"{served.url}/webhooks/salesforce/outbound/{secret}"
            settings.duplicate_rate, settings.reorder, settings.batch_max = 0.5, True, 5
            changed = _changes(world)
            later = [NOW() + timedelta(seconds=seconds) for seconds in (0, 1, 2)]
            tally = [running.delivery.deliver(at) for at in later][-1]
            assert served.stop() == 0
        database = open_database(f"sqlite:///{tmp_path / 'smarketing.db'}")
        rows = waiting(database)
        database.close()
        accounts = {Side.HUBSPOT: str(world.hubspot.settings.portal_id), Side.SALESFORCE: world.salesforce.id}
    assert {side: (told["failed"], told["pending"]) for side, told in tally.items()} == {
        "hubspot": (0, 0),
        "salesforce": (0, 0),
    }
    assert len(rows) == sum(told["acknowledged"] for told in tally.values()) > 10
    told = [readers(accounts)[row.post.source](row.post.headers, row.post.body) for row in rows]
    assert {str(ref) for one in told for ref, _ in one.look_at} == changed
    assert [one.unknown for one in told if one.unknown] == []


def _changes(world: Any) -> set[str]:
    """Some people are made and edited on both sides; their refs."""
    changed = set()
    for number in range(12):
        email = f"person{number}@acme.example"
        made = act(world, "hubspot", "create", {"object": "contacts", "properties": {"email": email}})
        act(world, "hubspot", "edit", {"object": "contacts", "id": made["id"], "properties": {"lastname": "Zoë"}})
        lead = act(world, "salesforce", "create", {"sobject": "Lead", "values": {"LastName": email, "Company": "Acme"}})
        changed |= {f"hubspot:contacts:{made['id']}", f"salesforce:Lead:{lead['id']}"}
    return changed


def test_a_request_under_way_is_answered_before_the_process_stops(folder: Path, store: Database):
    """SIGTERM while the store is busy: the answer is 200, the row is there, and the process ends in order."""
    answers = list[int]()
    with serving(folder / "config.yaml") as served:
        assert post(served, [EVENT]).status == 200
        with store.begin():
            asking = Thread(target=lambda: answers.append(post(served, [EVENT, EVENT]).status))
            asking.start()
            time.sleep(0.3)
            served.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert answers == []
        asking.join()
        assert served.process.wait(20) == 0
    assert answers == [200]
    assert [len(orjson.loads(row.post.body)) for row in waiting(store)] == [1, 2]
    with store.read() as conn:
        assert pulses.alive(conn, NOW(), timedelta(days=1)) == [], "it has said goodbye"


def test_what_was_acknowledged_survives_a_kill_and_another_worker_answers(folder: Path, store: Database):
    with serving(folder / "config.yaml") as served:
        assert post(served, [EVENT]).status == 200
        os.kill(served.worker(), signal.SIGKILL)
        served.until_said("Booting worker", times=2)
        until(lambda: _status(served) == 200)
        assert post(served, [EVENT]).status == 200
    assert len(waiting(store)) == 2


def _status(served: Served) -> int:
    try:
        return urllib3.PoolManager().request("GET", served.url + "/ready", retries=False, timeout=5).status
    except urllib3.exceptions.HTTPError:
        return 0


def test_what_the_process_says_holds_no_secret_and_no_address_with_one(folder: Path):
    """Neither of requests that are answered, nor of such as are no HTTP."""
    outbound = SECRETS["SALESFORCE_OUTBOUND_SECRET"]
    with serving(folder / "config.yaml") as served:
        pool = urllib3.PoolManager()
        path = f"/webhooks/salesforce/outbound/{outbound}"
        assert pool.request("POST", served.url + path, body=b"<a/>", headers={"Content-Type": "text/xml"}).status == 400
        for line in (
            f"POST {path} HTTP/9.9",
            f"POST {path}",
            f"PO ST {path} HTTP/1.1",
            f"POST {path} HTTP/1.1\r\nA b: c",
        ):
            assert b" 200 " not in _raw(served, f"{line}\r\nHost: x\r\n\r\n".encode())
        assert served.stop() == 0
    said = "".join(served.said)
    assert '"endpoint":"outbound"' in said
    for secret in SECRETS.values():
        assert f"/{secret}" not in said
    assert outbound not in said


def _raw(served: Served, request: bytes) -> bytes:
    host = urlsplit(served.url)
    with socket.create_connection((host.hostname, host.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4096), b""))


def test_a_body_in_chunks_is_taken_up_to_the_limit(folder: Path, store: Database):
    with serving(folder / "config.yaml") as served:
        url = served.url + "/webhooks/hubspot"
        for size, status in ((60_000, 200), (70_000, 413)):
            body = b"[" + b" " * size + b"]"
            headers = signing.headers(SECRETS["HUBSPOT_CLIENT_SECRET"], url, body, int(NOW().timestamp() * 1000))
            answer = urllib3.PoolManager().request("POST", url, body=iter([body]), headers=headers, retries=False)
            assert answer.status == status
    assert [len(row.post.body) for row in waiting(store)] == [60_002]
    with store.read() as conn:
        assert tallies.all(conn) == {"refused.hubspot.too_large": 1, "taken.hubspot": 1}


def test_what_a_proxy_says_is_not_believed_unless_it_is_named(folder: Path):
    """The server itself must not believe it either, who is called from this machine."""
    with serving(folder / "config.yaml") as served:
        url, body = served.url + "/webhooks/hubspot", b"[]"
        signed_as = url.replace("http://", "https://")
        headers = signing.headers(SECRETS["HUBSPOT_CLIENT_SECRET"], signed_as, body, int(NOW().timestamp() * 1000))
        forwarded = {**headers, "X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on"}
        assert urllib3.PoolManager().request("POST", url, body=body, headers=forwarded).status == 401


def test_a_port_that_is_taken_is_told_and_nothing_is_started(folder: Path):
    config = folder / "config.yaml"
    with serving(config) as served:
        config.write_text(config.read_text().replace("port: 0", f"port: {urlsplit(served.url).port}"))
        second = subprocess.run(
            command(config), env={**os.environ, **SECRETS}, capture_output=True, text=True, check=False
        )
        assert second.returncode == 1
        assert "Connection in use" in second.stderr
        assert "Listening on" not in second.stderr
        assert post(served, [EVENT]).status == 200
