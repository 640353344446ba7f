"""show, why, status: looking without touching."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from connector.config.load import Loaded
    from connector.reports.funnel import Funnel
    from connector.storage.database import Database

KINDS = click.Choice([kind.value for kind in IssueKind])


@command("show", "smarketing show ada@acme.example", "smarketing show salesforce:Lead:00Q5f000000005CEAQ --json")
@config_option
@json_option
@click.argument("ref")
def show(config: Path, as_json: bool, ref: str) -> int:  # noqa: FBT001  # one parameter an option
    """One record: what was agreed, what both sides say now, the plan, the story.

    With a shared lifecycle the story has their journey in it: stages, touches, handoffs, answers, with evidence.
    REF is an e-mail address, a HubSpot number, a Salesforce id, or a ref like hubspot:contacts:33451.
    """
    from connector.cli import asking, records  # noqa: PLC0415  # status, in this file too, starts faster without
    from connector.reports import history, journeys  # noqa: PLC0415  # likewise

    with installation(config) as opened:
        seen = asking.look(opened.bridge, ref)
        words = asking.words(opened.bridge)
        watched = opened.bridge.agreement.definition.watched if opened.bridge.agreement else {}
    if as_json:
        journey = [history.entry_row(entry) for entry in seen.journey]
        print_json(records.record_row(seen.ref, seen.case, seen.looked, seen.story) | {"journey": journey})
    else:
        records.tell_record(out, seen.case, seen.looked, words)
        records.tell_story(out, seen.story, words, journeys.news(seen.journey, watched))
    return DONE


@command("why", "smarketing why ada@acme.example job_title", "smarketing why hubspot:contacts:33451 Title --json")
@config_option
@json_option
@click.argument("ref")
@click.argument("field")
def why(config: Path, as_json: bool, ref: str, field: str) -> int:  # noqa: FBT001  # one parameter an option
    """Where a field's value came from, and which value it replaced.

    Every change with time, side, rule, evidence and run. FIELD is a rule's name, or the field's name on either side;
    values that lifecycle, persona, handoff, feedback and SLA write are told by what they follow from.
    """
    from connector.cli import asking, records  # noqa: PLC0415  # status, in this file too, starts faster without

    with installation(config) as opened:
        seen = asking.look(opened.bridge, ref)
        told = asking.changes_of(seen, field, asking.watched(opened.bridge))
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
@click.option("--quick", is_flag=True, help="Leave out the lifecycle's numbers, for which every journey is read.")
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
        funnel = None if listing or chosen["quick"] else _funnel(loaded, database, watch=not chosen["as_json"])
        owners, known = Words.recalled(loaded, database), facts.recall(database)
        zones = {side: facts.zone(known, side) for side in Side}
        with database.read() as conn:
            found = reports.status(conn, SystemClock().now(), zones, chosen["limit"])
            listed, total = reports.listed(conn, chosen["kind"], chosen["field"] or "", chosen["limit"])
    if chosen["as_json"]:
        row = found.row() | {"lifecycle": funnel.row() if funnel else None}
        print_json(row | {"open": [reports.issue_row(one) for one in listed], "open_total": total})
    elif listing:
        health.tell_issues(out, listed, total, owners)
    else:
        health.tell_status(out, found, loaded.settings, owners)
        if funnel:
            health.tell_funnel(out, funnel)
    return NEEDS_A_PERSON if found.needs_a_person else DONE


def _funnel(loaded: Loaded, database: Database, *, watch: bool) -> Funnel | None:
    """The lifecycle's numbers; None while it is off."""
    if not loaded.lifecycle_on:
        return None
    from connector.cli import agreement  # noqa: PLC0415  # only here
    from connector.reports.funnel import Funnel  # noqa: PLC0415  # likewise

    with agreement.of(loaded, database, watch=watch) as opened:
        funnel = Funnel(opened.agreement, opened.now)
        for _, entries in opened.people("reading journeys"):
            funnel.take(entries)
    return funnel


COMMANDS = (show, why, status)
