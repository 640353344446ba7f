"""Hours: when somebody works, in local wall-clock windows, and the periods of real time these are.

A calendar says when it is open: by weekday, since a date on, with dated exceptions. Each window is turned into instants
on its own date, so that days of 23 and 25 hours are right; a wall-clock time that does not exist moves forward by the
gap, one that exists twice is the first (as RFC 5545 reads them). From there on all is half-open periods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
WEEK = 7
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)

Period = tuple[int, int]  # half-open, UTC microseconds since 1970


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
