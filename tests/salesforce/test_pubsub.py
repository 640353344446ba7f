"""Listening to Salesforce's event bus, against the sandbox's."""

from datetime import UTC, datetime

import pytest

from connector.sandbox.acts import act
from connector.sandbox.salesforce.pubsub import PubSubServer
from connector.sandbox.world import World
from tests.salesforce.bus import Kept, listening, until


@pytest.fixture
def world():
    world = World(3, lambda: datetime.now(UTC))
    world.salesforce.settings.change_keepalive_s = 0.05
    return world


@pytest.fixture
def org(world):
    return world.salesforce


def lead(world, name="Doe"):
    return act(world, "salesforce", "create", {"sobject": "Lead", "values": {"LastName": name, "Company": "Acme"}})[
        "id"
    ]


def test_a_change_is_heard_within_a_second(world, org):
    kept = Kept()
    with PubSubServer(org) as server, listening(org, server.address, kept):
        until(lambda: kept.replay_id)
        made = lead(world)
        until(lambda: kept.ids == [made], 1.0)
    assert kept.changes[0]["entityName"] == "Lead"
    assert kept.changes[0]["changeType"] == "CREATE"
