"""Work in the background: it comes to an end whatever happens, says how far it is, and keeps nothing of the erased."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from connector.admin import background
from connector.admin.desk import Desk
from connector.config.service import Web
from connector.engine.bridge import Progress
from connector.errors import Refused, Transient
from connector.storage import errands, tombstones
from connector.storage.database import migrate, open_database
from connector.storage.errands import Errand, Order, State, Step
from tests.admin.door import Closed, Even, Watch

ORDER = Order("survey", "ada (web)", {"refs": ["hubspot:contacts:7"]})
PATIENCE = 300


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    database = open_database(f"sqlite:///{tmp_path / 'store.db'}")
    migrate(database)
    yield Desk(tmp_path / "config.yaml", {}, Web(), database, Watch(), Even(), Closed())
    database.close()


def once(desk: Desk, number: int, so: Callable[[Errand], bool]) -> Errand:
    """The errand, once it is so."""
    for _ in range(PATIENCE):
        found = background.look(desk, number)
        if found is not None and so(found):
            return found
        time.sleep(0.02)
    raise AssertionError(f"it is still {found}")


def ended(found: Errand) -> bool:
    return found.ended_at is not None


def test_work_tells_how_far_it_is_while_pages_come_and_go_and_then_what_it_found(desk: Desk) -> None:
    go_on = Event()

    def work(report: Progress) -> Mapping[str, Any]:
        report("looking", 3, 9)
        go_on.wait(10)
        return {"records": 9}

    number = background.begin(desk, ORDER, work)
    found = once(desk, number, lambda one: one.step == Step("looking", 3, 9))
    assert (found.state, found.order) == (State.RUNNING, ORDER)
    with pytest.raises(Refused, match="another survey is under way"):
        background.begin(desk, ORDER, work)
    go_on.set()
    found = once(desk, number, ended)
    assert (found.state, found.end.found) == (State.DONE, {"records": 9})
    assert background.latest(desk, "survey") == found
    assert background.look(desk, number + 1) is None


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Transient("HubSpot does not answer"), "HubSpot does not answer"),
        (ValueError("a secret detail"), "an unexpected fault (ValueError); the log says more"),
    ],
)
def test_work_that_fails_says_why_and_makes_room(desk: Desk, fault: Exception, said: str) -> None:
    def work(_report: Progress) -> Mapping[str, Any]:
        raise fault

    number = background.begin(desk, ORDER, work)
    found = once(desk, number, ended)
    assert (found.state, found.end.problem, found.end.found) == (State.FAILED, said, None)
    assert background.begin(desk, ORDER, lambda _report: {}) == number + 1
    once(desk, number + 1, ended)


def test_what_was_found_is_not_kept_when_somebody_was_erased_meanwhile(desk: Desk) -> None:
    def work(_report: Progress) -> Mapping[str, Any]:
        with desk.database.begin() as conn:
            tombstones.add(conn, ["hash"], desk.clock.now())
            errands.forget(conn)
        return {"value": "Enchantress"}

    found = once(desk, background.begin(desk, ORDER, work), ended)
    assert (found.state, found.end.found, found.order.asked) == (State.DONE, None, {})
    assert "somebody was erased" in found.end.problem


def test_whoever_was_given_up_for_lost_ends_at_its_next_report_and_says_nothing_more(desk: Desk) -> None:
    given_up, over = Event(), Event()
    told: list[str] = []

    def slow(report: Progress) -> Mapping[str, Any]:
        given_up.wait(10)
        try:
            for number in range(PATIENCE):
                report("still at it", number, None)
                time.sleep(0.02)
        except Refused as refusal:
            told.append(str(refusal))
            raise
        finally:
            over.set()
        return {"value": "too late"}

    number = background.begin(desk, ORDER, slow)
    with desk.database.begin() as conn:
        later = desk.clock.now() + errands.LOST_AFTER * 2
        second = errands.start(conn, ORDER, later)
    assert second == number + 1
    given_up.set()
    assert over.wait(10)
    assert told == ["this was not heard of for a while and given up; start it again"]
    found = once(desk, number, ended)
    assert (found.state, found.end.found) == (State.LOST, None)
