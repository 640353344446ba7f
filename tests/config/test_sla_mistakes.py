"""sla.yaml: how every mistake reads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.config.extends import shipped_text
from connector.config.sla import Promises, policies_of
from connector.core.policy import Span, Unit
from connector.core.situation import Situation
from connector.errors import Misconfigured
from tests.config.agreed import OFFICE, OWNERS, Agreed

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)  # a Monday
FIRST_TOUCH = (
    "sla:\n  calendar: office\n  policies:\n    call:\n      kind: first_touch\n      target: 4 business_hours\n"
)


@pytest.fixture
def agreed(folder) -> Agreed:
    return Agreed(folder)


def promises(agreed: Agreed, sla: str, **others: str) -> Promises:
    found = policies_of(agreed.load(sla, **others), OWNERS, NOW)
    assert found is not None
    return found


def problems(agreed: Agreed, sla: str, **others: str) -> list[str]:
    with pytest.raises(Misconfigured) as raised:
        policies_of(agreed.load(sla, **others), OWNERS, NOW)
    return [str(problem).removeprefix("mappings/") for problem in raised.value.problems]


NOTHING = "is missing, and nothing in the lifecycle and feedback files says what is usual"
STAGES = "subscriber, lead, mql, sal, sql, opportunity, customer, evangelist, recycled, disqualified"
LINE = "sla.yaml:7 sla.policies.call"


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("kindd: x", "kindd: is not known here; did you mean 'kind'?"),
        ("warnings: 75", "warnings: 75 is no time of a warning; write 75%, or 1 business_hours before"),
        ("warnings: 100%", "warnings: '100%' is at the start or after the deadline; write 1% to 99%"),
        (
            "warnings: 1 day before",
            "warnings: 'day' may mean working days or any days; say business_days or calendar_days",
        ),
        ("attempts: 3", "attempts: is for policies of kind attempts; this one is of kind first_touch"),
        ("resume: loops > 1", "resume: means nothing without pause"),
        ("on_warning: [{task: owner}]", "on_warning: never happens: there are no warnings; add warnings: [75%]"),
        (
            "re_entry: restrat",
            "re_entry: 'restrat' is not one of ignore, restart, resume, new_cycle; did you mean 'restart'?",
        ),
        ("on_reassign: rest", "on_reassign: 'rest' is not one of keep, restart; did you mean 'restart'?"),
        ("on_reassign: 3", "on_reassign: must be keep, per_owner, restart or {restart: NUMBER}"),
        ("calendar: offic", "calendar: there is no calendar 'offic'; did you mean 'office'?"),
        ("stages: mqll", "stages: there is no stage 'mqll'; did you mean 'mql'?"),
        (
            "start: stage == 'mlq'",
            "start: \"stage == 'mlq'\" at character 10: stage is never 'mlq'; did you mean 'mql'?",
        ),
        ("cancel: stage", "cancel: 'stage' at character 1: does not ask a question; its answer must be true or false"),
        (
            "targets: [{when: touch != null, target: 1 hours}]",
            (
                "targets[0].when: asks about a touch, an answer or a deal, but is asked when there is none; ask for"
                " what stays"
            ),
        ),
        ("targets: [{target: 1 hours}]", "targets[0].when: is missing"),
        ("on_breach: [{notify: sale}]", "on_breach[0].notify: there is no channel 'sale'; did you mean 'sales'?"),
        ("on_breach: [{webhook: zz}]", "on_breach[0].webhook: there is no webhook 'zz'; there are crm"),
        (
            "on_breach: [{return_to_marketing: recycle}]",
            "on_breach[0].return_to_marketing: there is no stage 'recycle'; did you mean 'recycled'?",
        ),
        (
            "on_breach: [{return_to_marketing: recycled, reason: unreachabl}]",
            "on_breach[0].reason: there is no reason 'unreachabl'; did you mean 'unreachable'?",
        ),
        (
            "on_breach: [{reassign: night}]",
            "on_breach[0].reassign: there is no pool 'night'; name a pool of the handoff's, or owners by e-mail",
        ),
        (
            "on_breach: [{}]",
            "on_breach[0]: says nothing to do; write one of notify, task, reassign, return_to_marketing, webhook",
        ),
        (
            "on_breach: [{notify: sales, task: owner}]",
            "on_breach[0]: says notify and task; make each an action of its own",
        ),
        (
            "on_breach: [{notify: sales, cap: 2}]",
            "on_breach[0].cap: means nothing beside notify; it belongs to reassign",
        ),
        (
            "on_breach: [{notify: sales, text: 'Hi {nam}'}]",
            "on_breach[0].text: nothing is known as {nam}; did you mean 'name'?",
        ),
        (
            "on_breach: [{notify: sales, text: '{x}'}]",
            "on_breach[0].text: nothing is known as {x}; there are policy, name, due, late, owner, stage",
        ),
    ],
)
def test_a_mistake_names_file_line_key_and_what_would_be_right(agreed, more, problem):
    assert problems(agreed, FIRST_TOUCH + f"      {more}\n") == [f"{LINE}.{problem}"]


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("2 days", "'days' may mean working days or any days; say business_days or calendar_days"),
        ("1 day", "'day' may mean working days or any days; say business_days or calendar_days"),
        ("{days: 2}", "'days' may mean working days or any days; say business_days or calendar_days"),
        ("2 weeks", "'weeks' may mean working days or any days; say business_days or calendar_days"),
        ("4", "4 is no amount of time; write it like 4 business_hours or {business_hours: 4}"),
        ("soon", "'soon' is no amount of time; write it like 4 business_hours or {business_hours: 4}"),
        ("0 hours", "'0 hours' promises nothing; the least is 1, the most 100000"),
        (
            "4 busines_hours",
            (
                "'busines_hours' is not one of business_days, business_hours, business_minutes, calendar_days, hours,"
                " minutes; did you mean 'business_hours'?"
            ),
        ),
        ("90000 business_days", "90000 business_days are more than the calendar 'office' is open in ten years"),
    ],
)  # fmt: skip
def test_an_amount_of_time_is_plain_or_refused(agreed, target, problem):
    text = FIRST_TOUCH.replace("4 business_hours", target)
    assert problems(agreed, text) == [f"sla.yaml:6 sla.policies.call.target: {problem}"]


@pytest.mark.parametrize(
    ("target", "span"),
    [
        ("4 business_hours", Span(4, Unit.BUSINESS_HOURS)),
        ("{business_hours: 4}", Span(4, Unit.BUSINESS_HOURS)),
        ("1 business_day", Span(1, Unit.BUSINESS_DAYS)),
        ("30 Minutes", Span(30, Unit.MINUTES)),
        ("3 calendar days", Span(3, Unit.CALENDAR_DAYS)),
    ],
)
def test_an_amount_of_time_may_be_written_in_either_form(agreed, target, span):
    assert promises(agreed, FIRST_TOUCH.replace("4 business_hours", target)).policies["call"].targets[0].span == span


def test_what_nothing_says_is_asked_for(agreed):
    lifecycle = shipped_text("lifecycle.yaml")
    start = lifecycle.index("  # Handing people over to sales.")
    text = FIRST_TOUCH.replace("first_touch", "feedback_reply")
    (agreed.folder.path / "mappings" / "feedback.yaml").unlink()
    assert problems(agreed, text) == [f"sla.yaml:4 sla.policies.call.stop: {NOTHING}"]
    end = lifecycle.index("  # Where each side tells what first brought a person here")
    assert problems(agreed, FIRST_TOUCH, lifecycle=lifecycle[:start] + lifecycle[end:]) == [
        f"sla.yaml:4 sla.policies.call.start: {NOTHING}"
    ]
    assert problems(agreed, FIRST_TOUCH.replace("first_touch", "attempts"), lifecycle=lifecycle) == [
        "sla.yaml:4 sla.policies.call.attempts: is missing: how many touches are promised?"
    ]
    assert problems(agreed, FIRST_TOUCH.replace("first_touch", "next_step")) == [
        "sla.yaml:4 sla.policies.call.stages: is missing: in which stages may nobody stay longer than the target?"
    ]
    assert problems(agreed, FIRST_TOUCH + "      stages: mql\n      start: 'true'\n") == [
        "sla.yaml:7 sla.policies.call.stages: stands beside start; keep one of the two"
    ]


def test_several_calendars_need_a_name_and_a_single_one_does_not(agreed):
    bare = FIRST_TOUCH.replace("  calendar: office\n", "")
    assert promises(agreed, bare).policies["call"].time(Situation()).name == "office"
    two = OFFICE + "    night: {week: {mon: 18:00-24:00}}\n"
    assert problems(agreed, bare, calendars=two) == [
        "sla.yaml:3 sla.policies.call.calendar: is missing; there are always, night, office"
    ]
    (agreed.folder.path / "mappings" / "calendars.yaml").unlink()
    assert problems(agreed, FIRST_TOUCH) == ["sla.yaml:2 sla.calendar: there is no calendar 'office'; there are always"]
    assert promises(agreed, bare + "      calendar: always\n").policies["call"].time(Situation()).name == "always"


def test_every_problem_of_both_files_is_told_at_once(agreed):
    calendars = OFFICE + "  whose:\n    territories: [{when: stage == 'x', calendar: office}]\n"
    text = FIRST_TOUCH + "      pause: stage == 'y'\n      on_breach: [{notify: nobody}]\n"
    assert problems(agreed, text, calendars=calendars) == [
        (
            "calendars.yaml:5 calendars.whose.territories[0].when: \"stage == 'x'\" at character 10: stage is never"
            f" 'x'; there are {STAGES}"
        ),
        (
            "sla.yaml:7 sla.policies.call.pause: \"stage == 'y'\" at character 10: stage is never 'y'; there are"
            f" {STAGES}"
        ),
        "sla.yaml:8 sla.policies.call.on_breach[0].notify: there is no channel 'nobody'; there are sales",
    ]
