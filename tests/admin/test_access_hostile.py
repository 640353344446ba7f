"""Whatever a stranger sends at the door is answered as a stranger's, and never breaks anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.admin.roles import Role
from connector.config.secrets import Surroundings
from connector.config.service import Web
from connector.storage import users
from tests.admin.door import Front, front

OIDC = {
    "issuer": "http://127.0.0.1:1", "client_id": "bridge", "client_secret": "env:OIDC_SECRET",
    "roles": {"viewer": ["everybody"]},
}  # fmt: skip
HEADER = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=120)
TEXT = st.text(max_size=80).map(lambda typed: typed.encode("utf-8", "replace").decode())
NAMES = st.sampled_from(["code", "state", "iss", "error", "error_description", "session_state", "next"])


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    web = Web.model_validate({"admin": {"oidc": OIDC}}, context=Surroundings({"OIDC_SECRET": "s" * 20}, Path()))
    with front(tmp_path_factory.mktemp("door"), web) as opened:
        opened.user("anna", Role.ADMIN)
        opened.accounts().add_token("nightly", Role.ADMIN, None)
        yield opened


@settings(deadline=None, max_examples=60)
@given(cookie=HEADER, authorization=HEADER, forwarded=HEADER)
def test_no_header_lets_anybody_in(at: Front, cookie: str, authorization: str, forwarded: str):
    client = at.app.test_client(use_cookies=False)
    sent = {
        "HTTP_COOKIE": f"smarketing_session={cookie}; smarketing_notes={cookie}",
        "HTTP_AUTHORIZATION": authorization,
        "HTTP_X_FORWARDED_FOR": forwarded,
    }
    assert client.get("/admin/account", environ_overrides=sent).status_code == 303
    assert client.get("/admin/sign-in", environ_overrides=sent).status_code == 200
    for prefix in ("", "Bearer ", "Bearer smk_"):
        bearing = {**sent, "HTTP_AUTHORIZATION": f"{prefix}{authorization}"}
        assert client.get("/api/v1/openapi.json", environ_overrides=bearing).status_code == 401


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(NAMES, TEXT), HEADER)
def test_no_way_back_that_nobody_was_sent_on_lets_anybody_in(at: Front, answered: dict[str, str], notes: str):
    client = at.app.test_client(use_cookies=False)
    address = f"/admin/oidc/back?{urlencode(answered)}"
    answer = client.get(address, environ_overrides={"HTTP_COOKIE": f"smarketing_notes={notes}"})
    assert answer.status_code == 401
    assert "Signing in did not work" in answer.text


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["/admin/users", "/admin/users/one", "/admin/tokens", "/admin/account", "/admin/sign-out"]),
    TEXT,
    HEADER,
)
def test_no_form_of_a_stranger_changes_anything(at: Front, path: str, token: str, cookie: str):
    client = at.app.test_client(use_cookies=False)
    form = {"csrf_token": token, "name": "anna", "act": "remove", "role": "admin"}
    sent = {"HTTP_COOKIE": f"smarketing_session={cookie}"}
    assert client.post(path, data=form, environ_overrides=sent).status_code == 400
    with at.database.read() as conn:
        assert [one.name for one in users.everyone(conn)] == ["anna"]
