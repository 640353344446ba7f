"""Where one goes after signing in: to pages of ours, whatever the address says."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.admin.onward import HOME, checked

OURS = "https://bridge.acme.example"
_HOSTILE = st.text(alphabet="/\\.:@?#%&=;\t\r\n ademinhtpsjvrc25ef0", max_size=60)


@pytest.mark.parametrize(
    "wanted",
    [
        "/admin/",
        "/admin/people?words=ada%20l&stage=mql",
        "/admin/people/hubspot:contacts:33451",
        "/admin/runs/17?after=5&limit=50",
        "/admin/users/one?name=https://idp.example%20ada",
    ],
)
def test_own_pages_are_gone_to(wanted: str):
    assert checked(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "https://evil.example/",
        "//evil.example/admin/",
        "/\\evil.example",
        "\\\\evil.example",
        "/admin\\@evil.example",
        "/admin/../..//evil.example",
        "/admin/%2e%2e/health",
        "/admin/./x",
        "/admin//evil.example",
        "/administrator",
        "/admin@evil.example",
        "/webhooks/hubspot",
        "javascript:alert(1)",
        "/admin/\r\nSet-Cookie: a=b",
        "/admin/\tx",
        "/admin/x#y",
        " /admin/",
        "/admin/" + "a" * 1000,
        "/admin/ä",
    ],
)
def test_anything_else_leads_home(wanted: str):
    assert checked(wanted) == HOME


@given(st.one_of(st.text(max_size=80), _HOSTILE, _HOSTILE.map(lambda rest: f"/admin{rest}")))
@example("/admin/..")
def test_whatever_is_wanted_a_browser_stays_with_us(wanted: str):
    """As a browser reads an address: backslashes are slashes, tabs and line ends are not there, dots climb."""
    there = checked(wanted).replace("\\", "/").translate({9: None, 10: None, 13: None}).strip()
    parts = urlsplit(urljoin(f"{OURS}/admin/sign-in", there))
    assert f"{parts.scheme}://{parts.netloc}" == OURS
    assert parts.path == "/admin" or parts.path.startswith("/admin/")
