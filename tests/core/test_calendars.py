"""Business time against the vectors everybody in the field knows, and on days that are not 24 hours long."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.core.calendars import ALL_DAY, BusinessTime, Calendar, NeverOpens, Week, Window, common, joined, without

BERLIN = ZoneInfo("Europe/Berlin")
ALWAYS = Week((ALL_DAY,) * 7)


def weekdays(start: float, end: float, *, since: date | None = None) -> Week:
    window = (Window(int(start * 60), int(end * 60)),)
    return Week((window,) * 5 + ((), ()), since)


def office(start: float, end: float, zone: str = "Europe/Berlin", **dates: tuple[Window, ...]) -> BusinessTime:
    exceptions = {
        date.fromisoformat(day.removeprefix("d").replace("_", "-")): windows for day, windows in dates.items()
    }
    return BusinessTime(Calendar("office", zone, (weekdays(start, end),), exceptions))


def local(text: str) -> datetime:
    """A local time of November 2026, which begins on a Sunday: `Mon 9:30` is the 9th's, `+` the week after."""
    day, time = text.split()
    place = ["Mon", "Tue", "Wed", "Thu", "Fri"].index(day.rstrip("+")) + 7 * day.count("+")
    hour, minute = map(int, time.split(":"))
    return datetime(2026, 11, 9 + place, hour, minute, tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "start", "business", "due"),
    [
        ((9, 17), "Fri 16:30", 1, "Mon+ 9:30"),
        ((8, 18), "Mon 17:00", 4, "Tue 11:00"),
        ((10, 18), "Wed 15:00", 10, "Thu 17:00"),
        ((10, 18), "Wed 20:00", 10, "Fri 12:00"),
        ((9, 17), "Fri 16:00", 8, "Mon+ 16:00"),
        ((9, 17), "Fri 16:00", 2, "Mon+ 10:00"),
        ((9, 17), "Fri 16:00", 1, "Fri 17:00"),  # the last moment that still counts, not the next morning
        ((9, 17), "Mon 7:00", 0.5, "Mon 9:30"),
    ],
)
def test_a_deadline_falls_into_business_time(hours, start, business, due):
    time = office(*hours)
    assert time.add(local(start), timedelta(hours=business)) == local(due)
    assert time.measure(local(start), local(due)) == timedelta(hours=business)
    assert time.measure(local(due), local(start)) == -timedelta(hours=business)


def test_a_warning_lies_so_much_business_time_before_the_deadline():
    assert office(8, 18).subtract(local("Tue 11:00"), timedelta(hours=1)) == local("Tue 10:00")
    assert office(9, 17).subtract(local("Mon+ 9:30"), timedelta(hours=1)) == local("Fri 16:30")


def test_the_way_back_ends_at_the_latest_moment():
    assert office(9, 17).subtract(local("Tue 10:00"), timedelta(hours=1)) == local("Tue 9:00")
    assert office(9, 17).subtract(local("Tue 8:00"), timedelta(hours=8)) == local("Mon 9:00")


def test_no_business_time_at_all_is_the_moment_itself():
    night = local("Wed 3:00")
    assert office(9, 17).add(night, timedelta()) == office(9, 17).subtract(night, timedelta()) == night


def test_a_holiday_a_shift_and_a_break_are_exceptions_of_their_date():
    morning, noon = Window(9 * 60, 12 * 60), Window(13 * 60, 17 * 60)
    time = office(9, 17, d2026_11_10=(), d2026_11_11=(morning, noon), d2026_11_14=(morning,))
    assert time.add(local("Mon 16:00"), timedelta(hours=2)) == local("Wed 10:00")
    assert time.add(local("Wed 11:30"), timedelta(hours=1)) == local("Wed 13:30")
    assert time.measure(local("Fri 16:00"), local("Mon+ 9:00")) == timedelta(hours=1 + 3)


def test_other_hours_hold_from_their_date_on():
    weeks = weekdays(9, 17, since=date(2026, 11, 9)), weekdays(10, 12, since=date(2026, 11, 11))
    time = BusinessTime(Calendar("office", "Europe/Berlin", weeks))
    assert time.measure(local("Tue 0:00"), local("Wed 0:00")) == timedelta(hours=8)
    assert time.measure(local("Wed 0:00"), local("Thu 0:00")) == timedelta(hours=2)
    before = local("Mon 0:00")
    assert time.measure(before - timedelta(days=300), before) == timedelta()


