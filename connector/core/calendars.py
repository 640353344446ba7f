"""Business time: which instants count for a commitment, and how to add, subtract and measure them.

Periods in which all of some calendars (`hours`) are open at once are kept as UTC microseconds with their running sum,
so the three questions are lookups and inverses of each other: `measure(t, add(t, b)) == b` and
`measure(subtract(t, b), t) == b`, for every t and b >= 0. Days are counted in the zone of the first calendar.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from connector.core.hours import (
    ALL_DAY,
    CLOSED,
    DAY_MINUTES,
    WEEK,
    Calendar,
    Period,
    Week,
    Window,
    Windows,
    common,
    joined,
    without,
)

__all__ = [
    "ALL_DAY", "CLOSED", "DAY_MINUTES", "WEEK", "BusinessTime", "Calendar", "NeverOpens", "Period", "Week", "Window",
    "Windows", "around_the_clock", "common", "joined", "without",
]  # fmt: skip

HORIZON_YEARS = 10  # so far ahead or back an open period is looked for
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY_SECONDS, _SECOND = 24 * 60 * 60, 1_000_000


class NeverOpens(ValueError):
    """No open period lies within the horizon, so no deadline can be told."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The open periods of some years, with the business time that has passed before and after each."""

    years: range
    starts: Sequence[int]
    ends: Sequence[int]
    before: Sequence[int]
    after: Sequence[int]

    def passed(self, instant: int) -> int:
        """Business microseconds from the beginning of the stretch to an instant."""
        place = bisect_right(self.starts, instant) - 1
        return self.before[place] + min(instant, self.ends[place]) - self.starts[place] if place >= 0 else 0


