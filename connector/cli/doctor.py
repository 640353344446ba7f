"""doctor: the mistakes that installations make most, found before they cost a day."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

from rich.markup import escape

from connector.cli.frame import (
    DONE,
    NEEDS_A_PERSON,
    command,
    config_option,
    count,
    json_option,
    out,
    print_json,
    say,
)
from connector.clock import SystemClock, SystemDice


@command("doctor", "smarketing doctor", "smarketing doctor --json")
@config_option
@json_option
def doctor(config: Path, *, as_json: bool) -> int:
    """Find what is wrong with an installation: store, workers, clock, addresses, secrets, fields, budgets.

    Looks at the configuration, the store, this machine and both CRMs (a dozen calls), and changes nothing. Each finding
    says what is wrong, how that is known, and what to do. Exit code 3 when there is one, 2 when config.yaml itself
    cannot be read.
    """
    from connector.bootstrap import Surroundings  # noqa: PLC0415  # the help needs no engine
    from connector.reports.mistakes import mistakes  # noqa: PLC0415  # likewise
    from connector.service.examining import examine  # noqa: PLC0415  # likewise

    found = mistakes(examine(config, Surroundings(os.environ, SystemClock(), SystemDice())))
    if as_json:
        print_json([asdict(one) for one in found])
    for one in () if as_json else found:
        say(out, f"[yellow]{one.area}[/]  [bold]{escape(one.wrong)}[/]")
        say(out, f"[dim]known by:[/] {escape(one.known_by)}", 4)
        say(out, f"[dim]mend it:[/] {escape(one.do)}", 4)
    if not as_json:
        words = f"[yellow]{count(len(found), 'thing')} to mend.[/]" if found else "[green]Nothing is wrong.[/]"
        say(out, words)
    return NEEDS_A_PERSON if found else DONE


COMMANDS = (doctor,)
