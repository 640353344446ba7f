"""calendars.yaml as checked values: when people work, and whose calendar counts for a promise.

A calendar is a zone, a week, weeks from a date on, breaks, dates and public holidays, or what several calendars have in
common. `always` is there without being written: around the clock. What never opens is refused here, where the file and
the line are known, because a deadline in it could not be told. `business_time` makes the core's calendars of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from connector.config.hours import DatedHours, WeekHours, WeeksFrom
from connector.config.mappings import Cel
from connector.config.problems import Fault, Faults, did_you_mean
from connector.config.terms import Name, Strict, Text
from connector.core.calendars import (
    ALL_DAY,
    CLOSED,
    WEEK,
    BusinessTime,
    Calendar,
    NeverOpens,
    Week,
    Windows,
    without,
)

ALWAYS = "always"
_NOTHING: Any = {}  # a default that is validated as if it had been written
_LATE = date(2026, 1, 5)  # any Monday; a week that opens at all opens in the weeks that follow it


def _zone(found: str) -> str:
    zones = available_timezones()
    if found in zones:
        return found
    cities = {zone.rpartition("/")[2].lower(): zone for zone in sorted(zones)}
    city = cities.get(found.rpartition("/")[2].replace(" ", "_").lower())
    near = f"; did you mean {city!r}?" if city else did_you_mean(found, zones)
    raise ValueError(f"{found!r} is no time zone; write one like Europe/Berlin or America/New_York{near}")


def _as_list(found: Any) -> Any:
    return [found] if isinstance(found, dict) else found


Zone = Annotated[Text, AfterValidator(_zone)]


class PublicHolidays(Strict):
    """Days on which a country, or a part of it, does not work (the `holidays` library knows them)."""

    country: Text
    subdivision: Text | None = None

    @model_validator(mode="after")
    def _known(self) -> PublicHolidays:
        parts = _subdivisions()
        if self.country not in parts:
            near = did_you_mean(self.country, parts)
            message = f"{self.country!r} is no country whose holidays are known; write two letters, like DE or US{near}"
            raise Faults([(("country",), message)])
        known = parts[self.country]
        if self.subdivision is not None and self.subdivision not in known:
            named = f"; there are {', '.join(known)}" if known else "; leave it out"
            near = did_you_mean(self.subdivision, known) or named
            raise Faults([(("subdivision",), f"{self.subdivision!r} is no part of {self.country}{near}")])
        return self


def _subdivisions() -> Mapping[str, list[str]]:
    import holidays  # noqa: PLC0415  # knows two hundred countries; most installations ask about none

    return {code: parts for code, parts in holidays.list_supported_countries().items() if len(code) == 2}  # noqa: PLR2004  # ISO 3166-1 alpha-2


class WorkingTime(Strict):
    """One calendar: hours of its own, or what other calendars have in common."""

    zone: Zone = "UTC"
    week: WeekHours = _NOTHING
    from_: WeeksFrom = Field(default=_NOTHING, alias="from")
    breaks: WeekHours = _NOTHING
    dates: DatedHours = _NOTHING
    holidays: Annotated[
        list[PublicHolidays],
        BeforeValidator(_as_list, json_schema_input_type=PublicHolidays | list[PublicHolidays]),
    ] = Field(default_factory=list)
    together: Annotated[list[Text], Field(min_length=2)] | None = None

    @model_validator(mode="after")
    def _opens(self) -> WorkingTime:
        if self.together is not None:
            own = [
                key for key in ("zone", "week", "from_", "breaks", "dates", "holidays") if key in self.model_fields_set
            ]
            if own:
                names = " and ".join(key.rstrip("_") for key in own)
                raise Faults(
                    [((own[0].rstrip("_"),), f"stands beside together; leave {names} to the calendars it names")]
                )
            return self
        if not any(self.weeks[-1].days):
            since = f" from {self.weeks[-1].since} on" if self.weeks[-1].since else ""
            key = "from" if self.from_ else "week"
            raise Faults([((key,), f"never opens{since}; give at least one day its hours, like mon-fri: 09:00-17:00")])
        return self

    @property
    def weeks(self) -> tuple[Week, ...]:
        """The weeks less their breaks, in the order in which they come into force."""
        told = [(None, self.week), *self.from_]
        return tuple(Week(_less(days, self.breaks), since) for since, days in told)

    def dated(self, years: range, closed: Iterable[date]) -> dict[date, Windows]:
        """What holds on a date instead of its weekday: holidays first, then what is told, the narrowest last."""
        found: dict[date, Windows] = dict.fromkeys(closed, CLOSED)
        plain = Calendar("", self.zone, self.weeks)
        for told in self.dates:
            for day in told.within(years):
                before = found.get(day, plain.windows_on(day))
                found[day] = without(before, told.breaks) if told.hours is None else told.hours
        return found


def _less(days: Any, breaks: Any) -> Any:
    return tuple(without(hours, pauses) for hours, pauses in zip(days, breaks, strict=True))


Giver = Literal["lead", "owner", "team", "policy"]


class Territory(Strict):
    """Leads for whom a calendar counts; the first whose condition holds."""

    when: Cel
    calendar: Text


class Whose(Strict):
    """Whose calendar counts: the first in this order that names one; the policy always does."""

    order: tuple[Giver, ...] = ("lead", "owner", "team", "policy")
    territories: list[Territory] = Field(default_factory=list)
    owners: dict[Text, Text] = Field(default_factory=dict)
    teams: dict[Text, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _once_each(self) -> Whose:
        twice = {name for name in self.order if self.order.count(name) > 1}
        if twice:
            raise Faults([(("order",), f"names {' and '.join(sorted(twice))} more than once")])
        return self

    def named(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every calendar that is named, with the path of its name."""
        for number, territory in enumerate(self.territories):
            yield ("territories", number, "calendar"), territory.calendar
        for key, table in (("owners", self.owners), ("teams", self.teams)):
            for name, calendar in table.items():
                yield (key, name), calendar


