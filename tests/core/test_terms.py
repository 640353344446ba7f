"""Terms: what working days, hours and calendar days come to, and when somebody is warned."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.core.calendars import ALL_DAY, BusinessTime, Calendar, NeverOpens, Week, around_the_clock
from connector.core.policy import Span, Unit
from connector.core.policy import Warning as Warned
from connector.core.situation import Situation
from connector.core.terms import promised
from tests.core.promises import HOUR, asks, at, hours, office, policy

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


def terms(start, *warnings, zone="UTC", **changes):
    time = office(9, 17, zone)
    return promised(policy(warnings=warnings, time=lambda _: time, **changes), "7", Situation(), start)


@pytest.mark.parametrize(
    ("amount", "unit", "start", "due"),
    [
        (4, Unit.BUSINESS_HOURS, at(6, 16), at(9, 12)),
        (90, Unit.BUSINESS_MINUTES, at(6, 16), at(9, 9, 30)),
        (1, Unit.BUSINESS_DAYS, at(6, 16), at(9, 16)),
        (2, Unit.BUSINESS_DAYS, at(5, 10), at(9, 10)),
        (1, Unit.BUSINESS_DAYS, at(7, 3), at(9, 17)),  # from Saturday night: all of Monday
        (1, Unit.BUSINESS_DAYS, at(7, 12), at(9, 17)),  # on Saturday at noon: not only its morning
        (4, Unit.HOURS, at(6, 16), at(6, 20)),
        (30, Unit.MINUTES, at(6, 16, 45), at(6, 17, 15)),
        (3, Unit.CALENDAR_DAYS, at(6, 16), at(9, 16)),
    ],
)
def test_an_amount_of_time_in_every_unit(amount, unit, start, due):
    made = terms(start, targets=(hours(amount, unit),))
    assert made.time.add(start, made.target) == due


@pytest.mark.parametrize(
    ("start", "length"),
    [
        (datetime(2026, 10, 24, 12, tzinfo=BERLIN), 25 * HOUR),
        (datetime(2026, 3, 28, 12, tzinfo=BERLIN), 23 * HOUR),
        (datetime(2026, 6, 1, 12, tzinfo=BERLIN), 24 * HOUR),
    ],
)
def test_a_calendar_day_is_a_local_day(start, length):
    start = start.astimezone(UTC)
    made = terms(start, targets=(hours(1, Unit.CALENDAR_DAYS),), zone="Europe/Berlin")
    assert made.time.add(start, made.target) == start + length
    around = terms(start, targets=(hours(24, Unit.HOURS),), zone="Europe/Berlin")
    assert around.time.add(start, around.target) == start + DAY


@pytest.mark.parametrize(
    ("start", "amount", "warning", "moment"),
    [
        (at(2, 9), 8, Warned(percent=75), at(2, 15)),
        (at(2, 15), 4, Warned(percent=75), at(3, 10)),
        (at(2, 17), 4, Warned(before=Span(1, Unit.BUSINESS_HOURS)), at(3, 12)),
        (at(6, 16, 30), 1, Warned(before=Span(45, Unit.BUSINESS_MINUTES)), at(6, 16, 45)),
        (at(2, 9), 20, Warned(before=Span(1, Unit.BUSINESS_DAYS)), at(3, 13)),
        (at(6, 15), 3, Warned(before=Span(2, Unit.HOURS)), at(9, 9)),  # at 8:00 nobody works
        (at(6, 15), 3, Warned(before=Span(3, Unit.CALENDAR_DAYS)), at(6, 16).replace(hour=15)),
    ],
)
def test_somebody_is_warned_before_the_deadline(start, amount, warning, moment):
    made = terms(start, warning, targets=(hours(amount),))
    due = made.time.add(start, made.target)
    (ahead,) = made.warnings
    assert max(start, made.time.subtract(due, ahead)) == moment


def test_a_warning_in_working_time_of_a_target_around_the_clock():
    made = terms(at(6, 15), Warned(before=Span(2, Unit.BUSINESS_HOURS)), targets=(hours(72, Unit.HOURS),))
    assert made.warnings == (2 * HOUR,)  # due on Monday at 15:00
    late = terms(at(6, 20), Warned(before=Span(2, Unit.BUSINESS_HOURS)), targets=(hours(48, Unit.HOURS),))
    assert late.warnings == (timedelta(days=2, hours=5),)  # due on Sunday at 20:00: warned on Friday at 15:00


def test_the_earliest_warning_comes_first():
    made = terms(at(2, 9), Warned(before=Span(1, Unit.BUSINESS_HOURS)), Warned(percent=50), targets=(hours(8),))
    assert made.warnings == (4 * HOUR, HOUR)


def test_terms_carry_what_the_policy_says_and_its_edition():
    made = terms(at(2, 9), attempts=3, evidence=False, restarts=4)
    assert (made.policy, made.version, made.attempts, made.evidence, made.restarts) == ("touch", "7", 3, False, 4)


def test_the_first_target_that_fits_counts():
    large = asks("s.stage == 'large'")
    promise = policy(targets=(hours(1, when=large), hours(8)))
    assert promised(promise, "1", Situation(stage="large"), at(2, 9)).target == HOUR
    assert promised(promise, "1", Situation(), at(2, 9)).target == 8 * HOUR


def test_days_earlier_and_later_lead_to_the_same_time_of_day():
    time = office()
    assert time.days_earlier(at(9, 11), 1) == time.measure(at(6, 11), at(9, 11)) == 8 * HOUR
    assert time.days_earlier(at(8, 11), 1) == 8 * HOUR  # on Sunday: all of Friday
    assert time.days_later(at(6, 11), 1) == 8 * HOUR


def test_working_days_that_never_come_are_no_deadline():
    once = BusinessTime(Calendar("once", "UTC", (), {at(2, 0).date(): ALL_DAY}))
    with pytest.raises(NeverOpens, match="once is not open on 1 days within 10 years"):
        once.days_later(at(2, 9), 1)
    with pytest.raises(NeverOpens, match="once is not open on 1 days within 10 years"):
        once.days_earlier(at(2, 9), 1)


def test_the_clock_on_the_wall_never_rests():
    assert around_the_clock("Europe/Berlin") is around_the_clock("Europe/Berlin")
    assert around_the_clock("Europe/Berlin").measure(at(1, 0), at(9, 0)) == 8 * DAY
    weeks = Week((ALL_DAY,) * 7)
    assert around_the_clock("UTC").calendars[0].weeks == (weeks,)


@pytest.mark.parametrize(
    "warnings",
    [(), (Warned(percent=50),), (Warned(before=Span(1, Unit.BUSINESS_HOURS)),)],
)
def test_many_who_start_alike_share_their_terms(warnings):
    promise = policy(warnings=warnings)
    first, second = (promised(promise, "7", Situation(), start) for start in (at(2, 9), at(5, 10)))
    assert first is second
    assert promised(promise, "8", Situation(), at(5, 10)).version == "8"


@pytest.mark.parametrize(
    ("target", "before", "starts", "ahead"),
    [
        (hours(3), Span(2, Unit.HOURS), (at(2, 9), at(6, 15)), (2 * HOUR, HOUR)),
        (hours(72, Unit.HOURS), Span(2, Unit.BUSINESS_HOURS), (at(6, 15), at(4, 22)), (2 * HOUR, 31 * HOUR)),
        (hours(3), Span(1, Unit.CALENDAR_DAYS), (at(3, 9), at(6, 15)), (8 * HOUR, HOUR)),
    ],
)
def test_who_is_warned_by_another_clock_is_so_as_long_before_as_it_comes_to(target, before, starts, ahead):
    promise = policy(warnings=(Warned(before=before),), targets=(target,))
    assert tuple(promised(promise, "7", Situation(), start).warnings[0] for start in starts) == ahead


def test_terms_that_many_conditions_make_do_not_fill_the_memory():
    promise = policy()
    for number in range(1_200):
        promised(promise, str(number), Situation(), at(2, 9))
    assert len(promise.pinned) == 1_000
