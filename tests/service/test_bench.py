"""Places to work at: a run is used by one at a time, and what is replaced is closed once nobody uses it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.engine.duties import Work
from connector.engine.stretch import LONGEST, Stretch
from connector.service.bench import Bench
from tests.engine.town import Town


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def work(town: Town) -> Work:
    return Work(town.bridge, Stretch(town.bridge, "a test"))


@pytest.fixture
def bench(work: Work) -> Bench:
    bench = Bench()
    bench.use(work)
    return bench


def test_two_at_a_time_have_two_runs_and_whoever_comes_next_goes_on_with_one(bench: Bench, town: Town) -> None:
    with bench.place() as one, bench.place() as other:
        assert one is not None
        assert other is not None
        first = {one.stretch.run().id, other.stretch.run().id}
    with bench.place() as again:
        assert again is not None
        assert again.stretch.run().id in first
    assert len(town.runs()) == 2
    bench.close()
    assert {run.outcome for run in town.runs()} == {"done"}


def test_runs_that_are_over_are_closed_and_their_places_used_again(bench: Bench, town: Town) -> None:
    with bench.place() as place:
        assert place is not None
        place.stretch.run()
    bench.rest(town.clock.now())
    assert [run.outcome for run in town.runs()] == [None]
    bench.rest(town.clock.now() + LONGEST + timedelta(seconds=1))
    assert [run.outcome for run in town.runs()] == ["done"]
    with bench.place() as again:
        assert again is place


def test_what_was_replaced_is_closed_when_the_last_one_leaves_it(bench: Bench, work: Work) -> None:
    closed: list[str] = []
    bridge = replace(work.bridge, name="the same, edited")
    edited = Work(bridge, Stretch(bridge, "a test"))
    with bench.place() as one, bench.place():
        assert one is not None
        one.stretch.run()
        bench.after(work, lambda: closed.append("closed"))
        bench.use(edited)
        with bench.place() as new:
            assert new is not None
            assert new.bridge is bridge
        assert closed == []
    assert closed == ["closed"]
    assert one.stretch.open is None, "its run was closed before"


def test_what_nobody_uses_is_closed_at_once(bench: Bench, work: Work) -> None:
    closed: list[str] = []
    with bench.place():
        pass
    bench.after(work, lambda: closed.append("closed"))
    assert closed == ["closed"]


def test_there_is_no_place_while_the_installation_is_not_open(work: Work) -> None:
    bench = Bench()
    with bench.place() as place:
        assert place is None
    bench.use(work)
    with bench.place() as place:
        assert place is not None


def test_a_mistake_that_is_shown_meanwhile_is_told_at_every_place(bench: Bench, work: Work) -> None:
    with bench.place() as place:
        assert place is not None
    work.stretch.misfits = ["a mistake"]  # type: ignore[list-item]  # whatever it is
    with bench.place() as again:
        assert again is place
        assert again is not None
        assert again.stretch.misfits == ["a mistake"]
