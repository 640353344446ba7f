"""What people see of clocks: when something is due, what is left, what bore on it, what would be otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connector.cli.frame import count, say
from connector.core.refs import Ref
from connector.core.sla import State
from connector.reports import clock_words
from connector.reports.promises import Clock, OpenClocks, Told, span_words
from connector.reports.starts import Start
from connector.reports.verdicts import Recomputed, Simulation

if TYPE_CHECKING:
    from connector.cli.agreement import Agreed
    from connector.cli.sla import Rows

_COLOURS = {
    State.RUNNING: "green",
    State.WARNED: "yellow",
    State.PAUSED: "cyan",
    State.BREACHED: "red",
    State.MET: "green",
    State.CANCELLED: "dim",
}


def tell_clocks(console: Console, found: OpenClocks, opened: Agreed) -> None:
    """Open clocks, the most pressing first."""
    if opened.proposed:
        say(console, "[yellow]sla.yaml was edited since the last sync:[/] what is below counts what it says now; "
            "see what that changes with: smarketing sla simulate")  # fmt: skip
    if not found.total:
        say(console, "[green]No clock of that sort is open.[/]")
        return
    table = Table(box=SIMPLE, header_style="dim", pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("due (UTC)", "state", "left", "policy", "owner", "record"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "record")
    for clock in found.clocks:
        table.add_row(*_cells(clock, opened.names))
    console.print(table)
    states = ", ".join(f"{number:,} {state}" for state, number in found.states.most_common())
    more = found.total - len(found.clocks)
    rest = f"; {more:,} more with --limit {found.total}" if more else ""
    say(console, f"{count(found.total, 'open clock')}: {states}{rest}")
    say(console, "[dim]Why one stands so: smarketing sla show REF[/]")


def _cells(clock: Clock, names: Mapping[str, str]) -> tuple[str, ...]:
    cycle = clock.cycle
    colour = _COLOURS[cycle.state]
    late = cycle.state is State.BREACHED
    left = f"{span_words(cycle.lateness)} late" if late else span_words(cycle.remaining)
    attempts = f", {cycle.attempts} of {cycle.terms.attempts}" if cycle.terms.attempts > 1 else ""
    return (
        f"{cycle.due_at:%m-%d %H:%M}" if cycle.due_at else "-",
        f"[{colour}]{cycle.state.value}[/]",
        left,
        escape(clock.name) + attempts,
        escape(names.get(clock.owner, clock.owner) or "nobody"),
        escape(str(clock.refs[-1])),  # the rep's: a person's Salesforce record comes last
    )


def tell_cycles(console: Console, refs: Sequence[Ref], cycles: Sequence[Told], opened: Agreed) -> None:
    """Every cycle of one person."""
    say(console, f"[bold]{escape(' = '.join(map(str, refs)))}[/]")
    if not cycles:
        say(console, "Nothing was promised about them: they have started no clock since the lifecycle began.", 2)
    for one in cycles:
        _tell_cycle(console, one, opened)


def _tell_cycle(console: Console, one: Told, opened: Agreed) -> None:
    cycle, names = one.cycle, opened.names
    name = one.policy.name if one.policy else cycle.terms.policy
    state = f"[{_COLOURS[cycle.state]}]{escape(clock_words.stands(cycle, names))}[/]"
    say(console, f"[bold]{escape(name)}[/] [dim]({cycle.terms.policy})[/]  {state}", 2)
    amounts = "; ".join(clock_words.amounts(cycle, opened.now))
    say(console, f"{amounts}  [dim]({escape(cycle.terms.time.name)})[/]", 6)
    for at, happened in clock_words.turns(one, names):
        say(console, f"{at}  {escape(happened)}", 6)
    shares = ", ".join(f"{owner} {spent}" for owner, spent in clock_words.shares(cycle, names))
    if shares:
        say(console, f"[dim]each owner's share:[/] {escape(shares)}", 6)
    say(console, f"[dim]judged by the edition {clock_words.edition(cycle, opened.agreement.book)}[/]", 6)


def tell_starts(console: Console, begun: Sequence[Start]) -> None:
    """What an edit for new clocks changes: not what runs, only what the next start gets."""
    say(console, "[bold]Nothing that runs would change: a clock keeps the edition it began under.[/]")
    say(console, "Whose clock starts now, and of whom no condition on people holds, would get:")
    table = Table(box=SIMPLE, header_style="dim", pad_edge=False)
    for heading in ("promise", "as it is", "as it would be"):
        table.add_column(heading, overflow="fold")
    for one in begun:
        is_same = one.now == one.would
        now, would = (promise.words if promise else "no promise" for promise in (one.now, one.would))
        table.add_row(escape(one.name), now, "[dim]the same[/]" if is_same else f"[yellow]{would}[/]")
    console.print(table)


def tell_simulation(console: Console, found: Simulation, rows: Rows, to: str) -> None:
    """What would be otherwise: counts, then clock by clock."""
    if to == "new":
        say(console, "Had the file always been so, this would be otherwise:")
    else:
        say(console, "[bold]If the file came into force now, for open clocks too:[/]")
    table = Table(box=SIMPLE, header_style="dim", pad_edge=False)
    for heading in ("clocks", "as it stands", "as it would"):
        table.add_column(heading, justify="left" if heading == "clocks" else "right")
    for state in State:
        if found.before[state.value] or found.after[state.value]:
            table.add_row(state.value, f"{found.before[state.value]:,}", f"{found.after[state.value]:,}")
    console.print(table)
    for kind, number in found.kinds.most_common():
        say(console, f"{number:>7,}  {kind}")
    for one in rows.shown:
        say(console, f"{escape(' = '.join(map(str, one.refs)))} [bold]{escape(one.difference.policy)}[/]", 2)
        say(console, escape(one.difference.why), 6)
    _tell_more(console, rows)
    if not found.kinds:
        say(console, f"[green]Nothing would be otherwise[/] ({count(found.cycles, 'clock')} judged twice).")


def tell_recomputed(console: Console, found: Recomputed, rows: Rows, *, mend: bool) -> None:
    """What was judged, and where the CRMs tell something else."""
    states = ", ".join(f"{number:,} {state}" for state, number in found.states.most_common())
    people = count(found.people, "person", "people")
    say(console, f"{count(found.cycles, 'clock')} of {people} judged anew{f': {states}' if states else ''}")
    if found.overturned:
        late = count(found.overturned, "breach", "breaches")
        say(console, f"[yellow]{late} told earlier, and none after all:[/] evidence came late")
    for one in rows.shown:
        told, so = ("blank" if value is None else value for value in (one.told, one.so))
        say(console, f"{one.ref} [bold]{escape(one.field)}[/]: told {escape(told)}, is {escape(so)}", 2)
        say(console, f"[dim]{escape(one.why)}[/]", 6)
    _tell_more(console, rows)
    if not found.differing:
        say(console, "[green]Both CRMs tell what is so.[/]")
    elif not mend:
        say(
            console, f"{count(found.differing, 'person', 'people')} told otherwise; the next sync, or --mend, tells it."
        )


def _tell_more(console: Console, rows: Rows) -> None:
    if rows.more:
        say(console, f"[dim]... and {rows.more:,} more; see them with --limit {rows.more + len(rows.shown)}[/]")
