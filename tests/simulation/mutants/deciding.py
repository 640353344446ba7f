"""Bugs in what is decided between two values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from connector.core import conflict
from connector.core.conflict import Verdict, verdict
from connector.core.mapping import Blank, Direction
from connector.core.merge import Merge, merge
from connector.core.plan import Because
from connector.core.readings import Reading
from connector.core.refs import Side
from tests.simulation.mutants.planting import caught_by, replaced

ONE_WAY = "titles to Salesforce only"


@caught_by("fields", "vanished", variant=ONE_WAY)
def rules_go_both_ways() -> Iterator[None]:
    """The direction of a rule is not asked before a value is written."""

    def merged(rules: Any, *more: Any) -> Merge:
        return merge([replace(rule, direction=Direction.BOTH) for rule in rules], *more)

    with replaced(merge, merged):
        yield


@caught_by("fields", "vanished", "in step", acts={"clears": 4.0})
def clearing_always_travels() -> Iterator[None]:
    """A blank field counts as an edit, although the rule keeps what the other side has."""

    def merged(rules: Any, *more: Any) -> Merge:
        return merge([replace(rule, blank=Blank.CLEAR) for rule in rules], *more)

    with replaced(merge, merged):
        yield


@caught_by("vanished", acts={"edits both": 10.0})
def the_older_edit_wins() -> Iterator[None]:
    """Where the newest edit shall win, times are compared the wrong way round."""
    newest = conflict._newest

    def oldest(*asked: Any) -> Verdict:
        found = newest(*asked)
        return replace(found, winner=found.winner and found.winner.other)

    with replaced(newest, oldest):
        yield


@caught_by("in step", acts={"edits both": 10.0}, variant="a person decides")
def conflicts_are_not_shown() -> Iterator[None]:
    """Two edits that no policy settles are left as they are, and nobody is told."""

    def merged(*asked: Any) -> Merge:
        found = merge(*asked)
        found.conflicts.clear()
        return found

    with replaced(merge, merged):
        yield


@caught_by("vanished", acts={"edits both": 10.0})
def hubspot_always_wins() -> Iterator[None]:
    """Where both sides were edited HubSpot's value is written, whatever policy the rule names."""

    def ours(*_: Any) -> Verdict:
        return Verdict(Side.HUBSPOT, Because.WINS_BY_POLICY, "both edited")

    with replaced(verdict, ours):
        yield


@caught_by(
    "vanished",
    "fields",
    "in step",
    acts={"edits": 8.0, "hides field": 2.0, "shows field": 1.0},
    alone=True,
    burst=4,
    closeness=0.85,
    variant="clearing travels",
    first=7,
)
def a_hidden_field_counts_as_blank() -> Iterator[None]:
    """A field that a side does not show is taken for one that was cleared."""

    def merged(rules: Any, memory: Any, left: Reading, right: Reading, *more: Any) -> Merge:
        rules = list(rules)
        ours = dict.fromkeys(rule.hubspot for rule in rules) | dict(left.values)
        theirs = dict.fromkeys(rule.salesforce for rule in rules) | dict(right.values)
        return merge(rules, memory, replace(left, values=ours), replace(right, values=theirs), *more)

    with replaced(merge, merged):
        yield


@caught_by(
    "vanished",
    "in step",
    "fields",
    acts={"edits": 20.0},
    burst=8,
    closeness=0.85,
    variant=ONE_WAY,
    within=100,
    first=30,
)
def one_way_rules_undo_edits() -> Iterator[None]:
    """An edit on the receiving side of a one-way rule is undone, though the rule does not say `mirror`."""

    def merged(rules: Any, *more: Any) -> Merge:
        return merge([replace(rule, mirror=True) for rule in rules], *more)

    with replaced(merge, merged):
        yield
