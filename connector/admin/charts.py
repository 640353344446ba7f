"""Charts as places on a small sheet: what is drawn where, for the macros that write SVG.

Only geometry is decided here; colours are the style sheet's, words the template's. Every chart has a table beside it
for those who do not see it, so nothing is told by shape alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDE: Final = 640
TALL: Final = 200
_TOP: Final = 12  # so that the highest point is no edge
_STEPS: Final = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a bar chart; tone: good, warn, bad, info or quiet; note: stands small beside the value."""

    label: str
    value: float
    href: str = ""
    tone: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a line: its place, and what it stands for."""

    x: float
    y: float
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line on its sheet of WIDE by TALL.

    Attributes:
        path: of the line, as SVG writes it.
        area: the same, closed at the foot.
        target: height of the target's line; None without one.
        top: value at the upper edge.
    """

    dots: tuple[Dot, ...]
    path: str
    area: str
    target: float | None
    top: float


def line(points: Sequence[tuple[str, float]], target: float | None = None) -> Line:
    """Where (label, value) pairs lie, evenly apart; values are not negative."""
    top = round_up(max([value for _, value in points] + [target or 0]))
    apart = WIDE / max(1, len(points) - 1)
    dots = tuple(
        Dot(round(place * apart, 1), _height(value, top), label, value)
        for place, (label, value) in enumerate(points)
    )  # fmt: skip
    path = "M" + " L".join(f"{dot.x:g} {dot.y:g}" for dot in dots) if dots else ""
    area = f"{path} L{dots[-1].x:g} {TALL} L{dots[0].x:g} {TALL} Z" if dots else ""
    return Line(dots, path, area, None if target is None else _height(target, top), top)


def round_up(most: float) -> float:
    """The next round number: what an axis ends at."""
    if most <= 0:
        return 1
    size = 1.0
    while size * 10 <= most:
        size *= 10
    while size > most:
        size /= 10
    return next(step * size for step in _STEPS if step * size >= most)


def _height(value: float, top: float) -> float:
    return round(TALL - value / top * (TALL - _TOP), 1)
