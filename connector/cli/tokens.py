"""token: what scripts present to the API instead of signing in. A token is printed once, when it is made."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from connector.cli.frame import command, config_option, err, group, json_option, out, print_json, say, store
from connector.cli.users import ROLES, accounts, role_of


@command("add", "smarketing token add nightly-report --role viewer --days 90")
@config_option
@click.argument("name")
@click.option("--role", type=ROLES, required=True, help="What it may do.")
@click.option("--days", type=int, help="How many days it is good for; without, until it is removed.")
def add(name: str, config: Path, role: str, days: int | None) -> None:
    """Make a token for a script, and print it; it cannot be shown again.

    The script sends it as `Authorization: Bearer TOKEN`. NAME says what uses it.
    """
    with accounts(config) as acts:
        made = acts.add_token(name, role_of(role), days)
    say(err, "This is printed once; keep it where only the script reads it.")
    click.echo(made)


@command("list", "smarketing token list")
@config_option
@json_option
def listed(config: Path, *, as_json: bool) -> None:
    """All tokens: what they may do, when they were last used, when they end."""
    from connector.storage import tokens  # noqa: PLC0415  # the help needs no database

    with store(config) as (_, database), database.read() as conn:
        known = tokens.every(conn)
    if as_json:
        print_json([_row(one) for one in known])
        return
    if not known:
        say(out, "There is no token: smarketing token add NAME --role viewer")
    for one in known:
        used = f"last used {one.seen_at:%Y-%m-%d %H:%M} UTC" if one.seen_at else "never used"
        ends = f"ends {one.ends_at:%Y-%m-%d}" if one.ends_at else "never ends"
        say(out, f"[bold]{escape(one.name)}[/]  {one.role}  [dim]by {escape(one.added_by)}, {used}, {ends}[/]")


@command("remove", "smarketing token remove nightly-report")
@config_option
@click.argument("name")
def remove(name: str, config: Path) -> None:
    """Refuse a token from now on."""
    with accounts(config) as acts:
        acts.remove_token(name)
    say(err, f"The token {escape(name)} is refused from now on.")


def _row(one: Any) -> dict[str, Any]:
    return {
        "name": one.name,
        "role": one.role,
        "added_by": one.added_by,
        "added_at": one.added_at.isoformat(),
        "seen_at": _moment(one.seen_at),
        "ends_at": _moment(one.ends_at),
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


COMMANDS = (group("token", "Tokens with which scripts use the API.", add, listed, remove),)
