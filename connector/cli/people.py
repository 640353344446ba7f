"""settle, unpark, retry, link, unlink, resync, forget: what a person may do about one record."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.frame import DONE, command, config_option, err, installation, who
from connector.cli.naming import resolve
from connector.core.refs import Side
from connector.engine import commands
from connector.errors import Refused

NEXT = "It is done by the next: smarketing sync"


@command("settle")
@config_option
@click.argument("issue", type=int)
@click.argument("winner", type=click.Choice([side.value for side in Side]))
def settle(config: Path, issue: int, winner: str) -> int:
    """Decide conflict number ISSUE (see status): WINNER's value goes to the other side."""
    with installation(config, connect=False) as opened:
        stored = commands.settle(opened.bridge, issue, Side(winner), who())
    err.print(f"{stored.issue.refs[0]} {stored.issue.rule}: {winner} wins. {NEXT}")
    return DONE


@command("unpark")
@config_option
@click.argument("issues", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every parked value.")
def unpark(config: Path, issues: tuple[int, ...], everything: bool) -> int:  # noqa: FBT001  # one parameter an option
    """Try parked values again (numbers as in status), once their cause is mended."""
    with installation(config, connect=False) as opened:
        chosen = commands.parked_ids(opened.bridge) if everything else list(issues)
        if not chosen and not everything:
            raise Refused("name the parked issues (see smarketing status), or use --all")
        number = commands.unpark(opened.bridge, chosen, who())
    err.print(f"{number} parked value(s) will be tried again. {NEXT}")
    return DONE


@command("retry")
@config_option
def retry(config: Path) -> int:
    """Do now what waits for its pause after a fault."""
    with installation(config, connect=False) as opened:
        number = commands.retry(opened.bridge)
    err.print(f"{number} record(s) are due now. {NEXT}")
    return DONE


@command("link")
@config_option
@click.argument("one")
@click.argument("other")
def link(config: Path, one: str, other: str) -> int:
    """Say that two records are the same person (company, deal)."""
    with installation(config) as opened:
        bridge = opened.bridge
        first, second = resolve(bridge, one), resolve(bridge, other)
        commands.link(bridge, first, second, who())
    err.print(f"{first} and {second} are linked. {NEXT}")
    return DONE


@command("unlink")
@config_option
@click.argument("ref")
def unlink(config: Path, ref: str) -> int:
    """Keep a record and its counterpart apart from now on."""
    with installation(config) as opened:
        held = commands.unlink(opened.bridge, resolve(opened.bridge, ref), who())
    err.print(
        f"{held.hubspot} and {held.salesforce} are kept apart; "
        f"undo with: smarketing link {held.hubspot} {held.salesforce}"
    )
    return DONE


@command("resync")
@config_option
@click.argument("refs", nargs=-1, required=True)
def resync(config: Path, refs: tuple[str, ...]) -> int:
    """Look at some records again, whether or not anything changed."""
    with installation(config) as opened:
        names = [resolve(opened.bridge, ref) for ref in refs]
        commands.resync(opened.bridge, names, who())
    err.print(f"{len(names)} record(s) will be looked at again. {NEXT}")
    return DONE


@command("forget")
@config_option
@click.argument("ref")
@click.confirmation_option(prompt="Erase all the bridge holds of this person, for good?")
def forget(config: Path, ref: str) -> int:
    """Erase a person: nothing personal stays in the store, and they are never made again.

    The CRMs are not touched; delete the person there too if the law asks for it.
    """
    with installation(config) as opened:
        name = resolve(opened.bridge, ref)
        commands.forget(opened.bridge, name)
    err.print(f"{name} is forgotten.")
    return DONE


COMMANDS = (settle, unpark, retry, link, unlink, resync, forget)
