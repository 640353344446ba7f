"""A service on a day when much goes wrong writes logs in which nobody can be recognised and that open no door."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.sandbox.services import Fault
from connector.sandbox.signing import headers
from tests.cli.desk import SECRETS, Desk, desk

PATIENCE_S = 60.0
PERSON = {
    "firstname": "Zyxwvuta",
    "lastname": "Qponmlkova",
    "email": "zyxwvuta.qponmlkova@recognisable.example",
    "phone": "+44 7700 900123",
    "jobtitle": "Xylophonist-in-Chief",
}
DOORS = {
    "HUBSPOT_CLIENT_SECRET": "hubspots-client-secret-kept",
    "SALESFORCE_OUTBOUND_SECRET": "outbound-secret-kept-well",
    "SALESFORCE_EVENTS_SECRET": "events-secret-kept-as-well",
    "METRICS_TOKEN": "metrics-token-kept-too",
}
PORTAL = 1234567  # the sandbox's
RECEIVING = """
webhooks:
  hubspot:
    secrets: [env:HUBSPOT_CLIENT_SECRET]
  salesforce:
    outbound_secrets: [env:SALESFORCE_OUTBOUND_SECRET]
    events_secrets: [env:SALESFORCE_EVENTS_SECRET]
worker:
  polling: {least_s: 1, most_s: 1}
  quiet_s: 0
  longest_wait_s: 1
"""
OUTBOUND = """<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>
<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>00D000000000009</OrganizationId>
<Notification><sObject><LastName>{lastname}</LastName><Email>{email}</Email></sObject></Notification></notifications>
</soapenv:Body></soapenv:Envelope>"""


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Desk]:
    with desk(tmp_path_factory.mktemp("office")) as opened:
        text = opened.config.read_text()
        at = text.index("worker:\n")
        text = text[:at] + text[text.index("# Where people are told", at) :] + RECEIVING
        for old, new in (
            ("port: 8080", f"port: {port}"),
            ("#public_url: https://bridge.acme.example", f"public_url: http://127.0.0.1:{port}"),
            ("#metrics_token: env:METRICS_TOKEN", "metrics_token: env:METRICS_TOKEN"),
        ):
            assert old in text, old
            text = text.replace(old, new)
        opened.config.write_text(text)
        yield opened


class Service:
    """`smarketing run`, and what it says."""

    def __init__(self, office: Desk, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.log = office.folder / "run.log"
        program = Path(sys.executable).parent / "smarketing"
        with self.log.open("wb") as told:
            self._process = subprocess.Popen(
                [program, "run", "--config", office.config],
                env={**os.environ, **SECRETS, **DOORS},
                stdout=told,
                stderr=subprocess.STDOUT,
            )

    def stop(self) -> str:
        """End it; everything that it said."""
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(PATIENCE_S) == 0, self.log.read_text()
        return self.log.read_text()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def posts(self, path: str, body: bytes, **more: str) -> int:
        given = {"Content-Type": "application/json", **more}
        return requests.post(self.url + path, body, headers=given, timeout=10).status_code

    def events(self) -> Counter[str]:
        return Counter(json.loads(line).get("event", "") for line in lines(self.log.read_text()))


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("{") and line.endswith("}")]


def until(claim: Callable[[], bool], what: str, service: Service) -> None:
    end = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < end, f"{what}\n{service.log.read_text()}"
        time.sleep(0.1)


def healthy(service: Service) -> bool:
    try:
        return requests.get(f"{service.url}/ready", timeout=2).ok
    except requests.ConnectionError:
        return False


def hubspots(service: Service, contact: str, **event: Any) -> tuple[bytes, dict[str, str]]:
    """A signed batch that quotes the person, as HubSpot's do."""
    kind = {"subscriptionType": "contact.propertyChange", "objectId": int(contact), "propertyName": "email"}
    batch = [{**kind, "propertyValue": PERSON["email"], "portalId": PORTAL, "eventId": 1, "occurredAt": 1, **event}]
    body = json.dumps(batch).encode()
    return body, headers(
        DOORS["HUBSPOT_CLIENT_SECRET"], f"{service.url}/webhooks/hubspot", body, int(time.time() * 1000)
    )


@pytest.fixture(scope="module")
def said(office: Desk, port: int) -> Iterator[str]:
    """What a service says of a day on which much happens."""
    service = Service(office, port)
    try:
        until(lambda: healthy(service), "it starts", service)
        a_day(office, service)
        yield service.stop()
    finally:
        service.kill()


