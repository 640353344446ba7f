"""undo: take back what the bridge wrote, as far as nobody else has written since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
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

if TYPE_CHECKING:
    from connector.cli.words import Words
    from connector.engine.bridge import Bridge
    from connector.engine.deeds import Asked
    from connector.engine.takingback import Refusal
    from connector.engine.undo import Undone

_SHOWN = 20


@command(
    "undo",
    "smarketing undo 17 --plan",
    "smarketing undo 17",
    "smarketing undo --record ada@acme.example --field job_title",
    "smarketing undo --field job_title --since 2026-11-02T08:00Z --until 2026-11-02T09:00Z",
)
@config_option
@json_option
@click.argument("run", type=int, required=False)
@click.option("--record", "record", help="Only this record: an e-mail, an id, or a ref like hubspot:contacts:33451.")
@click.option("--field", "field", default="", help="Only this field, by its name on either side or its rule's.")
@click.option("--since", help="Only what was written since then: 2026-11-02, 2026-11-02T08:00Z, 3d, 12h.")
@click.option("--until", help="Only what was written before then, in the same forms.")
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be written and what not, and write nothing.")
@click.option("--approve", is_flag=True, help="You have seen the plan: the guards let it through.")
def undo(**chosen: Any) -> int:
    """Take back what the bridge wrote, as far as nobody else has written since.

    RUN is a run's number (smarketing status). With more than one of RUN, --record, --field, --since and --until, only
    what all of them allow. What somebody has edited since stays and is listed. Exit code 3 when something was refused.
    """
    typed = _Typed(**chosen)
    from connector.cli import asking  # noqa: PLC0415  # the help needs none of it
    from connector.engine import sync  # noqa: PLC0415  # likewise
    from connector.engine import undo as engine  # noqa: PLC0415  # likewise

    with installation(typed.config, watch=not typed.as_json) as opened:
        bridge = opened.bridge
        asked = engine.asked_for(bridge, _asked(bridge, typed))
        found = engine.survey(bridge, asked)
        words = asking.words(bridge)
        held = "" if typed.approve else engine.held(bridge, found)
        if typed.only_plan or held or not found.people:
            _tell_plan(found, words, held, typed)
            return NEEDS_A_PERSON if found.refused or (held and not typed.only_plan) else DONE
        with sync.recorded(bridge, engine.KIND, who(), approved=True) as run:
            done = engine.undo(bridge, run, asked)
        if typed.as_json:
            print_json({"run": run.id, "counts": run.summary(), **_left(done)})
        else:
            _tell_done(out, done, words, run.id)
    return NEEDS_A_PERSON if done.refused else DONE


@dataclass(frozen=True)
class _Typed:
    """What was typed, option by option."""

    config: Path
    as_json: bool
    run: int | None
    record: str | None
    field: str
    since: str | None
    until: str | None
    only_plan: bool
    approve: bool


def _asked(bridge: Bridge, typed: _Typed) -> Asked:
    from connector.cli.naming import moment, resolve  # noqa: PLC0415  # as above
    from connector.engine.deeds import Asked  # noqa: PLC0415  # likewise
    from connector.engine.undo import both  # noqa: PLC0415  # likewise

    now = bridge.clock.now()
    refs = both(bridge, resolve(bridge, typed.record)) if typed.record else None
    since, until = (moment(text, now) if text else None for text in (typed.since, typed.until))
    return Asked(typed.run, refs, typed.field, since, until)


def _left(found: Undone) -> dict[str, Any]:
    """What is not taken back, as JSON."""
    refused = [one.row() for one in found.refused]
    return {"refused": refused, "left": {"follows": found.follows, "linked": found.links}}


def _tell_plan(found: Undone, words: Words, held: str, typed: _Typed) -> None:
    from connector.cli.telling import tell_case  # noqa: PLC0415  # as above
    from connector.cli.words import called  # noqa: PLC0415  # likewise
    from connector.engine import planfile  # noqa: PLC0415  # likewise

    rows = [{"who": called(person.case), **planfile.line(person.case)} for person in found.people]
    if typed.as_json:
        print_json({"records": rows, "held": held, **_left(found)})
        return
    for row in rows[:_SHOWN]:
        tell_case(out, row, words)
    if len(rows) > _SHOWN:
        say(out, f"[dim]... and {count(len(rows) - _SHOWN, 'more record')}; see them all with --json[/]")
    numbers = f"{count(found.tally.changes, 'record')} to change, {count(found.tally.archives, 'record')} to archive"
    say(out, f"[bold]{numbers}.[/] Nothing was written.")
    _tell_left(out, found, words)
    if held:
        say(out, f"[bold yellow]A guard holds it:[/] {escape(held)}. Having seen this, let it through with --approve.")


def _tell_done(console: Console, done: Undone, words: Words, run_id: int) -> None:
    changed, archived = count(done.tally.changes, "record"), count(done.tally.archives, "record")
    say(console, f"[bold]Run {run_id}[/]: {changed} changed back, {archived} archived again.")
    _tell_left(console, done, words)
    if not done.refused:
        say(console, "[green]Everything that was chosen is as it was before.[/]")
    say(err, f"Undo this with: smarketing undo {run_id}")


def _tell_left(console: Console, found: Undone, words: Words) -> None:
    """What stays as it is, and why."""
    for one in found.refused[:_SHOWN]:
        _tell_refusal(console, one, words)
    if len(found.refused) > _SHOWN:
        say(console, f"[dim]... and {len(found.refused) - _SHOWN:,} more; see them with --json[/]")
    if found.follows:
        fields = count(found.follows, "field")
        say(console, f"{fields} of lifecycle, feedback and SLA left alone: what they say follows from what happened.")
    if found.links:
        pairs = count(found.links, "pair stays", "pairs stay")
        say(console, f"{pairs} linked, each record with the other's id; take them apart with: smarketing unlink")


def _tell_refusal(console: Console, one: Refusal, words: Words) -> None:
    by = f" by {escape(one.who)}" if one.who else ""
    at: datetime | None = one.at
    when = f" at {at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
    say(
        console, f"[yellow]stays[/] {escape(str(one.ref))} [bold]{escape(one.field)}[/]: {escape(one.why)}{by}{when}", 2
    )
    if one.field and (one.now or one.wrote):
        say(console, f"it says {words.value(one.now)}; the bridge wrote {words.value(one.wrote)}", 6)
    if one.hint:
        say(console, f"[dim]{escape(one.hint)}[/]", 6)


COMMANDS = (undo,)
