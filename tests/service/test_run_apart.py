"""A full comparison beside the loop: who is marked meanwhile is looked at within seconds, and it ends when it shall.

On fakes, with real SQL on a file and real threads; the side that is compared stands still until the test lets it go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread, current_thread

import pytest

from connector.core.guards import Limit, Limits
from connector.core.refs import Ref, Side
from connector.engine.duties import FULL, Stopping, Work
from connector.engine.pacing import Pace
from connector.engine.stretch import Stretch
from connector.errors import RateLimited
from connector.service.apart import Apart
from connector.service.loop import Bell, Loop
from connector.service.worker import Wakeful
from connector.storage import dirty, duties
from tests.endurance.processes import until
from tests.engine.town import Town

SOON_S = 20.0  # on a machine that is busy with other tests
AT_ONCE = Pace(quiet=timedelta(), least=timedelta(hours=1), most=timedelta(hours=1))


class Standing:
    """A side whose listing stands still behind what it has listed until it is let go on."""

    def __init__(self, crm: object) -> None:
        self._crm, self.stands, self.goes_on = crm, Event(), Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._crm, name)

    def scan(self, view: object) -> Iterator[object]:
        listed = list(self._crm.scan(view))  # type: ignore[attr-defined]
        self.stands.set()
        assert self.goes_on.wait(3 * SOON_S)
        yield from listed


class Working:
    """A worker with its loop, a long one beside it, and a side that stands still."""

    def __init__(self, town: Town) -> None:
        self.town, self.bell = town, Bell()
        self.side = Standing(town.salesforce)
        self.apart = Apart(self.bell.ring)
        self.work = self.made(self.side)
        self._thread = Thread(target=Loop(lambda: self.work, self.bell, apart=self.apart).run)

    def made(self, salesforce: object) -> Work:
        def progress(_what: str, _done: int, _total: int | None) -> None:
            if self.bell.stopping:
                raise Stopping

        crms = {**self.town.bridge.crms, Side.SALESFORCE: salesforce}
        bridge = replace(self.town.bridge, crms=crms, progress=progress)  # type: ignore[arg-type]
        return Work(bridge, Stretch(bridge, "a test"), AT_ONCE)

    def begin(self) -> None:
        self._thread.start()
        assert self.side.stands.wait(SOON_S)

    def stop(self) -> bool:
        """Whether it ended in time."""
        self.bell.stop()
        self._thread.join(SOON_S)
        return not self._thread.is_alive()

    def edits(self, title: str, ref: Ref) -> None:
        """Somebody edits, and a webhook tells of it."""
        self.town.hubspot.edit(ref, jobtitle=title)
        with self.town.database.begin() as conn:
            dirty.mark(conn, [ref], self.town.clock.now())
        self.bell.ring()

    def ended(self) -> list[str]:
        """How full passes ended, oldest first."""
        return [run.outcome or "" for run in reversed(self.town.runs()) if run.kind == "full"]


@pytest.fixture
def town(tmp_path) -> Iterator[Town]:
    found = Town(f"sqlite:///{tmp_path}/store.db")
    for number in range(5):
        found.contact(email=f"p{number}@x.com", lastname="P")
    yield found
    found.database.close()


@contextmanager
def at_work(town: Town) -> Iterator[Working]:
    found = Working(town)
    found.begin()
    try:
        yield found
    finally:
        found.side.goes_on.set()
        assert found.stop()


def title_of(town: Town, contact: Ref) -> Callable[[], object]:
    """What the counterpart says, once there is one."""

    def told() -> object:
        counterparts = dict(town.links())
        return town.salesforce.values(counterparts[contact]).get("Title") if contact in counterparts else None

    return told


def test_while_everything_is_compared_an_edit_travels_and_nothing_is_made_twice(town: Town) -> None:
    town.lead(Email="lead@x.com", LastName="L")
    town.full()
    ada = town.links()[0][0]
    town.remapped(*town.bridge.mapping.pairs)
    with at_work(town) as working:
        working.edits("Countess", ada)
        until(lambda: title_of(town, ada)() == "Countess", "it is on the other side", SOON_S)
        assert working.ended()[-1] == ""  # under way still
        working.side.goes_on.set()
        until(lambda: working.ended()[-1] == "done", "all is compared", SOON_S)
        until(lambda: not working.apart.busy, "and that is over", SOON_S)
    nothing_doubled(town)


def test_who_comes_while_all_is_compared_for_the_first_time_is_made_once(town: Town) -> None:
    with at_work(town) as working:
        new = town.contact(email="hot@x.com", lastname="Hot", jobtitle="CEO")
        known = next(iter(town.hubspot.rows))
        working.edits("CFO", new)
        working.edits("Duchess", known)
        until(lambda: title_of(town, new)() == "CFO", "the new one is on the other side", SOON_S)
        until(lambda: title_of(town, known)() == "Duchess", "and who was listed already", SOON_S)
        assert working.ended() == [""]
        working.side.goes_on.set()
        until(lambda: working.ended() == ["done"], "all is compared", SOON_S)
    nothing_doubled(town)
    assert len(town.links()) == 6


def test_told_to_stop_it_breaks_a_comparison_off_and_owes_it(town: Town) -> None:
    with at_work(town) as working:
        Thread(target=lambda: (Event().wait(0.5), working.side.goes_on.set())).start()
        assert working.stop()
        assert working.ended() == ["cut short"]
        assert town.writes() == 0
        with town.database.read() as conn:
            row = duties.get(conn, FULL)
        assert row is not None
        assert row.leased_until is None
        assert row.due_at <= town.clock.now()
    with at_work(town) as working:
        working.side.goes_on.set()
        until(lambda: working.ended() == ["cut short", "done"], "the next one makes it", SOON_S)
    nothing_doubled(town)


def test_an_edited_configuration_breaks_it_off_and_the_old_one_is_closed_behind_it(town: Town) -> None:
    closed: list[bool] = []
    with at_work(town) as working:
        old, working.work = working.work, working.made(town.salesforce)
        working.apart.after(old, lambda: closed.append(working.ended() == ["cut short"]))
        with town.database.begin() as conn:
            duties.ask(conn, FULL, town.clock.now())
        assert closed == []
        working.side.goes_on.set()
        until(lambda: working.ended() == ["cut short", "done"], "it is made anew", SOON_S)
        assert closed == [True]
        working.apart.after(old, lambda: closed.append(True))  # nobody is at it any more
        assert closed == [True, True]
    nothing_doubled(town)


def test_a_guard_that_holds_the_comparison_holds_everybody(tmp_path) -> None:
    town = Town(f"sqlite:///{tmp_path}/held.db", limits=Limits(creates=Limit(number=2)))
    for number in range(5):
        town.contact(email=f"p{number}@x.com", lastname="P")
    with at_work(town) as working:
        working.work.stretch.run()  # was open before anything was held
        working.side.goes_on.set()
        until(lambda: working.ended() == ["held"], "it is held", SOON_S)
        written = town.writes()
        working.edits("Countess", next(iter(town.hubspot.rows)))
        until(lambda: not working.apart.busy, "it is over", SOON_S)
        Event().wait(1.5)
        assert town.writes() == written
        assert working.work.stretch.run().held
    town.database.close()


def test_a_store_that_fails_leaves_no_lease_behind(town: Town) -> None:
    with at_work(town) as working:
        begin, faults = town.database.begin, iter([OSError("away")] * 8)  # more than the turn itself meets

        def failing() -> object:
            for fault in faults if current_thread().name == FULL else ():
                raise fault
            return begin()

        town.database.begin = failing  # type: ignore[method-assign, assignment]
        working.side.goes_on.set()
        until(lambda: working.ended()[-1] == "done", "it is made in the end", 2 * SOON_S)
    nothing_doubled(town)


def test_a_pause_of_minutes_ends_when_the_worker_shall_stop(town: Town) -> None:
    asked: list[bool] = []

    def stopping() -> bool:
        asked.append(True)
        return len(asked) > 3

    before = town.clock.at
    with pytest.raises(Stopping):
        Wakeful(town.clock, stopping).sleep(120)
    assert town.clock.at - before <= timedelta(seconds=2)
    before = town.clock.at
    Wakeful(town.clock, lambda: False).sleep(1.2)
    assert (town.clock.at - before).total_seconds() == pytest.approx(1.2)


@pytest.mark.parametrize("operation", ["write", "read"])
def test_a_side_that_asks_to_wait_for_minutes_keeps_no_worker_that_shall_stop(town: Town, operation: str) -> None:
    told: list[float] = []

    class Patient(type(town.clock)):  # type: ignore[misc]
        def sleep(self, seconds: float) -> None:
            told.append(seconds)
            super().sleep(seconds)

    town.full()
    with town.database.begin() as conn:
        dirty.mark(conn, list(town.hubspot.rows), town.clock.now())
    town.contact(email="more@x.com", lastname="M")
    town.clock.__class__ = Patient
    town.salesforce.fail(operation, RateLimited("slow down", town.clock.now() + timedelta(seconds=100)), times=9)
    town.bridge = replace(town.bridge, clock=Wakeful(town.clock, lambda: len(told) > 2))
    passes = {"write": town.full, "read": town.once}
    with pytest.raises(Stopping):
        passes[operation]()
    assert sum(told) <= 2
    assert town.runs()[0].outcome == "cut short"


def nothing_doubled(town: Town) -> None:
    """Each has one counterpart, and comparing everything once more writes nothing."""
    town.once()
    assert len({salesforce for _, salesforce in town.links()}) == len(town.links())
    assert len(town.salesforce.rows) == len(town.hubspot.rows) == len(town.links())
    written = town.writes()
    town.full()
    assert town.writes() == written
