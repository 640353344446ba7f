"""sla list, show, simulate, apply, recompute: how the promises stand, and what another promise would have meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.frame import (
    DONE,
    NEEDS_A_PERSON,
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
    who,
)
from connector.errors import Refused

if TYPE_CHECKING:
    from connector.cli.agreement import Agreed
    from connector.core.refs import Ref
    from connector.reports.verdicts import Otherwise, Untrue

_STATES = click.Choice(["running", "warned", "paused", "breached"])
_TO = click.Choice(["new", "open"])
_READ = click.Path(dir_okay=False, exists=True, path_type=Path)
NO_SLA = "nothing is promised: no sla.yaml stands in the mappings folder. docs/sla.md tells how to begin"
_PORTION = 1_000  # records marked in one transaction


@command("list", "smarketing sla list", "smarketing sla list --state breached --owner ada@acme.example")
@config_option
@json_option
@click.option("--policy", default="", help="Only this policy, by its name in sla.yaml.")
@click.option("--state", type=_STATES, help="Only clocks in this state; breached: late, and still open.")
@click.option("--owner", default="", help="Only what this rep has to do: a name, an e-mail, or a Salesforce id.")
@click.option("--due-before", help="Only what is due before then: 2026-11-02, 2026-11-02T17:00Z.")
@click.option("--limit", default=50, show_default=True, help="The most to list; all are counted.")
def list_clocks(**chosen: Any) -> int:
    """Open clocks, the most pressing first: what is due when, how much time is left, who has to act.

    Late ones come first, paused ones last. Calls no CRM. Exit code 3 when something is late.
    """
    from connector.cli import agreement, sla_words  # noqa: PLC0415  # the help needs none of it
    from connector.cli.naming import moment  # noqa: PLC0415  # likewise
    from connector.reports.promises import OpenClocks, Wanted  # noqa: PLC0415  # likewise

    with agreement.agreed(chosen["config"], watch=not chosen["as_json"]) as opened:
        _check_policy(opened, chosen["policy"])
        due = moment(chosen["due_before"], opened.now) if chosen["due_before"] else None
        wanted = Wanted(chosen["policy"], chosen["state"] or "", owner_id(opened, chosen["owner"]), due)
        found = OpenClocks(opened.agreement, opened.now, wanted, chosen["limit"])
        for refs, entries in opened.people("judging clocks"):
            found.take(refs, entries)
    if chosen["as_json"]:
        clocks = [one.row() for one in found.clocks]
        print_json({"total": found.total, "states": dict(found.states), "proposed": opened.proposed, "clocks": clocks})
    else:
        sla_words.tell_clocks(out, found, opened)
    return NEEDS_A_PERSON if found.states["breached"] else DONE


@command(
    "show", "smarketing sla show salesforce:Lead:00Q5f000000005CEAQ", "smarketing sla show ada@acme.example --json"
)
@config_option
@json_option
@click.argument("ref")
def show(config: Path, as_json: bool, ref: str) -> int:  # noqa: FBT001  # one parameter an option
    """Every promise made about one person, with what started, paused, kept or broke it.

    Business time and time on the wall, what was paused, by which edition of sla.yaml it is judged, each owner's share.
    REF is a ref like hubspot:contacts:33451 (no CRM is asked), or an e-mail address, a HubSpot number, a Salesforce id.
    """
    from connector.cli import agreement, sla_words  # noqa: PLC0415  # the help needs none of it
    from connector.reports.promises import told  # noqa: PLC0415  # likewise

    found = named(config, ref)
    with agreement.agreed(config) as opened:
        refs, entries = opened.journey(found)
        cycles = told(opened.agreement, entries, opened.now)
    if as_json:
        print_json({"person": list(map(str, refs)), "cycles": [one.row() for one in cycles]})
    else:
        sla_words.tell_cycles(out, refs, cycles, opened)
    return DONE


def named(config: Path, text: str) -> Ref:
    """The record somebody means; the CRMs are asked only where the text is no ref.

    Raises:
        Refused: when nobody answers to it.
    """
    from connector.cli.naming import resolve  # noqa: PLC0415  # the help needs none of it
    from connector.core.refs import Ref  # noqa: PLC0415  # likewise

    if text.count(":") < 2:  # noqa: PLR2004  # side:object:id
        with installation(config) as opened:
            return resolve(opened.bridge, text)
    try:
        return Ref.parse(text)
    except ValueError as error:
        raise Refused(str(error)) from error


def owner_id(opened: Agreed, text: str) -> str:
    """The Salesforce id of a rep who is named by id, e-mail or name; "" for nobody named.

    Raises:
        Refused: when nobody, or more than one, is called so.
    """
    from connector.core.refs import Side  # noqa: PLC0415  # the help needs none of it

    reps = opened.owners.get(Side.SALESFORCE, ()) if opened.owners else ()
    wanted = text.lower()
    found = [one.id for one in reps if wanted in (one.id.lower(), one.email.lower(), one.name.lower())]
    if not text or not reps:
        return text
    if len(found) != 1:
        raise Refused(
            f"{text!r} is {'nobody' if not found else 'more than one'} in Salesforce; name them by e-mail or id"
        )
    return found[0]


def _check_policy(opened: Agreed, policy: str) -> None:
    known = {name for edition in opened.agreement.book for name in edition.policies}
    if not opened.agreement.book:
        raise Refused(NO_SLA)
    if policy and policy not in known:
        raise Refused(f"there is no policy {policy!r}; there are: {', '.join(sorted(known))}")


@dataclass
class Rows:
    """What differs: that is spelled out, and how many more there are."""

    limit: int
    shown: list[Any] = field(default_factory=list)
    more: int = 0

    def add(self, row: Otherwise | Untrue) -> None:
        """One more."""
        if len(self.shown) < self.limit:
            self.shown.append(row)
        else:
            self.more += 1


@command("simulate", "smarketing sla simulate new-sla.yaml --apply-to open", "smarketing sla simulate calendars.yaml")
@config_option
@json_option
@click.option("--apply-to", "to", type=_TO, default="new", show_default=True,
              help="open: clocks that run go on under it from now on. new: only later ones would follow it; shown is "
              "what it would have made of the past.")  # fmt: skip
@click.option("--limit", default=20, show_default=True, help="The most clocks to spell out.")
@click.argument("files", type=_READ, nargs=-1, required=True)
def simulate(**chosen: Any) -> int:
    """What another sla.yaml or calendars.yaml would change. Nothing is changed.

    FILES are tried in place of those of the mappings folder. Every journey is judged twice, and every clock that would
    be met, late or due otherwise is counted and listed.
    """
    from connector.cli import agreement, sla_words  # noqa: PLC0415  # the help needs none of it
    from connector.reports.starts import starts  # noqa: PLC0415  # likewise
    from connector.reports.verdicts import Simulation  # noqa: PLC0415  # likewise

    with agreement.agreed(chosen["config"], watch=not chosen["as_json"]) as opened:
        book = _book(opened, chosen["files"], chosen["to"])
        found, rows = Simulation(opened.agreement, book, opened.now), Rows(chosen["limit"])
        begun = list(starts(next(reversed(opened.agreement.book), None), book[-1], opened.now))
        for refs, entries in opened.people("judging twice"):
            for one in found.take(refs, entries):
                rows.add(one)
    if chosen["as_json"]:
        clocks = [one.row() for one in rows.shown]
        told = {"apply_to": chosen["to"], "starts": [one.row() for one in begun], **found.row()}
        print_json({**told, "clocks": clocks, "more": rows.more})
    else:
        if chosen["to"] == "new":
            sla_words.tell_starts(out, begun)
        sla_words.tell_simulation(out, found, rows, chosen["to"])
    return DONE


def _book(opened: Agreed, files: tuple[Path, ...], to: str) -> Any:
    from connector.config.instead import instead  # noqa: PLC0415  # the help needs none of it
    from connector.config.sla import policies_of  # noqa: PLC0415  # likewise
    from connector.core.policies import EVER  # noqa: PLC0415  # likewise
    from connector.core.policy import Edition  # noqa: PLC0415  # likewise

    tried = policies_of(instead(opened.loaded, files, ("sla", "calendars")), opened.owners, opened.now)
    if tried is None:
        raise Refused(NO_SLA)
    if to == "open":
        return (*opened.agreement.book, Edition(tried.version, opened.now, tried.policies, open_too=True))
    return (Edition(tried.version, EVER, tried.policies),)


@command("apply", "smarketing sla apply --to open")
@config_option
@click.option("--to", type=_TO, required=True, help="new: clocks that start from now on; open: those that run, too.")
def apply(config: Path, to: str) -> int:
    """Let sla.yaml and calendars.yaml, as they are now, be in force from this moment on.

    Without it the next sync does so, for the clocks that `edits` in sla.yaml names. What has ended keeps the edition it
    was judged by. Look at it first with: smarketing sla simulate
    """
    from connector.engine import commands  # noqa: PLC0415  # the help needs none of it

    with installation(config, connect=False) as opened:
        commands.adopt_edition(opened.bridge, who(), open_too=to == "open")
    whom = "for clocks that start from now on" if to == "new" else "for clocks that run already, too"
    say(err, f"sla.yaml is in force, {whom}. The next smarketing sync tells both CRMs.")
    return DONE


@command("recompute", "smarketing sla recompute", "smarketing sla recompute --mend")
@config_option
@json_option
@click.option("--mend", is_flag=True, help="Have everybody looked at again of whom a CRM tells something else.")
@click.option("--limit", default=20, show_default=True, help="The most differences to spell out.")
def recompute(config: Path, *, as_json: bool, mend: bool, limit: int) -> int:
    """Judge every promise anew from the journeys, and say where the CRMs were told something else.

    A difference is no fault while it is on its way (the next sync tells it) or where evidence came late: then it says
    what came to light. Exit code 3 when something differs.
    """
    from connector.cli import agreement, sla_words  # noqa: PLC0415  # the help needs none of it
    from connector.reports.verdicts import Recomputed  # noqa: PLC0415  # likewise

    with agreement.agreed(config, watch=not as_json) as opened:
        found, rows = Recomputed(opened.agreement, opened.now), Rows(limit)
        marks = _Marks(opened, on=mend)
        for _, entries in opened.people("judging anew"):
            untrue = found.take(entries)
            for one in untrue:
                rows.add(one)
            marks.add({one.ref for one in untrue})
        marks.write()
    if as_json:
        print_json({**found.row(), "differences": [one.row() for one in rows.shown], "more": rows.more, "mend": mend})
    else:
        sla_words.tell_recomputed(out, found, rows, mend=mend)
    return NEEDS_A_PERSON if found.differing and not mend else DONE


@dataclass
class _Marks:
    """Records to be looked at again, written portion by portion: a million differing ones take no memory."""

    opened: Agreed
    on: bool
    waiting: list[Ref] = field(default_factory=list)
    written: int = 0

    def add(self, refs: set[Ref]) -> None:
        """Some more."""
        if self.on:
            self.waiting += refs
        if len(self.waiting) >= _PORTION:
            self._write()

    def write(self) -> None:
        """Write what is left, and say how many there were."""
        self._write()
        if self.written:
            say(err, f"{count(self.written, 'record')} will be looked at again by the next smarketing sync.")

    def _write(self) -> None:
        from connector.storage import dirty  # noqa: PLC0415  # only here

        if self.waiting:
            with self.opened.database.begin() as conn:
                dirty.mark(conn, self.waiting, self.opened.now, reason="a promise is told otherwise than it stands")
        self.written += len(self.waiting)
        self.waiting.clear()


sla = group(
    "sla",
    "How the promises stand, and what another sla.yaml would change.\n\n"
    "What sales and marketing promise each other in sla.yaml, by the hours of calendars.yaml: docs/sla.md tells more.",
    list_clocks,
    show,
    simulate,
    apply,
    recompute,
)
COMMANDS = (sla,)
