"""show, why, status: looking without touching."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from connector.cli.frame import (
    DONE,
    NEEDS_A_PERSON,
    command,
    config_option,
    installation,
    json_option,
    out,
    print_json,
    say,
    store,
)
from connector.clock import SystemClock
from connector.core.plan import IssueKind
from connector.core.refs import Side

KINDS = click.Choice([kind.value for kind in IssueKind])


@command("show", "smarketing show ada@acme.example", "smarketing show salesforce:Lead:00Q5f000000005CEAQ --json")
@config_option
@json_option
@click.argument("ref")
def show(config: Path, as_json: bool, ref: str) -> int:  # noqa: FBT001  # one parameter an option
    """One record: what was agreed, what both sides say now, the plan, the story.

    REF is an e-mail address, a HubSpot number, a Salesforce id, or a ref like hubspot:contacts:33451.
    """
    from connector.cli import asking, records  # noqa: PLC0415  # status, in this file too, starts faster without

    with installation(config) as opened:
        seen = asking.look(opened.bridge, ref)
        words = asking.words(opened.bridge)
    if as_json:
        print_json(records.record_row(seen.ref, seen.case, seen.looked, seen.story))
    else:
        records.tell_record(out, seen.case, seen.looked, words)
        records.tell_story(out, seen.story, words)
    return DONE


@command("why", "smarketing why ada@acme.example job_title", "smarketing why hubspot:contacts:33451 Title --json")
@config_option
@json_option
@click.argument("ref")
@click.argument("field")
def why(config: Path, as_json: bool, ref: str, field: str) -> int:  # noqa: FBT001  # one parameter an option
    """Where a field's value came from, and which value it replaced.

    Every change with time, side, rule, evidence and run. FIELD is a rule's name, or the field's name on either side.
    """
    from connector.cli import asking, records  # noqa: PLC0415  # status, in this file too, starts faster without

    with installation(config) as opened:
        seen = asking.look(opened.bridge, ref)
        told = asking.changes_of(seen, field)
        words = asking.words(opened.bridge)
    if as_json:
        print_json([one.row() for one in told])
    elif told:
        records.tell_why(out, told, words)
    else:
        say(out, asking.never_written(seen, field, words))
    return DONE


@command("status", "smarketing status", "smarketing status --kind parked --field Email --limit 100")
@config_option
@json_option
@click.option("--kind", type=KINDS, help="List what needs a person, one by one: only this kind.")
@click.option("--field", help="List what needs a person, one by one: only this field or rule.")
@click.option("--limit", default=20, show_default=True, help="The most to list.")
def status(**chosen: Any) -> int:
    """What waits, what needs a person and how to mend it.

    Alike things are one line with a count and an example; --kind and --field list them one by one, with the numbers
    that settle and unpark take. Calls no CRM. Exit code 3 when something needs a person.
    """
    from connector.cli import health  # noqa: PLC0415  # show and why, in this file too, have no use for it
    from connector.cli.words import Words  # noqa: PLC0415  # likewise
    from connector.engine import facts  # noqa: PLC0415  # likewise
    from connector.reports import status as reports  # noqa: PLC0415  # likewise

    listing = bool(chosen["kind"] or chosen["field"])
    with store(chosen["config"]) as (loaded, database):
        owners, known = Words.recalled(loaded, database), facts.recall(database)
        zones = {side: facts.zone(known, side) for side in Side}
        with database.read() as conn:
            found = reports.status(conn, SystemClock().now(), zones, chosen["limit"])
            listed, total = reports.listed(conn, chosen["kind"], chosen["field"] or "", chosen["limit"])
    if chosen["as_json"]:
        print_json(found.row() | {"open": [reports.issue_row(one) for one in listed], "open_total": total})
    elif listing:
        health.tell_issues(out, listed, total, owners)
    else:
        health.tell_status(out, found, loaded.settings, owners)
    return NEEDS_A_PERSON if found.needs_a_person else DONE


COMMANDS = (show, why, status)
