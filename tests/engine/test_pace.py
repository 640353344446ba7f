"""Objectives that fall behind are told of once a week, in whatever run, and to whom it was agreed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from connector.core.calendars import BusinessTime, around_the_clock
from connector.core.goals import Counted, Happened, Measured, Objective, PeriodKind
from tests.engine.agreeing import agree, effects_of
from tests.engine.town import Town

DAY = timedelta(days=1)
TIME: BusinessTime = around_the_clock("UTC")


def aims(town: Town, **changes: Any) -> None:
    """Let the town aim at ten leads a month."""
    counted = (Counted(Happened.ENTERED, "lead"),)
    aim = Objective("leads", "Leads", "marketing", PeriodKind.MONTH, counted, target=Decimal(10), to="sales")
    town.bridge = replace(town.bridge, goals=(Measured(replace(aim, **changes), TIME),))


def test_who_is_behind_the_pace_line_is_told_of_once_a_week(town: Town) -> None:
    agree(town)
    aims(town)
    town.once()
    assert effects_of(town) == []  # the first days of a period are quiet
    town.clock.sleep((5 * DAY).total_seconds())
    town.once()
    (told,) = effects_of(town)
    town.clock.sleep((DAY).total_seconds())
    town.once()
    assert effects_of(town) == [told]
    town.clock.sleep((5 * DAY).total_seconds())
    town.once()
    assert len(effects_of(town)) == 2


def test_nobody_is_told_where_no_channel_was_agreed_on(town: Town) -> None:
    agree(town)
    aims(town, to="")
    town.clock.sleep((6 * DAY).total_seconds())
    town.once()
    assert effects_of(town) == []


def test_who_keeps_pace_is_left_in_peace(town: Town) -> None:
    agree(town)
    aims(town, target=Decimal(1))
    contact = town.contact(email="a@x.test")
    town.once()
    town.hubspot.edit(contact, life="lead")
    town.clock.sleep((6 * DAY).total_seconds())
    town.once()
    assert effects_of(town) == []
