"""What every command shares: its options, how an installation is opened, and how errors become words and exit codes.

An error that the bridge raises on purpose says what to do next. Any other is a fault of ours: it is told in a line,
and with SMARKETING_DEBUG=1 in full.
"""

from __future__ import annotations

import errno
import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import orjson
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from connector.clock import SystemClock, SystemDice
from connector.errors import BridgeError, Misconfigured, RateLimited, Refused, Transient, Unauthorised

if TYPE_CHECKING:
    from connector.bootstrap import Installation
    from connector.config.load import Loaded
    from connector.storage.database import Database

F = TypeVar("F", bound=Callable[..., Any])

DONE, FAILED, MISCONFIGURED, NEEDS_A_PERSON = 0, 1, 2, 3
PIPE_WIDTH = 120

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
for _console in (out, err):
    if not _console.is_terminal and "COLUMNS" not in os.environ:
        _console.width = PIPE_WIDTH

config_option = click.option(
    "--config",
    "config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="The configuration file.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")


def say(console: Console, text: str, indent: int = 0) -> None:
    """A paragraph in rich's markup: wrapped under its own indent for people, one line for pipes."""
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, indent), expand=False))
    else:
        console.print(" " * indent + text, soft_wrap=True)


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 record, 2 records."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def command(name: str, *examples: str) -> Callable[[F], click.Command]:
    """A command whose errors are told in plain words and become exit codes; its help ends with the examples."""
    epilog = "\n".join(("\b", "Examples:", *(f"  {example}" for example in examples))) if examples else None

    def wrap(function: F) -> click.Command:
        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> None:
            try:
                code = function(*args, **kwargs)
            except BridgeError as error:
                code = explain(error)
            except (click.ClickException, click.exceptions.Exit, click.Abort):
                raise
            except KeyboardInterrupt:
                code = _interrupted()
            except Exception as error:  # noqa: BLE001  # whatever it is, a person gets a sentence
                code = _unexpected(error)
            sys.exit(code or DONE)

        return click.command(name, epilog=epilog)(guarded)

    return wrap


class Group(click.Group):
    """Commands about one thing, listed in their own order with whole lines."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name, in the order in which they were given."""
        del ctx
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with the first line of its help."""
        del ctx
        lines = [(name, (one.help or "").splitlines()[0]) for name, one in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(lines)


def group(name: str, about: str, *commands: click.Command) -> Group:
    """Commands about one thing: `smarketing NAME COMMAND`."""
    return Group(name, commands=commands, help=about)


def explain(error: BridgeError) -> int:
    """Tell a person what went wrong and what to do next; returns the exit code."""
    match error:
        case Misconfigured(problems=problems):
            say(err, f"[bold red]The configuration has {count(len(problems), 'problem')}:[/]")
            for problem in problems:
                say(err, escape(str(problem)), 2)
            return MISCONFIGURED
        case Unauthorised():
            say(err, f"[bold red]Not allowed:[/] {escape(str(error))}")
            say(err, "Mend the credentials or their scopes, then try them with: smarketing check")
        case RateLimited(until=until):
            words = f"Asked to wait until {until:%Y-%m-%d %H:%M:%S} UTC:"
            say(err, f"[bold yellow]{words}[/] {escape(str(error))}")
            say(err, "Nothing is lost; run the same command again after that.")
        case Refused():
            say(err, f"[bold red]Not done:[/] {escape(str(error))}")
        case Transient():
            say(err, f"[bold red]Failed:[/] {escape(str(error))}")
            say(
                err,
                "Nothing is lost; run the same command again. If it keeps failing, see the address and the network.",
            )
        case _:
            say(err, f"[bold red]Failed:[/] {escape(str(error))}")
    return FAILED


def _interrupted() -> int:
    say(err, "Stopped. Nothing is lost: what was written is remembered, and the next smarketing sync does the rest.")
    return FAILED


def _unexpected(error: Exception) -> int:
    if os.environ.get("SMARKETING_DEBUG"):
        raise error
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        raise error  # the reader of our output has gone, which click knows how to end
    if isinstance(error, OSError) and error.filename:
        say(err, f"[bold red]Failed:[/] {escape(str(error.filename))}: {escape(error.strerror or 'cannot be used')}")
        return FAILED
    first = str(error).strip().splitlines()
    say(err, f"[bold red]Failed unexpectedly:[/] {type(error).__name__}: {escape(first[0] if first else '')}")
    say(err, "This is a fault of the bridge; nothing is lost. SMARKETING_DEBUG=1 shows where, for a report.")
    return FAILED


@contextmanager
def installation(
    config: Path, *, watch: bool = False, connect: bool = True, refresh: bool = False
) -> Iterator[Installation]:
    """Open the installation a configuration describes; with a progress bar on long work when `watch`."""
    from connector.bootstrap import Surroundings, open_installation  # noqa: PLC0415  # what only helps does without

    with ExitStack() as closing:
        progress = closing.enter_context(watching(enabled=watch and err.is_terminal))
        around = Surroundings(os.environ, SystemClock(), SystemDice(), progress)
        yield closing.enter_context(open_installation(config, around, connect=connect, refresh=refresh))


@contextmanager
def store(config: Path) -> Iterator[tuple[Loaded, Database]]:
    """Open only what the bridge remembers."""
    from connector.bootstrap import open_store  # noqa: PLC0415  # what only helps does without

    with open_store(config, os.environ) as opened:
        yield opened


@contextmanager
def watching(*, enabled: bool) -> Iterator[Callable[[str, int, int | None], None]]:
    """A progress bar for long work, on standard error; nothing when it is not enabled."""
    if not enabled:
        yield lambda _what, _done, _total: None
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415  # rare

    told, counted = TextColumn("{task.description}"), TextColumn("{task.fields[counted]}")
    with Progress(SpinnerColumn(), told, BarColumn(), counted, TimeElapsedColumn(), console=err) as bars:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total, counted="")
            of = f" of {total:,}" if total else ""
            bars.update(tasks[what], completed=done, total=total, counted=f"{done:,}{of}")

        yield report


def print_json(data: Any) -> None:
    """Data for machines, on standard output."""
    click.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2, default=str))


def who() -> str:
    """Who is at the keyboard, for the record of acts."""
    return os.environ.get("SMARKETING_USER") or os.environ.get("USER") or "someone at the command line"
