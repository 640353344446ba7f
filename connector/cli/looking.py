"""show, why, status: looking without touching."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.frame import DONE, NEEDS_A_PERSON, command, config_option, installation, json_option, out, print_json
from connector.cli.naming import resolve
from connector.cli.telling import record_row, tell_record, tell_status, tell_story, tell_why
from connector.engine import commands
from connector.reports.status import status as status_of
from connector.reports.story import story
from connector.reports.story import why as why_of


@command("show")
@config_option
@json_option
@click.argument("ref")
def show(config: Path, as_json: bool, ref: str) -> int:  # noqa: FBT001  # one parameter an option
    """One record: base, HubSpot and Salesforce side by side, the plan, and its story.

    REF is an e-mail, an id, or a ref like hubspot:contacts:33451.
    """
    with installation(config) as opened:
        bridge = opened.bridge
        name = resolve(bridge, ref)
        looked = commands.look(bridge, name)
        with bridge.database.read() as conn:
            told = story(conn, [name])
        if as_json:
            print_json(record_row(name, looked, told))
        else:
            tell_record(out, name, looked)
            tell_story(out, told)
    return DONE


@command("why")
@config_option
@json_option
@click.argument("ref")
@click.argument("field")
def why(config: Path, as_json: bool, ref: str, field: str) -> int:  # noqa: FBT001  # one parameter an option
    """Where a value came from: every change with time, side, rule, run, and the value that lost."""
    with installation(config) as opened:
        bridge = opened.bridge
        name = resolve(bridge, ref)
        with bridge.database.read() as conn:
            told = why_of(conn, [name], field)
        if as_json:
            print_json([one.row() for one in told])
        else:
            tell_why(out, name, field, told)
    return DONE


@command("status")
@config_option
@json_option
@click.option("--limit", default=20, show_default=True, help="How many waiting records to list.")
def status(config: Path, as_json: bool, limit: int) -> int:  # noqa: FBT001  # one parameter an option
    """Health: what waits, what needs a person and how to mend it, how far each side was read, calls today."""
    with installation(config, connect=False) as opened:
        bridge = opened.bridge
        with bridge.database.read() as conn:
            found = status_of(conn, bridge.clock.now(), limit)
    if as_json:
        print_json(found.row())
    else:
        tell_status(out, found)
    return NEEDS_A_PERSON if found.needs_a_person else DONE


COMMANDS = (show, why, status)
