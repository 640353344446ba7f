"""Monitors are told of promises: counted as they are acted upon, and by state now and then, never while they ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector.core.goals import Counted, Happened, Measured, Objective, PeriodKind
from connector.core.policy import Action, ActionKind, Edition
from connector.core.policy import Warning as Warned
from connector.engine import promised
from connector.engine.duties import Stopping
from connector.reports.goals import COUNTED
from connector.reports.metrics import BREACHED, PROMISES, WARNED
from connector.storage import state, tallies
from tests.core.promises import IN_MQL, hours, office, policy
from tests.engine.agreeing import agree, both, effects_of, hand_over
from tests.engine.town import StillClock, Town

HOUR = timedelta(hours=1)
ALWAYS = office(0, 24)


def promising(town: Town, *on_breach: Action) -> None:
    """A first touch within four hours by the clock on the wall."""
    promise = policy(
        start=IN_MQL,
        targets=(hours(4),),
        time=lambda _: ALWAYS,
        warnings=(Warned(percent=50),),
        on_warning=(Action(ActionKind.NOTIFY, to="sales"),),
        on_breach=on_breach,
    )
    agree(town, book=(Edition("1", town.clock.now() - HOUR, {"touch": promise}),))


def tallied(town: Town) -> dict[str, int]:
    with town.database.read() as conn:
        return tallies.all(conn)


def counted(town: Town) -> Mapping[str, Any] | None:
    with town.database.read() as conn:
        return state.get(conn, PROMISES)


def later(town: Town, hours_: float) -> None:
    town.clock.sleep(hours_ * 3600)
    town.once()


def test_a_warning_and_a_breach_are_counted_once_however_much_is_done_about_them(town: Town) -> None:
    promising(town, Action(ActionKind.NOTIFY, to="sales"), Action(ActionKind.NOTIFY, to="chief"))
    contact, _ = both(town, life="lead")
    hand_over(town, contact)
    assert tallied(town) == {}
    later(town, 2.5)
    assert tallied(town) == {WARNED: 1}
    later(town, 2)
    later(town, 1)
    assert tallied(town) == {WARNED: 1, BREACHED: 1}
    done = Counter(key.split("|")[-2] for key in [*effects_of(town)])
    assert done["breach"] == 2, "both were told"


def test_open_promises_are_counted_by_state_and_not_more_often_than_hourly(town: Town) -> None:
    promising(town)
    for name in ("ann", "bob"):
        contact, _ = both(town, email=f"{name}@x.com", life="lead")
        hand_over(town, contact)
    assert promised.count(town.bridge)
    found = counted(town)
    assert found is not None
    assert found["open"] == {"running": 2, "warned": 0, "paused": 0, "breached": 0}
    town.clock.sleep(3599)
    assert not promised.count(town.bridge)
    town.clock.sleep(3600 * 4)
    assert promised.count(town.bridge)
    found = counted(town)
    assert found is not None
    assert found["open"]["breached"] == 2


def test_how_far_objectives_are_is_counted_with_them(town: Town) -> None:
    promising(town)
    contact, _ = both(town, email="ann@x.com", life="lead")
    hand_over(town, contact)
    way = Counted(Happened.ENTERED, "mql", value=Decimal(100))
    aim = Objective("handoffs", "Qualified people", "marketing", PeriodKind.MONTH, (way,), target=Decimal(400))
    town.bridge = replace(town.bridge, goals=(Measured(aim, ALWAYS),))
    assert promised.count(town.bridge)
    with town.database.read() as conn:
        found = state.get(conn, COUNTED)
    assert [(one["id"], one["actual"], one["target"]) for one in found["goals"]] == [("handoffs", 100.0, 400.0)]


class SlowWatch(StillClock):
    """On whose watch two minutes go by between two looks."""

    def monotonic(self) -> float:
        self.sleep(120)
        return super().monotonic()


def test_who_takes_long_to_count_counts_more_rarely(town: Town) -> None:
    promising(town)
    slow = SlowWatch()
    promised.count(replace(town.bridge, clock=slow))
    found = counted(town)
    assert found is not None
    pause = datetime.fromisoformat(found["again"]) - datetime.fromisoformat(found["at"])
    assert pause == timedelta(seconds=12_000)


def test_without_an_agreement_there_is_nothing_to_count(town: Town) -> None:
    assert not promised.count(town.bridge)
    assert counted(town) is None


def test_it_is_done_beside_the_other_work_and_a_failure_is_only_told(town: Town) -> None:
    promising(town)
    promised.count_beside(town.bridge)
    found = counted(town)
    assert found is not None

    def failing(*_: object) -> None:
        raise RuntimeError

    town.clock.sleep(3600)
    both(town, life="lead")
    promised.count_beside(replace(town.bridge, progress=failing))
    assert counted(town) == found


def test_a_process_that_shall_stop_gives_it_up(town: Town) -> None:
    promising(town)
    both(town, life="lead")

    def stopping(*_: object) -> None:
        raise Stopping

    with pytest.raises(Stopping):
        promised.count(replace(town.bridge, progress=stopping))
    assert counted(town) is None
