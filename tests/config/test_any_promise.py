"""Whatever stands in sla.yaml and its sisters: either promises or a list of problems, never another exception."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings

from connector.config.extends import shipped_text
from connector.config.init import write_starter
from connector.config.load import AGREED_FILES, load
from connector.config.problems import validated
from connector.config.sla_lint import lint
from connector.config.yaml import parse
from connector.errors import Misconfigured
from tests.config.test_any_file import ENV, spoilt

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ANYTHING = [
    None,
    True,
    0,
    -1,
    2.5,
    "",
    "x",
    "closed",
    "mql",
    "1 day",
    "75%",
    "12-24",
    [],
    ["x"],
    [None],
    {},
    {"x": "y"},
]


def told(files: dict[str, str]) -> list[str]:
    """The messages for a starter with some files replaced; its promises are linted where there is nothing to mend."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_starter(folder)
        for file, text in files.items():
            (folder / "mappings" / f"{file}.yaml").write_text(text, encoding="utf-8")
        try:
            return [found.message for found in lint(load(folder / "config.yaml", ENV), NOW)]
        except Misconfigured as error:
            return [problem.message for problem in error.problems]


@settings(max_examples=60, deadline=None)
@given(
    sla=spoilt(shipped_text("sla.yaml").splitlines()),
    calendars=spoilt(shipped_text("calendars.yaml").splitlines()),
    objectives=spoilt(shipped_text("objectives.yaml").splitlines()),
)
def test_spoilt_promises_are_told_as_problems(sla, calendars, objectives):
    assert all(told({"sla": sla, "calendars": calendars, "objectives": objectives}))


def paths(data, path=()):
    """Every place in a tree of plain data."""
    yield path
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield from paths(value, (*path, key))


FULL = {
    "sla": """\
sla:
  calendar: office
  fields: {policy: {hubspot: a}}
  policies:
    p:
      kind: first_touch
      target: {business_hours: 4}
      targets: [{when: loops > 1, target: 1 hours}]
      warnings: [75%, 1 minutes before]
      on_reassign: {restart: 2}
      on_breach: [{task: owner, text: "{name}"}, {reassign: [a@b.test], cap: 2}]
""",
    "calendars": """\
calendars:
  named:
    office:
      zone: UTC
      week: {mon-fri: [09:00-12:00, 13:00-17:00]}
      from: {2027-01-01: {mon: 09:00-17:00}}
      breaks: {mon: 10:00-10:30}
      dates: {12-24..12-31: closed, 2026-12-05: {break: 09:00-10:00}}
      holidays: [{country: DE, subdivision: BY}]
    both: {together: [office, always]}
  whose: {order: [lead], territories: [{when: loops > 1, calendar: office}], owners: {a@b.test: office}}
""",
    "objectives": """\
objectives:
  calendar: office
  goals:
    g:
      team: both
      period: month
      target: 5
      counts: [{stage: mql, value: 2.5, at_least: 1}]
      accept_rate: {at_least: 70%}
      alert_below: 90%
""",
}


@pytest.mark.parametrize("name", FULL)
def test_anything_anywhere_is_told_as_a_problem_or_means_something(name):
    """Every place of a file, replaced by everything: what pydantic's own checks let through must hold."""
    whole = parse(FULL[name], name, [])
    assert validated(AGREED_FILES[name], whole, None, problems := []) is not None, problems
    for path in list(paths(whole.data))[1:]:
        for value in ANYTHING:
            document, problems = parse(FULL[name], name, []), []
            here = document.data
            for part in path[:-1]:
                here = here[part]
            here[path[-1]] = value
            found = validated(AGREED_FILES[name], document, None, problems)
            assert (found is None) == bool(problems), (path, value)
            assert all(problem.message for problem in problems)