def test_two_calendars_count_only_while_both_are_open():
    berlin = Calendar("Berlin", "Europe/Berlin", (weekdays(9, 17),))
    new_york = Calendar("New York", "America/New_York", (weekdays(9, 17),))
    both = BusinessTime(berlin, new_york)
    assert both.name == "Berlin and New York"
    assert both.measure(local("Mon 0:00"), local("Tue 0:00")) == timedelta(hours=2)
    assert both.add(local("Mon 9:00"), timedelta(hours=3)) == local("Tue 16:00")
    assert (both.is_open(local("Mon 15:00")), both.is_open(local("Mon 14:59"))) == (True, False)
    assert (both.is_open(local("Mon 16:59")), both.is_open(local("Mon 17:00"))) == (True, False)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_a_day_is_as_long_as_its_zone_makes_it(day, hours):
    time = BusinessTime(Calendar("always", "Europe/Berlin", (ALWAYS,)))
    midnight = datetime(day.year, day.month, day.day, tzinfo=BERLIN)
    assert time.measure(midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC)) == timedelta(
        hours=hours
    )


def test_a_local_time_that_does_not_exist_moves_forward_and_one_that_exists_twice_is_the_first():
    night = Calendar("night", "Europe/Berlin", (Week(((Window(150, 240),),) * 7),))  # 2:30 to 4:00
    time = BusinessTime(night)
    spring, autumn = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)
    assert time.add(spring, timedelta(minutes=1)) == spring.replace(hour=1, minute=31)  # 3:31 summer time
    assert time.add(autumn, timedelta(minutes=1)) == autumn.replace(hour=0, minute=31)  # 2:31 summer time
    assert time.measure(spring, spring + timedelta(days=1)) == timedelta(minutes=30)
    assert time.measure(autumn, autumn + timedelta(days=1)) == timedelta(hours=2, minutes=30)


def test_a_window_that_the_gap_swallows_is_not_open():
    gap = BusinessTime(Calendar("gap", "Europe/Berlin", (Week(((Window(120, 180),),) * 7),)))  # 2:00 to 3:00
    spring = datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert gap.measure(spring, spring + timedelta(hours=23)) == timedelta()
    assert gap.measure(spring - timedelta(days=1), spring) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [("Wed 15:00", 2, "Fri 15:00"), ("Fri 15:00", 1, "Mon+ 15:00"), ("Fri 20:00", 1, "Mon+ 17:00")],
)
def test_business_days_end_at_the_same_time_of_an_open_day(start, days, due):
    time = office(9, 17)
    business = time.days_later(local(start), days)
    assert time.add(local(start), business) == local(due)


def test_a_calendar_that_never_opens_has_no_deadlines():
    closed = BusinessTime(Calendar("closed", "UTC", (Week(((),) * 7),)))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(NeverOpens, match="closed is not open for 1:00:00 within 10 years from 2026-01-01"):
        closed.add(at, timedelta(hours=1))
    with pytest.raises(NeverOpens, match="closed was not open for 1:00:00 within 10 years to 2026-01-01"):
        closed.subtract(at, timedelta(hours=1))
    with pytest.raises(NeverOpens, match=r"closed is not open for 0:00:00\.000001 within 10 years"):
        closed.days_later(at, 1)
    assert closed.measure(at, at + timedelta(days=1)) == timedelta()
    assert not closed.is_open(at)


def test_a_calendar_that_opened_long_ago_or_will_long_from_now_is_found():
    once = {date(2020, 2, 3): ALL_DAY, date(2032, 2, 3): ALL_DAY}
    time = BusinessTime(Calendar("leap", "UTC", (), once))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert time.add(at, timedelta(hours=24)) == datetime(2032, 2, 4, tzinfo=UTC)
    assert time.subtract(at, timedelta(hours=24)) == datetime(2020, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5), (-1, 5), (0, 1441)])
def test_a_window_that_is_empty_or_leaves_its_day_is_refused(start, end):
    with pytest.raises(ValueError, match=f"a window of {start} to {end} minutes is empty or leaves its day"):
        Window(start, end)


def test_business_time_without_a_calendar_is_refused():
    with pytest.raises(ValueError, match="business time needs a calendar"):
        BusinessTime()


def test_breaks_are_cut_out_of_windows():
    assert without([Window(540, 1020)], [Window(720, 780)]) == (Window(540, 720), Window(780, 1020))
    assert without([Window(540, 1020)], [Window(500, 600), Window(1000, 1100)]) == (Window(600, 1000),)
    assert without([Window(540, 1020)], [Window(540, 1020)]) == ()
    assert without([Window(540, 600)], [Window(600, 700), Window(100, 540)]) == (Window(540, 600),)
    assert without([Window(0, 10), Window(20, 30)], []) == (Window(0, 10), Window(20, 30))


def test_periods_that_touch_or_overlap_are_one():
    assert list(joined([(0, 5), (5, 7), (6, 9), (8, 8), (12, 13)])) == [(0, 9), (12, 13)]
    assert list(joined([(0, 9), (2, 3)])) == [(0, 9)]
    assert list(joined([])) == []


def test_what_periods_have_in_common():
    assert list(common([(0, 10), (20, 30)], [(5, 22), (29, 40)])) == [(5, 10), (20, 22), (29, 30)]
    assert list(common([(0, 5)], [(5, 9)])) == []
