"""Scripts at the API: by a token of their own; and browsers there, which need the token of a form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.admin import keys
from connector.admin.roles import Role
from connector.errors import Refused
from connector.storage import tokens
from tests.admin.door import NOON, Front, front, token_of

READ, ACT = "/api/v1/openapi.json", "/api/v1/issues/unpark"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Front]:
    with front(tmp_path) as opened:
        yield opened


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_lets_its_script_in_and_nothing_else_does(at: Front):
    made = at.accounts().add_token("nightly", Role.VIEWER, None)
    assert made.startswith("smk_")
    client = at.client()
    assert client.get(READ, headers=bearer(made)).status_code == 200
    assert client.get(READ, headers={"Authorization": f"bearer  {made}"}).status_code == 200
    for wrong in ("", "smk_", made[:-1], made + "x", made.upper(), "ä"):
        assert (
            client.get(READ, headers={"Authorization": f"Bearer {wrong}".encode().decode("latin-1")}).status_code == 401
        )
    assert client.get(READ, headers={"Authorization": f"Basic {made}"}).status_code == 401
    assert client.get(READ).headers["WWW-Authenticate"] == "Bearer"


def test_a_token_is_for_the_api_alone(at: Front):
    made = at.accounts().add_token("nightly", Role.ADMIN, None)
    assert at.client().get("/admin/users", headers=bearer(made)).status_code == 303


def test_a_token_may_what_its_role_may(at: Front):
    viewer = at.accounts().add_token("looks", Role.VIEWER, None)
    answer = at.client().post(ACT, headers=bearer(viewer), json={})
    assert answer.status_code == 403
    assert "this needs the role operator" in answer.json["detail"]


def test_a_token_ends_when_it_was_said_to_and_when_it_is_removed(at: Front):
    client, acts = at.client(), at.accounts()
    ending, removed = acts.add_token("ending", Role.VIEWER, 30), acts.add_token("removed", Role.VIEWER, None)
    acts.remove_token("removed")
    assert client.get(READ, headers=bearer(removed)).status_code == 401
    at.watch.on(days=30, seconds=-1)
    assert client.get(READ, headers=bearer(ending)).status_code == 200
    at.watch.on(seconds=1)
    assert client.get(READ, headers=bearer(ending)).status_code == 401


def test_when_a_token_was_used_is_written_once_a_minute(at: Front):
    made = at.accounts().add_token("nightly", Role.VIEWER, None)
    client = at.client()
    for seconds in (0, 59, 1):
        at.watch.on(seconds=seconds)
        client.get(READ, headers=bearer(made))
        with at.database.read() as conn:
            kept = tokens.get(conn, keys.digest(made))
        assert kept
        assert (kept.seen_at - NOON).total_seconds() == (60 if seconds == 1 else 0)


def test_the_store_keeps_no_token_and_the_audit_names_none(at: Front):
    made = at.accounts().add_token("nightly", Role.OPERATOR, 7)
    at.accounts().remove_token("nightly")
    assert at.acts() == [
        {"act": "token add", "by": "grace", "token": "nightly", "role": "operator"},
        {"act": "token remove", "by": "grace", "token": "nightly"},
    ]
    store = at.database.file
    assert store
    for path in (store, store.with_name(f"{store.name}-wal")):
        assert made.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    ("name", "days"), [("", None), (" ", None), ("a/b", None), ("x" * 65, None), ("x", 0), ("x", 3651)]
)
def test_a_token_that_cannot_be_used_is_not_made(at: Front, name: str, days: int | None):
    with pytest.raises(Refused):
        at.accounts().add_token(name, Role.VIEWER, days)
    assert at.acts() == []


def test_two_tokens_have_two_names(at: Front):
    at.accounts().add_token("nightly", Role.VIEWER, None)
    with pytest.raises(Refused, match="there is a token nightly already"):
        at.accounts().add_token("nightly", Role.ADMIN, None)
    with pytest.raises(Refused, match="there is no token daily"):
        at.accounts().remove_token("daily")


def test_a_browser_that_changes_something_at_the_api_needs_the_token_of_a_form(at: Front):
    at.user("ada")
    client = at.signed_in("ada")
    assert client.get(READ).status_code == 200
    refused = client.post(ACT, json={})
    assert refused.status_code == 400
    assert refused.content_type == "application/problem+json"
    token = token_of(client, "/admin/account")
    assert client.post(ACT, json={}, headers={"X-CSRF-Token": token}).status_code == 403, "she may not, but is heard"


def test_a_request_with_a_cookie_is_no_scripts_whatever_token_it_brings(at: Front):
    """A page of another site could send both, had it learned a token; a script sends no cookie."""
    at.user("ada")
    made = at.accounts().add_token("nightly", Role.VIEWER, None)
    client = at.signed_in("ada")
    assert client.post(ACT, json={}, headers=bearer(made)).status_code == 400
    client.delete_cookie("smarketing_session")
    assert client.post(ACT, json={}, headers=bearer(made)).status_code == 403