class BusinessTime:
    """The time in which all of some calendars are open at once.

    Years are compiled when they are first asked about. Safe to share between threads: a stretch is never changed.
    """

    def __init__(self, *calendars: Calendar) -> None:
        """Raises ValueError when no calendar is given, and what an unknown zone raises."""
        if not calendars:
            raise ValueError("business time needs a calendar")
        self.calendars = calendars
        self._zone = ZoneInfo(calendars[0].zone)
        self._stretch: _Stretch | None = None
        self._days: tuple[_Stretch, list[int]] | None = None

    @cached_property
    def name(self) -> str:
        """The calendars' names."""
        return " and ".join(calendar.name for calendar in self.calendars)

    def add(self, start: datetime, business: timedelta) -> datetime:
        """The earliest instant by which so much business time has passed since `start` (aware).

        Raises:
            NeverOpens: when it does not pass within the horizon.
        """
        if not business:
            return start
        instant, wanted, years = _micros(start), business // _MICROSECOND, HORIZON_YEARS
        stretch = self._covering(start.year - 1, start.year + 1)
        target = stretch.passed(instant) + wanted
        while not stretch.after or stretch.after[-1] < target:
            if stretch.years.stop > start.year + years:
                raise NeverOpens(f"{self.name} is not open for {business} within {years} years from {start:%Y-%m-%d}")
            stretch = self._covering(stretch.years.start, stretch.years.stop + 1)
            target = stretch.passed(instant) + wanted
        place = bisect_left(stretch.after, target)
        return _moment(stretch.starts[place] + target - stretch.before[place])

    def subtract(self, end: datetime, business: timedelta) -> datetime:
        """The latest instant from which so much business time passes until `end` (aware).

        Raises:
            NeverOpens: when it did not pass within the horizon.
        """
        if not business:
            return end
        instant, wanted, years = _micros(end), business // _MICROSECOND, HORIZON_YEARS
        stretch = self._covering(end.year - 1, end.year + 1)
        target = stretch.passed(instant) - wanted
        while target < 0:
            if stretch.years.start < end.year - years:
                raise NeverOpens(f"{self.name} was not open for {business} within {years} years to {end:%Y-%m-%d}")
            stretch = self._covering(stretch.years.start - 1, stretch.years.stop - 1)
            target = stretch.passed(instant) - wanted
        place = bisect_right(stretch.before, target) - 1
        return _moment(stretch.starts[place] + target - stretch.before[place])

    def measure(self, start: datetime, end: datetime) -> timedelta:
        """Business time from `start` to `end` (aware); negative when `end` comes first."""
        first, last = start.year, end.year
        stretch = self._covering(min(first, last) - 1, max(first, last) + 1)
        return timedelta(0, 0, stretch.passed(_micros(end)) - stretch.passed(_micros(start)))

    def is_open(self, at: datetime) -> bool:
        """Whether an instant counts."""
        stretch, instant = self._covering(at.year - 1, at.year + 1), _micros(at)
        place = bisect_right(stretch.starts, instant) - 1
        return place >= 0 and instant < stretch.ends[place]

    def days_later(self, start: datetime, days: int) -> timedelta:
        """The business time of so many open days: to the same time of day on the last of them; always positive.

        A local date of the first calendar's zone counts when it is open at all and comes after that of `start`. A
        closed moment counts as the next opening: who asks on Saturday has all of Monday, not only its morning.

        Raises:
            NeverOpens: when there are not so many within the horizon.
        """
        opening = start if self.is_open(start) else self.add(start, _MICROSECOND) - _MICROSECOND
        return self.measure(opening, self._same_time(opening, days))

    def days_earlier(self, end: datetime, days: int) -> timedelta:
        """The business time of so many open days before `end`: from the same time of day on the first of them.

        Raises:
            NeverOpens: when there are not so many within the horizon.
        """
        closing = self.subtract(end, _MICROSECOND) + _MICROSECOND
        return self.measure(self._same_time(closing, -days), closing)

    def _same_time(self, moment: datetime, days: int) -> datetime:
        """The same local time so many open days later, or earlier where they are negative."""
        local = moment.astimezone(self._zone)
        today, stretch = local.toordinal(), self._covering(moment.year - 1, moment.year + 1)
        while True:
            open_days = self._days_of(stretch)
            place = bisect_right(open_days, today) + days - 1 if days > 0 else bisect_left(open_days, today) + days
            if 0 <= place < len(open_days):
                day = date.fromordinal(open_days[place])
                return datetime.combine(day, local.time(), self._zone).astimezone(UTC)
            years = stretch.years
            if years.stop - moment.year > HORIZON_YEARS or moment.year - years.start > HORIZON_YEARS:
                raise NeverOpens(f"{self.name} is not open on {abs(days)} days within {HORIZON_YEARS} years")
            stretch = self._covering(years.start - (days < 0), years.stop - (days < 0))

    def _days_of(self, stretch: _Stretch) -> list[int]:
        """The local dates on which a stretch is open at all, as ordinals."""
        known = self._days
        if known is None or known[0] is not stretch:
            known = self._days = stretch, sorted(set(self._dates(stretch)))
        return known[1]

    def _dates(self, stretch: _Stretch) -> Iterator[int]:
        for start, end in zip(stretch.starts, stretch.ends, strict=True):
            first, last = (_moment(one).astimezone(self._zone).toordinal() for one in (start, end - 1))
            yield from range(first, last + 1)

    def _covering(self, first: int, last: int) -> _Stretch:
        """The stretch that holds at least the years from `first` to `last`."""
        stretch = self._stretch
        if stretch is None or first < stretch.years.start or last >= stretch.years.stop:
            known = stretch.years if stretch else range(first, last + 1)
            stretch = self._compiled(range(min(first, known.start), max(last + 1, known.stop)))
            self._stretch = stretch
        return stretch

    def _compiled(self, years: range) -> _Stretch:
        first, last = date(years.start, 1, 1), date(years.stop - 1, 12, 31)
        open_now = list(self.calendars[0].periods(first, last))
        for calendar in self.calendars[1:]:
            open_now = list(common(open_now, list(calendar.periods(first, last))))
        after = list(accumulate(end - start for start, end in open_now))
        starts, ends = [start for start, _ in open_now], [end for _, end in open_now]
        return _Stretch(years, starts, ends, [0, *after[:-1]] if after else [], after)


@lru_cache
def around_the_clock(zone: str) -> BusinessTime:
    """Business time that never rests, its days those of a zone; built once, since it is asked for again and again."""
    return BusinessTime(
        Calendar("around the clock", zone, (Week((ALL_DAY, ALL_DAY, ALL_DAY, ALL_DAY, ALL_DAY, ALL_DAY, ALL_DAY)),))
    )


def _micros(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * _DAY_SECONDS + since.seconds) * _SECOND + since.microseconds


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(0, 0, micros)
