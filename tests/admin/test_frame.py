"""What all pages share: the way from one to another, who is asking, and pages for what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page

from connector.admin import charts, words
from connector.admin.roles import Role
from tests.admin.conftest import Opens

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
