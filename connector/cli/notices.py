"""notices: what was not sent, or may not have been, and what a person says about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from connector.cli.frame import (
    DONE,
    NEEDS_A_PERSON,
    command,
    config_option,
    count,
    err,
    installation,
    json_option,
    out,
    print_json,
    say,
    who,
)
from connector.errors import Refused
from connector.storage.effects import Stored

NEEDY = ("failed", "unknown")
MEANING = {"failed": "was not sent", "unknown": "may not have been sent"}
_STATE = click.Choice(NEEDY)


@command("notices", "smarketing notices", "smarketing notices --again failed --to sales-room")
@config_option
@json_option
@click.option("--again", type=_STATE, help="Have all of these sent again by the next sync.")
@click.option("--rest", type=_STATE, help="Let all of these rest: they are shown no more.")
@click.option("--to", default="", help="Only to this channel, webhook or owner.")
@click.option("--limit", type=int, default=20, show_default=True, help="The most to list.")
def notices(config: Path, *, as_json: bool, **chosen: Any) -> int:
    """Notices, tasks and webhooks that were not sent, or may not have been.

    `failed` surely was not sent, and was tried often enough. Of `unknown` no answer came, or the process ended while it
    was being sent: look there whether it arrived; the bridge never sends it again by itself. Calls no CRM. Exit code 3
    when something needs a person.
    """
    if chosen["again"] and chosen["rest"]:
        raise Refused("send them again, or let them rest; not both at once")
    with installation(config, connect=False) as opened:
        if chosen["again"] or chosen["rest"]:
            return _decide(opened.bridge, chosen)
        found = _found(opened.bridge, chosen)
    if as_json:
        print_json([_row(one) for one in found])
    else:
        _tell(found)
    return NEEDS_A_PERSON if found else DONE


def _decide(bridge: Any, chosen: dict[str, Any]) -> int:
    from connector.engine import unsent  # noqa: PLC0415  # the help needs no engine
    from connector.storage.effects import State  # noqa: PLC0415  # likewise

    again = bool(chosen["again"])
    state = State(chosen["again"] or chosen["rest"])
    number = unsent.decide(bridge, state, who(), chosen["to"] or None, again=again)
    what = count(number, "message")
    say(err, f"{what} will be sent by the next smarketing sync." if again else f"{what} will rest.")
    return DONE


def _found(bridge: Any, chosen: dict[str, Any]) -> list[Stored]:
    from connector.engine import unsent  # noqa: PLC0415  # the help needs no engine
    from connector.storage.effects import State  # noqa: PLC0415  # likewise

    shown = [one for state in NEEDY for one in unsent.shown(bridge, State(state), chosen["to"], chosen["limit"])]
    return shown[: chosen["limit"]]


def _tell(found: Sequence[Stored]) -> None:
    if not found:
        say(out, "Nothing was left unsent.")
    for one in found:
        effect, tries = one.effect, count(one.attempts, "try", "tries")
        say(out, f"[yellow]{one.state}[/]  {effect.kind} to [bold]{escape(effect.to)}[/]: {escape(effect.subject)}", 2)
        say(out, f"[dim]about[/] {effect.about} [dim]since[/] {one.added_at:%Y-%m-%d %H:%M} UTC", 6)
        say(out, f"{MEANING[one.state]} ({tries}): {escape(one.reason)}", 6)


def _row(one: Stored) -> dict[str, Any]:
    effect = one.effect
    return {
        "key": one.key,
        "state": one.state,
        "kind": effect.kind,
        "to": effect.to,
        "about": str(effect.about),
        "subject": effect.subject,
        "since": one.added_at.isoformat(),
        "tries": one.attempts,
        "reason": one.reason,
        "hint": one.hint,
    }


COMMANDS = (notices,)
