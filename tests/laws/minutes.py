"""Random calendars around the days on which clocks are changed, and an oracle that steps through them by the minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as some

from connector.core.calendars import DAY_MINUTES, Calendar, Week, Window

MINUTE = timedelta(minutes=1)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo")
SHIFTS = [
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 11, 1),
]


@some.composite
def windows(draw: some.DrawFn) -> tuple[Window, ...]:
    edges = sorted(draw(some.sets(some.integers(0, 48).map(lambda half: half * 30), max_size=6)))
    return tuple(Window(*edge) for edge in zip(edges[::2], edges[1::2], strict=False))


@some.composite
def calendars(draw: some.DrawFn) -> Calendar:
    week = Week(tuple(draw(some.lists(windows(), min_size=7, max_size=7))))
    dates = draw(some.dictionaries(some.sampled_from(SHIFTS), windows(), max_size=3))
    return Calendar("random", draw(some.sampled_from(ZONES)), (week,), dates)


@some.composite
def moments(draw: some.DrawFn) -> datetime:
    day = draw(some.sampled_from(SHIFTS))
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + MINUTE * draw(some.integers(-3 * DAY_MINUTES, 0))


def open_minutes(calendar: Calendar, start: datetime, days: int) -> list[bool]:
    """Minute by minute from `start` on: whether it lies in a window of the date that it, or its like, falls on."""
    zone, first = ZoneInfo(calendar.zone), start.astimezone(ZoneInfo(calendar.zone)).date()
    marks = [False] * (days * DAY_MINUTES)
    for number in range(-2, days + 2):
        day = first + timedelta(days=number)
        for window in calendar.windows_on(day):
            begin, end = (_utc(day, minute, zone) for minute in (window.start, window.end))
            while begin < end:
                place = (begin - start) // MINUTE
                if 0 <= place < len(marks):
                    marks[place] = True
                begin += MINUTE
    return marks


def _utc(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """By way of the naive sum of date and minutes, which is another way than the engine's."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001  # a wall clock's time
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
