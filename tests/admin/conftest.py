"""A house for each file of tests, people with every role at its door, and a real browser to look with.

`client(role)` is a signed-in Flask client; `page(role)` a signed-in page of Chromium, wide or narrow, light or dark;
`axe(page)` holds what it shows to the rules of accessibility. No browser is a failure, never a skipped test. Whatever a
page was refused by its own content security policy, and whatever its scripts threw, fails the test that opened it.
LOOKED may name a file that takes the names of the tests that looked with a browser; continuous integration asks for it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from connector.admin.roles import Role
from tests.admin.house import COOKIE, Client, House
from tests.admin.house import house as house_in

PATIENCE_MS = 15_000  # cores are shared
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
NO_BROWSER = (
    "these tests look with a browser: install Chromium (Debian: apt-get install chromium) or set CHROMIUM to it"
)


class Opens(Protocol):
    """Opens pages of a signed-in browser."""

    def __call__(
        self, role: Role | None, path: str = "/admin/", *, wide: int = 1280, scheme: str = "light"
    ) -> Page: ...


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_in(tmp_path_factory.mktemp("house")) as found:
        yield found


@pytest.fixture
def client(house: House) -> Callable[[Role | None], Client]:
    return house.client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium, wherever this machine has it; ends with the block, for its loop would be in the way of others."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail(NO_BROWSER)
    with sync_playwright() as playing:
        found = playing.chromium.launch(executable_path=path, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(house: House, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Opens]:
    complaints: list[str] = []
    contexts = []

    def opens(role: Role | None, path: str = "/admin/", *, wide: int = 1280, scheme: str = "light") -> Page:
        context = browser.new_context(
            base_url=house.url, color_scheme=scheme, viewport={"width": wide, "height": 900}, reduced_motion="reduce"
        )
        contexts.append(context)
        if role is not None:
            context.add_cookies([{"name": COOKIE, "value": house.sign_in(role), "url": house.url}])
        context.set_default_timeout(PATIENCE_MS)
        found = context.new_page()
        found.on("pageerror", lambda error: complaints.append(str(error)))
        found.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
        found.goto(path)
        return found

    yield opens
    if os.environ.get("LOOKED"):
        with Path(os.environ["LOOKED"]).open("a", encoding="utf-8") as names:
            names.write(f"{request.node.nodeid}\n")
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def axe() -> Callable[[Page], None]:
    def clean(page: Page) -> None:
        found = Axe().run(page).response["violations"]
        told = [
            f"{one['id']} ({one['impact']}): {one['help']}\n"
            + "\n".join(f"    {node['html']}" for node in one["nodes"][:5])
            for one in found
        ]
        assert not told, f"{page.url}\n" + "\n".join(told)

    return clean
