"""plan, apply, sync: what is written, when, and who has looked at it before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from connector.bootstrap import Installation
from connector.cli import asking
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
from connector.cli.naming import moment, resolve
from connector.cli.telling import tell_case, tell_plan, tell_run
from connector.cli.words import NAMES, Words, called
from connector.core.plan import Raise
from connector.core.refs import Side
from connector.engine import facts, planfile, standing, sync
from connector.engine.case import Case
from connector.engine.cases import cases_of
from connector.engine.erase import without_erased
from connector.engine.run import Run
from connector.engine.sweep import batches, swept
from connector.errors import Refused
from connector.reports import outlook
from connector.reports.forecast import forecast, scanning
from connector.reports.waiting import Groups
from connector.storage import issues

STEPS = ("create", "update", "archive", "link", "unlink", "relink", "raise")


@command(
    "plan",
    "smarketing plan --out plan.jsonl",
    "smarketing plan --ref ada@acme.example",
    "smarketing plan --since 3d --kind create --all",
)
@config_option
@json_option
@click.option("--object", "obj", help="Only this object: contacts, Lead, Contact, ...")
@click.option("--since", help="Only records changed since then: 2026-11-02, 2026-11-02T08:00Z, 3d, 12h.")
@click.option("--ref", "ref", help="Only this record: an e-mail, an id, or a ref like hubspot:contacts:33451.")
@click.option("--out", "target", type=click.Path(dir_okay=False, path_type=Path), help="Save the plan for apply.")
@click.option("--kind", type=click.Choice(STEPS), help="Spell out only records with such a step.")
@click.option("--limit", default=10, show_default=True, help="The most records to spell out.")
@click.option("--all", "everything", is_flag=True, help="Spell out every record.")
def plan(**chosen: Any) -> int:
    """Show exactly what a sync would write, and write nothing.

    Every record with every field, its value before and after, and the rule that asks for it; then the numbers, what
    would wait for a person, and the API calls it takes. Exit code 3 when something would need a person.
    """
    asked = Asked(**chosen)
    found = Found()
    with installation(asked.config, watch=not asked.as_json) as opened:
        _check_object(opened, asked.obj)
        with sync.recorded(opened.bridge, "plan", who()) as run:
            rows = _planned(opened, run, asked, found)
            if asked.target:
                planfile.save(asked.target, planfile.header(opened.bridge, {}, whole=asked.whole), rows)
            else:
                deque(rows, maxlen=0)
        found.words = asking.words(opened.bridge)
    _tell(opened, run, asked, found)
    return NEEDS_A_PERSON if run.needs_a_person else DONE


@dataclass(frozen=True)
class Asked:
    """What `plan` was asked for, option by option."""

    config: Path
    as_json: bool
    obj: str | None
    since: str | None
    ref: str | None
    target: Path | None
    kind: str | None
    limit: int
    everything: bool

    @property
    def whole(self) -> bool:
        """Whether every record there is was asked for."""
        return not (self.obj or self.since or self.ref)

    def spells_out(self, row: dict[str, Any], shown: int) -> bool:
        """Whether a record is told in full."""
        wanted = not self.kind or any(step["do"] == self.kind for step in row["steps"])
        return wanted and (self.everything or self.as_json or shown < self.limit)


@dataclass
class Found:
    """What a plan came upon: records to spell out, how many have steps, and what waits for a person."""

    shown: list[dict[str, Any]] = field(default_factory=list)
    records: int = 0
    groups: Groups = field(default_factory=Groups)
    words: Words = field(default_factory=Words)


def _check_object(opened: Installation, obj: str | None) -> None:
    known = list(dict.fromkeys(name for _, name in opened.bridge.views))
    if obj and obj not in known:
        raise Refused(f"no mapping has an object {obj!r}; there are: {', '.join(known)}")


def _planned(opened: Installation, run: Run, asked: Asked, found: Found) -> Iterator[dict[str, Any]]:
    """The lines of all cases that have steps."""
    for case in _cases(opened, run, asked):
        if asked.obj and asked.obj not in (case.pair.hubspot, case.pair.salesforce):
            continue
        run.count_plan(case.plan)
        for step in case.plan.steps:
            if isinstance(step, Raise):
                found.groups.add(step.issue)
        if case.plan.steps:
            row = planfile.line(case)
            found.records += 1
            if asked.spells_out(row, len(found.shown)):
                found.shown.append({"who": called(case), **row})
            yield row


def _cases(opened: Installation, run: Run, asked: Asked) -> Iterator[Case]:
    bridge = opened.bridge
    if asked.ref:
        yield from without_erased(bridge, cases_of(bridge, [resolve(bridge, asked.ref)]))
        return
    start = moment(asked.since, bridge.clock.now()) if asked.since else None
    with swept(bridge, run.id):
        for cases in batches(bridge, run.id, start):
            yield from without_erased(bridge, cases)


def _tell(opened: Installation, run: Run, asked: Asked, found: Found) -> None:
    calls = forecast(run.counts, opened.settings.salesforce.bulk_from_rows)
    groups = found.groups.all()
    if asked.as_json:
        costs = {"hubspot": calls.hubspot, "salesforce": calls.salesforce}
        waiting = [group.row() for group in groups]
        print_json({"counts": run.summary(), "calls": costs, "groups": waiting, "records": found.shown})
        return
    for row in found.shown:
        tell_case(out, row, found.words)
    if found.records > len(found.shown):
        more = count(found.records - len(found.shown), "more record")
        say(out, f"[dim]... and {more}; see them with --all or --kind, or save them with --out FILE[/]")
    tell_plan(out, run.counts, calls, groups, found.words)
    for side, left in _left_today(opened).items():
        if left is not None and calls.of(side) > left:
            say(out, f"[yellow]{NAMES[side]} has {left:,} calls left for it today;[/] the rest would go on tomorrow.")
    if asked.target:
        say(err, f"Saved. Carry it out with: smarketing apply {asked.target}")


@command("apply", "smarketing plan --out plan.jsonl", "smarketing apply plan.jsonl")
@config_option
@json_option
@click.argument("file", type=click.Path(path_type=Path))
def apply(config: Path, as_json: bool, file: Path) -> int:  # noqa: FBT001  # one parameter an option
    """Carry out a saved plan, where nothing has changed since.

    Records that changed since the plan was made are skipped, listed, and looked at again by the next sync. The guards
    stand aside: the plan was seen. A whole plan made before anything was linked spares the first full sync.
    """
    if not file.is_file():
        raise Refused(f"{file} is no file; make a plan with: smarketing plan --out {file}")
    with installation(config, watch=not as_json) as opened:
        bridge = opened.bridge
        head, records = planfile.load(file, bridge.mapping.digest)
        with sync.recorded(bridge, "apply", who(), approved=True) as run:
            planfile.apply_saved(bridge, records, run, head)
        return _told(opened, run, as_json=as_json)


@command("sync", "smarketing sync", "smarketing sync --full --approve")
@config_option
@json_option
@click.option("--once", "mode", flag_value="once", default=True, help="What changed, until nothing is dirty (default).")
@click.option("--full", "mode", flag_value="full", help="Compare everything.")
@click.option("--approve", is_flag=True, help="You have seen the plan: the guards let this run through.")
def sync_command(config: Path, *, as_json: bool, mode: str, approve: bool) -> int:
    """Bring both sides in step.

    Reads what changed since the last time (everything, the first time) and does what `plan` shows. A guard holds a
    run that would change more than config.yaml allows. Exit code 3 when something needs a person.
    """
    with installation(config, watch=not as_json) as opened:
        if mode == "full" or standing.owes_full(opened.bridge):
            _foresee(opened, approved=approve)
        run = opened.sync(mode, by=who(), approved=approve)
        return _told(opened, run, as_json=as_json)


def _foresee(opened: Installation, *, approved: bool) -> None:
    """Say before a run over everybody what it takes, where the day's calls may not hold it.

    Raises:
        Refused: when not even reading everybody fits, unless somebody has approved that it goes on the next day.
    """
    people = outlook.people(opened.bridge.database)
    writing = forecast({f"updated_{side.value}": people for side in Side}, opened.settings.salesforce.bulk_from_rows)
    for side, left in _left_today(opened).items():
        reading, most = (one.of(side) for one in (scanning(people), scanning(people) + writing))
        if left is None or most <= left:
            continue
        words = (
            f"today {NAMES[side]} has {left:,} calls left for it, and a full run takes {reading:,} to read everybody"
        )
        if reading > left and not approved:
            raise Refused(f"{words}; run it tomorrow, raise {side.value}.calls_per_day, or say --approve to begin now")
        say(
            err, f"[yellow]{words}, up to {most:,} with all that it may write;[/] what is not done today goes on later."
        )


def _left_today(opened: Installation) -> Mapping[Side, int | None]:
    """Calls that ordinary work may still make today, where config.yaml sets a limit."""
    bridge = opened.bridge
    known = facts.recall(bridge.database)
    zones = {side: facts.zone(known, side) for side in Side}
    return outlook.left_today(bridge.database, opened.settings, bridge.clock.now(), zones)


def _told(opened: Installation, run: Run, *, as_json: bool) -> int:
    usage = {side.value: crm.usage() for side, crm in opened.bridge.crms.items()}
    if as_json:
        calls = {
            side: {"calls": one.calls, "throttled": one.throttled, "by_operation": dict(one.by_operation)}
            for side, one in usage.items()
        }
        skipped = [{"ref": ref, "why": why} for ref, why in run.skipped]
        print_json({"run": run.id, "counts": run.summary(), "skipped": skipped, "calls": calls})
    else:
        with opened.bridge.database.read() as conn:
            waiting = sum(issues.counts(conn).values())
        tell_run(out, run, usage, waiting)
    return NEEDS_A_PERSON if run.needs_a_person else DONE


COMMANDS = (plan, apply, sync_command)