class CalendarsWritten(Strict):
    """What stands under `calendars:`."""

    named: Annotated[dict[Name, WorkingTime], Field(min_length=1)]
    whose: Whose = Whose()

    @model_validator(mode="after")
    def _consistent(self) -> CalendarsWritten:
        faults: list[Fault] = []
        if ALWAYS in self.named:
            faults.append((("named", ALWAYS), "is there already: around the clock; choose another name"))
        for name, one in self.named.items():
            strange = [(number, each) for number, each in enumerate(one.together or ()) if not self._has_hours(each)]
            faults += [(("named", name, "together", number), self.unknown(each)) for number, each in strange]
            if one.together and not strange and not self._ever_open(one.together):
                faults.append((("named", name, "together"), "never opens: they have no hour in common"))
        faults += [
            (("whose", *path), self.unknown(name)) for path, name in self.whose.named() if name not in self.names
        ]
        if faults:
            raise Faults(faults)
        return self

    @property
    def names(self) -> list[str]:
        """Every calendar that may be named."""
        return [*self.named, ALWAYS]

    def unknown(self, name: str) -> str:
        """That there is no calendar of a name."""
        if name in self.named:
            return f"{name!r} is made of other calendars itself; name those instead"
        near = did_you_mean(name, self.names) or f"; there are {', '.join(self.names)}"
        return f"there is no calendar {name!r}{near}"

    def _has_hours(self, name: str) -> bool:
        return name == ALWAYS or (name in self.named and self.named[name].together is None)

    def _ever_open(self, names: Iterable[str]) -> bool:
        """Whether the weeks in force at last have an hour in common, holidays and dates aside."""
        chosen = [self.named[name] for name in names if name != ALWAYS]
        late = max([_LATE, *(week.since for one in chosen for week in one.weeks if week.since)])
        time = BusinessTime(*(Calendar("", one.zone, one.weeks[-1:]) for one in chosen), around_the_clock())
        return ever_open(time, datetime(late.year, late.month, late.day, tzinfo=UTC))


class CalendarsFile(Strict):
    """mappings/calendars.yaml."""

    extends: Literal["default"] | None = None
    calendars: CalendarsWritten


def around_the_clock() -> Calendar:
    """The calendar that never closes."""
    always: Any = (ALL_DAY,) * WEEK
    return Calendar(ALWAYS, "UTC", (Week(always),))


def ever_open(time: BusinessTime, at: datetime) -> bool:
    """Whether business time passes at all, from a moment on."""
    try:
        time.add(at, timedelta(minutes=1))
    except NeverOpens:
        return False
    return True
