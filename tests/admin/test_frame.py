"""What all pages share: the way from one to another, who is asking, and pages for what went wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from flask import redirect, render_template_string
from playwright.sync_api import Page
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from connector.admin import charts, frame, words
from connector.admin.roles import Role
from connector.errors import Misconfigured, Problem, Transient, Unauthorised
from tests.admin.conftest import Opens
from tests.admin.house import Client, House

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (timedelta(), "just now"),
        (timedelta(seconds=-40), "40 seconds ago"),
        (timedelta(minutes=-1), "1 minute ago"),
        (timedelta(hours=5, minutes=50), "in 5 hours"),
        (timedelta(days=-59), "59 days ago"),
        (timedelta(days=-60), "3 Sep 2026"),
    ],
)
def test_a_moment_is_told_as_people_think_of_it(away: timedelta, said: str):
    assert words.relative(NOW + away, NOW) == said
    assert words.full(NOW) == "2026-11-02 09:00:00 UTC"


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (None, "\N{EN DASH}"),
        (0, "0 %"),
        (0.004, "< 1 %"),
        (0.83, "83 %"),
        (0.996, "> 99 %"),
        (1, "100 %"),
        (1.2, "120 %"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share: float | None, said: str):
    assert words.percent(share) == said


def test_numbers_are_told_with_their_thousands_and_unknown_ones_as_a_dash():
    assert [words.number(12400), words.number(Decimal("2.50"), 2), words.number(3.0, 1), words.number(None)] == [
        "12,400", "2.5", "3", "\N{EN DASH}",
    ]  # fmt: skip
    assert [words.money(12400.4, "EUR"), words.money(7), words.money(None)] == ["12,400 EUR", "7", "\N{EN DASH}"]
    assert [words.counted(1, "person", "people"), words.counted(1204, "person", "people")] == [
        "1 person",
        "1,204 people",
    ]


@pytest.mark.parametrize(("most", "top"), [(0, 1), (0.3, 0.5), (1, 1), (7, 10), (11, 20), (240, 250), (1001, 2000)])
def test_an_axis_ends_at_a_round_number(most: float, top: float):
    assert charts.round_up(most) == pytest.approx(top)


def test_a_line_lies_on_its_sheet_with_its_target():
    drawn = charts.line([("Mon", 0), ("Tue", 5), ("Wed", 10)], target=5)
    assert [(dot.x, dot.y) for dot in drawn.dots] == [(0, 200), (320, 106), (640, 12)]
    assert drawn.target == 106
    assert drawn.path == "M0 200 L320 106 L640 12"
    assert charts.line([]).path == ""


def test_a_page_that_is_not_there_says_so_and_leads_back(page: Opens, axe: Callable[[Page], None]):
    for scheme in ("light", "dark"):
        shown = page(Role.VIEWER, "/admin/nothing-of-that-name", scheme=scheme)
        assert shown.title() == "Nothing is here · Acme bridge"
        axe(shown)
    assert shown.get_by_role("link", name="To the overview").get_attribute("href") == "/admin/"


def test_whoever_signs_out_is_a_stranger(page: Opens):
    shown = page(Role.OPERATOR, "/admin/nothing")
    assert shown.get_by_role("link", name="Otto Example").get_attribute("href") == "/admin/account"
    assert shown.locator(".who .role").inner_text().split() == ["operator"]
    shown.get_by_role("button", name="Sign out").click()
    shown.goto("/admin/nothing")
    assert "/admin/sign-in" in shown.url


def test_a_configuration_with_mistakes_is_told_with_every_line(client: Callable[[Role], Client], house: House):
    text = house.past.config.read_text()
    house.past.config.write_text(text.replace("  threads: 8", "  threads: many"))
    answer = client(Role.ADMIN).get("/admin/settings")
    house.past.config.write_text(text)
    assert answer.status_code == 503
    assert "The configuration needs mending" in answer.text
    assert re.search(r"config\.yaml:\d+ web\.threads", answer.text)


@pytest.mark.parametrize(
    ("fault", "status", "words", "hint"),
    [
        (Transient("HubSpot does not answer"), 503, "HubSpot does not answer", "Try again in a minute."),
        (Unauthorised("INVALID_GRANT"), 503, "INVALID_GRANT", "An admin has to mend this first."),
        (RuntimeError("a secret <detail>"), 500, "Something broke", "the log says more under it"),
    ],
)
def test_a_fault_says_what_to_do_and_keeps_its_innards(  # noqa: PLR0917  # fixtures and a table
    client: Callable[[Role], Client],
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
    status: int,
    words: str,
    hint: str,
):
    def failing() -> None:
        raise fault

    monkeypatch.setattr(house.app.extensions["smarketing_door"].desk.office, "loaded", failing)
    answer = client(Role.ADMIN).get("/admin/settings")
    assert answer.status_code == status
    assert words in answer.text
    assert hint in answer.text
    assert "a secret" not in answer.text
    assert f"request {answer.headers['X-Request-Id']}" in answer.text


def test_while_its_name_cannot_be_read_the_bridge_is_called_by_its_makers(house: House):
    office = type("Office", (), {"loaded": lambda _: house_of_mistakes()})()
    named = frame._named(replace(house.app.extensions["smarketing_door"].desk, office=office))
    assert named() == ""


def house_of_mistakes() -> None:
    raise Misconfigured([Problem("config.yaml", 1, "bridge", "is wrong")])


def test_what_answers_for_itself_is_left_alone(house: House):
    there = redirect("/admin/people")
    with house.app.test_request_context("/admin/"):
        gone = HTTPException(response=there)
        assert frame._wrong(gone) is gone
        text, status = frame._wrong(MethodNotAllowed())
        assert (status, "That did not work" in text) == (405, True)


def test_our_own_words_are_shown_and_a_librarys_are_not(client: Callable[[Role], Client]):
    told = client(Role.VIEWER).get("/admin/settings")
    assert "this needs the role admin; you are viewer" in told.text
    assert "The requested URL was not found" not in client(Role.VIEWER).get("/admin/nowhere").text


def test_every_chart_has_its_numbers_for_those_who_do_not_see_it(house: House):
    with house.app.test_request_context("/admin/"):
        text = render_template_string(
            '{% import "macros.html" as ui %}{{ ui.line([("Mon", 3), ("Tue", 5)], "Worth", 4, "points") }}'
            "{{ ui.bars(rows, 'Reasons', 'people') }}{{ ui.meter(0.5, 'Kept', 0.9) }}{{ ui.spent(0.95, 'Calls') }}",
            rows=[charts.Bar("No need", 3, "/x", "bad", "most")],
        )
    assert "Mon: 3 points; Tue: 5 points; agreed: 4" in text
    assert re.search(r"<td>Tue</td><td class=\"num\">5</td>", text)
    assert 'aria-label="Kept: 50 %, at least 90 % was agreed"' in text
    assert '<span class="meter bad" role="img" aria-label="Calls: 95 %">' in text
    assert '<a href="/x">No need</a>' in text
    assert "style=" not in text


def test_a_field_says_what_is_wrong_to_those_who_do_not_see_it(house: House):
    with house.app.test_request_context("/admin/"):
        text = render_template_string(
            '{% import "macros.html" as ui %}{{ ui.field("name", "Name", hint="As they sign in", error="is taken") }}'
            '{{ ui.field("role", "Role", "select", "b", choices=[("a", "A"), ("b", "B")]) }}'
            '{{ ui.confirm("/x", "Do it", {"pick": [1, 2], "by": "<b>"}, "/back") }}'
        )
    assert 'aria-describedby="name-hint name-error" aria-invalid="true"' in text
    assert '<option value="b" selected>B</option>' in text
    assert text.count('name="pick"') == 2
    assert "&lt;b&gt;" in text
