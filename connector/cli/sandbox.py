"""sandbox: both CRMs on this machine, to try things on."""

from __future__ import annotations

import click

from connector.cli.frame import DONE, command
from connector.clock import SystemClock
from connector.sandbox import process


@command("sandbox")
@click.option("--hubspot-port", default=8900, show_default=True, help="0 takes a free port.")
@click.option("--salesforce-port", default=8901, show_default=True, help="0 takes a free port.")
@click.option("--seed", default=1, show_default=True, help="Decides the population and every fault.")
@click.option("--people", default=2000, show_default=True, help="How many people to make up; 0 starts empty.")
def sandbox(hubspot_port: int, salesforce_port: int, seed: int, people: int) -> int:
    """Run a HubSpot and a Salesforce of our own, with real limits, refusals and quirks; stop with Ctrl-C."""
    process.run(
        hubspot_port=hubspot_port,
        salesforce_port=salesforce_port,
        seed=seed,
        people=people,
        base_clock=SystemClock().now,
    )
    return DONE


COMMANDS = (sandbox,)
