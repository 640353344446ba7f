"""A deployed flow sends its outbound message: to its own address, with its own fields, when it says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.sandbox.acts import act
from connector.sandbox.delivery import Delivery
from connector.sandbox.parcels import DeliverySettings
from connector.sandbox.server import Server
from connector.sandbox.world import World
from tests.sandbox.salesforce.conftest import Api
from tests.sandbox.salesforce.deploying import deploy, document, manifest, said, together, whole
from tests.sandbox.test_shared_delivery import Receiver

START = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)
PLACE = {"locationX": 50, "locationY": 0}


def telling(url: str, *, on: str = "CreateAndUpdate", status: str = "Active") -> dict[str, bytes]:
    """A message about leads, and the flow that sends it."""
    message = {
        "fullName": "Told", "apiVersion": "67.0", "endpointUrl": url, "fields": ["Id", "Email", "SystemModstamp"],
        "includeSessionId": False, "integrationUser": "bridge@example.test", "name": "Told", "protected": False,
        "useDeadLetterQueue": False,
    }  # fmt: skip
    send = {**PLACE, "name": "Send", "label": "Send", "actionName": "Lead.Told", "actionType": "outboundMessage"}
    start = {**PLACE, "connector": {"targetReference": "Send"}, "object": "Lead", "recordTriggerType": on}
    flow = {
        "actionCalls": send, "apiVersion": "67.0", "label": "Tell", "processType": "AutoLaunchedFlow",
        "start": {**start, "triggerType": "RecordAfterSave"}, "status": status,
    }  # fmt: skip
    files = {"workflows/Lead.workflow": document("Workflow", {"outboundMessages": message})}
    named = {**files, "package.xml": manifest(WorkflowOutboundMessage=["Lead.Told"])}
    return together(named, whole("Flow", "flows/Tell.flow", "Tell", flow))


@pytest.fixture
def world() -> World:
    found = World(1, lambda: START)
    found.services.clock.freeze(START)
    return found


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def sent(world: World, receiver: Receiver, delivery: Delivery) -> list[str]:
    """What comes of one delivery, as bodies."""
    del receiver.requests[:]
    delivery.deliver(START + timedelta(seconds=1))
    return [request.body.decode() for request in receiver.requests]


def make_lead(world: World, name: str) -> str:
    values = {"LastName": name, "Company": "Firm", "Email": f"{name}@x.example"}
    return str(act(world, "salesforce", "create", {"sobject": "Lead", "values": values})["id"])


def test_a_deployed_flow_sends_its_message_to_its_own_address(world: World, receiver: Receiver) -> None:
    delivery = Delivery(world, DeliverySettings(concurrency=1))
    with Server(receiver.handle, lambda: START) as server:
        make_lead(world, "before")
        assert sent(world, receiver, delivery) == []
        result = deploy(Api(world.salesforce), telling(f"{server.url}/om/secret"))
        assert result["status"] == "Succeeded"
        lead = make_lead(world, "after")
        [body] = sent(world, receiver, delivery)
    assert receiver.requests[0].path == "/om/secret"
    assert (said(body, "sf:Id"), said(body, "sf:Email")) == (lead, "after@x.example")
    assert said(body, "sf:SystemModstamp") == "2026-11-02T08:15:30.000Z"
    assert said(body, "ActionId") == world.salesforce.metadata.id("WorkflowOutboundMessage", "Lead.Told")


def test_a_flow_tells_of_what_it_starts_at_and_a_sleeping_one_of_nothing(world: World, receiver: Receiver) -> None:
    delivery, api = Delivery(world, DeliverySettings(concurrency=1)), Api(world.salesforce)
    with Server(receiver.handle, lambda: START) as server:
        deploy(api, telling(server.url, on="Update"))
        lead = make_lead(world, "new")
        assert sent(world, receiver, delivery) == []
        act(world, "salesforce", "edit", {"id": lead, "values": {"Title": "Boss"}})
        assert len(sent(world, receiver, delivery)) == 1
        deploy(api, telling(server.url, status="Draft"))
        make_lead(world, "next")
        assert sent(world, receiver, delivery) == []


def test_nothing_leaves_this_machine_and_the_address_of_the_settings_is_told_too(
    world: World, receiver: Receiver
) -> None:
    with Server(receiver.handle, lambda: START) as server:
        delivery = Delivery(world, DeliverySettings(salesforce_url=f"{server.url}/usual", concurrency=1))
        deploy(Api(world.salesforce), telling("https://bridge.example.com/om/secret"))
        make_lead(world, "new")
        assert len(sent(world, receiver, delivery)) == 1
        assert delivery.deliver(START + timedelta(seconds=2))["salesforce"]["pending"] == 0
        assert [request.path for request in receiver.requests] == ["/usual"]
