"""plan, apply, sync: what is written, when, and who has looked at it before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from connector.bootstrap import Installation
from connector.cli.frame import (
    DONE,
    NEEDS_A_PERSON,
    command,
    config_option,
    err,
    installation,
    json_option,
    out,
    print_json,
    who,
)
from connector.cli.naming import moment, resolve
from connector.cli.telling import tell_plan, tell_run
from connector.engine import planfile, sync
from connector.engine.cases import Case, cases_of
from connector.engine.run import Run
from connector.engine.sweep import batches, swept
from connector.reports.forecast import forecast

SHOWN = 25  # records spelled out on a screen; the file has them all


@command("plan")
@config_option
@json_option
@click.option("--object", "obj", help="Only this object: contacts, Lead, Contact, ...")
@click.option("--since", help="Only records changed since then: 2026-11-02, 2026-11-02T08:00Z, 3d, 12h.")
@click.option("--ref", "ref", help="Only this record: an e-mail, an id, or a ref like hubspot:contacts:33451.")
@click.option("--out", "target", type=click.Path(dir_okay=False, path_type=Path), help="Save the plan for apply.")
@click.option("--all", "everything", is_flag=True, help=f"Spell out every record, not only the first {SHOWN}.")
def plan(**chosen: Any) -> int:
    """Show exactly what a sync would write, and write nothing."""
    asked = Asked(**chosen)
    with installation(asked.config, watch=not asked.as_json) as opened:
        run = sync.start(opened.bridge, "plan", who())
        shown: list[dict[str, Any]] = []
        rows = _planned(opened, run, asked, shown)
        if asked.target:
            planfile.save(asked.target, planfile.header(opened.bridge, {}), rows)
        else:
            deque(rows, maxlen=0)
        calls = forecast(run.counts, opened.settings.salesforce.bulk_from_rows)
        sync.finish(opened.bridge, run, "planned")
    if asked.as_json:
        costs = {"hubspot": calls.hubspot, "salesforce": calls.salesforce}
        print_json({"counts": run.summary(), "calls": costs, "records": shown})
    else:
        tell_plan(out, run.counts, calls, shown)
        if asked.target:
            err.print(f"Saved. Carry it out with: smarketing apply {asked.target}")
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
    everything: bool


def _planned(opened: Installation, run: Run, asked: Asked, shown: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The lines of all cases that have steps; those to be spelled out are kept in `shown`."""
    for case in _cases(opened, run, asked):
        if asked.obj and asked.obj not in (case.pair.hubspot, case.pair.salesforce):
            continue
        run.count_plan(case.plan)
        if case.plan.steps:
            row = planfile.line(case)
            if len(shown) < SHOWN or asked.everything or asked.as_json:
                shown.append(row)
            yield row


def _cases(opened: Installation, run: Run, asked: Asked) -> Iterator[Case]:
    bridge = opened.bridge
    if asked.ref:
        yield from cases_of(bridge, [resolve(bridge, asked.ref)])
        return
    start = moment(asked.since, bridge.clock.now()) if asked.since else None
    with swept(bridge, run.id):
        for cases in batches(bridge, run.id, start):
            yield from cases


@command("apply")
@config_option
@json_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def apply(config: Path, as_json: bool, file: Path) -> int:  # noqa: FBT001  # one parameter an option
    """Carry out a saved plan; records that changed since are skipped and listed."""
    with installation(config, watch=not as_json) as opened:
        bridge = opened.bridge
        _, records = planfile.load(file, bridge.mapping.digest)
        run = sync.start(bridge, "apply", who(), approved=True)
        planfile.apply_saved(bridge, records, run)
        sync.finish(bridge, run, "applied")
    return _told(opened, run, as_json=as_json)


@command("sync")
@config_option
@json_option
@click.option("--once", "mode", flag_value="once", default=True, help="What changed, until nothing is dirty (default).")
@click.option("--full", "mode", flag_value="full", help="Compare everything.")
@click.option("--approve", is_flag=True, help="You have seen the plan: the guards let this run through.")
def sync_command(config: Path, as_json: bool, mode: str, approve: bool) -> int:  # noqa: FBT001  # one parameter an option
    """Bring both sides in step."""
    with installation(config, watch=not as_json) as opened:
        run = opened.sync(mode, by=who(), approved=approve)
    return _told(opened, run, as_json=as_json)


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
        tell_run(out, run, usage)
    return NEEDS_A_PERSON if run.needs_a_person else DONE


COMMANDS = (plan, apply, sync_command)
