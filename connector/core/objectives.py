"""Objectives: how far the goals of a period are on their way, and what must be said about them.

The pace line is the target pro rata over the working days of the period, today in proportion to its hours (product,
section 5: marketing pace). Everything is a pure function of facts, calendar and now; a deal in which three people have
a part counts once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from connector.core.calendars import BusinessTime
from connector.core.goals import ONE, ZERO, Counted, Fact, Floor, Happened, Objective, PeriodKind, accept_rate

__all__ = [
    "Alert", "Counted", "Fact", "Floor", "Happened", "Objective", "PeriodKind", "Progress", "Rate", "Tally",
    "accept_rate", "alerts", "bounds", "progress",
]  # fmt: skip

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_MONTHS, _WORKING_WEEK = 12, 5
_LASTS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.YEAR: _MONTHS}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many there are of what is counted, and what they come to."""

    counted: Counted
    count: int
    worth: Decimal


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate as it stands; share None: not enough to speak of one."""

    floor: Floor
    part: int
    among: int

    @property
    def share(self) -> Decimal | None:
        """Between 0 and 1."""
        return Decimal(self.part) / self.among if self.among >= max(1, self.floor.enough) else None

    @property
    def holds(self) -> bool:
        """Whether it is not below its floor, as far as anybody can tell."""
        return self.share is None or self.share >= self.floor.at_least


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an objective is on its way through the period that `now` lies in.

    Attributes:
        start, end: of the period, aware UTC; the end belongs to the next one.
        days, elapsed: working days of the period, and of it until now, today in proportion to its hours.
        actual: the sum; expected: the pace line today, None without a target.
    """

    objective: Objective
    start: datetime
    end: datetime
    days: int
    elapsed: Decimal
    tallies: tuple[Tally, ...]
    rates: tuple[Rate, ...]
    actual: Decimal
    expected: Decimal | None

    @property
    def pace(self) -> Decimal | None:
        """Actual over expected: 1 is on the line; None before anything is expected."""
        return self.actual / self.expected if self.expected else None

    @property
    def ahead(self) -> Decimal | None:
        """How far before the line; negative behind it."""
        return None if self.expected is None else self.actual - self.expected

    @property
    def projected(self) -> Decimal | None:
        """What the period comes to if it goes on like this."""
        return self.actual * self.days / self.elapsed if self.elapsed else None

    @property
    def is_reached(self) -> bool:
        """Whether all that is promised is there: the sum, the minimum counts, the rates."""
        summed = self.objective.target is None or self.actual >= self.objective.target
        return summed and not self.short and all(rate.holds for rate in self.rates)

    @property
    def short(self) -> tuple[Tally, ...]:
        """Minimum counts that are not reached yet."""
        return tuple(tally for tally in self.tallies if tally.count < tally.counted.at_least)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something both teams must hear, at most once by its key: once a period and week."""

    key: str
    words: str


def progress(objective: Objective, facts: Iterable[Fact], time: BusinessTime, now: datetime) -> Progress:
    """How far an objective is at `now` (aware); facts of other periods and later ones do not count."""
    start, end = bounds(objective.period, time, now)
    counting = _once(fact for fact in facts if start <= fact.at < end and fact.at <= now)
    days, elapsed = _days(time, start, end, now)
    tallies = tuple(_tally(counted, counting) for counted in objective.counted)
    target = objective.target
    return Progress(
        objective=objective,
        start=start,
        end=end,
        days=days,
        elapsed=elapsed,
        tallies=tallies,
        rates=tuple(
            Rate(floor, _many(floor.part, counting), _many(floor.among, counting)) for floor in objective.floors
        ),
        actual=sum((tally.worth for tally in tallies), ZERO),
        expected=None if target is None else (target * elapsed / days if days else target),
    )


def alerts(progress: Progress) -> list[Alert]:
    """What must be said: behind the pace line, a minimum that the pace will miss, a rate below its floor."""
    objective, days = progress.objective, progress.elapsed
    if days <= objective.quiet_days:
        return []
    week = int(days) // _WORKING_WEEK
    key = f"{objective.id}|{progress.start:%Y-%m-%d}|{week}"
    told = []
    if progress.pace is not None and progress.pace < objective.alert_below:
        told.append(Alert(f"{key}|pace", f"{objective.name}: {_line(progress)}"))
    for place, tally in enumerate(progress.tallies):
        if tally.count * progress.days < tally.counted.at_least * days * objective.alert_below:
            words = f"{tally.count} of at least {tally.counted.at_least} {_what(tally.counted)}"
            told.append(Alert(f"{key}|least{place}", f"{objective.name}: {words}"))
    for place, rate in enumerate(progress.rates):
        if rate.share is not None and not rate.holds:
            words = (
                f"{rate.floor.name} {rate.share:.0%} ({rate.part} of {rate.among}), agreed: {rate.floor.at_least:.0%}"
            )
            told.append(Alert(f"{key}|rate{place}", f"{objective.name}: {words}"))
    return told


def bounds(period: PeriodKind, time: BusinessTime, now: datetime) -> tuple[datetime, datetime]:
    """Start and end of the period that `now` lies in, as its local dates say (aware UTC)."""
    zone = ZoneInfo(time.calendars[0].zone)
    first, after = _dates(period, now.astimezone(zone).date())
    return _midnight(first, zone), _midnight(after, zone)


def _dates(period: PeriodKind, today: date) -> tuple[date, date]:
    """The first date of a period, and the first of the next one."""
    if period is PeriodKind.WEEK:
        monday = today - _DAY * today.weekday()
        return monday, monday + 7 * _DAY
    months = _LASTS[period]
    first = (today.month - 1) // months * months
    over, after = divmod(first + months, _MONTHS)
    return date(today.year, first + 1, 1), date(today.year + over, after + 1, 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _days(business: BusinessTime, start: datetime, end: datetime, now: datetime) -> tuple[int, Decimal]:
    """Working days of a period, and how many of them have passed, the day of `now` by its share of hours."""
    zone = ZoneInfo(business.calendars[0].zone)
    days, elapsed = 0, ZERO
    day, begins = start.astimezone(zone).date(), start
    while begins < end:
        day += _DAY
        ends = _midnight(day, zone)
        whole = business.measure(begins, ends)
        if whole:
            days += 1
            passed = business.measure(begins, min(max(now, begins), ends))
            elapsed += ONE if passed == whole else Decimal(passed / _MICROSECOND) / Decimal(whole / _MICROSECOND)
        begins = ends
    return days, elapsed


def _once(facts: Iterable[Fact]) -> list[Fact]:
    """Facts of which none is the same thing again; of those that are, the first counts."""
    seen: set[tuple[Happened, str]] = set()
    counting = []
    for fact in sorted(facts, key=lambda fact: fact.at):
        key = (fact.what, fact.id)
        if not fact.id or key not in seen:
            counting.append(fact)
            seen.add(key)
    return counting


def _tally(counted: Counted, facts: Iterable[Fact]) -> Tally:
    fitting = [fact for fact in facts if counted.fits(fact)]
    return Tally(counted, len(fitting), sum((counted.worth(fact) for fact in fitting), ZERO))


def _many(ways: tuple[Counted, ...], facts: Iterable[Fact]) -> int:
    return sum(any(way.fits(fact) for way in ways) for fact in facts)


def _line(progress: Progress) -> str:
    """Where the sum stands beside the pace line, in words."""
    objective = progress.objective
    assert progress.pace is not None, "who is behind a line has one"
    unit = f" {objective.unit}" if objective.unit else ""
    today = f"day {progress.elapsed:.1f} of {progress.days}"
    return f"{progress.actual:.2f} of {objective.target:.2f}{unit}, {progress.pace:.0%} of the pace line ({today})"


def _what(counted: Counted) -> str:
    said = (counted.what.value, counted.stage, counted.persona, counted.source)
    return " ".join(word for word in said if word)
