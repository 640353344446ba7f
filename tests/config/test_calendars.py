"""calendars.yaml: what may be written, when it is open, and how every mistake reads."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.config.business_time import Counting, business_times, years_around
from connector.config.calendars import CalendarsFile
from connector.config.problems import validated
from connector.config.yaml import parse
from connector.core.calendars import BusinessTime
from connector.core.situation import Question, Situation

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)  # a Monday
DAYS = "days are mon, tue, wed, thu, fri, sat, sun, or several like mon-fri"
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = "  office:\n    zone: Europe/Berlin\n    week: {mon-fri: 09:00-17:00}\n"


def times(text: str) -> dict[str, BusinessTime]:
    document = parse(text, "calendars.yaml", problems := [])
    validated(CalendarsFile, document, None, problems)
    assert problems == []
    return dict(business_times(document.data["calendars"]["named"], years_around(NOW)))


def office(more: str = "") -> BusinessTime:
    return times("calendars:\n named:\n" + OFFICE + more)["office"]


def problems_of(text: str) -> list[str]:
    document = parse(text, "calendars.yaml", problems := [])
    assert validated(CalendarsFile, document, None, problems) is None
    return [str(problem) for problem in problems]


def open_hours(time: BusinessTime, day: date, zone: ZoneInfo = BERLIN) -> float:
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    end = start + timedelta(days=1)
    return time.measure(start.astimezone(UTC), end.astimezone(UTC)) / timedelta(hours=1)


def test_a_week_is_open_in_its_zone():
    time = office()
    assert open_hours(time, date(2026, 11, 23)) == 8
    assert open_hours(time, date(2026, 11, 22)) == 0
    assert time.is_open(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    assert not time.is_open(datetime(2026, 11, 23, 7, 59, tzinfo=UTC))
    assert time.is_open(datetime(2026, 7, 20, 7, 0, tzinfo=UTC))  # in summer the zone is an hour further on


def test_several_windows_a_day_and_24_00_count():
    time = times(
        "calendars:\n named:\n  shop:\n    week:\n      mon: [09:00-12:30, 13:30-17:00]\n      sat-sun: 00:00-24:00\n"
    )["shop"]
    utc = ZoneInfo("UTC")
    assert open_hours(time, date(2026, 11, 23), utc) == 7
    assert open_hours(time, date(2026, 11, 24), utc) == 0
    start = datetime(2026, 11, 21, tzinfo=UTC)
    assert time.add(start, timedelta(hours=48)) == datetime(2026, 11, 23, tzinfo=UTC)


def test_epiphany_closes_bavaria_and_not_berlin():
    holiday = "    holidays: {country: DE, subdivision: %s}\n"
    epiphany = date(2027, 1, 6)
    assert open_hours(office(holiday % "BY"), epiphany) == 0
    assert open_hours(office(holiday % "BE"), epiphany) == 8
    assert open_hours(office(holiday % "BY"), epiphany + timedelta(days=1)) == 8


def test_holidays_of_several_countries_close_together():
    time = office("    holidays: [{country: DE}, {country: US}]\n")
    assert open_hours(time, date(2026, 11, 26)) == 0  # Thanksgiving
    assert open_hours(time, date(2026, 12, 25)) == 0
    assert open_hours(time, date(2026, 5, 14)) == 0  # Ascension Day
    assert open_hours(time, date(2036, 12, 25)) == 0  # as far as deadlines are looked for


def test_dates_of_ones_own_win_over_the_week_and_over_holidays_the_narrowest_last():
    time = office(
        "    holidays: {country: DE}\n"
        "    dates:\n"
        "      2026-12-05: 10:00-14:00\n"
        "      12-24: 09:00-12:00\n"
        "      2026-12-28..2027-01-03: closed\n"
        "      2026-12-30: 10:00-11:00\n"
        "      2026-12-25: 08:00-09:00\n"
        "      12-30: 09:00-16:00\n"
    )
    assert open_hours(time, date(2026, 12, 5)) == 4  # a Saturday shift
    assert [open_hours(time, date(year, 12, 24)) for year in (2025, 2026, 2030)] == [3, 3, 3]
    assert open_hours(time, date(2026, 12, 25)) == 1  # although Christmas is a holiday
    assert open_hours(time, date(2026, 12, 29)) == 0
    assert open_hours(time, date(2026, 12, 30)) == 1  # one date over a range over every year
    assert open_hours(time, date(2027, 12, 30)) == 7


def test_a_range_that_returns_every_year_goes_over_its_turn():
    time = office("    dates: {12-28..01-02: closed}\n")
    assert [open_hours(time, date(2026, 12, 28)), open_hours(time, date(2030, 12, 31))] == [0, 0]
    assert open_hours(time, date(2029, 1, 1)) == 0
    assert open_hours(time, date(2029, 1, 3)) == 8


def test_a_leap_day_returns_in_leap_years_only():
    time = office("    dates: {02-29: closed}\n")
    assert open_hours(time, date(2028, 2, 29)) == 0
    assert open_hours(time, date(2028, 2, 28)) == 8
    assert open_hours(time, date(2029, 3, 1)) == 8


def test_breaks_are_cut_out_of_a_week_and_of_single_days():
    time = office("    breaks: {mon-thu: 12:00-12:30}\n    dates: {2026-11-25: {break: [09:00-10:00, 16:30-18:00]}}\n")
    assert open_hours(time, date(2026, 11, 23)) == 7.5
    assert open_hours(time, date(2026, 11, 27)) == 8
    assert open_hours(time, date(2026, 11, 25)) == 6
    assert time.add(datetime(2026, 11, 23, 10, 30, tzinfo=UTC), timedelta(hours=1)) == datetime(
        2026, 11, 23, 12, tzinfo=UTC
    )


def test_a_break_on_a_day_that_a_date_opens_is_cut_out_of_those_hours():
    time = office("    dates: {12-05: 10:00-14:00, 2026-12-05: {break: 12:00-12:30}}\n")
    assert open_hours(time, date(2026, 12, 5)) == 3.5


def test_a_week_holds_from_its_date_on():
    time = office("    from:\n      2027-03-01: {mon-thu: 08:00-18:00}\n      2027-01-01: {mon-fri: 09:00-15:00}\n")
    assert open_hours(time, date(2026, 12, 31)) == 8
    assert open_hours(time, date(2027, 1, 4)) == 6
    assert open_hours(time, date(2027, 3, 1)) == 10
    assert open_hours(time, date(2027, 3, 5)) == 0


def test_a_calendar_with_a_beginning_is_closed_before_it():
    time = times("calendars:\n named:\n  new:\n    from: {2027-01-01: {mon-fri: 09:00-17:00}}\n")["new"]
    assert time.add(NOW, timedelta(hours=1)) == datetime(2027, 1, 1, 10, tzinfo=UTC)


def test_together_is_open_when_all_are():
    text = (
        "calendars:\n named:\n" + OFFICE + "  chicago: {zone: America/Chicago, week: {mon-fri: 08:00-16:00}}\n"
        "  both: {together: [office, chicago]}\n  day: {together: [office, always]}\n"
    )
    made = times(text)
    assert open_hours(made["both"], date(2026, 11, 23)) == 2  # 14 to 16 o'clock UTC
    assert made["both"].add(NOW, timedelta(hours=1)) == datetime(2026, 11, 23, 15, tzinfo=UTC)
    assert open_hours(made["day"], date(2026, 11, 23)) == 8
    assert open_hours(made["always"], date(2026, 11, 22)) == 24


def test_business_time_is_made_once_for_what_is_written():
    text = "calendars:\n named:\n" + OFFICE
    first = times(text)["office"]
    assert times(text + " whose: {teams: {sales: office}}\n")["office"] is first
    assert times(text.replace("17:00", "18:00"))["office"] is not first


@pytest.mark.parametrize(
    ("entry", "line", "problem"),
    [
        (
            "zone: Berlin",
            2,
            (
                "zone: 'Berlin' is no time zone; write one like Europe/Berlin or America/New_York; did you mean"
                " 'Europe/Berlin'?"
            ),
        ),
        (
            "zone: Europe/Berln",
            2,
            (
                "zone: 'Europe/Berln' is no time zone; write one like Europe/Berlin or America/New_York; did you mean"
                " 'Europe/Berlin'?"
            ),
        ),
        (
            "week: {mon-fry: 09:00-17:00}",
            2,
            f"week.mon-fry: 'fry' is no day; {DAYS}; did you mean 'fri'?",
        ),
        (
            "week: {fri-mon: 09:00-17:00}",
            2,
            "week.fri-mon: 'fri-mon' goes over the end of the week; write fri-sun and mon-mon",
        ),
        ("week: {mon-fri: 09:00-17:00, fri: closed}", 2, "week.fri: tells fri a second time; name each day once"),
        (
            "week: {mon: 9-5}",
            2,
            "week.mon: '9-5' is no time of day; write hours like 09:00-17:00, a list of such, or closed",
        ),
        ("week: {mon: 09:00-24:30}", 2, "week.mon: '09:00-24:30' is no time of day; the day ends at 24:00"),
        ("week: {mon: 09:75-10:00}", 2, "week.mon: '09:75-10:00' is no time of day; the day ends at 24:00"),
        (
            "week: {mon: 09:00-09:00}",
            2,
            "week.mon: '09:00-09:00' is empty; write hours like 09:00-17:00, a list of such, or closed",
        ),
        (
            "week: {mon: 22:00-06:00}",
            2,
            "week.mon: '22:00-06:00' ends before it starts; write 22:00-24:00 here and 00:00-06:00 on the next day",
        ),
        (
            "week: {mon: [09:00-13:00, 12:00-17:00]}",
            2,
            "week.mon: 09:00-13:00 and 12:00-17:00 overlap; write them as one, or apart",
        ),
        ("week: {mon: []}", 2, "week.mon: is empty; write hours like 09:00-17:00, a list of such, or closed"),
        ("week: closed", 2, "week: must name days and their hours, like mon-fri: 09:00-17:00"),
        (
            "breaks: {sun: 9}",
            2,
            "breaks.sun: 9 is no time of day; write hours like 09:00-17:00, a list of such, or closed",
        ),
        (
            "dates: {24.12.: closed}",
            2,
            "dates.24.12.: '24.12.' is no date; write 2026-12-24, 2026-12-24..2026-12-31, or 12-24 for every year",
        ),
        ("dates: {2026-02-30: closed}", 2, "dates.2026-02-30: there is no date 2026-02-30"),
        (
            "dates: {2026-12-24..12-31: closed}",
            2,
            "dates.2026-12-24..12-31: '2026-12-24..12-31' has a year at one end only; give it at both or at none",
        ),
        (
            "dates: {2026-12-31..2026-12-24: closed}",
            2,
            "dates.2026-12-31..2026-12-24: '2026-12-31..2026-12-24' ends before it starts",
        ),
        (
            "dates: {2026-01-01..2027-12-31: closed}",
            2,
            (
                "dates.2026-01-01..2027-12-31: '2026-01-01..2027-12-31' is longer than a year; use `from` for another"
                " week from a date on"
            ),
        ),
        (
            "dates: {02-20..02-29: closed}",
            2,
            "dates.02-20..02-29: '02-20..02-29' begins or ends on a day that most years lack; write 02-28 or 03-01",
        ),
        ("dates: closed", 2, "dates: must name dates and their hours, like 2026-12-24: closed"),
        ("from: {01-01: {mon: 09:00-17:00}}", 2, "from.01-01: '01-01' needs its year, like 2027-01-01"),
        (
            "from: {2027-01-01: {mo: 09:00-17:00}}",
            2,
            f"from.2027-01-01.mo: 'mo' is no day; {DAYS}; did you mean 'mon'?",
        ),
        ("from: monday", 2, "from: must name dates and the week from then on, like 2027-01-01: {mon-fri: 08:00-16:00}"),
        (
            "holidays: {country: DEU}",
            2,
            (
                "holidays.country: 'DEU' is no country whose holidays are known; write two letters, like DE or US; did"
                " you mean 'DE'?"
            ),
        ),
        ("holidays: {country: DE, subdivision: BX}", 2, "holidays.subdivision: 'BX' is no part of DE"),
        ("holidays: {country: AD, subdivision: '09'}", 2, "holidays.subdivision: '09' is no part of AD"),
        ("open: true", 2, "open: is not known here; known are breaks, dates, from, holidays, together, week, zone"),
    ],
)
def test_a_mistake_names_file_line_key_and_what_would_be_right(entry, line, problem):
    usable = "" if entry.startswith("week") else "week: {mon-fri: 09:00-17:00}, "
    found = problems_of(f"calendars:\n named:\n  office: {{{usable}{entry}}}\n")
    assert len(found) == 1
    assert found[0].startswith(f"calendars.yaml:{line + 1} calendars.named.office.{problem}")


def test_a_calendar_that_never_opens_is_refused_with_its_line():
    text = "calendars:\n named:\n  shut:\n    zone: UTC\n    week:\n      mon-sun: closed\n"
    assert problems_of(text) == [
        (
            "calendars.yaml:5 calendars.named.shut.week: never opens; give at least one day its hours, like"
            " mon-fri: 09:00-17:00"
        )
    ]
    broken = "calendars:\n named:\n  shut:\n    week: {mon: 09:00-10:00}\n    breaks: {mon: 08:00-12:00}\n"
    assert problems_of(broken)[0].startswith("calendars.yaml:4 calendars.named.shut.week: never opens; give")
    ends = "calendars:\n named:\n  shut:\n    week: {mon: 09:00-10:00}\n    from: {2027-01-01: {mon: closed}}\n"
    assert problems_of(ends)[0].startswith("calendars.yaml:5 calendars.named.shut.from: never opens from 2027-01-01 on")


def test_calendars_without_a_common_hour_are_refused():
    text = (
        "calendars:\n named:\n" + OFFICE + "  tokyo: {zone: Asia/Tokyo, week: {mon-fri: 08:00-12:00}}\n"
        "  both:\n    together: [office, tokyo]\n"
    )
    assert problems_of(text) == [
        "calendars.yaml:8 calendars.named.both.together: never opens: they have no hour in common"
    ]


def test_together_names_calendars_with_hours_and_has_none_itself():
    text = "calendars:\n named:\n" + OFFICE + "  a: {together: [office, always]}\n  b: {together: [a, ofice]}\n"
    assert problems_of(text) == [
        "calendars.yaml:7 calendars.named.b.together[0]: 'a' is made of other calendars itself; name those instead",
        "calendars.yaml:7 calendars.named.b.together[1]: there is no calendar 'ofice'; did you mean 'office'?",
    ]
    text = "calendars:\n named:\n" + OFFICE + "  a: {zone: UTC, together: [office, always]}\n"
    assert problems_of(text) == [
        "calendars.yaml:6 calendars.named.a.zone: stands beside together; leave zone to the calendars it names"
    ]
    text = "calendars:\n named:\n" + OFFICE + "  always: {week: {mon: 09:00-10:00}}\n"
    assert problems_of(text) == [
        "calendars.yaml:6 calendars.named.always: is there already: around the clock; choose another name"
    ]


def test_whose_names_calendars_that_exist_and_each_giver_once():
    text = "calendars:\n named:\n" + OFFICE + (" whose:\n  order: [team, owner, team]\n")
    assert problems_of(text) == ["calendars.yaml:7 calendars.whose.order: names team more than once"]
    text = (
        "calendars:\n named:\n"
        + OFFICE
        + (
            " whose:\n  teams: {sales: ofice}\n  owners: {a@x.test: office, b@x.test: zzz}\n"
            "  territories: [{when: 'true', calendar: offic}]\n"
        )
    )
    assert problems_of(text) == [
        (
            "calendars.yaml:9 calendars.whose.territories[0].calendar: there is no calendar 'offic'; did you mean"
            " 'office'?"
        ),
        "calendars.yaml:8 calendars.whose.owners.b@x.test: there is no calendar 'zzz'; there are office, always",
        "calendars.yaml:7 calendars.whose.teams.sales: there is no calendar 'ofice'; did you mean 'office'?",
    ]
    text = "calendars:\n named:\n" + OFFICE + " whose: {order: [laed]}\n"
    assert problems_of(text) == [
        (
            "calendars.yaml:6 calendars.whose.order[0]: 'laed' is not one of lead, owner, team, policy; did you mean"
            " 'lead'?"
        )
    ]


NAMES = ("bavaria", "chicago", "sales_floor", "office")


def counting(*order: str) -> Counting:
    made = times(
        "calendars:\n named:\n"
        + "".join(f"  {name}: {{week: {{mon: 09:0{n}-17:00}}}}\n" for n, name in enumerate(NAMES))
    )
    south = Question("persona == 'south'", lambda situation: situation.persona == "south")
    return Counting(
        made,
        order or ("lead", "owner", "team", "policy"),
        [(south, "bavaria")],
        {"005": "chicago"},
        {"sales": "sales_floor"},
    )


def whose(counted: Counting, team: str = "sales", **said: str) -> str:
    return counted.time_for(team, "office")(Situation(**said)).name


def test_the_first_who_names_a_calendar_decides():
    assert whose(counting(), persona="south", owner="005") == "bavaria"
    assert whose(counting(), owner="005") == "chicago"
    assert whose(counting()) == "sales_floor"
    assert whose(counting(), team="marketing") == "office"


def test_the_order_is_the_one_that_was_stated():
    said = {"persona": "south", "owner": "005"}
    assert whose(counting("owner", "lead"), **said) == "chicago"
    assert whose(counting("team", "lead"), **said) == "sales_floor"
    assert whose(counting("policy", "lead"), **said) == "office"
    assert whose(counting("owner")) == "office"  # the policy always has one
