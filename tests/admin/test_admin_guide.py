"""docs/admin.md tells of every page there is, of none that is not, and shows only pictures that are there and small."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.admin.frame import PLACES
from connector.admin.roles import Role
from tests.admin.house import Client, House

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "admin.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^## (.+)$", GUIDE, re.MULTILINE)
ADDRESSES = sorted(set(re.findall(r"`(/admin/[a-z/-]*)`", GUIDE)))
PICTURES = re.findall(r"!\[[^]]+\]\(pictures/([a-z-]+\.png)\)", GUIDE)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_that_is_told_is_a_page(client: Callable[[Role | None], Client], address: str):
    asks = client(None if address == "/admin/sign-in" else Role.ADMIN)
    assert asks.get(address).status_code == 200


def test_every_page_has_a_section_with_its_address():
    for place in PLACES:
        assert place.shown in HEADINGS
        assert f"/admin/{place.path}" in ADDRESSES
        section = GUIDE.split(f"## {place.shown}\n")[1].split("\n## ")[0]
        assert section.startswith(f"\n`/admin/{place.path}`")
        assert ("for admins" in section.split(".")[0]) is (place.role is Role.ADMIN)


def test_every_blueprint_is_in_the_navigation_or_told_beside_it(house: House):
    known = {name.removeprefix("admin.") for name in house.app.blueprints if name.startswith("admin.")}
    assert known - {place.name for place in PLACES} == {"entry", "account"}
    assert {place.name for place in PLACES} <= known


def test_pictures_are_there_small_and_shown():
    there = {path.name: path.stat().st_size for path in (DOCS / "pictures").iterdir()}
    assert there.keys() == set(PICTURES)
    assert not {name: size for name, size in there.items() if size > 200 * 1024}


def test_roles_see_what_they_may_open(client: Callable[[Role], Client]):
    for place in PLACES:
        for role in Role:
            answer = client(role).get(f"/admin/{place.path}")
            assert answer.status_code == (200 if role >= place.role else 403), (place, role)
