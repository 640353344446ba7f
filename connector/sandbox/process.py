"""Running the sandbox: both servers of one world on 127.0.0.1, in threads of the caller's process.

`serve_in_thread` is for tests and the demo; `python -m connector.sandbox` (see __main__.py) runs the same thing as a
process of its own. This is the only place that puts the parts together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any

from connector.sandbox.admin import with_admin
from connector.sandbox.delivery import Delivery
from connector.sandbox.parcels import DeliverySettings
from connector.sandbox.population import populate
from connector.sandbox.server import Server
from connector.sandbox.world import World

STEP_S = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start. Port 0 takes a free one; `people` 0 leaves the CRMs empty."""

    seed: int = 1
    people: int = 0
    shape: str = "believable"
    hubspot_port: int = 0
    salesforce_port: int = 0
    pubsub_port: int | None = None  # of Salesforce's Pub/Sub API (needs grpcio and fastavro); None: not served
    deliver: bool = True  # send events by ourselves; otherwise only when told to (admin API or `deliver`)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    skews: Mapping[str, timedelta] = field(default_factory=dict)  # how far each side's clock is ahead


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers: base URLs without a slash at their end, and the world behind them.

    Attributes:
        pubsub: host and port of Salesforce's Pub/Sub API; "" when it does not answer.
    """

    hubspot_url: str
    salesforce_url: str
    world: World
    delivery: Delivery
    population: dict[str, Any]
    pubsub: str = ""


@contextmanager
def serve_in_thread(base_clock: Callable[[], datetime], plan: Plan | None = None) -> Iterator[Running]:
    """Serve both sides until the block is left. `base_clock` tells the time (aware)."""
    plan = plan or Plan()
    world = World(plan.seed, base_clock, plan.skews)
    population = populate(world, plan.people, plan.shape) if plan.people else {}
    delivery = Delivery(world, plan.delivery)
    now, settings = world.services.clock.now, world.services.settings
    with (
        Server(with_admin("hubspot", world, delivery), now, plan.hubspot_port) as hubspot,
        Server(with_admin("salesforce", world, delivery), now, plan.salesforce_port) as salesforce,
        _delivering(delivery, now, on=plan.deliver),
        _pubsub(world, plan.pubsub_port) as pubsub,
    ):
        for server in (hubspot, salesforce):
            server.gzip_enabled = lambda: settings.gzip_enabled
        yield Running(hubspot.url, salesforce.url, world, delivery, population, pubsub)


@contextmanager
def _pubsub(world: World, port: int | None) -> Iterator[str]:
    """Serve the event bus for as long as the block lasts; the address, "" without a port."""
    if port is None:
        yield ""
        return
    from connector.sandbox.salesforce.pubsub import PubSubServer  # noqa: PLC0415 - gRPC is not everybody's

    with PubSubServer(world.salesforce, port) as server:
        yield server.address


@contextmanager
def _delivering(delivery: Delivery, now: Callable[[], datetime], *, on: bool) -> Iterator[None]:
    """Step the delivery now and then, for as long as the block lasts."""
    stop = Event()

    def step() -> None:
        while not stop.wait(STEP_S):
            delivery.deliver(now())

    thread = Thread(target=step, name="sandbox-delivery", daemon=True)
    if on:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if on:
            thread.join(timeout=15)