def a_day(office: Desk, service: Service) -> None:
    contact = office.marketer_adds(**PERSON).rpartition(":")[2]
    leads = office.running.world.salesforce.catalogue["Lead"]
    until(lambda: bool(leads.ids), "the person arrives", service)
    body, signed = hubspots(service, contact)
    assert service.posts("/webhooks/hubspot", body, **signed) == 200
    assert service.posts("/webhooks/hubspot", body, **{**signed, "X-HubSpot-Signature-v3": "forged"}) == 401
    strange, signed = hubspots(service, contact, subscriptionType="contact.dreamt")
    assert service.posts("/webhooks/hubspot", strange, **signed) == 200
    assert service.posts("/webhooks/salesforce/events", json.dumps(PERSON).encode()) == 401
    outbound = OUTBOUND.format(**PERSON).encode()
    xml = {"Content-Type": "text/xml"}
    secret = DOORS["SALESFORCE_OUTBOUND_SECRET"]
    assert service.posts(f"/webhooks/salesforce/outbound/{secret}", outbound, **xml) in (400, 401)
    assert service.posts(f"/webhooks/salesforce/outbound/{secret}x", outbound, **xml) == 401
    assert service.posts(f"/nowhere/{PERSON['email']}", body) == 404
    assert requests.get(f"{service.url}/metrics?who={PERSON['email']}", timeout=5).status_code == 401
    told = {"Authorization": f"Bearer {DOORS['METRICS_TOKEN']}"}
    assert PERSON["email"] not in requests.get(f"{service.url}/metrics", headers=told, timeout=5).text
    assert (
        'smarketing_processes{kind="run"} 1.0' in requests.get(f"{service.url}/metrics", headers=told, timeout=5).text
    )
    kept = office.folder / "kept.db"
    assert office.run("backup", str(kept), env=DOORS).code == 0
    assert "the store is in use by run@" in office.run("restore", str(kept), env=DOORS).err
    misbehave(office, service, contact)


def misbehave(office: Desk, service: Service, contact: str) -> None:
    """Refusals that quote the person, answers that break off, and in the end a revoked password."""
    world = office.running.world
    quoting = f"{PERSON['firstname']} {PERSON['lastname']} <{PERSON['email']}> may not have that title"
    office.does(
        "salesforce", "add_validation_rule", sobject="Lead", when="Title = 'Refused'", message=quoting, field="Title"
    )
    office.marketer_edits(f"hubspot:contacts:{contact}", jobtitle="Refused")
    for kind in ("status", "html_200", "truncated", "reset"):
        world.services.faults.add(Fault(kind, times=3))
    office.marketer_edits(f"hubspot:contacts:{contact}", lastname=f"{PERSON['lastname']}-Second")
    until(lambda: service.events()["reconciled"] > 0, "the edit is looked at", service)
    until(lambda: not any(left for _, _, left in active(office)), "faults strike", service)
    world.services.faults.add(Fault("status", params={"status": 401}, side="hubspot"))
    until(lambda: "Unauthorised" in service.log.read_text(), "a side that refuses us is told of", service)


def active(office: Desk) -> list[tuple[str, int, int]]:
    """Faults that may still strike: kind, how often they did, how often they still may."""
    found = office.running.world.services.faults.active()
    return [(fault.kind, struck, (fault.times or 0) - struck) for _, fault, struck in found]


def test_it_tells_what_happened(said: str):
    told = Counter(json.loads(line)["event"] for line in lines(said))
    assert told["request"] >= 8
    assert told["reconciled"] > 0
    services = {json.loads(line)["service"] for line in lines(said)}
    assert services == {"run"}


def test_every_line_after_the_greeting_is_json_and_has_the_first_keys(said: str):
    first = next(number for number, line in enumerate(said.splitlines()) if line.startswith("{"))
    for line in said.splitlines()[first:]:
        if line.startswith("Listening on"):
            continue
        told = json.loads(line)
        assert {"at", "level", "service", "event", "logger"} <= told.keys()
        assert "<withheld>" not in line, "a key that scrubbing.KEYS does not know"


def test_nobody_can_be_recognised(said: str):
    parts = {*PERSON.values(), PERSON["lastname"] + "-Second", "recognisable.example", "zyxwvuta", "7700 900123"}
    assert [part for part in sorted(parts) if part.casefold() in said.casefold()] == []


def test_no_secret_is_told(said: str):
    secrets = {name: secret for name, secret in {**SECRETS, **DOORS}.items() if name != "SMARKETING_USER"}
    assert [name for name, secret in secrets.items() if secret in said] == []


def test_a_change_can_be_followed_from_the_webhook_to_the_write(said: str):
    """The id of the request stands where it was answered and where it was folded; the record where it was written."""
    told = [json.loads(line) for line in lines(said)]
    taken = {line["request_id"] for line in told if line["event"] == "request" and line["status"] == 200}
    folded = [line for line in told if line.get("request_id") in taken and line["event"] != "request"]
    refs = {ref for line in folded for ref in line.get("refs", ())}
    assert refs
    reconciled = {ref for line in told if line["event"] == "reconciled" for ref in line.get("refs", ())}
    assert refs & reconciled
