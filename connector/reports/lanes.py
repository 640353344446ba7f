"""Where the moves of a lifecycle run on the page: lanes that several moves into (or out of) one stage share.

A person reads a diagram with ten stages and thirty moves only if moves share their way: all that lead back to one
stage are one line with a branch for each stage it comes from. A lane therefore has a hub (the stage they have in
common) and branches; where it meets a box it has a port of its own, so that no two lines lie on each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

from connector.core.lifecycle import Band, Kind, Lifecycle

Centres = Mapping[str, float]  # stage id to the middle of its box, across the page


class Region(Enum):
    """Which part of the page a lane runs through."""

    ABOVE = "above"  # over the path
    BETWEEN = "between"  # between the path and what stands beside it
    BELOW = "below"  # under what stands beside it


@dataclass
class Lane:
    """Moves of one kind with one stage in common.

    Attributes:
        hub: the stage they share.
        inward: they lead to the hub, not from it.
        others: the stages at the other ends.
        row: which of the region's lines it runs on, counted from above.
        ports: by stage, where it meets the box.
    """

    kind: Kind
    region: Region
    hub: str
    inward: bool
    others: list[str] = field(default_factory=list)
    row: int = 0
    ports: dict[str, float] = field(default_factory=dict)

    @property
    def boxes(self) -> list[str]:
        """Every stage it meets."""
        return [self.hub, *self.others]

    def arrives(self, stage: str) -> bool:
        """Whether an arrow points at the stage."""
        return (stage == self.hub) is self.inward

    def span(self, centres: Centres) -> tuple[float, float]:
        """How far it reaches."""
        places = [centres[stage] for stage in self.boxes]
        return min(places), max(places)


@dataclass(frozen=True)
class Layout:
    """Single steps to the next stage of the path, and lanes for all else."""

    steps: tuple[tuple[str, str], ...]
    lanes: tuple[Lane, ...]

    def rows(self, region: Region) -> int:
        """How many lines a region needs."""
        return max((lane.row + 1 for lane in self.lanes if lane.region is region), default=0)


def columns(lifecycle: Lifecycle) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The stages of the path, band after band, and those beside it."""
    bands = list(Band)
    ordered = sorted(lifecycle.stages.values(), key=lambda stage: bands.index(stage.band))  # stable within a band
    path = tuple(stage.id for stage in ordered if stage.band is not Band.BESIDE)
    return path, tuple(stage.id for stage in ordered if stage.band is Band.BESIDE)


def layout(lifecycle: Lifecycle, centres: Centres, width: float) -> Layout:
    """Every move of the definition on the page; `width`: of a box."""
    path, beside = columns(lifecycle)
    following = set(pairwise(path))
    lanes: dict[tuple[Kind, Region, str, bool], Lane] = {}
    steps = []
    for (start, end), move in lifecycle.moves.items():
        if (start, end) in following and move.kind is Kind.FORWARD:
            steps.append((start, end))
            continue
        inward = start not in beside or end in beside
        hub, other = (end, start) if inward else (start, end)
        lane = Lane(move.kind, _region(move.kind, (start in beside) + (end in beside)), hub, inward)
        lanes.setdefault((lane.kind, lane.region, hub, inward), lane).others.append(other)
    placed = _in_rows(lanes.values(), centres)
    _give_ports(placed, frozenset(beside), centres, width)
    return Layout(tuple(steps), placed)


def _region(kind: Kind, beside: int) -> Region:
    """By how many of a move's two stages stand beside the path."""
    if not beside:
        return Region.ABOVE if kind is Kind.FORWARD else Region.BETWEEN
    return Region.BETWEEN if beside == 1 else Region.BELOW


def _in_rows(lanes: Iterable[Lane], centres: Centres) -> tuple[Lane, ...]:
    """Lanes that do not meet share a row; the short ones run nearest to the path."""
    kinds = list(Kind)
    taken: dict[tuple[Region, int], list[tuple[float, float]]] = {}
    placed = sorted(lanes, key=lambda lane: (kinds.index(lane.kind), lane.span(centres)[1] - lane.span(centres)[0]))
    for lane in placed:
        low, high = lane.span(centres)
        while any(low <= end and start <= high for start, end in taken.get((lane.region, lane.row), ())):
            lane.row += 1
        taken.setdefault((lane.region, lane.row), []).append((low, high))
    return tuple(placed)


def _give_ports(lanes: Iterable[Lane], beside: frozenset[str], centres: Centres, width: float) -> None:
    """Spread the lines over each box's edge: what leads to the left, on the left."""
    meeting: dict[tuple[str, bool], list[Lane]] = {}
    for lane in lanes:
        for stage in lane.boxes:
            meeting.setdefault((stage, _at_the_top(lane.region, beside=stage in beside)), []).append(lane)
    for (stage, _), lines in meeting.items():
        gap = width / (len(lines) + 1)
        for place, lane in enumerate(sorted(lines, key=lambda one: _lean(one, stage, centres)), start=1):
            lane.ports[stage] = centres[stage] - width / 2 + gap * place


def _lean(lane: Lane, stage: str, centres: Centres) -> float:
    """How far to the left (negative) or right its other ends lie."""
    low, high = lane.span(centres)
    return (low - centres[stage]) + (high - centres[stage])


def _at_the_top(region: Region, *, beside: bool) -> bool:
    return region is Region.ABOVE or (region is Region.BETWEEN and beside)
