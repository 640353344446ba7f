"""Workers on a real PostgreSQL: whatever is due stands in the queue once, and is done by one."""

from __future__ import annotations

import threading
from datetime import timedelta
from threading import Thread

import pytest

from connector.clock import SystemClock
from connector.core.refs import Side
from connector.engine.duties import FULL, POLL
from connector.errors import Misconfigured
from connector.service import spread, takeover
from connector.service.jobs import drainers
from connector.storage import duties, queue
from tests.endurance.processes import until
from tests.service.crews import DRAINING, GROUPS, Place, at_work, context, ended, names, of_group, workers

MINUTE = timedelta(minutes=1)


def test_only_the_group_that_has_anything_to_do_is_due(place: Place) -> None:
    crew = place.crew()
    assert names(crew) == []
    place.mark(of_group(place, 1))
    assert names(crew) == DRAINING[1:]
    place.mark(of_group(place, 0))
    assert names(crew) == DRAINING


def test_what_is_in_the_queue_or_under_way_is_not_put_there_again(place: Place) -> None:
    crew = place.crew()
    place.mark(of_group(place, 0), of_group(place, 1))
    place.doing(DRAINING[0])
    assert names(crew) == DRAINING[1:]


def test_however_many_see_that_a_duty_is_due_it_stands_in_the_queue_once(place: Place) -> None:
    place.mark(of_group(place, 0))
    hold = place.doing(DRAINING[0])  # somebody drains, so that what is queued stays there
    found = [job for job in place.crew().table.values() if job.name == DRAINING[0]]
    crews = [place.crew() for _ in range(3)]
    for crew in crews:
        crew.look = lambda: list(found)  # type: ignore[method-assign]  # all look at the same moment
    with at_work(*crews):
        until(lambda: len(place.queue()) > 1, "it is queued", 10.0)
        threading.Event().wait(3 * spread.LOOK_S)
        assert sorted(place.queue()) == [(DRAINING[0], "doing"), (DRAINING[0], "todo")]
        ended(place, hold)


def test_two_workers_share_what_is_to_be_done_and_leave_nothing(place: Place) -> None:
    town = place.town
    contacts = [town.contact(email=f"p{number}@x.test", lastname="P") for number in range(40)]
    place.mark(*contacts)
    crews = [place.crew(), place.crew()]
    with at_work(*crews):
        until(lambda: place.waiting() == 0, "all is done", 30.0)
        until(lambda: place.queue() == [], "and nothing is left in the queue", 10.0)
    assert {contact for contact, _ in town.links()} == set(contacts)
    assert len({lead for _, lead in town.links()}) == len(contacts)
    shifts = [run for run in town.runs() if run.kind == "worker"]
    assert sum(run.counts["considered"] for run in shifts) >= len(contacts)
    assert {run.outcome for run in shifts} == {"done"}, "a worker that stops closes its runs"


def test_nobody_drains_while_everything_is_compared(place: Place) -> None:
    crew = place.crew()
    place.mark(of_group(place, 0))
    drain = place.doing(DRAINING[0])
    full = place.doing(FULL)
    assert names(crew) == []
    crew.do(context(*drain), DRAINING[0])
    assert place.waiting() == 1
    ended(place, full)
    crew.do(context(*drain), DRAINING[0])
    assert place.waiting() == 0


def test_a_comparison_waits_for_those_who_drain(place: Place) -> None:
    crew = place.crew()
    with place.database.begin() as conn:
        duties.ask(conn, FULL, SystemClock().now())
    drain, full = place.doing(DRAINING[1]), place.doing(FULL)
    comparing = Thread(target=crew.do, args=(context(*full), FULL))
    comparing.start()
    comparing.join(5 * spread._TURN_S)
    assert comparing.is_alive()
    with place.database.begin() as conn:
        assert drainers(conn) == DRAINING[1:]
        queue.end(conn, drain[0])
    comparing.join(20)
    assert not comparing.is_alive()
    with place.database.read() as conn:
        row = duties.get(conn, FULL)
    assert row is not None
    assert row.due_at > SystemClock().now()


def test_a_job_of_another_version_is_left_out(place: Place) -> None:
    job = place.doing("polish:the-silver")
    place.crew().do(context(*job), "polish:the-silver")
    assert place.queue() == [("polish:the-silver", "doing")]


def test_workers_of_one_store_must_drain_in_the_same_groups(place: Place) -> None:
    with at_work(place.crew()):
        until(lambda: workers(place) == 1, "it beats", 10.0)
        with place.database.begin() as conn, pytest.raises(Misconfigured, match="is 3, but workers with 2 are at work"):
            takeover.agree_on_groups(conn, 3)
        with place.database.begin() as conn:
            takeover.agree_on_groups(conn, GROUPS)
    with place.database.begin() as conn:
        takeover.agree_on_groups(conn, 3)


def test_a_side_that_is_polled_by_one_is_polled_by_no_other(place: Place) -> None:
    now = SystemClock().now()
    with place.database.begin() as conn:
        duties.ask(conn, POLL[Side.HUBSPOT], now)
    before = place.town.hubspot.calls.total()
    with at_work(place.crew(), place.crew(), place.crew()):
        until(lambda: place.town.hubspot.calls.total() > before, "it is polled", 20.0)
        threading.Event().wait(4 * spread.LOOK_S)
    with place.database.read() as conn:
        row = duties.get(conn, POLL[Side.HUBSPOT])
    assert row is not None
    assert row.due_at > now + MINUTE / 3
    assert place.town.hubspot.calls["poll"] <= 2
