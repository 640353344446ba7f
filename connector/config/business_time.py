"""Calendars as written become business time, and a promise learns whose calendar counts for somebody.

Business time is dear to make and asked about for a million people, so there is one of each calendar for as long as the
same is written: whatever compiles the same calendars for the same years is given the same objects. Holidays are made
for a range of years that is handed in, since nobody knows those of all years.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import orjson

from connector.config.calendars import ALWAYS, CalendarsWritten, Giver, PublicHolidays, around_the_clock
from connector.core.calendars import HORIZON_YEARS, BusinessTime, Calendar
from connector.core.situation import Question, Situation

EDITIONS_MAX = 64  # so many ways of writing the calendars are kept: those of the editions that are in use

Times = Mapping[str, BusinessTime]  # by the calendar's name


def years_around(now: datetime) -> range:
    """The years whose holidays are made: as far as deadlines are looked for, and one more for zones."""
    return range(now.year - HORIZON_YEARS - 1, now.year + HORIZON_YEARS + 2)


def business_times(written: Mapping[str, Any], years: range) -> Times:
    """Business time of every calendar; `always` is among them.

    Args:
        written: what stands under `calendars.named`, as it was read from YAML and found to be free of faults.
        years: whose holidays are made.
    """
    return _times(orjson.dumps(written, option=orjson.OPT_SORT_KEYS), years)


@lru_cache(EDITIONS_MAX)
def _times(written: bytes, years: range) -> Times:
    named = orjson.loads(written)
    calendars = CalendarsWritten.model_validate({"named": named}).named if named else {}
    made = {ALWAYS: around_the_clock()}
    for name, one in calendars.items():
        if one.together is not None:
            continue
        closed = [day for asked in one.holidays for day in closed_days(asked, years)]
        made[name] = Calendar(name, one.zone, one.weeks, one.dated(years, closed))
    times = {name: BusinessTime(calendar) for name, calendar in made.items()}
    for name, one in calendars.items():
        if one.together is not None:
            times[name] = BusinessTime(*(made[each] for each in one.together))
    return times


def sole_calendar(times: Times) -> str | None:
    """The calendar that is meant where none is named: the only one that was written."""
    written = [name for name in times if name != ALWAYS]
    return written[0] if len(written) == 1 else None


def closed_days(asked: PublicHolidays, years: range) -> Iterator[date]:
    """The public holidays of some years, substitute days included."""
    import holidays  # noqa: PLC0415  # knows two hundred countries; most installations ask about none

    yield from sorted(holidays.country_holidays(asked.country, subdiv=asked.subdivision, years=years))


def named_days(asked: PublicHolidays, years: range) -> Iterator[tuple[date, str]]:
    """The same days with what they are called, in the words of the library."""
    import holidays  # noqa: PLC0415  # as above

    yield from sorted(holidays.country_holidays(asked.country, subdiv=asked.subdivision, years=years).items())


@dataclass(frozen=True)
class Counting:
    """Whose calendar counts, with names resolved.

    Attributes:
        order: who is asked for a calendar, first to last.
        territories: conditions and the calendar of those for whom they hold.
        owners: Salesforce owner id to calendar.
        teams: team to calendar.
    """

    times: Times
    order: Sequence[Giver] = ("lead", "owner", "team", "policy")
    territories: Sequence[tuple[Question, str]] = ()
    owners: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)

    def time_for(self, team: str, calendar: str) -> Callable[[Situation], BusinessTime]:
        """The business time of a team's promise for somebody in a situation; the policy's own calendar at the end."""
        fixed = {"team": self.teams.get(team), "policy": calendar}
        asked: list[Callable[[Situation], str | None]] = []
        last = calendar
        for giver in self.order:
            name = fixed.get(giver)
            if name is not None:
                last = name
                break
            if giver == "lead" and self.territories:
                asked.append(self._territory)
            elif giver == "owner" and self.owners:
                asked.append(self._owned)
        return _first(asked, self.times, self.times[last])

    def _territory(self, situation: Situation) -> str | None:
        return next((calendar for question, calendar in self.territories if question.holds(situation)), None)

    def _owned(self, situation: Situation) -> str | None:
        return self.owners.get(situation.owner)


def _first(
    asked: Sequence[Callable[[Situation], str | None]], times: Times, last: BusinessTime
) -> Callable[[Situation], BusinessTime]:
    if not asked:
        return lambda _situation: last

    def time(situation: Situation) -> BusinessTime:
        for ask in asked:
            name = ask(situation)
            if name is not None:
                return times[name]
        return last

    return time
