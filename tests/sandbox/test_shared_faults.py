"""Faults as the caller of an API meets them, and the tally of calls."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime

import orjson
import pytest

from connector.sandbox.counters import PATHS_MAX, Counters, folded
from connector.sandbox.exchange import Request, Response, Wire
from connector.sandbox.faults import with_faults
from connector.sandbox.services import Fault, Services

TRUE_ANSWER = orjson.dumps({"id": "501", "properties": {"email": "a@b.example"}})
CREATE = Request("POST", "/crm/v3/objects/contacts")


class Store:
    """Counts what took effect."""

    def __init__(self) -> None:
        self.writes = 0

    def handle(self, request: Request) -> Response:
        self.writes += 1
        return Response(201, TRUE_ANSWER, {"Content-Type": "application/json"})


@pytest.fixture
def services() -> Services:
    return Services.of(1, lambda: datetime(2026, 11, 2, tzinfo=UTC))


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def struck(services: Services, store: Store) -> Callable[..., Response]:
    def call(kind: str, *, side: str = "hubspot", after_commit: bool = False, **params) -> Response:
        services.faults.clear()
        services.faults.add(Fault(kind, after_commit=after_commit, params=params))
        return with_faults(side, store.handle, services)(CREATE)

    return call


def test_without_rules_a_call_passes_untouched(services: Services, store: Store) -> None:
    response = with_faults("hubspot", store.handle, services)(CREATE)
    assert (response.status, response.body, response.wire, response.delay_s) == (201, TRUE_ANSWER, Wire.WHOLE, 0.0)


@pytest.mark.parametrize("kind", ["status", "reset", "truncated", "truncated_gzip", "html_200", "hang"])
def test_a_fault_before_the_commit_keeps_the_call_from_taking_effect(struck, store: Store, kind: str) -> None:
    struck(kind)
    assert store.writes == 0


@pytest.mark.parametrize("kind", ["slow", "trickle"])
def test_a_slow_call_takes_effect_all_the_same(struck, store: Store, kind: str) -> None:
    assert (struck(kind).body, store.writes) == (TRUE_ANSWER, 1)


@pytest.mark.parametrize("kind", ["status", "reset", "truncated", "truncated_gzip", "html_200", "hang", "slow"])
def test_a_fault_after_the_commit_spoils_only_the_answer(struck, store: Store, kind: str) -> None:
    struck(kind, after_commit=True)
    assert store.writes == 1


def test_a_created_record_whose_answer_is_lost_is_a_reset_after_the_commit(struck) -> None:
    assert struck("reset", after_commit=True).wire is Wire.RESET


def test_a_truncated_answer_is_the_true_one_cut_on_the_wire(struck) -> None:
    response = struck("truncated", after_commit=True)
    assert (response.wire, response.body) == (Wire.TRUNCATED, TRUE_ANSWER)


def test_a_truncated_gzip_is_whole_to_http_and_broken_to_gzip(struck) -> None:
    response = struck("truncated_gzip", after_commit=True)
    assert (response.wire, response.headers["Content-Encoding"]) == (Wire.WHOLE, "gzip")
    with pytest.raises(EOFError):
        gzip.decompress(response.body)


def test_a_proxy_page_answers_200_with_html(struck) -> None:
    response = struck("html_200")
    assert (response.status, response.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")
    assert response.body.startswith(b"<html>")


def test_hanging_and_slowness_last_as_long_as_told(struck) -> None:
    assert (struck("hang").delay_s, struck("hang", seconds=5).delay_s) == (3600.0, 5.0)
    assert (struck("slow").delay_s, struck("slow", seconds=0.5).delay_s) == (30.0, 0.5)
    assert struck("hang").wire is Wire.RESET


def test_a_rate_limit_of_hubspot_speaks_as_hubspot_does(struck) -> None:
    response = struck("status", status=429)
    assert orjson.loads(response.body)["policyName"] == "TEN_SECONDLY_ROLLING"
    assert "Retry-After" not in response.headers


def test_a_rate_limit_of_salesforce_speaks_as_salesforce_does(struck) -> None:
    response = struck("status", side="salesforce", status=403)
    assert orjson.loads(response.body) == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]


@pytest.mark.parametrize(
    ("status", "params", "begins"),
    [
        pytest.param(500, {}, b"{", id="HubSpot's own failure is JSON"),
        pytest.param(502, {}, b"<html>", id="the edge speaks HTML"),
        pytest.param(524, {}, b"<html>", id="also with statuses HTTP does not know"),
        pytest.param(420, {}, b"", id="the edge may say nothing"),
        pytest.param(503, {"body": "json"}, b"{", id="the form can be chosen"),
        pytest.param(500, {"body": "empty"}, b"", id="even none"),
        pytest.param(400, {"content": [1, 2]}, b"[1,2]", id="and so can the content"),
    ],
)
def test_a_status_comes_in_the_form_its_sender_uses(struck, status: int, params, begins: bytes) -> None:
    response = struck("status", status=status, **params)
    assert response.status == status
    assert response.body == begins if not begins else response.body.startswith(begins)


def test_headers_of_a_fault_are_sent(struck) -> None:
    assert struck("status", status=477, headers={"Retry-After": 3600}).headers["Retry-After"] == "3600"


def test_latency_delays_every_answer_and_adds_to_a_fault(services: Services, store: Store, struck) -> None:
    services.settings.latency_s = 0.2
    assert struck("slow", seconds=1).delay_s == pytest.approx(1.2)
    services.faults.clear()
    assert with_faults("hubspot", store.handle, services)(CREATE).delay_s == pytest.approx(0.2)
    services.settings.latency_jitter_s = 0.1
    delays = [with_faults("hubspot", store.handle, services)(CREATE).delay_s for _ in range(20)]
    assert 0.2 <= min(delays) < max(delays) <= 0.3


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/crm/v3/objects/contacts/501", "/crm/v3/objects/contacts/{id}"),
        ("/crm/objects/2026-03/contacts/501/associations", "/crm/objects/2026-03/contacts/{id}/associations"),
        ("/services/data/v67.0/sobjects/Lead/00Q5f000005bwLFEAY", "/services/data/v67.0/sobjects/Lead/{id}"),
        ("/services/data/v67.0/query/01g5f000005bwLFEAY-2000", "/services/data/v67.0/query/{id}"),
        ("/services/data/v67.0/sobjects/Lead/Ext__c/a%40b.example", "/services/data/v67.0/sobjects/Lead/Ext__c/{id}"),
        ("/crm/v3/objects/contacts/batch/read", "/crm/v3/objects/contacts/batch/read"),
        ("/crm/v3/properties/marketingqualified", "/crm/v3/properties/marketingqualified"),
    ],
)
def test_ids_in_paths_are_folded_and_names_are_not(path: str, expected: str) -> None:
    assert folded(path) == expected


def test_calls_are_tallied_by_path_and_status() -> None:
    counters = Counters()
    counters.record("GET", "/crm/v3/objects/contacts/1", 200)
    counters.record("GET", "/crm/v3/objects/contacts/2", 429)
    counters.record("POST", "/crm/v3/objects/contacts", None)
    assert counters.as_dict() == {
        "calls": 3,
        "too_many_requests": 1,
        "unanswered": 1,
        "by_path": {"GET /crm/v3/objects/contacts/{id}": 2, "POST /crm/v3/objects/contacts": 1},
        "by_status": {"200": 1, "429": 1},
    }
    counters.clear()
    assert counters.as_dict()["calls"] == 0


def test_a_caller_trying_endless_paths_does_not_fill_the_tally() -> None:
    counters = Counters()
    for number in range(PATHS_MAX + 50):
        counters.record("GET", f"/x/name{number}", 404)
    told = counters.as_dict()
    assert (told["calls"], len(told["by_path"]), told["by_path"]["GET (other)"]) == (PATHS_MAX + 50, PATHS_MAX + 1, 50)
