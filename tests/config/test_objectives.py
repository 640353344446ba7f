"""objectives.yaml: what may be written, how every mistake reads, and that progress is told by what it says."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connector.config.extends import shipped_text
from connector.config.objectives import Measured, objectives_of
from connector.core.goals import Counted, Fact, Happened, PeriodKind
from connector.core.objectives import progress
from connector.errors import Misconfigured
from tests.config.agreed import OFFICE, Agreed

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)  # a Monday
GOAL = "objectives:\n  calendar: office\n  goals:\n    leads:\n      team: marketing\n      period: month\n"
COUNTS = "      target: 1000\n      counts: [{stage: mql}]\n"


@pytest.fixture
def agreed(folder) -> Agreed:
    return Agreed(folder)


def made(agreed: Agreed, text: str, **others: str) -> tuple[Measured, ...]:
    return objectives_of(agreed.load(objectives=text, **others), NOW)


def goal(agreed: Agreed, more: str, **others: str) -> Measured:
    (found,) = made(agreed, GOAL + more, **others)
    return found


def problems(agreed: Agreed, text: str, **others: str) -> list[str]:
    with pytest.raises(Misconfigured) as raised:
        made(agreed, text, **others)
    return [str(problem).removeprefix("mappings/") for problem in raised.value.problems]


def test_nothing_is_promised_without_the_file_or_without_a_lifecycle(agreed):
    assert objectives_of(agreed.load(), NOW) == ()
    agreed.load(objectives=GOAL + COUNTS)
    (agreed.folder.path / "mappings" / "lifecycle.yaml").unlink()
    assert objectives_of(agreed.load(), NOW) == ()


def test_the_shipped_file_promises_quality_and_shows_the_rest_switched_off(agreed):
    text = shipped_text("objectives.yaml")
    (quality,) = made(agreed, text)
    (floor,) = quality.objective.floors
    assert (floor.at_least, floor.enough) == (Decimal("0.7"), 10)
    assert [counted.stage for counted in floor.among] == ["mql", "mql", "mql"]
    assert quality.objective.to == ""
    everything = made(agreed, text.replace("enabled: false", "enabled: true"))
    assert [one.objective.name for one in everything] == ["Accept rate", "Qualified people", "Revenue"]


def test_everything_that_may_be_written_arrives(agreed):
    found = goal(
        agreed,
        "      name: Good leads\n      target: 12000.50\n      unit: EUR\n      notify: sales\n      alert_below: 90%\n"
        "      quiet_days: 3\n      accept_rate: 62.5%\n      counts:\n"
        "        - {stage: mql, persona: technical, source: PAID_SEARCH, value: 99.5, at_least: 4}\n"
        "        - {what: won, value: amount}\n",
    )
    one = found.objective
    assert (one.id, one.name, one.team, one.period, one.unit) == (
        "leads",
        "Good leads",
        "marketing",
        PeriodKind.MONTH,
        "EUR",
    )
    assert (one.target, one.to, one.alert_below, one.quiet_days) == (Decimal("12000.50"), "sales", Decimal("0.9"), 3)
    assert one.counted == (
        Counted(Happened.ENTERED, "mql", "technical", "PAID_SEARCH", Decimal("99.5"), 4),
        Counted(Happened.WON, value=None),
    )
    assert (one.floors[0].at_least, one.floors[0].part[0].stage) == (Decimal("0.625"), "")
    assert found.time.name == "office"


def test_the_pace_line_rises_with_the_working_days_of_the_calendar(agreed):
    calendars = OFFICE.replace("}}", "}, dates: {11-02..11-06: closed}}").replace("17:00}}, dates", "17:00}, dates")
    found = goal(agreed, "      target: 160\n      counts: [{stage: mql, value: 10}]\n", calendars=calendars)
    facts = [Fact(Happened.ENTERED, datetime(2026, 11, 10, tzinfo=UTC), "mql")] * 6
    told = progress(found.objective, facts, found.time, datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert (told.days, told.elapsed) == (16, 10)  # of 21 working days in November five are closed
    assert (told.actual, told.expected) == (60, 100)
    assert told.pace == Decimal("0.6")


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("", "4 objectives.goals.leads: promises nothing; give it a target, counts with at_least, or an accept_rate"),
        (
            "      counts: [{stage: mql}]\n",
            "4 objectives.goals.leads: promises nothing; give it a target, counts with at_least, or an accept_rate",
        ),
        ("      target: 5\n", "4 objectives.goals.leads.counts: is missing: what counts towards the target?"),
        ("      target: lots\n", "7 objectives.goals.leads.target: 'lots' is no number; write it like 250 or 99.50"),
        ("      accept_rate: 70\n", "7 objectives.goals.leads.accept_rate: 70 is no share; write it like 70%"),
        (
            "      accept_rate: 170%\n",
            "7 objectives.goals.leads.accept_rate: '170%' is no share; write it like 70%",
        ),
        (
            "      accept_rate: {at_least: 7%, stage: mqll}\n",
            "7 objectives.goals.leads.accept_rate.stage: there is no stage 'mqll'; did you mean 'mql'?",
        ),
        (
            COUNTS + "      notify: sale\n",
            "9 objectives.goals.leads.notify: there is no channel 'sale'; did you mean 'sales'?",
        ),
        (
            COUNTS + "      calendar: offic\n",
            "9 objectives.goals.leads.calendar: there is no calendar 'offic'; did you mean 'office'?",
        ),
        (
            COUNTS.replace("mql}", "mlq}"),
            "8 objectives.goals.leads.counts[0].stage: there is no stage 'mlq'; did you mean 'mql'?",
        ),
        (
            COUNTS.replace("mql}", "mql, persona: technica}"),
            "8 objectives.goals.leads.counts[0].persona: there is no persona 'technica'; did you mean 'technical'?",
        ),
        (
            COUNTS.replace("stage: mql", "persona: x"),
            "8 objectives.goals.leads.counts[0].stage: is missing: entering which stage counts?",
        ),
        (
            COUNTS.replace("stage: mql", "what: won, stage: mql"),
            "8 objectives.goals.leads.counts[0].stage: means nothing for a deal that is won; remove it",
        ),
        (
            COUNTS.replace("mql}", "mql, value: amount}"),
            "8 objectives.goals.leads.counts[0].value: is the amount of a deal, so it belongs to what: won",
        ),
        (
            COUNTS.replace("stage: mql", "what: wom"),
            (
                "8 objectives.goals.leads.counts[0].what: 'wom' is not one of entered, accepted, rejected, expired,"
                " won; did you mean 'won'?"
            ),
        ),
        (COUNTS + "      perid: x\n", "9 objectives.goals.leads.perid: is not known here; did you mean 'period'?"),
    ],
)
def test_a_mistake_names_file_line_key_and_what_would_be_right(agreed, more, problem):
    assert problems(agreed, GOAL + more) == [f"objectives.yaml:{problem}"]


def test_a_goal_that_is_off_is_checked_all_the_same(agreed):
    assert problems(agreed, GOAL + COUNTS.replace("mql", "x") + "      enabled: false\n")
    assert made(agreed, GOAL + COUNTS + "      enabled: false\n") == ()


def test_a_single_calendar_needs_no_name(agreed):
    bare = GOAL.replace("  calendar: office\n", "") + COUNTS
    (found,) = made(agreed, bare)
    assert found.time.name == "office"
    two = OFFICE + "    night: {week: {mon: 18:00-24:00}}\n"
    assert problems(agreed, bare, calendars=two) == [
        "objectives.yaml:3 objectives.goals.leads.calendar: is missing; there are always, night, office"
    ]
