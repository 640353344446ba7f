"""The shared lifecycle as a picture (SVG), drawn from the table of moves and from nothing else.

The path runs from left to right through its bands; what stands beside it (recycled, disqualified) is below. A step to
the next stage is a straight arrow, steps that skip stages run above, ways back below, each kind of move in its own
colour and its own dashes. Colours follow the reader's light or dark setting; every text is escaped. The same
definition gives the same bytes, so that the page in docs/ is known to be fresh.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from connector.core.lifecycle import Band, Kind, Lifecycle, Move, Stage
from connector.reports.lanes import Lane, Layout, Region, columns, layout

_BOX, _TALL, _GAP, _BAND_GAP, _EDGE = 132, 62, 40, 30, 28
_LANE, _ROOM, _HEAD, _FOOT = 15, 20, 40, 40
_NAME_LINE, _NAME_LINES = 15, 2
_BANDS = {
    Band.TOFU: "Top of the funnel",
    Band.MOFU: "Middle of the funnel",
    Band.BOFU: "Bottom of the funnel",
    Band.AFTER: "After the sale",
}
KINDS = {
    Kind.FORWARD: "forward",
    Kind.BACKWARD: "backward",
    Kind.RECYCLE: "recycled to marketing",
    Kind.DISQUALIFY: "disqualified",
    Kind.RE_ENTER: "comes back in",
}
_STYLE = """
  .page{fill:#fff}.band{fill:#f3f5f8}.box{fill:#fff;stroke:#8592a6;stroke-width:1.2}.beside{fill:#f8f8fa}
  text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#1d2733}
  .head{font-size:12px;font-weight:600;fill:#5b6878}.name{font-size:13px;font-weight:600}.team{font-size:11px;fill:#5b6878}
  .line{fill:none;stroke-width:1.6;stroke-linecap:round}
  .forward{stroke:#3d4b5c;color:#3d4b5c}.backward{stroke:#a86400;color:#a86400;stroke-dasharray:7 4}
  .recycle{stroke:#1f6fbf;color:#1f6fbf;stroke-dasharray:2 4}
  .disqualify{stroke:#b3261e;color:#b3261e;stroke-dasharray:9 3 2 3}
  .re_enter{stroke:#1b7f4b;color:#1b7f4b}.tip{fill:currentColor;stroke:none!important}.first{fill:#1b7f4b}
  @media (prefers-color-scheme:dark){
  .page{fill:#12171e}.band{fill:#1b222c}.box{fill:#232c38;stroke:#65748a}.beside{fill:#1d242e}text{fill:#e6ebf2}
  .head,.team{fill:#9fadc0}.forward{stroke:#c3cddb;color:#c3cddb}.backward{stroke:#f0b24f;color:#f0b24f}
  .recycle{stroke:#6db3f2;color:#6db3f2}.disqualify{stroke:#f28b82;color:#f28b82}
  .re_enter{stroke:#63d297;color:#63d297}.first{fill:#63d297}}
"""
_RULE = re.compile(r"([^{}@]+)\{([^{}]*)\}")


def svg(lifecycle: Lifecycle, handoff: frozenset[str] = frozenset(), *, styled: bool = True) -> str:
    """The picture; `handoff`: the stages in which marketing hands people over.

    styled: with its own style; without it, for a page that allows none, `style_sheet` goes beside it.
    """
    page = _Page(lifecycle, handoff, _STYLE if styled else "")
    size = f'viewBox="0 0 {page.width:g} {page.height:g}" width="{page.width:g}" height="{page.height:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title">'
    return "\n".join((head, *page.drawn(), "</svg>", ""))


def style_sheet(scope: str) -> str:
    """The style of pictures below a selector, for a page that shows one without its own."""
    return _RULE.sub(lambda rule: f"{_scoped(rule[1], scope)}{{{rule[2]}}}", _STYLE)


def _scoped(selectors: str, scope: str) -> str:
    return ",".join(f"{scope} {one.strip()}" for one in selectors.split(","))


class _Page:
    """Every place on the page, found once."""

    def __init__(self, lifecycle: Lifecycle, handoff: frozenset[str], style: str) -> None:
        self.lifecycle, self.handoff, self.style = lifecycle, handoff, style
        self.marks_first = lifecycle.first != lifecycle.stages.keys()  # where all are, a mark says nothing
        self.path, self.beside = columns(lifecycle)
        self.centres = self._centres()
        self.layout: Layout = layout(lifecycle, self.centres, _BOX)
        above, between, below = (self.layout.rows(region) * _LANE for region in Region)
        self.path_top = _EDGE + _HEAD + above + _ROOM
        self.beside_top = self.path_top + _TALL + _ROOM + between + _ROOM
        bottom = self.beside_top + (_TALL + _ROOM + below if self.beside else 0)
        self.legend, self.height = bottom + _EDGE / 2, bottom + _EDGE / 2 + _FOOT

    def _centres(self) -> dict[str, float]:
        found, x, before = {}, float(_EDGE + _BAND_GAP), None
        for stage in self.path:
            band = self.lifecycle.stages[stage].band
            x += _BAND_GAP if before not in (None, band) else 0
            found[stage], x, before = x + _BOX / 2, x + _BOX + _GAP, band
        room = len(self.beside) * (_BOX + _GAP) + _GAP
        self.width = max(x - _GAP + _BAND_GAP + _EDGE, room + 2 * _EDGE, 5 * (_BOX + _GAP))
        apart = (self.width - 2 * _EDGE) / (len(self.beside) + 1)
        return found | {stage: _EDGE + apart * place for place, stage in enumerate(self.beside, start=1)}

    def drawn(self) -> Iterator[str]:
        """Every part, what lies beneath first."""
        style = f"\n<style>{self.style}</style>" if self.style else ""
        yield f'<title id="title">{escape(_summary(self.lifecycle))}</title>{style}'
        yield f"<defs>{''.join(map(_tip, KINDS))}</defs>"
        yield f'<rect class="page" width="{self.width:g}" height="{self.height:g}" rx="10"/>'
        yield from self._bands()
        for lane in self.layout.lanes:
            yield from self._lane(lane)
        for start, end in self.layout.steps:
            left, y = self.centres[start] + _BOX / 2, self.path_top + _TALL / 2
            yield _arrow(Kind.FORWARD, f"M{left:g} {y:g}H{self.centres[end] - _BOX / 2 - 2:g}", self._said(start, end))
        for stage in self.lifecycle.stages.values():
            yield from self._box(stage)
        yield from self._key()

    def _bands(self) -> Iterator[str]:
        bottom = self.path_top + _TALL + _ROOM / 2
        for band, words in _BANDS.items():
            places = [self.centres[one] for one in self.path if self.lifecycle.stages[one].band is band]
            if places:
                left, wide = places[0] - _BOX / 2 - _BAND_GAP / 2, places[-1] - places[0] + _BOX + _BAND_GAP
                place = f'x="{left:g}" y="{_EDGE}" width="{wide:g}" height="{bottom - _EDGE:g}"'
                yield f'<rect class="band" {place} rx="8"/>'
                yield _text("head", places[0] - _BOX / 2, _EDGE + 18, _fitted(words, wide), "start")

    def _lane(self, lane: Lane) -> Iterator[str]:
        y = self._level(lane)
        ends = sorted(lane.ports.values())
        yield f'<path class="line {lane.kind.value}" d="M{ends[0]:g} {y:g}H{ends[-1]:g}"/>'
        for stage in lane.boxes:
            x, edge = lane.ports[stage], self._edge(stage, lane.region)
            start, end = (lane.hub, stage) if lane.arrives(stage) else (stage, lane.hub)
            said = "" if stage == lane.hub else self._said(*((stage, lane.hub) if lane.inward else (lane.hub, stage)))
            said = said or f"{KINDS[lane.kind]}: {self._name(start if lane.inward else end)}"
            if lane.arrives(stage):
                stop = edge + (2 if y > edge else -2)
                yield _arrow(lane.kind, f"M{x:g} {y:g}V{stop:g}", said)
            else:
                yield _line(lane.kind, f"M{x:g} {edge:g}V{y:g}", said)
            if ends[0] < x < ends[-1]:  # here lines meet; where there is no dot they only cross
                yield f'<circle class="tip {lane.kind.value}" cx="{x:g}" cy="{y:g}" r="2.6"/>'

    def _level(self, lane: Lane) -> float:
        if lane.region is Region.ABOVE:
            return self.path_top - _ROOM - lane.row * _LANE
        start = self.path_top if lane.region is Region.BETWEEN else self.beside_top
        return start + _TALL + _ROOM + lane.row * _LANE

    def _edge(self, stage: str, region: Region) -> float:
        top = self.beside_top if stage in self.beside else self.path_top
        upper = region is Region.ABOVE or (region is Region.BETWEEN and stage in self.beside)
        return top if upper else top + _TALL

    def _box(self, stage: Stage) -> Iterator[str]:
        x, top = self.centres[stage.id], self.beside_top if stage.id in self.beside else self.path_top
        beside = " beside" if stage.id in self.beside else ""
        lines = _wrapped(stage.name)
        yield f"<g><title>{escape(f'{stage.name} ({stage.id}): {stage.definition}')}</title>"
        yield f'<rect class="box{beside}" x="{x - _BOX / 2:g}" y="{top:g}" width="{_BOX}" height="{_TALL}" rx="7"/>'
        if self.marks_first and stage.id in self.lifecycle.first:
            yield f'<circle class="first" cx="{x - _BOX / 2 + 9:g}" cy="{top + 9:g}" r="3.2"/>'
        middle = top + _TALL / 2 - 3
        for place, words in enumerate(lines):
            yield _text("name", x, middle - (len(lines) - 1) * 8 + place * 16, words)
        team = f"{stage.team} · handoff" if stage.id in self.handoff else stage.team
        yield _text("team", x, top + _TALL - 10, _fitted(team, _BOX)) + "</g>"

    def _key(self) -> Iterator[str]:
        x, y = float(_EDGE + 15), self.legend + 12
        drawn = {move.kind for move in self.lifecycle.moves.values()}
        for kind, words in KINDS.items():
            if kind in drawn:
                yield _arrow(kind, f"M{x:g} {y:g}H{x + 30:g}", words)
                yield _text("team", x + 38, y + 4, words, "start")
                x += 62 + 6.2 * len(words)
        if self.marks_first:
            yield f'<circle class="first" cx="{x + 4:g}" cy="{y:g}" r="3.2"/>'
            yield _text("team", x + 14, y + 4, "may be first seen here", "start")

    def _said(self, start: str, end: str) -> str:
        move = self.lifecycle.moves[start, end]
        return f"{self._name(start)} to {self._name(end)}: {KINDS[move.kind]}; {who_may(move)}"

    def _name(self, stage: str) -> str:
        return self.lifecycle.stages[stage].name


def who_may(move: Move) -> str:
    """Who may make a move, and what it takes, in words."""
    needs = f"; needs a {' and a '.join(sorted(move.needs))}" if move.needs else ""
    return " or ".join(sorted(move.by)) + needs


def _summary(lifecycle: Lifecycle) -> str:
    return "The shared lifecycle: " + ", ".join(stage.name for stage in lifecycle.stages.values())


def _tip(kind: Kind) -> str:
    """An arrow's head, one for each colour: not every viewer lends a head the colour of its line."""
    size = 'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse"'
    head = f'<path class="tip {kind.value}" d="M0 0L8 4L0 8z"/>'
    return f'<marker id="tip_{kind.value}" {size} orient="auto">{head}</marker>'


def _arrow(kind: Kind, way: str, said: str) -> str:
    tip = f'marker-end="url(#tip_{kind.value})"'
    return f'<path class="line {kind.value}" {tip} d="{way}"><title>{escape(said)}</title></path>'


def _line(kind: Kind, way: str, said: str) -> str:
    return f'<path class="line {kind.value}" d="{way}"><title>{escape(said)}</title></path>'


def _text(style: str, x: float, y: float, words: str, anchor: str = "middle") -> str:
    return f'<text class="{style}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'


def _wrapped(name: str) -> list[str]:
    """A name in at most two lines that fit the box; what does not fit is in the tooltip."""
    lines = [""]
    for word in name.split():
        joined = f"{lines[-1]} {word}".strip()
        lines = [*lines[:-1], joined] if len(joined) <= _NAME_LINE or not lines[-1] else [*lines, word]
    kept = lines[:_NAME_LINES]
    if len(lines) > _NAME_LINES:
        kept[-1] += "…"
    return [_fitted(line, _BOX) for line in kept]


def _fitted(words: str, wide: float) -> str:
    most = int(wide // 6.6)
    return words if len(words) <= most else words[: most - 1] + "…"
