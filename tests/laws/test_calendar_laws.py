"""Law 10, business time: the engine against one that steps through the minutes, over random calendars and zones."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from connector.core.calendars import DAY_MINUTES, BusinessTime, NeverOpens
from tests.laws.minutes import MINUTE, calendars, moments, open_minutes


@given(calendars(), moments(), some.integers(0, 5 * DAY_MINUTES))
def test_measuring_is_counting_the_open_minutes(calendar, start, minutes):
    counted = sum(open_minutes(calendar, start, 6)[:minutes])
    assert BusinessTime(calendar).measure(start, start + MINUTE * minutes) == MINUTE * counted


@given(calendars(), calendars(), moments(), some.integers(0, 5 * DAY_MINUTES))
def test_together_they_are_open_while_both_are(one, other, start, minutes):
    both = zip(open_minutes(one, start, 6), open_minutes(other, start, 6), strict=True)
    counted = sum(here and there for here, there in list(both)[:minutes])
    assert BusinessTime(one, other).measure(start, start + MINUTE * minutes) == MINUTE * counted


@given(calendars(), moments(), some.integers(1, 60 * 40))
def test_a_deadline_is_the_minute_in_which_the_last_open_one_ends(calendar, start, business):
    marks = open_minutes(calendar, start, 6)
    places = [place for place, mark in enumerate(marks) if mark]
    if len(places) >= business:
        assert BusinessTime(calendar).add(start, MINUTE * business) == start + MINUTE * (places[business - 1] + 1)


@given(calendars(), moments(), some.integers(1, 10**11))
def test_adding_subtracting_and_measuring_undo_each_other(calendar, start, micros):
    time, business = BusinessTime(calendar), timedelta(microseconds=micros)
    if not any(calendar.weeks[0].days):  # open on three dates at most
        with pytest.raises(NeverOpens):
            time.add(start, timedelta(days=4))
        return
    due, since = time.add(start, business), time.subtract(start, business)
    assert time.measure(start, due) == time.measure(since, start) == business
    assert time.add(since, business) <= start <= due
