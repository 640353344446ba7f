"""One shared lifecycle: the stages both teams agreed on, the lawful moves between them, and a person's way through.

Where a person stands is a fold over what was seen, never stored: `replay(first) then the rest == replay(all)`. A stage
change seen on either side is the same sighting. A sighting of the stage a person is in says nothing new; a lawful move
ends one stay and begins another; an unlawful one is refused and changes nothing but the list of refusals. A pass is one
journey: it ends where a move recycles or disqualifies, and a move that re-enters begins the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum


class Band(StrEnum):
    """Which part of the funnel a stage lies in."""

    TOFU = "tofu"
    MOFU = "mofu"
    BOFU = "bofu"
    AFTER = "after"  # customers
    BESIDE = "beside"  # recycled, disqualified


class Mover(StrEnum):
    """Who moves a person: a team, or a rule that holds."""

    MARKETING = "marketing"
    SALES = "sales"
    AUTOMATIC = "automatic"


class Kind(StrEnum):
    """What a move means for the pass."""

    FORWARD = "forward"
    BACKWARD = "backward"
    RECYCLE = "recycle"  # back to marketing: ends the pass, to be taken up again
    DISQUALIFY = "disqualify"  # ends the pass
    RE_ENTER = "re_enter"  # begins the next pass


class Need(StrEnum):
    """What a move must bring along."""

    REASON = "reason"
    REVISIT = "revisit"  # a date
    COMMENT = "comment"


ENDS = frozenset({Kind.RECYCLE, Kind.DISQUALIFY})


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage as both teams read it. `team`: who owns people in it."""

    id: str
    name: str
    definition: str
    band: Band
    team: str


@dataclass(frozen=True, slots=True)
class Move:
    """A lawful way from one stage to another, for those who may take it."""

    kind: Kind
    by: frozenset[Mover]
    needs: frozenset[Need] = frozenset()


@dataclass(frozen=True)
class Lifecycle:
    """The definition: `first` are the stages a person may be first seen in; what `moves` does not list is unlawful."""

    stages: Mapping[str, Stage]
    moves: Mapping[tuple[str, str], Move]
    first: frozenset[str]

    def reachable(self) -> set[str]:
        """Every stage that somebody can come to."""
        found, edge = set(self.first), set(self.first)
        while edge:
            edge = {end for start, end in self.moves if start in edge} - found
            found |= edge
        return found


@dataclass(frozen=True, slots=True)
class Sighting:
    """A stage seen or set somewhere.

    Attributes:
        at: when it was so at its source (aware UTC).
        by: who brought it about.
        evidence: in words, where it was seen and why it is so.
        reason, revisit, comment: what the move brings along.
    """

    at: datetime
    stage: str
    by: Mover
    evidence: str = ""
    reason: str = ""
    revisit: date | None = None
    comment: str = ""

    @property
    def brings(self) -> frozenset[Need]:
        """What of the things a move may need is there."""
        there = {Need.REASON: self.reason, Need.REVISIT: self.revisit, Need.COMMENT: self.comment}
        return frozenset(need for need, value in there.items() if value)


@dataclass(frozen=True, slots=True)
class Stay:
    """A time spent in a stage: how it began, and when it ended."""

    stage: str
    entered: Sighting
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    """One journey; `ended` is the kind of move that ended it, None while it lasts."""

    stays: tuple[Stay, ...]
    ended: Kind | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An unlawful sighting, why it is unlawful, and the stage that stands."""

    sighting: Sighting
    stands: str | None
    why: str


@dataclass(frozen=True)
class Standing:
    """Where a person stands, and how they came there."""

    passes: tuple[Pass, ...] = ()
    refused: tuple[Refusal, ...] = field(default=())

    @property
    def stay(self) -> Stay | None:
        """The stay that lasts; None for who was never seen in a lawful stage."""
        return self.passes[-1].stays[-1] if self.passes else None

    @property
    def stage(self) -> str | None:
        """The stage they are in."""
        return self.stay.stage if self.stay else None

    @property
    def loops(self) -> int:
        """How often they were recycled."""
        return sum(one.ended is Kind.RECYCLE for one in self.passes)


def replay(lifecycle: Lifecycle, sightings: Iterable[Sighting], standing: Standing | None = None) -> Standing:
    """Where a person stands after these sightings, in this order, from where they stood."""
    standing = standing or Standing()
    for sighting in sightings:
        standing = after(lifecycle, standing, sighting)
    return standing


def after(lifecycle: Lifecycle, standing: Standing, sighting: Sighting) -> Standing:
    """Where a person stands once more was seen."""
    if sighting.stage == standing.stage:
        return standing
    why = unlawful(lifecycle, standing.stage, sighting)
    if why:
        refusal = Refusal(sighting, standing.stage, why)
        return replace(standing, refused=(*standing.refused, refusal))
    if standing.stage is None:
        return replace(standing, passes=(Pass((Stay(sighting.stage, sighting),)),))
    return replace(standing, passes=_moved(standing, sighting, lifecycle.moves[standing.stage, sighting.stage].kind))


def unlawful(lifecycle: Lifecycle, stage: str | None, sighting: Sighting) -> str:
    """Why somebody in a stage (None: in none) may not be moved so, in words; "" where it is lawful."""
    if sighting.stage not in lifecycle.stages:
        return f"there is no stage {sighting.stage!r}"
    name = lifecycle.stages[sighting.stage].name
    if stage is None:
        return "" if sighting.stage in lifecycle.first else f"nobody is {name} at first"
    move = lifecycle.moves.get((stage, sighting.stage))
    start = lifecycle.stages[stage].name
    if move is None:
        return f"there is no way from {start} to {name}"
    if sighting.by not in move.by:
        return f"from {start} to {name} only {' or '.join(sorted(move.by))} may move people, not {sighting.by}"
    missing = move.needs - sighting.brings
    return f"from {start} to {name} takes a {' and a '.join(sorted(missing))}" if missing else ""


def _moved(standing: Standing, sighting: Sighting, kind: Kind) -> tuple[Pass, ...]:
    *earlier, current = standing.passes
    *stays, last = current.stays
    stay, ended = Stay(sighting.stage, sighting), replace(last, left_at=sighting.at)
    if kind is Kind.RE_ENTER:
        return (*earlier, replace(current, stays=(*stays, ended)), Pass((stay,)))
    return (*earlier, Pass((*stays, ended, stay), kind if kind in ENDS else None))


def cells(lifecycle: Lifecycle) -> Iterator[tuple[str, str, Move | None]]:
    """Every pair of different stages, with the move between them or None where there is no way."""
    for start in lifecycle.stages:
        for end in lifecycle.stages:
            if start != end:
                yield start, end, lifecycle.moves.get((start, end))
