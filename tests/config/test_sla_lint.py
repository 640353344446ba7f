"""What is promised and leads nowhere: each finding with its file and line, and none about what makes sense."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.config.extends import shipped_text
from connector.config.findings import Severity
from connector.config.sla_lint import lint
from connector.errors import Misconfigured
from tests.config.agreed import OWNERS, Agreed

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
OFFICE = (
    "calendars:\n  named:\n    office:\n      zone: Europe/Berlin\n      week: {mon-fri: 09:00-17:00}\n"
    "      holidays: {country: DE}\n"
)
POLICY = (
    "sla:\n  policies:\n    call:\n      kind: first_touch\n      target: 4 business_hours\n"
    "      on_breach: [{notify: sales}]\n"
)


@pytest.fixture
def agreed(folder) -> Agreed:
    return Agreed(folder)


def found(agreed: Agreed, sla: str = POLICY, calendars: str = OFFICE, owners=OWNERS, **others: str) -> list[str]:
    told = lint(agreed.load(sla, calendars=calendars, **others), NOW, owners)
    return [f"{one.severity} {one}".replace("mappings/", "") for one in told]


def test_nothing_is_odd_about_what_makes_sense(agreed):
    assert found(agreed) == []


def test_the_shipped_files_only_remind_of_what_is_yours_to_fill_in(agreed):
    others = {"objectives": shipped_text("objectives.yaml")}
    told = lint(agreed.load(shipped_text("sla.yaml"), calendars=shipped_text("calendars.yaml"), **others), NOW, OWNERS)
    assert [(one.severity, one.key) for one in told] == [
        (Severity.INFO, "sla.policies"),
        (Severity.INFO, "calendars.named.office.zone"),
        (Severity.INFO, "calendars.named.office"),
    ]


@pytest.mark.parametrize(
    ("more", "finding"),
    [
        (
            "      start: stage == 'mql'\n      stop: stage == 'mql'\n",
            (
                "error sla.yaml:7 sla.policies.call.start: is the same as stop, so the promise is kept as it begins;"
                " the clock never runs"
            ),
        ),
        (
            "      start: 'false'\n",
            "warning sla.yaml:7 sla.policies.call.start: never holds, so nothing is ever promised",
        ),
        (
            "      stop: 'false'\n",
            "warning sla.yaml:7 sla.policies.call.stop: never holds, so every promise ends up late",
        ),
        (
            "      cancel: 'true'\n",
            "warning sla.yaml:7 sla.policies.call.cancel: always holds, so nothing is ever promised",
        ),
        (
            "      warnings: 4 business_hours before\n",
            (
                "warning sla.yaml:7 sla.policies.call.warnings: 4 business_hours before the deadline is when the clock"
                " starts, or earlier: the target is 4 business_hours; warn later, or at a share like 75%"
            ),
        ),
        (
            "      warnings: [75%, 1 business_days before]\n",
            (
                "warning sla.yaml:7 sla.policies.call.warnings[1]: 1 business_days before the deadline is when the"
                " clock starts, or earlier: the target is 4 business_hours; warn later, or at a share like 75%"
            ),
        ),
        (
            "      warnings: 2 business_hours before\n      targets: [{when: loops > 9, target: 9 business_minutes}]\n",
            (
                "warning sla.yaml:7 sla.policies.call.warnings: 2 business_hours before the deadline is when the clock"
                " starts, or earlier: the target is 9 business_minutes; warn later, or at a share like 75%"
            ),
        ),
    ],
)
def test_a_clock_that_leads_nowhere_is_told(agreed, more, finding):
    assert found(agreed, POLICY + more) == [finding]


def action(agreed: Agreed, written: str, **others: str) -> list[str]:
    return found(agreed, POLICY.replace("{notify: sales}", f"{{{written}}}"), **others)


def test_a_return_that_would_be_refused_is_told(agreed):
    at = "warning sla.yaml:6 sla.policies.call.on_breach[0].return_to_marketing: would be refused:"
    assert action(agreed, "return_to_marketing: subscriber") == [
        f"{at} `moves` has no automatic way from mql to subscriber"
    ]
    assert action(agreed, "return_to_marketing: recycled") == [f"{at} the way from mql to recycled needs a reason"]
    assert action(agreed, "return_to_marketing: recycled, reason: unreachable") == []


def test_people_who_are_not_there_are_told_once_people_are_known(agreed):
    at = "warning sla.yaml:6 sla.policies.call.on_breach[0]"
    nobody, instead = "Salesforce has no active user or queue", "name one by e-mail or id"
    assert action(agreed, "reassign: [ada@acme.example, gone@acme.example]") == [
        f"{at}.reassign: {nobody} 'gone@acme.example'; {instead}"
    ]
    assert action(agreed, "task: who@acme.example") == [
        f"{at}.task: {nobody} 'who@acme.example'; name one by e-mail or id"
    ]
    assert action(agreed, "task: who@acme.example", owners=None) == []


def test_policies_of_which_nobody_hears_are_told_in_one_line(agreed):
    text = POLICY.replace("      on_breach: [{notify: sales}]\n", "")
    text += "    again:\n      kind: disposition\n      target: 1 business_days\n"
    assert found(agreed, text) == [
        "info sla.yaml:2 sla.policies: nobody is told when these are late, only fields show it: call, again (on_breach)"
    ]


def test_calendars_that_say_nothing_of_a_place_or_of_holidays_are_told(agreed):
    bare = "calendars:\n  named:\n    office:\n      week: {mon-fri: 09:00-17:00}\n"
    assert found(agreed, calendars=bare) == [
        (
            "info calendars.yaml:3 calendars.named.office.zone: is in UTC; write the zone people work in, such as"
            " Europe/Berlin, or their day begins elsewhere"
        ),
        (
            "info calendars.yaml:3 calendars.named.office: knows no holidays, so they count as working days; add"
            " holidays: {country: DE}, or dates"
        ),
    ]


def test_dates_that_are_over_are_told_and_yearly_ones_never_are(agreed):
    old = OFFICE + "      dates: {2025-12-24: closed, 2026-11-20..2026-11-22: closed}\n"
    assert found(agreed, calendars=old) == [
        (
            "info calendars.yaml:7 calendars.named.office.dates: are all over, the last on 2026-11-22; write this"
            " year's, or 12-24 for every year"
        )
    ]
    assert found(agreed, calendars=OFFICE + "      dates: {2025-12-24: closed, 12-31: closed}\n") == []


def test_a_calendar_that_nothing_names_is_told(agreed):
    night = "    night: {zone: Asia/Tokyo, week: {mon: 18:00-24:00}, holidays: {country: JP}}\n"
    text = POLICY + "      calendar: office\n"
    assert found(agreed, text, OFFICE + night) == [
        ("info calendars.yaml:7 calendars.named.night: is used by no policy, goal, team, owner or territory")
    ]
    assert found(agreed, text, OFFICE + night + "  whose: {teams: {sales: night}}\n") == []


def test_tables_that_nobody_asks_and_names_that_nobody_has_are_told(agreed):
    whose = (
        "  whose:\n    order: [team, policy, owner]\n    owners: {ada@acme.example: office, who@acme.example: office}\n"
        "    teams: {sale: office}\n"
    )
    assert found(agreed, calendars=OFFICE + whose) == [
        "warning calendars.yaml:9 calendars.whose.owners: is never asked: `order` does not name owner before policy",
        "warning calendars.yaml:10 calendars.whose.teams.sale: no policy is of the team 'sale'; did you mean 'sales'?",
        (
            "warning calendars.yaml:9 calendars.whose.owners.who@acme.example: Salesforce has no active user"
            " 'who@acme.example'; name one by e-mail or id"
        ),
    ]


def test_without_a_lifecycle_the_files_say_that_they_do_nothing(agreed):
    agreed.load(POLICY, calendars=OFFICE, objectives="objectives:\n  goals: {}\n")
    (agreed.folder.path / "mappings" / "lifecycle.yaml").unlink()
    told = [str(one).replace("mappings/", "") for one in lint(agreed.load(), NOW)]
    assert told == [
        f"{name}.yaml:1 {name}: does nothing without a lifecycle.yaml beside it"
        for name in ("sla", "calendars", "objectives")
    ]


def test_mistakes_in_objectives_are_refused_here_too(agreed):
    goal = "objectives:\n  goals:\n    g: {team: both, period: month, accept_rate: 70%, notify: nobody}\n"
    with pytest.raises(Misconfigured, match=r"there is no channel 'nobody'"):
        found(agreed, objectives=goal)
