"""Signing in, users, tokens and one's own account as people see them: in a real browser, wide and narrow."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from connector.admin.accounts import Accounts
from connector.admin.roles import Role
from connector.storage import users
from connector.storage.users import User
from tests.admin.conftest import Opens
from tests.admin.door import PASSWORD
from tests.admin.house import House

Check = Callable[[Page], None]


@pytest.fixture(scope="module", autouse=True)
def known(house: House) -> None:
    """Two people more: one with a password, one of the company's identity provider."""
    acts = Accounts(house.database, house.past.world.services.clock, "grace")
    acts.add("zoe", Role.ADMIN, PASSWORD)
    acts.add("Yann@acme.example", Role.VIEWER, PASSWORD)
    acts.add_token("nightly report", Role.VIEWER, 30)
    foreign = User("https://idp.example 8f3a", "Ada Lovelace", "viewer", "", active=True, added_at=house.past.now())
    with house.database.begin() as conn:
        users.add(conn, foreign)


def fits(page: Page) -> None:
    """Nothing is wider than the screen."""
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, page.url


def test_somebody_comes_in_by_the_form_and_goes_out_again(page: Opens, axe: Check):
    found = page(None, "/admin/account", wide=390, scheme="dark")
    expect(found.get_by_role("heading", name="Sign in")).to_be_visible()
    axe(found)
    fits(found)
    found.get_by_label("Name").fill("Zoe")
    found.get_by_label("Password").fill("not this one at all")
    found.get_by_role("button", name="Sign in").click()
    expect(found.get_by_role("alert")).to_contain_text("do not belong together")
    expect(found.get_by_label("Password")).to_be_focused()
    axe(found)
    found.get_by_label("Password").fill(PASSWORD)
    found.keyboard.press("Enter")
    expect(found).to_have_url(re.compile("/admin/account$"))
    expect(found.get_by_text("You are zoe, and may what an admin may.")).to_be_visible()
    axe(found)
    fits(found)
    found.get_by_role("button", name="Sign out", exact=True).click()
    expect(found).to_have_url(re.compile("/admin/sign-in$"))
    found.goto("/admin/account")
    expect(found).to_have_url(re.compile("/admin/sign-in"))


def test_an_admin_adds_somebody_and_gives_them_another_role(page: Opens, axe: Check):
    found = page(Role.ADMIN, "/admin/users")
    expect(found.get_by_role("row", name=re.compile("Ada Lovelace.*identity provider"))).to_be_visible()
    axe(found)
    found.get_by_label("Name to sign in with").fill("new@acme.example")
    found.get_by_role("button", name="Add, and show a password").click()
    expect(found.locator("#secret")).to_have_text(re.compile("^[a-z2-9]{5}(-[a-z2-9]{5}){3}$"))
    axe(found)
    found.get_by_role("link", name="I have copied it").click()
    found.get_by_role("link", name="new@acme.example").click()
    axe(found)
    found.get_by_label("May").select_option("operator")
    found.get_by_role("button", name="Change the role").click()
    expect(found.get_by_role("status")).to_contain_text("new@acme.example is operator now")
    found.get_by_role("link", name="Remove").click()
    axe(found)
    found.get_by_role("button", name="Remove them").click()
    expect(found.get_by_role("status")).to_contain_text("new@acme.example is removed")


def test_an_admin_makes_a_token_on_a_phone(page: Opens, axe: Check):
    found = page(Role.ADMIN, "/admin/tokens", wide=390, scheme="dark")
    axe(found)
    fits(found)
    found.get_by_label("What uses it").fill("phone")
    found.get_by_role("button", name="Make it, and show it").click()
    expect(found.locator("#secret")).to_have_text(re.compile(r"^smk_[\w-]{43}$"))
    axe(found)
    fits(found)
    found.get_by_role("link", name="I have copied it").click()
    found.get_by_role("button", name="Remove phone").click()
    expect(found.get_by_role("status")).to_contain_text("The token phone is refused from now on.")


@pytest.mark.parametrize(
    "path",
    ["/admin/users", "/admin/users/one?name=yann@acme.example", "/admin/users/one?name=https://idp.example%208f3a"],
)
def test_pages_about_users_fit_a_phone(page: Opens, axe: Check, path: str):
    found = page(Role.ADMIN, path, wide=390)
    axe(found)
    fits(found)


def test_a_viewer_finds_their_own_account_and_no_users(page: Opens, axe: Check):
    found = page(Role.VIEWER, "/admin/account")
    expect(found.get_by_role("link", name="Users")).to_have_count(0)
    axe(found)
    found.goto("/admin/users")
    expect(found.get_by_text("this needs the role admin; you are viewer")).to_be_visible()
