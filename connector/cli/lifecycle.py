"""lifecycle show, check, replay: the shared definition, what is odd about it, and what another would have meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.frame import (
    DONE,
    FAILED,
    command,
    config_option,
    count,
    err,
    group,
    installation,
    json_option,
    out,
    print_json,
    say,
    store,
)
from connector.config.findings import Finding, Severity
from connector.errors import BridgeError, Refused

if TYPE_CHECKING:
    from connector.cli.agreement import Agreed
    from connector.reports.history import Person
    from connector.reports.replayed import Asked, Difference, Replay

_FILE = click.Path(dir_okay=False, path_type=Path)
_READ = click.Path(dir_okay=False, exists=True, path_type=Path)


@command("show", "smarketing lifecycle show", "smarketing lifecycle show --svg lifecycle.svg")
@config_option
@json_option
@click.option("--svg", type=_FILE, help="Draw the stages and moves into this file, too.")
def show(config: Path, as_json: bool, svg: Path | None) -> int:  # noqa: FBT001  # one parameter an option
    """The definition as both teams read it: stages, who owns them, how each side spells them, the moves.

    Calls no CRM. The picture is drawn from the table of moves and follows the reader's light or dark setting.
    """
    from connector.cli import agreement, lifecycle_words  # noqa: PLC0415  # the help needs none of it
    from connector.reports import definition as rows  # noqa: PLC0415  # likewise
    from connector.reports import diagram  # noqa: PLC0415  # likewise

    with agreement.agreed(config, watch=False) as opened:
        definition = opened.agreement.definition
        names = opened.names
    if svg:
        handoff = definition.handoff.stages if definition.handoff else frozenset()
        svg.write_text(diagram.svg(definition.lifecycle, handoff), encoding="utf-8")
        say(err, f"drew {svg}")
    if as_json:
        print_json(rows.definition_row(definition))
    elif not svg:
        lifecycle_words.tell_definition(out, definition, names)
    return DONE


@command("check", "smarketing lifecycle check", "smarketing lifecycle check --offline --json")
@config_option
@json_option
@click.option("--offline", is_flag=True, help="Look at the files only; connect to no CRM.")
def check(config: Path, *, as_json: bool, offline: bool) -> int:
    """What is odd about lifecycle, personas, feedback, SLA and objectives, file by file and line by line.

    Stages nobody can reach, ways nobody has decided about, two stages with one spelling, conditions that ask for fields
    nobody reads; and, connected, spellings that are not in the live picklists. Exit code 1 when something is wrong,
    2 when a file cannot be read at all.
    """
    from connector.cli import lifecycle_words  # noqa: PLC0415  # the help needs none of it

    found, connected = _findings(config, offline=offline)
    worst = [one for one in found if one.severity is Severity.ERROR]
    if as_json:
        print_json({"connected": connected, "findings": [lifecycle_words.finding_row(one) for one in found]})
    else:
        lifecycle_words.tell_findings(out, found, connected=connected)
    return FAILED if worst else DONE


def _findings(config: Path, *, offline: bool) -> tuple[list[Finding], bool]:
    """What is odd, and whether the live CRMs were asked; with no connection the files alone are looked at."""
    from connector.bootstrap import fitted  # noqa: PLC0415  # the help needs none of it
    from connector.cli.agreement import OFF  # noqa: PLC0415  # likewise
    from connector.clock import SystemClock  # noqa: PLC0415  # likewise
    from connector.config.lint import lint  # noqa: PLC0415  # likewise
    from connector.config.objectives import objectives_of  # noqa: PLC0415  # likewise

    with store(config) as (loaded, database):
        if not loaded.lifecycle_on:
            raise Refused(OFF)
        clock = SystemClock()
        objectives_of(loaded, clock.now())
        plain = [*lint(loaded), *fitted(loaded, None, database, clock).agreed.findings]
        files = {document.file for document in loaded.agreed.values()}
    if offline:
        return list(dict.fromkeys(plain)), False
    try:
        with installation(config, refresh=True) as opened:
            live = [one for one in opened.findings if one.file in files]
    except BridgeError as error:
        say(err, f"[yellow]not connected, so the live picklists were not compared:[/] {error}")
        return list(dict.fromkeys(plain)), False
    return list(dict.fromkeys((*plain, *live))), True


@command(
    "replay",
    "smarketing lifecycle replay --definition new.yaml --since 2026-07-01 --until 2026-10-01",
    "smarketing lifecycle replay --export journeys.jsonl",
    "smarketing lifecycle replay --definition new.yaml --against journeys.jsonl --csv leads.csv",
)
@config_option
@json_option
@click.option(
    "--definition",
    "files",
    type=_READ,
    multiple=True,
    help="Another lifecycle.yaml, personas.yaml or feedback.yaml to try (may be given more than once). "
    "Default: those of today, as though they had always been so.",
)
@click.option("--against", type=_READ, help="Replay this history file instead of the store.")
@click.option("--since", help="Count entries from then on: 2026-07-01, 2026-07-01T08:00Z, 90d.")
@click.option("--until", help="Count entries before then.")
@click.option("--stage", default="", help="Whose entries to count. Default: the stage of the handoff.")
@click.option("--csv", "table", type=_FILE, help="Write every lead that would be otherwise as CSV.")
@click.option("--export", type=_FILE, help="Write the history as JSON lines to replay elsewhere; nothing is compared.")
@click.option("--limit", default=20, show_default=True, help="The most leads to spell out.")
def replay(**chosen: Any) -> int:
    """What another definition would have made of the past, lead by lead.

    "This MQL rule would have made 312 MQLs last quarter, not 412": who would be gained, lost, or there at another time,
    and which criteria decide. Ruled is as it was; tried is judged anew from what was seen, answered and done. What the
    history cannot know, because a field was not watched then, is said. Writes nothing to any CRM.
    """
    from connector.cli import agreement, lifecycle_words  # noqa: PLC0415  # the help needs none of it

    with agreement.agreed(chosen["config"], watch=not chosen["as_json"]) as opened:
        if chosen["export"]:
            return _export(opened, chosen["export"])
        names = lifecycle_words.Naming(opened.stages, opened.names)
        found, rows = _replayed(opened, chosen)
    if chosen["as_json"]:
        print_json(found.row() | {"leads": [row.row() for row in rows.shown], "more": rows.more})
    else:
        lifecycle_words.tell_replay(out, found, rows, names)
    return DONE


def _export(opened: Agreed, target: Path) -> int:
    from connector.reports import history  # noqa: PLC0415  # only here

    times = (opened.now, opened.followed_since or opened.now)
    with target.open("wb") as file:
        number = history.write(file, opened.agreement.definition, times, opened.people("writing journeys"))
    say(
        err,
        f"wrote {count(number, 'journey')} to {target}; replay with: smarketing lifecycle replay --against {target}",
    )
    return DONE


@dataclass
class Rows:
    """Leads that would be otherwise: those that are spelled out, and how many more there are."""

    shown: list[Difference]
    more: int = 0


def _replayed(opened: Agreed, chosen: dict[str, Any]) -> tuple[Replay, Rows]:
    from connector.cli.csv_file import lead_row, writing  # noqa: PLC0415  # only here
    from connector.reports import replayed  # noqa: PLC0415  # likewise

    asked = _asked(opened, chosen)
    rows = Rows([])
    with _people(opened, chosen["against"]) as (people, watched), writing(chosen["table"]) as table:
        found = replayed.begin(asked, watched)
        for refs, entries in people:
            one = found.take(refs, entries)
            if one is None:
                continue
            table(lead_row(one))
            if len(rows.shown) < chosen["limit"]:
                rows.shown.append(one)
            else:
                rows.more += 1
    return found, rows


def _asked(opened: Agreed, chosen: dict[str, Any]) -> Asked:
    from connector.cli.naming import moment  # noqa: PLC0415  # only here
    from connector.config.definition import definition_of  # noqa: PLC0415  # likewise
    from connector.config.instead import instead  # noqa: PLC0415  # likewise
    from connector.reports.replayed import Asked  # noqa: PLC0415  # likewise

    now = opened.agreement.definition
    other = now
    if chosen["files"]:
        tried = instead(opened.loaded, chosen["files"], ("lifecycle", "personas", "feedback"))
        other = definition_of(tried, opened.owners) or now
    handoff = sorted(now.handoff.stages) if now.handoff else []
    stage = chosen["stage"] or next(iter(handoff), next(iter(now.lifecycle.stages)))
    if stage not in now.lifecycle.stages and stage not in other.lifecycle.stages:
        raise Refused(f"there is no stage {stage!r}; there are: {', '.join(now.lifecycle.stages)}")
    since, until = (moment(chosen[key], opened.now) if chosen[key] else None for key in ("since", "until"))
    return Asked(now, other, stage, since, until, opened.followed_since)


@contextmanager
def _people(opened: Agreed, against: Path | None) -> Iterator[tuple[Iterator[Person], Any]]:
    """Everybody, of the store or of a file; and the fields whose changes that holds (None: as in the store)."""
    from connector.reports import history  # noqa: PLC0415  # only here

    if against is None:
        yield opened.people("replaying"), None
        return
    with against.open("rb") as file:
        head = history.read_head(file, str(against))
        yield _counted(opened, history.read_people(file, str(against))), head.watched


def _counted(opened: Agreed, people: Iterator[Person]) -> Iterator[Person]:
    for number, one in enumerate(people, start=1):
        if not number % 200:
            opened.progress("replaying", number, None)
        yield one


lifecycle = group(
    "lifecycle",
    "The shared definition: show it, check it, replay the past under another.\n\n"
    "What both teams agreed on in lifecycle.yaml, personas.yaml and feedback.yaml: docs/lifecycle.md tells more.",
    show,
    check,
    replay,
)
COMMANDS = (lifecycle,)
