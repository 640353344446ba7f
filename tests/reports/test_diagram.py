"""The picture of a lifecycle: every move is in it, no two lines lie on each other, and no text breaks it."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from connector.core.lifecycle import Band, Kind, Lifecycle, Move, Mover, Need, Stage
from connector.reports.diagram import svg
from connector.reports.lanes import Region, columns, layout

SVG = "{http://www.w3.org/2000/svg}"
NAMES = {
    "lead": Band.TOFU,
    "mql": Band.MOFU,
    "sal": Band.MOFU,
    "sql": Band.BOFU,
    "customer": Band.AFTER,
    "recycled": Band.BESIDE,
    "out": Band.BESIDE,
}
MOVES = {
    ("lead", "mql"): Kind.FORWARD,
    ("mql", "sal"): Kind.FORWARD,
    ("sal", "sql"): Kind.FORWARD,
    ("sql", "customer"): Kind.FORWARD,
    ("lead", "sql"): Kind.FORWARD,
    ("mql", "sql"): Kind.FORWARD,
    ("sql", "sal"): Kind.BACKWARD,
    ("mql", "lead"): Kind.BACKWARD,
    ("mql", "recycled"): Kind.RECYCLE,
    ("sql", "recycled"): Kind.RECYCLE,
    ("lead", "out"): Kind.DISQUALIFY,
    ("sql", "out"): Kind.DISQUALIFY,
    ("recycled", "out"): Kind.DISQUALIFY,
    ("recycled", "mql"): Kind.RE_ENTER,
    ("recycled", "lead"): Kind.RE_ENTER,
    ("out", "lead"): Kind.RE_ENTER,
}


def lifecycle(**names: str) -> Lifecycle:
    stages = {
        one: Stage(one, names.get(one, one.upper()), "a <definition>", band, "sales") for one, band in NAMES.items()
    }
    needs = frozenset({Need.REASON})
    moves = {
        ends: Move(kind, frozenset({Mover.SALES}), needs if kind is Kind.RECYCLE else frozenset())
        for ends, kind in MOVES.items()
    }
    return Lifecycle(stages, moves, frozenset({"lead"}))


def drawn(one: Lifecycle, handoff: frozenset[str] = frozenset()) -> ET.Element:
    return ET.fromstring(svg(one, handoff))


def titles(root: ET.Element) -> list[str]:
    return [one.text or "" for path in root.iter(f"{SVG}path") for one in path.iter(f"{SVG}title")]


def test_every_move_is_told_once_with_who_may_and_what_it_takes():
    told = titles(drawn(lifecycle()))
    for (start, end), kind in MOVES.items():
        (said,) = [one for one in told if one.startswith(f"{start.upper()} to {end.upper()}:")]
        assert said.endswith("; sales; needs a reason" if kind is Kind.RECYCLE else "; sales")


def test_a_name_that_looks_like_markup_is_text():
    root = drawn(lifecycle(sal='<b>"S&A"</b>'))
    assert '<b>"S&A"</b>' in [one.text for one in root.iter(f"{SVG}text")]


def test_a_long_name_takes_two_lines_and_is_whole_in_its_tooltip():
    name = "People who have asked for an offer in writing"
    root = drawn(lifecycle(sql=name))
    lines = [one.text for one in root.iter(f"{SVG}text") if one.get("class") == "name" and one.text in
             {"People who have", "asked for an…"}]  # fmt: skip
    assert len(lines) == 2
    assert any((one.text or "").startswith(f"{name} (sql): ") for one in root.iter(f"{SVG}title"))


def test_the_handoff_and_the_first_stages_are_marked():
    root = drawn(lifecycle(), frozenset({"mql"}))
    assert [one.text for one in root.iter(f"{SVG}text") if "handoff" in (one.text or "")] == ["sales · handoff"]
    assert len([one for one in root.iter(f"{SVG}circle") if one.get("class") == "first"]) == 2  # the stage, the key


def test_the_same_definition_gives_the_same_picture():
    assert svg(lifecycle()) == svg(lifecycle())


def test_it_follows_the_readers_dark_setting():
    assert "@media (prefers-color-scheme:dark)" in svg(lifecycle())


def test_the_path_is_in_the_order_of_the_bands_whatever_the_order_of_the_stages():
    one = lifecycle()
    mixed = Lifecycle(dict(reversed(one.stages.items())), one.moves, one.first)
    path, beside = columns(mixed)
    assert path == ("lead", "sal", "mql", "sql", "customer")
    assert set(beside) == {"recycled", "out"}


@pytest.fixture
def centres() -> dict[str, float]:
    return {one: 200.0 * place for place, one in enumerate(NAMES)}


def test_lines_that_overlap_run_in_rows_of_their_own(centres: dict[str, float]):
    found = layout(lifecycle(), centres, 130)
    rows: dict[tuple[Region, int], list[tuple[float, float]]] = {}
    for lane in found.lanes:
        rows.setdefault((lane.region, lane.row), []).append(lane.span(centres))
    for spans in rows.values():
        assert all(left[1] < right[0] for left, right in pairwise(sorted(spans)))


def test_no_two_lines_meet_a_box_at_the_same_place(centres: dict[str, float]):
    found = layout(lifecycle(), centres, 130)
    met = ((x, lane.region is Region.ABOVE, one) for lane in found.lanes for one, x in lane.ports.items()
           if lane.region is not Region.BELOW)  # fmt: skip
    ports = Counter(met)
    assert max(ports.values()) == 1


def test_steps_are_straight_and_all_else_is_in_lanes(centres: dict[str, float]):
    found = layout(lifecycle(), centres, 130)
    assert set(found.steps) == {("lead", "mql"), ("mql", "sal"), ("sal", "sql"), ("sql", "customer")}
    assert sum(len(lane.others) for lane in found.lanes) == len(MOVES) - len(found.steps)


def test_a_path_of_one_stage_without_any_move_can_be_drawn():
    stage = Stage("lead", "Lead", "", Band.TOFU, "marketing")
    root = drawn(Lifecycle({"lead": stage}, {}, frozenset({"lead"})))
    assert [one.text for one in root.iter(f"{SVG}text") if one.get("class") == "name"] == ["Lead"]
