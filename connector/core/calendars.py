"""Business time: which instants count for a commitment, and how to add, subtract and measure them.

A calendar says in local wall-clock windows when it is open: by weekday, since a date on, with dated exceptions. Each
window is turned into instants on its own date, so that days of 23 and 25 hours are right; a wall-clock time that does
not exist moves forward by the gap, one that exists twice is the first (as RFC 5545 reads them). From there on all is
half-open periods of UTC microseconds, and the three questions are lookups in their running sum, hence inverses:
`measure(t, add(t, b)) == b` and `measure(subtract(t, b), t) == b`, for every t and b >= 0.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
WEEK = 7
HORIZON_YEARS = 10  # so far ahead or back an open period is looked for
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)

Period = tuple[int, int]  # half-open, UTC microseconds since 1970


class NeverOpens(ValueError):
    """No open period lies within the horizon, so no deadline can be told."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Open from `start` until before `end`, in minutes of a local day; 1440 is its end."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= DAY_MINUTES:
            raise ValueError(f"a window of {self.start} to {self.end} minutes is empty or leaves its day")


Windows = tuple[Window, ...]
CLOSED: Windows = ()
ALL_DAY: Windows = (Window(0, DAY_MINUTES),)


@dataclass(frozen=True, slots=True)
class Week:
    """The windows of Monday to Sunday, in force from a local date on; None: from ever."""

    days: tuple[Windows, Windows, Windows, Windows, Windows, Windows, Windows]
    since: date | None = None


@dataclass(frozen=True)
class Calendar:
    """When somebody works.

    Attributes:
        zone: IANA name of the zone the windows are told in.
        weeks: in the order of `since`; before the first of them it is closed.
        dates: what holds on a date instead of its weekday: nothing on a holiday, other windows for a shift.
    """

    name: str
    zone: str
    weeks: tuple[Week, ...]
    dates: Mapping[date, Windows] = field(default_factory=dict)

    def windows_on(self, day: date) -> Windows:
        """What is open on a local date."""
        if day in self.dates:
            return self.dates[day]
        week = next((week for week in reversed(self.weeks) if week.since is None or week.since <= day), None)
        return week.days[day.weekday()] if week else CLOSED

    def periods(self, first: date, last: date) -> Iterator[Period]:
        """The open periods of local dates from `first` to `last`, in order, none touching the next."""
        zone = ZoneInfo(self.zone)
        days = (first + _DAY * number for number in range((last - first).days + 1))
        found = (
            (_instant(day, window.start, zone), _instant(day, window.end, zone))
            for day in days
            for window in sorted(self.windows_on(day))
        )
        return joined(period for period in found if period[0] < period[1])


def without(windows: Iterable[Window], breaks: Iterable[Window]) -> Windows:
    """Windows less their breaks."""
    left = list(windows)
    for pause in breaks:
        left = [piece for window in left for piece in _cut(window, pause)]
    return tuple(left)


def _cut(window: Window, pause: Window) -> Iterator[Window]:
    if window.start < min(window.end, pause.start):
        yield Window(window.start, min(window.end, pause.start))
    if max(window.start, pause.end) < window.end:
        yield Window(max(window.start, pause.end), window.end)


def joined(periods: Iterable[Period]) -> Iterator[Period]:
    """Periods in order of their start, those that touch or overlap made one."""
    start, end = None, 0
    for begins, ends in periods:
        if start is not None and begins <= end:
            end = max(end, ends)
            continue
        if start is not None:
            yield start, end
        start, end = begins, ends
    if start is not None:
        yield start, end


def common(one: Sequence[Period], other: Sequence[Period]) -> Iterator[Period]:
    """What two ordered sequences of periods have in common."""
    here = there = 0
    while here < len(one) and there < len(other):
        start, end = max(one[here][0], other[there][0]), min(one[here][1], other[there][1])
        if start < end:
            yield start, end
        if one[here][1] < other[there][1]:
            here += 1
        else:
            there += 1


def _instant(day: date, minute: int, zone: ZoneInfo) -> int:
    if minute == DAY_MINUTES:
        day, minute = day + _DAY, 0
    local = datetime.combine(day, time(*divmod(minute, 60)), zone)  # fold 0: before a gap, first of two
    return (local - _EPOCH) // _MICROSECOND


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
        self._stretch: _Stretch | None = None

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
        instant, years = _micros(start), HORIZON_YEARS
        stretch = self._covering(start.year - 1, start.year + 1)
        target = stretch.passed(instant) + business // _MICROSECOND
        while not stretch.after or stretch.after[-1] < target:
            if stretch.years.stop > start.year + years:
                raise NeverOpens(f"{self.name} is not open for {business} within {years} years from {start:%Y-%m-%d}")
            stretch = self._covering(stretch.years.start, stretch.years.stop + 1)
            target = stretch.passed(instant) + business // _MICROSECOND
        place = bisect_left(stretch.after, target)
        return _moment(stretch.starts[place] + target - stretch.before[place])

    def subtract(self, end: datetime, business: timedelta) -> datetime:
        """The latest instant from which so much business time passes until `end` (aware).

        Raises:
            NeverOpens: when it did not pass within the horizon.
        """
        if not business:
            return end
        instant, years = _micros(end), HORIZON_YEARS
        stretch = self._covering(end.year - 1, end.year + 1)
        target = stretch.passed(instant) - business // _MICROSECOND
        while target < 0:
            if stretch.years.start < end.year - years:
                raise NeverOpens(f"{self.name} was not open for {business} within {years} years to {end:%Y-%m-%d}")
            stretch = self._covering(stretch.years.start - 1, stretch.years.stop - 1)
            target = stretch.passed(instant) - business // _MICROSECOND
        place = bisect_right(stretch.before, target) - 1
        return _moment(stretch.starts[place] + target - stretch.before[place])

    def measure(self, start: datetime, end: datetime) -> timedelta:
        """Business time from `start` to `end` (aware); negative when `end` comes first."""
        first, last = sorted((start.year, end.year))
        stretch = self._covering(first - 1, last + 1)
        return timedelta(microseconds=stretch.passed(_micros(end)) - stretch.passed(_micros(start)))

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
        opening = self.add(start, _MICROSECOND) - _MICROSECOND
        return self.measure(opening, self._same_time(opening, days, _DAY))

    def days_earlier(self, end: datetime, days: int) -> timedelta:
        """The business time of so many open days before `end`: from the same time of day on the first of them.

        Raises:
            NeverOpens: when there are not so many within the horizon.
        """
        closing = self.subtract(end, _MICROSECOND) + _MICROSECOND
        return self.measure(self._same_time(closing, days, -_DAY), closing)

    def _same_time(self, moment: datetime, days: int, step: timedelta) -> datetime:
        zone = ZoneInfo(self.calendars[0].zone)
        local, left = moment.astimezone(zone), days
        day = local.date()
        while left:
            day += step
            if abs(day.year - moment.year) > HORIZON_YEARS:
                raise NeverOpens(f"{self.name} is not open on {days} days within {HORIZON_YEARS} years")
            left -= bool(self.measure(_midnight(day, zone), _midnight(day + _DAY, zone)))
        return datetime.combine(day, local.time(), zone).astimezone(UTC)

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


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
