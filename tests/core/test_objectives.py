"""Objectives: worth promised in a period, the pace line over working days, minimum counts, rates, alerts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connector.core.calendars import CLOSED, BusinessTime, Calendar, Week, Window
from connector.core.objectives import (
    Counted,
    Fact,
    Floor,
    Happened,
    Objective,
    PeriodKind,
    accept_rate,
    alerts,
    bounds,
    progress,
)
from tests.core.promises import OFFICE, at, office

MQLS = Counted(Happened.ENTERED, "mql", value=Decimal(10))
BUYERS = Counted(Happened.ENTERED, "mql", persona="buyer", value=Decimal(30), at_least=5)
GOAL = Objective(
    "marketing", "Marketing to sales", "marketing", PeriodKind.MONTH, (MQLS,), Decimal(2_100), unit="points"
)
NOVEMBER = at(1, 0), datetime(2026, 12, 1, tzinfo=UTC)


def mqls(many: int, day: int = 2, **said: str) -> list[Fact]:
    return [Fact(Happened.ENTERED, at(day, 10), "mql", **said) for _ in range(many)]


def test_what_is_worth_so_much_each_is_summed_up_in_its_period():
    facts = [*mqls(3), Fact(Happened.ENTERED, at(2, 10), "sal"), *mqls(1, 9)]
    facts += [replace(facts[0], at=at(1, 0).replace(month=10)), replace(facts[0], at=NOVEMBER[1])]
    made = progress(GOAL, facts, OFFICE, at(8, 12))
    assert (made.start, made.end, made.actual) == (*NOVEMBER, Decimal(30))
    assert [(tally.count, tally.worth) for tally in made.tallies] == [(3, Decimal(30))]


@pytest.mark.parametrize(
    ("now", "elapsed"),
    [
        (at(1, 12), "0"),
        (at(2, 9), "0"),
        (at(2, 13), "0.5"),
        (at(2, 18), "1"),
        (at(7, 12), "5"),
        (at(30, 23), "21"),
    ],
)
def test_the_pace_line_follows_the_working_days_and_the_hours_of_today(now, elapsed):
    made = progress(GOAL, [], OFFICE, now)
    assert (made.days, made.elapsed) == (21, Decimal(elapsed))
    assert made.expected == Decimal(2_100) * Decimal(elapsed) / 21


def test_pace_is_actual_over_expected():
    made = progress(GOAL, mqls(40), OFFICE, at(6, 18))
    assert (made.expected, made.pace, made.ahead) == (Decimal(500), Decimal("0.8"), Decimal(-100))
    assert made.projected == Decimal(400) * 21 / 5
    before = progress(GOAL, mqls(1, 1), OFFICE, at(1, 12))
    assert (before.pace, before.projected, before.expected) == (None, None, Decimal(0))
    untargeted = progress(replace(GOAL, target=None), mqls(1), OFFICE, at(6, 18))
    assert (untargeted.pace, untargeted.ahead, untargeted.expected) == (None, None, None)


def test_a_holiday_is_no_day_of_the_pace_line():
    week = Week(((Window(540, 1020),),) * 5 + ((), ()))
    time = BusinessTime(Calendar("office", "Europe/Paris", (week,), {at(11, 0).date(): CLOSED}))
    made = progress(GOAL, [], time, at(12, 0))
    assert (made.days, made.elapsed) == (20, Decimal(7))
    closed = BusinessTime(Calendar("closed", "UTC", (week,), {at(day, 0).date(): CLOSED for day in range(1, 31)}))
    never = progress(GOAL, [], closed, at(12, 0))
    assert (never.days, never.expected) == (0, Decimal(2_100))


@pytest.mark.parametrize(
    ("kind", "now", "start", "end"),
    [
        (PeriodKind.WEEK, "2026-11-08T22:59", "2026-11-01T23:00", "2026-11-08T23:00"),
        (PeriodKind.WEEK, "2026-11-08T23:00", "2026-11-08T23:00", "2026-11-15T23:00"),
        (PeriodKind.MONTH, "2026-10-15T10:00", "2026-09-30T22:00", "2026-10-31T23:00"),
        (PeriodKind.MONTH, "2026-12-15T10:00", "2026-11-30T23:00", "2026-12-31T23:00"),
        (PeriodKind.QUARTER, "2026-11-15T10:00", "2026-09-30T22:00", "2026-12-31T23:00"),
        (PeriodKind.QUARTER, "2026-01-01T00:00", "2025-12-31T23:00", "2026-03-31T22:00"),
        (PeriodKind.YEAR, "2026-07-01T00:00", "2025-12-31T23:00", "2026-12-31T23:00"),
    ],
)
def test_periods_are_those_of_the_local_calendar(kind, now, start, end):
    found = bounds(kind, office(9, 17, "Europe/Berlin"), utc(now))
    assert found == (utc(start), utc(end))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_minimum_counts_hold_whatever_the_sum_is():
    goal = replace(GOAL, counted=(MQLS, BUYERS), target=Decimal(100))
    rich = progress(goal, mqls(20), OFFICE, at(27, 18))
    assert (rich.actual, rich.is_reached, [tally.counted for tally in rich.short]) == (Decimal(200), False, [BUYERS])
    both = progress(goal, mqls(5, persona="buyer"), OFFICE, at(27, 18))
    assert (both.actual, both.is_reached) == (Decimal(200), True)
    assert not progress(goal, mqls(1), OFFICE, at(27, 18)).is_reached
    assert progress(replace(goal, target=None), mqls(5, persona="buyer"), OFFICE, at(27, 18)).is_reached


def test_personas_and_sources_are_counted_apart():
    by_source = Counted(Happened.ENTERED, "mql", source="webinar")
    goal = replace(GOAL, counted=(by_source, Counted(Happened.ENTERED, "mql", persona="buyer")))
    facts = [*mqls(2, source="webinar"), *mqls(3, source="paid", persona="buyer")]
    assert [tally.count for tally in progress(goal, facts, OFFICE, at(8, 9)).tallies] == [2, 3]


def answers(accepted: int, rejected: int, expired: int, stage: str = "mql") -> list[Fact]:
    said = {Happened.ACCEPTED: accepted, Happened.REJECTED: rejected, Happened.EXPIRED: expired}
    return [Fact(what, at(3, 10), stage) for what, many in said.items() for _ in range(many)]


def test_what_expires_unanswered_counts_in_the_accept_rate():
    goal = replace(GOAL, target=None, floors=(accept_rate(Decimal("0.6")),))
    (rate,) = progress(goal, answers(5, 3, 2), OFFICE, at(6, 9)).rates
    assert (rate.share, rate.part, rate.among, rate.holds) == (Decimal("0.5"), 5, 10, False)
    (rate,) = progress(goal, answers(6, 2, 2), OFFICE, at(6, 9)).rates
    assert rate.holds
    assert progress(goal, answers(6, 2, 2), OFFICE, at(6, 9)).is_reached
    assert not progress(goal, answers(5, 3, 2), OFFICE, at(6, 9)).is_reached


def test_of_too_few_no_rate_is_told():
    goal = replace(GOAL, floors=(accept_rate(Decimal("0.6"), "mql", enough=3),))
    (few,) = progress(goal, [*answers(0, 2, 0), *answers(0, 9, 0, "sal")], OFFICE, at(6, 9)).rates
    assert (few.share, few.among, few.holds) == (None, 2, True)
    (none,) = progress(replace(GOAL, floors=(accept_rate(Decimal(1), enough=0),)), [], OFFICE, at(6, 9)).rates
    assert none.share is None


def test_any_rate_of_counts_may_have_a_floor():
    entered = {stage: (Counted(Happened.ENTERED, stage),) for stage in ("mql", "sal")}
    floor = Floor("MQL to SAL", entered["sal"], entered["mql"], Decimal("0.5"))
    facts = [*mqls(4), *(replace(one, stage="sal") for one in mqls(1))]
    (rate,) = progress(replace(GOAL, floors=(floor,)), facts, OFFICE, at(6, 9)).rates
    assert rate.share == Decimal("0.25")


def test_a_deal_counts_once_for_its_amount_whoever_has_a_part_in_it():
    revenue = replace(GOAL, counted=(Counted(Happened.WON, value=None),), target=Decimal(50_000), unit="EUR")
    deal = Fact(Happened.WON, at(3, 9), amount=Decimal("1000.50"), id="hubspot:1")
    facts = [replace(deal, at=at(4, 9), amount=Decimal(9)), deal, replace(deal, id="hubspot:2"), replace(deal, id="")]
    facts.append(replace(deal, id="", at=at(5, 9)))
    assert progress(revenue, facts, OFFICE, at(6, 9)).actual == Decimal("4002.00")


def test_who_is_behind_the_line_is_told_once_a_week_and_not_in_the_first_days():
    assert alerts(progress(GOAL, [], OFFICE, at(3, 18))) == []
    (one,) = alerts(progress(GOAL, mqls(10), OFFICE, at(4, 18)))
    assert one.key == "marketing|2026-11-01|0|pace"
    assert one.words == ("Marketing to sales: 100.00 of 2100.00 points, 33% of the pace line (day 3.0 of 21)")
    (same,) = alerts(progress(GOAL, mqls(10), OFFICE, at(5, 18)))
    (later,) = alerts(progress(GOAL, mqls(10), OFFICE, at(6, 18)))
    assert (same.key, later.key) == (one.key, "marketing|2026-11-01|1|pace")


def test_who_is_on_the_line_or_hardly_behind_it_is_not_told():
    assert alerts(progress(GOAL, mqls(30), OFFICE, at(4, 18))) == []
    assert alerts(progress(replace(GOAL, alert_below=Decimal("0.9")), mqls(28), OFFICE, at(4, 18))) == []
    without_unit = replace(GOAL, unit="", target=Decimal(21_000))
    assert "of 21000.00, 10% of" in alerts(progress(without_unit, mqls(30), OFFICE, at(4, 18)))[0].words
    assert alerts(progress(replace(GOAL, target=None), [], OFFICE, at(27, 18))) == []


def test_minimum_counts_that_will_be_missed_and_rates_below_their_floor_are_told():
    goal = replace(GOAL, counted=(BUYERS,), target=None, floors=(accept_rate(Decimal("0.6"), enough=2),))
    told = alerts(progress(goal, [*mqls(2, persona="buyer"), *answers(1, 1, 0)], OFFICE, at(20, 18)))
    assert [one.key.split("|")[-1] for one in told] == ["least0", "rate0"]
    assert [one.words for one in told] == [
        "Marketing to sales: 2 of at least 5 entered mql buyer",
        "Marketing to sales: accept rate 50% (1 of 2), agreed: 60%",
    ]
    on_the_way = alerts(progress(goal, [*mqls(2, persona="buyer"), *answers(3, 1, 0)], OFFICE, at(9, 18)))
    assert on_the_way == []


def test_what_happens_at_the_first_moment_counts_and_at_the_first_of_the_next_period_no_more():
    when = (NOVEMBER[0], at(8, 12), NOVEMBER[1])
    facts = [Fact(Happened.ENTERED, moment, "mql") for moment in when]
    assert progress(GOAL, facts, OFFICE, at(8, 12)).actual == Decimal(20)
    assert progress(GOAL, facts, OFFICE, NOVEMBER[1] - timedelta(microseconds=1)).actual == Decimal(20)
    assert progress(GOAL, facts, OFFICE, NOVEMBER[1]).actual == Decimal(10)


def test_a_sum_of_nothing_is_a_decimal_nothing():
    made = progress(GOAL, [], OFFICE, at(8, 12))
    assert [type(one) for one in (made.actual, made.tallies[0].worth)] == [Decimal, Decimal]


def test_days_are_those_of_the_calendars_zone():
    auckland = office(9, 17, "Pacific/Auckland")
    monday = datetime(2026, 11, 9, 0, tzinfo=UTC)  # 13:00 there, on the sixth working day
    made = progress(GOAL, [], auckland, monday)
    assert (made.days, made.elapsed) == (21, Decimal("5.5"))
    assert made.start == datetime(2026, 10, 31, 11, tzinfo=UTC)
