"""settle, unpark, retry, link, unlink, resync, forget: what a person may do about records."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli import asking
from connector.cli.frame import DONE, command, config_option, count, err, installation, say, who
from connector.cli.naming import resolve
from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.engine import commands
from connector.errors import Refused

NEXT = "The next smarketing sync does it."


@command("settle", "smarketing settle 17 hubspot", "smarketing settle --rule job_title salesforce")
@config_option
@click.option("--rule", "rule", default="", help="Every open conflict of this rule.")
@click.argument("issues", type=int, nargs=-1)
@click.argument("winner", type=click.Choice([side.value for side in Side]))
def settle(config: Path, rule: str, issues: tuple[int, ...], winner: str) -> int:
    """Settle conflicts: one side's value goes to the other.

    ISSUES are numbers as in `smarketing status --kind conflict`; WINNER is the side whose value stands. What loses
    stays in the record's story (show, why).
    """
    if not (issues or rule):
        raise Refused("name the conflicts (see smarketing status --kind conflict), or use --rule")
    with installation(config, connect=False) as opened:
        chosen = list(issues) or asking.issue_numbers(opened.bridge, IssueKind.CONFLICT, rule)
        if not chosen:
            raise Refused(f"rule {rule!r} has no open conflict; see smarketing status --kind conflict")
        for number in chosen:
            stored = commands.settle(opened.bridge, number, Side(winner), who())
            say(err, f"#{number} {stored.issue.refs[0]} {stored.issue.rule}: {winner} wins.")
    say(err, NEXT)
    return DONE


@command("unpark", "smarketing unpark 17 18", "smarketing unpark --field hubspot_owner_id", "smarketing unpark --all")
@config_option
@click.option("--all", "everything", is_flag=True, help="Every refused value.")
@click.option("--field", "field", default="", help="Every refused value of this field or rule.")
@click.argument("issues", type=int, nargs=-1)
def unpark(config: Path, *, everything: bool, field: str, issues: tuple[int, ...]) -> int:
    """Try refused values again, once their cause is mended.

    ISSUES are numbers as in `smarketing status --kind parked`. A value is also tried again by itself when either
    side's value changes.
    """
    if not (issues or field or everything):
        raise Refused("name the issues (see smarketing status --kind parked), or use --field or --all")
    with installation(config, connect=False) as opened:
        chosen = list(issues) or asking.issue_numbers(opened.bridge, IssueKind.PARKED, field)
        number = commands.unpark(opened.bridge, chosen, who())
    say(err, f"{count(number, 'refused value')} will be tried again. {NEXT}")
    return DONE


@command("retry")
@config_option
def retry(config: Path) -> int:
    """Do now what waits for its pause after a fault."""
    with installation(config, connect=False) as opened:
        number = commands.retry(opened.bridge, who())
    say(err, f"{count(number, 'record')} {'is' if number == 1 else 'are'} due now. {NEXT}")
    return DONE


@command("link", "smarketing link hubspot:contacts:33451 salesforce:Lead:00Q5f000000005PEAQ")
@config_option
@click.argument("one")
@click.argument("other")
def link(config: Path, one: str, other: str) -> int:
    """Say that two records are the same person (company, deal).

    ONE and OTHER are a HubSpot and a Salesforce record, in any order.
    """
    with installation(config) as opened:
        bridge = opened.bridge
        first, second = resolve(bridge, one), resolve(bridge, other)
        commands.link(bridge, first, second, who())
    say(err, f"{first} and {second} are linked. The next smarketing sync brings their values in step.")
    return DONE


@command("unlink", "smarketing unlink ada@acme.example")
@config_option
@click.argument("ref")
def unlink(config: Path, ref: str) -> int:
    """Keep a record and its counterpart apart from now on.

    Neither is changed in its CRM, matched again, or made twice. `smarketing link` undoes it.
    """
    with installation(config) as opened:
        held = commands.unlink(opened.bridge, resolve(opened.bridge, ref), who())
    undo = f"undo with: smarketing link {held.hubspot} {held.salesforce}"
    say(err, f"{held.hubspot} and {held.salesforce} are kept apart; {undo}")
    return DONE


@command("resync", "smarketing resync ada@acme.example hubspot:contacts:33451")
@config_option
@click.argument("refs", nargs=-1, required=True)
def resync(config: Path, refs: tuple[str, ...]) -> int:
    """Look at some records again, whether or not anything changed."""
    with installation(config) as opened:
        names = [resolve(opened.bridge, ref) for ref in refs]
        commands.resync(opened.bridge, names, who())
    say(err, f"{count(len(names), 'record')} will be looked at again. {NEXT}")
    return DONE


@command("forget", "smarketing forget ada@acme.example --yes")
@config_option
@click.argument("ref")
@click.confirmation_option(prompt="Erase all the bridge holds of this person, for good?")
def forget(config: Path, ref: str) -> int:
    """Erase a person from the bridge; they are never made again.

    Nothing personal stays in the store, the story included; a keyed hash remembers that they are not to be made again.
    The CRMs are not touched: delete the person there first, for a pair that both still hold is met again.
    """
    with installation(config) as opened:
        name = resolve(opened.bridge, ref)
        commands.forget(opened.bridge, name, who())
    say(err, f"{name} is forgotten by the bridge; in the CRMs they still are.")
    return DONE


COMMANDS = (settle, unpark, retry, link, unlink, resync, forget)
