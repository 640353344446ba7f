"""Opening hours as people write them: `mon-fri: 09:00-17:00`, `[09:00-12:30, 13:30-17:00]`, `closed`, `12-24: closed`.

A day's hours become windows in minutes of that day, a week seven of them; 24:00 is the end of a day. Dates are single
ones, ranges (`2026-12-24..2026-12-31`) or such that return every year (`12-24`). What cannot be meant is refused: hours
that overlap or end before they start, a day that is told twice, a date that does not exist.
"""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from connector.config.problems import Fault, Faults, did_you_mean
from connector.core.calendars import CLOSED, DAY_MINUTES, WEEK, Window, Windows

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
RANGE_DAYS_MAX = 366
LEAP_YEAR, LEAP_DAY = 2024, (2, 29)  # any: a date that returns every year may be that day
_HOURS = re.compile(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)")
_DATE = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)")
_HOURS_ADVICE = "write hours like 09:00-17:00, a list of such, or closed"

WeekWindows = tuple[Windows, Windows, Windows, Windows, Windows, Windows, Windows]


@dataclass(frozen=True, slots=True)
class Dated:
    """What is said of some dates: their hours, or breaks in whatever hours they have.

    Attributes:
        first, last: the range, both included; in a year of its own where `yearly`.
        yearly: it returns every year; one that ends before it starts goes over the turn of the year.
    """

    first: date
    last: date
    yearly: bool
    hours: Windows | None = None
    breaks: Windows = ()

    @property
    def rank(self) -> tuple[bool, bool]:
        """The narrower speaks last: every year, then a range of days, then one date."""
        return not self.yearly, self.first == self.last

    def within(self, years: range) -> Iterator[date]:
        """Every date it speaks of in those years."""
        if not self.yearly:
            yield from _each(self.first, self.last)
            return
        turn = self.last < self.first
        for year in years:
            first, last = _in_year(self.first, year), _in_year(self.last, year + turn)
            yield from _each(first, last) if first and last else ()


def windows(found: Any) -> Windows:
    """A day's hours. Raises ValueError with what would be right."""
    if found == "closed":
        return CLOSED
    written = found if isinstance(found, list) else [found]
    if not written:
        raise ValueError(f"is empty; {_HOURS_ADVICE}")
    parsed = sorted(_window(one) for one in written)
    for earlier, later in pairwise(parsed):
        if later.start < earlier.end:
            raise ValueError(f"{_clock(earlier)} and {_clock(later)} overlap; write them as one, or apart")
    return tuple(parsed)


def week(found: Any) -> WeekWindows:
    """The hours of Monday to Sunday; days that are not named are closed. Raises Faults."""
    if not isinstance(found, dict):
        raise ValueError("must name days and their hours, like mon-fri: 09:00-17:00")  # noqa: TRY004  # for pydantic
    days: list[Windows | None] = [None] * WEEK
    faults: list[Fault] = []
    for key, hours in found.items():
        try:
            told = windows(hours)
            for day in _weekdays(key):
                if days[day] is not None:
                    raise ValueError(f"tells {DAYS[day]} a second time; name each day once")  # noqa: TRY301  # gathered
                days[day] = told
        except ValueError as error:
            faults.append(((key,), str(error)))
    if faults:
        raise Faults(faults)
    mon, tue, wed, thu, fri, sat, sun = (day or CLOSED for day in days)
    return mon, tue, wed, thu, fri, sat, sun


def dates(found: Any) -> tuple[Dated, ...]:
    """What is said of dates, the narrowest last. Raises Faults."""
    if not isinstance(found, dict):
        raise ValueError("must name dates and their hours, like 2026-12-24: closed")  # noqa: TRY004  # for pydantic
    told: list[Dated] = []
    faults: list[Fault] = []
    for key, hours in found.items():
        try:
            first, last, yearly = _range(key)
            pause = hours.get("break") if isinstance(hours, Mapping) and set(hours) == {"break"} else None
            if pause is not None:
                told.append(Dated(first, last, yearly, breaks=windows(pause)))
            else:
                told.append(Dated(first, last, yearly, hours=windows(hours)))
        except ValueError as error:
            faults.append(((key,), str(error)))
    if faults:
        raise Faults(faults)
    return tuple(sorted(told, key=lambda one: one.rank))


