"""Law 9: where somebody stands is a fold of what was seen; what is refused changes nothing; everything is decided."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from connector.core.lifecycle import (
    Band,
    Kind,
    Lifecycle,
    Move,
    Mover,
    Need,
    Sighting,
    Stage,
    after,
    cells,
    replay,
    unlawful,
)

NAMES = ["a", "b", "c", "d"]
STAGES = {name: Stage(name, name.upper(), "", Band.TOFU, "marketing") for name in NAMES}
MOVE = some.builds(
    Move,
    some.sampled_from(Kind),
    some.frozensets(some.sampled_from(Mover), min_size=1),
    some.frozensets(some.sampled_from(Need), max_size=1),
)
PAIRS = some.tuples(some.sampled_from(NAMES), some.sampled_from(NAMES)).filter(lambda pair: pair[0] != pair[1])
LIFECYCLES = some.builds(
    Lifecycle, some.just(STAGES), some.dictionaries(PAIRS, MOVE), some.frozensets(some.sampled_from(NAMES), min_size=1)
)
SIGHTINGS = some.lists(
    some.builds(
        Sighting,
        at=some.integers(0, 999).map(lambda hours: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)),
        stage=some.sampled_from([*NAMES, "unheard of"]),
        by=some.sampled_from(Mover),
        reason=some.sampled_from(["", "timing"]),
        revisit=some.sampled_from([None, date(2027, 1, 1)]),
        comment=some.sampled_from(["", "call back"]),
    ),
    max_size=12,
)


@given(LIFECYCLES, SIGHTINGS, some.integers(0, 12))
def test_what_was_seen_first_and_then_the_rest_is_what_was_seen_at_all(lifecycle, sightings, cut):
    standing = replay(lifecycle, sightings[:cut])
    assert replay(lifecycle, sightings[cut:], standing) == replay(lifecycle, sightings)


@given(LIFECYCLES, SIGHTINGS)
def test_what_is_refused_changes_nothing_and_is_kept_and_nothing_vanishes(lifecycle, sightings):
    standing = replay(lifecycle, [])
    for sighting in sightings:
        then = after(lifecycle, standing, sighting)
        why = unlawful(lifecycle, standing.stage, sighting)
        if sighting.stage == standing.stage:
            assert then == standing
        elif why:
            assert (then.passes, then.refused[-1].why) == (standing.passes, why)
        else:
            assert (then.stage, then.refused) == (sighting.stage, standing.refused)
            assert then.stay.entered is sighting
        standing = then


@given(LIFECYCLES, SIGHTINGS)
def test_whoever_stands_somewhere_could_come_there(lifecycle, sightings):
    standing = replay(lifecycle, sightings)
    assert {stay.stage for one in standing.passes for stay in one.stays} <= lifecycle.reachable()
    open_stays = [stay for one in standing.passes for stay in one.stays if stay.left_at is None]
    assert open_stays == ([standing.stay] if standing.passes else [])


@given(LIFECYCLES, some.sampled_from(Mover))
def test_every_cell_is_decided_for_everybody(lifecycle, mover):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for start, end, move in cells(lifecycle):
        whole = Sighting(at, end, mover, reason="timing", revisit=date(2027, 1, 1), comment="call back")
        assert bool(unlawful(lifecycle, start, whole)) == (move is None or mover not in move.by)
