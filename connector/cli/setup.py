"""setup: what each CRM must have before the bridge can tell anything there, shown and made.

What is shown is what mappings and agreement ask for (`config.blueprint`), held against the live account; what was made
is read back. Nothing is taken away, so it may be run as often as one likes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from connector.cli.frame import (
    DONE,
    FAILED,
    NEEDS_A_PERSON,
    command,
    config_option,
    count,
    err,
    group,
    json_option,
    out,
    print_json,
    say,
    store,
)
from connector.cli.setup_source import salesforce
from connector.clock import SystemClock, SystemDice
from connector.config.blueprint import Blueprint, blueprint
from connector.core.refs import Side
from connector.engine import facts
from connector.wanted import ByHand

if TYPE_CHECKING:
    from connector.config.load import Loaded
    from connector.hubspot.setup.planning import Plan

RECEIVED_AT = "/webhooks/hubspot"


@dataclass
class Done:
    """What was found, and what was made of it. `after`: the plan made of the account as it is then."""

    account: str
    before: Plan
    after: Plan | None = None
    refused: Mapping[tuple[str, str], str] = field(default_factory=dict)
    by_hand: Sequence[ByHand] = ()

    @property
    def now(self) -> Plan:
        """What is still to be done."""
        return self.after or self.before

    @property
    def code(self) -> int:
        """The exit code: what was to be made must be there when it is asked for again."""
        if self.after is not None and self.after.acts:
            return FAILED
        return NEEDS_A_PERSON if self.now.left else DONE


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
        done = Done(account.name, setup_of.plan(asked.wanted), by_hand=_by_hand(loaded, asked))
        if done.before.acts and not only_plan:
            done.refused = setup_of.apply(done.before)
            done.after = setup_of.plan(asked.wanted)
            facts.outdate(database)  # the next sync asks what the account is like now
    print_json(_row(done)) if as_json else _tell(done)
    return done.code


def _by_hand(loaded: Loaded, asked: Blueprint) -> list[ByHand]:
    from connector.hubspot.setup.by_hand import by_hand  # noqa: PLC0415  # likewise

    ours = [one for one in asked.wanted if one.side is Side.HUBSPOT]
    watched: dict[str, list[str]] = {obj: [] for obj in asked.objects(Side.HUBSPOT)}
    for place in (*((one.object, one.name) for one in ours), *asked.checked_on(Side.HUBSPOT)):
        watched[place[0]].append(place[1])
    settings = loaded.settings
    received = settings.web.public_url if settings.webhooks.hubspot else None
    return list(by_hand(ours, watched, f"{received}{RECEIVED_AT}" if received else ""))


def _row(done: Done) -> dict[str, Any]:
    made = {(act.object, act.name, act.doing) for act in done.now.acts}
    return {
        "account": done.account,
        "planned": [
            {
                "do": act.doing.value,
                "object": act.object,
                "name": act.name,
                "words": act.words,
                "made": done.after is not None and (act.object, act.name, act.doing) not in made,
                "refused": done.refused.get((act.object, act.name)),
            }
            for act in done.before.acts
        ],
        "fine": done.now.fine,
        "left": [_by_hand_row(one) for one in done.now.left],
        "kept": list(done.now.kept),
        "by_hand": [_by_hand_row(one) for one in done.by_hand],
    }


def _by_hand_row(one: ByHand) -> dict[str, Any]:
    return {"title": one.title, "steps": list(one.steps), "success": one.success}


def _tell(done: Done) -> None:
    """What is there, what was or would be made, what is left; then what no API does."""
    say(out, f"[bold]{escape(done.account)}[/]: {count(done.before.fine, 'property', 'properties')} as they should be")
    still = {(act.object, act.name) for act in done.now.acts}
    for act in done.before.acts:
        failed = done.after is not None and (act.object, act.name) in still
        word = "[red]not made[/]" if failed else "[green]made[/]" if done.after else "[yellow]would make[/]"
        say(out, f"{word}  {escape(act.words)}", 2)
        if failed:
            reason = done.refused.get((act.object, act.name), "HubSpot said yes, but it is not there; run it again")
            say(out, f"[red]{escape(reason)}[/]", 4)
    for words in done.now.kept:
        say(out, f"[dim]left as it is: {escape(words)}[/]", 2)
    _tell_steps("[yellow]Left to a person:[/]", done.now.left)
    _tell_steps("[bold]By hand, once[/] (no API does it):", done.by_hand)
    _tell_end(done)


def _tell_steps(title: str, those: Sequence[ByHand]) -> None:
    if those:
        say(out, title)
    for one in those:
        say(out, f"[bold]{escape(one.title)}[/]", 2)
        for number, step in enumerate(one.steps, start=1):
            say(out, f"{number}. {escape(step)}", 4)
        say(out, f"[green]Done when:[/] {escape(one.success)}", 4)


def _tell_end(done: Done) -> None:
    acts = count(len(done.before.acts), "thing")
    if done.after is not None:
        failed = len(done.after.acts)
        words = f"{acts} to make, {failed} of them refused." if failed else f"Made {acts}, and read them back."
        say(err, words if failed else f"{words} Next: smarketing check")
    elif done.before.acts:
        say(err, f"Would make {acts}. Nothing was written; make them with: smarketing setup hubspot")
    else:
        left = " but for what is left to a person" if done.now.left else ""
        say(err, f"Nothing to make: everything is there{left}.")


setup = group("setup", "Make what a CRM must have before the bridge can tell anything there.", hubspot, salesforce)
COMMANDS = (setup,)
