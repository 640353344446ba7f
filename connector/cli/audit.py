"""audit: do both sides still say the same? A sample (or everybody) compared afresh, and what the last audits found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

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
    store,
)
from connector.errors import Refused

if TYPE_CHECKING:
    from connector.reports.drift import Report

_NAMES = {"hubspot": "HubSpot", "salesforce": "Salesforce", "": "nobody can say which"}
_RULES_MAX = 10


@command("audit", "smarketing audit", "smarketing audit --all", "smarketing audit --latest --json")
@config_option
@json_option
@click.option("--all", "everybody", is_flag=True, help="Compare every linked pair, not only a sample.")
@click.option("--latest", is_flag=True, help="Only show what the last audits found; no CRM is called.")
@click.option("--limit", default=10, show_default=True, help="The most pairs to name.")
def audit(config: Path, *, as_json: bool, everybody: bool, latest: bool, limit: int) -> int:
    """Compare linked pairs on both sides afresh, and show the drift number.

    Drift is what differs without a reason: no open question, no parked value, nothing that waits to be done, nothing
    that was agreed to differ. It is marked, so that the next pass mends it. Exit code 3 when there is more drift than
    config.yaml allows, or when something does not heal.
    """
    if not latest:
        _compare(config, everybody=everybody, watch=not as_json)
    found = _report(config)
    if as_json:
        print_json(found.row(limit))
    else:
        tell(out, found, limit)
    return NEEDS_A_PERSON if found.needs_a_person else DONE


def _compare(config: Path, *, everybody: bool, watch: bool) -> None:
    from connector.engine.audit import SAMPLE, Asked  # noqa: PLC0415  # the help needs none of it
    from connector.engine.audit import audit as compare  # noqa: PLC0415  # likewise

    with installation(config, watch=watch) as opened:
        work = opened.settings.worker
        asked = Asked(
            sample=None if everybody else work.audit.sample or SAMPLE,
            alarm_percent=work.audit.alarm_percent,
            young=timedelta(seconds=work.longest_wait_s),
            channels=sorted(opened.settings.notifications),
        )
        compare(opened.bridge, asked, opened.bridge.clock.now())
    say(err, "What differs without a reason is marked: a running worker mends it, or `smarketing sync`.")


def _report(config: Path) -> Report:
    from connector.reports import drift  # noqa: PLC0415  # the help needs none of it

    with store(config) as (_, database), database.read() as conn:
        found = drift.latest(conn)
    if found is None:
        raise Refused("nothing was compared yet; run smarketing audit without --latest")
    return found


def tell(console: Console, found: Report, limit: int) -> None:
    """The number first, then what it is made of, then what came before."""
    body, last = found.last.body, found.last
    colour = "red" if found.needs_a_person else "green"
    pairs = f"{last.differing:,} of {count(last.compared, 'linked pair')} compared {_differ(last.differing)}"
    fields = f"{body['differing_fields']:,} of {count(body['fields'], 'field')} ({found.fields_percent:.2f} %)"
    say(console, f"[bold {colour}]Drift {found.percent:.1f} %[/]  {pairs} without a reason; {fields}")
    say(console, f"[dim]{found.at:%Y-%m-%d %H:%M} UTC, {'everybody' if body['all'] else 'a sample'}[/]", 2)
    _tell_counts(console, "differing fields", found.counts("by_rule"))
    _tell_counts(console, "lagging behind", {_NAMES[side]: number for side, number in found.counts("by_side").items()})
    _tell_counts(console, "not there any more", {_NAMES[side]: one for side, one in found.counts("missing").items()})
    _tell_counts(console, "differing with a reason", found.counts("explained"))
    _tell_counts(console, "of these left alone for good", found.counts("standing"))
    if body["lasting"]:
        lasting = count(body["lasting"], "pair does not heal", "pairs do not heal")
        say(console, f"[red]{lasting}[/]: smarketing status --kind drift", 2)
    for one in found.examples(limit):
        what = ", ".join(one.rules) or "a record is not there any more"
        say(console, f"{escape(f'{one.hubspot} = {one.salesforce}')}  [bold]{escape(what)}[/]", 4)
        say(console, f"[dim]see why:[/] smarketing show {escape(one.hubspot)}", 6)
    _tell_trend(console, found)


def _differ(number: int) -> str:
    return "differs" if number == 1 else "differ"


def _tell_counts(console: Console, what: str, counts: Mapping[str, int]) -> None:
    if counts:
        most = sorted(counts.items(), key=lambda item: -item[1])
        more = f", and {len(most) - _RULES_MAX} more" if len(most) > _RULES_MAX else ""
        named = ", ".join(f"{name} {number:,}" for name, number in most[:_RULES_MAX])
        say(console, f"{what}: {escape(named)}{more}", 2)


def _tell_trend(console: Console, found: Report) -> None:
    from connector.reports.drift import share  # noqa: PLC0415  # the help needs none of it

    if found.earlier:
        say(console, "[dim]The audits before[/]", 2)
    for one in found.earlier:
        numbers = f"{one.differing:,} of {one.compared:,}"
        percent = share(one.differing, one.compared)
        say(console, f"[dim]{one.at:%Y-%m-%d %H:%M}  {percent:5.1f} %  {numbers}[/]", 4)


COMMANDS = (audit,)
