"""What every command shares: its options, how an installation is opened, and how errors become exit codes."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from connector.bootstrap import Installation, Surroundings, open_installation
from connector.clock import SystemClock, SystemDice
from connector.errors import BridgeError, Misconfigured, RateLimited, Refused, Unauthorised

F = TypeVar("F", bound=Callable[..., Any])

DONE, FAILED, MISCONFIGURED, NEEDS_A_PERSON = 0, 1, 2, 3

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

config_option = click.option(
    "--config",
    "config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="The configuration file.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")


def command(name: str) -> Callable[[F], click.Command]:
    """A command whose errors are told in plain words and become exit codes."""

    def wrap(function: F) -> click.Command:
        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> None:
            try:
                code = function(*args, **kwargs)
            except BridgeError as error:
                code = explain(error)
            sys.exit(code or DONE)

        return click.command(name)(guarded)

    return wrap


def explain(error: BridgeError) -> int:
    """Tell a person what went wrong and what to do next; returns the exit code."""
    match error:
        case Misconfigured(problems=problems):
            err.print(f"[bold red]The configuration has {len(problems)} problem(s):[/]")
            for problem in problems:
                err.print(f"  {problem}", markup=False, soft_wrap=True)
            return MISCONFIGURED
        case Unauthorised():
            err.print(f"[bold red]Not allowed:[/] {error}", soft_wrap=True)
            err.print("Check the credentials and their scopes with: smarketing check")
        case RateLimited(until=until):
            err.print(
                f"[bold yellow]The API budget is used up until {until:%Y-%m-%d %H:%M} UTC:[/] {error}", soft_wrap=True
            )
            err.print("Nothing is lost; run the same command again after that.")
        case Refused():
            err.print(f"[bold red]Not done:[/] {error}", soft_wrap=True)
        case _:
            err.print(f"[bold red]Failed:[/] {error}", soft_wrap=True)
            err.print("Nothing is lost; run the same command again. If it keeps failing: smarketing check")
    return FAILED


@contextmanager
def installation(
    config: Path, *, watch: bool = False, connect: bool = True, refresh: bool = False
) -> Iterator[Installation]:
    """Open the installation a configuration describes; with a progress bar on long work when `watch`."""
    with ExitStack() as closing:
        progress = closing.enter_context(_watching(enabled=watch))
        around = Surroundings(os.environ, SystemClock(), SystemDice(), progress)
        opened = closing.enter_context(open_installation(config, around, connect=connect, refresh=refresh))
        yield opened


@contextmanager
def _watching(*, enabled: bool) -> Iterator[Callable[[str, int, int | None], None]]:
    if not enabled:
        yield lambda _what, _done, _total: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=not err.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report


def print_json(data: Any) -> None:
    """Data for machines, on standard output."""
    sys.stdout.buffer.write(orjson.dumps(data, option=orjson.OPT_INDENT_2, default=str) + b"\n")
    sys.stdout.flush()


def who() -> str:
    """Who is at the keyboard, for the record of acts."""
    return os.environ.get("SMARKETING_USER") or os.environ.get("USER") or "someone at the command line"


def stop(message: str, code: int = FAILED) -> NoReturn:
    """End with a message."""
    err.print(message, soft_wrap=True)
    sys.exit(code)
