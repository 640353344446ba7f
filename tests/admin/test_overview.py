"""The overview: one sentence when all is well, what is wrong and what waits when not, and how both teams are doing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from connector.admin.overview import summed
from connector.admin.roles import Role
from connector.core.plan import IssueKind
from connector.reports.shelf import Answers
from connector.storage import issues, pulses
from tests.admin.conftest import Opens
from tests.admin.house import Client, House


def test_the_overview_tells_what_is_wrong_and_what_waits(page: Opens, axe: Callable[[Page], None], house: House):
    shown = page(Role.VIEWER)
    verdict = shown.get_by_role("region", name="How the bridge is")
    assert verdict.get_by_role("heading").inner_text() == "1 thing is not as it should be"
    assert verdict.get_by_role("listitem").inner_text().startswith("A run is held:")
    assert verdict.get_by_role("link", name="Look").get_attribute("href") == "/admin/queue"
    needs = shown.get_by_role("region", name="What needs a person now")
    with house.database.read() as conn:
        counted = issues.counts(conn)
    told = dict(zip(needs.locator("dt").all_inner_texts(), needs.locator("dd").all_inner_texts(), strict=True))
    assert told["Conflicts"] == str(counted[IssueKind.CONFLICT])
    assert told["Refused values"] == str(counted[IssueKind.PARKED])
    assert int(told["Promises past their time"]) >= 1
    assert needs.get_by_role("link", name="Conflicts").get_attribute("href") == "/admin/queue?kind=conflict"
    axe(shown)


@pytest.mark.parametrize(("scheme", "wide"), [("light", 390), ("dark", 1280), ("dark", 390)])
def test_it_fits_every_screen_and_every_eye(page: Opens, axe: Callable[[Page], None], scheme: str, wide: int):
    shown = page(Role.OPERATOR, scheme=scheme, wide=wide)
    assert shown.evaluate("document.documentElement.scrollWidth") <= wide
    axe(shown)


def test_both_teams_read_how_they_are_doing(page: Opens):
    shown = page(Role.VIEWER)
    funnel = shown.get_by_role("region", name="The funnel")
    bands = funnel.locator("th[scope=rowgroup]").all_inner_texts()
    assert bands == [
        "Top of the funnel",
        "Middle of the funnel",
        "Bottom of the funnel",
        "After the sale",
        "Beside the path",
    ]
    mql = funnel.get_by_role("row").filter(has=shown.get_by_role("rowheader", name="MQL", exact=True))
    came, further = (text.split() for text in mql.locator("td.num").all_inner_texts()[1:])
    assert came == ["14"], "as many as asked for a demo in these two weeks"
    assert int(further[0]) == 3, "as many as sales accepted"
    answers = shown.get_by_role("region", name="What sales answers")
    figures = answers.locator("dd").all_inner_texts()
    assert figures[1:3] == ["14", "3"]
    assert "No need" in answers.inner_text()
    objectives = shown.get_by_role("region", name="Objectives")
    assert "1,400 of 4,000 EUR" in objectives.inner_text()
    assert shown.get_by_role("region", name="API calls today").get_by_text("of at most 20,000").is_visible()


def test_the_window_is_chosen_and_nonsense_means_the_usual_one(page: Opens, client: Callable[[Role], Client]):
    shown = page(Role.VIEWER)
    shown.get_by_role("link", name="7 days").click()
    assert shown.url.endswith("?days=7")
    assert shown.get_by_role("link", name="7 days").get_attribute("aria-current") == "true"
    for nonsense in ("5", "x", "-1", ""):
        assert "Numbers of the last 30 days" in client(Role.VIEWER).get(f"/admin/?days={nonsense}").text


def test_the_menu_leads_to_what_the_role_may_open(page: Opens):
    shown = page(Role.VIEWER, wide=390)
    assert not shown.get_by_role("link", name="Queue", exact=True).is_visible()
    shown.get_by_text("Menu", exact=True).click()
    menu = shown.get_by_role("navigation", name="Pages, small screen")
    assert menu.get_by_role("link", name="Users").count() == 0
    menu.get_by_role("link", name="Queue").click()
    assert shown.url.endswith("/admin/queue")
    wide = page(Role.ADMIN)
    assert wide.get_by_role("navigation", name="Pages").get_by_role("link", name="Settings").is_visible()
    assert wide.locator("nav.ways [aria-current=page]").all_inner_texts() == ["Overview"]


def test_the_keyboard_skips_to_the_content(page: Opens):
    shown = page(Role.VIEWER)
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.textContent") == "Skip to the content"
    shown.keyboard.press("Enter")
    assert shown.evaluate("document.activeElement.id") == "main"


@pytest.fixture
def mended(house: House) -> Iterator[House]:
    """The house once somebody has looked at everything; as it was, afterwards."""
    with house.database.read() as conn:
        found = issues.open_issues(conn, limit=1000)
    with house.database.begin() as conn:
        issues.close(conn, [one.id for one in found], house.past.now(), "settled for a test")
    yield house
    with house.database.begin() as conn:
        issues.raise_issues(conn, [one.issue for one in found], house.past.now(), None)


def test_one_sentence_says_that_all_is_well(client: Callable[[Role], Client], mended: House):
    text = client(Role.VIEWER).get("/admin/").text
    assert "<h2>All is well</h2>" in text
    assert "not as" not in text
    with mended.database.begin() as conn:
        (worker,) = (one for one in pulses.alive(conn, mended.past.now(), timedelta(minutes=1)) if one.kind == "run")
        pulses.gone(conn, worker.name)
    text = client(Role.VIEWER).get("/admin/").text
    assert "No worker is running, so nothing is synced." in text
    with mended.database.begin() as conn:
        pulses.beat(conn, worker, mended.past.now())


def test_answers_of_all_sources_add_up(house: House):
    definition = house.app.extensions["smarketing_door"].desk.office.bridge().agreement.definition
    one = Answers("paid", 5, 1, 2, 1, 0, 0, 1, 2, 1, 1, (("reject", "no_need", 1),))
    other = Answers("", 3, 0, 1, 1, 1, 0, 0, 1, 1, 0, (("reject", "no_need", 1), ("", "", 1)))
    found = summed([one, other], definition)
    assert (found.handed, found.waiting, found.accepted, found.given_back) == (8, 1, 3, 3)
    assert found.rate == pytest.approx(3 / 6)
    assert [(bar.label, bar.value) for bar in found.reasons] == [("No need", 2), ("no reason given", 1)]
    assert summed([], definition).rate is None


def test_a_stranger_is_sent_to_sign_in(client: Callable[[Role | None], Client]):
    answer = client(None).get("/admin/")
    assert (answer.status_code, answer.location) == (303, "/admin/sign-in")
