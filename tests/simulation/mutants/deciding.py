"""Bugs in what is decided between two values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from connector.core import conflict
from connector.core.conflict import Verdict
from connector.core.mapping import Blank, Direction
from connector.core.merge import Merge, merge
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
