"""inbox: what came in and waits, what was not understood and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from connector.cli.frame import (
    DONE,
    NEEDS_A_PERSON,
    command,
    config_option,
    count,
    err,
    json_option,
    out,
    print_json,
    say,
    store,
    who,
)
from connector.clock import SystemClock
from connector.errors import Refused

if TYPE_CHECKING:
    from connector.storage.database import Database
    from connector.storage.inbox import Received


@dataclass(frozen=True, slots=True)
class Lying:
    """What lies in the inbox."""

    waiting: int
    oldest: datetime | None
    kept: Sequence[Received]
    not_understood: int


@command("inbox", "smarketing inbox", "smarketing inbox --show 4711", "smarketing inbox --again")
@config_option
@json_option
@click.option("--show", type=int, help="Print one request's body as it came; it may hold personal data.")
@click.option("--again", is_flag=True, help="Have everything read once more that was not understood.")
@click.option("--drop", type=int, multiple=True, help="Throw a request away that was not understood; may be repeated.")
@click.option("--limit", type=int, default=20, show_default=True, help="The most to list.")
def inbox(config: Path, *, as_json: bool, **chosen: Any) -> int:
    """What came in by webhooks and listeners: what waits, what was not understood and why.

    What waits is read within seconds while a worker runs. What was not understood is kept for a month, so that nothing
    is lost where HubSpot or Salesforce sends something new; the rest of such a request was taken. Calls no CRM. Exit
    code 3 when something was not understood.
    """
    with store(config) as (_, database):
        if chosen["show"] is not None:
            return _show(database, chosen["show"])
        if chosen["again"] or chosen["drop"]:
            return _decide(database, chosen["drop"], again=chosen["again"])
        found = _found(database, chosen["limit"])
    if as_json:
        print_json(_row(found))
    else:
        _tell(found)
    return NEEDS_A_PERSON if found.not_understood else DONE


def _show(database: Database, row_id: int) -> int:
    from connector.storage import inbox as stored  # noqa: PLC0415  # the help needs no database

    with database.read() as conn:
        found = stored.one(conn, row_id)
    if found is None:
        raise Refused(f"there is no request {row_id} in the inbox (any more); smarketing inbox lists them")
    click.echo(found.post.body.decode(errors="replace"))
    return DONE


def _decide(database: Database, dropped: Sequence[int], *, again: bool) -> int:
    from connector.engine import post  # noqa: PLC0415  # the help needs no engine

    now = SystemClock().now()
    if dropped:
        say(err, f"{count(post.drop(database, dropped, now, who()), 'request')} thrown away.")
    if again:
        say(err, f"{count(post.read_again(database, now, who()), 'request')} will be read once more by the worker.")
    return DONE


def _found(database: Database, limit: int) -> Lying:
    from connector.storage import inbox as stored  # noqa: PLC0415  # the help needs no database

    with database.read() as conn:
        waiting, oldest = stored.count(conn), stored.oldest(conn)
        return Lying(waiting, oldest, stored.kept(conn, limit), stored.not_understood(conn))


def _tell(found: Lying) -> None:
    since = f", the oldest since {found.oldest:%Y-%m-%d %H:%M:%S} UTC" if found.oldest else ""
    waits = "waits" if found.waiting == 1 else "wait"
    say(out, f"{count(found.waiting, 'request')} {waits} to be read{since}." if found.waiting else "Nothing waits.")
    if not found.not_understood:
        say(out, "Everything that came was understood.")
        return
    say(out, f"[yellow]{count(found.not_understood, 'request')}[/] not understood in full:")
    for one in found.kept:
        post = one.post
        say(out, f"[bold]{one.id}[/]  {post.source}  {post.received_at:%Y-%m-%d %H:%M} UTC  {escape(one.problem)}", 2)
    say(out, "[dim]smarketing inbox --show NUMBER prints one; --again reads all anew after an update; --drop NUMBER[/]")


def _row(found: Lying) -> dict[str, Any]:
    return {
        "waiting": found.waiting,
        "oldest": found.oldest.isoformat() if found.oldest else None,
        "not_understood": found.not_understood,
        "requests": [
            {
                "id": one.id,
                "source": one.post.source,
                "received_at": one.post.received_at.isoformat(),
                "request_id": one.post.request_id,
                "bytes": len(one.post.body),
                "problem": one.problem,
            }
            for one in found.kept
        ],
    }


COMMANDS = (inbox,)