def weeks_from(found: Any) -> tuple[tuple[date, WeekWindows], ...]:
    """Weeks that are in force from a date on, in the order of these dates. Raises Faults."""
    if not isinstance(found, dict):
        raise ValueError("must name dates and the week from then on, like 2027-01-01: {mon-fri: 08:00-16:00}")  # noqa: TRY004  # for pydantic
    told: list[tuple[date, WeekWindows]] = []
    faults: list[Fault] = []
    for key, days in found.items():
        try:
            told.append((_since(key), week(days)))
        except Faults as several:
            faults += [((key, *path), message) for path, message in several.faults]
        except ValueError as error:
            faults.append(((key,), str(error)))
    if faults:
        raise Faults(faults)
    return tuple(sorted(told))


_DAY_FORM = {"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1}
_WEEK_FORM = {"type": "object", "additionalProperties": _DAY_FORM, "description": "days like mon or mon-fri: hours"}
_DATED_FORM = {"anyOf": [_DAY_FORM, {"type": "object", "required": ["break"], "properties": {"break": _DAY_FORM}}]}
WeekHours = Annotated[WeekWindows, PlainValidator(week), WithJsonSchema(_WEEK_FORM)]
DatedHours = Annotated[
    tuple[Dated, ...],
    PlainValidator(dates),
    WithJsonSchema(
        {"type": "object", "additionalProperties": _DATED_FORM, "description": "dates or ranges of them: hours"}
    ),
]
WeeksFrom = Annotated[
    tuple[tuple[date, WeekWindows], ...],
    PlainValidator(weeks_from),
    WithJsonSchema({"type": "object", "additionalProperties": _WEEK_FORM, "description": "a date: a week"}),
]


def _window(written: Any) -> Window:
    found = _HOURS.fullmatch(written.strip()) if isinstance(written, str) else None
    if found is None:
        raise ValueError(f"{written!r} is no time of day; {_HOURS_ADVICE}")
    start_hour, start_minute, end_hour, end_minute = map(int, found.groups())
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if max(start_minute, end_minute) > 59 or max(start, end) > DAY_MINUTES:  # noqa: PLR2004  # minutes of an hour
        raise ValueError(f"{written!r} is no time of day; the day ends at 24:00")
    if start == end:
        raise ValueError(f"{written!r} is empty; {_HOURS_ADVICE}")
    if end < start:
        over = f"{_time(start)}-24:00 here and 00:00-{_time(end)} on the next day"
        raise ValueError(f"{written!r} ends before it starts; write {over}")
    return Window(start, end)


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _clock(window: Window) -> str:
    return f"{_time(window.start)}-{_time(window.end)}"


def _weekdays(key: str) -> range:
    first, _, last = key.partition("-")
    for name in (first, last or first):
        if name not in DAYS:
            near = did_you_mean(name, DAYS)
            raise ValueError(f"{name!r} is no day; days are {', '.join(DAYS)}, or several like mon-fri{near}")
    start, end = DAYS.index(first), DAYS.index(last or first)
    if end < start:
        raise ValueError(f"{key!r} goes over the end of the week; write {first}-sun and mon-{last}")
    return range(start, end + 1)


def _range(key: str) -> tuple[date, date, bool]:
    first, _, last = key.partition("..")
    (start, every), (end, every_end) = _date(first.strip()), _date((last or first).strip())
    if every is not every_end:
        raise ValueError(f"{key!r} has a year at one end only; give it at both or at none")
    if not every and end < start:
        raise ValueError(f"{key!r} ends before it starts")
    if every and start != end and LEAP_DAY in ((start.month, start.day), (end.month, end.day)):
        raise ValueError(f"{key!r} begins or ends on a day that most years lack; write 02-28 or 03-01")
    if (end - start).days >= RANGE_DAYS_MAX:
        raise ValueError(f"{key!r} is longer than a year; use `from` for another week from a date on")
    return start, end, every


def _date(written: str) -> tuple[date, bool]:
    """A date, and whether it returns every year."""
    found = _DATE.fullmatch(written)
    try:
        if found:
            return date(int(found[1] or LEAP_YEAR), int(found[2]), int(found[3])), found[1] is None
    except ValueError:
        raise ValueError(f"there is no date {written}") from None
    raise ValueError(f"{written!r} is no date; write 2026-12-24, 2026-12-24..2026-12-31, or 12-24 for every year")


def _since(key: str) -> date:
    since, yearly = _date(key)
    if yearly:
        raise ValueError(f"{key!r} needs its year, like 2027-{key}")
    return since


def _each(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _in_year(day: date, year: int) -> date | None:
    """The day in a year; None: it has no 29th of February."""
    return None if (day.month, day.day) == LEAP_DAY and not isleap(year) else day.replace(year=year)
