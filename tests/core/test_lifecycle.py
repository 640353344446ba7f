"""The lifecycle: who may move whom where, what a move must bring, and the passes that follow."""

from datetime import UTC, date, datetime, timedelta

import pytest

from connector.core.lifecycle import (
    Band,
    Kind,
    Lifecycle,
    Move,
    Mover,
    Need,
    Refusal,
    Sighting,
    Stage,
    Standing,
    Stay,
    cells,
    replay,
    unlawful,
)

BANDS = {
    "lead": Band.TOFU,
    "mql": Band.MOFU,
    "sql": Band.BOFU,
    "customer": Band.AFTER,
    "recycled": Band.BESIDE,
    "out": Band.BESIDE,
}
NAMES = {"mql": "MQL", "sql": "SQL", "out": "Disqualified"}
STAGES = {
    name: Stage(name, NAMES.get(name, name.title()), f"what {name} means", band, "sales")
    for name, band in BANDS.items()
}
MARKETING, SALES, AUTOMATIC = frozenset({Mover.MARKETING}), frozenset({Mover.SALES}), frozenset({Mover.AUTOMATIC})
MOVES = {
    ("lead", "mql"): Move(Kind.FORWARD, MARKETING | AUTOMATIC),
    ("mql", "sql"): Move(Kind.FORWARD, SALES),
    ("sql", "mql"): Move(Kind.BACKWARD, SALES, frozenset({Need.REASON})),
    ("sql", "customer"): Move(Kind.FORWARD, SALES),
    ("mql", "recycled"): Move(Kind.RECYCLE, SALES, frozenset({Need.REASON, Need.REVISIT})),
    ("mql", "out"): Move(Kind.DISQUALIFY, SALES, frozenset({Need.REASON})),
    ("recycled", "mql"): Move(Kind.RE_ENTER, AUTOMATIC),
}
LIFECYCLE = Lifecycle(STAGES, MOVES, frozenset({"lead", "mql"}))
DAY = datetime(2026, 11, 2, tzinfo=UTC)


def seen(day: int, stage: str, by: Mover = Mover.SALES, **brings) -> Sighting:
    return Sighting(DAY + timedelta(days=day), stage, by, **brings)


RECYCLING = seen(3, "recycled", reason="timing", revisit=date(2027, 1, 1))


def test_nobody_was_seen_yet():
    assert (Standing().stage, Standing().stay, Standing().loops) == (None, None, 0)


def test_a_lawful_move_ends_one_stay_and_begins_another():
    first, second = seen(0, "lead"), seen(2, "mql", Mover.MARKETING)
    standing = replay(LIFECYCLE, [first, second])
    assert standing.stage == "mql"
    (journey,) = standing.passes
    assert journey.stays == (Stay("lead", first, second.at), Stay("mql", second))
    assert journey.ended is None


def test_seeing_the_same_stage_again_says_nothing_new():
    once = replay(LIFECYCLE, [seen(0, "lead")])
    assert replay(LIFECYCLE, [seen(1, "lead", Mover.MARKETING)], once) is once


@pytest.mark.parametrize(
    ("stage", "sighting", "why"),
    [
        (None, seen(0, "sql"), "nobody is SQL at first"),
        (None, seen(0, "vip"), "there is no stage 'vip'"),
        ("lead", seen(0, "customer"), "there is no way from Lead to Customer"),
        ("lead", seen(0, "mql"), "from Lead to MQL only automatic or marketing may move people, not sales"),
        ("sql", seen(0, "mql"), "from SQL to MQL takes a reason"),
        ("mql", seen(0, "recycled"), "from MQL to Recycled takes a reason and a revisit"),
        ("mql", seen(0, "recycled", reason="timing"), "from MQL to Recycled takes a revisit"),
        ("mql", seen(0, "recycled", reason="timing", revisit=date(2027, 1, 1)), ""),
        ("mql", seen(0, "out", reason="junk", comment="a student"), ""),
        (None, seen(0, "mql"), ""),
    ],
)
def test_why_a_move_is_unlawful_is_said_in_words(stage, sighting, why):
    assert unlawful(LIFECYCLE, stage, sighting) == why


def test_an_unlawful_sighting_is_refused_and_recorded():
    wrong = seen(1, "customer")
    standing = replay(LIFECYCLE, [seen(0, "lead"), wrong])
    assert standing.stage == "lead"
    assert standing.refused == (Refusal(wrong, "lead", "there is no way from Lead to Customer"),)


def test_recycling_ends_a_pass_and_coming_back_begins_the_next():
    back = seen(9, "mql", Mover.AUTOMATIC)
    standing = replay(LIFECYCLE, [seen(0, "mql"), RECYCLING, back])
    first, second = standing.passes
    assert (first.ended, second.ended, standing.loops, standing.stage) == (Kind.RECYCLE, None, 1, "mql")
    assert [stay.stage for stay in first.stays] == ["mql", "recycled"]
    assert first.stays[-1].left_at == back.at
    assert second.stays == (Stay("mql", back),)


def test_disqualifying_ends_a_pass_and_is_no_loop():
    standing = replay(LIFECYCLE, [seen(0, "mql"), seen(1, "out", reason="junk")])
    assert (standing.passes[-1].ended, standing.loops, standing.stage) == (Kind.DISQUALIFY, 0, "out")


def test_a_move_backward_stays_in_its_pass():
    moves = [seen(0, "mql"), seen(1, "sql"), seen(2, "mql", reason="no budget yet")]
    (journey,) = replay(LIFECYCLE, moves).passes
    assert [stay.stage for stay in journey.stays] == ["mql", "sql", "mql"]


def test_every_stage_that_somebody_can_come_to_is_reachable():
    assert LIFECYCLE.reachable() == {*STAGES}
    lonely = Lifecycle(STAGES, {("customer", "out"): Move(Kind.DISQUALIFY, SALES)}, frozenset({"lead"}))
    assert lonely.reachable() == {"lead"}


def test_every_pair_of_stages_has_a_cell():
    table = {(start, end): move for start, end, move in cells(LIFECYCLE)}
    assert len(table) == len(STAGES) * (len(STAGES) - 1)
    assert {pair: move for pair, move in table.items() if move} == MOVES
