"""The sandbox as a process: `python -m connector.sandbox --people 2000`.

One JSON line with both base URLs is printed when both ports answer; the process ends on SIGTERM or SIGINT.
"""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime, timedelta
from threading import Event

import click
import orjson

from connector.sandbox.parcels import DeliverySettings
from connector.sandbox.population import SHAPES
from connector.sandbox.process import Plan, serve_in_thread


def system_time() -> datetime:
    """The real time; the sandbox may not import the bridge's clock."""
    return datetime.now(UTC)


@click.command()
@click.option("--hubspot-port", default=0, show_default="a free port")
@click.option("--salesforce-port", default=0, show_default="a free port")
@click.option("--seed", default=1, show_default=True, help="Decides all chance.")
@click.option("--people", default=2000, show_default=True, help="Size of the population; 0 leaves both CRMs empty.")
@click.option("--shape", type=click.Choice(SHAPES), default=SHAPES[0], show_default=True)
@click.option("--hubspot-skew", default=0.0, show_default=True, metavar="SECONDS", help="How far its clock is ahead.")
@click.option(
    "--salesforce-skew", default=0.0, show_default=True, metavar="SECONDS", help="How far its clock is ahead."
)
@click.option("--hubspot-webhooks", default="", metavar="URL", help="Where HubSpot's webhooks go.")
@click.option("--salesforce-messages", default="", metavar="URL", help="Where Salesforce's outbound messages go.")
def main(  # noqa: PLR0913 - one parameter an option
    *,
    hubspot_port: int,
    salesforce_port: int,
    seed: int,
    people: int,
    shape: str,
    hubspot_skew: float,
    salesforce_skew: float,
    hubspot_webhooks: str,
    salesforce_messages: str,
) -> None:
    """Serve both sandbox CRMs on 127.0.0.1 until told to stop."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    delivery = DeliverySettings(hubspot_url=hubspot_webhooks, salesforce_url=salesforce_messages)
    skews = {"hubspot": timedelta(seconds=hubspot_skew), "salesforce": timedelta(seconds=salesforce_skew)}
    plan = Plan(seed, people, shape, hubspot_port, salesforce_port, delivery=delivery, skews=skews)
    with serve_in_thread(system_time, plan) as running:
        urls = {"hubspot": running.hubspot_url, "salesforce": running.salesforce_url, "population": running.population}
        sys.stdout.write(orjson.dumps(urls).decode() + "\n")
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
