"""An admin edits a mapping in a browser: check, effect, save, and back; with and without scripts, wide and narrow."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy
from playwright.sync_api import Page, expect

from connector.admin.roles import Role

FILES = "/admin/mappings"


@pytest.fixture
def lifecycle(house) -> Iterator[str]:
    """The text of lifecycle.yaml; all files are put back afterwards, and their history begins anew."""
    folder = house.past.folder / "mappings"
    before = {path: path.read_bytes() for path in folder.iterdir()}
    yield (folder / "lifecycle.yaml").read_text()
    for path, text in before.items():
        path.write_bytes(text)
    with house.database.begin() as conn:
        conn.execute(sqlalchemy.text("DELETE FROM versions"))


def press(page: Page, do: str) -> None:
    page.locator(f"#draft button[value='{do}']").click()
    page.wait_for_load_state()


def save(page: Page, why: str) -> None:
    page.fill("#why", why)
    press(page, "save")
    expect(page.get_by_role("status")).to_contain_text("Saved as version")


def test_a_mistake_is_marked_in_its_line(lifecycle, page, axe):
    here = page(Role.ADMIN, FILES)
    axe(here)
    here.get_by_role("link", name="lifecycle.yaml").click()
    axe(here)
    text = here.locator("#text")
    expect(here.locator(".numbers")).to_contain_text(str(lifecycle.count("\n")))
    text.fill(lifecycle.replace("    team: marketing", "    teem: marketing", 1))
    press(here, "check")
    line = lifecycle[: lifecycle.index("      team: marketing")].count("\n") + 1
    expect(here.locator(".problems")).to_contain_text("teem")
    expect(here.locator(".numbers b").last).to_have_text(str(line))
    assert text.evaluate("one => one.scrollTop") > 0  # the mistake is in view
    here.get_by_role("link", name=f"Line {line}").first.click()
    assert "teem" in text.evaluate("one => one.value.slice(one.selectionStart, one.selectionEnd)")
    axe(here)


def test_from_an_edit_to_a_version_and_back(house, lifecycle, page, axe):
    path = house.past.folder / "mappings" / "lifecycle.yaml"
    edited = lifecycle.replace("hubspotscore >= 80", "hubspotscore >= 90")
    here = page(Role.ADMIN, f"{FILES}/files/lifecycle.yaml")
    here.fill("#text", edited)
    press(here, "check")
    expect(here.locator(".diff .new")).to_contain_text("hubspotscore >= 90")
    axe(here)
    press(here, "effect")
    expect(here.locator("#effect")).to_contain_text(re.compile(r"would have come to MQL, not \d+"))  # by itself
    expect(here.locator("#effect")).to_contain_text("hubspot.hubspotscore = 82")
    axe(here)
    here.get_by_role("link", name="Back to the draft, to save it").click()
    save(here, "fewer, and better ones")
    axe(here)
    assert path.read_text() == edited

    here.get_by_role("link", name="History").click()
    axe(here)
    here.locator("tbody tr").last.get_by_role("link").click()  # as it was found
    here.get_by_role("button", name="Go back to this version").click()
    save(here, "it was better before")
    assert path.read_text() == lifecycle


def test_tab_indents_and_escape_leads_out_of_the_text(lifecycle, page):
    here = page(Role.ADMIN, f"{FILES}/files/lifecycle.yaml")
    text = here.locator("#text")
    text.focus()
    here.keyboard.press("Control+Home")
    here.keyboard.press("Tab")
    assert text.input_value() == f"  {lifecycle}"
    here.keyboard.press("Escape")
    here.keyboard.press("Tab")
    assert here.evaluate("document.activeElement.value") == "check"


def test_what_was_typed_in_one_file_stays_when_another_is_opened(lifecycle, page):
    here = page(Role.ADMIN, f"{FILES}/files/lifecycle.yaml")
    here.fill("#text", f"# typed\n{lifecycle}")
    press(here, "open:sla.yaml")
    expect(here.get_by_role("heading", level=1)).to_have_text("sla.yaml")
    press(here, "open:lifecycle.yaml")
    assert here.locator("#text").input_value() == f"# typed\n{lifecycle}"


def test_who_is_no_admin_reads_and_has_nothing_to_press(lifecycle, page, axe):
    here = page(Role.OPERATOR, f"{FILES}/files/lifecycle.yaml", wide=390, scheme="dark")
    axe(here)
    expect(here.locator("main")).to_contain_text("An admin edits these files.")
    assert here.locator("main form").count() == 0
    assert here.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_a_phone_in_the_dark_it_is_whole(lifecycle, page, axe):
    here = page(Role.ADMIN, f"{FILES}/files/lifecycle.yaml", wide=390, scheme="dark")
    press(here, "check")
    axe(here)
    assert here.evaluate("document.documentElement.scrollWidth") <= 390
