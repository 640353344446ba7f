"""Whoever is silent loses his jobs and what he held; whoever wakes does no harm; whoever stops gives back."""

from __future__ import annotations

from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import text

from connector.clock import SystemClock
from connector.engine.duties import FULL
from connector.service import spread, takeover
from connector.storage import dirty, duties, queue
from tests.endurance.processes import until
from tests.service.crews import DRAINING, HOUR, NAME, Place, at_work, context, ended, names, of_group, workers


def test_a_silent_workers_jobs_are_ended_and_what_it_held_is_freed(place: Place) -> None:
    contact, other = of_group(place, 0), of_group(place, 1)
    place.mark(contact, other)
    now = SystemClock().now()
    with place.database.begin() as conn:
        claims = dirty.claim(conn, now, 10, now + HOUR)
        duties.ensure(conn, ["poll.hubspot"], now)
        duties.ask(conn, "poll.hubspot", now)
        held = duties.begin(conn, "poll.hubspot", now, now + HOUR)
    assert held is not None
    place.doing(DRAINING[0], takeover.SILENT_S + 1)
    place.doing("poll.hubspot", takeover.SILENT_S + 1)
    assert names(place.crew()) == [DRAINING[0], "poll.hubspot"], "the other group's lease stands"
    assert place.queue() == []
    with place.database.begin() as conn:
        assert not duties.end(conn, held, now + HOUR, {}), "who wakes changes nothing"
        assert dirty.done(conn, [claim for claim in claims if claim.ref == contact]) == 0


def test_a_job_is_left_to_a_worker_that_beats_however_long_it_takes(place: Place) -> None:
    place.mark(of_group(place, 0))
    place.doing(DRAINING[0], takeover.SILENT_S - 4)
    assert names(place.crew()) == []
    assert place.queue() == [(DRAINING[0], "doing")]


def test_a_takeover_takes_less_than_twenty_seconds() -> None:
    assert takeover.SILENT_S + takeover.BEAT_S + 2 * spread.LOOK_S < 20
    assert takeover.SILENT_S >= 4 * takeover.BEAT_S, "a beat may be late on a busy machine"


def test_a_frozen_worker_that_wakes_neither_goes_on_nor_ends_the_job_of_its_successor(place: Place) -> None:
    contact = of_group(place, 0)
    place.mark(contact)
    frozen = place.doing(DRAINING[0], takeover.SILENT_S + 1)
    woken, other = place.crew(), place.crew()
    other.look()
    successor = place.doing(DRAINING[0])
    woken.do(context(*frozen), DRAINING[0])
    assert place.waiting() == 1, "it has not gone on"
    with pytest.raises(Exception, match="not found"), place.database.begin() as conn:
        queue.end(conn, frozen[0])
    assert place.queue() == [(DRAINING[0], "doing")]
    other.do(context(*successor), DRAINING[0])
    assert place.waiting() == 0


def test_a_job_that_ended_untold_is_ended_by_its_own_worker(place: Place) -> None:
    """The database was away when it should have been told; its worker beats, so nobody would take it over."""
    crew = place.crew()
    place.mark(of_group(place, 0))
    job, worker = place.doing(DRAINING[0])
    crew._own.worker_id = worker
    crew._own.running.add(job)
    for _ in range(2):
        crew._looked_s = 0.0
        assert names(crew) == []
    crew._own.running.clear()
    crew._looked_s = 0.0
    assert names(crew) == [], "it may just have begun"
    crew._looked_s = 0.0
    assert names(crew) == DRAINING[:1]


def test_what_takes_too_long_when_the_process_shall_stop_is_given_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spread, "GRACE_S", 0.5)
    begun, left, let_go = Event(), Event(), Event()
    contact = of_group(place, 0)
    read = place.town.hubspot.read_many

    def stuck(asked: Any) -> Any:
        begun.set()
        let_go.wait(20)
        return read(asked)

    place.mark(contact)
    crew = place.crew()
    crew.leave = left.set
    monkeypatch.setattr(place.town.hubspot, "read_many", stuck)
    with at_work(crew):
        assert begun.wait(20)
        Thread(target=lambda: (left.wait(20), let_go.set()), daemon=True).start()
    assert left.is_set()
    assert place.queue() == []
    assert names(place.crew()) == DRAINING[:1] or place.waiting() == 0


def test_work_that_takes_long_is_not_taken_for_dead_while_its_worker_beats(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeover, "BEAT_S", 0.1)
    monkeypatch.setattr(takeover, "SILENT_S", 1.0)
    begun, let_go, calls = Event(), Event(), list[Any]()
    read = place.town.hubspot.read_many

    def slow(asked: Any) -> Any:
        if asked:
            calls.append(asked)
            begun.set()
            let_go.wait(20)
        return read(asked)

    place.mark(of_group(place, 0))
    monkeypatch.setattr(place.town.hubspot, "read_many", slow)
    with at_work(place.crew(), place.crew()):
        assert begun.wait(20)
        Event().wait(3 * takeover.SILENT_S)
        assert len(calls) == 1, "nobody else has begun it"
        let_go.set()
        until(lambda: place.waiting() == 0, "it is done", 20.0)


def test_a_worker_that_was_forgotten_meanwhile_takes_part_again(place: Place) -> None:
    """It slept for longer than ten minutes; whoever started since has struck it off."""
    with at_work(place.crew()):
        until(lambda: workers(place) == 1, "it is registered", 20.0)
        with place.database.begin() as conn:
            conn.execute(text("DELETE FROM procrastinate_workers"))
        place.mark(of_group(place, 0), of_group(place, 1))
        until(lambda: place.waiting() == 0, "it works again", 20.0)
        assert workers(place) == 1


def test_jobs_go_on_after_every_connection_to_the_database_was_cut(place: Place) -> None:
    others = "pid <> pg_backend_pid() AND application_name = :name"
    cut = text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    with at_work(place.crew(), place.crew()):
        until(lambda: workers(place) == 2, "they are registered", 20.0)
        with place.database.begin() as conn:
            assert len(conn.execute(cut, {"name": NAME}).all()) >= 4, "each has a line of its own to listen on"
        place.mark(of_group(place, 0), of_group(place, 1))
        until(lambda: place.waiting() == 0, "they work again", 30.0)


def test_a_comparison_that_was_taken_over_meanwhile_ends_with_the_batch_under_way(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeover, "BEAT_S", 0.1)
    begun, taken = Event(), Event()
    scan = place.town.hubspot.scan

    def frozen(view: Any) -> Any:
        begun.set()
        taken.wait(20)
        return scan(view)

    place.town.contact(email="a@x.test", lastname="A")
    place.town.remapped(*place.town.bridge.mapping.pairs, digest="edited")  # so that everything is compared
    monkeypatch.setattr(place.town.hubspot, "scan", frozen)
    with place.database.begin() as conn:
        duties.ask(conn, FULL, SystemClock().now())
    crew, full = place.crew(), place.doing(FULL)
    comparing = Thread(target=crew.do, args=(context(*full), FULL))
    comparing.start()
    assert begun.wait(20)
    ended(place, full)
    crew.look()
    taken.set()
    comparing.join(20)
    assert not comparing.is_alive()
    assert next(run.outcome for run in place.town.runs() if run.kind == "full") == "cut short"
