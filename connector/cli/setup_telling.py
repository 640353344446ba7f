"""What a setup has found and made, for people and for machines: the same words for both CRMs.

What was to be made must be there when it is asked for again; only then is it called made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from rich.markup import escape

from connector.cli.frame import DONE, FAILED, NEEDS_A_PERSON, count, err, out, print_json, say
from connector.cli.words import NAMES
from connector.wanted import ByHand


class Act(Protocol):
    """One thing to make."""

    @property
    def doing(self) -> Any:
        """What sort of act it is."""

    @property
    def object(self) -> str:
        """The object that it is about."""

    @property
    def name(self) -> str:
        """What is made."""

    @property
    def words(self) -> str:
        """As people read it."""

    @property
    def key(self) -> tuple[str, str]:
        """What a refusal speaks of."""


class Plan(Protocol):
    """What is to be done about one CRM."""

    @property
    def acts(self) -> Sequence[Act]:
        """What is to be made."""

    @property
    def left(self) -> Sequence[ByHand]:
        """What only a person can do."""

    @property
    def kept(self) -> Sequence[str]:
        """What differs and is left as it is."""

    @property
    def fine(self) -> int:
        """How many things are as they should be."""


@dataclass
class Done:
    """What was found, and what was made of it.

    Attributes:
        name: of the CRM, as the command is told it ("hubspot").
        account: what the account calls itself.
        things: what a plan counts, one and many.
        after: the plan made of the account as it is then.
        refused: by key of an act, the CRM's words.
        by_hand: what no API does.
    """

    name: str
    account: str
    things: tuple[str, str]
    before: Plan
    after: Plan | None = None
    refused: Mapping[tuple[str, str], str] = field(default_factory=dict)
    by_hand: Sequence[ByHand] = ()

    @property
    def now(self) -> Plan:
        """What is still to be done."""
        return self.after or self.before

    @property
    def code(self) -> int:
        """The exit code: what was to be made must be there when it is asked for again."""
        if self.after is not None and self.after.acts:
            return FAILED
        return NEEDS_A_PERSON if self.now.left else DONE


def tell(done: Done, *, as_json: bool) -> int:
    """Say it, on standard output; what is next on standard error. Returns the exit code."""
    if as_json:
        print_json(_row(done))
    else:
        _tell(done)
    return done.code


def _row(done: Done) -> dict[str, Any]:
    still = {(*act.key, act.doing) for act in done.now.acts}
    return {
        "account": done.account,
        "planned": [
            {
                "do": act.doing.value,
                "object": act.object,
                "name": act.name,
                "words": act.words,
                "made": done.after is not None and (*act.key, act.doing) not in still,
                "refused": done.refused.get(act.key),
            }
            for act in done.before.acts
        ],
        "fine": done.now.fine,
        "left": [_by_hand_row(one) for one in done.now.left],
        "kept": list(done.now.kept),
        "by_hand": [_by_hand_row(one) for one in done.by_hand],
    }


def _by_hand_row(one: ByHand) -> dict[str, Any]:
    return {"title": one.title, "steps": list(one.steps), "success": one.success}


def _tell(done: Done) -> None:
    say(out, f"[bold]{escape(done.account)}[/]: {count(done.before.fine, *done.things)} as they should be")
    still = {act.key for act in done.now.acts}
    for act in done.before.acts:
        failed = done.after is not None and act.key in still
        word = "[red]not made[/]" if failed else "[green]made[/]" if done.after else "[yellow]would make[/]"
        say(out, f"{word}  {escape(act.words)}", 2)
        if failed:
            said = f"{NAMES[done.name]} said yes, but it is not there; run it again"
            say(out, f"[red]{escape(done.refused.get(act.key, said))}[/]", 4)
    for words in done.now.kept:
        say(out, f"[dim]left as it is: {escape(words)}[/]", 2)
    _tell_steps("[yellow]Left to a person:[/]", done.now.left)
    _tell_steps("[bold]By hand, once[/] (no API does it):", done.by_hand)
    _tell_end(done)


def _tell_steps(title: str, those: Sequence[ByHand]) -> None:
    if those:
        say(out, title)
    for one in those:
        say(out, f"[bold]{escape(one.title)}[/]", 2)
        for number, step in enumerate(one.steps, start=1):
            say(out, f"{number}. {escape(step)}", 4)
        say(out, f"[green]Done when:[/] {escape(one.success)}", 4)


def _tell_end(done: Done) -> None:
    acts = count(len(done.before.acts), "thing")
    if done.after is not None:
        failed = len(done.after.acts)
        words = f"{acts} to make, {failed} of them refused." if failed else f"Made {acts}, and read them back."
        say(err, words if failed else f"{words} Next: smarketing check")
        if failed:
            say(err, "Mend what is said there and run the same command again: what was made stays, the rest is made.")
    elif done.before.acts:
        say(err, f"Would make {acts}. Nothing was written; make them with: smarketing setup {done.name}")
    else:
        left = " but for what is left to a person" if done.now.left else ""
        say(err, f"Nothing to make: everything is there{left}.")
