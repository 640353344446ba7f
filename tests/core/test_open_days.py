"""Open days: few and far between, at the ends of years, in zones far from UTC, and compiled once."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.core.calendars import ALL_DAY, BusinessTime, Calendar, NeverOpens, Week, Window

DESK = (Window(9 * 60, 17 * 60),)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def at(year: int, month: int, day: int, hour: int = 10) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def open_on(*days: date) -> BusinessTime:
    """An office that is open on these days only."""
    return BusinessTime(Calendar("few", "UTC", (), dict.fromkeys(days, DESK)))


FEW = (date(2026, 1, 5), date(2026, 3, 2), date(2026, 6, 1))


def test_the_next_open_day_may_be_months_away():
    time = open_on(*FEW)
    for days, due in ((1, at(2026, 3, 2)), (2, at(2026, 6, 1))):
        assert time.days_later(at(2026, 1, 5), days) == days * 8 * HOUR
        assert time.add(at(2026, 1, 5), days * 8 * HOUR) == due
        assert time.days_earlier(due, days) == days * 8 * HOUR
        assert time.subtract(due, days * 8 * HOUR) == at(2026, 1, 5)
    assert time.measure(at(2026, 1, 1), at(2026, 12, 1)) == 24 * HOUR


def test_the_only_open_day_is_open_from_its_first_moment_to_its_last():
    time = open_on(FEW[0])
    assert [time.is_open(at(2026, 1, 5, hour)) for hour in (8, 9, 16, 17)] == [False, True, True, False]


@pytest.mark.parametrize("far", [date(2031, 12, 31), date(2021, 1, 1)])
def test_open_days_are_found_years_away(far):
    time, here = open_on(FEW[0], far), at(2026, 1, 5)
    there = datetime(far.year, far.month, far.day, 10, tzinfo=UTC)
    if there > here:
        assert (time.days_later(here, 1), time.add(here, 8 * HOUR)) == (8 * HOUR, there)
    else:
        assert (time.days_earlier(here, 1), time.subtract(here, 8 * HOUR)) == (8 * HOUR, there)


def test_the_tenth_year_is_within_the_horizon_and_the_twentieth_is_not():
    near, far = open_on(FEW[0], date(2036, 12, 31)), open_on(FEW[0], date(2046, 1, 1))
    here = at(2026, 1, 5)
    assert (near.add(here, 8 * HOUR), near.days_later(here, 1)) == (at(2036, 12, 31), 8 * HOUR)
    assert open_on(date(2016, 1, 1), FEW[0]).subtract(here, 8 * HOUR) == at(2016, 1, 1)
    for ask in (lambda: far.add(here, 8 * HOUR), lambda: far.days_later(here, 1)):
        with pytest.raises(NeverOpens, match="few is not open"):
            ask()


def test_years_before_count_as_well_as_years_after_once_both_were_asked_for():
    time = open_on(date(2020, 1, 1), date(2023, 12, 31), FEW[0], date(2029, 1, 1))
    assert time.subtract(at(2026, 1, 5), 8 * HOUR) == at(2023, 12, 31)
    assert time.add(at(2026, 1, 5), 8 * HOUR) == at(2029, 1, 1)
    assert time.measure(at(2019, 6, 1), at(2030, 6, 1)) == 32 * HOUR
    assert time.days_earlier(at(2029, 1, 1), 3) == 24 * HOUR


def test_an_end_at_midnight_is_the_day_that_it_ends():
    week = BusinessTime(Calendar("days", "UTC", (Week((ALL_DAY,) * 5 + ((), ())),)))
    saturday = at(2026, 11, 7, 12)
    assert week.days_earlier(saturday, 1) == DAY
    assert week.subtract(saturday, DAY) == at(2026, 11, 6, 0)
    assert week.days_earlier(at(2026, 11, 4, 12), 1) == DAY


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "UTC"])
def test_a_day_is_that_of_the_zone_however_far_it_is_from_utc(zone):
    time = BusinessTime(Calendar("office", zone, (Week((DESK,) * 5 + ((), ())),)))
    friday = datetime(2026, 11, 6, 16, 30, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    monday = datetime(2026, 11, 9, 16, 30, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert time.add(friday, time.days_later(friday, 1)) == monday
    assert time.subtract(monday, time.days_earlier(monday, 1)) == friday
    assert time.days_later(friday, 5) == time.days_earlier(monday, 5) == 40 * HOUR


def test_a_last_moment_before_midnight_is_of_its_own_day():
    late = BusinessTime(Calendar("late", "UTC", (), dict.fromkeys(FEW, (Window(0, 24 * 60),))))
    assert late.days_later(at(2026, 1, 5, 0), 1) == DAY


def test_days_that_are_too_few_are_never_enough():
    time = open_on(*FEW)
    for ask in (time.days_later, time.days_earlier):
        with pytest.raises(NeverOpens, match=r"^few is not open on 3 days within 10 years$"):
            ask(at(2026, 3, 2), 3)


def test_years_are_compiled_once_and_days_as_well():
    time = open_on(*FEW)
    stretch = time._covering(2025, 2027)
    assert stretch.years == range(2025, 2028)
    assert time._covering(2026, 2026) is time._covering(2025, 2027) is stretch
    assert time._days_of(stretch) is time._days_of(stretch)
    assert time._days_of(stretch) == [day.toordinal() for day in FEW]
    wider = time._covering(2024, 2026)
    assert (wider.years, time._covering(2025, 2027)) == (range(2024, 2028), wider)
    assert time._days_of(wider) is not time._days_of(stretch)


def test_business_time_without_a_calendar_says_so():
    with pytest.raises(ValueError, match=r"^business time needs a calendar$"):
        BusinessTime()
