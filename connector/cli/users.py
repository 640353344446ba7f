"""user: who may sign in to the pages, and as what. A password is never an argument, for others see those."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from connector.cli.frame import command, config_option, err, group, json_option, out, print_json, say, store, who
from connector.errors import Refused

if TYPE_CHECKING:
    from connector.admin.accounts import Accounts
    from connector.admin.roles import Role
    from connector.storage.users import User

ROLES = click.Choice(["viewer", "operator", "admin"])
_password_option = click.option(
    "--password-file",
    "password_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Take the password from the first line of this file.",
)


@command("add", "smarketing user add ada --role admin", "smarketing user add ada --password-file ada.txt")
@config_option
@click.argument("name")
@click.option("--role", type=ROLES, default="viewer", show_default=True, help="What they may do.")
@_password_option
def add(name: str, config: Path, role: str, password_file: Path | None) -> None:
    """Let somebody sign in.

    Asks for the password twice on a terminal; from a pipe, reads it as one line. It has at least 12 characters.
    """
    with accounts(config) as acts:
        user = acts.add(name, role_of(role), _password(password_file))
    say(err, f"{escape(user.name)} can sign in as {role}.")


@command("list", "smarketing user list", "smarketing user list --json")
@config_option
@json_option
def listed(config: Path, *, as_json: bool) -> None:
    """Everybody who may sign in."""
    from connector.storage import users  # noqa: PLC0415  # the help needs no database

    with store(config) as (_, database), database.read() as conn:
        known = users.everyone(conn)
    if as_json:
        print_json([_row(user) for user in known])
    else:
        _tell(known)


@command("role", "smarketing user role ada operator")
@config_option
@click.argument("name")
@click.argument("role", type=ROLES)
def role(name: str, role: str, config: Path) -> None:
    """Give somebody another role; they are signed out."""
    with accounts(config) as acts:
        acts.set_role(name, role_of(role))
    say(err, f"{escape(name)} is {role} now.")


@command("password", "smarketing user password ada")
@config_option
@click.argument("name")
@_password_option
def password(name: str, config: Path, password_file: Path | None) -> None:
    """Give somebody another password; they are signed out.

    Asks for it twice on a terminal; from a pipe, reads it as one line.
    """
    with accounts(config) as acts:
        acts.set_password(name, _password(password_file))
    say(err, f"{escape(name)} has a new password.")


@command("remove", "smarketing user remove ada")
@config_option
@click.argument("name")
def remove(name: str, config: Path) -> None:
    """Forget a user; they are signed out."""
    with accounts(config) as acts:
        acts.remove(name)
    say(err, f"{escape(name)} cannot sign in any more.")


@contextmanager
def accounts(config: Path) -> Iterator[Accounts]:
    """What may be done about who comes in, by whoever is at the keyboard."""
    from connector.admin.accounts import Accounts  # noqa: PLC0415  # the help needs no web framework
    from connector.clock import SystemClock  # noqa: PLC0415  # likewise

    with store(config) as (_, database):
        yield Accounts(database, SystemClock(), who())


def role_of(word: str) -> Role:
    """The role of that word."""
    from connector.admin.roles import Role  # noqa: PLC0415  # the help needs no web framework

    return Role[word.upper()]


def _password(file: Path | None) -> str:
    if file is not None:
        return _first_line(file.read_text(encoding="utf-8"), f"{file} is empty")
    if _on_terminal():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True))
    return _first_line(sys.stdin.readline(), "no password came; type it on a terminal, or send it as one line")


def _on_terminal() -> bool:
    return sys.stdin.isatty()


def _first_line(text: str, nothing: str) -> str:
    first = next(iter(text.splitlines()), "")
    if not first:
        raise Refused(nothing)
    return first


def _tell(known: list[User]) -> None:
    if not known:
        say(out, "Nobody can sign in yet: smarketing user add NAME --role admin")
    for user in known:
        way = "password" if user.hash else "identity provider"
        state = "" if user.active else "  [yellow]kept out[/]"
        seen = f"last signed in {user.seen_at:%Y-%m-%d %H:%M} UTC" if user.seen_at else "never signed in"
        called = f" ({escape(user.shown)})" if user.shown != user.name else ""
        say(out, f"[bold]{escape(user.name)}[/]{called}  {user.role}  [dim]{way}, {seen}[/]{state}")


def _row(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "shown": user.shown,
        "role": user.role,
        "by": "password" if user.hash else "openid",
        "active": user.active,
        "added_at": user.added_at.isoformat(),
        "seen_at": user.seen_at.isoformat() if user.seen_at else None,
    }


COMMANDS = (
    group("user", "Who may sign in to the pages, and what they may do there.", add, listed, role, password, remove),
)
