"""The definition: what both teams agreed on, on one page that a marketer and a rep can read, and print."""

from __future__ import annotations

import re

from connector.admin.roles import Role


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_everybody_who_may_look_reads_the_whole_agreement(client):
    answer = client(Role.VIEWER).get("/admin/definition")
    page = words(answer.text)
    assert "HubSpot hubspotscore is at least 80, and HubSpot email is filled in" in page
    assert "hubspot.hubspotscore &gt;= 80" in page  # exactly so
    assert "4 working hours" in page
    assert "Monday to Friday 09:00 to 17:00" in page
    assert "comes back to Lead after 30 days, 3 times at most" in page
    assert "handed to sales here" in page
    assert "Accept rate" in page


def test_a_stranger_is_sent_to_sign_in(client):
    assert "sign-in" in client(None).get("/admin/definition").headers["Location"]


def test_nothing_on_the_page_asks_for_what_its_policy_forbids(client):
    answer = client(Role.VIEWER).get("/admin/definition")
    assert "<style" not in answer.text
    assert "style=" not in answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    sheet = client(Role.VIEWER).get("/admin/definition/diagram.css")
    assert sheet.mimetype == "text/css"
    assert ".diagram .box{" in sheet.text


def test_it_is_readable_wide_and_narrow_light_and_dark(page, axe):
    wide = page(Role.VIEWER, "/admin/definition")
    axe(wide)
    assert wide.locator(".diagram rect.box").count() == 10
    assert wide.locator(".diagram rect.box").first.evaluate("one => getComputedStyle(one).fill") == "rgb(255, 255, 255)"
    wide.get_by_text("Where from here, and who may").first.click()
    assert wide.locator(".moves").first.is_visible()
    narrow = page(Role.VIEWER, "/admin/definition", wide=390, scheme="dark")
    axe(narrow)
    assert narrow.locator(".diagram rect.box").first.evaluate("one => getComputedStyle(one).fill") == "rgb(35, 44, 56)"
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390


def test_printed_it_is_whole_and_without_the_way_around(page):
    printed = page(Role.VIEWER, "/admin/definition")
    printed.emulate_media(media="print")
    assert printed.locator("nav.ways").is_hidden()
    assert printed.locator(".moves").first.is_visible()  # though nobody has opened it
