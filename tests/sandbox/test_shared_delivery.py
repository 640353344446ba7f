"""Webhooks and outbound messages over real HTTP, to a receiver that may refuse, be slow or be absent."""

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import orjson
import pytest

from connector.sandbox.acts import act
from connector.sandbox.delivery import Delivery
from connector.sandbox.exchange import Request, Response
from connector.sandbox.parcels import DeliverySettings
from connector.sandbox.server import Server
from connector.sandbox.world import World

START = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SPACES = {"o": "http://soap.sforce.com/2005/09/outbound", "sf": "urn:sobject.enterprise.soap.sforce.com"}
ACK = b'<e><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></e>'


class Receiver:
    """Keeps what it was sent and answers as told."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer = Response(200, ACK)

    def handle(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(self.answer.status, self.answer.body, delay_s=self.answer.delay_s)

    def events(self) -> list[list[dict]]:
        return [request.json() for request in self.requests]

    def notices(self) -> list[list[str]]:
        found = (ET.fromstring(request.body).findall(".//o:Notification/o:Id", SPACES) for request in self.requests)
        return [[notice.text or "" for notice in each] for each in found]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def url(receiver: Receiver) -> Iterator[str]:
    with Server(receiver.handle, lambda: START) as server:
        yield f"{server.url}/hooks?src=hs%3Aapp"


@pytest.fixture
def world() -> World:
    return World(1, lambda: START)


@pytest.fixture
def hubspot(world: World, url: str) -> Delivery:
    return Delivery(world, DeliverySettings(hubspot_url=url, concurrency=1))


@pytest.fixture
def salesforce(world: World, url: str) -> Delivery:
    return Delivery(world, DeliverySettings(salesforce_url=url, concurrency=1))


def make_contact(world: World, email: str) -> None:
    body = orjson.dumps({"properties": {"email": email}})
    headers = {"authorization": "Bearer sandbox-hubspot-token", "content-type": "application/json"}
    answer = world.door("hubspot")(Request("POST", "/crm/v3/objects/contacts", "", headers, body))
    assert answer.status == 201, answer.body


def make_lead(world: World, name: str) -> str:
    made = act(world, "salesforce", "create", {"sobject": "Lead", "values": {"LastName": name, "Company": "Firm"}})
    return made["id"]


def test_events_gather_for_the_window_and_leave_in_one_signed_request(
    world: World, hubspot: Delivery, receiver: Receiver, url: str
) -> None:
    make_contact(world, "a@b.example")
    hubspot.deliver(START)
    assert receiver.requests == []
    make_contact(world, "b@b.example")
    told = hubspot.deliver(START + SECOND)["hubspot"]
    (request,) = receiver.requests
    kinds = {event["subscriptionType"] for event in request.json()}
    assert {"contact.creation", "contact.propertyChange"} <= kinds
    assert (told["attempts"], told["acknowledged"], told["pending"]) == (1, 1, 0)
    signed = b"POST" + url.replace("%3A", ":").encode() + request.body
    stamp = request.headers["x-hubspot-request-timestamp"]
    assert int(stamp) == int((START + SECOND).timestamp() * 1000)
    expected = hmac.new(b"sandbox-hubspot-secret", signed + stamp.encode(), hashlib.sha256).digest()
    assert base64.b64decode(request.headers["x-hubspot-signature-v3"]) == expected


def test_no_request_carries_more_than_a_hundred_events(world: World, hubspot: Delivery, receiver: Receiver) -> None:
    for number in range(120):
        make_contact(world, f"{number}@b.example")
    hubspot.deliver(START)
    hubspot.deliver(START + SECOND)
    sizes = [len(events) for events in receiver.events()]
    assert max(sizes) == 100
    assert sum(sizes) == len(world.hubspot.events)


def test_a_refused_request_is_tried_ten_times_more_with_a_fresh_stamp_and_then_given_up(
    world: World, hubspot: Delivery, receiver: Receiver
) -> None:
    receiver.answer = Response(503)
    make_contact(world, "a@b.example")
    now = START
    for _ in range(900):
        now += SECOND / 5
        told = hubspot.deliver(now)["hubspot"]
    assert [events[0]["attemptNumber"] for events in receiver.events()] == list(range(11))
    assert len({request.headers["x-hubspot-request-timestamp"] for request in receiver.requests}) == 11
    assert (told["failed"], told["dropped"], told["acknowledged"], told["pending"]) == (11, 1, 0, 0)


def test_a_receiver_slower_than_five_seconds_has_not_taken_the_request(
    world: World, hubspot: Delivery, receiver: Receiver
) -> None:
    hubspot.settings.hubspot_timeout_s = 0.1  # five seconds in life
    receiver.answer = Response(200, delay_s=0.4)
    make_contact(world, "a@b.example")
    hubspot.deliver(START)
    assert hubspot.deliver(START + SECOND)["hubspot"]["failed"] == 1


def test_an_absent_receiver_gets_it_when_it_is_back(world: World, receiver: Receiver) -> None:
    delivery = Delivery(world, DeliverySettings(hubspot_url="http://127.0.0.1:9/hooks", concurrency=1))
    make_contact(world, "a@b.example")
    delivery.deliver(START)
    assert delivery.deliver(START + SECOND)["hubspot"]["pending"] == 1
    with Server(receiver.handle, lambda: START) as server:
        delivery.settings.hubspot_url = f"{server.url}/hooks"
        told = delivery.deliver(START + 60 * SECOND)["hubspot"]
    assert (told["acknowledged"], told["pending"], len(receiver.requests)) == (1, 0, 1)


def test_duplicates_and_disorder_lose_nothing(world: World, hubspot: Delivery, receiver: Receiver) -> None:
    hubspot.settings.duplicate_rate, hubspot.settings.reorder = 1.0, True
    for number in range(60):
        make_contact(world, f"{number}@b.example")
    hubspot.deliver(START)
    hubspot.deliver(START + SECOND)
    sent = [orjson.dumps(event) for events in receiver.events() for event in events]
    inside = [orjson.dumps(event) for event in world.hubspot.events]
    assert sorted(sent) == sorted(inside * 2)
    assert sent[: len(inside)] != inside


def test_requests_to_one_receiver_overlap(world: World, hubspot: Delivery, receiver: Receiver) -> None:
    hubspot.settings.concurrency, hubspot.settings.batch_max = 10, 5
    for number in range(20):
        make_contact(world, f"{number}@b.example")
    receiver.answer = Response(200, delay_s=0.1)
    started = time.monotonic()
    told = hubspot.deliver(START)["hubspot"]
    assert told["acknowledged"] == len(receiver.requests) >= 8
    assert time.monotonic() - started < 0.1 * len(receiver.requests)


def test_old_portals_name_the_subscription_eventtype(world: World, hubspot: Delivery, receiver: Receiver) -> None:
    hubspot.settings.old_event_names = True
    make_contact(world, "a@b.example")
    hubspot.deliver(START)
    hubspot.deliver(START + SECOND)
    assert all("eventType" in event and "subscriptionType" not in event for event in receiver.events()[0])


def test_without_a_receiver_events_are_let_go_and_do_not_pile_up(world: World, url: str, receiver: Receiver) -> None:
    delivery = Delivery(world)
    make_contact(world, "early@b.example")
    delivery.deliver(START)
    delivery.settings.hubspot_url = url
    make_contact(world, "late@b.example")
    delivery.deliver(START)
    delivery.deliver(START + SECOND)
    values = {event.get("propertyValue") for events in receiver.events() for event in events}
    assert "late@b.example" in values
    assert "early@b.example" not in values


def test_a_changed_lead_is_told_with_its_organisation_and_nothing_but_the_id_and_stamp(
    world: World, salesforce: Delivery, receiver: Receiver
) -> None:
    lead = make_lead(world, "Ångström")
    told = salesforce.deliver(START)["salesforce"]
    root = ET.fromstring(receiver.requests[0].body)
    fields = root.find(".//o:sObject", SPACES)
    assert (told["acknowledged"], told["pending"]) == (1, 0)
    assert root.findtext(".//o:OrganizationId", namespaces=SPACES) == world.salesforce.id
    assert fields is not None
    assert {field.tag.partition("}")[2]: field.text for field in fields} == {
        "Id": lead,
        "SystemModstamp": "2026-11-02T08:15:30.000Z",
    }
    assert receiver.requests[0].headers["content-type"] == "text/xml; charset=utf-8"


def test_a_200_without_the_acknowledgement_is_repeated_with_the_same_notification_id(
    world: World, salesforce: Delivery, receiver: Receiver
) -> None:
    receiver.answer = Response(200, b"OK")
    make_lead(world, "Lead")
    salesforce.deliver(START)
    receiver.answer = Response(200, ACK)
    told = salesforce.deliver(START + SECOND)["salesforce"]
    first, second = receiver.notices()
    assert first == second
    assert (told["failed"], told["acknowledged"]) == (1, 1)


def test_a_message_nobody_acknowledges_for_a_day_is_dropped(
    world: World, salesforce: Delivery, receiver: Receiver
) -> None:
    receiver.answer = Response(500)
    make_lead(world, "Lead")
    for tick in range(80):
        told = salesforce.deliver(START + tick * SECOND)["salesforce"]
    assert (told["dropped"], told["pending"], told["acknowledged"]) == (1, 0, 0)
    assert told["attempts"] > 10


def test_many_changes_leave_in_messages_of_a_hundred(world: World, salesforce: Delivery, receiver: Receiver) -> None:
    for number in range(130):
        make_lead(world, f"Lead {number}")
    salesforce.deliver(START)
    assert [len(notices) for notices in receiver.notices()] == [100, 30]


def test_deletions_are_never_told(world: World, salesforce: Delivery, receiver: Receiver) -> None:
    lead = make_lead(world, "Lead")
    salesforce.deliver(START)
    receiver.requests.clear()
    act(world, "salesforce", "delete", {"ids": [lead]})
    salesforce.deliver(START + SECOND)
    assert receiver.requests == []
