"""setup: what each CRM must have before the bridge can tell anything there, shown and made.

What is shown is what mappings and agreement ask for (`config.blueprint`), held against the live account; what was made
is read back. Nothing is taken away, so it may be run as often as one likes.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.frame import command, config_option, group, json_option, store
from connector.cli.setup_salesforce import salesforce
from connector.cli.setup_telling import Done, tell
from connector.clock import SystemClock, SystemDice
from connector.config.blueprint import Blueprint, blueprint
from connector.core.refs import Side
from connector.engine import facts
from connector.wanted import ByHand

if TYPE_CHECKING:
    from connector.config.load import Loaded

RECEIVED_AT = "/webhooks/hubspot"


@command("hubspot", "smarketing setup hubspot --plan", "smarketing setup hubspot")
@config_option
@json_option
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be made, and make nothing.")
def hubspot(config: Path, as_json: bool, only_plan: bool) -> int:  # noqa: FBT001  # one parameter an option
    """Make the properties HubSpot must have, in a group of their own.

    Properties, options and unique ids as mappings and agreement ask for them; then they are read back. Nothing is
    deleted, renamed or given another type: what stands in the way is told, and how a person mends it. Exit code 3 when
    something is left to a person.
    """
    with ExitStack() as closing:
        loaded, database = closing.enter_context(store(config))
        from connector.sides import hubspot_alone  # noqa: PLC0415  # the clients take a third of a second to load

        crm = hubspot_alone(loaded.settings, database, (SystemClock(), SystemDice()), closing)
        account = crm.account()
        facts.refuse_other(database, Side.HUBSPOT, account, loaded.settings.hubspot.portal_id)
        asked, setup_of = blueprint(loaded), crm.setup()
        things = ("property", "properties")
        before = setup_of.plan(asked.wanted)
        done = Done("hubspot", account.name, things, before, by_hand=_by_hand(loaded, asked))
        if before.acts and not only_plan:
            done.refused = setup_of.apply(before)
            done.after = setup_of.plan(asked.wanted)
            facts.outdate(database)  # the next sync asks what the account is like now
    return tell(done, as_json=as_json)


def _by_hand(loaded: Loaded, asked: Blueprint) -> list[ByHand]:
    from connector.hubspot.setup.by_hand import by_hand  # noqa: PLC0415  # likewise

    ours = [one for one in asked.wanted if one.side is Side.HUBSPOT]
    watched: dict[str, list[str]] = {obj: [] for obj in asked.objects(Side.HUBSPOT)}
    for place in (*((one.object, one.name) for one in ours), *asked.checked_on(Side.HUBSPOT)):
        watched[place[0]].append(place[1])
    settings = loaded.settings
    received = settings.web.public_url if settings.webhooks.hubspot else None
    return list(by_hand(ours, watched, f"{received}{RECEIVED_AT}" if received else ""))


setup = group("setup", "Make what a CRM must have before the bridge can tell anything there.", hubspot, salesforce)
COMMANDS = (setup,)
