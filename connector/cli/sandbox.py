"""sandbox: both CRMs on this machine, to try things on."""

from __future__ import annotations

import signal
from importlib.util import find_spec
from threading import Event

import click
import orjson

from connector.cli.frame import DONE, command, err, json_option, say
from connector.clock import SystemClock
from connector.errors import Misconfigured, Problem
from connector.sandbox.process import Plan, Running, serve_in_thread

HUBSPOT_TOKEN, SALESFORCE_ID, SALESFORCE_SECRET = (
    "sandbox-hubspot-token",
    "sandbox-consumer-key",
    "sandbox-consumer-secret",
)


@command("sandbox", "smarketing sandbox --people 500", "smarketing sandbox --hubspot-port 0 --salesforce-port 0 --json")
@click.option("--hubspot-port", default=8900, show_default=True, help="0 takes a free port.")
@click.option("--salesforce-port", default=8901, show_default=True, help="0 takes a free port.")
@click.option(
    "--pubsub-port",
    type=int,
    help="Serve Salesforce's Pub/Sub API here too; 0 takes a free one.  [default: not served]",
)
@click.option("--seed", default=1, show_default=True, help="Decides the population and every fault.")
@click.option("--people", default=2000, show_default=True, help="How many people to make up; 0 starts empty.")
@json_option
def sandbox(seed: int, people: int, *, as_json: bool, **ports: int | None) -> int:
    """Run both CRMs on this machine, to try things on.

    A HubSpot and a Salesforce of our own, with real limits, refusals and quirks, on loopback only; nothing of them is
    kept. Stop with Ctrl-C.
    """
    if ports["pubsub_port"] is not None and not (find_spec("grpc") and find_spec("fastavro")):
        hint = "needs grpcio and fastavro: pip install 'smarketing-connector[pubsub]'"
        raise Misconfigured([Problem("smarketing sandbox", 0, "--pubsub-port", hint)])
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    hubspot, salesforce = ports["hubspot_port"] or 0, ports["salesforce_port"] or 0
    plan = Plan(seed, people, hubspot_port=hubspot, salesforce_port=salesforce, pubsub_port=ports["pubsub_port"])
    with serve_in_thread(SystemClock().now, plan) as running:
        click.echo(_json(running)) if as_json else _tell(running)
        stop.wait()
    return DONE


def _json(running: Running) -> str:
    """One line for machines, once both sides answer."""
    urls = {"hubspot": running.hubspot_url, "salesforce": running.salesforce_url}
    pubsub = {"pubsub": running.pubsub} if running.pubsub else {}
    return orjson.dumps({**urls, **pubsub, "population": running.population}).decode()


def _tell(running: Running) -> None:
    say(err, f"HubSpot     {running.hubspot_url}")
    say(err, f"Salesforce  {running.salesforce_url}")
    say(err, "In config.yaml:")
    say(err, f"hubspot:    base_url: {running.hubspot_url}", 2)
    say(err, f"salesforce: base_url: {running.salesforce_url}   auth: client_id: {SALESFORCE_ID}", 2)
    if running.pubsub:
        say(err, f"            pubsub: address: {running.pubsub}", 2)
    say(err, "In the shell:")
    say(err, f"export HUBSPOT_TOKEN={HUBSPOT_TOKEN} SALESFORCE_CLIENT_SECRET={SALESFORCE_SECRET}", 2)
    say(err, f"What can be done to it besides: {running.hubspot_url}/_sandbox/   Stop with Ctrl-C.")


COMMANDS = (sandbox,)
