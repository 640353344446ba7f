"""Pictures of the pages, as docs/admin.md shows them: light and dark, wide and on a phone.

The house is the tests' own (`tests.admin.house`), whose time stands still and whose people are invented, so a picture
changes when its page does. Each stays below 200 kB, for pictures live in the repository for ever.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from connector.admin.roles import Role
from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.engine import commands
from connector.storage import issues
from tests.admin.conftest import chromium
from tests.admin.house import COOKIE, House, house

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
BYTES_MAX = 200 * 1024
WIDE, PHONE = (1280, 860), (390, 844)


@dataclass(frozen=True)
class Picture:
    """One picture. go: what is done on the page before it is taken; path may name somebody of the house's story."""

    name: str
    path: str | Callable[[House], str]
    size: tuple[int, int] = WIDE
    scheme: str = "light"
    go: Callable[[Page], object] = lambda _: None
    role: Role | None = Role.ADMIN


def _record(found: House) -> str:
    return f"/admin/people/{found.contact('Nadia Brandt')}"


PICTURES_OF = (
    Picture("sign-in", "/admin/sign-in", PHONE, role=None),
    Picture("overview", "/admin/"),
    Picture("overview-dark", "/admin/", scheme="dark"),
    Picture("overview-phone", "/admin/", PHONE),
    Picture("queue", "/admin/queue"),
    Picture("people", "/admin/people"),
    Picture("record", _record),
    Picture("record-phone", _record, PHONE, "dark"),
    Picture("sla", "/admin/sla", scheme="dark"),
    Picture("feedback", "/admin/feedback"),
    Picture("definition", "/admin/definition"),
    Picture("mappings", "/admin/mappings/files/lifecycle.yaml", scheme="dark"),
    Picture("runs", "/admin/runs"),
    Picture("settings", "/admin/settings"),
    Picture("users", "/admin/users"),
    Picture("audit", "/admin/audit"),
)


def _act(found: House) -> None:
    """A morning of people at the pages, so that the audit has something to tell."""
    bridge = found.app.extensions["smarketing_door"].desk.office.bridge()
    nadia, tomas, hugo = (found.contact(name) for name in ("Nadia Brandt", "Tomas Lind", "Hugo Blanc"))
    with found.database.read() as conn:
        conflict = issues.open_issues(conn, [IssueKind.CONFLICT], [nadia])[0]
        refused = issues.open_issues(conn, [IssueKind.PARKED], limit=3)
    commands.settle(bridge, conflict.id, Side.HUBSPOT, "otto (web)")
    found.past.world.services.clock.advance(240)
    commands.unpark(bridge, [one.id for one in refused], "otto (web)")
    found.past.world.services.clock.advance(600)
    commands.name_persona(bridge, hugo, "executive", "otto (web)")
    commands.resync(bridge, [tomas], "anna (web)")
    found.past.world.services.clock.advance(60)


def main(names: list[str]) -> None:
    """Take them all, or those that are named."""
    wanted = [one for one in PICTURES_OF if not names or one.name in names]
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, house(Path(folder)) as found, chromium() as browser:
        for one in wanted:
            if one.name == "audit":  # the last one: time goes on for it
                _act(found)
            _take(one, found, browser)


def _take(one: Picture, found: House, browser: Browser) -> None:
    size = {"width": one.size[0], "height": one.size[1]}
    context = browser.new_context(base_url=found.url, color_scheme=one.scheme, viewport=size)
    if one.role is not None:
        context.add_cookies([{"name": COOKIE, "value": found.sign_in(one.role), "url": found.url}])
    page = context.new_page()
    answer = page.goto(one.path if isinstance(one.path, str) else one.path(found))
    if answer is None or not answer.ok:
        raise SystemExit(f"{one.name}: {page.url} answered {answer and answer.status}")
    one.go(page)
    path = PICTURES / f"{one.name}.png"
    page.screenshot(path=path)
    context.close()
    print(f"{path.name}: {path.stat().st_size // 1024} kB")
    if path.stat().st_size > BYTES_MAX:
        raise SystemExit(f"{path.name} is larger than {BYTES_MAX // 1024} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
