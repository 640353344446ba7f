"""The sandbox as a whole over real HTTP: both doors, the admin API, and the process."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event

import pytest
import requests

from connector.sandbox.exchange import Request, Response
from connector.sandbox.parcels import DeliverySettings
from connector.sandbox.process import Plan, Running, serve_in_thread
from connector.sandbox.server import Server

START = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)
HUBSPOT_LOGIN = {"Authorization": "Bearer sandbox-hubspot-token"}


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with serve_in_thread(lambda: START, Plan(seed=7, deliver=False)) as running:
        yield running


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers.update(HUBSPOT_LOGIN)
        yield session


def create(sandbox: Running, http: requests.Session, email: str) -> requests.Response:
    url = f"{sandbox.hubspot_url}/crm/v3/objects/contacts"
    return http.post(url, json={"properties": {"email": email}}, timeout=5)


def test_each_port_speaks_its_own_crm(sandbox: Running, http: requests.Session) -> None:
    answer = create(sandbox, http, "ada@b.example")
    assert (answer.status_code, answer.json()["properties"]["email"]) == (201, "ada@b.example")
    versions = http.get(f"{sandbox.salesforce_url}/services/data/", timeout=5).json()
    assert {"version"} <= set(versions[0])


def test_the_clock_can_be_read_moved_and_frozen_from_either_port(sandbox: Running, http: requests.Session) -> None:
    hubspot, salesforce = f"{sandbox.hubspot_url}/_sandbox", f"{sandbox.salesforce_url}/_sandbox"
    first = http.get(f"{hubspot}/clock", timeout=5).json()
    assert first == {"now": "2026-11-02T08:15:30+00:00", "frozen": False, "skews_s": {}}
    http.post(f"{salesforce}/clock/advance", json={"seconds": 90}, timeout=5)
    assert http.get(f"{hubspot}/clock", timeout=5).json()["now"] == "2026-11-02T08:17:00+00:00"
    http.post(f"{hubspot}/clock/freeze", json={"at": "2027-01-01T00:00:00Z"}, timeout=5)
    answer = http.get(f"{salesforce}/clock", timeout=5)
    assert answer.json() == {"now": "2027-01-01T00:00:00+00:00", "frozen": True, "skews_s": {}}
    assert answer.headers["Date"] == "Fri, 01 Jan 2027 00:00:00 GMT"


def test_the_clock_of_one_side_can_be_set_off(sandbox: Running, http: requests.Session) -> None:
    clock = f"{sandbox.hubspot_url}/_sandbox/clock"
    told = http.post(f"{clock}/skew", json={"side": "salesforce", "seconds": -90}, timeout=5).json()
    assert told["skews_s"] == {"salesforce": -90.0}
    dates = [http.get(url, timeout=5).headers["Date"] for url in (sandbox.hubspot_url, sandbox.salesforce_url)]
    assert dates == ["Mon, 02 Nov 2026 08:15:30 GMT", "Mon, 02 Nov 2026 08:14:00 GMT"]
    refused = http.post(f"{clock}/skew", json={"side": "zoho", "seconds": 1}, timeout=5)
    assert (refused.status_code, refused.json()["error"]) == (400, "side: 'zoho' is none of hubspot, salesforce")


def test_a_created_but_unanswered_contact_exists_and_is_in_the_log(sandbox: Running, http: requests.Session) -> None:
    admin = f"{sandbox.hubspot_url}/_sandbox"
    rule = {"kind": "reset", "side": "hubspot", "method": "POST", "times": 1, "after_commit": True}
    number = http.post(f"{admin}/faults", json=rule, timeout=5).json()["number"]
    with pytest.raises(requests.ConnectionError):
        create(sandbox, http, "lost@b.example")
    assert create(sandbox, http, "lost@b.example").status_code == 409
    writes = http.get(f"{admin}/writes?side=hubspot", timeout=5).json()["writes"]
    assert [line["changes"]["email"] for line in writes if line["operation"] == "create"] == ["lost@b.example"]
    faults = http.get(f"{admin}/faults", timeout=5).json()["faults"]
    assert [(fault["number"], fault["hits"], fault["times"]) for fault in faults] == [(number, 1, 1)]
    assert http.delete(f"{admin}/faults/{number}", timeout=5).json() == {"cleared": 1}


def test_faults_and_tallies_leave_the_admin_api_alone(sandbox: Running, http: requests.Session) -> None:
    admin = f"{sandbox.salesforce_url}/_sandbox"
    http.post(f"{admin}/faults", json={"kind": "status", "params": {"status": 429}}, timeout=5)
    assert create(sandbox, http, "a@b.example").status_code == 429
    told = http.get(f"{admin}/counters", timeout=5).json()
    assert told["hubspot"] == {
        "calls": 1,
        "too_many_requests": 1,
        "unanswered": 0,
        "by_path": {"POST /crm/v3/objects/contacts": 1},
        "by_status": {"429": 1},
    }
    assert told["salesforce"]["calls"] == 0
    assert http.delete(f"{admin}/counters", timeout=5).json()["hubspot"]["calls"] == 0


def test_the_log_is_read_on_from_the_last_line_known(sandbox: Running, http: requests.Session) -> None:
    admin = f"{sandbox.hubspot_url}/_sandbox"
    create(sandbox, http, "one@b.example")
    known = http.get(f"{admin}/writes", timeout=5).json()["count"]
    create(sandbox, http, "two@b.example")
    new = http.get(f"{admin}/writes?after={known}", timeout=5).json()["writes"]
    assert {line["changes"].get("email", "two@b.example") for line in new} == {"two@b.example"}
    assert new[0]["seq"] == known + 1


def test_settings_are_shown_and_changed_within_their_types(sandbox: Running, http: requests.Session) -> None:
    admin = f"{sandbox.hubspot_url}/_sandbox"
    http.patch(f"{admin}/settings/shared", json={"latency_s": 0.01}, timeout=5)
    http.patch(f"{admin}/settings/hubspot", json={"search_lag_s": 0}, timeout=5)
    told = http.get(f"{admin}/settings", timeout=5).json()
    assert (told["shared"]["latency_s"], told["hubspot"]["search_lag_s"]) == (0.01, 0.0)
    assert sandbox.world.services.settings.latency_s == 0.01


def test_a_record_can_be_looked_at_as_it_is(sandbox: Running, http: requests.Session) -> None:
    number = create(sandbox, http, "seen@b.example").json()["id"]
    found = http.get(f"{sandbox.hubspot_url}/_sandbox/hubspot/records/contacts/{number}", timeout=5)
    assert (found.status_code, "seen@b.example" in found.text) == (200, True)
    assert http.get(f"{sandbox.hubspot_url}/_sandbox/hubspot/records/contacts/999999", timeout=5).status_code == 404


def test_people_act_through_the_admin_api_and_the_log_says_that_it_was_a_person(
    sandbox: Running, http: requests.Session
) -> None:
    admin = f"{sandbox.hubspot_url}/_sandbox"
    number = create(sandbox, http, "gone@b.example").json()["id"]
    offered = http.get(f"{admin}/hubspot/do", timeout=5).json()
    assert "archive" in offered
    done = http.post(f"{admin}/hubspot/do/archive", json={"object": "contacts", "id": number}, timeout=5)
    assert done.status_code == 200, done.text
    assert http.get(f"{sandbox.hubspot_url}/crm/v3/objects/contacts/{number}", timeout=5).status_code == 404
    last = http.get(f"{admin}/writes", timeout=5).json()["writes"][-1]
    assert (last["id"], last["actor"].partition(":")[0]) == (number, "user")


@pytest.mark.parametrize(
    ("call", "body", "refusal"),
    [
        pytest.param("GET /nowhere", None, (404, "GET /_sandbox/ lists"), id="an unknown route"),
        pytest.param("POST /clock/advance", {"seconds": "9"}, (400, "not a number"), id="text where a number goes"),
        pytest.param("POST /clock/advance", {"seconds": -9}, (400, "only moves forward"), id="time running backwards"),
        pytest.param("POST /clock/freeze", {"at": "soon"}, (400, "neither null nor"), id="a moment that is none"),
        pytest.param("POST /clock/freeze", {"at": "2026-01-01"}, (400, "aware"), id="a moment without a zone"),
        pytest.param("POST /faults", {"kind": "boom"}, (400, "none of"), id="an unknown kind of fault"),
        pytest.param("POST /faults", {"kin": "reset"}, (400, "kin"), id="a misspelt key of a fault"),
        pytest.param("GET /writes?after=x", None, (400, "not a whole number"), id="a line number that is none"),
        pytest.param("PATCH /settings/shared", {"latency": 1}, (400, "latency_s"), id="a misspelt setting"),
        pytest.param("PATCH /settings/shared", {"gzip_enabled": 1}, (400, "not bool"), id="a setting of another type"),
        pytest.param("PATCH /settings/shared", {"latency_s": True}, (400, "not float"), id="a switch for a number"),
        pytest.param("POST /populate", {"people": 0}, (400, "between 1"), id="a population of nobody"),
        pytest.param("POST /populate", {"shape": "odd"}, (400, "believable"), id="an unknown shape"),
        pytest.param("POST /hubspot/do/dance", {}, (400, "there are"), id="an unknown act"),
        pytest.param("POST /hubspot/do/archive", {"x": 1}, (400, "arguments:"), id="an unknown argument"),
        pytest.param("POST /faults", [1], (400, "not a JSON object"), id="a body that is a list"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(
    sandbox: Running, http: requests.Session, call: str, body, refusal: tuple[int, str]
) -> None:
    method, path = call.split(" ")
    answer = http.request(method, f"{sandbox.hubspot_url}/_sandbox{path}", json=body, timeout=5)
    assert answer.status_code == refusal[0]
    assert refusal[1] in answer.json()["error"]


def test_a_population_is_made_once_and_its_digest_tells_of_it(sandbox: Running, http: requests.Session) -> None:
    admin = f"{sandbox.hubspot_url}/_sandbox"
    empty = http.get(f"{admin}/digest", timeout=5).json()["digest"]
    told = http.post(f"{admin}/populate", json={"people": 200}, timeout=20).json()
    assert (told["people"], told["sorts"]["shared_mailbox"]) == (200, 4)
    assert http.get(f"{admin}/digest", timeout=5).json()["digest"] != empty
    again = http.post(f"{admin}/populate", json={"people": 200}, timeout=20)
    assert (again.status_code, "already" in again.json()["error"]) == (400, True)


def test_events_are_listed_from_a_place_on(sandbox: Running, http: requests.Session) -> None:
    create(sandbox, http, "a@b.example")
    admin = f"{sandbox.hubspot_url}/_sandbox/hubspot/events"
    told = http.get(admin, timeout=5).json()
    assert told["count"] == len(told["events"]) > 1
    assert http.get(f"{admin}?after={told['count'] - 1}", timeout=5).json()["events"] == told["events"][-1:]


def test_delivery_can_be_stepped_by_hand(sandbox: Running, http: requests.Session) -> None:
    admin = f"{sandbox.hubspot_url}/_sandbox"
    url = {"hubspot_url": "http://127.0.0.1:9/nobody", "hubspot_group_s": 0}
    http.patch(f"{admin}/settings/delivery", json=url, timeout=5)
    create(sandbox, http, "a@b.example")
    told = http.post(f"{admin}/deliver", timeout=5).json()["hubspot"]
    assert (told["attempts"], told["failed"], told["pending"]) == (1, 1, 1)


def test_a_list_setting_can_be_replaced(sandbox: Running, http: requests.Session) -> None:
    admin = f"{sandbox.hubspot_url}/_sandbox"
    http.patch(f"{admin}/settings/hubspot", json={"scopes": ["oauth"]}, timeout=5)
    assert sandbox.world.hubspot.settings.scopes == ("oauth",)


def test_many_callers_at_once_lose_nothing(sandbox: Running, http: requests.Session) -> None:
    sandbox.world.services.settings.quotas_enforced = False

    def caller(number: int) -> list[int]:
        with requests.Session() as own:
            own.headers.update(HUBSPOT_LOGIN)
            return [create(sandbox, own, f"{number}.{n}@b.example").status_code for n in range(25)]

    with ThreadPoolExecutor(8) as pool:
        answers = [status for statuses in pool.map(caller, range(8)) for status in statuses]
    assert answers == [201] * 200
    assert sandbox.world.counters["hubspot"].as_dict()["by_status"] == {"201": 200}
    assert len({line["id"] for line in sandbox.world.services.log.entries(side="hubspot")}) == 200


def test_events_leave_by_themselves_when_the_sandbox_is_left_to_deliver() -> None:
    arrived = Event()

    def receive(request: Request) -> Response:
        arrived.set()
        return Response(200)

    with Server(receive, lambda: START) as receiver:
        settings = DeliverySettings(hubspot_url=receiver.url, hubspot_group_s=0)
        with serve_in_thread(lambda: START, Plan(delivery=settings)) as running, requests.Session() as session:
            session.headers.update(HUBSPOT_LOGIN)
            create(running, session, "a@b.example")
            assert arrived.wait(5)


def test_what_the_crm_itself_refuses_a_person_is_told_in_its_words(sandbox: Running, http: requests.Session) -> None:
    lead = {"sobject": "Lead", "values": {"LastName": "Only"}}
    answer = http.post(f"{sandbox.salesforce_url}/_sandbox/salesforce/do/create", json=lead, timeout=5)
    assert answer.status_code == 400
    assert "REQUIRED_FIELD_MISSING" in answer.json()["error"]


def test_a_body_that_is_no_json_is_refused(sandbox: Running, http: requests.Session) -> None:
    answer = http.post(f"{sandbox.hubspot_url}/_sandbox/faults", data=b"{kind", timeout=5)
    assert (answer.status_code, "not JSON" in answer.json()["error"]) == (400, True)


def test_every_route_is_listed(sandbox: Running, http: requests.Session) -> None:
    routes = http.get(f"{sandbox.hubspot_url}/_sandbox/", timeout=5).json()["routes"]
    assert "POST /_sandbox/clock/advance" in routes
    assert "POST /_sandbox/{side}/do/{action}" in routes


def test_the_process_prints_both_urls_serves_and_ends_when_told() -> None:
    command = [sys.executable, "-m", "connector.sandbox", "--seed", "3", "--people", "200"]
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        digest = requests.get(f"{told['salesforce']}/_sandbox/digest", timeout=5).json()["digest"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert told["population"]["people"] == 200
    assert len(digest) == 64
    assert time.monotonic() - started < 20
