"""setup salesforce: what the org must have, shown and made; or written as a folder that an admin deploys.

Both are made of one definition. An integration's user is mostly not let at the org's metadata; an admin's session,
handed in by the environment and kept nowhere, does it in that user's place.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from connector.cli.frame import command, config_option, json_option, store
from connector.cli.setup_source import asked_of, write_folder
from connector.cli.setup_telling import Done, tell
from connector.clock import SystemClock, SystemDice
from connector.core.refs import Side
from connector.engine import facts
from connector.errors import Refused, Unauthorised

if TYPE_CHECKING:
    from connector.config.load import Loaded
    from connector.config.settings import Settings
    from connector.ports import Crm
    from connector.salesforce.setup.applying import OrgSetup
    from connector.salesforce.setup.planning import Order

ADMIN_TOKEN = "SALESFORCE_ADMIN_TOKEN"  # noqa: S105  # the name of an environment variable, not what is in it


class How(TypedDict):
    """What is asked of an org that is set up live."""

    only_plan: bool
    reps: tuple[str, ...]
    no_layouts: bool


@command(
    "salesforce",
    "smarketing setup salesforce --plan",
    "smarketing setup salesforce --rep ada@acme.example --rep kim@acme.example",
    "smarketing setup salesforce --source salesforce",
)
@config_option
@json_option
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be made, and make nothing.")
@click.option(
    "--rep", "reps", multiple=True, metavar="USERNAME", help="Give this user what reps see; again for each of them."
)
@click.option("--no-layouts", is_flag=True, help="Leave all page layouts as they are.")
@click.option(
    "--source",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Ask nobody; write a folder of sources instead: new, empty, or one that this command has written before.",
)
@click.option("--force", is_flag=True, help="Write although the folder is not this command's, or was edited since.")
def salesforce(*, config: Path, as_json: bool, folder: Path | None, force: bool, **how: Unpack[How]) -> int:
    """Make what Salesforce must have, or write it as a folder to deploy with your own tools.

    Custom fields, two permission sets and who has them, list views, sections on page layouts, which fields a converted
    Lead hands over, and change notices where they are received; then all is read back. Nothing is deleted, narrowed or
    given another type, and a layout keeps whatever is on it. Exit code 3 when something is left to a person.

    An admin's session in the environment variable SALESFORCE_ADMIN_TOKEN does it where the bridge's user may not. With
    --source nobody is asked; README.md in the folder says what to do, step by step.
    """
    if folder is not None:
        if any(how.values()):
            raise click.UsageError("--source asks nobody: it goes with --force and --json, and with nothing else")
        return write_folder(config, folder, force=force, as_json=as_json)
    if force:
        raise click.UsageError("--force is about the folder of --source")
    return _set_up(config, how, as_json=as_json)


def unmade(crm: Crm, loaded: Loaded) -> tuple[str, ...]:
    """What a setup of the org would make beside fields, as far as records tell; nothing where those are not shown."""
    from connector.salesforce.crm import Salesforce  # noqa: PLC0415  # it is loaded already where both are connected

    if not isinstance(crm, Salesforce):
        return ()
    try:
        return crm.setup().glance(asked_of(loaded))
    except (Refused, Unauthorised):
        return ()  # whoever may not see permission sets is not told that there are none


def _set_up(config: Path, how: How, *, as_json: bool) -> int:
    with ExitStack() as closing:
        loaded, database = closing.enter_context(store(config))
        from connector.salesforce.setup.applying import reasons  # noqa: PLC0415  # the clients take long to load
        from connector.salesforce.source.steps import beside_setup  # noqa: PLC0415  # likewise
        from connector.sides import salesforce_alone  # noqa: PLC0415  # likewise

        crm = salesforce_alone(loaded.settings, database, (SystemClock(), SystemDice()), closing)
        account = crm.account()
        facts.refuse_other(database, Side.SALESFORCE, account, loaded.settings.salesforce.org_id)
        org = crm.setup(os.environ.get(ADMIN_TOKEN, ""))
        order = replace(_order(loaded, org, how["reps"]), pages=not how["no_layouts"])
        before, things = org.plan(order), ("component", "components")
        done = Done("salesforce", account.name, things, before, by_hand=beside_setup(order.asked))
        if before.acts and not how["only_plan"]:
            refused = org.apply(order)
            after = org.plan(order)
            done.after, done.refused = after, reasons(refused, after.acts)
            facts.outdate(database)  # the next sync asks what the org is like now
    return tell(done, as_json=as_json)


def _order(loaded: Loaded, org: OrgSetup, reps: Sequence[str]) -> Order:
    from connector.salesforce.setup.planning import Order  # noqa: PLC0415  # likewise

    people = org.people(reps)
    asked = asked_of(loaded)
    return Order(replace(asked, user=asked.user or people.bridge[1]), people, _secret(loaded.settings))


def _secret(settings: Settings) -> str:
    received = settings.webhooks.salesforce
    return received.outbound_secrets[0].reveal() if received and received.outbound_secrets else ""
